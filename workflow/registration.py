"""Registering a camera: what an owner tells us, checked, sealed and recorded in one transaction.

Anybody may register, so nothing that comes in is believed: texts are tidied and bounded, numbers are
checked, the same form sent twice makes one camera, and there is a limit to how many come in an hour.
Names are kept as they were written, whatever is in them; who shows one escapes it for where it is shown.
"""

from __future__ import annotations

import logging
import math
import re
import unicodedata
import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import shapely
import sqlalchemy as sa
from pyproj import Transformer

from analytics.optics import KINDS
from data import ledger, records, schema, settings
from data.errors import PorchlightError
from data.store import Store, default_store
from workflow import ledger as ledger_workflow
from workflow.acts import Failed
from workflow.identity import PUBLIC

log = logging.getLogger("porchlight")

TERMS_VERSION = "2026-1"
CAMERA_KINDS = {
    kind: optics.label.partition(",")[0] for kind, optics in KINDS.items() if kind not in ("city", "alpr")
}
OWNER_KINDS = {"resident": "A resident", "business": "A business", "neighbourhood": "A neighbourhood group"}
STORAGE = {
    "card": "A memory card in the camera",
    "recorder": "A recorder in the building",
    "cloud": "The maker's cloud",
}
PURPOSES = {
    "list": "The police may see that this camera exists, and where it looks.",
    "ask": "The police may ask me for footage. I can always say no.",
    "live": "In a declared emergency the police may ask for a live view. I can end that at once.",
}
TEXT_MAX = 200
# One address and nothing that a mail program would take for a second one, a name or a header.
EMAIL = re.compile(
    r"[^@\s,;:<>()\[\]\\\"?&%]{1,64}@[^@\s,;:<>()\[\]\\\"?&%.]+(?:\.[^@\s,;:<>()\[\]\\\"?&%.]+)+"
)
PHONE = re.compile(r"\+?[0-9 ().-]{7,20}(?: ?(?:x|ext\.?) ?[0-9]{1,6})?", re.IGNORECASE)
TOKEN = re.compile(r"[0-9a-f]{32}")
JOINERS = "\u200c\u200d"  # some scripts and emoji are written with these two invisible characters
OUTLINE_MARGIN_M = 1000.0  # people just outside the line may take part
SAME_SENDING = timedelta(minutes=10)  # within it, the same form sent again is answered as it was before


class NotValid(PorchlightError):
    """Something in the form must be corrected; `field` names it."""

    def __init__(self, field_name: str, message: str) -> None:
        super().__init__(message)
        self.field = field_name


