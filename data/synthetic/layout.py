"""The hand-drawn part of the town: what a person would sketch first.

A square with a small grid around it, roads that lead out with bends, rings and a bypass between them, a
lake, a campus, a railway and creeks. Everything is in metres east and north of the square; bearings are
degrees clockwise from north. A smooth random bend, drawn from the seed, makes each town its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import shapely
import shapely.affinity
import shapely.ops
from scipy.interpolate import CubicSpline
from shapely.geometry import LineString, Point, Polygon

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

GRID_ANGLE = -9.0  # degrees the old grid is turned, counter-clockwise
SQUARE_HALF = 42.0  # metres from the middle of the square to its streets

# Roads that lead out of town: name, kind, then (bearing, metres from the square), the first on the grid's edge.
RADIALS: tuple[tuple[str, str, tuple[tuple[float, float], ...]], ...] = (
    (
        "Harlan Mill Road",
        "arterial",
        ((9, 0), (4, 900), (12, 1500), (6, 2200), (-4, 3000), (2, 3900), (-3, 6000)),
    ),
    ("Stillwater Road", "arterial", ((52, 0), (50, 1000), (58, 1700), (51, 2500), (58, 3400), (61, 6200))),
    ("Piedmont Highway", "arterial", ((99, 0), (96, 1000), (102, 1700), (96, 2500), (99, 3400), (95, 6200))),
    ("Concord Road", "arterial", ((141, 0), (146, 900), (139, 1600), (149, 2400), (143, 3300), (146, 6200))),
    (
        "Sumner Boulevard",
        "arterial",
        ((189, 0), (187, 900), (180, 1700), (184, 2600), (190, 3500), (186, 6200)),
    ),
    (
        "Old Ferry Road",
        "arterial",
        ((227, 0), (233, 950), (225, 1600), (230, 2400), (223, 3300), (226, 6200)),
    ),
    (
        "Seminary Avenue",
        "arterial",
        ((279, 0), (281, 900), (274, 1700), (281, 2500), (275, 3500), (279, 6400)),
    ),
    ("Antioch Road", "arterial", ((325, 0), (320, 900), (330, 1600), (322, 2500), (331, 3300), (326, 6200))),
)

# Lesser roads that start on a ring and lead outwards.
SPURS: tuple[tuple[str, tuple[tuple[float, float], ...]], ...] = (
    ("Fenwick Road", ((37, 1180), (36, 1700), (30, 2300), (33, 2900), (24, 3600), (27, 6000))),
    ("Beulah Road", ((120, 1250), (117, 1800), (124, 2400), (116, 3100), (120, 3800), (114, 6000))),
    ("Hollis Bridge Road", ((164, 1150), (168, 1700), (160, 2300), (167, 2900), (162, 3600), (166, 6000))),
    ("Tannery Road", ((206, 1250), (209, 1800), (201, 2300), (206, 2900), (204, 3500), (208, 6000))),
    ("Wade Chapel Road", ((252, 1900), (255, 2400), (247, 2950), (252, 3600), (249, 6000))),
    ("Longview Road", ((301, 1200), (297, 1700), (305, 2300), (298, 2900), (303, 3600), (300, 6200))),
    ("Pruitt Road", ((345, 1250), (349, 1800), (342, 2400), (348, 3000), (341, 3700), (345, 6000))),
    ("Dunmore Road", ((77, 1250), (73, 1900), (80, 2500), (75, 3200), (80, 4000), (77, 6200))),
)

# Rings: name, kind, (bearing, metres) from a road on one side to a road on the other.
RINGS: tuple[tuple[str, str, tuple[tuple[float, float], ...]], ...] = (
    ("North Circle Drive", "collector", ((-40, 1150), (-18, 1290), (6, 1180), (28, 1270), (54, 1100))),
    ("East Circle Drive", "collector", ((54, 1100), (76, 1290), (98, 1180), (122, 1300), (142, 1160))),
    ("South Circle Drive", "collector", ((142, 1160), (166, 1080), (186, 1180), (208, 1270), (231, 1130))),
    ("Campus Drive", "collector", ((231, 820), (243, 760), (257, 800), (270, 740), (281, 800))),
    ("West Circle Drive", "collector", ((278, 1280), (300, 1170), (322, 1220))),
    ("Founders Road", "collector", ((227, 1900), (240, 1990), (254, 1880), (266, 1960), (277, 1870))),
    ("Academy Road", "collector", ((277, 1980), (290, 2080), (304, 1990), (316, 2120), (327, 2010))),
    ("Pinecrest Road", "collector", ((327, 1900), (338, 2000), (352, 1880), (367, 1950))),
    ("Ridgeway Drive", "collector", ((55, 2050), (66, 2180), (80, 2050), (98, 2160))),
    ("Foundry Road", "collector", ((98, 1960), (110, 2060), (124, 1950), (144, 2080))),
    ("Meadow Road", "collector", ((145, 1980), (158, 2080), (170, 1960), (182, 2050))),
    ("Hatcher Road", "collector", ((182, 1880), (195, 1990), (209, 1870), (226, 1980))),
    ("Quarry Road", "collector", ((97, 2950), (112, 3060), (128, 2920), (145, 3060))),
    ("Fairground Road", "collector", ((57, 3150), (70, 3060), (84, 3200), (98, 3080))),
    (
        "Veterans Parkway",
        "highway",
        (
            (56, 2950), (42, 2780), (26, 2820), (10, 2660), (-6, 2740), (-22, 2640), (-38, 2760), (-56, 2700),
            (-74, 2850), (-92, 2790), (-110, 2860), (-128, 2760), (-146, 2860), (-164, 2780), (-180, 2900),
            (-198, 2840), (-216, 2960),
        ),
    ),
)  # fmt: skip

#: Roads with shops and car parks along them: name, from and to, metres from the square.
STRIPS = (("Sumner Boulevard", 1000, 3900), ("Piedmont Highway", 1500, 2700))

#: The corners of the campus, clockwise from where its east gate is.
CAMPUS = ((231, 820), (227, 1900), (240, 1990), (254, 1880), (266, 1960), (277, 1870), (274, 1700), (281, 800), (270, 740), (257, 800), (243, 760))  # fmt: skip

CREEKS: tuple[tuple[tuple[float, float], ...], ...] = (
    ((342, 5800), (338, 3500), (350, 2500), (16, 2150), (30, 1900), (40, 1500), (66, 1450), (84, 1900), (108, 2600), (104, 5800)),
    ((262, 5800), (264, 3300), (244, 2500), (240, 1450), (214, 1500), (196, 2200), (172, 2600), (174, 5800)),
    ((300, 5800), (312, 3000), (290, 2300), (291, 1500), (312, 1000), (335, 1500), (340, 2600), (338, 3500)),
    ((132, 5800), (134, 3200), (131, 2300), (160, 1500), (164, 2600), (173, 3300)),
    ((18, 5800), (14, 3400), (352, 2960), (343, 2300), (330, 1900), (305, 1500), (291, 1500)),
    ((70, 5800), (68, 3500), (62, 2600), (73, 2300), (79, 1700), (70, 1430)),
    ((240, 5800), (238, 3300), (233, 2600), (218, 2250), (204, 2000), (196, 2200)),
    ((206, 5800), (200, 3300), (192, 2600), (178, 2500), (172, 2600)),
    ((116, 5800), (122, 3500), (112, 3300), (106, 2600), (108, 2600)),
)  # fmt: skip

#: The streets of the old grid, from west to east and from south to north.
GRID_COLUMNS = (
    "Cotton",
    "Bradford",
    "Chestnut",
    "Calhoun",
    "Court",
    "Jefferson",
    "Walnut",
    "Spring",
    "Depot",
)
GRID_ROWS = ("Granite", "Church", "Mill", "Wilkes", "Main", "Center", "Mercer", "Presley", "Hill")

#: Power lines run straight from mast to mast.
POWER_LINES: tuple[tuple[tuple[float, float], ...], ...] = (
    ((292, 5900), (306, 2600), (340, 1750), (58, 2350), (64, 5900)),
    ((262, 5900), (236, 1650), (190, 1550), (140, 1700), (118, 2500), (110, 5900)),
)

RAILWAY: tuple[tuple[float, float], ...] = (
    (30, 6500), (47, 3300), (66, 2000), (80, 1000), (112, 620), (160, 700), (196, 1250), (212, 2300), (216, 3400), (214, 6500),
)  # fmt: skip


Bend: TypeAlias = "Callable[[NDArray[np.float64]], NDArray[np.float64]]"


@dataclass
class Line:
    """One named street, from its lowest house number to its highest."""

    name: str
    kind: str  # highway, arterial, collector, local
    zone: str  # what is built along it; see buildings.ZONES
    geometry: LineString


@dataclass
class Layout:
    """The skeleton of the town that everything else fills."""

    outline: Polygon
    lines: list[Line]
    lake: Polygon
    park: Polygon
    campus: Polygon
    strip: shapely.Geometry  # the roads with shops and car parks along them
    cuts: list[LineString] = field(default_factory=list)  # railway, creeks, power lines: they part blocks


def draw(rng: np.random.Generator) -> Layout:
    """The skeleton of one town."""
    bend = _bend(rng)
    grid = _grid(rng)
    grid_nodes = shapely.get_coordinates(shapely.union_all([line.geometry for line in grid]))
    lines = list(grid)
    for name, kind, bends in RADIALS:
        # A road out of town starts at the grid's outermost crossing in its direction.
        away = _polar(*bends[0][:1], 1.0)
        along = grid_nodes @ away - 0.9 * np.abs(grid_nodes @ np.array([-away[1], away[0]]))
        start = grid_nodes[np.argmax(along)]
        points = np.vstack([start, bend(_polar_points(bends[1:]))])
        lines.append(Line(name, kind, "arterial", curve(points)))
    outline = _outline(rng)
    for name, kind, bends in (*RINGS, *((name, "collector", bends) for name, bends in SPURS)):
        others = shapely.union_all([line.geometry for line in lines])
        course = _joined(curve(bend(_polar_points(bends))), others, outline)
        lines.append(Line(name, kind, "bypass" if kind == "highway" else "collector", course))
    lake = _blob(bend(_polar_points(((21, 1980),)))[0], 330, 190, 25, rng)
    shore = LineString(lake.buffer(45).simplify(1).exterior.coords)
    others = shapely.union_all([line.geometry for line in lines])
    lines.append(Line("Lakeshore Drive", "local", "park", shore))
    lines.append(Line("Boathouse Road", "local", "park", LineString(shapely.shortest_line(others, shore))))
    lines += (campus := _campus(bend, lines))[1]
    strip = shapely.union_all(
        [
            line.geometry.intersection(Point(0, 0).buffer(end) - Point(0, 0).buffer(start))
            for line in lines
            for name, start, end in STRIPS
            if line.name == name
        ]
    )
    return Layout(
        outline=outline,
        lines=lines,
        lake=lake,
        park=lake.buffer(240),
        campus=campus[0],
        strip=strip,
        cuts=[
            *(curve(bend(_polar_points(bends))) for bends in (*CREEKS, RAILWAY)),
            *(LineString(_polar_points(masts)) for masts in POWER_LINES),
        ],
    )


def curve(points: NDArray[np.float64], step: float = 28.0) -> LineString:
    """A smooth line through the points, with a vertex every `step` metres."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    spline = CubicSpline(along, points)
    return LineString(spline(np.linspace(0, along[-1], max(3, int(along[-1] / step)))))


