"""The audited lookup: purpose first, then the cameras that may have seen it, then one contact at a time.

Nothing of a camera leaves this module before the entry that says who asked for it, and why, has been
committed.
"""

from __future__ import annotations

import json
import math
import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

import numpy as np
import sqlalchemy as sa
from pyproj import Transformer

from analytics import optics, viewshed
from data import ledger, records, schema, settings
from data.errors import PorchlightError
from data.offences import OFFENCES, Offence
from data.store import Store, default_store
from workflow import city_map
from workflow.acts import perform
from workflow.identity import Actor, Refused

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workflow.places import Place

SEARCH = "lookup.search"
CONTACT = "lookup.contact"
CONTACT_WINDOW = timedelta(hours=24)  # a lookup opens contacts for a day; then the purpose is stated again

# Published and typed places are rarely better than this, so a camera is judged by how much of the
# ground within it the camera sees, and not by one exact point.
PLACE_ERROR_M = 20.0
SAMPLE_POINTS = 60

SOON_HOURS = 96  # until then one counts hours, afterwards days
URGENT_HOURS = 24

LEVEL_WORDS = {
    None: "but too far away to make anything out",
    "detect": "well enough to tell that something moves",
    "observe": "well enough to see what happens",
    "recognise": "clearly enough to recognise somebody one knows",
    "identify": "clearly enough to identify a stranger",
}


@dataclass(frozen=True)
class Purpose:
    """Why somebody looks: the offence and the case or call number it belongs to."""

    offence_code: str  # NIBRS, such as 23F
    reference: str


@dataclass(frozen=True)
class Candidate:
    """A camera that may have seen it, and why it stands where it stands in the list."""

    camera_id: str
    layer: str  # community, city, alpr
    kind: str
    name: str | None  # of a city camera; a private one has none
    lon: float
    lat: float
    azimuth: float | None
    hfov: float
    range_m: float
    distance_m: float
    # Of the ground around the place; None where it might be in view, but nobody stated the direction.
    share_in_view: float | None
    px_per_m: float  # at the place
    hours_left: float | None  # until the footage is overwritten; None where nobody stated how long it is kept
    may_be_asked: bool
    view: tuple[
        tuple[float, float], ...
    ]  # outline of what it sees, longitude and latitude; empty where unknown

    @property
    def title(self) -> str:
        """What kind of camera it is, and what the city calls it."""
        label = optics.KINDS[self.kind].label
        return f"{label} {self.name}" if self.name else label

    @property
    def urgency(self) -> str:
        """How long the footage is still there.

        >>> Candidate("c", "community", "doorbell", None, 0, 0, 90, 150, 60, 12.3, 0.8, 140.0, 30.2, True, ()).urgency
        'Footage will be overwritten in 30 h'
        """
        if self.hours_left is None:
            return "Nobody stated how long footage is kept"
        if self.hours_left <= 0:
            return "Footage has probably been overwritten"
        if self.hours_left < 1:
            return "Footage will be overwritten within the hour"
        if self.hours_left < SOON_HOURS:
            return f"Footage will be overwritten in {self.hours_left:.0f} h"
        return f"Footage will be overwritten in {self.hours_left / 24:.0f} days"

    @property
    def may_have_seen(self) -> bool:
        """Whether it sees the place, or may, and the footage may still be there."""
        return self.share_in_view != 0 and (self.hours_left is None or self.hours_left > 0)

    @property
    def is_urgent(self) -> bool:
        """Whether the footage is still there, but not for long."""
        return self.hours_left is not None and 0 < self.hours_left < URGENT_HOURS

    @property
    def level(self) -> str | None:
        """The best level at which the camera resolves the place, if any."""
        reached = [name for name, pixels in optics.LEVELS.items() if self.px_per_m >= pixels]
        return reached[-1] if reached else None

    @property
    def why(self) -> str:
        """In one line, why this camera stands where it stands.

        >>> Candidate("c", "community", "doorbell", None, 0, 0, 90, 150, 60, 12.3, 0.8, 140.0, 5.2, True, ()).why
        'Sees most of the place, clearly enough to recognise somebody one knows'
        """
        if self.share_in_view is None:
            return "Nobody stated which way it looks, so it may or may not see the place"
        if not self.share_in_view:
            return "Does not see the place, but somebody may have passed it on the way"
        how_much = (
            "most" if self.share_in_view > 2 / 3 else "part" if self.share_in_view > 1 / 5 else "the edge"
        )
        return f"Sees {how_much} of the place, {LEVEL_WORDS[self.level]}"


