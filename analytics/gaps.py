"""Where does harm happen that no camera sees, how sure are we, and which places can be told apart?

A few incidents in a short street say little about the street: chance alone makes some places look
worst. So counts are steadied by empirical Bayes, each place borrowing from all the others the more
the less its own count says, and each gap carries an interval and the ranks that it may hold.

What is assumed, and therefore what a reader must not forget:

- Places differ by their exposure, by a factor of their own that all classes share, and by a factor for
  each class, drawn from gamma distributions that are the same everywhere. Where a place lies, and what
  its neighbours are like, is not used.
- Location error enters by its mean and variance alone. An incident that may lie at either of two places
  is for the caller to divide between them; that the two errors then mirror each other is ignored. Where
  all that is known of an incident is its place, p is the same for all there, the number in view tells of
  the number unseen too, and intervals are wider than they need be.
- A class of which nothing was unseen anywhere adds nothing to any gap, and no uncertainty. Where most of
  the harm weighs on classes with only a handful of incidents in the whole city, intervals are too narrow.
- A gap is the number expected over the period that was counted. It is no forecast, and claims no cause.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import special

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

#: The fit ends when nothing moves by more than this share of itself: far below its own error.
TOLERANCE = 1e-7
MAX_STEPS = 100
#: A place's shared factor and the weights of its classes depend on each other; this often they take turns.
FACTOR_STEPS = 3
#: Gamma quantiles are worked out at this many shapes, and in a straight line between.
SHAPES = 1000


@dataclass(frozen=True)
class Prior:
    """How rates vary from place to place; every array is (n_classes,).

    The rate of a class at a place is mean * (the place's factor) * (the place's factor for that class).
    Both factors are gamma distributed around 1, with variances `shared` and `dispersion`. In the usual
    terms, a class has shape a = 1 / dispersion and inverse scale b = a / mean; at 0, nothing varies.
    """

    mean: Floats  # incidents per unit of exposure
    dispersion: Floats  # squared coefficient of variation of each class's own factor
    shared: float  # squared coefficient of variation of the factor that all classes share
    mean_variance: Floats  # how uncertain the mean is
    dispersion_variance: Floats  # how uncertain the dispersion is


def gaps(
    unseen: ArrayLike,
    doubt: ArrayLike,
    exposure: ArrayLike,
    weights: ArrayLike,
    *,
    confidence: float = 0.95,
    prior: Prior | None = None,
) -> pd.DataFrame:
    """The harm that nothing saw at each place, steadied, with its interval and the ranks it may hold.

    unseen (n_places, n_classes): the expected number of unseen incidents of each class, the sum of 1 - p
        over the incidents, p being the chance that the incident was in view. Fractions are expected.
    doubt (n_places, n_classes): the variance of that number, the sum of p * (1 - p).
    exposure (n_places,): what a place counts for, such as years times kilometres of street.
    weights (n_classes,): the harm of one incident of each class (days of a sentencing table), or 1.
    prior: how rates vary from place to place, when it is to be held, as between two sets of cameras
        that are compared. Otherwise `fit` finds it from these places.

    A row a place, in the order given: `observed`, the weighted sum of `unseen`; `gap`, its posterior
    mean; `low` and `high`, its interval; `incidents`, the sum of `unseen` without weights; `rank_low`
    and `rank_high`, the ranks that the place may hold, 1 being the largest gap: with `confidence`, the
    ranks of all places lie between theirs at once. The gaps of all places add up to what was observed,
    exactly for one class and closely for several, unless the prior was given. A place with exposure 0
    is kept, without gap, interval and ranks.

    With U incidents truly unseen, a place's rate has mean (a + U) / (b + exposure) and variance
    (a + U) / (b + exposure) ** 2 (Clayton & Kaldor 1987, Biometrics 43, 671). Of U we know the mean and
    the variance, so by the law of total variance the rate's is (a + unseen + doubt) / (b + exposure) ** 2.
    To it comes, to first order, what the place's shared factor and the prior's own error add (Kass &
    Steffey 1989, Journal of the American Statistical Association 84, 717): without the latter, a few
    dozen places would look far surer than they are. Harm is the sum over classes, taken to be gamma
    distributed with the sum's mean and variance (Satterthwaite 1946, Biometrics Bulletin 2, 110).
    Ranks come from intervals that hold together (see `ranks`).

    >>> table = gaps([[9.0], [1.0], [0.5], [0.0]], [[0.0], [0.0], [0.25], [0.0]], [1, 1, 1, 0], [2])
    >>> table[["observed", "gap", "low", "high", "rank_low", "rank_high"]].round(1)
       observed   gap  low  high  rank_low  rank_high
    0      18.0  16.3  6.4  30.8         1          3
    1       2.0   2.8  0.1   9.6         1          3
    2       1.0   1.9  0.0   9.1         1          3
    3       0.0   NaN  NaN   NaN      <NA>       <NA>

    Raises ValueError where shapes don't fit together, or a number is missing or below 0.
    """
    unseen, doubt, exposure, weights = _checked(unseen, doubt, exposure, weights)
    if not 0 < confidence < 1:
        raise ValueError("A confidence lies between 0 and 1, such as 0.95.")
    there = np.flatnonzero(exposure > 0)
    counts, doubts = _by_class(unseen[there]), _by_class(doubt[there])
    if prior is None:
        prior = _fit(counts, doubts, exposure[there])
    mean, variance = _harm(counts, doubts, exposure[there], weights, prior)
    low, high = _interval(mean, variance, confidence)
    rank_low, rank_high = ranks(*_interval(mean, variance, joint_confidence(confidence, len(there))))
    places = pd.RangeIndex(len(exposure))
    counted = pd.DataFrame({"observed": np.einsum("ij,j", unseen, weights), "incidents": unseen.sum(axis=1)})
    steadied = pd.DataFrame({"gap": mean, "low": low, "high": high}, index=there)
    ranked = pd.DataFrame({"rank_low": rank_low, "rank_high": rank_high}, index=there, dtype="Int64")
    table = pd.concat([counted, steadied.reindex(places), ranked.reindex(places)], axis=1)
    return table[["observed", "gap", "low", "high", "incidents", "rank_low", "rank_high"]]


def no_borrowing(classes: int) -> Prior:
    """The prior of places that are too few to learn from each other: each speaks for itself alone.

    The gap is then what was observed, and its interval that of a count. From a handful of places nobody can
    tell how places vary, and an interval that says so would say nothing else.

    >>> gaps([[9.0], [1.0]], [[0.0], [0.0]], [1, 1], [2], prior=no_borrowing(1))[["gap", "low", "high"]].round(1)
        gap  low  high
    0  18.0  8.2  31.5
    1   2.0  0.1   7.4
    """
    nothing = np.zeros(classes)
    return Prior(np.ones(classes), np.full(classes, 1e12), 0.0, nothing, nothing)


def ranks(low: ArrayLike, high: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The best and the worst rank that each place may hold, 1 being the largest, from joint intervals.

    Above a place stand for certain those whose interval lies wholly above its own, below it those whose
    interval lies wholly below; two whose intervals overlap or touch are not ranked apart. If all
    intervals hold at once with some confidence, so do all ranks (Klein, Wright & Wieczorek 2020,
    Journal of the Royal Statistical Society C 69, 589). See `joint_confidence`.

    low, high (n_places,) -> rank_low, rank_high (n_places,).

    >>> rank_low, rank_high = ranks([5, 1, 2], [9, 3, 4])
    >>> rank_low.tolist(), rank_high.tolist()
    ([1, 2, 2], [1, 3, 3])

    Raises ValueError where an end is missing or the wrong way round.
    """
    low, high = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    if low.shape != high.shape or low.ndim != 1 or not (low <= high).all():
        raise ValueError("Ranks need a low and a high end for each place, none missing, and low <= high.")
    above = len(low) - np.searchsorted(np.sort(low), high, side="right")
    below = np.searchsorted(np.sort(high), low, side="left")
    return 1 + above, len(low) - below


