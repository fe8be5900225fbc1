"""Streets: the layout's faces filled with grids and curving subdivisions, then cut at every crossing.

Answers a frame of segments, as the table ``street`` has them, with what later steps need beside: the zone,
and the number of the named street each belongs to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from shapely import affinity
from shapely.geometry import LineString, Point, Polygon

from data.synthetic import names
from data.synthetic.layout import Layout, Line

PRECISION = 0.01  # metres: the grid every vertex lies on, so that lines that meet share a point
METRES_A_NUMBER = 1.2  # house numbers grow by one every so many metres


@dataclass(frozen=True)
class Style:
    """How a kind of neighbourhood is laid out, in metres."""

    zone: str
    row_gap: float  # between parallel streets
    cross_gap: float  # between the streets that join them
    swing: float  # how far a street sways from its straight course
    joined: float  # chance that the end of a street meets the road around
    aligned: bool  # whether cross streets run through, as in a grid
    margin: float  # from the roads around to the nearest parallel street


OLD = Style("old", 92, 148, 0, 0.92, True, 78)
SUBURB = Style("suburb", 100, 230, 55, 0.45, False, 78)
APARTMENTS = Style("apartments", 125, 240, 15, 0.5, False, 85)
INDUSTRY = Style("industry", 230, 420, 0, 0.5, True, 150)
CAMPUS = Style("campus", 210, 260, 22, 0.6, False, 130)


def fill(layout: Layout, rng: np.random.Generator) -> list[Line]:
    """The streets within the faces of the layout."""
    roads = _noded([line.geometry for line in layout.lines])
    boundary = layout.outline.exterior
    faces = [
        face
        for face in shapely.get_parts(shapely.polygonize(shapely.get_parts(_noded([*roads, boundary]))))
        if face.area > 25_000 and layout.outline.contains(face.representative_point())
    ]
    namer = names.StreetNames(rng, {line.name for line in layout.lines})
    lines: list[Line] = []
    tree = shapely.STRtree(roads)
    for face in faces:
        face = face.difference(layout.park)
        for part, style in _neighbourhoods(face, layout, rng):
            near = shapely.union_all(roads[tree.query(part, "dwithin", 320)])
            if not near.is_empty:
                lines += _neighbourhood(part, style, near, layout.outline, namer, rng)
    return lines


def segments(layout: Layout, lines: list[Line]) -> pd.DataFrame:
    """Every street cut at every crossing, as the table ``street`` has them.

    Beside the table's columns: ``zone``, ``line`` (its place in `lines`) and ``away`` (metres from the square).
    """
    whole = np.array([line.geometry for line in lines])
    inside = shapely.intersection(whole, layout.outline)
    pieces = shapely.get_parts(_noded(inside[~shapely.is_empty(inside)]))
    pieces = _tidy(pieces[shapely.get_type_id(pieces) == 1], layout.outline)

    middle = shapely.line_interpolate_point(pieces, 0.5, normalized=True)
    line = shapely.STRtree(whole).nearest(middle)
    start = shapely.line_locate_point(whole[line], shapely.get_point(pieces, 0))
    end = shapely.line_locate_point(whole[line], shapely.get_point(pieces, -1))
    length = shapely.length(whole)[line]
    ring = shapely.is_closed(whole)[line]
    # A piece of a closed street that holds its seam has one end at the wrong end of the measure.
    mid = shapely.line_locate_point(whole[line], middle)
    start = np.where(ring & (start > mid) & (end > mid) & (end >= start), 0.0, start)
    end = np.where(ring & (end < mid) & (start < mid) & (end <= start), length, end)
    backwards = start > end
    pieces = np.where(backwards, shapely.reverse(pieces), pieces)
    start, end = np.minimum(start, end), np.maximum(start, end)

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


def _neighbourhoods(face: Polygon, layout: Layout, rng: np.random.Generator) -> list[tuple[Polygon, Style]]:
    """The parts of a face that are built up, and how."""
    if face.is_empty:
        return []
    middle = face.representative_point()
    away = np.hypot(middle.x, middle.y)
    bearing = np.degrees(np.arctan2(middle.x, middle.y)) % 360
    if layout.campus.contains(middle):
        return [(face, CAMPUS)]
    if 96 < bearing < 146 and 2000 < away < 3000:
        return [(face, INDUSTRY)]
    if away < 1250:
        return [(face, OLD)]
    cells = _cells(face, 420_000 if away < 2600 else 300_000, rng)
    built = []
    for cell in cells:
        point = cell.representative_point()
        away = np.hypot(point.x, point.y)
        if rng.random() > np.interp(away, [1400, 2600, 3300, 4200], [1.0, 0.92, 0.62, 0.3]):
            continue
        near_campus = point.distance(layout.campus) < 500
        near_strip = abs(point.x) < 900 and -3200 < point.y < -1000
        if rng.random() < 0.22 * (near_campus or near_strip) + 0.06:
            built.append((cell.intersection(point.buffer(260)), APARTMENTS))
        else:
            built.append((cell, SUBURB))
    return built


def _cells(face: Polygon, size: float, rng: np.random.Generator) -> list[Polygon]:
    """The face in parts of about `size` square metres, each its own subdivision."""
    count = max(1, round(face.area / size))
    if count == 1:
        return [face]
    left, bottom, right, top = face.bounds
    seeds: list[Point] = []
    while len(seeds) < count:
        point = Point(rng.uniform(left, right), rng.uniform(bottom, top))
        if face.contains(point) and all(point.distance(other) > 0.55 * size**0.5 for other in seeds):
            seeds.append(point)
        elif rng.random() < 0.01:
            count -= 1  # a face of an awkward shape holds fewer
    cells = shapely.voronoi_polygons(shapely.MultiPoint(seeds), extend_to=face).geoms
    return [
        part for cell in cells for part in shapely.get_parts(cell.intersection(face)) if part.area > 20_000
    ]


def _neighbourhood(
    area: Polygon,
    style: Style,
    roads: shapely.MultiLineString,
    outline: Polygon,
    namer: names.StreetNames,
    rng: np.random.Generator,
) -> list[Line]:
    """Parallel streets across an area, streets that join them, and ways out to the roads around."""
    room = (
        area.difference(roads.buffer(style.margin)).intersection(outline.buffer(-90)).buffer(-10).buffer(10)
    )
    if room.area < 6_000:
        return []
    corners = shapely.get_coordinates(room.minimum_rotated_rectangle)
    sides = np.diff(corners, axis=0)
    longest = sides[np.argmax(np.hypot(*sides.T))]
    turn = float(np.degrees(np.arctan2(longest[1], longest[0])))
    flat = affinity.rotate(room, -turn, origin=(0, 0))
    left, bottom, right, top = flat.bounds
    wave, phase = rng.uniform(520, 1150), rng.uniform(0, 2 * np.pi)
    swing = style.swing * rng.uniform(0.5, 1.3)

    def sway(u: NDArray[np.float64]) -> NDArray[np.float64]:
        return swing * np.sin(2 * np.pi * u / wave + phase)

    height = top - bottom
    count = max(1, int(height / style.row_gap) + 1)
    levels = bottom + (height - (count - 1) * style.row_gap) / 2 + style.row_gap * np.arange(count)
    u = np.arange(left - 20, right + 20, 14.0)
    rows: list[list[LineString]] = []
    for level in levels:
        course = LineString(np.column_stack([u, level + sway(u)]))
        parts = shapely.get_parts(course.intersection(flat))
        rows.append([part for part in parts if shapely.get_type_id(part) == 1 and part.length > 70])

    def back(line: LineString) -> LineString:
        return affinity.rotate(line, turn, origin=(0, 0))

    # Cross streets, as (row, course): in a grid they share their places, elsewhere each gap has its own.
    shared = np.arange(left + rng.uniform(20, style.cross_gap), right, style.cross_gap)
    crosses: list[list[NDArray[np.float64]]] = []
    for lower, upper, low, high in zip(rows[:-1], rows[1:], levels[:-1], levels[1:], strict=True):
        for one in lower:
            for other in upper:
                start = max(one.bounds[0], other.bounds[0])
                end = min(one.bounds[2], other.bounds[2])
                if end - start < 25:
                    continue
                if style.aligned:
                    places = shared[(shared > start + 4) & (shared < end - 4)]
                    places = places if len(places) else np.array([(start + end) / 2])
                else:
                    number = max(1, round((end - start) / style.cross_gap))
                    places = (
                        start + (np.arange(number) + rng.uniform(0.15, 0.85, number)) * (end - start) / number
                    )
                    if rng.random() < 0.4:  # a crescent: the two streets are one round its end
                        places[0 if rng.random() < 0.5 else -1] = start + 3 if rng.random() < 0.5 else end - 3
                crosses += [
                    [
                        np.array([place, low + float(sway(place))]),
                        np.array([place, high + float(sway(place))]),
                    ]
                    for place in np.unique(places)
                ]
    streets = _chained(crosses)

    junctions: list[Point] = []
    joined = [back(part) for row in rows for part in row]
    ends = [(number, end) for number in range(len(joined)) for end in (0, -1)]
    rng.shuffle(ends)
    wanted = rng.random(len(ends)) < style.joined
    reach = style.margin * 1.9
    made = 0
    for (number, end), wish in zip(ends, wanted, strict=True):
        if wish or (made == 0):
            longer = _joined(joined[number], end, roads, reach, junctions, joined)
            if longer is not None:
                joined[number] = longer
                made += 1
    turned = [back(LineString(street)) for street in streets]
    if style.aligned:
        for number, end in [(number, end) for number in range(len(turned)) for end in (0, -1)]:
            if rng.random() < style.joined:
                longer = _joined(turned[number], end, roads, reach, junctions, joined + turned)
                turned[number] = turned[number] if longer is None else longer
    elif made < 2:
        for number, end in [(number, end) for number in range(len(turned)) for end in (0, -1)]:
            longer = _joined(turned[number], end, roads, reach, junctions, joined + turned)
            if longer is not None:
                turned[number] = longer
                break
    theme = namer.theme()
    square = Point(0, 0)
    answer = []
    for line in joined + turned:
        if square.distance(Point(line.coords[-1])) < square.distance(Point(line.coords[0])):
            line = shapely.reverse(line)
        answer.append(Line(namer.name(theme, line.length, style.zone), "local", style.zone, line))
    return answer


def _chained(crosses: list[list[NDArray[np.float64]]]) -> list[list[NDArray[np.float64]]]:
    """Cross streets that go on where another ends, as one."""
    by_start: dict[tuple[float, float], list[NDArray[np.float64]]] = {}
    chains: list[list[NDArray[np.float64]]] = []
    for cross in crosses:
        chain = by_start.pop((round(cross[0][0], 3), round(cross[0][1], 3)), None)
        if chain is None:
            chain = [cross[0]]
            chains.append(chain)
        chain.append(cross[1])
        by_start[round(cross[1][0], 3), round(cross[1][1], 3)] = chain
    return chains


def _joined(
    line: LineString,
    end: int,
    roads: shapely.MultiLineString,
    reach: float,
    junctions: list[Point],
    others: list[LineString],
) -> LineString | None:
    """The line led on from one end to the nearest road, or None where it would be long or cross something."""
    tip = Point(line.coords[end])
    way = shapely.shortest_line(tip, roads)
    if not 5 < way.length < reach:
        return None
    foot = Point(way.coords[1])
    for junction in junctions:
        apart = junction.distance(foot)
        if apart < 50:
            return None
    way = LineString([tip, foot])
    if any(other is not line and way.distance(other) < 30 and way.crosses(other) for other in others):
        return None
    junctions.append(foot)
    points = np.array(line.coords)
    if end == 0:
        points = points[::-1]
    points = np.vstack([points, foot.coords[0]])
    bent = np.vstack([points[:-2], _rounded(points[-3:]) if len(points) > 2 else points[-2:]])
    return LineString(bent if end == -1 else bent[::-1])


def _rounded(corner: NDArray[np.float64]) -> NDArray[np.float64]:
    """The middle point and the last, with the turn between them kept where it is: others may be joined to it."""
    return corner[1:]
