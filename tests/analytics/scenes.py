"""Random scenes for the sight tests, and the same answers by plain shapely: slow, and obviously right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from analytics.geometry import MOUNT_TOLERANCE_M
from analytics.viewshed import mounted

if TYPE_CHECKING:
    from numpy.typing import NDArray

FAR_AWAY = (674_000.0, 3_718_000.0)  # where UTM coordinates of Carrollton lie: rounding must not matter there

#: Degrees that cameras see: a narrow lens, common ones, half a turn exactly, more, and all round.
FIELDS = [5.0, 60.0, 90.0, 150.0, 180.0, 250.0, 360.0]


def houses(random: np.random.Generator, count: int) -> NDArray[np.object_]:
    """Turned rectangles that do not overlap, within about 100 metres of `FAR_AWAY`."""
    side = max(1, int(np.ceil(np.sqrt(count))))
    lot = 200 / side
    found = []
    for i in range(count):
        size = random.uniform(0.2, 0.65, 2) * lot
        box = shapely.box(*(-size / 2), *(size / 2))
        turned = shapely.affinity.rotate(box, random.uniform(0, 90))
        middle = (np.array([i % side, i // side]) + 0.5) * lot - 100 + FAR_AWAY
        found.append(shapely.affinity.translate(turned, *middle))
    return np.array(found, dtype=object)


def overlapping_houses(random: np.random.Generator, count: int) -> NDArray[np.object_]:
    """Houses that stick out into each other, as the parts of buildings do on real maps."""
    return np.array(
        [
            shapely.affinity.scale(house, *random.uniform(1.0, 2.5, 2))
            for house in houses(random, max(count, 2))
        ],
        dtype=object,
    )


def terraces(random: np.random.Generator, count: int) -> NDArray[np.object_]:
    """Rows of houses wall to wall: each wall between two of them is there twice, and streets run straight."""
    side = max(1, int(np.ceil(np.sqrt(count))))
    width, street = 200 / side, 200 / side
    column, row = np.arange(count) % side, np.arange(count) // side
    corners = np.column_stack([column * width, row * street]) - 100
    boxes = shapely.box(*corners.T, *(corners + np.array([width, street * 0.4])).T)
    turn = random.choice([0.0, 7.3, 45.0])
    return np.array(
        [
            shapely.affinity.translate(shapely.affinity.rotate(box, turn, origin=(0, 0)), *FAR_AWAY)
            for box in boxes
        ],
        dtype=object,
    )


#: How streets are built, for tests that must hold in all of them.
STREETS = {"apart": houses, "overlapping": overlapping_houses, "terraces": terraces}


def mounted_cameras(
    random: np.random.Generator, count: int, on: NDArray[np.object_], hfov: float | None = None
) -> pd.DataFrame:
    """Cameras on the walls of random houses, of every field of view unless one is named."""
    roofs = shapely.get_coordinates(shapely.centroid(on))[random.integers(0, len(on), count)]
    found = pd.DataFrame(
        {
            "x": roofs[:, 0],
            "y": roofs[:, 1],
            "azimuth": random.uniform(0, 360, count),
            "hfov": random.choice(FIELDS, count) if hfov is None else np.full(count, hfov),
            "range_m": random.uniform(5, 120, count),
        }
    )
    return mounted(found, on)


def cameras(
    random: np.random.Generator, count: int, around: NDArray[np.object_], hfov: float | None = None
) -> pd.DataFrame:
    """Cameras at random places outside the houses, of every field of view unless one is named."""
    places = random.uniform(-100, 100, (count * 20, 2)) + FAR_AWAY
    on_a_house = shapely.dwithin(shapely.points(places), shapely.union_all(around), 2 * MOUNT_TOLERANCE_M)
    places = places[~on_a_house][:count]
    fields = random.choice(FIELDS, count)
    return pd.DataFrame(
        {
            "x": places[:, 0],
            "y": places[:, 1],
            "azimuth": random.uniform(-360, 720, count),
            "hfov": fields if hfov is None else np.full(count, hfov),
            "range_m": random.uniform(5, 120, count),
        }
    )


def bearing_off(camera: pd.Series, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Degrees between a camera's azimuth and the direction to each point, 0 to 180."""
    to = np.degrees(np.arctan2(points[:, 0] - camera.x, points[:, 1] - camera.y))
    return np.abs((to - camera.azimuth + 180) % 360 - 180)


def plainly_sees(
    camera: pd.Series, points: NDArray[np.float64], walls: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Within range, within the field of view, and no wall on the way but that which the camera is mounted on."""
    here = shapely.Point(camera.x, camera.y)
    lines = shapely.linestrings(walls.reshape(-1, 2, 2))
    metres = shapely.distance(lines, here)
    lines = lines[(metres > MOUNT_TOLERANCE_M) & (metres <= camera.range_m)]
    sight = shapely.linestrings(
        np.stack([np.broadcast_to([camera.x, camera.y], points.shape), points], axis=1)
    )
    hidden = (
        shapely.intersects(sight, shapely.multilinestrings(lines))
        if len(lines)
        else np.zeros(len(points), bool)
    )
    near = np.hypot(*(points - [camera.x, camera.y]).T) <= camera.range_m
    return near & (bearing_off(camera, points) <= camera.hfov / 2) & ~hidden


def sector(camera: pd.Series, corners: int = 2000) -> shapely.Polygon:
    """What a camera would see without walls."""
    here = np.array([camera.x, camera.y])
    bearings = np.radians(camera.azimuth + np.linspace(-camera.hfov / 2, camera.hfov / 2, corners))
    arc = here + camera.range_m * np.column_stack([np.sin(bearings), np.cos(bearings)])
    return shapely.Polygon(arc[:-1] if camera.hfov == 360 else np.vstack([here, arc]))


def plain_viewshed(camera: pd.Series, walls: NDArray[np.float64]) -> shapely.Geometry:
    """The sector less the shadow of each wall."""
    here = np.array([camera.x, camera.y])
    lines = shapely.linestrings(walls.reshape(-1, 2, 2))
    metres = shapely.distance(lines, shapely.Point(here))
    hiding = (metres > MOUNT_TOLERANCE_M) & (metres <= camera.range_m)
    a, b = walls[hiding, :2] - here, walls[hiding, 2:] - here
    far = (2 * camera.range_m / metres[hiding])[:, None] + 1  # so that a shadow ends beyond the range
    shadows = shapely.polygons(np.stack([a, b, b * far, a * far], axis=1) + here)
    return shapely.difference(sector(camera), shapely.union_all(shapely.buffer(shadows, 0)))