@dataclass(frozen=True)
class Lookup:
    """The answer to a lookup: its cameras, the likeliest and nearest first."""

    id: str
    cameras: tuple[Candidate, ...]
    not_shown: int  # found as well, beyond the most that one lookup answers with
    ledger_position: int


@dataclass(frozen=True)
class Contact:
    """Whom to ask about one camera."""

    name: str
    email: str | None
    phone: str | None
    address: str
    best_hours: str | None
    ledger_position: int

    @property
    def lines(self) -> list[str]:
        """What is known, a line each."""
        hours = f"Best reached: {self.best_hours}" if self.best_hours else None
        return [line for line in (self.name, self.phone, self.email, self.address, hours) if line]

    @property
    def phone_link(self) -> str:
        """What dials the number: its digits only, whatever else an owner may have written."""
        return "tel:" + re.sub(r"[^\d+]", "", self.phone or "")

    @property
    def email_link(self) -> str:
        """What begins a letter to the address, which can be no other link."""
        return "mailto:" + quote(self.email or "", safe="@")


def cameras_near(
    actor: Actor,
    purpose: Purpose,
    place: Place,
    radius_m: float,
    when: datetime,
    *,
    store: Store | None = None,
) -> Lookup:
    """The cameras within `radius_m` of a place that may hold footage of `when`.

    Needs the act lookup.search. Raises `Refused`, or another `PorchlightError` with the sentence that
    says what to correct; both are in the ledger. Community cameras count only while their owner's
    consent to be listed holds.
    """
    store = store or default_store()
    reference = purpose.reference.strip()
    stated = {"offence": purpose.offence_code, "reference": reference[:80]}
    asked = {"radius_m": radius_m, "when": when.isoformat()}
    buildings = city_map.footprints(store=store)

    def work(connection: sa.Connection) -> Lookup:
        now = datetime.now(UTC)
        _check(connection, purpose.offence_code, reference, place, radius_m, when, now)
        lookup_id = uuid.uuid4().hex
        words = json.dumps({"words": place.words, "lon": place.lon, "lat": place.lat})
        sealed = store.vault.seal(words, "lookup.place", lookup_id)
        found = _candidates(connection, buildings, place, radius_m, when, now)
        most = settings.policy(connection, "lookup_cameras_max")
        shown = found[:most]
        entry = ledger.append(
            connection,
            actor=actor.id,
            role=actor.role,
            act=SEARCH,
            outcome="done",
            purpose=stated,
            asked=asked | {"lookup": lookup_id, "place_sealed": sealed.hex()},
            counts={"cameras": len(shown), "not_shown": len(found) - len(shown)},
            subjects=[camera.camera_id for camera in shown if camera.layer == "community"],
            at=now,
        )
        connection.execute(
            schema.lookup.insert().values(
                id=lookup_id,
                at=now,
                staff_id=actor.id,
                offence_code=purpose.offence_code,
                reference=reference,
                place_sealed=sealed,
                radius_m=radius_m,
                occurred_at=when,
                cameras=len(shown),
                ledger_position=entry.position,
            )
        )
        if shown:
            connection.execute(
                schema.lookup_camera.insert(),
                [
                    {"lookup_id": lookup_id, "camera_id": camera.camera_id, "rank": rank}
                    for rank, camera in enumerate(shown, start=1)
                ],
            )
        return Lookup(lookup_id, tuple(shown), len(found) - len(shown), entry.position)

    return perform(store, actor, SEARCH, work, purpose=stated, asked=asked)