def joint_confidence(confidence: float, n: int) -> float:
    """The confidence that each of n intervals needs for all to hold at once (Šidák 1967, JASA 62, 626).

    Klein, Wright & Wieczorek 2020 need a factor of "around 3.081" for 51 states together at 90 %:

    >>> from statistics import NormalDist
    >>> round(NormalDist().inv_cdf((1 + joint_confidence(0.90, 51)) / 2), 3)
    3.081
    """
    return float(confidence ** (1 / max(n, 1)))


def fit(unseen: ArrayLike, doubt: ArrayLike, exposure: ArrayLike) -> Prior:
    """How rates vary from place to place, from counts at places with exposure above 0.

    unseen, doubt (n_places, n_classes) and exposure (n_places,) as in `gaps`.

    By moments and not by maximum likelihood, because the counts are expected ones. They scatter less
    than the true counts by just the doubt, which moments can add back, while a likelihood of fractions
    would take places for more alike than they are. With u unseen, e exposure, m mean, d dispersion and
    w = 1 / (1 + d * m * e), the mean and the dispersion of a class solve

        sum(w * (u - m * e)) = 0
        sum(w ** 2 * ((u - m * e) ** 2 + doubt - u - d * (m * e) ** 2)) = 0

    The first is the quasi-likelihood equation of Clayton & Kaldor (1987); the second at d = 0 is the
    score of the negative binomial. Both hold in expectation, fractions or not, if p is calibrated.

    A class with a handful of incidents can't tell how places differ in it. So a dispersion common to all
    classes is found first, and each class leaves it as far as its own counts are sure (the credibility
    of Bühlmann 1967, ASTIN Bulletin 4, 199). Classes are taken to vary about the common dispersion with
    a standard deviation of its own size, as an exponential distribution has it.

    What classes share at a place shows in the products of their residuals, in which chance and doubt
    cancel out. It matters: without it, in a simulated city of 3,000 places that were bad for all
    classes at once, two thirds of the intervals missed.

    Raises ValueError where shapes don't fit together, a number is missing or below 0, or an exposure is 0.
    """
    classes = np.ones(np.shape(unseen)[-1:])
    unseen, doubt, exposure, _ = _checked(unseen, doubt, exposure, classes)
    if not (exposure > 0).all():
        raise ValueError("Leave out the places with exposure 0: they say nothing about rates.")
    return _fit(_by_class(unseen), _by_class(doubt), exposure)


