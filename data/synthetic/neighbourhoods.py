"""Neighbourhoods: what lies between the main roads, laid out the way its time laid out streets.

Old parts are plain grids. Newer ones are parallel streets that sway, joined here and there, some of them
round their ends, with few ways out to the roads around; the rest of the ends are cul-de-sacs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import shapely
from shapely import affinity
from shapely.geometry import LineString, Point, Polygon

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from data.synthetic.layout import Layout

SMALLEST_ROOM = 6_000.0  # square metres: nothing is laid out on less
SHORTEST_ROW = 70.0  # metres
JUNCTIONS_APART = 50.0  # metres along a road from one way out to the next
NEAREST_ROAD = 5.0  # metres: an end closer to a road than this is on it

REACH = 1.9  # a way out is at most so many times as long as the margin to the roads
LOOPS = 0.75  # share of neighbouring free ends that are led round into one street


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


OLD = Style("old", 92, 128, 0, 0.92, aligned=True, margin=78)
SUBURB = Style("suburb", 100, 235, 55, 0.62, aligned=False, margin=78)
APARTMENTS = Style("apartments", 125, 260, 15, 0.5, aligned=False, margin=85)
INDUSTRY = Style("industry", 230, 420, 0, 0.5, aligned=True, margin=150)


def neighbourhoods(face: Polygon, layout: Layout, rng: np.random.Generator) -> list[tuple[Polygon, Style]]:
    """The parts of a face between main roads that are built up, and how; the further out the fewer."""
    ground = face.difference(shapely.union_all([layout.park, layout.campus, layout.strip.buffer(150)]))
    if ground.is_empty:
        return []
    middle = face.representative_point()
    away = np.hypot(middle.x, middle.y)
    bearing = np.degrees(np.arctan2(middle.x, middle.y)) % 360
    if 96 < bearing < 146 and 1900 < away < 3000:
        return [(ground, INDUSTRY)]
    if away < 1250:
        return [(ground, OLD)]
    built = []
    for cell in _cells(ground, 420_000 if away < 2600 else 300_000, rng):
        point = cell.representative_point()
        away = np.hypot(point.x, point.y)
        if rng.random() > np.interp(away, [1300, 2200, 3000, 4200], [1.0, 0.66, 0.42, 0.16]):
            continue
        near = point.distance(layout.campus) < 600 or point.distance(layout.strip) < 700
        if rng.random() < (0.3 if near else 0.05):
            built.append((cell.intersection(point.buffer(260)), APARTMENTS))
        else:
            built.append((cell, SUBURB))
    return built


def _cells(face: Polygon, size: float, rng: np.random.Generator) -> list[Polygon]:
    """The face in parts of about `size` square metres, each its own subdivision."""
    count = max(1, round(face.area / size))
    if count == 1:
        return [part for part in shapely.get_parts(face) if part.area > SMALLEST_ROOM]
    left, bottom, right, top = face.bounds
    seeds: list[Point] = []
    while len(seeds) < count:
        point = Point(rng.uniform(left, right), rng.uniform(bottom, top))
        if face.contains(point) and all(point.distance(other) > 0.55 * size**0.5 for other in seeds):
            seeds.append(point)
        elif rng.random() < 0.01:
            count -= 1  # a face of an awkward shape holds fewer
    if not seeds:
        return []
    cells = shapely.voronoi_polygons(shapely.MultiPoint(seeds), extend_to=face).geoms
    parts = [part for cell in cells for part in shapely.get_parts(cell.intersection(face))]
    return [part for part in parts if part.area > 20_000]


@dataclass(frozen=True)
class Row:
    """One of the parallel streets, in the neighbourhood's own directions: u along it, v across."""

    number: int
    level: float
    line: LineString


@dataclass
class Roads:
    """The roads around, and where streets meet them already."""

    lines: shapely.Geometry
    reach: float
    junctions: list[Point] = field(default_factory=list)

    def way_out(self, line: LineString, end: int, others: list[LineString]) -> LineString | None:
        """The line led on from one end (0 or -1) to the nearest road.

        None where the way would be long, would come too close to another, or would cross a street.
        """
        tip = Point(line.coords[end])
        way = shapely.shortest_line(tip, self.lines)
        foot = Point(way.coords[1])
        if not NEAREST_ROAD < way.length < self.reach:
            return None
        if any(junction.distance(foot) < JUNCTIONS_APART for junction in self.junctions):
            return None
        if any(other is not line and way.crosses(other) for other in others):
            return None
        self.junctions.append(foot)
        points = [*line.coords, foot.coords[0]] if end == -1 else [foot.coords[0], *line.coords]
        return LineString(points)


def lay_out(
    area: Polygon, style: Style, roads: shapely.Geometry, limits: Polygon, rng: np.random.Generator
) -> list[LineString]:
    """The streets of one neighbourhood, each as one line; `limits` is the ground they may stand on."""
    room = area.difference(roads.buffer(style.margin)).intersection(limits).buffer(-10).buffer(10)
    if room.area < SMALLEST_ROOM:
        return []
    turn = _grain(room)
    flat = affinity.rotate(room, -turn, origin=(0, 0))
    sway = _sway(style, rng)
    rows = _rows(flat, style, sway)
    beside = [
        (one, other)
        for one in range(len(rows))
        for other in range(one + 1, len(rows))
        if rows[other].number == rows[one].number + 1
    ]
    crosses = _crosses(rows, beside, style, sway, rng)

    def back(line: LineString) -> LineString:
        return affinity.rotate(line, turn, origin=(0, 0))

    lines = [back(row.line) for row in rows]
    around = Roads(roads, REACH * style.margin)
    joined = _led_out(lines, style.joined, around, rng)
    if not style.aligned:
        _led_round(lines, beside, joined, room, rng)
    turned = [back(cross) for cross in crosses]
    if style.aligned:
        _led_out(turned, style.joined, around, rng, lines)
    elif len(joined) < 2:
        _led_out(turned, 0.5, around, rng, lines)
    return lines + turned


