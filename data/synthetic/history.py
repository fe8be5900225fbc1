"""Two years of lookups, requests for footage and what came of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from data.synthetic.registry import identifiers

if TYPE_CHECKING:
    from datetime import tzinfo

    from numpy.typing import NDArray

YEARS = 2
MOST_CAMERAS = 50
ANSWER_DAYS = 14  # an unanswered request expires

#: How often a camera lookup follows an offence, beside the others.
LOOKED_UP = {"220": 5.0, "120": 9.0, "13A": 7.0, "240": 4.0, "23F": 3.0, "290": 1.2, "13B": 1.2, "23H": 0.8, "23C": 0.6,
             "520": 4.0, "35A": 0.3, "26A": 0.2, "90J": 0.4, "250": 0.2, "280": 0.4}  # fmt: skip
#: How much an offence's footage helps, on the scale of log odds.
HELPS = {"120": 0.5, "13A": 0.2, "23C": 0.4, "220": -0.1, "240": -0.4, "23F": -0.8, "23H": -0.5}


def history(
    incidents: pd.DataFrame,
    staff: pd.DataFrame,
    owners: pd.DataFrame,
    cameras: pd.DataFrame,
    consents: pd.DataFrame,
    *,
    count: int,
    requests: int,
    end: pd.Timestamp,
    rng: np.random.Generator,
) -> dict[str, pd.DataFrame]:
    """The frames of what the police did, by their names in `data.synthetic.city.City`, as their tables have them.

    ``lookups`` have ``place`` in clear, to be sealed.
    Lookups are about real incidents of the town, soon after them; they find the community cameras that
    were listed at that moment, the nearest first, and requests go only to owners who agreed to be asked.
    """
    local, end = end.tz, end.tz_convert("UTC")
    recent = incidents[incidents["occurred_at"] > end - pd.Timedelta(days=365.25 * YEARS)]
    weight = recent["offence_code"].map(LOOKED_UP).to_numpy()
    # The registry grows, and officers get used to it.
    weight = weight * (
        0.4 + ((recent["occurred_at"] - recent["occurred_at"].min()) / pd.Timedelta(days=365)).to_numpy()
    )
    about = recent.iloc[np.sort(rng.choice(len(recent), count, replace=False, p=weight / weight.sum()))]
    delay = pd.to_timedelta(
        (np.minimum(rng.lognormal(3.1, 1.3, count), 80 * 24) * 3600).astype(int), unit="s"
    )
    at = about["occurred_at"].reset_index(drop=True) + delay
    # A lookup cannot lie ahead: what would is made on the last day, an hour or more after the incident.
    last = about["occurred_at"].reset_index(drop=True) + (
        end - about["occurred_at"].reset_index(drop=True)
    ) * rng.uniform(0.1, 0.9, count)
    at = at.where(at < end, last).dt.floor("s")
    officers = staff.loc[staff["role"].isin(["officer", "supervisor"]), "id"].to_numpy()
    share = np.array([0.4, 0.35, 0.15, 0.1])
    ids = identifiers(count, rng)
    lookups = pd.DataFrame(
        {
            "id": ids,
            "at": at,
            "staff_id": rng.choice(officers, count, p=share),
            "offence_code": about["offence_code"].to_numpy(),
            "reference": about["case_number"].to_numpy(),
            "place": [
                json.dumps({"words": words, "lon": lon, "lat": lat})
                for words, lon, lat in zip(about["address"], about["lon"], about["lat"], strict=True)
            ],
            "radius_m": rng.choice([150.0, 200.0, 250.0, 300.0, 400.0, 500.0], count, p=[0.1, 0.25, 0.25, 0.2, 0.12, 0.08]),
            "occurred_at": about["occurred_at"].to_numpy(),
            "x": about["x"].to_numpy(),
            "y": about["y"].to_numpy(),
        }
    ).sort_values(["at", "id"], ignore_index=True)  # fmt: skip
    found = _found(lookups, cameras, consents)
    lookups["cameras"] = np.bincount(found["lookup"], minlength=count)
    asked = _requests(lookups, found, owners, cameras, consents, requests, end, rng)
    outcomes = _outcomes(asked, lookups, cameras, end, local, rng)
    columns = ["id", "lookup_id", "camera_id", "staff_id", "requested_at", "status", "answered_at"]
    return {
        "lookups": lookups.drop(columns=["x", "y"]),
        "lookup_cameras": pd.DataFrame(
            {
                "lookup_id": lookups["id"].to_numpy()[found["lookup"]],
                "camera_id": cameras["id"].to_numpy()[found["camera"]],
                "rank": found["rank"],
            }
        ),
        "footage_requests": asked[columns],
        "evidence_outcomes": outcomes,
    }


def _agreed(
    purpose: str, camera: NDArray[np.int64], at: pd.Series, cameras: pd.DataFrame, consents: pd.DataFrame
) -> NDArray[np.bool_]:
    """Whether each camera's owner agreed to a purpose at that moment."""
    order = pd.Series(np.arange(len(cameras)), index=cameras["id"].to_numpy())
    given = consents[consents["purpose"] == purpose]
    given = given.assign(camera=order.loc[given["camera_id"]].to_numpy())
    asked = pd.DataFrame({"camera": camera, "at": at.to_numpy(), "row": np.arange(len(camera))})
    both = asked.merge(given[["camera", "given_at", "expires_at", "withdrawn_at"]], on="camera")
    holds = (
        (both["given_at"] <= both["at"])
        & (both["expires_at"] > both["at"])
        & ~(both["withdrawn_at"] <= both["at"])
    )
    answer = np.zeros(len(camera), bool)
    answer[both.loc[holds, "row"].to_numpy()] = True
    return answer


