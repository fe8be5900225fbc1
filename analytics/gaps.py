"""Where does harm happen that no camera sees, how sure are we, and which places can be told apart?

A few incidents in a short street say little about the street: chance alone makes some places look
worst. So counts are steadied by empirical Bayes, each place borrowing from all the others the more
the less its own count says, and each gap carries an interval and the ranks that it may hold.

What is assumed, and therefore what a reader must not forget:

- Within a class, places differ by their exposure and by a rate drawn from one gamma distribution, not
  by where they lie. Places are independent, and so are classes: a place that is bad for one class is
  not expected to be bad for another. Where neighbours or classes go together, intervals are too narrow.
- Location error enters by its mean and variance alone. An incident that may lie at either of two places
  is for the caller to divide between them; that the two errors then mirror each other is ignored.
- A class of which nothing was unseen anywhere adds nothing to any gap, and no uncertainty.
- A gap is the number expected over the period that was counted. It is no forecast, and claims no cause.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import special

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

#: The fit ends when nothing moves by more than this share of itself: far below its own error.
TOLERANCE = 1e-9
MAX_STEPS = 100


@dataclass(frozen=True)
class Prior:
    """How the rates of each class vary from place to place; every array is (n_classes,).

    A rate is gamma distributed with this mean and with variance dispersion * mean ** 2, so in the usual
    terms its shape is a = 1 / dispersion and its inverse scale b = 1 / (dispersion * mean). Where the
    dispersion is 0, all places share the mean.
    """

    mean: NDArray[np.float64]  # incidents per unit of exposure
    dispersion: NDArray[np.float64]  # squared coefficient of variation of the rates
    mean_variance: NDArray[np.float64]  # how uncertain the mean is
    dispersion_variance: NDArray[np.float64]  # how uncertain the dispersion is


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
    ranks of all places lie between theirs at once. The gaps add up to what was observed, unless the
    prior was given. A place with exposure 0 is kept, without gap, interval and ranks.

    With U incidents truly unseen at a place, its rate has mean (a + U) / (b + exposure) and variance
    (a + U) / (b + exposure) ** 2 (Clayton & Kaldor 1987, Biometrics 43, 671). Of U we know the mean and
    the variance, so by the law of total variance the rate's is (a + unseen + doubt) / (b + exposure) ** 2.
    To it comes what the prior's own error adds, to first order (Kass & Steffey 1989, JASA 84, 717):
    without that, a few dozen places would look far surer than they are. Harm is the sum over classes,
    taken to be gamma distributed with the sum's mean and variance (Satterthwaite 1946, Biometrics
    Bulletin 2, 110). Ranks come from intervals that hold together (see `ranks`).

    >>> table = gaps([[9.0], [1.0], [0.5], [0.0]], [[0.0], [0.0], [0.25], [0.0]], [1, 1, 1, 0], [2])
    >>> table[["observed", "gap", "low", "high", "rank_low", "rank_high"]].round(1)
       observed   gap  low  high  rank_low  rank_high
    0      18.0  16.3  6.4  30.9         1          3
    1       2.0   2.8  0.1   9.6         1          3
    2       1.0   1.9  0.0   9.1         1          3
    3       0.0   NaN  NaN   NaN      <NA>       <NA>

    Raises ValueError where shapes don't fit together, or a number is missing or below 0.
    """
    unseen, doubt, exposure, weights = _checked(unseen, doubt, exposure, weights)
    if not 0 < confidence < 1:
        raise ValueError("A confidence lies between 0 and 1, such as 0.95.")
    there = np.flatnonzero(exposure > 0)
    if prior is None:
        prior = fit(unseen[there], doubt[there], exposure[there])
    mean, variance = _harm(unseen[there], doubt[there], exposure[there], weights, prior)
    low, high = _interval(mean, variance, confidence)
    rank_low, rank_high = ranks(*_interval(mean, variance, joint_confidence(confidence, len(there))))
    places = pd.RangeIndex(len(exposure))
    steadied = pd.DataFrame({"gap": mean, "low": low, "high": high}, index=there).reindex(places)
    ranked = pd.DataFrame({"rank_low": rank_low, "rank_high": rank_high}, index=there, dtype="Int64")
    counted = pd.DataFrame({"observed": unseen @ weights, "incidents": unseen.sum(axis=1)})
    columns = ["observed", "gap", "low", "high", "incidents", "rank_low", "rank_high"]
    return pd.concat([counted, steadied, ranked.reindex(places)], axis=1)[columns]


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
    """
    low, high = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    if low.shape != high.shape or low.ndim != 1 or not (low <= high).all():
        raise ValueError("Ranks need a low and a high end for each place, none missing, and low <= high.")
    above = len(low) - np.searchsorted(np.sort(low), high, side="right")
    below = np.searchsorted(np.sort(high), low, side="left")
    return 1 + above, len(low) - below


def joint_confidence(confidence: float, n: int) -> float:
    """The confidence that each of n intervals needs for all to hold at once (Šidák 1967, JASA 62, 626).

    >>> from statistics import NormalDist  # Klein, Wright & Wieczorek 2020: 51 states at 90 %, "around 3.081"
    >>> round(NormalDist().inv_cdf((1 + joint_confidence(0.90, 51)) / 2), 3)
    3.081
    """
    return float(confidence ** (1 / max(n, 1)))


def fit(unseen: ArrayLike, doubt: ArrayLike, exposure: ArrayLike) -> Prior:
    """How the rates of each class vary from place to place, from counts at places with exposure above 0.

    unseen, doubt (n_places, n_classes) and exposure (n_places,) as in `gaps`.

    By moments, not by maximum likelihood, because the counts are expected ones: they scatter less than
    the true counts by just the doubt, which moments can add back, while a likelihood of the fractions
    would take places for more alike than they are. The mean solves
    sum(w * (u - m * e)) = 0 and the dispersion sum(w ** 2 * ((u - m * e) ** 2 + doubt - u - d * (m * e) ** 2)) = 0
    with w = 1 / (1 + d * m * e), u unseen, e exposure, m mean, d dispersion. The first is the quasi-likelihood
    equation that Clayton & Kaldor use; the second at d = 0 is the score of the negative binomial. Both hold
    in expectation whatever the weights, fractions or not, as long as p is calibrated.

    One class with a handful of incidents can't tell how places differ in it. So a dispersion common to
    all classes is found first, and each class leaves it as far as its own counts are sure (the linear
    credibility of Bühlmann 1967, ASTIN Bulletin 4, 199), classes being taken to vary about
    the common dispersion with a standard deviation of its own size, as an exponential distribution does.
    """
    unseen, doubt, exposure, _ = _checked(unseen, doubt, exposure, np.ones(np.shape(unseen)[-1:]))
    if not (exposure > 0).all():
        raise ValueError("Leave out the places with exposure 0: they say nothing about rates.")
    # A class a row, so that what is summed together lies together in memory.
    counts, doubts = np.ascontiguousarray(unseen.T), np.ascontiguousarray(doubt.T)
    mean, common = _ratio(counts.sum(axis=1), exposure.sum()), 0.0
    for _ in range(MAX_STEPS):
        last_mean, last_common = mean, common
        excess, unit, _ = _spread(counts, doubts, exposure, mean, common)
        common = max(0.0, float(_ratio(excess.sum(), unit.sum())))
        mean, _ = _means(counts, exposure, mean, np.full(len(counts), common))
        if _settled(common, last_common) and _settled(mean, last_mean):
            break
    excess, unit, noise = _spread(counts, doubts, exposure, mean, common)
    information = _ratio(unit**2, noise)
    trust = common**2 * information / (1 + common**2 * information)
    dispersion = np.maximum(0, trust * _ratio(excess, unit) + (1 - trust) * common)
    for _ in range(MAX_STEPS):
        last_mean = mean
        mean, mean_variance = _means(counts, exposure, mean, dispersion)
        if _settled(mean, last_mean):
            break
    common_variance = _ratio(noise.sum(), unit.sum() ** 2)
    dispersion_variance = (1 - trust) * common**2 + (1 - trust) ** 2 * common_variance
    return Prior(mean, dispersion, mean_variance, dispersion_variance)


def _means(
    counts: NDArray[np.float64],
    exposure: NDArray[np.float64],
    mean: NDArray[np.float64],
    dispersion: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """One step towards each class's mean rate, and the variance of that mean."""
    weights = [1 / (1 + d * m * exposure) for m, d in zip(mean, dispersion, strict=True)]
    told = np.array([count @ weight for count, weight in zip(counts, weights, strict=True)])
    ground = np.array([exposure @ weight for weight in weights])
    return _ratio(told, ground), _ratio(told, ground**2)


