"""Where a place is: the words people use for it, turned into a point with the city's own streets and houses.

Everything here is public map data; no camera is read.
"""

from __future__ import annotations

import difflib
import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
import sqlalchemy as sa
from numpy.typing import NDArray
from pyproj import Transformer

from data import records, schema
from data.errors import PorchlightError
from data.store import Store, default_store
from workflow import city_map

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

WORDS_MAX = 200
KERB_M = 8.0  # from the middle of a street to the house side of it
MEETING_M = 25.0  # streets whose lines end this near to each other meet: drawn lines often miss
SAME_PLACE_M = 40.0  # answers nearer to each other than this are one place
PLACES_MAX = 8

DIRECTIONS = {
    "NORTH": "N", "SOUTH": "S", "EAST": "E", "WEST": "W",
    "NORTHEAST": "NE", "NORTHWEST": "NW", "SOUTHEAST": "SE", "SOUTHWEST": "SW",
}  # fmt: skip
TYPES = {
    "STREET": "ST", "STR": "ST", "SAINT": "ST", "AVENUE": "AVE", "AV": "AVE", "AVEN": "AVE", "ROAD": "RD",
    "DRIVE": "DR", "LANE": "LN", "COURT": "CT", "CIRCLE": "CIR", "PLACE": "PL", "BOULEVARD": "BLVD",
    "BOUL": "BLVD", "HIGHWAY": "HWY", "PARKWAY": "PKWY", "PKY": "PKWY", "TERRACE": "TER", "TERR": "TER",
    "SQUARE": "SQ", "TRAIL": "TRL", "ALLEY": "ALY", "EXTENSION": "EXT", "WAY": "WAY", "EXPRESSWAY": "EXPY",
    "CROSSING": "XING", "POINT": "PT", "HEIGHTS": "HTS", "PLAZA": "PLZ", "RIDGE": "RDG",
}  # fmt: skip
OTHER_WORDS = {
    "MOUNT": "MT", "FORT": "FT", "JUNIOR": "JR", "DOCTOR": "DR", "FIRST": "1ST", "SECOND": "2ND",
    "THIRD": "3RD", "FOURTH": "4TH", "FIFTH": "5TH", "SIXTH": "6TH", "SEVENTH": "7TH", "EIGHTH": "8TH",
    "NINTH": "9TH", "TENTH": "10TH", "ELEVENTH": "11TH", "TWELFTH": "12TH",
}  # fmt: skip
SHORT = OTHER_WORDS | TYPES | DIRECTIONS
DIRECTION_WORDS = frozenset(DIRECTIONS.values())
TYPE_WORDS = frozenset(TYPES.values())

NUMBER = re.compile(r"(-?\d{1,3}(?:\.\d+)?)\s*°?\s*([NSEW]?)", re.IGNORECASE)
COORDINATES = re.compile(rf"{NUMBER.pattern}\s*[,;\s]\s*{NUMBER.pattern}", re.IGNORECASE)
AND = re.compile(r"\s*[&@/+]\s*|\s+(?:and|at)\s+", re.IGNORECASE)
CORNER = re.compile(r"^(?:the\s+)?(?:corner|intersection)\s+of\s+", re.IGNORECASE)
BLOCK = re.compile(r"^(\d+\s+(?:BLOCK|BLK)|\d*XX(?:\s+(?:BLOCK|BLK))?)\s+(?:OF\s+)?(.+)$", re.IGNORECASE)
HOUSE = re.compile(r"^(\d{1,6})(?:-\d+)?[A-Z]?(?:\s+1/2)?\s+(.+)$", re.IGNORECASE)
UNIT = re.compile(
    r"\s+(?:(?:APT|APARTMENT|UNIT|SUITE|STE|FLOOR|FL|LOT|ROOM|RM)\.?\s*#?|#\s*)(?:\d[\w-]*|[A-Z])$",
    re.IGNORECASE,
)

LINE_COLUMNS = [schema.street.c[name] for name in ("name", "left_from", "left_to", "right_from", "right_to")]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Place:
    """A point, and the words that stand for it."""

    words: str
    lon: float
    lat: float
    kind: str  # coordinates, intersection, address, block