def _fit(counts: Floats, doubts: Floats, exposure: Floats) -> Prior:
    mean, common = _common(counts, doubts, exposure)
    excess, unit, noise = _spread(counts, doubts, exposure, mean, common)
    information = _ratio(unit**2, noise)
    trust = common**2 * information / (1 + common**2 * information)
    total = np.maximum(0, trust * _ratio(excess, unit) + (1 - trust) * common)
    common_variance = _ratio(noise.sum(), unit.sum() ** 2)
    total_variance = (1 - trust) * common**2 + (1 - trust) ** 2 * common_variance
    mean, mean_variance = _means(counts, exposure, mean, total)
    # Classes can't share more than there is; so where chance explains all, nothing is shared either.
    shared = min(common, _shared(counts, exposure, mean, total))
    prior = Prior(mean, np.maximum(0, (total - shared) / (1 + shared)), shared, mean_variance, total_variance)
    factor, _ = _factors(counts, doubts, exposure, prior)
    mean, _ = _means(counts, exposure * factor, mean, prior.dispersion)  # so that the gaps add up
    return replace(prior, mean=mean)


def _common(counts: Floats, doubts: Floats, exposure: Floats) -> tuple[Floats, float]:
    """Each class's mean rate, and the one dispersion that suits all classes together best."""
    mean, common = _ratio(counts.sum(axis=1), exposure.sum()), 0.0
    for _ in range(MAX_STEPS):
        last_mean, last_common = mean, common
        excess, unit, _ = _spread(counts, doubts, exposure, mean, common)
        common = max(0.0, float(_ratio(excess.sum(), unit.sum())))
        mean, _ = _step(counts, exposure, mean, np.full(len(counts), common))
        if _settled(common, last_common) and _settled(mean, last_mean):
            break
    return mean, common


def _means(counts: Floats, exposure: Floats, mean: Floats, dispersion: Floats) -> tuple[Floats, Floats]:
    """Each class's mean rate with its dispersion held, and the variance of that mean."""
    for _ in range(MAX_STEPS):
        last = mean
        mean, variance = _step(counts, exposure, mean, dispersion)
        if _settled(mean, last):
            break
    return mean, variance


