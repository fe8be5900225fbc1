"""Questions of coverage about the small town, for figures that can be worked out by hand.

Places are exact and every incident weighs the same. So an incident counts by the public samples of its own
cell: a cell is 10 m wide and has 16 samples, 1.25, 3.75, 6.25 and 8.75 m from its western and southern edge.

The corner camera stands on Maple St & Oak Ave, looks north-east over a right angle and has 2560 pixels: 62.5
pixels a metre (observe) up to 2560 / (2 * 62.5) = 20.48 m, 25 (detect) up to 51.2 m. The nearest house is
56 m away, so nothing is in its way.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import sqlalchemy as sa
from pyproj import Transformer

from data import schema
from tests import small_town
from tests.people import COMMAND, register_camera, set_policy
from workflow import coverage
from workflow.coverage import Answer, Question

if TYPE_CHECKING:
    from data.store import Store

DAY = date(2026, 3, 10)
NOON = datetime(2026, 3, 10, 16, tzinfo=UTC)  # noon in the town
NIGHT = datetime(2026, 3, 11, 2, tzinfo=UTC)  # ten in the evening in the town, of the same day

SEEN, UNSEEN = (6.0, 4.0), (-6.0, 4.0)  # wholly in view of the corner camera, and wholly out of it
PARTLY = (16.0, 14.0)  # of the 16 samples around, 6 are within 20.48 m

# The outline is a square of 56 by 56 cells; each of the 32 houses covers 5 by 4 samples.
PUBLIC_SAMPLES = 56 * 56 * 16 - 32 * 20

Places = set[tuple[float, float]]


def build(store: Store) -> Store:
    """The town, with exact places and plain counts."""
    small_town.build(store)
    set_policy(store, location_error_m=0, harm_table="count")
    return store


def load_of_the_map(connection: sa.Connection) -> None:
    """What a load of a part of the map leaves behind beside its rows."""
    number = connection.execute(sa.select(sa.func.count()).select_from(schema.load)).scalar_one() + 1
    values = {"kind": "buildings", "file_name": "b", "file_hash": "0", "format": "b", "finished_at": NOON}
    values |= {"rows": 1, "accepted": 1, "duplicates": 0, "quarantined": 0, "reasons": "{}", "seconds": 1.0}
    connection.execute(schema.load.insert().values(id=number, **values))


def ask(store: Store, since: date = DAY, until: date = DAY, **more: object) -> Answer:
    """What the cameras see, and how much happened in view on those days."""
    return coverage.answer(COMMAND, Question(since, until, **more), store=store)  # type: ignore[arg-type]


def corner_camera(store: Store, azimuth: float | None = 45, **more: object) -> str:
    """The camera of all these tests; its identifier."""
    return register_camera(store, 0, 0, azimuth, **more)  # type: ignore[arg-type]


def days_since(moment: datetime) -> float:
    """How many days ago that was."""
    return (datetime.now(UTC) - moment).total_seconds() / 86400


def within(metres: float, east: int = 1, north: int = 1) -> Places:
    """The samples of one quarter within so many metres of the middle: (1, 1) is the north-east."""
    steps = np.arange(1.25, metres, 2.5).tolist()
    return {(east * e, north * n) for e, n in product(steps, steps) if np.hypot(e, n) <= metres}


def in_view(found: Answer, level: str = "observe", light: str = "day", *, twice: bool = False) -> Places:
    """The samples in view, in metres from the middle of the town."""
    seen, grid = found.seen[light], found.ground.grid
    place, sample = np.nonzero(
        (seen.samples(level, twice=twice)[:, None] >> np.arange(16, dtype=np.uint16)) & 1
    )
    row, column = np.divmod(seen.cells[place], grid.shape[1])
    to_metres = Transformer.from_crs("EPSG:4326", small_town.CRS, always_xy=True)
    x, y = to_metres.transform(*small_town.CENTRE)
    east = grid.origin[0] - x + grid.cell * (column + (sample % 4 + 0.5) / 4)
    north = grid.origin[1] - y + grid.cell * (row + (sample // 4 + 0.5) / 4)
    return set(zip(east.round(2).tolist(), north.round(2).tolist(), strict=True))
