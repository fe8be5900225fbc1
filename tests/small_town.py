"""A town of sixteen blocks, for tests that need streets, houses and people but not a whole city.

Five streets run west to east and five avenues south to north, 120 m apart, with Maple St and Oak Ave
crossing in the middle. House numbers grow by 100 a block, from the west and from the south; even numbers
are on the right of a street's line. Every block has one house on each street side, with its address.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
from pyproj import Transformer

from data import schema

if TYPE_CHECKING:
    import sqlalchemy as sa

    from data.store import Store

CRS = "EPSG:32616"
CENTRE = (-85.08, 33.58)  # longitude and latitude of Maple St & Oak Ave
SPACING_M = 120.0
STREETS = ("Alabama St", "Newnan St", "Maple St", "College St", "Dixie St")  # from south to north
AVENUES = ("Pine Ave", "Cedar Ave", "Oak Ave", "Elm Ave", "Walnut Ave")  # from west to east
STAFF = (
    ("officer", "Ana Reyes"),
    ("supervisor", "Tom Becker"),
    ("outreach", "Grace Hill"),
    ("command", "Ruth Adeyemi"),
    ("auditor", "Leo Marsh"),
    ("administrator", "Mina Cole"),
)

_to_metres = Transformer.from_crs("EPSG:4326", CRS, always_xy=True)
_to_degrees = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)


def lon_lat(east: float, north: float) -> tuple[float, float]:
    """Longitude and latitude of a point in metres from the middle of the town."""
    x, y = _to_metres.transform(*CENTRE)
    return _to_degrees.transform(x + east, y + north)


def metres(lon: float, lat: float) -> tuple[float, float]:
    """Metres east and north of the middle of the town."""
    x, y = _to_metres.transform(*CENTRE)
    east, north = _to_metres.transform(lon, lat)
    return east - x, north - y


def build(store: Store, *, synthetic: bool = True) -> None:
    """Put the town into an empty store."""
    store.write(lambda connection: _build(connection, synthetic=synthetic))


def _build(connection: sa.Connection, *, synthetic: bool) -> None:
    places = SPACING_M * np.arange(-2.0, 3.0)
    edge = 2 * SPACING_M + 40
    connection.execute(
        schema.city.insert().values(
            id=1,
            name="Smalltown",
            timezone="America/New_York",
            crs=CRS,
            outline=_box(-edge, -edge, edge, edge),
            synthetic=synthetic,
            seed=1 if synthetic else None,
        )
    )
    connection.execute(
        schema.district.insert().values(id=1, code="1", name="Town", geometry=_box(-edge, -edge, edge, edge))
    )
    connection.execute(
        schema.staff.insert(),
        [{"id": f"{role}1", "name": name, "role": role, "active": True} for role, name in STAFF],
    )
    streets, blocks, buildings = [], [], []
    for column in range(4):
        for row in range(5):
            start, across = places[column], places[row]
            streets.append(_street(STREETS[row], column, (start, across), (start + SPACING_M, across)))
            streets.append(_street(AVENUES[row], column, (across, start), (across, start + SPACING_M)))
            if row == 4:
                continue
            west, south = places[column], places[row]
            blocks.append(
                {
                    "code": f"{column + 1}{row + 1}",
                    "name": f"{column + 1}00 block of {STREETS[row]}",
                    "population": 40.0,
                    "geometry": _box(west, south, west + SPACING_M, south + SPACING_M),
                }
            )
            north = south + SPACING_M
            buildings.append(_house(f"{column + 1}51 {STREETS[row]}", west + 54, south + 14))
            buildings.append(_house(f"{column + 1}50 {STREETS[row + 1]}", west + 54, north - 26))
    for table, rows in ((schema.street, streets), (schema.block, blocks), (schema.building, buildings)):
        connection.execute(table.insert(), [{"id": number, **row} for number, row in enumerate(rows, 1)])


def _street(name: str, block: int, start: tuple[float, float], end: tuple[float, float]) -> dict[str, object]:
    hundred = 100 * (block + 1)
    return {
        "name": name,
        "kind": "residential",
        "left_from": hundred + 1,
        "left_to": hundred + 99,
        "right_from": hundred,
        "right_to": hundred + 98,
        "geometry": shapely.to_wkb(shapely.LineString([lon_lat(*start), lon_lat(*end)])),
    }


def _house(address: str, west: float, south: float) -> dict[str, object]:
    return {
        "land_use": "residential",
        "address": address,
        "height_m": 6.0,
        "geometry": _box(west, south, west + 14, south + 12),
    }


def _box(west: float, south: float, east: float, north: float) -> bytes:
    corners = [(west, south), (east, south), (east, north), (west, north)]
    return shapely.to_wkb(shapely.Polygon([lon_lat(*corner) for corner in corners]))
