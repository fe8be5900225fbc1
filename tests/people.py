"""Staff and owners for the tests of what people do in the small town."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from data import schema
from tests import small_town
from workflow.identity import Actor

if TYPE_CHECKING:
    from data.store import Store

OFFICER = Actor("officer1", "Ana Reyes", "officer")
COMMAND = Actor("command1", "Ruth Adeyemi", "command")
AUDITOR = Actor("auditor1", "Leo Marsh", "auditor")
ADMINISTRATOR = Actor("administrator1", "Mina Cole", "administrator")

NAME, EMAIL, PHONE = "Wilhelmina Featherstone", "wilhelmina@example.org", "770-555-0134"


def register_camera(
    store: Store,
    east: float,
    north: float,
    azimuth: float | None,
    *,
    purposes: tuple[str, ...] = ("list", "ask"),
    retention_hours: float | None = 240,
    hfov: float = 90,
    kind: str = "bullet",
    days_old: float = 30,
    outdoor: bool | None = None,
    night_vision: bool | None = None,
    direction_from: str | None = None,
) -> str:
    """A camera of an owner of its own, in metres from the middle of the town; its identifier."""
    owner_id, site_id, camera_id = (uuid.uuid4().hex for _ in range(3))
    lon, lat = small_town.lon_lat(east, north)
    then = datetime.now(UTC) - timedelta(days=days_old)
    seal = store.vault.seal

    def work(connection: sa.Connection) -> None:
        connection.execute(
            schema.owner.insert().values(
                id=owner_id,
                kind="resident",
                name_sealed=seal(NAME, "owner.name", owner_id),
                email_sealed=seal(EMAIL, "owner.email", owner_id),
                phone_sealed=seal(PHONE, "owner.phone", owner_id),
                registered_at=then,
            )
        )
        connection.execute(
            schema.site.insert().values(
                id=site_id, owner_id=owner_id, address_sealed=seal("251 Maple St", "site.address", site_id)
            )
        )
        connection.execute(
            schema.camera.insert().values(
                id=camera_id,
                source="form",
                owner_id=owner_id,
                site_id=site_id,
                kind=kind,
                lon=lon,
                lat=lat,
                azimuth=azimuth,
                hfov=hfov,
                width_px=2560,
                direction_from=direction_from or ("unknown" if azimuth is None else "stated"),
                retention_hours=retention_hours,
                outdoor=outdoor,
                night_vision=night_vision,
                registered_at=then,
            )
        )
        for purpose in purposes:
            connection.execute(
                schema.consent.insert().values(
                    camera_id=camera_id,
                    purpose=purpose,
                    terms_version="2026-1",
                    given_at=then,
                    expires_at=then + timedelta(days=365),
                )
            )

    store.write(work)
    return camera_id


def withdraw(store: Store, camera_id: str, purpose: str) -> None:
    """End a consent now."""
    consent = schema.consent
    store.write(
        lambda connection: connection.execute(
            sa.update(consent)
            .where(consent.c.camera_id == camera_id, consent.c.purpose == purpose)
            .values(withdrawn_at=datetime.now(UTC))
        )
    )


def install(
    store: Store, layer: str, azimuths: str, east: float = 0, north: float = 0, **more: object
) -> str:
    """A camera of the city's own (city or alpr) that looks in some directions (JSON); its identifier."""
    lon, lat = small_town.lon_lat(east, north)
    key = str(more.pop("key", uuid.uuid4().hex))
    values = {
        "content_hash": 1,
        "load_id": 1,
        "hfov": 90.0,
        "width_px": 2560,
        "direction_from": "unknown" if azimuths == "[]" else "stated",
    }
    camera = {
        "source": "test",
        "source_key": key,
        "kind": layer,
        "lon": lon,
        "lat": lat,
        "azimuths": azimuths,
    }
    store.write(
        lambda connection: connection.execute(
            schema.agency_camera.insert().values(**(values | camera | more))
        )
    )
    return f"test:{key}"


def set_policy(store: Store, **policy: object) -> None:
    """Settings of the department, by name."""
    setting = schema.setting

    def work(connection: sa.Connection) -> None:
        connection.execute(sa.delete(setting).where(setting.c.name.in_(policy)))
        connection.execute(
            setting.insert(), [{"name": name, "value": json.dumps(value)} for name, value in policy.items()]
        )

    store.write(work)


def everything_in(store: Store) -> str:
    """All that a dump of the database shows, as one text."""
    with store.read() as connection:
        return "\n".join(
            repr(row)
            for table in schema.metadata.sorted_tables
            for row in connection.execute(sa.select(table)).all()
        )
