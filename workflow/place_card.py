"""One block, street segment or district: what is seen of it, by which kinds of cameras, and which crimes were not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analytics import optics
from data.errors import PorchlightError
from data.offences import GROUPS, group_of
from workflow.coverage import sees_since, views_into
from workflow.sight import LAYERS

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from workflow.coverage import Answer


@dataclass(frozen=True)
class Card:
    """What there is to know of a place."""

    in_sight: pd.DataFrame  # a row a level: By day, %, In the dark, %
    cameras: pd.DataFrame  # kind, whose, how many see any of it
    unseen: pd.DataFrame  # a row a group of offences: incidents, expected out of view
    # A camera that still counts has seen some of it since then; None where none does, or nobody knows since when.
    since: datetime | None


def card(found: Answer, of: str, place_id: int) -> Card:
    """The card of a block, street or district of the city; `PorchlightError` where the map has no such one."""
    here, happened = found.ground, found.crimes
    frame, position = {
        "block": (here.blocks.frame, happened.block),
        "district": (here.districts.frame, happened.district),
        "street": (here.streets.frame, happened.street),
    }[of]
    place = int(pd.Index(frame["id"]).get_indexer([place_id])[0])
    if place < 0:
        raise PorchlightError(f"This {of} is not on the map any more: click another one.")
    cells = _cells(found, of, place)
    views = found.sight.views.iloc[views_into(found, cells)]
    devices = views.drop_duplicates("id")
    kinds = devices.groupby(["layer", "kind"]).size().reset_index(name="Cameras")
    return Card(
        in_sight=pd.DataFrame(
            {
                "Level": list(optics.LEVELS),
                "By day, %": [
                    round(100 * _share(found, of, place, cells, level, "day"), 1) for level in optics.LEVELS
                ],
                "In the dark, %": [
                    round(100 * _share(found, of, place, cells, level, "dark"), 1) for level in optics.LEVELS
                ],
            }
        ),
        cameras=pd.DataFrame(
            {
                "Kind": [optics.KINDS[kind].label for kind in kinds["kind"]],
                "Whose": [LAYERS[layer] for layer in kinds["layer"]],
                "Cameras": kinds["Cameras"],
            }
        ).sort_values("Cameras", ascending=False, ignore_index=True),
        unseen=_unseen(found, position == place),
        since=sees_since(found, cells),
    )


def _cells(found: Answer, of: str, place: int) -> NDArray[np.int64]:
    here = found.ground
    if of == "street":
        cells = here.streets.cell[here.streets.of_piece == place]
        return np.unique(cells[cells >= 0])
    areas = here.blocks if of == "block" else here.districts
    return np.flatnonzero(areas.of_cell == place)


def _share(found: Answer, of: str, place: int, cells: NDArray[np.int64], level: str, light: str) -> float:
    """The share of the place's public ground, or of its metres, that is in view at a level or better."""
    here, seen = found.ground, found.seen[light]
    in_view = np.zeros(len(here.grid), dtype=np.uint16)
    in_view[seen.cells] = seen.samples(level)
    if of == "street":
        metres = here.streets.frame["length_m"].iloc[place]
        return float(here.streets.seen_metres(in_view)[place] / metres) if metres else float("nan")
    ground = np.bitwise_count(here.public[cells]).sum(dtype=np.int64)
    seen_ground = np.bitwise_count(in_view[cells] & here.public[cells]).sum(dtype=np.int64)
    return float(seen_ground / ground) if ground else float("nan")


def _unseen(found: Answer, here: NDArray[np.bool_]) -> pd.DataFrame:
    """The incidents of the place by group of offences, those most out of view first."""
    chosen, happened = found.chosen, found.crimes
    part = here[chosen.number]
    group = np.array([GROUPS[group_of(code)].label for code in happened.codes])[
        happened.code[chosen.number[part]]
    ]
    table = pd.DataFrame(
        {"Offences": group, "Incidents": 1, "Expected out of view": 1 - chosen.in_view[part]}
    )
    table = table.groupby("Offences", as_index=False).sum()
    table["Expected out of view"] = table["Expected out of view"].round(1)
    return table.sort_values("Expected out of view", ascending=False, ignore_index=True)
