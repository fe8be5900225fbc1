"""Pictures for the map of Coverage: a small code for each cell, and what the codes mean."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np

from analytics import coverage, optics
from analytics.grid import Grid

if TYPE_CHECKING:
    from collections.abc import Collection

    import pandas as pd
    from numpy.typing import NDArray

    from analytics.sightlines import Seen
    from workflow.coverage import Answer
    from workflow.ground import Ground

CRIME_CELL_M = 100.0
# Steps of a map of amounts: round numbers, each a few times the one before.
STEPS_SHOWN = 4
LEAST_SHOWN = 0.1  # less of a thing than this is nothing to act on
SIMPLER_M = 2.0  # lines on the map may be off by so much
CHANCES = (0.2, 0.4, 0.6, 0.8)


def level_codes(here: Ground, seen: Seen) -> NDArray[np.uint8]:
    """For each cell the finest level that at least half of its public ground is seen at: 0 none, 1 to 4."""
    codes = np.zeros(len(here.grid), dtype=np.uint8)
    codes[seen.cells] = seen.finest(here.public)
    return codes


def change_codes(before: Answer, after: Answer) -> NDArray[np.uint8]:
    """For each cell what changed at the level asked for: 0 seen in neither, 1 in both, 2 gained, 3 lost."""
    wanted = list(optics.LEVELS).index(after.question.level) + 1
    light = after.main_light
    then, now = (level_codes(found.ground, found.seen[light]) >= wanted for found in (before, after))
    return np.select([then & now, now, then], [1, 2, 3], default=0).astype(np.uint8)


def chance_codes(found: Answer, chances: NDArray[np.float64]) -> NDArray[np.uint8]:
    """For each cell the step of `CHANCES` that its chance of footage reaches (1 is any chance at all).

    ``chances`` (n_views,) is what `workflow.chances` says of each view, 0 for those that do not count.
    """
    here, light = found.ground, found.main_light
    chance = found.sight.lines.chance(
        chances, found.question.level, here.public, here.lit, dark=light == "dark"
    )
    codes = np.zeros(len(here.grid), dtype=np.uint8)
    codes[found.sight.lines.cells] = np.where(
        chance > 0, 1 + np.searchsorted(CHANCES, chance, side="right"), 0
    )
    return codes


def block_codes(found: Answer, table: pd.DataFrame) -> tuple[NDArray[np.uint8], list[float]]:
    """For each cell the step of its block's gap at the low end of its interval, and where the steps begin.

    The low end, because a map of what is likeliest would colour every block in which nothing happened by what
    it borrows from all others; this shows where the harm is in any case.
    """
    least = table["low"].reindex(found.ground.blocks.frame["id"]).fillna(0).to_numpy(dtype=float)
    edges = steps(least)
    of_block = np.searchsorted(edges, least, side="right").astype(np.uint8)
    # One block more, for cells that lie in none.
    return np.append(of_block, np.uint8(0))[found.ground.blocks.of_cell], edges


def crime_codes(found: Answer) -> tuple[Grid, NDArray[np.uint8], list[float]]:
    """Incidents counted on a coarser grid: the step of each of its cells, and where the steps begin."""
    here, happened = found.ground, found.crimes
    coarse = Grid.over(here.grid.bounds, CRIME_CELL_M)
    cell = happened.vicinity.cell[happened.place[found.chosen.number]]
    rows, columns = np.divmod(cell, here.grid.shape[1])
    west, south = here.grid.origin
    centres = np.column_stack(
        [west + (columns + 0.5) * here.grid.cell, south + (rows + 0.5) * here.grid.cell]
    )
    counts = np.bincount(coarse.index_of(centres), minlength=len(coarse))
    edges = steps(counts)
    if edges and edges[0] > 1:
        edges = [1.0, *edges[-(STEPS_SHOWN - 1) :]]  # one incident shows, too
    return coarse, np.searchsorted(edges, counts, side="right").astype(np.uint8), edges


def steps(amounts: NDArray[np.float64] | NDArray[np.int64]) -> list[float]:
    """Where the colours of a map of amounts begin: round numbers, each about four times the one before.

    The last begins at or below the largest amount, and nothing is shown below the first.

    >>> steps(np.array([0, 0, 1, 2, 3, 8])), steps(np.array([0, 250])), steps(np.array([0]))
    ([1.0, 5.0], [2.0, 10.0, 50.0, 200.0], [])
    """
    largest = float(np.nanmax(amounts, initial=0))
    if largest < LEAST_SHOWN:
        return []
    found = {round_number(largest * 0.8 / 4.0**step) for step in range(STEPS_SHOWN)}
    return sorted(step for step in found if step >= 1) or [round_number(min(largest, 1.0))]


def round_number(amount: float) -> float:
    """The largest of 1, 2 and 5 times a power of ten that is not above the amount.

    >>> round_number(7.3), round_number(0.24)
    (5.0, 0.2)
    """
    power = 10.0 ** math.floor(math.log10(amount))
    return next(factor * power for factor in (5.0, 2.0, 1.0) if factor * power <= amount)


def laid_out(
    grid: Grid, codes: NDArray[np.uint8], crs: str
) -> tuple[NDArray[np.uint8], tuple[float, float, float, float]]:
    """The codes north up, and between which bounds in degrees a map shows them (west, south, east, north)."""
    return coverage.picture(grid, codes, crs), coverage.picture_bounds(grid, crs)


def devices(found: Answer) -> pd.DataFrame:
    """The city's own cameras and plate readers that count at that moment: lon, lat, layer, name. No private ones."""
    views = found.sight.views[found.sight.listed(found.at)]
    own = views[views["layer"].isin(["city", "alpr"]) & views["layer"].isin(list(found.question.layers))]
    return own.drop_duplicates("id")[["lon", "lat", "layer", "name"]].reset_index(drop=True)


def outlines(found: Answer, of: str, ids: Collection[int] | None = None) -> gpd.GeoDataFrame:
    """Outlines of districts or blocks, or lines of streets, in WGS 84 (id, name), fit to be drawn."""
    here = found.ground
    frame = {"district": here.districts.frame, "block": here.blocks.frame, "street": here.streets.frame}[of]
    if ids is not None:
        frame = frame[frame["id"].isin(list(ids))]
    drawn = gpd.GeoDataFrame(frame[["id", "name", "geometry"]], crs=found.ground.crs)
    return drawn.set_geometry(drawn.geometry.simplify(SIMPLER_M)).to_crs("EPSG:4326")
