"""Four years of crime: what, where and when, with the rhythms and the clusters that real records have.

Places come first: each building has a risk by what it is used for, times a factor of its own that few
have large, so that some doors, streets and corners see much and most see nothing. Burglaries and thefts from
vehicles draw others near them within days. Places are published as a department does: at the middle of the
hundred block, on its side of the street, or at the intersection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from data.synthetic.blocks import containing

if TYPE_CHECKING:
    from numpy.typing import NDArray

YEARS = 4
NEAR_REPEATS = 0.32  # share of the offences that repeat which follow another nearby
NEAR_METRES = 70.0
NEAR_DAYS = 5.0


class Offence(NamedTuple):
    """One kind of crime. The figures are invented, in proportions that towns of this size know."""

    code: str
    text: str
    share: float
    hours: str  # a key of HOURS
    weekend: float  # Friday night to Sunday, beside the other days
    summer: float  # July beside January
    places: dict[str, float]  # risk of a building by its use
    corners: float  # share recorded at an intersection
    spans: float  # share of which only a span of time is known
    repeats: bool = False


HOMES = {"house": 1.0, "cottage": 1.5, "apartments": 9.0, "dormitory": 9.0}
SHOPS = {"shop": 2.5, "store": 12.0, "big store": 55.0, "fuel": 16.0, "diner": 6.0, "office": 1.0}
LEISURE = {"shop": 3.0, "diner": 6.0, "fuel": 6.0, "store": 3.0}

OFFENCES = (
    Offence("23C", "Shoplifting", 0.150, "trade", 1.05, 0.95, SHOPS, 0.0, 0.02),
    Offence("13B", "Simple assault", 0.150, "evening", 1.35, 1.25, {**HOMES, **LEISURE, "school": 25.0}, 0.05, 0.02),
    Offence("23F", "Theft from motor vehicle", 0.110, "night", 1.1, 1.15,
            {**HOMES, "store": 5.0, "big store": 30.0, "diner": 4.0, "college": 6.0, "church": 2.0}, 0.02, 0.7, True),
    Offence("290", "Destruction, damage or vandalism", 0.110, "evening", 1.15, 1.15,
            {**HOMES, **LEISURE, "school": 20.0, "church": 4.0, "college": 5.0}, 0.05, 0.5),
    Offence("23H", "All other larceny", 0.115, "day", 1.0, 1.15, {**HOMES, **SHOPS, "hall": 5.0, "college": 8.0}, 0.01, 0.4),
    Offence("35A", "Drug or narcotic violation", 0.085, "evening", 1.1, 1.0,
            {"cottage": 1.0, "apartments": 8.0, "fuel": 25.0, "diner": 4.0, "store": 4.0, "big store": 20.0}, 0.45, 0.0),
    Offence("26A", "False pretences, swindle or confidence game", 0.060, "office", 0.6, 1.0,
            {**HOMES, "store": 6.0, "fuel": 10.0, "office": 3.0, "big store": 30.0}, 0.0, 0.3),
    Offence("220", "Burglary or breaking and entering", 0.055, "burglary", 0.95, 1.1,
            {"house": 1.0, "cottage": 1.8, "apartments": 8.0, "shop": 1.5, "store": 4.0, "workshop": 5.0, "shed": 0.5}, 0.0, 0.7, True),
    Offence("13A", "Aggravated assault", 0.040, "late", 1.5, 1.3, {"cottage": 1.6, "house": 0.5, "apartments": 11.0, **LEISURE}, 0.15, 0.0),
    Offence("240", "Motor vehicle theft", 0.038, "night", 1.1, 1.1,
            {**HOMES, "fuel": 14.0, "store": 4.0, "big store": 20.0, "hall": 4.0}, 0.03, 0.6, True),
    Offence("90J", "Trespass of real property", 0.035, "day", 1.0, 1.1, {**SHOPS, "apartments": 5.0, "hall": 4.0, "school": 10.0}, 0.0, 0.0),
    Offence("250", "Counterfeiting or forgery", 0.018, "trade", 0.7, 1.0, {"store": 8.0, "fuel": 10.0, "big store": 40.0, "office": 3.0}, 0.0, 0.1),
    Offence("520", "Weapon law violation", 0.016, "late", 1.3, 1.1, {"cottage": 1.0, "apartments": 9.0, "fuel": 14.0}, 0.4, 0.0),
    Offence("120", "Robbery", 0.012, "late", 1.2, 0.95, {"apartments": 7.0, "fuel": 30.0, "shop": 1.5, "store": 6.0, "diner": 5.0}, 0.2, 0.0),
    Offence("280", "Stolen property offence", 0.006, "day", 1.0, 1.0, {**HOMES, "store": 4.0, "office": 1.0}, 0.2, 0.0),
)  # fmt: skip

#: How often each hour of the day, from midnight on, beside the others.
HOURS = {
    "trade": (0.2, 0.1, 0.1, 0.1, 0.1, 0.2, 0.5, 1, 1.5, 2.5, 4, 5.5, 6, 6.5, 7, 7.5, 8, 8, 7, 6, 4.5, 2.8, 1.2, 0.5),
    "office": (1, 0.3, 0.3, 0.3, 0.3, 0.5, 1, 3, 7, 9, 9, 8, 9, 7, 7, 7, 6, 5, 3, 2, 2, 1, 1, 1),
    "day": (2, 1.2, 1, 0.8, 0.8, 1, 1.6, 3, 4.5, 5, 5.5, 5.5, 6.5, 5.5, 6, 6.5, 6.5, 6.5, 6, 5.5, 5, 4.5, 3.6, 2.8),
    "evening": (5, 4, 3.2, 2.2, 1.3, 1, 1.2, 2, 2.6, 2.8, 3, 3.2, 3.8, 3.8, 4.4, 5.2, 5.4, 5.8, 6.2, 6.6, 7, 7, 6.8, 6),
    "late": (8, 7.5, 6.5, 4, 2, 1.2, 1, 1, 1.2, 1.4, 1.6, 2, 2.4, 2.4, 2.8, 3.2, 3.6, 4.2, 5, 6, 7, 8, 9, 9),
    "night": (6, 6, 6.5, 6.5, 5.5, 4, 3, 2.4, 2.4, 2.2, 2, 2.2, 2.6, 2.4, 2.4, 2.6, 3, 3.4, 4, 4.6, 5.2, 6, 6.5, 6.5),
    "burglary": (3, 3, 3.4, 3.4, 2.6, 2, 2.4, 3.6, 5, 5.6, 5.6, 5.4, 5.6, 5.2, 5, 4.6, 4.4, 4, 4, 4, 3.8, 3.6, 3.4, 3.2),
}  # fmt: skip


def incidents(
    streets: pd.DataFrame,
    blocks: pd.DataFrame,
    buildings: pd.DataFrame,
    *,
    count: int,
    end: pd.Timestamp,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """About `count` incidents in the `YEARS` before `end`, in the time zone of `end`, as the table ``incident`` has them.

    Beside the table's columns: ``x`` and ``y``, the published place in metres.
    """
    kind = np.sort(rng.choice(len(OFFENCES), count, p=_shares()))
    place = np.empty(count, int)
    day = np.empty(count, int)
    hour = np.empty(count, int)
    days = pd.date_range(end=end.tz_localize(None) - pd.Timedelta(days=1), periods=round(365.25 * YEARS))
    risk = _risk_of_place(buildings, rng)
    for number, offence in enumerate(OFFENCES):
        rows = np.flatnonzero(kind == number)
        weight = risk * buildings["use"].map(offence.places).fillna(0.0).to_numpy()
        place[rows] = _drawn(weight, len(rows), rng)
        day[rows] = _drawn(_risk_of_day(days, offence), len(rows), rng)
        hour[rows] = _drawn(np.array(HOURS[offence.hours]), len(rows), rng)
        if offence.repeats:
            place[rows], day[rows] = _near_repeats(place[rows], day[rows], weight, len(days), buildings, rng)

    # People round what they do not know exactly.
    minute = np.where(
        rng.random(count) < 0.45,
        rng.choice([0, 15, 30, 45], count, p=[0.4, 0.15, 0.3, 0.15]),
        rng.integers(0, 60, count),
    )
    local = days[day] + pd.to_timedelta(hour * 60 + minute, unit="m")
    at = pd.DatetimeIndex(local).tz_localize(
        end.tz, ambiguous=np.ones(count, bool), nonexistent="shift_forward"
    )
    spans = np.array([offence.spans for offence in OFFENCES])[kind]
    later = at + pd.to_timedelta(np.ceil(rng.gamma(1.6, 4.5, count) * 4) * 15, unit="m")
    later = pd.Series(later).where((rng.random(count) < spans) & (later < end))

    at_corner = rng.random(count) < np.array([offence.corners for offence in OFFENCES])[kind]
    where = _published(streets, blocks, buildings, place, at_corner)
    frame = pd.DataFrame(
        {
            "offence_code": np.array([offence.code for offence in OFFENCES], object)[kind],
            "offence_text": np.array([offence.text for offence in OFFENCES], object)[kind],
            "occurred_at": at.tz_convert("UTC"),
            "occurred_until": later.dt.tz_convert("UTC"),
            **where,
        }
    )
    frame = frame.sort_values(["occurred_at", "offence_code", "address"], kind="stable", ignore_index=True)
    case = _case_numbers(frame["occurred_at"].dt.tz_convert(end.tz), rng)
    return frame.assign(
        source="synthetic",
        source_key=case,
        case_number=case,
        content_hash=rng.integers(0, 2**62, count),
        load_id=1,
    )


def _shares() -> NDArray[np.float64]:
    shares = np.array([offence.share for offence in OFFENCES])
    return shares / shares.sum()


def _drawn(weight: NDArray[np.float64], count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Positions drawn in proportion to their weight, with replacement."""
    edges = np.cumsum(weight)
    return np.searchsorted(edges, rng.random(count) * edges[-1], side="right").clip(0, len(weight) - 1)


