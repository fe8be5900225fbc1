"""How numbers, days and steps are written, the same on every page."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import streamlit as st

if TYPE_CHECKING:
    from datetime import date

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

LADDERS = ((1, 2, 5, 10), (1, 5, 20, 50), (1, 5, 20, 100), (1, 10, 100, 500))

# How a table shows the column of times that several have.
MOMENTS = {"When (UTC)": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm")}


def columns(table: pd.DataFrame) -> dict[str, Any]:
    """How a table shows its numbers: thousands apart, as the reader's language has it."""
    numbers = table.select_dtypes("number").columns
    return {str(name): st.column_config.NumberColumn(format="localized") for name in numbers}


def share(value: float, decimals: int = 0) -> str:
    r"""A share as per cent; a dash where there was nothing to share.

    >>> share(0.2345), share(0.0004, 1), share(float("nan"))
    ('23\xa0%', '<0.1\xa0%', '–')
    """
    if math.isnan(value):
        return "–"
    least = 10.0 ** -(decimals + 2)
    if 0 < value < least:
        return f"<{least * 100:.{decimals}f}\u00a0%"
    return f"{value * 100:.{decimals}f}\u00a0%"


def day(value: date) -> str:
    """A day in words.

    >>> from datetime import date
    >>> day(date(2026, 3, 5))
    '5 March 2026'
    """
    return f"{value.day} {value:%B %Y}"


def steps(counts: NDArray[np.int64], most: int = 4) -> list[float]:
    """Where the colours of a map of counts begin: round numbers, each a few times the one before.

    >>> import numpy as np
    >>> steps(np.array([0, 0, 1, 1, 2, 3, 8])), steps(np.array([0, 250]))
    ([1.0, 2.0, 5.0], [1.0, 5.0, 20.0, 100.0])
    """
    largest = int(counts.max(initial=0))
    ladder = next((ladder for ladder in LADDERS if ladder[-1] * 4 > largest), LADDERS[-1])
    return [float(step) for step in ladder[:most] if step <= max(largest, 1)]