def _joined(line: LineString, others: shapely.Geometry, outline: Polygon, reach: float = 420.0) -> LineString:
    """The line cut, or led on, so that both its ends lie on another road; an end beyond the limits stays."""
    for _ in range(2):
        line = shapely.reverse(line)
        tip = shapely.get_point(line, 0)
        if not outline.contains(tip):
            continue
        met = shapely.get_coordinates(line.intersection(others))
        along = np.sort(shapely.line_locate_point(line, shapely.points(met))) if len(met) else np.empty(0)
        if len(along) and along[0] < reach:
            line = shapely.ops.substring(line, along[0], line.length)
        elif tip.distance(others) < reach:
            foot = shapely.shortest_line(tip, others).coords[1]
            points = np.array([foot, *line.coords[3:-2:4], line.coords[-1]])
            line = curve(points)
    return line


def _polar(bearing: float, metres: float) -> NDArray[np.float64]:
    return metres * np.array([np.sin(np.radians(bearing)), np.cos(np.radians(bearing))])


def _polar_points(bends: tuple[tuple[float, float], ...]) -> NDArray[np.float64]:
    return np.array([_polar(*bend) for bend in bends])


def _bend(rng: np.random.Generator) -> Bend:
    """A smooth displacement of the plane, none at the square and at most some hundred metres away from it."""
    waves = rng.uniform(1800, 3600, 6)
    turns = rng.uniform(0, 2 * np.pi, 6)
    phases = rng.uniform(0, 2 * np.pi, (6, 2))
    size = rng.uniform(25, 60, (6, 2))

    def displaced(points: NDArray[np.float64]) -> NDArray[np.float64]:
        along = points @ np.array([np.cos(turns), np.sin(turns)])
        shift = (np.sin(2 * np.pi * along / waves)[:, :, None] * np.cos(phases) + np.cos(2 * np.pi * along / waves)[:, :, None] * np.sin(phases)) * size  # fmt: skip
        taper = np.clip((np.hypot(*points.T) - 550) / 900, 0, 1)[:, None]
        return points + taper * shift.sum(axis=1)

    return displaced


