"""Intervals for shares: how far a share of n could be from the one behind it by chance alone."""

from __future__ import annotations

import math
from statistics import NormalDist


def wilson(successes: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """The Wilson score interval of a share (Wilson 1927), without continuity correction.

    Low and high, from 0 to 1; the whole of it where nothing was counted.

    >>> [round(bound, 4) for bound in wilson(81, 263)]  # Newcombe 1998, table I: 0.2553, 0.3662
    [0.2553, 0.3662]
    >>> wilson(0, 0)
    (0.0, 1.0)
    >>> wilson(0, 10)[0], wilson(10, 10)[1]  # exactly, since nothing lies beyond
    (0.0, 1.0)

    Raises ValueError where `successes` is not between 0 and `n`.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"Of {n} there cannot be {successes}.")
    if n == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = successes / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return (middle - half if successes else 0.0), (middle + half if successes < n else 1.0)