def _step(counts: Floats, exposure: Floats, mean: Floats, dispersion: Floats) -> tuple[Floats, Floats]:
    """One step towards each class's mean rate, and the variance of that mean."""
    sums = np.empty((2, len(counts)))
    for row, count in enumerate(counts):
        weight = 1 / (1 + dispersion[row] * mean[row] * exposure)
        sums[:, row] = _dot(count, weight), _dot(exposure, weight)
    told, ground = sums
    return _ratio(told, ground), _ratio(told, ground**2)


def _spread(
    counts: Floats, doubts: Floats, exposure: Floats, mean: Floats, dispersion: float
) -> tuple[Floats, Floats, Floats]:
    """Each class's scatter beyond chance, what it would be at a dispersion of 1, and the former's variance.

    The variance is that of (u - expected) ** 2 - u, u being a negative binomial count, from its moments.
    """
    sums = np.empty((3, len(counts)))
    for row, (count, doubt) in enumerate(zip(counts, doubts, strict=True)):
        expected = mean[row] * exposure
        weight = 1 / (1 + dispersion * expected)
        square = (weight * expected) ** 2
        scatter = _unfitted(exposure) * (count - expected) ** 2 + doubt - count
        noise = (2 + 6 * dispersion) * square.sum() - 4 * dispersion * _dot(square, weight)
        sums[:, row] = _dot(weight**2, scatter), square.sum(), noise
    excess, unit, variance = sums
    return excess, unit, variance


def _shared(counts: Floats, exposure: Floats, mean: Floats, dispersion: Floats) -> float:
    """The dispersion that classes share: how far their residuals go together."""
    told, ground = np.zeros((2, len(exposure))), np.zeros((2, len(exposure)))
    for row, count in enumerate(counts):
        expected = mean[row] * exposure
        weight = 1 / (1 + dispersion[row] * expected)
        residual, weighed = weight * (count - expected), weight * expected
        told += residual, residual**2
        ground += weighed, weighed**2
    # All products of two classes are the square of the sum, less each class with itself.
    products = (told[0] ** 2 - told[1]).sum() * _unfitted(exposure)
    return max(0.0, float(_ratio(products, (ground[0] ** 2 - ground[1]).sum())))


def _factors(counts: Floats, doubts: Floats, exposure: Floats, prior: Prior) -> tuple[Floats, Floats]:
    """The posterior mean and variance of the factor that all classes share at each place."""
    factor = np.ones(len(exposure))
    if prior.shared == 0:
        return factor, np.zeros(len(exposure))
    for _ in range(FACTOR_STEPS):
        told, ground, doubted = np.zeros((3, len(exposure)))
        for row, (count, doubt) in enumerate(zip(counts, doubts, strict=True)):
            expected = prior.mean[row] * exposure
            weight = 1 / (1 + prior.dispersion[row] * expected * factor)
            told += weight * count
            ground += weight * expected
            doubted += weight**2 * doubt
        sure = 1 / (1 + prior.shared * ground)
        factor = sure * (1 + prior.shared * told)
    return factor, prior.shared * sure**2 * (1 + prior.shared * (told + doubted))


def _harm(
    counts: Floats, doubts: Floats, exposure: Floats, weights: Floats, prior: Prior
) -> tuple[Floats, Floats]:
    """The posterior mean and variance of each place's harm."""
    factor, factor_variance = _factors(counts, doubts, exposure, prior)
    mean, variance, by_factor = np.zeros((3, len(exposure)))
    for row, (count, doubt, weight) in enumerate(zip(counts, doubts, weights, strict=True)):
        expected = prior.mean[row] * exposure * factor
        chance = 1 / (
            1 + prior.dispersion[row] * expected
        )  # b / (b + exposure): how far the prior is followed
        kept = 1 - chance
        steadied = chance * expected + kept * count
        # How the steadied count moves with the relative error of its prior mean, and with the dispersion.
        by_mean = chance**2 * (1 + prior.dispersion[row] * count) * exposure
        by_dispersion = chance**2 * expected * (count - expected)
        # To first order it may move far beyond the count itself, above all where the dispersion is found to be
        # nothing; but at most the prior is not followed at all, and the count speaks with its own variance.
        moved = by_dispersion**2 * prior.dispersion_variance[row]
        moved = np.minimum(moved, chance**2 * (count - expected) ** 2 + chance * np.maximum(count, expected))
        mean += weight * steadied
        variance += weight**2 * (
            kept * steadied + kept**2 * doubt + (by_mean * factor) ** 2 * prior.mean_variance[row] + moved
        )
        by_factor += weight * by_mean * prior.mean[row]  # in one direction for all classes
    return mean, variance + by_factor**2 * factor_variance


