"""Where harm happens that no camera sees: by district, block and street segment, as a table to act on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np

from analytics.gaps import gaps, no_borrowing

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from workflow.coverage import Answer

PLACES = {"block": "Blocks", "street": "Street segments", "district": "Districts"}
#: Fewer places than this do not tell how places vary, so nothing is borrowed between them.
FEWEST_STEADIED = 50


def gap_table(found: Answer, of: str) -> gpd.GeoDataFrame:
    """The gaps of all blocks, street segments or districts, the largest first; indexed by id.

    ``name`` and ``geometry`` (projected); ``incidents`` of the period, and how many of them are expected to have
    been in view (``in_view``); ``harm`` and ``unseen_harm`` in the unit of the harm table; ``gap``, the unseen
    harm of the period steadied by empirical Bayes, with its 95 % interval ``low`` to ``high`` and the ranks it
    may hold, ``rank_low`` to ``rank_high`` (missing where there is no ground); ``in_sight``, the share of the
    public ground, or of the street's metres, that is in view in the answer's main light.

    In the steadying streets count for their length, and blocks for the side of a square as large as their public
    ground: what happens at a block happens along its streets. In Baltimore's crimes of 2018 and in the
    synthetic city that fits better than the ground itself or each block alike (log-likelihood a block of -1.12,
    against -1.17 and -1.14 in Baltimore). Districts are too few to be steadied.
    """
    frame, position, size, seen = _places(found, of)
    chosen = found.chosen
    at = position[chosen.number]
    held = at >= 0
    classes = len(found.weights)
    key = at[held] * classes + chosen.kind[held]
    in_view = chosen.in_view[held]

    def total(values: NDArray[np.float64] | None) -> NDArray[np.float64]:
        counted = np.bincount(key, weights=values, minlength=len(frame) * classes)
        return counted.reshape(len(frame), classes).astype(float)

    everything, unseen, doubt = total(None), total(1 - in_view), total(in_view * (1 - in_view))
    few = np.count_nonzero(size) < FEWEST_STEADIED
    prior = no_borrowing(classes) if few else None
    exposure = np.sqrt(size) if of == "block" else size
    steadied = gaps(unseen, doubt, exposure * found.years, found.weights, prior=prior)
    table = gpd.GeoDataFrame(
        {
            "id": frame["id"].to_numpy(),
            "name": frame["name"].to_numpy(),
            "incidents": everything.sum(axis=1).astype(np.int64),
            "in_view": everything.sum(axis=1) - unseen.sum(axis=1),
            "harm": everything @ found.weights,
            "unseen_harm": unseen @ found.weights,
            **{name: steadied[name].to_numpy() for name in ("gap", "low", "high")},
            **{name: steadied[name].array for name in ("rank_low", "rank_high")},
            "in_sight": np.divide(seen, size, out=np.full(len(frame), np.nan), where=size > 0),
        },
        geometry=frame.geometry.to_numpy(),
        crs=found.ground.crs,
    )
    table = table.sort_values(["gap", "unseen_harm", "id"], ascending=[False, False, True])
    return table.set_index("id")


def _places(
    found: Answer, of: str
) -> tuple[gpd.GeoDataFrame, NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """The places, the place of each incident, how much ground (m2) or street (m) each holds, and what is seen of it."""
    here, happened, level = found.ground, found.crimes, found.question.level
    seen = found.seen[found.main_light]
    if of == "street":
        in_view = np.zeros(len(here.grid), dtype=np.uint16)
        in_view[seen.cells] = seen.samples(level)
        metres = here.streets.frame["length_m"].to_numpy(dtype=float)
        return here.streets.frame, happened.street, metres, here.streets.seen_metres(in_view)
    areas, position = {
        "block": (here.blocks, happened.block),
        "district": (here.districts, happened.district),
    }[of]
    counts = np.bitwise_count(seen.samples(level) & here.public[seen.cells])
    square_metres = here.sample_m2
    ground = areas.ground.astype(np.float64) * square_metres
    in_sight = areas.total(seen.cells, counts).astype(np.float64) * square_metres
    return areas.frame, position, ground, in_sight


def told_apart(table: pd.DataFrame, worst: int) -> pd.Series:
    """The places that are among so many worst whatever chance did: even their lowest rank is."""
    return (table["rank_high"] <= worst).fillna(value=False)
