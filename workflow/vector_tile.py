"""The Mapbox Vector Tile format: shapes in, the bytes of one tile out.

Version 2.1 of the specification, https://github.com/mapbox/vector-tile-spec, without ids and attributes, which no
map of ours reads. Everything in a feature is a varint, so that those of a layer are written as one array of numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]

EXTENT = 4096  # how many steps a tile is wide
LINE, POLYGON = 2, 3
MOVE_TO, CLOSE_PATH = 1 << 3 | 1, 1 << 3 | 7  # each once
LINE_TO = 2
# What stands before a field: its number and how it is written.
TILE_LAYER, LAYER_NAME, LAYER_FEATURE, LAYER_EXTENT, LAYER_VERSION = 0x1A, 0x0A, 0x12, 0x28, 0x78
FEATURE_TYPE, FEATURE_GEOMETRY = 0x18, 0x22


class _Paths(NamedTuple):
    """Lines or rings one after the other."""

    feature: Numbers  # (paths,) the position of the feature each belongs to
    size: Numbers  # (paths,) how many points it has
    points: Numbers  # (points, 2)


def encode(layers: Mapping[str, NDArray[np.object_]]) -> bytes:
    """The bytes of a tile whose layers have these shapely geometries, of which lines and polygons are written.

    Coordinates are steps of the tile from its north-west corner, y southwards; they are rounded, and what vanishes
    by that is left out.

    >>> line = shapely.LineString([(2, 2), (2, 10), (10, 10)])
    >>> encode({"road": np.array([line])}).hex()
    '1a1978020a04726f6164120c180222080904041200101000288020'
    """
    return b"".join(_layer(name, shapes) for name, shapes in layers.items())


def _layer(name: str, shapes: NDArray[np.object_]) -> bytes:
    parts, owners = shapely.get_parts(shapes, return_index=True)
    parts, deeper = shapely.get_parts(parts, return_index=True)  # a collection may hold a multipolygon
    owners = owners[deeper]
    dimension = shapely.get_dimensions(parts)
    body = _features(LINE, _lines(parts[dimension == 1], owners[dimension == 1]))
    body += _features(POLYGON, _rings(parts[dimension == 2], owners[dimension == 2]))
    if not body:
        return b""
    title = name.encode()
    head = _varints([LAYER_VERSION, 2, LAYER_NAME, len(title)]) + title
    layer = head + body + _varints([LAYER_EXTENT, EXTENT])
    return _varints([TILE_LAYER, len(layer)]) + layer


def _lines(lines: NDArray[np.object_], owners: Numbers) -> _Paths:
    points, path = _rounded(lines)
    return _longer_than(1, owners, points, path)


def _rings(polygons: NDArray[np.object_], owners: Numbers) -> _Paths:
    """The rings without their closing points: outer ones turned clockwise as seen, holes the other way."""
    rings, polygon = shapely.get_rings(polygons, return_index=True)
    points, ring = _rounded(rings)
    closing = np.append(ring[1:] != ring[:-1], True)[: len(ring)]
    paths = _longer_than(2, np.arange(len(rings)), points[~closing], ring[~closing])
    if not len(paths.size):
        return paths
    start = np.cumsum(paths.size) - paths.size
    path = np.repeat(np.arange(len(paths.size)), paths.size)
    position = np.arange(len(path)) - start[path]
    following = start[path] + (position + 1) % paths.size[path]
    x, y = paths.points.T
    area = np.add.reduceat(x * y[following] - x[following] * y, start)  # twice, by the surveyor's formula
    outer = np.append(True, polygon[1:] != polygon[:-1])[paths.feature]
    turned = (area > 0) != outer
    order = np.where(turned[path], start[path] + paths.size[path] - 1 - position, np.arange(len(path)))
    # A ring without an area is nothing, and a hole in nothing neither.
    stands = np.zeros(len(polygons), bool)
    stands[polygon[paths.feature][outer & (area != 0)]] = True
    kept = (area != 0) & stands[polygon[paths.feature]]
    return _Paths(
        owners[polygon[paths.feature]][kept],
        paths.size[kept],
        paths.points[order][np.repeat(kept, paths.size)],
    )


def _rounded(paths: NDArray[np.object_]) -> tuple[Numbers, Numbers]:
    """The points in whole steps, none the same as the one before, and the path each is on."""
    found, path = shapely.get_coordinates(paths, return_index=True)
    points = np.rint(found).astype(np.int64)
    fresh = np.ones(len(points), bool)
    fresh[1:] = (points[1:] != points[:-1]).any(axis=1) | (path[1:] != path[:-1])
    return points[fresh], path[fresh]


def _longer_than(least: int, owners: Numbers, points: Numbers, path: Numbers) -> _Paths:
    size = np.bincount(path, minlength=len(owners))
    kept = size > least
    return _Paths(owners[kept], size[kept], points[kept[path]])


def _features(kind: int, paths: _Paths) -> bytes:
    """The features of one kind, their paths in the order of the features."""
    if not len(paths.size):
        return b""
    path = np.repeat(np.arange(len(paths.size)), paths.size)
    start = np.cumsum(paths.size) - paths.size
    position = np.arange(len(path)) - start[path]
    first_path = np.append(True, paths.feature[1:] != paths.feature[:-1])
    # The pen goes on from where it was, and starts each feature at the corner of the tile.
    moves = np.diff(paths.points, axis=0, prepend=[[0, 0]])
    begins = start[first_path]
    moves[begins] = paths.points[begins]
    zigzag = moves << 1 ^ moves >> 63
    closes = kind == POLYGON
    length = 2 * paths.size + 2 + closes
    command_start = np.cumsum(length) - length
    commands = np.empty(length.sum(), np.int64)
    commands[command_start] = MOVE_TO
    commands[command_start + 3] = (paths.size - 1) << 3 | LINE_TO
    at = command_start[path] + 1 + 2 * position + (position > 0)
    commands[at], commands[at + 1] = zigzag.T
    if closes:
        commands[command_start + length - 1] = CLOSE_PATH
    feature_start = command_start[first_path]
    geometry_bytes = np.add.reduceat(_varint_bytes(commands), feature_start)
    ones = np.ones_like(geometry_bytes)
    headers = np.column_stack(
        (
            LAYER_FEATURE * ones,
            3 + _varint_bytes(geometry_bytes) + geometry_bytes,
            FEATURE_TYPE * ones,
            kind * ones,
            FEATURE_GEOMETRY * ones,
            geometry_bytes,
        )
    )
    return _varints(np.insert(commands, np.repeat(feature_start, headers.shape[1]), headers.ravel()))


def _varint_bytes(values: Numbers) -> Numbers:
    """How many bytes each value takes: seven bits go into one."""
    limits = 1 << np.arange(7, 63, 7)
    return 1 + np.searchsorted(limits, values, side="right")


def _varints(values: Numbers | list[int]) -> bytes:
    """Values from 0 on as varints: seven bits a byte, the lowest first, the top bit set where more follow."""
    numbers = np.asarray(values, np.int64)
    size = _varint_bytes(numbers)
    start = np.cumsum(size) - size
    written = np.empty(size.sum(), np.uint8)
    for byte in range(size.max(initial=0)):
        has = size > byte
        more = (size[has] > byte + 1) << 7
        written[start[has] + byte] = numbers[has] >> 7 * byte & 0x7F | more
    return written.tobytes()