def _interval(mean: Floats, variance: Floats, confidence: float) -> tuple[Floats, Floats]:
    """The middle of the gamma distribution with this mean and variance, widened to hold the mean.

    (The mean of a very skewed one lies above nearly all of it.)
    """
    shape = _ratio(mean**2, variance)
    known = shape == 0  # nothing is expected, or nothing is uncertain
    low, high = (
        np.where(known, mean, mean * _quantile_over_mean(shape, (1 + side * confidence) / 2))
        for side in (-1, 1)
    )
    return np.minimum(low, mean), np.maximum(high, mean)


def _quantile_over_mean(shape: Floats, chance: float) -> Floats:
    """The quantile of a gamma distribution with mean 1; shapes of 0 give anything.

    Tens of thousands of them take longer than all else here, and they are a smooth function of the
    shape: with many places they are read off a table that is right to a hundred thousandth.
    """
    positive = np.where(shape > 0, shape, 1.0)
    if len(positive) <= SHAPES:
        return special.gammaincinv(positive, chance) / positive
    nodes = np.geomspace(positive.min(), positive.max(), SHAPES)
    return np.interp(np.log(positive), np.log(nodes), special.gammaincinv(nodes, chance) / nodes)


def _unfitted(exposure: Floats) -> float:
    """What squared residuals miss, their mean having been fitted to the same counts: one place's worth."""
    return len(exposure) / max(len(exposure) - 1, 1)


def _by_class(values: Floats) -> Floats:
    """A class a row, so that what is summed together lies together in memory."""
    return np.ascontiguousarray(values.T)


def _dot(left: Floats, right: Floats) -> float:
    """The sum of products. Not by BLAS: on a busy machine its threads wait for each other, here up to seconds."""
    return float(np.einsum("i,i", left, right))


def _ratio(part: ArrayLike, whole: ArrayLike) -> Floats:
    """Part / whole, and 0 where there is no whole."""
    part, whole = np.broadcast_arrays(np.asarray(part, dtype=float), np.asarray(whole, dtype=float))
    return np.divide(part, whole, out=np.zeros(part.shape), where=whole != 0)


def _settled(now: ArrayLike, before: ArrayLike) -> bool:
    return bool(np.allclose(now, before, rtol=TOLERANCE, atol=0))


def _checked(
    unseen: ArrayLike, doubt: ArrayLike, exposure: ArrayLike, weights: ArrayLike
) -> tuple[Floats, Floats, Floats, Floats]:
    """All four as numbers, or a sentence that says which of them does not fit."""
    named = {"unseen": unseen, "doubt": doubt, "exposure": exposure, "weights": weights}
    arrays = {name: np.asarray(values, dtype=float) for name, values in named.items()}
    places, classes = arrays["exposure"].shape, arrays["weights"].shape
    if len(places) != 1 or len(classes) != 1:
        raise ValueError("Exposure needs one number a place, and weights one number a class.")
    for name in ("unseen", "doubt"):
        if arrays[name].shape != places + classes:
            raise ValueError(
                f"{name} has shape {arrays[name].shape}, but exposure and weights tell of"
                f" {places[0]} places and {classes[0]} classes."
            )
    for name, values in arrays.items():
        if not (np.isfinite(values).all() and (values >= 0).all()):
            raise ValueError(f"{name} must be numbers of 0 or more, none missing.")
    return arrays["unseen"], arrays["doubt"], arrays["exposure"], arrays["weights"]