def _campus(bend: Bend, lines: list[Line]) -> tuple[Polygon, list[Line]]:
    """The campus and its streets: an oval drive, a quadrangle within it, and drives to the roads around."""
    ground = Polygon(bend(_polar_points(CAMPUS))).buffer(0)
    around = shapely.union_all([line.geometry for line in lines])
    centre = np.array(ground.centroid.coords[0])
    # The oval begins where a drive meets it, so that its house numbers do.
    turn = np.radians(np.linspace(10, 370, 73))
    oval = centre + np.column_stack([390 * np.cos(turn), 300 * np.sin(turn)])
    oval[-1] = oval[0]
    quadrangle = centre + np.array([(-150, -85), (-150, 85), (150, 85), (150, -85), (-150, -85)])
    ways = [
        Line("University Drive", "local", "campus", LineString(oval)),
        Line("Quadrangle", "local", "campus", LineString(quadrangle)),
    ]
    names = (
        "Scholars Way",
        "Alumni Drive",
        "Library Drive",
        "Chancellor Drive",
        "Stadium Drive",
        "Faculty Drive",
    )
    for name, degrees in zip(names, (10, 75, 130, 190, 250, 310), strict=True):
        start = oval[np.argmin(np.abs(np.degrees(turn) - degrees))]
        way = np.array(shapely.shortest_line(Point(start), around).coords)
        ways.append(Line(name, "local", "campus", LineString(way)))
    for name, degrees, corner in (("Scholars Way", 10, 3), ("Chancellor Drive", 190, 1)):
        ends = [
            oval[np.argmin(np.abs(np.degrees(turn) - degrees))],
            (quadrangle[corner] + quadrangle[corner - 1]) / 2,
        ]
        ways.append(Line(f"Upper {name}", "local", "campus", LineString(ends)))
    return ground, ways


