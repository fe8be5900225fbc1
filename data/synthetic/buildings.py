"""Buildings along the streets: set back from them, turned with them, clear of each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import shapely

from data.synthetic.blocks import containing
from data.synthetic.layout import STRIPS, Layout

if TYPE_CHECKING:
    from numpy.typing import NDArray

PEOPLE = 27_000
STREET_CLEAR = 7.0  # metres from a street's middle to any wall
SHARPEST = 1.6  # metres a street may bend within the 12 before a building: none stands in a sharp turn
CUT_CLEAR = 14.0  # from a creek or the railway


class Use(NamedTuple):
    """What stands on a lot; lengths in metres, as (least, most)."""

    land_use: str
    width: tuple[float, float]
    depth: tuple[float, float]
    setback: tuple[float, float]  # from the middle of the street to the front wall
    height: tuple[float, float]
    people: float  # who live there, a square metre of floor for apartments and dormitories, else a building
    angled: float  # the share that is no plain rectangle


USES = {
    "house": Use("residential", (12, 18), (9, 13), (15, 20), (4.2, 7.5), 2.6, 0.55),
    "cottage": Use("residential", (8.5, 12.5), (9, 14), (11.5, 15), (4.5, 7.5), 2.4, 0.35),
    "apartments": Use("residential", (34, 46), (13, 16), (17, 20), (8.5, 12), 0.019, 0.25),
    "shop": Use("commercial", (10.4, 11.2), (20, 32), (9.2, 9.8), (5.5, 11), 0.3, 0.1),
    "office": Use("commercial", (13, 22), (12, 22), (13, 18), (4.5, 9), 0, 0.3),
    "store": Use("commercial", (16, 36), (16, 28), (32, 44), (4.8, 6.5), 0, 0.25),
    "diner": Use("commercial", (14, 20), (12, 22), (24, 32), (4.5, 5.5), 0, 0.3),
    "fuel": Use("commercial", (16, 22), (11, 15), (30, 34), (4.2, 5), 0, 0.2),
    "big store": Use("commercial", (85, 130), (60, 90), (85, 110), (7, 9), 0, 0.4),
    "hall": Use("industrial", (55, 130), (40, 80), (40, 60), (7, 12), 0, 0.35),
    "workshop": Use("industrial", (22, 40), (16, 30), (24, 34), (5, 8), 0, 0.2),
    "college": Use("public", (45, 75), (18, 32), (24, 38), (9, 17), 0, 0.5),
    "dormitory": Use("residential", (50, 70), (14, 18), (22, 30), (11, 17), 0.022, 0.6),
    "church": Use("public", (14, 19), (26, 38), (20, 26), (8, 13), 0, 0.5),
    "school": Use("public", (85, 120), (45, 65), (60, 75), (5, 9), 0, 0.8),
    "civic": Use("public", (20, 34), (18, 30), (12, 16), (7, 12), 0, 0.4),
    "hospital": Use("public", (110, 130), (70, 85), (60, 70), (18, 24), 0, 1.0),
    "courthouse": Use("public", (26, 30), (24, 24), (30, 30), (14, 16), 0, 0.0),
    "shed": Use("other", (3, 6), (3, 5), (0, 0), (2.4, 3.2), 0, 0.0),
}


class Zone(NamedTuple):
    """How lots follow each other along a street."""

    frontage: float  # metres a lot
    corner: float  # metres kept free at each end of a segment
    built: float  # share of the lots that are built on
    uses: dict[str, float]
    sheds: float  # share of the buildings with a shed behind


ZONES = {
    "centre": Zone(11.3, 13, 0.88, {"shop": 0.86, "office": 0.08, "civic": 0.045, "church": 0.015}, 0),
    "old": Zone(20.5, 17, 0.93, {"cottage": 0.96, "house": 0.02, "office": 0.012, "church": 0.008}, 0.2),
    "mixed": Zone(
        26, 18, 0.9, {"cottage": 0.4, "office": 0.45, "fuel": 0.05, "church": 0.06, "civic": 0.04}, 0.05
    ),
    "suburb": Zone(27.5, 20, 0.95, {"house": 0.997, "church": 0.003}, 0.13),
    "apartments": Zone(56, 26, 0.97, {"apartments": 1.0}, 0),
    "campus": Zone(96, 40, 0.92, {"college": 0.7, "dormitory": 0.3}, 0),
    "industry": Zone(150, 60, 0.85, {"hall": 0.75, "workshop": 0.25}, 0),
    "strip": Zone(
        52, 26, 0.92, {"store": 0.42, "diner": 0.3, "fuel": 0.08, "office": 0.05, "big store": 0.15}, 0
    ),
    "rural": Zone(58, 30, 0.45, {"house": 0.94, "church": 0.04, "workshop": 0.02}, 0.3),
}

#: The order in which buildings get their ground where two would stand on the same.
FIRST = ("courthouse", "hospital", "school", "big store", "college", "dormitory", "hall", "apartments", "church",
         "civic", "store", "workshop", "diner", "fuel", "office", "shop", "house", "cottage", "shed")  # fmt: skip


def buildings(
    layout: Layout, streets: pd.DataFrame, blocks: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    """Every building, as the table ``building`` has them.

    Beside the table's columns: ``use`` (a key of `USES`), ``street`` (position in `streets`), ``side`` (-1 left,
    1 right), ``along`` (metres), ``number``, ``block_id``, ``people``, ``x`` and ``y`` of the middle of its front,
    ``facing`` (degrees, towards the street).
    """
    lots = _lots(streets, rng)
    frame = _footprints(lots, streets, rng)
    sheds = _sheds(frame, rng)
    frame = pd.concat([frame, sheds], ignore_index=True)
    frame = frame.iloc[
        np.argsort(frame["use"].map({use: rank for rank, use in enumerate(FIRST)}), kind="stable")
    ]
    frame = frame.reset_index(drop=True)

    footprint = frame["geometry"].to_numpy()
    middle = containing(blocks["geometry"].to_numpy(), shapely.centroid(footprint))
    free = middle >= 0
    for others, clear in (
        (streets["geometry"].to_numpy(), STREET_CLEAR),
        (np.array([*layout.cuts, layout.outline.exterior], object), CUT_CLEAR),
        (np.array([layout.lake], object), 30.0),
    ):
        free[np.unique(shapely.STRtree(footprint).query(others, "dwithin", clear)[1])] = False
    frame = frame[free].assign(block_id=blocks["id"].to_numpy()[middle[free]]).reset_index(drop=True)
    frame = frame[_apart(frame)].sort_values(["street", "side", "along"], kind="stable", ignore_index=True)

    name = streets["name"].to_numpy()[frame["street"]]
    frame["address"] = frame["number"].astype(str) + " " + name
    frame["land_use"] = frame["use"].map({use: each.land_use for use, each in USES.items()})
    floors = np.maximum(1, np.round(frame["height_m"] / 3.2))
    each = frame["use"].map({use: one.people for use, one in USES.items()}).to_numpy()
    shared = frame["use"].isin(["apartments", "dormitory"])
    frame["people"] = np.where(shared, each * floors * shapely.area(frame["geometry"].to_numpy()), each)
    frame.insert(0, "id", np.arange(1, len(frame) + 1))
    return frame


def population(blocks: pd.DataFrame, buildings: pd.DataFrame, people: int = PEOPLE) -> NDArray[np.float64]:
    """Whole numbers of people for each block that add up to `people`, by who lives in its buildings."""
    weight = np.bincount(buildings["block_id"], buildings["people"], minlength=len(blocks) + 1)[1:]
    share = weight / weight.sum() * people
    whole = np.floor(share)
    # The largest remainders get what rounding down left over.
    whole[np.argsort(whole - share, kind="stable")[: int(people - whole.sum())]] += 1
    return whole


def _lots(streets: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """A row for each lot to be built on: where along its street, on which side, and its use."""
    geometry = streets["geometry"].to_numpy()
    middle = shapely.line_interpolate_point(geometry, 0.5, normalized=True)
    zone = _zones(streets, shapely.get_x(middle), shapely.get_y(middle))
    length = shapely.length(geometry)
    parts = []
    for name, each in ZONES.items():
        for side in (-1, 1):
            chosen = np.flatnonzero(zone == name)
            room = length[chosen] - 2 * each.corner
            count = np.maximum(0, np.floor(room / each.frontage)).astype(int)
            street = np.repeat(chosen, count)
            place = np.arange(len(street)) - np.repeat(np.cumsum(count) - count, count)
            lot = np.repeat(room / np.maximum(count, 1), count)
            jitter = 0.0 if name == "centre" else 0.12
            along = each.corner + lot * (place + 0.5 + rng.uniform(-jitter, jitter, len(street)))
            parts.append(
                pd.DataFrame(
                    {
                        "street": street,
                        "side": side,
                        "along": along,
                        "use": rng.choice(list(each.uses), len(street), p=list(each.uses.values())),
                        "shed": rng.random(len(street)) < each.sheds,
                        "zone": name,
                    }
                )[rng.random(len(street)) < each.built]
            )
    return _with_public_buildings(pd.concat(parts, ignore_index=True), streets, rng)


def _with_public_buildings(
    lots: pd.DataFrame, streets: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    """The lots, some of them given to schools and a hospital, and the courthouse on its square."""
    long = shapely.length(streets["geometry"].to_numpy())[lots["street"]] > 200
    roomy = np.flatnonzero((lots["zone"] == "rural") & long)
    # More than will stand in the end: those for which there is no room go.
    chosen = rng.permutation(roomy)[:10]
    lots.loc[chosen, "use"] = "school"
    lots.loc[chosen[:2], "use"] = "hospital"
    lots.loc[chosen, "shed"] = False
    square = np.flatnonzero(streets["name"] == "Courthouse Square")
    on_the_green = lots["street"].isin(square) & (lots["side"] == 1)
    # The second piece of the street around the square begins in the middle of its western side.
    courthouse = pd.DataFrame(
        {"street": [square[1]], "side": 1, "along": 0.5, "use": "courthouse", "shed": False, "zone": "centre"}
    )
    return pd.concat([lots[~on_the_green], courthouse], ignore_index=True)


def _zones(streets: pd.DataFrame, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.object_]:
    """What is built along each segment: roads between places take after what they pass."""
    zone = streets["zone"].to_numpy(object).copy()
    name = streets["name"].to_numpy(object)
    away = np.hypot(x, y)
    bearing = np.degrees(np.arctan2(x, y)) % 360
    road = np.isin(zone, ["arterial", "collector", "bypass"])
    zone[road] = "rural"
    zone[road & (away < 1350)] = "old"
    zone[road & (away < 1000) & (streets["zone"] == "arterial")] = "mixed"
    zone[road & (bearing > 96) & (bearing < 146) & (away > 1900) & (away < 3200)] = "industry"
    zone[(streets["zone"] == "bypass")] = ""
    for strip, start, end in STRIPS:
        zone[(name == strip) & (away > start) & (away < end)] = "strip"
    return zone


def _footprints(lots: pd.DataFrame, streets: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """The lots with their buildings' outlines."""
    count = len(lots)

    def drawn(field: str) -> NDArray[np.float64]:
        bounds = np.array([getattr(USES[use], field) for use in USES])
        kind = lots["use"].map({use: place for place, use in enumerate(USES)}).to_numpy()
        return rng.uniform(bounds[kind, 0], bounds[kind, 1])

    width, depth, setback, height = (drawn(field) for field in ("width", "depth", "setback", "height"))
    line = streets["geometry"].to_numpy()[lots["street"]]
    along, side = lots["along"].to_numpy(), lots["side"].to_numpy()
    middle = shapely.get_coordinates(shapely.line_interpolate_point(line, along))
    before = shapely.get_coordinates(shapely.line_interpolate_point(line, np.maximum(along - 6, 0)))
    after = shapely.get_coordinates(shapely.line_interpolate_point(line, along + 6))
    right = after - before
    bent = np.abs(np.linalg.det(np.stack([middle - before, right], axis=1))) / np.hypot(*right.T)
    right /= np.hypot(*right.T)[:, None]
    away = np.column_stack([right[:, 1], -right[:, 0]]) * side[:, None]  # from the street towards the lot
    front = middle + away * setback[:, None]
    # Downtown the fronts stand in one line; elsewhere some stand a little askew.
    skew = np.radians(np.where(lots["zone"] == "suburb", rng.normal(0, 3, count), 0))
    cos, sin = np.cos(skew)[:, None], np.sin(skew)[:, None]
    across = right * cos + away * sin
    inward = away * cos - right * sin
    geometry = _outlines(
        front, across, inward, width, depth, rng.random(count), rng.random(count), lots["use"]
    )
    low = streets["left_from"].to_numpy()[lots["street"]]
    low = np.where(side > 0, streets["right_from"].to_numpy()[lots["street"]], low)
    high = np.where(
        side > 0,
        streets["right_to"].to_numpy()[lots["street"]],
        streets["left_to"].to_numpy()[lots["street"]],
    )
    number = low + 2 * np.round((high - low) / 2 * along / shapely.length(line)).astype(int)
    return lots.assign(
        geometry=geometry,
        height_m=height.round(1),
        number=number,
        x=front[:, 0],
        y=front[:, 1],
        facing=np.degrees(np.arctan2(-inward[:, 0], -inward[:, 1])) % 360,
        depth=depth,
        width=width,
    )[bent < SHARPEST]