def _found(lookups: pd.DataFrame, cameras: pd.DataFrame, consents: pd.DataFrame) -> pd.DataFrame:
    """The cameras each lookup found: lookup and camera (positions), rank, metres."""
    tree = cKDTree(cameras[["x", "y"]].to_numpy())
    near = tree.query_ball_point(lookups[["x", "y"]].to_numpy(), lookups["radius_m"].to_numpy())
    lookup = np.repeat(np.arange(len(lookups)), [len(one) for one in near])
    camera = np.concatenate([np.asarray(one, int) for one in near])
    metres = np.hypot(*(lookups[["x", "y"]].to_numpy()[lookup] - cameras[["x", "y"]].to_numpy()[camera]).T)
    listed = _agreed("list", camera, lookups["at"].iloc[lookup], cameras, consents)
    found = pd.DataFrame({"lookup": lookup, "camera": camera, "metres": metres})[listed]
    found = found.sort_values(["lookup", "metres"], kind="stable", ignore_index=True)
    found["rank"] = found.groupby("lookup").cumcount() + 1
    return found[found["rank"] <= MOST_CAMERAS].reset_index(drop=True)


def _requests(
    lookups: pd.DataFrame,
    found: pd.DataFrame,
    owners: pd.DataFrame,
    cameras: pd.DataFrame,
    consents: pd.DataFrame,
    count: int,
    end: pd.Timestamp,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """About `count` requests to the best cameras that may be asked, with what the owner answered."""
    at = lookups["at"].iloc[found["lookup"]].reset_index(drop=True)
    may = _agreed("ask", found["camera"].to_numpy(), at, cameras, consents)
    able = found[may].reset_index(drop=True)
    # Not every lookup leads to a request; the nearest cameras are asked first.
    keen = rng.random(len(lookups))[able["lookup"]]
    chance = np.where(keen < 0.72, np.exp(-able["rank"] / 4.0), 0.0) * (0.5 + keen)
    count = min(count, int((chance > 0).sum()))
    chosen = np.sort(rng.choice(len(able), count, replace=False, p=chance / chance.sum()))
    asked = able.iloc[chosen].reset_index(drop=True)
    lookup, camera = asked["lookup"].to_numpy(), asked["camera"].to_numpy()
    looked = lookups["at"].iloc[lookup].reset_index(drop=True)
    room = (end - looked).dt.total_seconds().to_numpy()
    wait = np.minimum(rng.lognormal(7.0, 0.9, count), room * 0.5)
    requested = looked + pd.to_timedelta(wait // 1, unit="s")
    kind = owners.set_index("id")["kind"].loc[cameras["owner_id"].to_numpy()[camera]].to_numpy()
    hours = rng.lognormal(np.where(kind == "business", 3.1, 2.6), 1.1, count)
    answered = requested + pd.to_timedelta(hours * 3600 // 1, unit="s")
    silent = (rng.random(count) < np.where(kind == "resident", 0.21, 0.14)) | (hours > ANSWER_DAYS * 24)
    age = (
        answered - lookups["occurred_at"].iloc[lookup].reset_index(drop=True)
    ).dt.total_seconds().to_numpy() / 3600
    kept = np.nan_to_num(cameras["retention_hours"].to_numpy(float)[camera], nan=500.0)
    gone = (age > kept) & (rng.random(count) < 0.93)
    draw = rng.random(count)
    status = np.select([draw < 0.11, draw < 0.15], ["declined", "cancelled"], "provided").astype(object)
    status[gone & (status == "provided")] = "gone"
    status[~gone & (status == "provided") & (rng.random(count) < 0.05)] = "gone"
    status[silent] = "expired"
    expiry = requested + pd.Timedelta(days=ANSWER_DAYS)
    answered = answered.where(~silent, expiry)
    pending = (answered >= end).to_numpy()
    status[pending] = "open"
    order = np.argsort(requested.to_numpy(), kind="stable")
    frame = pd.DataFrame(
        {
            "id": identifiers(count, rng),
            "lookup_id": lookups["id"].to_numpy()[lookup],
            "camera_id": cameras["id"].to_numpy()[camera],
            "staff_id": lookups["staff_id"].to_numpy()[lookup],
            "requested_at": requested,
            "status": status,
            "answered_at": answered.where(~pending),
            "lookup": lookup,
            "camera": camera,
            "metres": asked["metres"],
        }
    )
    return frame.iloc[order].reset_index(drop=True)


def _outcomes(
    asked: pd.DataFrame,
    lookups: pd.DataFrame,
    cameras: pd.DataFrame,
    end: pd.Timestamp,
    local: tzinfo,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """What came of the footage that was provided, step by step, as the table ``evidence_outcome``."""
    given = asked[asked["status"] == "provided"].reset_index(drop=True)
    count = len(given)
    lookup, camera = given["lookup"].to_numpy(), given["camera"].to_numpy()
    hour = lookups["occurred_at"].dt.tz_convert(local).dt.hour.to_numpy()[lookup]
    dark = (hour >= 20) | (hour < 6)
    blind = dark & ~cameras["night_vision"].to_numpy(bool)[camera]
    offence = pd.Series(lookups["offence_code"].to_numpy()[lookup]).map(HELPS).fillna(0.0).to_numpy()
    odds = 1.8 - given["metres"].to_numpy() / 90 - 0.55 * dark - 1.3 * blind + offence
    odds = odds + 0.3 * (cameras["direction_from"].to_numpy()[camera] == "verified")

    def happens(chance: NDArray[np.float64] | float) -> NDArray[np.bool_]:
        return rng.random(count) < chance

    received = happens(0.97)
    viewed = received & happens(0.95)
    usable = viewed & happens(1 / (1 + np.exp(-odds)))
    used = usable & happens(0.62)
    identified = used & happens(0.48)
    arrested = identified & happens(0.5)
    charged = arrested & happens(0.78)
    excluded = viewed & ~identified & happens(0.07)
    at = given["answered_at"]
    parts = []
    for outcome, reached, days in (
        ("received", received, 0.05),
        ("viewed", viewed, 1.5),
        ("usable", usable, 0.02),
        ("used", used, 5.0),
        ("identification", identified, 4.0),
        ("exclusion", excluded, 4.0),
        ("arrest", arrested, 9.0),
        ("charge", charged, 6.0),
    ):
        at = at + pd.to_timedelta(rng.exponential(days * 86400, count) // 1 + 60, unit="s")
        known = reached & (at < end).to_numpy()
        parts.append(
            pd.DataFrame(
                {
                    "footage_request_id": given["id"][known],
                    "outcome": outcome,
                    "staff_id": given["staff_id"][known],
                    "at": at[known],
                }
            )
        )
    return pd.concat(parts).sort_values(["at", "footage_request_id"], kind="stable", ignore_index=True)
