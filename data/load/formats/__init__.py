"""The crime exports that are known by their header."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data.load.formats.atlanta import ATLANTA
from data.load.formats.baltimore import BALTIMORE, BALTIMORE_GEOCODED
from data.load.formats.chicago import CHICAGO, CHICAGO_RENAMED
from data.load.formats.memphis import MEMPHIS
from data.load.formats.philadelphia import PHILADELPHIA

if TYPE_CHECKING:
    from collections.abc import Iterable

    from data.load.formats.description import IncidentFormat

#: The first one whose columns are all there is taken.
FORMATS = (PHILADELPHIA, BALTIMORE_GEOCODED, BALTIMORE, ATLANTA, CHICAGO, CHICAGO_RENAMED, MEMPHIS)


def recognised(columns: Iterable[str]) -> IncidentFormat | None:
    """The format of a file with these columns, or None."""
    present = {column.strip().lower() for column in columns}
    return next(
        (known for known in FORMATS if {column.lower() for column in known.recognised_by} <= present), None
    )