def _outlines(
    front: NDArray[np.float64],
    across: NDArray[np.float64],
    inward: NDArray[np.float64],
    width: NDArray[np.float64],
    depth: NDArray[np.float64],
    chance: NDArray[np.float64],
    place: NDArray[np.float64],
    use: pd.Series,
) -> NDArray[np.object_]:
    """Rectangles, some with a corner left out."""
    mirrored = np.where(place < 0.5, -1.0, 1.0)
    share = 0.35 + 0.3 * (2 * place % 1)
    angled = chance < use.map({name: each.angled for name, each in USES.items()}).to_numpy()
    # Corners as shares of width (from the middle) and depth (from the front).
    plain = np.array([(-0.5, 0), (0.5, 0), (0.5, 1), (-0.5, 1), (-0.5, 0)])
    bent = np.array([(-0.5, 0), (0.5, 0), (0.5, 0.55), (0.0, 0.55), (0.0, 1), (-0.5, 1), (-0.5, 0)])

    def placed(corners: NDArray[np.float64], rows: NDArray[np.bool_]) -> NDArray[np.float64]:
        u = corners[:, 0] * (width * mirrored)[rows, None]
        v = corners[:, 1] * depth[rows, None]
        return (
            front[rows, None, :]
            + u[:, :, None] * across[rows, None, :]
            + v[:, :, None] * inward[rows, None, :]
        )

    answer = np.empty(len(front), object)
    answer[~angled] = shapely.polygons(placed(plain, ~angled))
    corners = placed(bent, angled)
    # The corner that is left out differs in size from house to house.
    shift = ((share[angled] - 0.5) * width[angled] * mirrored[angled])[:, None] * across[angled]
    corners[:, 3:5] += shift[:, None, :]
    answer[angled] = shapely.polygons(corners)
    return answer


