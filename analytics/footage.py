"""The chance that footage exists: a camera works, its footage is still kept, and its owner agrees.

A factor of that chance is a frame of `FACTOR_COLUMNS`, a row per camera:

- ``share``, ``low`` and ``high``: the factor and its 95 % interval, from 0 to 1;
- ``basis``: "known" where it was stated and is 0 or 1, "counted" where it is the share of others that were
  counted, "assumed" where nothing was counted and it is an assumption;
- ``yes`` and ``of``: what was counted, 0 of 0 where nothing was.

Independence is assumed twice: between the factors of one camera, and between cameras. Cameras of one
owner, of one street in a power cut, or of one maker's service fail together, so the chance that at least
one of several has footage is optimistic: an upper estimate, and the more so the more they have in common. It
cannot be below that of the best camera alone (`best`), which belongs beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

import numpy as np
import pandas as pd
from scipy import special

from analytics.intervals import wilson

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

FACTORS = ("working", "retained", "willing")
FACTOR_COLUMNS = ("share", "low", "high", "basis", "yes", "of")
BASIS = pd.CategoricalDtype(["known", "counted", "assumed"])

#: So many of a group must have been counted before its own share is used and not that of all.
ENOUGH = 30


def known(yes: ArrayLike) -> pd.DataFrame:
    """A factor that is certain, from a bool for each camera.

    >>> known([True, False])[["share", "low", "high", "basis"]].to_numpy().tolist()
    [[1.0, 1.0, 1.0, 'known'], [0.0, 0.0, 0.0, 'known']]
    """
    certain = np.asarray(yes, dtype=bool).astype(float)
    return _factor(certain, certain, certain, "known", 0, 0)


def _factor(share: ArrayLike, low: ArrayLike, high: ArrayLike, basis: str, yes: int, of: int) -> pd.DataFrame:
    values = (share, low, high, basis, yes, of)
    return pd.DataFrame(dict(zip(FACTOR_COLUMNS, values, strict=True))).astype({"basis": BASIS})


def answered(
    yes: ArrayLike, of: ArrayLike, assumed: float, worth: float, *, confidence: float = 0.95
) -> pd.DataFrame:
    """A factor from answers that were counted, and from what is assumed as long as there are few.

    One row, for all who answered. ``yes`` and ``of`` are arrays with an element for each who was asked: how
    often they were, and how often they agreed. The share is the mean of the Beta distribution that starts
    from the share ``assumed`` as if ``worth`` answers had already been counted, and the interval holds its
    middle 95 % (Gelman et al., Bayesian Data Analysis, 3rd edition, section 2.4).

    One person's answers are alike, so they tell less than as many answers of different people: the count
    is divided by `design_effect` before it is weighed. ``yes`` and ``of`` of the answer are the plain counts.

    >>> answered([3, 0, 5], [4, 1, 5], assumed=0.7, worth=10).round(2).to_numpy().tolist()
    [[0.74, 0.51, 0.91, 'counted', 8, 10]]
    >>> answered([], [], assumed=0.9, worth=10).round(2).to_numpy().tolist()
    [[0.9, 0.66, 1.0, 'assumed', 0, 0]]

    Raises ValueError where the assumption is not between 0 and 1, or worth nothing, or more agreed than were asked.
    """
    if not (0 < assumed < 1 and worth > 0):
        raise ValueError("An assumed share must lie between 0 and 1, and be worth more than 0 answers.")
    said, asked = _counts(yes, of)
    effect = design_effect(said, asked)
    a = assumed * worth + said.sum() / effect
    b = (1 - assumed) * worth + (asked - said).sum() / effect
    low, high = special.betaincinv(a, b, [(1 - confidence) / 2, (1 + confidence) / 2])
    return _counted([a / (a + b)], low, high, int(said.sum()), int(asked.sum()))


def design_effect(yes: ArrayLike, of: ArrayLike) -> float:
    """How many answers tell as much as one would, if all came from different people; at least 1.

    The design effect of Kish: the variance of the share ``sum(yes) / sum(of)``, taken over people as a ratio
    estimate, over that of as many independent answers (Cochran, Sampling Techniques, 3rd edition, chapter
    9A). Where all answered alike nothing tells how much one person's answers agree, so each person counts
    once.

    >>> design_effect([3, 3, 3], [5, 5, 5])  # no more alike than independent answers are
    1.0
    >>> round(design_effect([5, 0, 5, 0], [5, 5, 5, 5]), 2)  # always the same answer from the same person
    6.67
    >>> design_effect([2, 3], [2, 3])
    2.5
    """
    said, asked = _counts(yes, of)
    people, answers = int(np.count_nonzero(asked)), asked.sum()
    if not people:
        return 1.0
    share = said.sum() / answers
    if people == 1 or share in (0.0, 1.0):
        return float(answers / people)
    between = people / (people - 1) * np.sum((said - share * asked) ** 2) / answers**2
    return float(max(1.0, between / (share * (1 - share) / answers)))


def _counts(yes: ArrayLike, of: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    said, asked = np.asarray(yes, dtype=float), np.asarray(of, dtype=float)
    if said.shape != asked.shape or not np.all((said >= 0) & (said <= asked)):
        raise ValueError("Nobody can have agreed more often than asked: check the counts.")
    return said, asked


def retained(
    retention_hours: ArrayLike, age_hours: float, of: ArrayLike, stated: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Whether each camera still keeps footage of ``age_hours`` ago: a factor.

    ``retention_hours`` (n,) is how long its owner said footage is kept, NaN where nobody said; ``of`` (n,) is
    the group it belongs to, such as its kind. What was stated is believed: 1 where footage is kept longer
    than its age, 0 otherwise. For the others it is the share, of the cameras of their group whose owners did
    say, that keep it longer (an empirical survival function), with its Wilson interval; where fewer
    than `ENOUGH` of the group said so, the share of all. Where nobody at all said so, it is 0.5 with the
    interval from 0 to 1, "assumed".

    ``stated`` has what cameras stated, with columns ``of``, ``retention_hours`` and ``cameras`` (how many
    stated this); without it, it is what these cameras stated themselves.

    >>> hours = [24.0, 96.0, None]
    >>> retained(hours, 48, ["dome"] * 3)[["share", "basis", "yes", "of"]].to_numpy().tolist()
    [[0.0, 'known', 0, 0], [1.0, 'known', 0, 0], [0.5, 'counted', 1, 2]]

    Raises ValueError where an age is not a finite number, or a stated time is below zero.
    """
    hours = np.asarray(retention_hours, dtype=float)
    if not np.isfinite(age_hours):
        raise ValueError("The age of footage must be a finite number of hours.")
    if np.any(hours < 0):
        raise ValueError("Nobody keeps footage for less than 0 hours: correct the retention times.")
    group = pd.Series(np.asarray(of))
    if stated is None:
        stated = pd.DataFrame({"of": group, "retention_hours": hours, "cameras": 1}).dropna()
    kept = stated["cameras"].where(stated["retention_hours"] > age_hours, 0)
    counts = pd.DataFrame({"of": stated["of"], "yes": kept, "n": stated["cameras"]}).groupby("of").sum()
    everyone = _survival(int(counts["yes"].sum()), int(counts["n"].sum()))
    own = counts[counts["n"] >= ENOUGH]
    # A row for each group that says enough for itself, and the last for all others.
    table = pd.concat([*(_survival(int(row.yes), int(row.n)) for row in own.itertuples()), everyone])
    # After them what was stated, which is believed: gone, and still kept.
    table = pd.concat([table, known([False, True])])
    row = own.index.get_indexer(pd.Index(group))
    by_others = np.where(row < 0, len(own), row)
    by_owner = len(own) + 1 + (hours > age_hours)
    return table.iloc[np.where(np.isnan(hours), by_others, by_owner)].reset_index(drop=True)


