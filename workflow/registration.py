"""Registering a camera: what an owner tells us, checked, sealed and recorded in one transaction."""

from __future__ import annotations

import math
import re
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime

import shapely
import sqlalchemy as sa

from analytics.optics import KINDS
from data import ledger, records, schema, settings
from data.errors import PorchlightError
from data.store import Store, default_store
from workflow import ledger as ledger_workflow
from workflow.identity import PUBLIC

TERMS_VERSION = "2026-1"
CAMERA_KINDS = {kind: optics.label for kind, optics in KINDS.items() if kind not in ("city", "alpr")}
OWNER_KINDS = {"resident": "A resident", "business": "A business", "neighbourhood": "A neighbourhood group"}
STORAGE = {"card": "A memory card in the camera", "recorder": "A recorder in the building", "cloud": "The maker's cloud"}
PURPOSES = {
    "list": "The police may see that this camera exists, and where it looks.",
    "ask": "The police may ask me for footage. I can always say no.",
    "live": "In a declared emergency the police may ask for a live view. I can end that at once.",
}
TEXT_MAX = 200
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
PHONE = re.compile(r"\+?[\d\s().-]{7,20}")
OUTLINE_MARGIN_DEGREES = 0.01  # about a kilometre: people just outside the line may take part


class NotValid(PorchlightError):
    """Something in the form must be corrected; `field` names it."""

    def __init__(self, field_name: str, message: str) -> None:
        super().__init__(message)
        self.field = field_name


@dataclass(frozen=True)
class Submission:
    """What the form holds when it is sent. None means that it was not stated."""

    owner_kind: str
    name: str
    email: str
    phone: str
    address: str
    lon: float
    lat: float
    camera_kind: str
    azimuth: float | None  # degrees clockwise from north, where the middle of the view points
    consents: frozenset[str]  # of PURPOSES; 'list' is what registering is
    hfov: float | None = None
    outdoor: bool | None = None
    night_vision: bool | None = None
    audio: bool | None = None
    retention_hours: float | None = None
    storage: str | None = None
    best_hours: str = ""


@dataclass(frozen=True)
class Confirmation:
    """What the owner keeps. It holds nothing personal."""

    reference: str  # the camera's identifier
    registered_at: datetime
    expires_at: datetime
    camera_kind: str
    consents: frozenset[str]
    receipt: str = field(repr=False)  # JSON, see workflow.ledger.receipt


def register(submission: Submission, *, store: Store | None = None) -> Confirmation:
    """Register one camera of a new owner. Needs no account and no role.

    Raises `NotValid` with the field to correct; nothing is kept then.
    """
    store = store or default_store()
    asked = _checked(submission, records.city(store))
    now = datetime.now(UTC)
    owner_id, site_id, camera_id = uuid.uuid4().hex, uuid.uuid4().hex, uuid.uuid4().hex
    seal = store.vault.seal

    def work(connection: sa.Connection) -> tuple[ledger.Entry, datetime]:
        expires_at = _months_later(now, settings.policy(connection, "consent_months"))
        connection.execute(
            schema.owner.insert().values(
                id=owner_id,
                kind=asked.owner_kind,
                name_sealed=seal(asked.name, "owner.name", owner_id),
                email_sealed=seal(asked.email, "owner.email", owner_id) if asked.email else None,
                phone_sealed=seal(asked.phone, "owner.phone", owner_id) if asked.phone else None,
                best_hours=asked.best_hours or None,
                registered_at=now,
            )
        )
        block_id, district_id = records.area_of(connection, asked.lon, asked.lat)
        connection.execute(
            schema.site.insert().values(
                id=site_id,
                owner_id=owner_id,
                address_sealed=seal(asked.address, "site.address", site_id),
                block_id=block_id,
                district_id=district_id,
            )
        )
        connection.execute(
            schema.camera.insert().values(
                id=camera_id,
                source="form",
                owner_id=owner_id,
                site_id=site_id,
                kind=asked.camera_kind,
                lon=asked.lon,
                lat=asked.lat,
                azimuth=asked.azimuth,
                hfov=asked.hfov,
                direction_from="unknown" if asked.azimuth is None else "stated",
                outdoor=asked.outdoor,
                night_vision=asked.night_vision,
                audio=asked.audio,
                retention_hours=asked.retention_hours,
                storage=asked.storage,
                registered_at=now,
            )
        )
        connection.execute(
            schema.consent.insert(),
            [
                {
                    "camera_id": camera_id,
                    "purpose": purpose,
                    "terms_version": TERMS_VERSION,
                    "given_at": now,
                    "expires_at": expires_at,
                }
                for purpose in sorted(asked.consents)
            ],
        )
        entry = ledger.append(
            connection,
            actor=PUBLIC.id,
            role=PUBLIC.role,
            act="camera.register",
            outcome="done",
            asked={"consents": sorted(asked.consents), "terms": TERMS_VERSION, "kind": asked.camera_kind},
            counts={"cameras": 1},
            subjects=[owner_id, site_id, camera_id],
            at=now,
        )
        return entry, expires_at

    entry, expires_at = store.write(work)
    return Confirmation(
        reference=camera_id,
        registered_at=now,
        expires_at=expires_at,
        camera_kind=asked.camera_kind,
        consents=asked.consents,
        receipt=ledger_workflow.receipt(store, entry.position),
    )