def _grid(rng: np.random.Generator) -> list[Line]:
    """The old centre: the streets between the cells of an irregular patch of a turned grid."""
    columns = np.cumsum(rng.uniform(88, 112, 9))
    rows = np.cumsum(rng.uniform(84, 104, 9))
    columns, rows = columns - columns[4], rows - rows[4]
    middle_x, middle_y = (columns[:-1] + columns[1:]) / 2, (rows[:-1] + rows[1:]) / 2
    inside = np.hypot(middle_x[:, None] / 400, middle_y[None, :] / 360) + rng.normal(0, 0.07, (8, 8)) < 1.0
    inside[2:6, 2:6] = True
    upright = np.zeros((9, 8), bool)  # the edge from crossing (i, j) to (i, j + 1)
    upright[:-1] |= inside
    upright[1:] |= inside
    level = np.zeros((8, 9), bool)
    level[:, :-1] |= inside
    level[:, 1:] |= inside
    pieces = []
    for side, outwards in (("North", slice(4, None)), ("South", slice(3, None, -1))):
        marks = rows[4:] if side == "North" else rows[4::-1]
        for number, name in enumerate(GRID_COLUMNS):
            ends = _stretch(upright[number, outwards], marks)
            pieces.append((f"{side} {name} Street", [(columns[number], y) for y in ends]))
    for side, outwards in (("East", slice(4, None)), ("West", slice(3, None, -1))):
        marks = columns[4:] if side == "East" else columns[4::-1]
        for number, name in enumerate(GRID_ROWS):
            ends = _stretch(level[outwards, number], marks)
            pieces.append((f"{side} {name} Street", [(x, rows[number]) for x in ends]))
    half = SQUARE_HALF
    square = np.array([(-half, -half), (-half, half), (half, half), (half, -half), (-half, -half)])
    angle = np.radians(GRID_ANGLE)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    green = Polygon(square)
    lines = [Line("Courthouse Square", "local", "centre", LineString(square @ turn))]
    for name, points in pieces:
        street = LineString(points).difference(green) if points else LineString()
        if not street.is_empty:
            kind = "collector" if " Main " in name or " Court " in name else "local"
            lines.append(Line(name, kind, "centre", LineString(shapely.get_coordinates(street) @ turn)))
    return lines


