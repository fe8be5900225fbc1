"""The registry: owners, their cameras and consents; the city's own cameras and plate readers; staff."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from data.roles import ROLES
from data.synthetic import names
from data.synthetic.incidents import corners

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
    until: date,
    timezone: str,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Owners and their sites, with ``name``, ``email``, ``phone`` and ``address`` in clear, to be sealed.

    Beside the tables' columns, owners have ``building`` (position in `buildings`).
    """
    use = buildings["use"].to_numpy()
    keen = rng.lognormal(0, 0.8, buildings["street"].max() + 1)[
        buildings["street"]
    ]  # neighbours follow neighbours
    homes = {"house": 1.0, "cottage": 0.7, "apartments": 2.0}
    firms = {"shop": 1.0, "store": 4.0, "big store": 12.0, "fuel": 8.0, "diner": 3.0, "office": 1.0, "hall": 4.0,
             "workshop": 3.0, "church": 0.9, "school": 10.0, "college": 1.5, "hospital": 12.0}  # fmt: skip
    groups = max(2, count // 200)
    at_home, at_firm = (buildings["use"].map(each).fillna(0.0).to_numpy() * keen for each in (homes, firms))
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
    street = (
        pd.Series(buildings["address"].to_numpy()[building]).str.replace(r"^\d+ ", "", regex=True).to_numpy()
    )
    name = np.where(kind == "resident", person, names.organisations(rng, use[building]))
    name = np.where(kind == "neighbourhood", street + " Neighbourhood Association", name)
    handle = pd.Series(person).str.lower().str.replace(" ", ".", regex=False).to_numpy()
    domain = rng.choice(["example.org", "example.com", "example.net"], count)
    email = handle + rng.integers(1, 99, count).astype(str).astype(object) + "@" + domain
    phone = np.array([f"{area}-555-{line:04d}" for area, line in zip(rng.choice([770, 678, 404], count), rng.integers(100, 200, count), strict=True)], object)  # fmt: skip
    reached = rng.random(count)  # a few leave only one of the two
    end = pd.Timestamp(until, tz=timezone).tz_convert("UTC")
    registered = end - pd.to_timedelta(
        (rng.beta(1.0, 1.5, count) * 3.1 * 365 * 86400 + 7200).astype(int), unit="s"
    )
    verified = registered + pd.to_timedelta(rng.exponential(1.2, count) * 86400 // 1, unit="s")
    left = registered + pd.to_timedelta(rng.uniform(40, 700, count) * 86400 // 1, unit="s")
    ids = identifiers(count, rng)
    owner = pd.DataFrame(
        {
            "id": ids,
            "kind": kind,
            "name": name,
            "email": np.where(reached < 0.06, None, email),
            "phone": np.where(reached > 0.88, None, phone),
            "best_hours": rng.choice(
                np.array(["mornings", "after 17:00", "weekdays 9:00 to 17:00", "any time", None], object),
                count,
            ),
            "contact_verified_at": pd.Series(verified).where((rng.random(count) < 0.86) & (verified < end)),
            "registered_at": registered,
            "withdrawn_at": pd.Series(left).where((rng.random(count) < 0.08) & (left < end)),
            "building": building,
        }
    )
    block = buildings["block_id"].to_numpy()[building]
    site = pd.DataFrame(
        {
            "id": identifiers(count, rng),
            "owner_id": ids,
            "address": buildings["address"].to_numpy()[building],
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
    until: date,
    timezone: str,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """About `count` cameras on the outside walls of their owners' buildings, as the table ``camera``.

    Beside the table's columns: ``x`` and ``y`` in metres.
    """
    mean = owners["kind"].map({"resident": 0.75, "business": 2.9, "neighbourhood": 9.0}).to_numpy()
    each = 1 + rng.poisson(mean * (count / len(owners) - 1) / 1.45 * rng.gamma(2.0, 0.5, len(owners)))
    owner = np.repeat(np.arange(len(owners)), each)
    nth = np.arange(len(owner)) - np.repeat(np.cumsum(each) - each, each)
    total = len(owner)
    home = owners["kind"].to_numpy()[owner] == "resident"
    kind = np.where(home, rng.choice(list(RESIDENT_KINDS), total, p=list(RESIDENT_KINDS.values())), rng.choice(list(BUSINESS_KINDS), total, p=list(BUSINESS_KINDS.values()))).astype(object)  # fmt: skip
    kind[home & (nth == 0) & (rng.random(total) < 0.78)] = "doorbell"

    x, y, azimuth = _mounted(buildings.iloc[owners["building"].to_numpy()[owner]], kind, rng)
    basis = rng.choice(["unknown", "verified", "assumed", "stated"], total, p=[0.15, 0.14, 0.05, 0.66])
    hfov = pd.Series(kind).map(FIELDS_OF_VIEW).to_numpy() * rng.normal(1, 0.1, total)
    storage, hours = _storage(kind, home, rng)
    registered = owners["registered_at"].to_numpy()[owner]
    end = pd.Timestamp(until, tz=timezone).tz_convert("UTC")
    added = (
        pd.Series(registered).dt.tz_localize("UTC") if registered.dtype.kind == "M" else pd.Series(registered)
    )
    # Some add a camera later on.
    later = added + pd.to_timedelta(rng.uniform(20, 500, total) * 86400 // 1, unit="s")
    added = later.where((nth > 0) & (rng.random(total) < 0.3) & (later < end), added)
    gone = added + pd.to_timedelta(rng.uniform(30, 600, total) * 86400 // 1, unit="s")
    gone = gone.where((rng.random(total) < 0.06) & (gone < end))
    left = owners["withdrawn_at"].iloc[owner].reset_index(drop=True)
    added = added.where(
        left.isna() | (added < left),
        pd.Series(owners["registered_at"].iloc[owner].to_numpy(), index=added.index).pipe(_utc),
    )
    gone = gone.where(left.isna(), np.minimum(gone.fillna(left), left)) if left.notna().any() else gone
    frame = pd.DataFrame(
        {
            "id": identifiers(total, rng),
            "source": "form",
            "source_key": None,
            "owner_id": owners["id"].to_numpy()[owner],
            "site_id": sites["id"].to_numpy()[owner],
            "kind": kind,
            "x": x,
            "y": y,
            "azimuth": np.where(basis == "unknown", np.nan, azimuth.round()),
            "hfov": np.where(rng.random(total) < 0.42, np.nan, np.clip(hfov.round(-1), 40, 180)),
            "width_px": pd.array(np.where(kind == "doorbell", rng.choice([1280, 1536, 1920], total), rng.choice([1280, 1920, 2560, 3840], total, p=[0.1, 0.4, 0.35, 0.15])), "Int32"),
            "direction_from": basis.astype(object),
            "outdoor": kind != "indoor",
            "night_vision": rng.random(total) < 0.86,
            "audio": rng.random(total) < np.where(np.isin(kind, ["doorbell", "floodlight"]), 0.9, 0.15),
            "retention_hours": hours,
            "storage": storage,
            "registered_at": added,
            "withdrawn_at": gone,
        }
    )  # fmt: skip
    frame.loc[rng.random(total) < 0.36, "width_px"] = pd.NA
    frame["azimuth"] = frame["azimuth"] % 360
    return frame


def _utc(times: pd.Series) -> pd.Series:
    return times.dt.tz_localize("UTC") if times.dt.tz is None else times


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


def consents(cameras: pd.DataFrame, *, until: date, timezone: str, rng: np.random.Generator) -> pd.DataFrame:
    """What each owner agreed to for each camera, year after year, as the table ``consent``."""
    end = pd.Timestamp(until, tz=timezone).tz_convert("UTC")
    asks, lives = rng.random(len(cameras)) < 0.9, rng.random(len(cameras)) < 0.12
    given = pd.Series(cameras["registered_at"].to_numpy()).pipe(_utc)
    gone = pd.Series(cameras["withdrawn_at"].to_numpy()).pipe(_utc)
    changed = given + pd.to_timedelta(rng.uniform(10, 300, len(cameras)) * 86400 // 1, unit="s")
    changed = changed.where((rng.random(len(cameras)) < 0.03) & (changed < end))  # no more questions, please
    rows = []
    current = np.ones(len(cameras), bool)
    while current.any():
        expires = given + pd.Timedelta(days=CONSENT_DAYS)
        for purpose, agreed in (("list", True), ("ask", asks), ("live", lives)):
            chosen = current & agreed
            withdrawn = gone if purpose != "ask" else gone.fillna(changed)
            rows.append(
                pd.DataFrame(
                    {
                        "camera_id": cameras["id"].to_numpy()[chosen],
                        "purpose": purpose,
                        "terms_version": np.where(given > end - pd.Timedelta(days=CONSENT_DAYS), TERMS_VERSION, FORMER_TERMS)[chosen],
                        "given_at": given[chosen].to_numpy(),
                        "expires_at": expires[chosen].to_numpy(),
                        "withdrawn_at": withdrawn.where((withdrawn >= given) & (withdrawn < expires))[chosen].to_numpy(),
                    }
                )
            )  # fmt: skip
        # Most owners renew when they are reminded, in the last month; withdrawn cameras are not renewed.
        given = expires - pd.to_timedelta(rng.uniform(1, 30, len(cameras)) * 86400 // 1, unit="s")
        current &= (rng.random(len(cameras)) < 0.93) & (given < end).to_numpy() & ~(gone < given).to_numpy()
        asks &= ~(changed < given).to_numpy()
    return pd.concat(rows, ignore_index=True)


def agency_cameras(
    streets: pd.DataFrame,
    buildings: pd.DataFrame,
    *,
    city: int,
    readers: int,
    until: date,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """The city's street cameras and plate readers, as the table ``agency_camera``, with ``x`` and ``y``."""
    corner, address = corners(streets)
    lines = streets["geometry"].to_numpy()
    kind = streets["kind"].to_numpy()
    away = streets["away"].to_numpy()[shapely.STRtree(lines).nearest(shapely.points(corner))]
    big = shapely.STRtree(lines[kind != "local"]).query_nearest(
        shapely.points(corner), return_distance=True, all_matches=False
    )[1]
    weight = np.exp(-away / 700) + 0.12 * (big < 1.0) * (away < 3200)
    chosen = rng.choice(len(corner), city, replace=False, p=weight / weight.sum())
    point = corner[chosen] + rng.choice([-7.0, 7.0], (city, 2))
    round_view = rng.random(city) < 0.2
    views = []
    for number in range(city):
        if round_view[number]:
            views.append([0.0])
            continue
        legs = _legs(lines, corner[chosen[number]])
        views.append(
            sorted(rng.choice(legs, min(len(legs), int(rng.integers(1, 4))), replace=False).tolist())
        )
    width = rng.choice([1920, 2560, 3840], city)

    road = np.flatnonzero(np.isin(kind, ["arterial", "highway", "collector"]) & (shapely.length(lines) > 90))
    edge = streets["away"].to_numpy()[road] ** 2 * np.where(kind[road] == "collector", 0.2, 1.0)
    picked = rng.choice(len(road), readers, replace=False, p=edge / edge.sum())
    line = lines[road[picked]]
    at = shapely.line_interpolate_point(line, 0.5, normalized=True)
    beyond = shapely.line_interpolate_point(line, shapely.length(line) / 2 + 5)
    step = shapely.get_coordinates(beyond) - shapely.get_coordinates(at)
    bearing = np.degrees(np.arctan2(*step.T)) % 360
    aside = np.column_stack([step[:, 1], -step[:, 0]]) / 5 * 8.0
    both = rng.random(readers) < 0.4
    turned = rng.random(readers) < 0.5
    readings = [
        [round(one, 1), round((one + 180) % 360, 1)] if two else [round((one + 180 * other) % 360, 1)]
        for one, two, other in zip(bearing, both, turned, strict=True)
    ]
    total = city + readers
    point = np.vstack([point, shapely.get_coordinates(at) + aside])
    installed = pd.Timestamp(until) - pd.to_timedelta(rng.integers(60, 365 * 7, total), unit="D")
    stated = [
        f"{view[0]:.0f}" if len(view) == 1 else ";".join(f"{one:.0f}" for one in view)
        for view in views + readings
    ]
    return pd.DataFrame(
        {
            "source": "synthetic",
            "source_key": [f"CCTV-{number:03d}" for number in range(1, city + 1)] + [f"ALPR-{number:03d}" for number in range(1, readers + 1)],
            "content_hash": rng.integers(0, 2**62, total),
            "load_id": 2,
            "kind": ["city"] * city + ["alpr"] * readers,
            "name": [*address[chosen], *streets["name"].to_numpy()[road[picked]]],
            "operator": "Carrollton Police Department",
            "x": point[:, 0],
            "y": point[:, 1],
            "azimuths": [json.dumps(view) for view in views + readings],
            "hfov": np.concatenate([np.where(round_view, 360.0, rng.choice([60.0, 75.0, 90.0], city)), rng.uniform(25, 35, readers).round()]),
            "width_px": np.concatenate([width, np.full(readers, 1920)]).astype("int32"),
            "direction_from": rng.choice(["verified", "stated"], total, p=[0.7, 0.3]).astype(object),
            "direction_text": ["all round" if text == "0" and one else text for text, one in zip(stated, [*round_view, *[False] * readers], strict=True)],
            "retention_hours": np.where(np.arange(total) < city, 720.0, 720.0),
            "installed_on": installed.date,
        }
    )  # fmt: skip


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