class PlaceNotFound(PorchlightError):
    """No such place in this city; `suggestions` are words that would be found."""

    def __init__(self, message: str, suggestions: Iterable[str] = ()) -> None:
        self.suggestions = tuple(suggestions)
        did_you_mean = f" Did you mean {_either(self.suggestions)}?" if self.suggestions else ""
        super().__init__(message + did_you_mean)


def find(words: str, *, store: Store | None = None) -> list[Place]:
    """The places these words may mean, the likeliest first; never none.

    Understands coordinates ("33.58, -85.08", latitude first as people write it), an intersection
    ("Maple St & Oak Ave"), a hundred block ("1200 BLOCK OF MAPLE ST", "012XX MAPLE ST") and a house
    ("1200 Maple St"). Coordinates are taken as they are, wherever on earth they lie.

    A house is put where its building meets the street if a building has the address. Otherwise its
    number is interpolated along the street's line between the numbers at its ends, on the side whose
    numbers are even or odd as it is, `KERB_M` from the middle.

    Raises `PlaceNotFound`, with what may have been meant.
    """
    text = " ".join(words.split())
    if not text or len(text) > WORDS_MAX:
        raise PlaceNotFound("Type an address, such as 12 Maple St, or the two streets of a corner.")
    store = store or default_store()
    records.city(store)  # says what to do where none is loaded
    point = _coordinates(text, store)
    if point is not None:
        return [point]
    parts = AND.split(CORNER.sub("", text))
    if len(parts) == 2 and all(parts) and not re.match(r"\d+ 1/2 ", text):
        return _corner(store, parts[0], parts[1])
    line = UNIT.sub("", text.split(",", maxsplit=1)[0])
    if block := BLOCK.match(line):
        number = re.sub(r"(?i)XX.*|\s.*", lambda found: "00" if found[0][0] in "xX" else "", block[1])
        return _block(store, int(number) // 100 * 100, block[2])
    if house := HOUSE.match(line):
        return _house(store, int(house[1]), house[2])
    names = _named(_names(store), line)
    example = names[0] if names else "Maple St"
    raise PlaceNotFound(
        f"'{text}' is not enough to find one place: add a house number (12 {example}) or a second street "
        f"({example} & Oak Ave).",
        () if names else _alike(_names(store), line),
    )


def on_street(street_id: int, *, store: Store | None = None) -> Place:
    """The middle of one piece of street, such as somebody chose on the map; `PlaceNotFound` if there is none."""
    store = store or default_store()
    street = schema.street
    lines = _frame(store, sa.select(*LINE_COLUMNS, street.c.geometry).where(street.c.id == street_id))
    if lines.empty:
        raise PlaceNotFound("This street is no longer on the map. Choose another one.")
    low, _ = _ranges(lines)
    name = lines["name"].iloc[0] or "A street without a name"
    words = name if np.isnan(low[0]) else f"{low[0] // 100 * 100:.0f} block of {name}"
    middle = shapely.line_interpolate_point(_in_metres(lines["geometry"], store), 0.5, normalized=True)
    return _answer([(words, middle[0])], "block", store)[0]


def suggestions(words: str, limit: int = 5, *, store: Store | None = None) -> list[str]:
    """What somebody who has typed so far may want to write: streets of the city, with the house number kept.

    The last street of an intersection is completed. Nothing typed, or coordinates, give no suggestion.
    """
    text = " ".join(words.split())[:WORDS_MAX]
    store = store or default_store()
    if not text or COORDINATES.fullmatch(text):
        return []
    before, typed = "", text
    if separators := list(AND.finditer(text)):
        before, typed = text[: separators[-1].start()] + " & ", text[separators[-1].end() :]
    elif number := re.match(r"\d+\s+(?=\D)", text):
        before, typed = number[0], text[number.end() :]
    wanted = normal(typed)
    if not wanted:
        return []
    names = _names(store)
    starting = [name for name in names if _starts(normal(name), wanted)]
    found = sorted(starting, key=lambda name: (len(normal(name)), name)) or _alike(names, typed)
    return [before + name for name in found[:limit]]


def surroundings(
    lon: float, lat: float, radius_m: float = 60.0, *, store: Store | None = None
) -> dict[str, list[Any]]:
    """Streets and buildings around a point, to draw: metres east and north of it, in the city's CRS.

    ``streets``: a list of {"name": str, "line": [[x, y], ...]}, cut at the square of `radius_m` around
    the point. ``buildings``: a list of outlines [[x, y], ...] of all that reach into it, whole.
    """
    store = store or default_store()
    x, y = _projection(records.city(store).crs)[0].transform(lon, lat)
    square = (x - radius_m, y - radius_m, x + radius_m, y + radius_m)
    names, lines, tree = _street_lines(store, city_map.map_version(store=store))
    near = np.sort(tree.query(shapely.box(*square)))
    streets = [
        {"name": names[position] or "", "line": _from_point(part, x, y)}
        for position, line in zip(near, shapely.clip_by_rect(lines[near], *square), strict=True)
        for part in shapely.get_parts(line)
        if part.geom_type == "LineString" and not part.is_empty
    ]
    outlines = [
        _from_point(part.exterior, x, y)
        for building in city_map.footprints(store=store).near(x, y, radius_m)
        for part in shapely.get_parts(building)
    ]
    return {"streets": streets, "buildings": outlines}


def moved(
    lon: float, lat: float, east_m: float, north_m: float, *, store: Store | None = None
) -> tuple[float, float]:
    """Longitude and latitude of the point so many metres east and north, in the city's CRS, of another."""
    to_metres, to_degrees = _projection(records.city(store or default_store()).crs)
    x, y = to_metres.transform(lon, lat)
    return to_degrees.transform(x + east_m, y + north_m)


@functools.lru_cache(maxsize=65536)
def normal(name: str) -> str:
    """A street's name as it is compared: capitals, no punctuation, the short forms of common words.

    >>> normal("North Saint Paul Street"), normal("n. st. paul st")
    ('N ST PAUL ST', 'N ST PAUL ST')
    """
    letters = re.sub(r"[^\w\s]", "", re.sub(r"[-_]", " ", name.upper()))
    return " ".join(SHORT.get(word, word) for word in letters.split())


def _coordinates(text: str, store: Store) -> Place | None:
    match = COORDINATES.fullmatch(text)
    if match is None or "." not in text:
        return None
    values = [
        -abs(float(number)) if hemisphere.upper() in ("S", "W") and hemisphere else float(number)
        for number, hemisphere in (match.group(1, 2), match.group(3, 4))
    ]
    # Latitude comes first, as maps show it; the other order is taken where only that one is in town.
    west, south, east, north = city_map.bounds(store=store)
    lat, lon = values
    swapped = west <= lat <= east and south <= lon <= north
    if match[2].upper() in ("E", "W") or swapped or abs(lat) > 90:
        lat, lon = lon, lat
    if abs(lat) > 90 or abs(lon) > 180:
        raise PlaceNotFound(
            f"'{text}' is no place on earth: write latitude, longitude, such as 33.58, -85.08."
        )
    return Place(f"{lat:.5f}, {lon:.5f}", lon, lat, "coordinates")


def _corner(store: Store, first: str, second: str) -> list[Place]:
    """Where two streets meet."""
    names = _names(store)
    one, other = (_named(names, _street_of(part)) for part in (first, second))
    for asked, found, rest in ((first, one, second), (second, other, first)):
        if not found:
            alike = [f"{name} & {rest}" for name in _alike(names, asked)]
            raise PlaceNotFound(f"There is no street '{asked}' here.", alike)
    lines = _lines(store, {*one, *other})
    lines["shape"] = _in_metres(lines["geometry"], store)
    places: list[tuple[str, shapely.Point]] = []
    for left in one:
        ours = shapely.union_all(lines.loc[lines["name"] == left, "shape"].to_numpy())
        for right in other:
            theirs = shapely.union_all(lines.loc[lines["name"] == right, "shape"].to_numpy())
            if left != right:
                places += [(f"{left} & {right}", point) for point in _meetings(ours, theirs)]
    if not places:
        raise PlaceNotFound(f"{one[0]} and {other[0]} do not meet. Use a house number instead: 12 {one[0]}.")
    return _answer(places, "intersection", store)


def _meetings(one: shapely.Geometry, other: shapely.Geometry) -> list[shapely.Point]:
    """Points where two streets cross; where their drawn lines only come near, the middle between them."""
    crossing = shapely.intersection(one, other)
    if not crossing.is_empty:
        return [part.centroid for part in shapely.get_parts(crossing)]
    gap = shapely.shortest_line(one, other)
    return [gap.centroid] if gap.length <= MEETING_M else []


def _block(store: Store, hundred: int, street: str) -> list[Place]:
    """The middle of a hundred block."""
    names = _names(store)
    found = _required(names, street, f"{hundred} block of ")
    lines = _lines(store, found)
    low, high = _ranges(lines)
    inside = lines[(low <= hundred + 99) & (high >= hundred)]
    if inside.empty:
        raise _no_number(lines, f"{found[0]} has no {hundred} block", low, high)
    shapes = _in_metres(inside["geometry"], store)
    middles = shapely.line_interpolate_point(shapes, 0.5, normalized=True)
    # A block of several pieces stands for itself in its middle piece.
    longest = np.argsort(-shapely.length(shapes), kind="stable")
    names_of = inside["name"].to_numpy()
    return _answer(
        [(f"{hundred} block of {names_of[i]}", middles[i]) for i in longest], "block", store, 150.0
    )


def _house(store: Store, number: int, street: str) -> list[Place]:
    """A house, by its building or by its number along the street."""
    names = _names(store)
    found = _required(names, street, f"{number} ")
    lines = _lines(store, found)
    buildings = _buildings(store, number, {normal(name) for name in found})
    if not buildings.empty:
        return _answer(_at_the_street(buildings, lines, store), "address", store)
    low, high = _ranges(lines)
    places = _along(lines, number, store, exact=True) or _along(lines, number, store, exact=False)
    if not places:
        raise _no_number(lines, f"There is no house number {number} on {found[0]}", low, high)
    return _answer([(f"{number} {name}", point) for name, point in places], "address", store)


def _at_the_street(
    buildings: pd.DataFrame, lines: pd.DataFrame, store: Store
) -> list[tuple[str, shapely.Point]]:
    """For each building the point of its outline that one meets on the shortest way from its street to its middle."""
    street = shapely.union_all(_in_metres(lines["geometry"], store))
    shapes = _in_metres(buildings["geometry"], store)
    outlines = shapely.boundary(shapes)
    ways = shapely.shortest_line(shapely.point_on_surface(shapes), street)
    fronts = shapely.get_point(shapely.shortest_line(shapely.intersection(outlines, ways), street), 0)
    return list(zip(buildings["address"], fronts, strict=True))


def _along(lines: pd.DataFrame, number: int, store: Store, *, exact: bool) -> list[tuple[str, shapely.Point]]:
    """Where a house number falls on the lines whose ranges hold it.

    Not `exact`: on the nearest end of the ranges of the same hundred, for numbers the map lacks.
    """
    found: list[tuple[bool, float, str, shapely.Point]] = []
    shapes = _in_metres(lines["geometry"], store)
    for shape, row in zip(shapes, lines.itertuples(), strict=True):
        for side, start, end in ((1, row.left_from, row.left_to), (-1, row.right_from, row.right_to)):
            if pd.isna(start) or pd.isna(end):
                continue
            low, high = sorted((int(start), int(end)))
            nearest = min(max(number, low), high)
            if nearest != number and (exact or nearest // 100 != number // 100):
                continue
            wrong_side = low % 2 == high % 2 != number % 2
            share = 0.5 if low == high else (nearest - start) / (end - start)
            found.append((wrong_side, abs(nearest - number), row.name, _beside(shape, share, side)))
    if not found:
        return []
    best = min((wrong, off) for wrong, off, _, _ in found)
    return [(name, point) for wrong, off, name, point in found if (wrong, off) == best]


def _beside(line: shapely.LineString, share: float, side: int) -> shapely.Point:
    """The point `share` along a line and `KERB_M` to its left (side 1) or right (-1), not in the crossings."""
    margin = min(KERB_M, line.length / 2)
    distance = min(max(share * line.length, margin), line.length - margin)
    here = shapely.get_coordinates(line.interpolate(distance))[0]
    ends = shapely.get_coordinates([line.interpolate(max(distance - 1, 0)), line.interpolate(distance + 1)])
    ahead = ends[1] - ends[0]
    ahead /= np.hypot(*ahead) or 1.0
    return shapely.Point(here + side * KERB_M * np.array([-ahead[1], ahead[0]]))


def _answer(
    places: list[tuple[str, shapely.Point]], kind: str, store: Store, apart_m: float = SAME_PLACE_M
) -> list[Place]:
    """Places in metres as they are answered: each once, at most `PLACES_MAX`."""
    kept: list[tuple[str, shapely.Point]] = []
    for words, point in places:
        if all(words != other or point.distance(there) > apart_m for other, there in kept):
            kept.append((words, point))
    kept = kept[:PLACES_MAX]
    to_degrees = _projection(records.city(store).crs)[1]
    said = [words for words, _ in kept]
    return [
        Place(
            words
            if said.count(words) == 1
            else f"{words} ({said[:position].count(words) + 1} of {said.count(words)})",
            *to_degrees.transform(point.x, point.y),
            kind,
        )
        for position, (words, point) in enumerate(kept)
    ]


def _names(store: Store) -> list[str]:
    """Every street name of the city, once."""
    name = schema.street.c.name
    with store.read() as connection:
        return list(
            connection.execute(sa.select(name).where(name.isnot(None)).distinct().order_by(name)).scalars()
        )


def _named(names: list[str], asked: str) -> list[str]:
    """The names that `asked` may mean: those that are the same, else those that only say more.

    "Charles" finds N CHARLES ST and S CHARLES ST; "Charles St" does not find CHARLES AVE.
    """
    wanted = normal(asked)
    if not wanted:
        return []
    same = [name for name in names if normal(name) == wanted]
    if same:
        return same
    words = set(wanted.split())
    return [
        name
        for name in names
        if _heart(normal(name)) == _heart(wanted) and words <= set(normal(name).split())
    ]


def _required(names: list[str], street: str, before: str) -> list[str]:
    found = _named(names, street)
    if not found:
        raise PlaceNotFound(
            f"There is no street '{street}' here.", [before + name for name in _alike(names, street)]
        )
    return found


@functools.lru_cache(maxsize=65536)
def _heart(normal_name: str) -> str:
    """A normal name without its direction and type.

    >>> _heart("N CHARLES ST"), _heart("MAIN ST NE"), _heart("W N AVE"), _heart("ST PAUL ST")
    ('CHARLES', 'MAIN', 'N', 'ST PAUL')
    """
    words = normal_name.split()
    if len(words) > 2 and words[-1] in DIRECTION_WORDS and words[-2] in TYPE_WORDS:
        words.pop()
    if len(words) > 1 and words[-1] in TYPE_WORDS:
        words.pop()
    return " ".join(words[1:] if len(words) > 1 and words[0] in DIRECTION_WORDS else words)


def _street_of(part: str) -> str:
    """The street in one half of an intersection: "100 Maple St" and "100 BLOCK MAPLE ST" are Maple St there."""
    line = UNIT.sub("", part.split(",", maxsplit=1)[0])
    block = BLOCK.match(line)
    return block[2] if block else line


def _starts(name: str, wanted: str) -> bool:
    return name.startswith(wanted) or _heart(name).startswith(wanted)


def _alike(names: list[str], asked: str, limit: int = 3) -> list[str]:
    """Names that are spelt much like `asked`, with or without its direction and type, or begin with it."""
    wanted = normal(asked)
    by_name = {normal(name): name for name in names}
    close = difflib.get_close_matches(wanted, by_name, limit, 0.75)
    by_heart: dict[str, list[str]] = {}
    for normal_name, name in by_name.items():
        by_heart.setdefault(_heart(normal_name), []).append(name)
    hearts = difflib.get_close_matches(_heart(wanted), by_heart, limit, 0.7)
    found = [by_name[name] for name in close] + [name for heart in hearts for name in by_heart[heart]]
    begun = [name for name in names if len(wanted) > 2 and _starts(normal(name), wanted)]
    return list(dict.fromkeys(found + begun))[:limit]


def _lines(store: Store, names: Iterable[str]) -> pd.DataFrame:
    street = schema.street
    statement = sa.select(*LINE_COLUMNS, street.c.geometry).where(street.c.name.in_(sorted(names)))
    return _frame(store, statement.order_by(street.c.id))


def _buildings(store: Store, number: int, streets: set[str]) -> pd.DataFrame:
    building = schema.building
    statement = sa.select(building.c.address, building.c.geometry).where(
        building.c.address.like(f"{number} %")
    )
    found = _frame(store, statement.order_by(building.c.id))
    return found[[normal(address.split(",")[0].split(" ", 1)[1]) in streets for address in found["address"]]]


def _frame(store: Store, statement: sa.Select[Any]) -> pd.DataFrame:
    with store.read() as connection:
        result = connection.execute(statement)
        return pd.DataFrame(result.all(), columns=list(result.keys()), dtype=object)


def _ranges(lines: pd.DataFrame) -> tuple[Floats, Floats]:
    """The lowest and the highest house number of each line, NaN where it has none."""
    numbers = lines[["left_from", "left_to", "right_from", "right_to"]].astype(float)
    return numbers.min(axis=1).to_numpy(), numbers.max(axis=1).to_numpy()


def _no_number(lines: pd.DataFrame, message: str, low: Floats, high: Floats) -> PlaceNotFound:
    name = lines["name"].iloc[0]
    if np.isnan(low).all():
        return PlaceNotFound(
            f"No house numbers are known for {name}. Use a corner instead: {name} & Oak Ave."
        )
    return PlaceNotFound(f"{message}: its numbers run from {np.nanmin(low):.0f} to {np.nanmax(high):.0f}.")


def _in_metres(geometry: pd.Series, store: Store) -> NDArray[np.object_]:
    """Shapes of a geometry column in the city's CRS; of those in several parts the largest part."""
    parts, whole = shapely.get_parts(shapely.from_wkb(geometry.to_numpy(object)), return_index=True)
    order = np.lexsort((-shapely.area(parts), -shapely.length(parts), whole))
    largest = order[np.unique(whole[order], return_index=True)[1]]
    return _project(parts[largest], _projection(records.city(store).crs)[0])


def _project(shapes: NDArray[np.object_], transformer: Transformer) -> NDArray[np.object_]:
    to: Callable[[Floats], Floats] = lambda points: np.column_stack(transformer.transform(*points.T))  # noqa: E731
    return np.atleast_1d(shapely.transform(shapes, to))


@functools.lru_cache(maxsize=4)
def _projection(crs: str) -> tuple[Transformer, Transformer]:
    """To the city's metres, and back to degrees."""
    return (
        Transformer.from_crs(records.WGS84, crs, always_xy=True),
        Transformer.from_crs(crs, records.WGS84, always_xy=True),
    )


@functools.lru_cache(maxsize=2)
def _street_lines(
    store: Store, _version: int
) -> tuple[NDArray[np.object_], NDArray[np.object_], shapely.STRtree]:
    """Names, lines in metres and an index over them; the version only makes a new load a new question."""
    frame = records.layer(store, "street")
    lines = _project(frame.geometry.to_numpy(), _projection(records.city(store).crs)[0])
    return frame["name"].to_numpy(object), lines, shapely.STRtree(lines)


def _from_point(line: shapely.Geometry, x: float, y: float) -> list[list[float]]:
    return np.round(shapely.get_coordinates(line) - (x, y), 2).tolist()


def _either(words: tuple[str, ...]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