def _survival(yes: int, of: int) -> pd.DataFrame:
    """The share of the cameras that keep footage longer, one row."""
    low, high = wilson(yes, of)
    return _counted([yes / of if of else 0.5], low, high, yes, of)


def _counted(share: ArrayLike, low: float, high: float, yes: int, of: int) -> pd.DataFrame:
    return _factor(share, low, high, "counted" if of else "assumed", yes, of)


def chances(working: pd.DataFrame, retained: pd.DataFrame, willing: pd.DataFrame) -> pd.DataFrame:
    """The chance that each camera has footage: the product of its three factors.

    A row per camera with ``chance``, ``chance_low`` and ``chance_high``, and for each factor the columns of
    its frame: ``working``, ``working_low``, ``working_high``, ``working_basis``, ``working_yes``, ``working_of``
    and so on.

    The interval is the product of all low ends to the product of all high ends: as wide as if all estimates
    erred the same way at once, and so wider than it need be where they err independently.

    >>> sure, half = known([True]), known([True]).assign(share=0.5, low=0.4, high=0.6, basis="counted")
    >>> chances(half, sure, half)[["chance", "chance_low", "chance_high"]].round(2).to_numpy().tolist()
    [[0.25, 0.16, 0.36]]
    """
    columns: dict[str, pd.Series] = {}
    for name, factor in zip(FACTORS, (working, retained, willing), strict=True):
        columns[name] = factor["share"]
        columns |= {f"{name}_{column}": factor[column] for column in FACTOR_COLUMNS[1:]}
    for end in ("", "_low", "_high"):
        columns[f"chance{end}"] = (
            columns[f"working{end}"] * columns[f"retained{end}"] * columns[f"willing{end}"]
        )
    return pd.DataFrame(columns)


