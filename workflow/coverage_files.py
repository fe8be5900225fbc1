"""Coverage to take away: the gaps as files, and the chance of footage behind its map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from data import records
from data.store import Store, default_store
from workflow import chances as footage
from workflow import coverage_words, exports, handout
from workflow.gap_tables import PLACES, gap_table

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd
    from numpy.typing import NDArray

    from workflow.coverage import Answer
    from workflow.identity import Actor

#: The map of the chance of footage is for what happened so long ago.
AGE_HOURS = 24.0


@dataclass(frozen=True)
class File:
    """One file that a reader may take away; its content is made when it is asked for."""

    label: str
    name: str
    mime: str
    content: Callable[[], bytes]


def files(
    actor: Actor, found: Answer, of: str, shown: gpd.GeoDataFrame, *, store: Store | None = None
) -> list[File]:
    """The gaps as `coverage_words.gaps_shown` has them in every format, and the print for a council."""
    question, city = found.question, records.city(store or default_store())
    stem = f"gaps by {of} {question.since} to {question.until}"
    notes = coverage_words.notes(found)
    table = shown.drop(columns="geometry")
    tables = {
        PLACES[of]: table,
        "Cameras": coverage_words.counted_table(found),
        "Ground in view": coverage_words.ground_table(found),
    }
    return [
        File("Print (PDF)", f"coverage {question.since} to {question.until}.pdf", "application/pdf",
             lambda: handout.pdf(found, gap_table(found, "block"), asked_by=actor.name, city=city)),
        File("CSV", f"{stem}.csv", "text/csv", lambda: exports.csv(table)),
        File("Excel", f"{stem}.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
             lambda: exports.xlsx(tables, notes)),
        File("GeoJSON", f"{stem}.geojson", "application/geo+json", lambda: exports.geojson(shown, notes)),
        File("GeoParquet", f"{stem}.parquet", "application/vnd.apache.parquet",
             lambda: exports.geoparquet(shown, notes)),
    ]  # fmt: skip


def chances(found: Answer, *, store: Store | None = None) -> NDArray[np.float64]:
    """For each view the chance that it has footage of `AGE_HOURS` ago; 0 for those that do not count."""
    question, held = found.question, found.sight
    counting = held.counting(found.at, question.layers, question.standings)
    factors = footage.factors(store or default_store(), held.views, AGE_HOURS, found.at)
    return np.where(counting, factors["chance"].to_numpy(dtype=float), 0.0)
