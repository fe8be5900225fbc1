"""Streets: the layout's faces filled with grids and curving subdivisions, then cut at every crossing.

Answers a frame of segments, as the table ``street`` has them, with what later steps need beside: the zone,
and the number of the named street each belongs to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from data.synthetic import names
from data.synthetic.layout import Layout, Line
from data.synthetic.neighbourhoods import lay_out, neighbourhoods

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry import LineString, Polygon

PRECISION = 0.01  # metres: the grid every vertex lies on, so that lines that meet share a point
SMALLEST_FACE = 25_000.0  # square metres: less is no place for streets of its own
SHORTEST = 14.0  # metres between two crossings
METRES_A_NUMBER = 1.2  # house numbers grow by one every so many metres

#: The share of the named streets that have lamps, by zone; others, such as the bypass, have none.
LIT = {"arterial": 1.0, "collector": 1.0, "centre": 1.0, "campus": 0.95, "apartments": 0.9, "old": 0.75,
       "industry": 0.5, "suburb": 0.5, "park": 0.3}  # fmt: skip


def fill(layout: Layout, rng: np.random.Generator) -> list[Line]:
    """The named streets within the faces of the layout."""
    roads = _noded([line.geometry for line in layout.lines])
    edges = np.concatenate([roads, [layout.outline.exterior]])
    faces = shapely.get_parts(shapely.polygonize(_noded(edges)))
    inside = layout.outline.contains(shapely.point_on_surface(faces))
    faces = faces[inside & (shapely.area(faces) > SMALLEST_FACE)]
    limits = layout.outline.buffer(-90)
    tree = shapely.STRtree(roads)
    namer = names.StreetNames(rng, {line.name for line in layout.lines})
    lines = []
    for face in faces:
        for area, style in neighbourhoods(face, layout, rng):
            near = shapely.union_all(roads[tree.query(area, "dwithin", 320)])
            if near.is_empty:
                continue
            theme = namer.theme()
            for street in lay_out(area, style, near, limits, rng):
                # House numbers grow away from the square.
                begin, end = np.hypot(*np.array([street.coords[0], street.coords[-1]]).T)
                outwards = street if begin <= end else shapely.reverse(street)
                name = namer.name(theme, street.length, style.zone)
                lines.append(Line(name, "local", style.zone, outwards))
    return lines


def segments(layout: Layout, lines: list[Line]) -> pd.DataFrame:
    """Every street cut at every crossing, as the table ``street`` has them.

    Beside the table's columns: ``zone``, ``line`` (its place in `lines`) and ``away`` (metres from the square).
    """
    whole = np.array([line.geometry for line in lines])
    inside = shapely.intersection(whole, layout.outline)
    pieces = shapely.get_parts(_noded(inside[~shapely.is_empty(inside)]))
    pieces = _contracted(_tidy(pieces[shapely.get_type_id(pieces) == 1], layout.outline))

    middle = shapely.line_interpolate_point(pieces, 0.5, normalized=True)
    line = shapely.STRtree(whole).nearest(middle)

    def measured(share: float) -> NDArray[np.float64]:
        """Metres along the whole street of the place at this share of each piece."""
        return shapely.line_locate_point(
            whole[line], shapely.line_interpolate_point(pieces, share, normalized=True)
        )

    # Each piece runs the way its street's numbers grow.
    pieces = np.where(measured(0.4) > measured(0.6), shapely.reverse(pieces), pieces)
    start, mid, end = (measured(share) for share in (0.0, 0.5, 1.0))
    # A closed street begins and ends at one place, which can be measured either way.
    start = np.where(start > mid, 0.0, start)
    end = np.where(end < mid, shapely.length(whole)[line], end)

    low = 100 + np.round(start / METRES_A_NUMBER).astype(int)
    high = np.maximum(100 + np.round(end / METRES_A_NUMBER).astype(int), low + 2)
    odd_from, even_from = low + (low % 2 == 0), low + low % 2
    frame = pd.DataFrame(
        {
            "name": np.array([one.name for one in lines], object)[line],
            "kind": np.array([one.kind for one in lines], object)[line],
            "left_from": odd_from,
            "left_to": np.maximum(high - 1 - (high % 2), odd_from),
            "right_from": even_from,
            "right_to": np.maximum(high - 2 + (high % 2), even_from),
            "geometry": pieces,
            "zone": np.array([one.zone for one in lines], object)[line],
            "line": line,
            "away": np.hypot(shapely.get_x(middle), shapely.get_y(middle)),
        }
    ).sort_values(["line", "left_from"], kind="stable", ignore_index=True)
    frame.insert(0, "id", np.arange(1, len(frame) + 1))
    return frame


def lit(streets: pd.DataFrame, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Whether each segment has lamps: a street has them along the whole of a zone, or not at all."""
    chance = rng.random(streets["line"].max() + 1)[streets["line"]]
    return chance < streets["zone"].map(LIT).fillna(0.0).to_numpy()


def _noded(lines: NDArray[np.object_] | list[LineString]) -> NDArray[np.object_]:
    return shapely.get_parts(shapely.union_all(np.asarray(lines, object), grid_size=PRECISION))


def _tidy(pieces: NDArray[np.object_], outline: Polygon) -> NDArray[np.object_]:
    """Without stubs too short to live in and without streets that nothing leads to."""
    for _ in range(3):
        ends = np.concatenate([shapely.get_point(pieces, 0), shapely.get_point(pieces, -1)])
        _, node = np.unique(shapely.get_coordinates(ends).round(2), axis=0, return_inverse=True)
        degree = np.bincount(node)
        first, last = node[: len(pieces)], node[len(pieces) :]
        at_limits = shapely.dwithin(ends, outline.exterior, 1.0)
        loose = ((degree[node] == 1) & ~at_limits).reshape(2, -1).any(axis=0)
        keep = ~(loose & (shapely.length(pieces) < 45))
        graph = coo_matrix((np.ones(len(pieces)), (first, last)), shape=(len(degree), len(degree)))
        _, part = connected_components(graph, directed=False)
        keep &= part[first] == np.bincount(part[first]).argmax()
        if keep.all():
            break
        # Two pieces of one street that a removed stub had parted become one again.
        pieces = shapely.get_parts(shapely.union_all(pieces[keep], grid_size=PRECISION))
    return pieces


def _contracted(pieces: NDArray[np.object_]) -> NDArray[np.object_]:
    """Crossings that lie a few metres apart made one, as they are where people drive."""
    xy, piece = shapely.get_coordinates(pieces, return_index=True)
    last = np.cumsum(np.bincount(piece)) - 1
    ends = np.concatenate([np.append(0, last[:-1] + 1), last])
    places, node = np.unique(xy[ends].round(2), axis=0, return_inverse=True)
    begin, end = node.reshape(2, -1)
    short = shapely.length(pieces) < SHORTEST
    graph = coo_matrix((np.ones(short.sum()), (begin[short], end[short])), shape=(len(places), len(places)))
    count, together = connected_components(graph, directed=False)
    size = np.bincount(together, minlength=count)
    middle = np.column_stack([np.bincount(together, places[:, axis]) / size for axis in (0, 1)])
    xy[ends] = middle[together[node]]
    stays = ~short[piece]
    _, renumbered = np.unique(piece[stays], return_inverse=True)
    return shapely.linestrings(xy[stays].round(2), indices=renumbered)