def _spread(
    counts: NDArray[np.float64],
    doubts: NDArray[np.float64],
    exposure: NDArray[np.float64],
    mean: NDArray[np.float64],
    dispersion: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Of each class: how much more it scatters than chance, as much at dispersion 1, and the former's variance.

    The variance is that of a negative binomial count's (u - expected) ** 2 - u, from its fourth moment.
    """
    # The mean was fitted to the same counts, which takes one place's worth of scatter away.
    fitted = len(exposure) / max(len(exposure) - 1, 1)
    sums = np.empty((3, len(counts)))
    for row, (count, doubt, rate) in enumerate(zip(counts, doubts, mean, strict=True)):
        expected = rate * exposure
        weight = 1 / (1 + dispersion * expected)
        square = (weight * expected) ** 2
        sums[0, row] = weight**2 @ (fitted * (count - expected) ** 2 + doubt - count)
        sums[1, row] = square.sum()
        sums[2, row] = (2 + 6 * dispersion) * square.sum() - 4 * dispersion * (square @ weight)
    return sums[0], sums[1], sums[2]


def _harm(
    unseen: NDArray[np.float64],
    doubt: NDArray[np.float64],
    exposure: NDArray[np.float64],
    weights: NDArray[np.float64],
    prior: Prior,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The posterior mean and variance of each place's harm."""
    mean, variance = np.zeros(len(exposure)), np.zeros(len(exposure))
    for row, weight in enumerate(weights):
        expected = prior.mean[row] * exposure
        chance = 1 / (
            1 + prior.dispersion[row] * expected
        )  # b / (b + exposure): how far the prior is followed
        kept = 1 - chance
        count = chance * expected + kept * unseen[:, row]
        by_mean = chance**2 * (1 + prior.dispersion[row] * unseen[:, row]) * exposure
        by_dispersion = chance**2 * expected * (unseen[:, row] - expected)
        mean += weight * count
        variance += weight**2 * (
            kept * count
            + kept**2 * doubt[:, row]
            + by_mean**2 * prior.mean_variance[row]
            + by_dispersion**2 * prior.dispersion_variance[row]
        )
    return mean, variance


def _interval(
    mean: NDArray[np.float64], variance: NDArray[np.float64], confidence: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The middle of the gamma distribution with this mean and variance, widened to hold the mean.

    (The mean of a very skewed one lies above nearly all of it.)
    """
    shape = _ratio(mean**2, variance)
    scale = _ratio(variance, mean)
    ends = [scale * special.gammaincinv(shape, (1 + side * confidence) / 2) for side in (-1, 1)]
    sure = shape == 0  # nothing is expected, or there is no variance
    low, high = (np.where(sure, mean, end) for end in ends)
    return np.minimum(low, mean), np.maximum(high, mean)


def _ratio(part: ArrayLike, whole: ArrayLike) -> NDArray[np.float64]:
    """Part / whole, and 0 where there is no whole."""
    part, whole = np.broadcast_arrays(np.asarray(part, dtype=float), np.asarray(whole, dtype=float))
    return np.divide(part, whole, out=np.zeros(part.shape), where=whole != 0)


def _settled(now: ArrayLike, before: ArrayLike) -> bool:
    return bool(np.allclose(now, before, rtol=TOLERANCE, atol=0))


def _checked(
    unseen: ArrayLike, doubt: ArrayLike, exposure: ArrayLike, weights: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
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