@dataclass(frozen=True)
class Submission:
    """What the form holds when it is sent. None means that it was not stated."""

    owner_kind: str
    name: str = field(repr=False)
    email: str = field(repr=False)
    phone: str = field(repr=False)
    address: str = field(repr=False)
    lon: float = field(repr=False)
    lat: float = field(repr=False)
    camera_kind: str
    azimuth: float | None  # degrees clockwise from north, where the middle of the view points
    consents: frozenset[str]  # of PURPOSES; 'list' is what registering is
    hfov: float | None = None  # degrees; 360 for a camera that sees all round
    outdoor: bool | None = None
    night_vision: bool | None = None
    audio: bool | None = None
    retention_hours: float | None = None
    storage: str | None = None
    best_hours: str = ""
    # Made by the form when it is opened, in hexadecimal: it becomes the camera's identifier, so that a
    # form that is sent twice makes one camera.
    token: str = field(default_factory=lambda: uuid.uuid4().hex)


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

    The same submission sent again within `SAME_SENDING` answers the first confirmation once more.
    Raises `NotValid` with the field to correct, or another `PorchlightError`; nothing is kept then.
    """
    store = store or default_store()
    asked = _checked(submission, records.city(store))
    with store.read() as connection:
        areas = records.area_of(connection, asked.lon, asked.lat)
    try:
        position = store.write(lambda connection: _write(connection, store, asked, areas))
        return _confirmation(store, asked.token, position)
    except PorchlightError:
        raise
    except Exception as error:
        if isinstance(error, sa.exc.StatementError):
            error.hide_parameters = True  # the log is read by people who may not read the registry
        log.exception("camera.register failed")
        raise Failed(
            "Something went wrong on our side, and nothing was kept. Please send it again in a moment."
        ) from None


def _write(
    connection: sa.Connection, store: Store, asked: Submission, areas: tuple[int | None, int | None]
) -> int:
    """All rows of one registration, and its ledger entry; the answer is the entry's position."""
    now = datetime.now(UTC)
    camera, camera_id = schema.camera, asked.token
    earlier = connection.execute(sa.select(camera.c.registered_at).where(camera.c.id == camera_id)).scalar()
    if earlier is not None:
        if now - earlier > SAME_SENDING:
            raise NotValid(
                "token", "This form has been sent already. Reload the page to register another camera."
            )
        return _position_of(connection, camera_id)
    most = settings.policy(connection, "registrations_per_hour_max")
    lately = sa.select(sa.func.count()).where(
        camera.c.source == "form", camera.c.registered_at > now - timedelta(hours=1)
    )
    if connection.execute(lately).scalar_one() >= most:
        raise NotValid(
            "", "Very many cameras are being registered at the moment. Please send it again in an hour."
        )

    owner_id, site_id = uuid.uuid4().hex, uuid.uuid4().hex
    expires_at = _months_later(now, settings.policy(connection, "consent_months"))
    seal = store.vault.seal
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
    block_id, district_id = areas
    connection.execute(
        schema.site.insert().values(
            id=site_id,
            owner_id=owner_id,
            address_sealed=seal(asked.address, "site.address", site_id),
            block_id=block_id,
            district_id=district_id,
        )
    )
    known = asked.azimuth is not None or asked.hfov == 360
    connection.execute(
        camera.insert().values(
            id=camera_id,
            source="form",
            owner_id=owner_id,
            site_id=site_id,
            kind=asked.camera_kind,
            lon=asked.lon,
            lat=asked.lat,
            azimuth=asked.azimuth,
            hfov=asked.hfov,
            direction_from="stated" if known else "unknown",
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
    return entry.position


def _position_of(connection: sa.Connection, camera_id: str) -> int:
    """Where the ledger has the registration of a camera: the first entry about it."""
    subject = schema.ledger_subject
    return connection.execute(
        sa.select(sa.func.min(subject.c.position)).where(subject.c.subject == camera_id)
    ).scalar_one()


def _confirmation(store: Store, camera_id: str, position: int) -> Confirmation:
    """The confirmation, from what is kept and not from what was sent."""
    camera, consent = schema.camera, schema.consent
    with store.read() as connection:
        kept = connection.execute(
            sa.select(camera.c.kind, camera.c.registered_at).where(camera.c.id == camera_id)
        ).one()
        given = connection.execute(
            sa.select(consent.c.purpose, consent.c.expires_at).where(consent.c.camera_id == camera_id)
        ).all()
    return Confirmation(
        reference=camera_id,
        registered_at=kept.registered_at,
        expires_at=min(row.expires_at for row in given),
        camera_kind=kept.kind,
        consents=frozenset(row.purpose for row in given),
        receipt=ledger_workflow.receipt(store, position),
    )


def check_owner(owner_kind: str | None, name: str, email: str, phone: str) -> None:
    """Raises `NotValid` where the owner cannot be reached with this."""
    if owner_kind not in OWNER_KINDS:
        raise NotValid(
            "owner_kind", "Please say who you are: a resident, a business or a neighbourhood group."
        )
    if not _tidy("name", name):
        raise NotValid("name", "Please tell us your name, so that an officer knows whom to ask for.")
    email, phone = _tidy("email", email), _tidy("phone", phone)
    if not (email or phone):
        raise NotValid(
            "email", "Please give an e-mail address or a phone number: without one nobody can ask you."
        )
    if email and not EMAIL.fullmatch(email):
        raise NotValid("email", "This e-mail address looks incomplete. It should look like name@example.com.")
    if phone and not (PHONE.fullmatch(phone) and sum(map(str.isdigit, phone)) >= 7):
        raise NotValid(
            "phone", "This phone number looks incomplete. Write it with its area code: 770-555-0100."
        )


def check_place(address: str, lon: float, lat: float, city: records.City) -> None:
    """Raises `NotValid` where the camera cannot stand there."""
    if not _tidy("address", address):
        raise NotValid("address", "Please give the address where the camera is.")
    if not (math.isfinite(lon) and math.isfinite(lat) and -180 <= lon <= 180 and -90 <= lat <= 90):
        raise NotValid("address", "Please choose the place of the camera on the map.")
    if city.outline is not None and _metres_outside(city, lon, lat) > OUTLINE_MARGIN_M:
        raise NotValid("address", f"This place is not in {city.name}. Please register it with your own town.")


def check_camera(camera_kind: str | None, azimuth: float | None, hfov: float | None) -> None:
    """Raises `NotValid` where no camera is like this."""
    if camera_kind not in CAMERA_KINDS:
        raise NotValid("camera_kind", "Please choose the kind of camera. Take 'Other camera' if none fits.")
    if azimuth is not None and not 0 <= azimuth < 360:
        raise NotValid("azimuth", "A direction lies between 0 and 360 degrees, clockwise from north.")
    if hfov is not None and not 0 < hfov <= 360:
        raise NotValid("hfov", "An angle of view lies between 1 and 360 degrees.")


def check_footage(retention_hours: float | None, storage: str | None) -> None:
    """Raises `NotValid` where footage cannot be kept like this."""
    if retention_hours is not None and not 0 < retention_hours <= 24 * 366:
        raise NotValid(
            "retention_hours", "Footage is kept for up to a year; leave it open if you are not sure."
        )
    if storage is not None and storage not in STORAGE:
        raise NotValid("storage", "Please choose where footage is kept; leave it open if you are not sure.")


def check_consents(consents: frozenset[str]) -> None:
    """Raises `NotValid` where registering was not agreed to, or something we do not know was."""
    if "list" not in consents or not consents <= PURPOSES.keys():
        raise NotValid(
            "consents",
            "Registering means that the police may see that the camera exists: please agree to that.",
        )


def _checked(submission: Submission, city: records.City) -> Submission:
    """The submission with its texts tidied, if all of it can be used."""
    check_owner(submission.owner_kind, submission.name, submission.email, submission.phone)
    check_place(submission.address, submission.lon, submission.lat, city)
    check_camera(submission.camera_kind, submission.azimuth, submission.hfov)
    check_footage(submission.retention_hours, submission.storage)
    check_consents(submission.consents)
    if not TOKEN.fullmatch(submission.token):
        raise NotValid("token", "This form is broken. Reload the page and try again.")
    return replace(
        submission,
        name=_tidy("name", submission.name),
        email=_tidy("email", submission.email),
        phone=_tidy("phone", submission.phone),
        address=_tidy("address", submission.address),
        best_hours=_tidy("best_hours", submission.best_hours),
    )


def _tidy(field_name: str, text: str) -> str:
    """`text` on one line, without what cannot be seen; `NotValid` where it is no text or too long.

    Invisible characters come with numbers copied from a telephone, and can make a text read backwards.
    """
    visible = "".join(
        character for character in text if character in JOINERS or unicodedata.category(character) != "Cf"
    )
    line = " ".join(unicodedata.normalize("NFC", visible).split()).strip(JOINERS)
    # Control characters, half a surrogate pair, private use, and what no version of Unicode knows.
    if len(line) > TEXT_MAX or any(
        unicodedata.category(character)[0] == "C" for character in line if character not in JOINERS
    ):
        raise NotValid(field_name, f"Please keep this to one line of at most {TEXT_MAX} characters.")
    return line


def _metres_outside(city: records.City, lon: float, lat: float) -> float:
    """How far a point lies from the city, 0 within it."""
    to_metres = Transformer.from_crs(records.WGS84, city.crs, always_xy=True)
    outline = shapely.transform(city.outline, to_metres.transform, interleaved=False)
    x, y = to_metres.transform(lon, lat)
    # Far from its zone a projection answers infinity.
    return outline.distance(shapely.Point(x, y)) if math.isfinite(x) and math.isfinite(y) else math.inf


def _months_later(at: datetime, months: int) -> datetime:
    years, month = divmod(at.month - 1 + months, 12)
    # The 28th exists in every month, and a consent may as well end some days early.
    return at.replace(year=at.year + years, month=month + 1, day=min(at.day, 28))