def _stretch(open_edges: NDArray[np.bool_], marks: NDArray[np.float64]) -> NDArray[np.float64]:
    """The marks along the first unbroken run of open edges; edge i lies between marks i and i + 1."""
    found = np.flatnonzero(open_edges)
    if not len(found):
        return marks[:0]
    closed = np.flatnonzero(~open_edges[found[0] :])
    length = closed[0] if len(closed) else len(open_edges) - found[0]
    return marks[found[0] : found[0] + length + 1]


def _blob(
    middle: NDArray[np.float64], half_length: float, half_width: float, turn: float, rng: np.random.Generator
) -> Polygon:
    """A rounded irregular shape such as a lake."""
    angles = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    swell = 1 + sum(rng.uniform(0.04, 0.13) * np.sin(k * angles + rng.uniform(0, 6.3)) for k in (2, 3, 4, 5))
    points = (
        np.column_stack([half_length * np.cos(angles), half_width * np.sin(angles)])
        * np.asarray(swell)[:, None]
    )
    return shapely.affinity.translate(shapely.affinity.rotate(Polygon(points), turn, origin=(0, 0)), *middle)


def _outline(rng: np.random.Generator) -> Polygon:
    """The city limits: a ragged rounded shape, longer where main roads lead out."""
    angles = np.linspace(0, 2 * np.pi, 54, endpoint=False)
    radius = 3750 + sum(rng.uniform(60, 200) * np.sin(k * angles + rng.uniform(0, 6.3)) for k in (2, 3, 5, 7))
    radius = radius + rng.normal(0, 70, len(angles))
    for _, _, bends in RADIALS:
        towards = np.radians(bends[-2][0])
        apart = np.abs((angles - towards + np.pi) % (2 * np.pi) - np.pi)
        radius = radius + rng.uniform(150, 650) * np.exp(-((apart / 0.16) ** 2))
    return Polygon(np.column_stack([1.12 * radius * np.sin(angles), 0.98 * radius * np.cos(angles)]))