def _sheds(houses: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Sheds and garages behind the houses that have one."""
    frame = houses[houses["shed"]].copy()
    count = len(frame)
    least, most = np.array([USES["shed"].width, USES["shed"].depth]).T
    width, depth = rng.uniform(least[:, None], most[:, None], (2, count))
    inward = -np.column_stack([np.sin(np.radians(frame["facing"])), np.cos(np.radians(frame["facing"]))])
    across = np.column_stack([inward[:, 1], -inward[:, 0]])
    front = frame[["x", "y"]].to_numpy()
    front = front + inward * (frame["depth"].to_numpy() + rng.uniform(4, 9, count))[:, None]
    front = front + across * rng.uniform(-6, 6, count)[:, None]
    ones = np.ones(count)
    frame["use"] = "shed"
    frame["geometry"] = _outlines(front, across, inward, width, depth, ones, ones, frame["use"])
    frame["height_m"] = rng.uniform(*USES["shed"].height, count).round(1)
    return frame


def _apart(frame: pd.DataFrame) -> NDArray[np.bool_]:
    """Which buildings stay so that none touches another; an earlier row has the older right."""
    footprint = frame["geometry"].to_numpy()
    gap = np.where(frame["use"] == "shed", 1.0, np.where(frame["zone"] == "centre", 0.05, 3.0))
    one, other = shapely.STRtree(footprint).query(footprint, "dwithin", gap)
    pairs = np.column_stack([one, other])[one < other]
    stays = np.ones(len(frame), bool)
    while len(pairs):
        # Whoever no earlier neighbour disputes keeps the ground; the neighbours of those leave.
        disputed = np.zeros(len(frame), bool)
        disputed[pairs[:, 1]] = True
        settled = ~disputed[pairs[:, 0]]
        stays[pairs[settled, 1]] = False
        pairs = pairs[stays[pairs].all(axis=1)]
    return stays
