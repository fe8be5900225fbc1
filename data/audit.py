"""Audits: queries that must return no row, run after every load and in the tests.

The engines hold no foreign keys for us (see `data.schema`), so these queries hold the references.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa


@dataclass(frozen=True)
class Finding:
    """An audit that failed: its name, what it says, and how many rows it found."""

    name: str
    sentence: str
    rows: int


#: Name -> what is wrong when the query returns a row, and the query.
AUDITS: dict[str, tuple[str, str]] = {}


def run(connection: sa.Connection) -> list[Finding]:
    """The audits that fail; an empty list is what is wanted."""
    return []
