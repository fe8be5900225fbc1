"""How numbers, days and steps are written, the same on every page."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray


def share(value: float, decimals: int = 0) -> str:
    """A share as per cent; a dash where there was nothing to share.

    >>> share(0.2345), share(0.0004, 1), share(float("nan"))
    ('23 %', '<0.1 %', '–')
    """
    if math.isnan(value):
        return "–"
    least = 10.0 ** -(decimals + 2)
    if 0 < value < least:
        return f"<{least * 100:.{decimals}f} %"
    return f"{value * 100:.{decimals}f} %"


def day(value: date) -> str:
    """A day in words.

    >>> day(date(2026, 3, 5))
    '5 March 2026'
    """
    return f"{value.day} {value:%B %Y}"


def steps(counts: NDArray[np.int64], most: int = 4) -> list[float]:
    """Where the colours of a map of counts begin: at quantiles of what is above zero, each step once.

    >>> steps(np.array([0, 0, 1, 1, 2, 3, 8]))
    [1.0, 2.0, 3.0]
    """
    some = counts[counts > 0]
    if not len(some):
        return [1.0]
    return sorted({float(math.ceil(value)) for value in np.quantile(some, np.linspace(0, 0.95, most))})