def contact(actor: Actor, lookup_id: str, camera_id: str, *, store: Store | None = None) -> Contact:
    """Whom to ask about one camera of a lookup of the actor's own; each call is a ledger entry.

    Needs the act lookup.contact, and the owner's consent to be asked at this moment.
    """
    store = store or default_store()
    asked = {"lookup": lookup_id}

    def work(connection: sa.Connection) -> tuple[ledger.Entry, sa.Row]:
        now = datetime.now(UTC)
        lookup, found = schema.lookup, schema.lookup_camera
        own = connection.execute(
            sa.select(lookup.c.offence_code, lookup.c.reference)
            .join(found, found.c.lookup_id == lookup.c.id)
            .where(
                lookup.c.id == lookup_id,
                lookup.c.staff_id == actor.id,
                lookup.c.at > now - CONTACT_WINDOW,
                found.c.camera_id == camera_id,
            )
        ).first()
        if own is None:
            raise Refused(
                "Contact details open only from a lookup of your own, within a day. Look the place up again."
            )
        camera, owner, site = schema.camera, schema.owner, schema.site
        row = connection.execute(
            sa.select(
                owner.c.id.label("owner_id"),
                owner.c.name_sealed,
                owner.c.email_sealed,
                owner.c.phone_sealed,
                owner.c.best_hours,
                site.c.id.label("site_id"),
                site.c.address_sealed,
            )
            .select_from(camera)
            .join(owner, owner.c.id == camera.c.owner_id)
            .join(site, site.c.id == camera.c.site_id)
            .where(camera.c.id == camera_id, owner.c.withdrawn_at.is_(None), records.consented("ask", now))
        ).first()
        if row is None:
            raise Refused("The owner of this camera does not agree to be asked at the moment.")
        entry = ledger.append(
            connection,
            actor=actor.id,
            role=actor.role,
            act=CONTACT,
            outcome="done",
            purpose={"offence": own.offence_code, "reference": own.reference},
            asked=asked,
            counts={"cameras": 1},
            subjects=[camera_id, row.owner_id, row.site_id],
            at=now,
        )
        return entry, row

    entry, row = perform(store, actor, CONTACT, work, asked=asked)

    def opened(sealed: bytes | None, column: str, subject: str) -> str | None:
        return None if sealed is None else store.vault.open(sealed, column, subject, entry)

    name = opened(row.name_sealed, "owner.name", row.owner_id)
    address = opened(row.address_sealed, "site.address", row.site_id)
    assert name is not None and address is not None  # noqa: PT018, S101  the columns are never empty
    return Contact(
        name,
        opened(row.email_sealed, "owner.email", row.owner_id),
        opened(row.phone_sealed, "owner.phone", row.owner_id),
        address,
        row.best_hours,
        entry.position,
    )


def offences() -> dict[str, str]:
    """The offences to choose from: NIBRS codes, and what they are called.

    >>> offences()["23F"]
    'Theft From Motor Vehicle (23F)'
    """
    return {code: f"{offence.description} ({code})" for code, offence in sorted(OFFENCES.items(), key=_words)}


def summary(answer: Lookup) -> str:
    """The answer in one sentence."""
    if not answer.cameras:
        return "No registered camera stands here. Ask at the doors, or search a larger radius."
    seeing = sum(bool(camera.share_in_view) for camera in answer.cameras)
    urgent = sum(camera.is_urgent and bool(camera.share_in_view) for camera in answer.cameras)
    cameras = "1 camera stands" if len(answer.cameras) == 1 else f"{len(answer.cameras)} cameras stand"
    if not seeing:
        return f"{cameras} here, and none is known to see the place."
    sentence = f"{cameras} here, and {seeing} {'sees' if seeing == 1 else 'see'} the place."
    if urgent:
        sentence += f" Footage of {urgent} will be overwritten within {URGENT_HOURS} hours: ask there first."
    return sentence


def policy(*, store: Store | None = None) -> dict[str, float | int | str]:
    """The bounds of a lookup and the example of a reference, as this department set them."""
    store = store or default_store()
    names = ("lookup_radius_max_m", "lookup_window_max_days", "reference_example")
    with store.read() as connection:
        return {name: settings.policy(connection, name) for name in names}


def _check(
    connection: sa.Connection,
    offence_code: str,
    reference: str,
    place: Place,
    radius_m: float,
    when: datetime,
    now: datetime,
) -> None:
    """Raises the one sentence that says what to correct."""
    if offence_code not in OFFENCES:
        raise PorchlightError("Choose the offence first: a lookup needs one from the list.")
    if not re.fullmatch(settings.policy(connection, "reference_pattern"), reference):
        example = settings.policy(connection, "reference_example")
        raise PorchlightError(f"Give the case or call number this is for, such as {example}.")
    if not (math.isfinite(place.lon) and math.isfinite(place.lat)):
        raise PorchlightError("Choose the place: an address, an intersection or coordinates.")
    most = settings.policy(connection, "lookup_radius_max_m")
    if not 0 < radius_m <= most:
        raise PorchlightError(f"Choose a radius of at most {most:.0f} metres.")
    if when.tzinfo is None:
        raise PorchlightError("Say in which time zone it happened.")
    if when > now:
        raise PorchlightError("Choose a time that has passed: cameras hold nothing of the future.")
    days = settings.policy(connection, "lookup_window_max_days")
    if when < now - timedelta(days=days):
        raise PorchlightError(f"Choose a time within the last {days} days: hardly any camera keeps more.")


