"""How tables show times and numbers, the same on every page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

if TYPE_CHECKING:
    import pandas as pd

# How a table shows the column of times that several have.
MOMENTS = {"When (UTC)": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm")}


def columns(table: pd.DataFrame) -> dict[str, Any]:
    """How a table shows its numbers: thousands apart, as the reader's language has it."""
    numbers = table.select_dtypes("number").columns
    return {str(name): st.column_config.NumberColumn(format="localized") for name in numbers}
