"""The registry: owners, their cameras and consents; the city's own cameras and plate readers; staff."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from data.roles import ROLES
from data.synthetic import names
from data.synthetic.incidents import corners

if TYPE_CHECKING:
    from numpy.typing import NDArray

TERMS_VERSION, FORMER_TERMS = "2026-1", "2025-1"
CONSENT_DAYS = 365

#: Kinds of camera by who owns it.
RESIDENT_KINDS = {
    "floodlight": 0.3,
    "bullet": 0.26,
    "turret": 0.2,
    "doorbell": 0.1,
    "dome": 0.08,
    "indoor": 0.03,
    "other": 0.03,
}
BUSINESS_KINDS = {
    "dome": 0.36,
    "bullet": 0.28,
    "turret": 0.22,
    "ptz": 0.05,
    "indoor": 0.05,
    "doorbell": 0.02,
    "other": 0.02,
}
FIELDS_OF_VIEW = {
    "doorbell": 155,
    "bullet": 88,
    "dome": 100,
    "turret": 92,
    "ptz": 62,
    "floodlight": 135,
    "indoor": 110,
    "other": 90,
}

UHD_PX = 3840  # a bullet or turret camera with so wide a picture is sold, and registered, as 4K

#: Who takes part, by what the building is used for.
HOMES = {"house": 1.0, "cottage": 0.7, "apartments": 2.0}
FIRMS = {"shop": 1.0, "store": 4.0, "big store": 12.0, "fuel": 8.0, "diner": 3.0, "office": 1.0, "hall": 4.0,
         "workshop": 3.0, "church": 0.9, "school": 10.0, "college": 1.5, "hospital": 12.0}  # fmt: skip
BEST_HOURS = ("mornings", "after 17:00", "weekdays 9:00 to 17:00", "any time", None)
REGISTRY_DAYS = 3.1 * 365  # since the registry opened
#: Cameras beside the first, by who owns them.
MORE_CAMERAS = {"resident": 0.75, "business": 2.9, "neighbourhood": 9.0}
TURNING_SHARE = 0.3  # of the city's street cameras that do not look all round
#: How the direction of a camera is known.
DIRECTIONS = {"unknown": 0.15, "verified": 0.14, "assumed": 0.05, "stated": 0.66}


def identifiers(count: int, rng: np.random.Generator) -> NDArray[np.object_]:
    """Random identifiers as `uuid.uuid4().hex` makes them, from the generator."""
    octets = rng.integers(0, 256, (count, 16), dtype=np.uint8)
    octets[:, 6] = octets[:, 6] & 0x0F | 0x40
    octets[:, 8] = octets[:, 8] & 0x3F | 0x80
    text = octets.tobytes().hex()
    return np.array([text[place : place + 32] for place in range(0, len(text), 32)], object)


def staff(rng: np.random.Generator) -> pd.DataFrame:
    """Two people for each role, as the table ``staff``."""
    role = np.repeat(list(ROLES), 2)
    name = pd.unique(pd.Series(names.people(rng, 60)))[: len(role)]
    return pd.DataFrame({"id": identifiers(len(role), rng), "name": name, "role": role, "active": True})


def owners(
    buildings: pd.DataFrame,
    blocks: pd.DataFrame,
    *,
    count: int,
    end: pd.Timestamp,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Owners and their sites, with ``name``, ``email``, ``phone`` and ``address`` in clear, to be sealed.

    Beside the tables' columns, owners have ``building`` (position in `buildings`).
    """
    use = buildings["use"].to_numpy()
    # Neighbours follow neighbours: whole streets are keener than others.
    keen = rng.lognormal(0, 0.8, buildings["street"].max() + 1)[buildings["street"]]
    groups = max(2, count // 200)
    at_home, at_firm = (buildings["use"].map(each).fillna(0.0).to_numpy() * keen for each in (HOMES, FIRMS))
    business = min(round(count * 0.31), int((at_firm > 0).sum()))
    residents = count - business - groups
    building = np.concatenate(
        [
            rng.choice(len(use), residents + groups, replace=False, p=at_home / at_home.sum()),
            rng.choice(len(use), business, replace=False, p=at_firm / at_firm.sum()),
        ]
    )
    kind = np.array(["resident"] * residents + ["neighbourhood"] * groups + ["business"] * business, object)
    person = names.people(rng, count)
    address = buildings["address"].iloc[building]
    street = address.str.replace(r"^\d+ ", "", regex=True).to_numpy()
    name = np.where(kind == "resident", person, names.organisations(rng, use[building]))
    name = np.where(kind == "neighbourhood", street + " Neighbourhood Association", name)
    handle = pd.Series(person).str.lower().str.replace(" ", ".", regex=False).to_numpy()
    domain = rng.choice(["example.org", "example.com", "example.net"], count)
    email = handle + rng.integers(1, 99, count).astype(str).astype(object) + "@" + domain
    # The lines 555-0100 to 555-0199 are kept for fiction.
    area = rng.choice(["770", "678", "404"], count).astype(object)
    phone = area + "-555-0" + rng.integers(100, 200, count).astype(str)
    reached = rng.random(count)  # a few leave only one of the two
    end = end.tz_convert("UTC")
    registered = pd.Series(end - _days(rng.beta(1.0, 1.5, count) * REGISTRY_DAYS + 0.1))
    verified = registered + _days(rng.exponential(1.2, count))
    left = registered + _days(rng.uniform(40, 700, count))
    ids = identifiers(count, rng)
    owner = pd.DataFrame(
        {
            "id": ids,
            "kind": kind,
            "name": name,
            "email": pd.Series(email).mask(reached < 0.06),
            "phone": pd.Series(phone).mask(reached > 0.88),
            "best_hours": rng.choice(
                np.array(BEST_HOURS, object),
                count,
            ),
            "contact_verified_at": verified.where((rng.random(count) < 0.86) & (verified < end)),
            "registered_at": registered,
            "withdrawn_at": left.where((rng.random(count) < 0.08) & (left < end)),
            "building": building,
        }
    )
    block = buildings["block_id"].to_numpy()[building]
    site = pd.DataFrame(
        {
            "id": identifiers(count, rng),
            "owner_id": ids,
            "address": address.to_numpy(),
            "land_use": buildings["land_use"].to_numpy()[building],
            "block_id": block,
            "district_id": blocks["district_id"].to_numpy()[block - 1],
        }
    )
    return owner, site


def cameras(
    owners: pd.DataFrame,
    sites: pd.DataFrame,
    buildings: pd.DataFrame,
    *,
    count: int,
    end: pd.Timestamp,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """About `count` cameras on the outside walls of their owners' buildings, as the table ``camera``.

    Beside the table's columns: ``x`` and ``y`` in metres.
    """
    end = end.tz_convert("UTC")
    more = owners["kind"].map(MORE_CAMERAS).to_numpy()
    more = more * (count - len(owners)) / more.sum() * rng.gamma(2.0, 0.5, len(owners))
    each = 1 + rng.poisson(more)
    owner = np.repeat(np.arange(len(owners)), each)
    nth = np.arange(len(owner)) - np.repeat(np.cumsum(each) - each, each)
    total = len(owner)
    home = owners["kind"].to_numpy()[owner] == "resident"
    at_home = rng.choice(list(RESIDENT_KINDS), total, p=list(RESIDENT_KINDS.values()))
    at_work = rng.choice(list(BUSINESS_KINDS), total, p=list(BUSINESS_KINDS.values()))
    kind = np.where(home, at_home, at_work).astype(object)
    kind[home & (nth == 0) & (rng.random(total) < 0.86)] = "doorbell"

    x, y, azimuth = _mounted(buildings.iloc[owners["building"].to_numpy()[owner]], kind, rng)
    basis = rng.choice(list(DIRECTIONS), total, p=list(DIRECTIONS.values())).astype(object)
    hfov = pd.Series(kind).map(FIELDS_OF_VIEW).to_numpy() * rng.normal(1, 0.1, total)
    small = rng.choice([1280.0, 1536.0, 1920.0], total)
    large = rng.choice([1280.0, 1920.0, 2560.0, 3840.0], total, p=[0.1, 0.4, 0.35, 0.15])
    width = np.where(kind == "doorbell", small, large)
    storage, hours = _storage(kind, home, rng)
    kind[np.isin(kind, ["bullet", "turret"]) & (width >= UHD_PX)] = "4k"

    def later(since: pd.Series, least: float, most: float, share: float) -> pd.Series:
        """For a share, a time so many days later; missing for the others, and where it would lie ahead."""
        then = since + _days(rng.uniform(least, most, total))
        return then.where((rng.random(total) < share) & (then < end))

    first = owners["registered_at"].iloc[owner].reset_index(drop=True)
    left = owners["withdrawn_at"].iloc[owner].reset_index(drop=True)
    # Some add a camera later on, unless they have left by then.
    added = later(first, 20, 500, 0.3).where(nth > 0)
    added = added.where(left.isna() | (added < left)).fillna(first)
    gone = pd.concat([later(added, 30, 600, 0.06), left], axis=1).min(axis=1)
    return pd.DataFrame(
        {
            "id": identifiers(total, rng),
            "source": "form",
            "owner_id": owners["id"].to_numpy()[owner],
            "site_id": sites["id"].to_numpy()[owner],
            "kind": kind,
            "x": x,
            "y": y,
            "azimuth": np.where(basis == "unknown", np.nan, azimuth.round() % 360),
            "hfov": np.where(rng.random(total) < 0.42, np.nan, np.clip(hfov.round(-1), 40, 180)),
            "width_px": pd.Series(width).where(rng.random(total) < 0.64).astype("Int32"),
            "direction_from": basis,
            "outdoor": kind != "indoor",
            "night_vision": rng.random(total) < 0.86,
            "audio": rng.random(total) < np.where(np.isin(kind, ["doorbell", "floodlight"]), 0.9, 0.15),
            "retention_hours": hours,
            "storage": storage,
            "registered_at": added,
            "withdrawn_at": gone,
        }
    )


def _days(days: NDArray[np.float64]) -> pd.TimedeltaIndex:
    """So many days, to the second."""
    return pd.to_timedelta(np.floor(days * 86_400), unit="s")


def _mounted(
    buildings: pd.DataFrame, kind: NDArray[np.object_], rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Places just off the walls, and directions roughly square to them: x, y, azimuth."""
    count = len(buildings)
    wall = rng.choice([0, 90, 180, 270], count, p=[0.56, 0.13, 0.18, 0.13])
    row = (buildings["zone"] == "centre").to_numpy()  # of shops that stand wall to wall
    wall = np.where(row & (wall != 180), 0, wall)
    wall[kind == "doorbell"] = 0
    facing = buildings["facing"].to_numpy()
    depth, width = buildings["depth"].to_numpy(), buildings["width"].to_numpy()
    ahead = np.column_stack([np.sin(np.radians(facing)), np.cos(np.radians(facing))])
    right = np.column_stack([ahead[:, 1], -ahead[:, 0]])
    across = np.where(
        wall == 90, width / 2, np.where(wall == 270, -width / 2, rng.uniform(-0.42, 0.42, count) * width)
    )
    inward = np.where(wall == 0, 0.0, np.where(wall == 180, depth, rng.uniform(0.1, 0.9, count) * depth))
    point = buildings[["x", "y"]].to_numpy() + right * across[:, None] - ahead * inward[:, None]
    edge = shapely.boundary(buildings["geometry"].to_numpy())
    point = shapely.get_coordinates(
        shapely.line_interpolate_point(edge, shapely.line_locate_point(edge, shapely.points(point)))
    )
    outward = facing + wall
    azimuth = (
        outward + np.where(kind == "doorbell", rng.normal(0, 6, count), rng.normal(0, 22, count))
    ) % 360
    out = np.column_stack([np.sin(np.radians(outward)), np.cos(np.radians(outward))])
    point = point + 0.3 * out
    return point[:, 0], point[:, 1], azimuth


def _storage(
    kind: NDArray[np.object_], home: NDArray[np.bool_], rng: np.random.Generator
) -> tuple[NDArray[np.object_], NDArray[np.float64]]:
    """Where footage is kept, and for how many hours."""
    count = len(kind)
    cloudy = np.where(np.isin(kind, ["doorbell", "floodlight"]), 0.86, np.where(home, 0.35, 0.08))
    card = np.where(home, 0.2, 0.04)
    draw = rng.random(count)
    storage = np.where(draw < cloudy, "cloud", np.where(draw < cloudy + card, "card", "recorder")).astype(
        object
    )
    hours = np.where(
        storage == "cloud",
        rng.choice([720.0, 1440.0, 336.0], count, p=[0.55, 0.35, 0.10]),
        np.where(
            storage == "card",
            rng.choice([48.0, 72.0, 120.0, 168.0], count),
            rng.choice([168.0, 336.0, 504.0, 720.0], count, p=[0.2, 0.35, 0.2, 0.25]),
        ),
    )
    hours[rng.random(count) < 0.10] = np.nan
    storage[rng.random(count) < 0.08] = None
    return storage, hours


def consents(cameras: pd.DataFrame, *, end: pd.Timestamp, rng: np.random.Generator) -> pd.DataFrame:
    """What each owner agreed to for each camera, year after year, as the table ``consent``."""
    end = end.tz_convert("UTC")
    total = len(cameras)
    asks, lives = rng.random(total) < 0.9, rng.random(total) < 0.12
    given, gone = cameras["registered_at"], cameras["withdrawn_at"]
    changed = given + _days(rng.uniform(10, 300, total))
    changed = changed.where((rng.random(total) < 0.03) & (changed < end))  # no more questions, please
    rows = []
    current = np.ones(total, bool)
    while current.any():
        expires = given + pd.Timedelta(days=CONSENT_DAYS)
        recent = given > end - pd.Timedelta(days=CONSENT_DAYS)
        for purpose, agreed in (("list", True), ("ask", asks), ("live", lives)):
            withdrawn = gone.fillna(changed) if purpose == "ask" else gone
            row = pd.DataFrame(
                {
                    "camera_id": cameras["id"],
                    "purpose": purpose,
                    "terms_version": np.where(recent, TERMS_VERSION, FORMER_TERMS),
                    "given_at": given,
                    "expires_at": expires,
                    "withdrawn_at": withdrawn.where((withdrawn >= given) & (withdrawn < expires)),
                }
            )
            rows.append(row[current & agreed])
        # Most owners renew when they are reminded, in the last month; withdrawn cameras are not renewed.
        given = expires - _days(rng.uniform(1, 30, total))
        current &= (rng.random(total) < 0.93) & (given < end).to_numpy() & ~(gone < given).to_numpy()
        asks &= ~(changed < given).to_numpy()
    return pd.concat(rows, ignore_index=True)


def agency_cameras(
    streets: pd.DataFrame, *, city: int, readers: int, end: pd.Timestamp, rng: np.random.Generator
) -> pd.DataFrame:
    """The city's street cameras and plate readers, as the table ``agency_camera``, with ``x`` and ``y``."""
    frame = pd.concat(
        [_street_cameras(streets, city, rng), _plate_readers(streets, readers, rng)], ignore_index=True
    )
    total = len(frame)
    views = frame["views"]
    round_about = frame["hfov"] == 360
    installed = end.tz_localize(None) - pd.to_timedelta(rng.integers(60, 365 * 7, total), unit="D")
    return frame.drop(columns="views").assign(
        source="synthetic",
        content_hash=rng.integers(0, 2**62, total),
        load_id=2,
        operator="Carrollton Police Department",
        azimuths=views.map(json.dumps),
        direction_from=rng.choice(["verified", "stated"], total, p=[0.7, 0.3]).astype(object),
        direction_text=views.map(lambda each: ";".join(f"{one:.0f}" for one in each)).mask(
            round_about, "all round"
        ),
        retention_hours=720.0,
        installed_on=installed.date,
    )


def _street_cameras(streets: pd.DataFrame, count: int, rng: np.random.Generator) -> pd.DataFrame:
    """City cameras at intersections, most of them in the centre and on main roads.

    Some look all round at once; some turn, and are set to look along each street that leaves the intersection.
    """
    lines = streets["geometry"].to_numpy()
    corner, address = corners(streets)
    spot = shapely.points(corner)
    away = streets["away"].to_numpy()[shapely.STRtree(lines).nearest(spot)]
    main = shapely.STRtree(lines[streets["kind"] != "local"])
    _, metres = main.query_nearest(spot, return_distance=True, all_matches=False)
    weight = np.exp(-away / 700) + 0.12 * (metres < 1.0) * (away < 3200)
    chosen = rng.choice(len(corner), count, replace=False, p=weight / weight.sum())
    point = corner[chosen] + rng.choice([-7.0, 7.0], (count, 2))
    round_about = rng.random(count) < 0.2
    # A generator of its own: which cameras turn changes no draw of what follows.
    turns = ~round_about & (rng.spawn(1)[0].random(count) < TURNING_SHARE)
    views = []
    for number, place in enumerate(corner[chosen]):
        legs = _legs(lines, place)
        some = rng.choice(legs, min(len(legs), int(rng.integers(1, 4))), replace=False)
        turns[number] &= len(legs) > 2
        seen = legs if turns[number] else some
        views.append([0.0] if round_about[number] else sorted(seen.tolist()))
    return pd.DataFrame(
        {
            "source_key": [f"CCTV-{number:03d}" for number in range(1, count + 1)],
            "kind": "city",
            "name": address[chosen],
            "x": point[:, 0],
            "y": point[:, 1],
            "views": views,
            "hfov": np.where(round_about, 360.0, rng.choice([60.0, 75.0, 90.0], count)),
            "width_px": rng.choice([1920, 2560, 3840], count),
            "turns": turns,
        }
    )


def _plate_readers(streets: pd.DataFrame, count: int, rng: np.random.Generator) -> pd.DataFrame:
    """Plate readers beside the roads that lead in and out, looking along them one way or both."""
    lines, kind = streets["geometry"].to_numpy(), streets["kind"].to_numpy()
    road = np.flatnonzero((kind != "local") & (shapely.length(lines) > 90))
    weight = streets["away"].to_numpy()[road] ** 2 * np.where(kind[road] == "collector", 0.2, 1.0)
    chosen = road[rng.choice(len(road), count, replace=False, p=weight / weight.sum())]
    middle = shapely.length(lines[chosen]) / 2
    point = shapely.get_coordinates(shapely.line_interpolate_point(lines[chosen], middle))
    step = shapely.get_coordinates(shapely.line_interpolate_point(lines[chosen], middle + 5)) - point
    step /= np.hypot(*step.T)[:, None]
    point += 8.0 * np.column_stack([step[:, 1], -step[:, 0]])
    ahead = np.degrees(np.arctan2(*step.T)) % 360
    both = rng.random(count) < 0.4
    first = np.where(rng.random(count) < 0.5, ahead, (ahead + 180) % 360).round(1)
    return pd.DataFrame(
        {
            "source_key": [f"ALPR-{number:03d}" for number in range(1, count + 1)],
            "kind": "alpr",
            "name": streets["name"].to_numpy()[chosen],
            "x": point[:, 0],
            "y": point[:, 1],
            "views": [
                [one, round((one + 180) % 360, 1)] if two else [one]
                for one, two in zip(first.tolist(), both, strict=True)
            ],
            "hfov": rng.uniform(25, 35, count).round(),
            "width_px": 1920,
            "turns": False,
        }
    )


def _legs(lines: NDArray[np.object_], place: NDArray[np.float64]) -> NDArray[np.float64]:
    """The bearings of the streets that leave an intersection."""
    spot = shapely.Point(place)
    legs = []
    for line in lines[shapely.STRtree(lines).query(spot, "dwithin", 0.05)]:
        for end, step in ((0.0, 12.0), (line.length, line.length - 12.0)):
            if line.interpolate(end).distance(spot) < 0.05:
                to = line.interpolate(max(step, 0.0))
                legs.append(round(float(np.degrees(np.arctan2(to.x - place[0], to.y - place[1])) % 360), 1))
    return np.unique(legs)
