"""Which block and district a place lies in, and whether it lies in the city.

A place on the line between two areas belongs to the one with the lower id, so that it never depends on
the order of anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
import sqlalchemy as sa

from data.load.places import WGS84, Floats, transformer

if TYPE_CHECKING:
    import pyproj
    from numpy.typing import NDArray

#: How far outside its outline a place still counts as in the city: an outline is drawn along the middle
#: of streets and rivers, and an address stands beside it.
MARGIN_M = 200.0

NOWHERE = -1
CHUNK = 200_000


@dataclass(frozen=True)
class Areas:
    """Areas of one kind: their ids in rising order, and their shapes in WGS 84."""

    ids: NDArray[np.int64]
    shapes: NDArray[np.object_]

    def containing(self, lon: Floats, lat: Floats) -> NDArray[np.int64]:
        """The id of the area each place lies in, `NOWHERE` where there is none."""
        found = np.full(len(lon), len(self.ids), np.int64)
        if len(self.ids):
            tree = shapely.STRtree(self.shapes)
            for start in range(0, len(lon), CHUNK):
                points = shapely.points(lon[start : start + CHUNK], lat[start : start + CHUNK])
                place, area = tree.query(points, predicate="intersects")
                np.minimum.at(found, place + start, area)
        return np.append(self.ids, NOWHERE)[found]


def read(connection: sa.Connection, table: sa.Table) -> Areas:
    """The areas in `table` (block or district)."""
    rows = connection.execute(sa.select(table.c.id, table.c.geometry).order_by(table.c.id)).all()
    return Areas(
        np.array([row.id for row in rows], np.int64), shapely.from_wkb([bytes(row.geometry) for row in rows])
    )


def containing_each(lon: Floats, lat: Floats, *areas: Areas) -> list[NDArray[np.int64]]:
    """The id by place for each kind of area; each coordinate is looked up once, however often it occurs."""
    if not any(len(kind.ids) for kind in areas):
        return [np.full(len(lon), NOWHERE, np.int64) for _ in areas]
    different, position = np.unique(lon + 1j * lat, return_inverse=True)
    return [kind.containing(different.real, different.imag)[position] for kind in areas]


def inside(
    lon: Floats, lat: Floats, outline: shapely.Geometry | None, crs: str | None, margin_m: float = MARGIN_M
) -> NDArray[np.bool_]:
    """Whether each place lies in the city or at most `margin_m` outside; everything does without an outline."""
    if outline is None or crs is None or not len(lon):
        return np.ones(len(lon), bool)
    to_metres = transformer(WGS84, crs)
    area = project(outline, to_metres).buffer(margin_m)
    shapely.prepare(area)
    different, position = np.unique(lon + 1j * lat, return_inverse=True)
    x, y = to_metres.transform(different.real, different.imag)
    finite = np.isfinite(x) & np.isfinite(y)
    return (finite & shapely.intersects_xy(area, np.where(finite, x, 0), np.where(finite, y, 0)))[position]


def project(shape: shapely.Geometry, to_metres: pyproj.Transformer) -> shapely.Geometry:
    """A shape in another reference system."""
    return shapely.transform(shape, to_metres.transform, interleaved=False)
