"""Intervals for shares: how far a share of n could be from the one behind it by chance alone."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def wilson(successes: float, n: float, confidence: float = 0.95) -> tuple[float, float]:
    """The Wilson score interval of a share (Wilson 1927), without continuity correction.

    Low and high, from 0 to 1; the whole of it where nothing was counted. Both numbers may be fractions:
    expected counts, or the size of a simple sample that would be as sure as a weighted one.

    >>> [round(bound, 4) for bound in wilson(81, 263)]  # Newcombe 1998, table I: 0.2553, 0.3662
    [0.2553, 0.3662]
    >>> wilson(0, 0)
    (0.0, 1.0)
    >>> wilson(0, 10)[0], wilson(10, 10)[1]  # exactly, since nothing lies beyond
    (0.0, 1.0)
    >>> [round(bound, 4) for bound in wilson(2.5, 7.5)]
    [0.1097, 0.6699]

    Raises ValueError where `successes` is not between 0 and `n`.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"Of {n} there cannot be {successes}.")
    if n == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = successes / n
    # Over n + z * z, not over n and n * n, which a tiny n would lose or overflow.
    middle = (successes + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * math.sqrt(n * share * (1 - share) + z * z / 4)
    # Exactly 0 and 1 at the ends, and the share itself within: rounding must not say otherwise.
    low = min(share, max(0.0, middle - half)) if successes else 0.0
    high = max(share, min(1.0, middle + half)) if successes < n else 1.0
    return low, high


def effective_size(weights: ArrayLike) -> float:
    """How many equal things would be as sure as these unequal ones: sum(w) ** 2 / sum(w ** 2) (Kish 1965).

    weights (n,), 0 or more. From 1, where one weighs all, to n, where all weigh the same; 0 where nothing does.

    >>> effective_size([1, 1, 1, 1]), round(effective_size([100, 1, 1]), 2), effective_size([])
    (4.0, 1.04, 0.0)

    Raises ValueError for a weight that is missing or below 0.
    """
    relative = _relative(weights)
    return 0.0 if relative is None else _size(relative)


def weighted_share(
    in_view: ArrayLike, weights: ArrayLike, confidence: float = 0.95
) -> tuple[float, float, float]:
    """What share of the weight was in view: the share, and its interval's low and high.

    in_view (n,): 1 for what was in view, 0 for what was not, the chance of it where that is not known.
    weights (n,): what each counts for, 0 or more. A few heavy ones make the share less sure than their
    number says, so the interval is Wilson's at Kish's effective size, as Korn & Graubard (1998, Survey
    Methodology 24, 193) put an effective size into an interval made for plain counts. The chance that a
    thing was in view needs nothing more: the spread of a share holds that of the chances behind it.

    Where nothing weighs anything, the share is not a number and its interval the whole of 0 to 1.

    >>> [round(figure, 3) for figure in weighted_share([1, 0, 0.5], [10, 10, 10])]
    [0.5, 0.125, 0.875]
    >>> weighted_share([], [])
    (nan, 0.0, 1.0)

    Raises ValueError where the two don't fit together, or a chance lies outside 0 to 1.
    """
    chances, relative = np.asarray(in_view, dtype=float), _relative(weights)
    if chances.shape != np.shape(weights):
        raise ValueError("A weighted share needs one chance and one weight for each thing counted.")
    if len(chances) and not (chances.min() >= 0 and chances.max() <= 1):
        raise ValueError("A chance of having been in view must lie between 0 and 1, none missing.")
    if relative is None:
        return math.nan, *wilson(0, 0, confidence)
    share = min(1.0, float(np.einsum("i,i", chances, relative)) / float(relative.sum()))
    size = _size(relative)
    return share, *wilson(share * size, size, confidence)


def _size(relative: NDArray[np.float64]) -> float:
    return float(relative.sum()) ** 2 / float(np.einsum("i,i", relative, relative))


def _relative(weights: ArrayLike) -> NDArray[np.float64] | None:
    """The weights in relation to the largest, so that no square is too large or too small; None where all are 0."""
    weighing = np.asarray(weights, dtype=float)
    # The least and the largest of numbers of which one is missing are missing too.
    if weighing.ndim != 1 or not (weighing.min(initial=0) >= 0 and weighing.max(initial=0) < math.inf):
        raise ValueError("Weights must be a list of numbers of 0 or more, none missing.")
    largest = weighing.max(initial=0)
    return weighing / largest if largest > 0 else None
