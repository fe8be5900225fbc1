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

import sqlalchemy as sa

from data import ledger, records, schema, settings
from data.errors import PorchlightError
from data.offences import OFFENCES
from data.store import Store, default_store
from workflow import city_map
from workflow.acts import perform
from workflow.candidates import URGENT_HOURS, Candidate, candidates
from workflow.identity import Actor, Refused

if TYPE_CHECKING:
    from workflow.places import Place

SEARCH = "lookup.search"
CONTACT = "lookup.contact"
REFERENCE_KEPT = 200  # characters of what was given in place of a case or call number
CONTACT_WINDOW = timedelta(hours=24)  # a lookup opens contacts for a day; then the purpose is stated again


@dataclass(frozen=True)
class Purpose:
    """Why somebody looks: the offence and the case or call number it belongs to."""

    offence_code: str  # NIBRS, such as 23F
    reference: str


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
    stated = _stated(store, actor, purpose.offence_code, reference)
    asked = {"radius_m": radius_m, "when": when.isoformat()}
    buildings = city_map.footprints(store=store)

    def work(connection: sa.Connection) -> Lookup:
        now = datetime.now(UTC)
        _check(connection, purpose.offence_code, reference, place, radius_m, when, now)
        lookup_id = uuid.uuid4().hex
        words = json.dumps({"words": place.words, "lon": place.lon, "lat": place.lat})
        sealed = store.vault.seal(words, "lookup.place", lookup_id)
        found = candidates(connection, buildings, place, radius_m, when, now)
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

    entry, row = perform(store, actor, CONTACT, work, asked=asked, about=[camera_id])

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
    by_words = sorted(OFFENCES.values(), key=lambda offence: offence.description)
    return {offence.code: f"{offence.description} ({offence.code})" for offence in by_words}


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


def _stated(store: Store, actor: Actor, offence_code: str, reference: str) -> dict[str, str]:
    """The purpose as the ledger keeps it. What is no case number may be anything, a name too: it is sealed."""
    with store.read() as connection:
        pattern = settings.policy(connection, "reference_pattern")
    offence = offence_code if offence_code in OFFENCES else ""
    if re.fullmatch(pattern, reference):
        return {"offence": offence, "reference": reference}
    sealed = store.vault.seal(reference[:REFERENCE_KEPT], "lookup.reference", actor.id)
    return {"offence": offence, "reference_sealed": sealed.hex()}


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