def _grain(room: Polygon) -> float:
    """The direction (degrees) of the longest side around the ground."""
    corners = shapely.get_coordinates(room.minimum_rotated_rectangle)
    sides = np.diff(corners, axis=0)
    longest = sides[np.argmax(np.hypot(*sides.T))]
    return float(np.degrees(np.arctan2(longest[1], longest[0])))


def _sway(style: Style, rng: np.random.Generator) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """How far the streets stand aside at each place along them."""
    wave, phase = rng.uniform(520, 1150), rng.uniform(0, 2 * np.pi)
    swing = style.swing * rng.uniform(0.5, 1.3)
    return lambda u: swing * np.sin(2 * np.pi * u / wave + phase)


def _rows(
    flat: Polygon, style: Style, sway: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> list[Row]:
    left, bottom, right, top = flat.bounds
    count = max(1, int((top - bottom) / style.row_gap) + 1)
    first = (bottom + top - (count - 1) * style.row_gap) / 2
    u = np.arange(left - 20, right + 20, 14.0)
    rows = []
    for number in range(count):
        level = first + number * style.row_gap
        course = LineString(np.column_stack([u, level + sway(u)]))
        parts = shapely.get_parts(course.intersection(flat))
        rows += [Row(number, level, part) for part in parts if part.length > SHORTEST_ROW]
    return rows


def _crosses(
    rows: list[Row],
    beside: list[tuple[int, int]],
    style: Style,
    sway: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    rng: np.random.Generator,
) -> list[LineString]:
    """Streets that join neighbouring rows: at shared places in a grid, elsewhere each gap at its own."""
    offset = rng.uniform(0, style.cross_gap)
    chains: list[list[tuple[float, float]]] = []
    for one, other in beside:
        start = max(rows[one].line.bounds[0], rows[other].line.bounds[0])
        end = min(rows[one].line.bounds[2], rows[other].line.bounds[2])
        if end - start < 25:
            continue
        if style.aligned:
            first = np.ceil((start + 4 - offset) / style.cross_gap)
            places = offset + style.cross_gap * np.arange(first, (end - 4 - offset) / style.cross_gap)
            places = places if len(places) else np.array([(start + end) / 2])
        else:
            number = max(1, round((end - start) / style.cross_gap))
            places = start + (np.arange(number) + rng.uniform(0.2, 0.8, number)) * (end - start) / number
        for place in places:
            low = (float(place), float(rows[one].level + sway(place)))
            high = (float(place), float(rows[other].level + sway(place)))
            # A cross street that goes on where another ends is the same street.
            chain = next((chain for chain in chains if chain[-1] == low), None)
            if chain is None:
                chains.append([low, high])
            else:
                chain.append(high)
    return [LineString(chain) for chain in chains]


def _led_out(
    lines: list[LineString],
    share: float,
    around: Roads,
    rng: np.random.Generator,
    others: list[LineString] | None = None,
) -> set[tuple[int, int]]:
    """Lead a share of the ends, and at least one where it can be, out to the roads; answers which."""
    ends = [(number, end) for number in range(len(lines)) for end in (0, -1)]
    rng.shuffle(ends)
    joined: set[tuple[int, int]] = set()
    for (number, end), wanted in zip(ends, rng.random(len(ends)) < share, strict=True):
        if wanted or not joined:
            longer = around.way_out(lines[number], end, lines + (others or []))
            if longer is not None:
                lines[number] = longer
                joined.add((number, end))
    return joined


def _led_round(
    lines: list[LineString],
    beside: list[tuple[int, int]],
    joined: set[tuple[int, int]],
    room: Polygon,
    rng: np.random.Generator,
) -> None:
    """Lead some neighbouring free ends round into one another."""
    taken = set(joined)
    ground = room.buffer(22)
    for one, other in beside:
        for end in (0, -1):
            if {(one, end), (other, end)} & taken or rng.random() > LOOPS:
                continue
            tips = np.array([lines[one].coords[end], lines[other].coords[end]])
            before = np.array(
                [lines[one].coords[1 if end == 0 else -2], lines[other].coords[1 if end == 0 else -2]]
            )
            apart = np.hypot(*(tips[1] - tips[0]))
            if apart > 190:
                continue
            ahead = (tips - before).sum(axis=0)
            bulge = tips.mean(axis=0) + ahead / np.hypot(*ahead) * 0.7 * apart
            t = np.linspace(0, 1, 9)[1:, None]
            bow = (1 - t) ** 2 * tips[0] + 2 * t * (1 - t) * bulge + t**2 * tips[1]
            if not ground.contains(LineString(bow)):
                continue
            points = np.array(lines[one].coords)
            lines[one] = LineString(np.vstack([points, bow]) if end == -1 else np.vstack([bow[::-1], points]))
            taken |= {(one, end), (other, end)}