def check_owner(name: str, email: str, phone: str) -> None:
    """Raises `NotValid` where the owner cannot be reached with this."""
    if not name.strip():
        raise NotValid("name", "Please tell us your name, so that an officer knows whom to ask for.")
    _short("name", name)
    if not (email.strip() or phone.strip()):
        raise NotValid("email", "Please give an e-mail address or a phone number: without one nobody can ask you.")
    if email.strip() and not (len(email) <= TEXT_MAX and EMAIL.fullmatch(email.strip())):
        raise NotValid("email", "This e-mail address looks incomplete. It should look like name@example.com.")
    if phone.strip() and not (PHONE.fullmatch(phone.strip()) and sum(map(str.isdigit, phone)) >= 7):
        raise NotValid("phone", "This phone number looks incomplete. Write it with its area code: 770-555-0100.")


def check_place(address: str, lon: float, lat: float, city: records.City) -> None:
    """Raises `NotValid` where the camera cannot stand there."""
    if not address.strip():
        raise NotValid("address", "Please give the address where the camera is.")
    _short("address", address)
    if not (math.isfinite(lon) and math.isfinite(lat) and -180 <= lon <= 180 and -90 <= lat <= 90):
        raise NotValid("address", "Please choose the place of the camera on the map.")
    if city.outline is not None:
        if not shapely.contains_xy(city.outline.buffer(OUTLINE_MARGIN_DEGREES), lon, lat):
            raise NotValid("address", f"This place is not in {city.name}. Please register it with your own town.")


def _checked(submission: Submission, city: records.City) -> Submission:
    """The submission with its texts trimmed, if all of it can be used."""
    check_owner(submission.name, submission.email, submission.phone)
    check_place(submission.address, submission.lon, submission.lat, city)
    if submission.owner_kind not in OWNER_KINDS:
        raise NotValid("owner_kind", "Please say who you are: a resident, a business or a neighbourhood group.")
    if submission.camera_kind not in CAMERA_KINDS:
        raise NotValid("camera_kind", f"Please choose the kind of camera: {', '.join(CAMERA_KINDS)}.")
    if submission.azimuth is not None and not 0 <= submission.azimuth < 360:
        raise NotValid("azimuth", "A direction lies between 0 and 360 degrees, clockwise from north.")
    if submission.hfov is not None and not 0 < submission.hfov <= 360:
        raise NotValid("hfov", "An angle of view lies between 1 and 360 degrees.")
    if submission.retention_hours is not None and not 0 < submission.retention_hours <= 24 * 366:
        raise NotValid("retention_hours", "Footage is kept for between an hour and a year; leave it empty if unsure.")
    if submission.storage is not None and submission.storage not in STORAGE:
        raise NotValid("storage", f"Please choose where footage is kept: {', '.join(STORAGE)}.")
    if "list" not in submission.consents or not submission.consents <= PURPOSES.keys():
        raise NotValid("consents", "Registering means that the police may see that the camera exists: please agree to that.")
    _short("best_hours", submission.best_hours)
    trimmed = {name: getattr(submission, name).strip() for name in ("name", "email", "phone", "address", "best_hours")}
    return Submission(**{**submission.__dict__, **trimmed})


def _short(field_name: str, text: str) -> None:
    if len(text) > TEXT_MAX or any(ord(character) < 32 for character in text):
        raise NotValid(field_name, f"Please keep this to one line of at most {TEXT_MAX} characters.")


def _months_later(at: datetime, months: int) -> datetime:
    years, month = divmod(at.month - 1 + months, 12)
    # The 28th exists in every month, and a consent may as well end some days early.
    return at.replace(year=at.year + years, month=month + 1, day=min(at.day, 28))