@overload
def together(chances: ArrayLike, groups: None = None) -> float: ...
@overload
def together(chances: ArrayLike, groups: ArrayLike, number: int | None = None) -> NDArray[np.float64]: ...
def together(chances, groups=None, number=None):
    """The chance that at least one of several cameras has footage: 1 - product(1 - chance).

    ``chances`` (n,) from 0 to 1. With ``groups`` (n,), whole numbers from 0, it is an array with the chance of
    each group, ``number`` of them (or up to the largest that occurs); of no camera it is 0. Summed as
    logarithms, so that thousands of small chances lose nothing.

    It takes the cameras as independent. What they have in common (one owner, one power cut) makes it too
    high, down to that of the best of them: `best`.

    >>> together([0.5, 0.5]), together([])
    (0.75, 0.0)
    >>> together([0.5, 0.5, 1.0], groups=[0, 0, 2], number=4).tolist()
    [0.75, 0.0, 1.0, 0.0]

    Raises ValueError where a chance is not from 0 to 1, or there is not a group for each.
    """
    p = _checked(chances)
    with np.errstate(divide="ignore"):  # a chance of 1 leaves no doubt: its logarithm is minus infinity
        missed = np.log1p(-p)
    if groups is None:
        return float(0.0 - np.expm1(missed.sum()))
    return 0.0 - np.expm1(np.bincount(_groups(groups, p), weights=missed, minlength=number or 0))


def best(chances: ArrayLike, groups: ArrayLike, number: int) -> NDArray[np.float64]:
    """The chance of the best camera of each group, as in `together`; 0 where there is none.

    It is the least that the chance of at least one can be, however much the cameras fail together.

    >>> best([0.5, 0.4, 0.9], groups=[0, 0, 2], number=4).tolist()
    [0.5, 0.0, 0.9, 0.0]
    """
    p = _checked(chances)
    answer = np.zeros(number)
    np.maximum.at(answer, _groups(groups, p), p)
    return answer


def _checked(chances: ArrayLike) -> NDArray[np.float64]:
    p = np.asarray(chances, dtype=float)
    if not np.all((p >= 0) & (p <= 1)):
        raise ValueError("A chance must be a number from 0 to 1.")
    return p


def _groups(groups: ArrayLike, chances: NDArray[np.float64]) -> NDArray[np.intp]:
    index = np.asarray(groups, dtype=np.intp)
    if index.shape != chances.shape:
        raise ValueError(f"There must be one group for each of the {len(chances)} chances.")
    return index