def _risk_of_place(buildings: pd.DataFrame, rng: np.random.Generator) -> NDArray[np.float64]:
    """The factor each building has of its own: its own luck, its street's, its block's."""
    own = rng.lognormal(0, 1.0, len(buildings))
    street = rng.lognormal(0, 0.7, buildings["street"].max() + 1)[buildings["street"]]
    block = rng.lognormal(0, 0.6, buildings["block_id"].max() + 1)[buildings["block_id"]]
    return own * street * block


def _risk_of_day(days: pd.DatetimeIndex, offence: Offence) -> NDArray[np.float64]:
    """How much each day draws: the week, the season, a slow decline, and chance that lasts a few days."""
    week = np.where(days.day_of_week >= 4, offence.weekend, 1.0)
    season = 1 + (offence.summer - 1) / (offence.summer + 1) * np.cos(
        2 * np.pi * (days.day_of_year - 200) / 365.25
    )
    years_back = (days[-1] - days).days.to_numpy() / 365.25
    return week * season * 1.025**years_back


def _near_repeats(
    place: NDArray[np.int64],
    day: NDArray[np.int64],
    weight: NDArray[np.float64],
    days: int,
    buildings: pd.DataFrame,
    rng: np.random.Generator,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Some incidents moved to within metres and days of another one."""
    count = len(place)
    follows = np.flatnonzero(rng.random(count) < NEAR_REPEATS)
    leads = np.setdiff1d(np.arange(count), follows)
    if not len(leads) or not len(follows):
        return place, day
    after = rng.choice(leads, len(follows))
    candidates = np.flatnonzero(weight > 0)
    middle = buildings[["x", "y"]].to_numpy()
    near = middle[place[after]] + rng.normal(0, NEAR_METRES, (len(follows), 2))
    found = _nearest(middle[candidates], near)
    then = day[after] + np.ceil(rng.exponential(NEAR_DAYS, len(follows))).astype(int) - 1
    kept = then < days
    place, day = place.copy(), day.copy()
    place[follows[kept]] = candidates[found[kept]]
    day[follows[kept]] = then[kept]
    return place, day


def _nearest(places: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.int64]:
    """For each point the position of the nearest place."""
    return np.asarray(cKDTree(places).query(points)[1])


def _published(
    streets: pd.DataFrame,
    blocks: pd.DataFrame,
    buildings: pd.DataFrame,
    place: NDArray[np.int64],
    at_corner: NDArray[np.bool_],
) -> dict[str, NDArray[np.generic] | pd.Series]:
    """Address, coordinates, block and district as a department publishes them for each building of `place`."""
    hundred = (buildings["number"] // 100 * 100).to_numpy()
    faces = pd.DataFrame({"street": buildings["street"], "side": buildings["side"], "hundred": hundred})
    face_of = faces.groupby(["street", "side", "hundred"], sort=True).ngroup().to_numpy()
    _, first = np.unique(face_of, return_index=True)
    faces = faces.iloc[first]
    line = streets["geometry"].to_numpy()[faces["street"]]
    low = streets[["left_from", "right_from"]].min(axis=1).to_numpy()[faces["street"]]
    high = streets[["left_to", "right_to"]].max(axis=1).to_numpy()[faces["street"]]
    length = shapely.length(line)
    begin = np.clip((faces["hundred"] - low) / (high - low), 0, 1) * length
    end = np.clip((faces["hundred"] + 100 - low) / (high - low), 0, 1) * length
    along = ((begin + end) / 2).to_numpy()
    middle = shapely.get_coordinates(shapely.line_interpolate_point(line, along))
    ahead = shapely.get_coordinates(shapely.line_interpolate_point(line, np.minimum(along + 2, length)))
    behind = shapely.get_coordinates(shapely.line_interpolate_point(line, np.maximum(along - 2, 0)))
    direction = (ahead - behind) / np.hypot(*(ahead - behind).T)[:, None]
    to_right = np.column_stack([direction[:, 1], -direction[:, 0]])
    face_xy = middle + to_right * (5.0 * faces["side"].to_numpy())[:, None]
    face_address = faces["hundred"].astype(str) + " block of " + streets["name"].to_numpy()[faces["street"]]

    corner_xy, corner_address = corners(streets)
    nearest = _nearest(corner_xy, buildings[["x", "y"]].to_numpy())

    xy = np.vstack([face_xy, corner_xy])
    address = np.concatenate([face_address.to_numpy(object), corner_address])
    block = containing(blocks["geometry"].to_numpy(), shapely.points(xy))
    astray = block < 0
    block[astray] = shapely.STRtree(blocks["geometry"].to_numpy()).nearest(shapely.points(xy[astray]))
    chosen = np.where(at_corner, len(face_xy) + nearest[place], face_of[place])
    return {
        "address": address[chosen],
        "x": xy[chosen, 0],
        "y": xy[chosen, 1],
        "block_id": blocks["id"].to_numpy()[block[chosen]],
        "district_id": blocks["district_id"].to_numpy()[block[chosen]],
    }


def corners(streets: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.object_]]:
    """Where streets of different names meet: places (n, 2), and "A Street and B Avenue"."""
    lines = streets["geometry"].to_numpy()
    ends = pd.DataFrame(
        np.vstack([shapely.get_coordinates(shapely.get_point(lines, end)) for end in (0, -1)]).round(2),
        columns=["x", "y"],
    ).assign(name=np.tile(streets["name"].to_numpy(), 2))
    ends = ends.drop_duplicates().sort_values(["x", "y", "name"])
    names = ends.groupby(["x", "y"])["name"]
    both = pd.DataFrame({"count": names.size(), "first": names.first(), "last": names.last()}).reset_index()
    both = both[both["count"] > 1]
    return both[["x", "y"]].to_numpy(), (both["first"] + " and " + both["last"]).to_numpy(object)


def _case_numbers(local: pd.Series, rng: np.random.Generator) -> NDArray[np.object_]:
    """Numbers such as 26-001234: each year from one on, with gaps, since not every number is a crime."""
    year = local.dt.year.to_numpy()
    step = rng.geometric(0.3, len(local))
    counted = pd.Series(step).groupby(year).cumsum().to_numpy()
    # The first year begins in its middle, and so do its numbers.
    first = year == year[0]
    a_year = step.sum() / YEARS
    counted = counted + np.where(first, int(a_year * (local.iloc[0].day_of_year - 1) / 365), 0)
    return np.array(
        [f"{one % 100:02d}-{number:06d}" for one, number in zip(year, counted, strict=True)], object
    )
