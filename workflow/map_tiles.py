"""The map in tiles: of a city of any size, a browser is sent what it can show, and no more.

The base map is drawn from vector tiles. What can be clicked comes as GeoJSON, in tiles of one size.
"""

from __future__ import annotations

import functools
import gzip
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from data import records
from data.store import default_store
from workflow import vector_tile
from workflow.kept import worked_out_once

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from data.store import Store

DEEPEST = 15  # nearer than this a browser enlarges what it has
BLOCKS_FROM, BUILDINGS_FROM = 13, 14
# The streets that make a city's shape are seen from afar, the others where there is room.
STREETS_FROM = {"highway": 0, "arterial": 0, "collector": 11}
OTHER_STREETS_FROM = 12
MARGIN = 64  # steps around a tile, so that nothing ends at its edge
TOLERANCE = 4  # steps: half a pixel on the screen
KEPT_TILES = 2048
CLICKED = ("block", "street")
CLICKED_ZOOM = 13  # a tile is then some kilometres wide, and a step about a metre
DECIMALS = 6  # of a degree: a tenth of a metre

_reading = threading.Lock()


@dataclass(frozen=True)
class _Layer:
    """One layer in Web Mercator, the world from 0 to 1 and y southwards."""

    ids: NDArray[np.int64]
    shapes: NDArray[np.object_]
    shown_from: NDArray[np.int64]  # the zoom from which each shape is on the map
    tree: shapely.STRtree

    def near(self, bounds: NDArray[np.float64]) -> NDArray[np.int64]:
        """The positions of those that come within bounds."""
        return np.sort(self.tree.query(shapely.box(*bounds)))


def tile(z: int, x: int, y: int, version: int, *, store: Store | None = None) -> bytes | None:
    """The tile at zoom z, column x and row y, compressed with gzip; None where there is no such tile.

    It has the layers outline, block, building and street, each from the zoom on where it can be seen. `version`
    is that of the map (`city_map.map_version`): a new load is a new question.
    """
    if not (0 <= z <= DEEPEST and 0 <= x < 2**z and 0 <= y < 2**z):
        return None
    return _tile(store or default_store(), version, z, x, y)


@functools.lru_cache(maxsize=KEPT_TILES)
def _tile(store: Store, version: int, z: int, x: int, y: int) -> bytes:
    bounds = _bounds(z, x, y, MARGIN)
    found = {}
    for name, layer in _layers(store, version).items():
        near = layer.near(bounds)
        shown = layer.shapes[near[layer.shown_from[near] <= z]]
        found[name] = _steps(shapely.clip_by_rect(shown, *bounds), z, x, y)
        if z < DEEPEST:
            found[name] = shapely.simplify(found[name], TOLERANCE, preserve_topology=False)
    return gzip.compress(vector_tile.encode(found), mtime=0)


def clicked(name: str, z: int, x: int, y: int, version: int, *, store: Store | None = None) -> bytes | None:
    """What can be clicked of a layer on a tile at `CLICKED_ZOOM`, as `tile`, but GeoJSON with the property ``id``.

    Shapes are cut off at the edges of the tile, and true to about a metre.
    """
    if name not in CLICKED or z != CLICKED_ZOOM or not (0 <= x < 2**z and 0 <= y < 2**z):
        return None
    return _clicked(store or default_store(), version, name, x, y)


@functools.lru_cache(maxsize=KEPT_TILES)
def _clicked(store: Store, version: int, name: str, x: int, y: int) -> bytes:
    layer = _layers(store, version)[name]
    bounds = _bounds(CLICKED_ZOOM, x, y)
    near = layer.near(bounds)
    cut = shapely.clip_by_rect(layer.shapes[near], *bounds)
    simple = shapely.simplify(cut, 2.0**-CLICKED_ZOOM / vector_tile.EXTENT)
    degrees = shapely.transform(simple, _degrees)
    rounded = shapely.set_precision(degrees, 10.0**-DECIMALS, mode="pointwise")
    there = ~shapely.is_empty(rounded)
    features = ",".join(
        f'{{"type":"Feature","properties":{{"id":{number}}},"geometry":{geometry}}}'
        for number, geometry in zip(layer.ids[near[there]], shapely.to_geojson(rounded[there]), strict=True)
    )
    return gzip.compress(f'{{"type":"FeatureCollection","features":[{features}]}}'.encode(), mtime=0)


def _bounds(z: int, x: int, y: int, margin: int = 0) -> NDArray[np.float64]:
    """West, north, east and south of a tile in the square of the world, and so many steps around it."""
    around = margin / vector_tile.EXTENT
    return 2.0**-z * np.array([x - around, y - around, x + 1 + around, y + 1 + around])


def _steps(shapes: NDArray[np.object_], z: int, x: int, y: int) -> NDArray[np.object_]:
    return shapely.transform(shapes, lambda points: (points * 2.0**z - (x, y)) * vector_tile.EXTENT)


def _layers(store: Store, version: int) -> dict[str, _Layer]:
    with _reading:  # the tiles of a map are asked for all at once, and the layers need be read once only
        return _read(store, version)


@worked_out_once(2)
def _read(store: Store, _version: int) -> dict[str, _Layer]:
    """All that the base map shows. The version only makes a new load a new question."""
    city = records.city_or_none(store)
    outline = [] if city is None or city.outline is None else [city.outline]
    blocks, buildings, streets = (records.layer(store, name) for name in ("block", "building", "street"))
    from_zoom = streets["kind"].map(STREETS_FROM).fillna(OTHER_STREETS_FROM).to_numpy(np.int64)
    if (from_zoom == OTHER_STREETS_FROM).all():
        from_zoom = np.zeros_like(from_zoom)  # nobody said which ones matter, so all do
    return {
        "outline": _layer(np.arange(len(outline)), np.array(outline, object), 0),
        "block": _layer(blocks["id"], blocks.geometry, BLOCKS_FROM),
        "building": _layer(buildings["id"], buildings.geometry, BUILDINGS_FROM),
        "street": _layer(streets["id"], streets.geometry, from_zoom),
    }


def _layer(ids: object, shapes: object, shown_from: NDArray[np.int64] | int) -> _Layer:
    numbers = np.asarray(ids, np.int64)
    projected = shapely.transform(np.asarray(shapes, object), _web_mercator)
    return _Layer(numbers, projected, np.broadcast_to(shown_from, numbers.shape), shapely.STRtree(projected))


def _web_mercator(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Longitude and latitude to the square of the world, 0 to 1 from its north-west corner."""
    lon, lat = np.radians(points).T
    return np.column_stack((0.5 + lon / (2 * np.pi), 0.5 - np.arcsinh(np.tan(lat)) / (2 * np.pi)))


def _degrees(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The square of the world to longitude and latitude."""
    x, y = points.T
    return np.degrees(np.column_stack((2 * np.pi * (x - 0.5), np.arctan(np.sinh(2 * np.pi * (0.5 - y))))))