def _candidates(
    connection: sa.Connection,
    buildings: city_map.Footprints,
    place: Place,
    radius_m: float,
    when: datetime,
    now: datetime,
) -> list[Candidate]:
    """Every camera within the radius, the likeliest and nearest first."""
    to_metres = Transformer.from_crs(records.WGS84, records.city_of(connection).crs, always_xy=True)
    x, y = to_metres.transform(place.lon, place.lat)
    views = records.camera_views(connection, now, bounds(place, radius_m))
    views["x"], views["y"] = to_metres.transform(views["lon"].to_numpy(), views["lat"].to_numpy())
    views["distance_m"] = np.hypot(views["x"] - x, views["y"] - y)
    views = views[views["distance_m"] <= radius_m].reset_index(drop=True)
    if views.empty:
        return []
    footprints = buildings.near(x, y, radius_m + PLACE_ERROR_M)
    walls = viewshed.walls_of(footprints)
    seen = viewshed.mounted(optics.completed(views, "detect"), footprints)
    unknown = (seen["azimuth"].isna() & (seen["hfov"] < 360)).to_numpy()
    sheds = viewshed.cast(seen, walls, rays=64)
    seen["view"] = _outlines(sheds, to_metres)
    seen["share_in_view"] = _share_in_view(sheds, x, y)
    # Where nobody stated the direction: could it see the place if it looked that way?
    all_round = optics.completed(views.assign(azimuth=views["azimuth"].fillna(0.0)), "detect").assign(
        hfov=360.0
    )
    could_see = (
        _share_in_view(viewshed.cast(viewshed.mounted(all_round, footprints), walls, rays=8), x, y) > 0
    )
    seen["may_see"] = unknown & could_see
    seen["px_per_m"] = np.where(
        seen["share_in_view"] > 0,
        optics.px_per_m(np.maximum(seen["distance_m"], 1.0), seen["width_px"], seen["hfov"]),
        0.0,
    )
    # A device with several views stands in the list once, with the view that sees the most.
    seen = seen.sort_values(["id", "share_in_view"], ascending=[True, False])
    seen = seen.drop_duplicates("id")
    seen["hours_left"] = seen["retention_hours"] - (now - when) / timedelta(hours=1)
    askable = records.askable(connection, seen.loc[seen["layer"] == "community", "id"].tolist(), now)
    # First what sees the place, then what may, then what stands near; what is overwritten comes last.
    overwritten = seen["hours_left"] <= 0
    group = np.select([overwritten, seen["share_in_view"] > 0, seen["may_see"]], [3, 0, 1], default=2)
    clear = -np.searchsorted(list(optics.LEVELS.values()), seen["px_per_m"], side="right")
    order = np.lexsort([seen["distance_m"], -seen["share_in_view"].round(1), clear, group])
    return [
        Candidate(
            camera_id=row.id,
            layer=row.layer,
            kind=row.kind,
            name=row.name,
            lon=row.lon,
            lat=row.lat,
            azimuth=_known(row.azimuth),
            hfov=row.hfov,
            range_m=row.range_m,
            distance_m=row.distance_m,
            share_in_view=None if row.may_see else row.share_in_view,
            px_per_m=row.px_per_m,
            hours_left=_known(row.hours_left),
            may_be_asked=row.layer != "community" or row.id in askable,
            view=row.view,
        )
        for row in seen.iloc[order].itertuples()
    ]


def _share_in_view(sheds: viewshed.Viewsheds, x: float, y: float) -> NDArray[np.float64]:
    """For each camera, the share of points spread evenly over the ground around (x, y) that it sees."""
    number = np.arange(SAMPLE_POINTS)
    distance = PLACE_ERROR_M * np.sqrt((number + 0.5) / SAMPLE_POINTS)  # a sunflower: even over the disc
    angle = number * np.pi * (3 - np.sqrt(5))
    points = np.column_stack([x + distance * np.cos(angle), y + distance * np.sin(angle)])
    index = np.repeat(np.arange(len(sheds)), SAMPLE_POINTS)
    sees = sheds.sees(index, np.tile(points, (len(sheds), 1)))
    return sees.reshape(len(sheds), SAMPLE_POINTS).mean(axis=1)


def _outlines(sheds: viewshed.Viewsheds, to_metres: Transformer) -> list[tuple[tuple[float, float], ...]]:
    """What each camera sees as a ring of longitudes and latitudes."""
    rings = []
    for polygon in sheds.polygons():
        x, y = polygon.exterior.coords.xy if not polygon.is_empty else ((), ())
        lon, lat = to_metres.transform(x, y, direction="INVERSE")
        rings.append(tuple(zip(lon, lat, strict=True)))
    return rings


def _words(item: tuple[str, Offence]) -> str:
    return item[1].description


def bounds(place: Place, radius_m: float) -> tuple[float, float, float, float]:
    """West, south, east and north of a square that holds the circle, in degrees."""
    north = radius_m / 110_000  # a degree of latitude is never shorter
    east = north / max(math.cos(math.radians(place.lat)), 0.01)
    return place.lon - east, place.lat - north, place.lon + east, place.lat + north


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
