"""What other rooms read of the store, as frames: the city, its map, its cameras, its incidents.

Nothing here opens a sealed column.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import sqlalchemy as sa

from data import schema
from data.errors import StoreError

if TYPE_CHECKING:
    from datetime import datetime

    from data.store import Store

WGS84 = "EPSG:4326"
LAYERS = {
    "district": schema.district,
    "block": schema.block,
    "street": schema.street,
    "building": schema.building,
}

NO_CITY = (
    "No city is loaded yet. Load one (python -m data.load city FILE --name NAME --timezone ZONE) or make the "
    "synthetic one (python -m data.synthetic)."
)


@dataclass(frozen=True)
class City:
    """The town this store is about."""

    name: str
    timezone: str
    crs: str
    outline: shapely.Geometry | None  # WGS 84
    synthetic: bool

    @property
    def zone(self) -> ZoneInfo:
        """The time zone, for turning times into those of the town."""
        return ZoneInfo(self.timezone)


def city(store: Store) -> City:
    """The city of this store; `StoreError` says what to do where none is loaded."""
    with store.read() as connection:
        return city_of(connection)


def city_or_none(store: Store) -> City | None:
    """The city of this store, if one is loaded."""
    with store.read() as connection:
        return _city(connection)


def city_of(connection: sa.Connection) -> City:
    """As `city`, in the transaction of `connection`."""
    found = _city(connection)
    if found is None:
        raise StoreError(NO_CITY)
    return found


def _city(connection: sa.Connection) -> City | None:
    row = connection.execute(sa.select(schema.city)).first()
    if row is None:
        return None
    outline = None if row.outline is None else shapely.from_wkb(row.outline)
    return City(row.name, row.timezone, row.crs, outline, row.synthetic)


def layer(store: Store, name: str) -> gpd.GeoDataFrame:
    """A map layer (district, block, street or building) in WGS 84, in the order of its ids."""
    table = LAYERS[name]
    frame = store.arrow(sa.select(table).order_by(table.c.id)).to_pandas()
    return gpd.GeoDataFrame(frame, geometry=shapely.from_wkb(frame["geometry"]), crs=WGS84)


def consented(purpose: str, at: datetime) -> sa.ColumnElement[bool]:
    """The condition that a camera is registered and its owner agrees to `purpose` at this moment."""
    camera, consent = schema.camera, schema.consent
    agreed = sa.exists().where(
        consent.c.camera_id == camera.c.id,
        consent.c.purpose == purpose,
        consent.c.given_at <= at,
        consent.c.expires_at > at,
        consent.c.withdrawn_at.is_(None),
    )
    return sa.and_(camera.c.withdrawn_at.is_(None), agreed)


CAMERA_COLUMNS = (
    "id",
    "layer",
    "kind",
    "name",
    "lon",
    "lat",
    "azimuth",
    "hfov",
    "width_px",
    "direction_from",
    "retention_hours",
    "outdoor",
)


def camera_views(
    connection: sa.Connection, at: datetime, bounds: tuple[float, float, float, float] | None = None
) -> pd.DataFrame:
    """All cameras that count at this moment: community ones that are listed, city cameras, plate readers.

    One row a view: a device that looks in two directions has two. Columns are `CAMERA_COLUMNS`; ``layer`` is
    community, city or alpr. `bounds` (west, south, east, north) narrows it.
    """
    camera, agency = schema.camera, schema.agency_camera
    community = sa.select(
        camera.c.id,
        sa.literal("community").label("layer"),
        camera.c.kind,
        sa.literal(None, sa.Text).label("name"),
        camera.c.lon,
        camera.c.lat,
        camera.c.azimuth,
        camera.c.hfov,
        camera.c.width_px,
        camera.c.direction_from,
        camera.c.retention_hours,
        camera.c.outdoor,
    ).where(consented("list", at))
    public = sa.select(
        (agency.c.source + ":" + agency.c.source_key).label("id"),
        agency.c.kind.label("layer"),
        agency.c.kind,
        agency.c.name,
        agency.c.lon,
        agency.c.lat,
        agency.c.azimuths,
        agency.c.hfov,
        agency.c.width_px,
        agency.c.direction_from,
        agency.c.retention_hours,
        sa.literal(None, sa.Boolean).label("outdoor"),
    )
    if bounds is not None:
        west, south, east, north = bounds
        community = community.where(camera.c.lon.between(west, east), camera.c.lat.between(south, north))
        public = public.where(agency.c.lon.between(west, east), agency.c.lat.between(south, north))
    private = _frame(connection, community)
    shared = _frame(connection, public)
    shared["azimuth"] = [json.loads(text) or [None] for text in shared.pop("azimuths")]
    shared = shared.explode("azimuth")
    together = [frame[list(CAMERA_COLUMNS)] for frame in (private, shared) if len(frame)]
    views = pd.concat(together, ignore_index=True) if together else private[list(CAMERA_COLUMNS)]
    numbers = ["lon", "lat", "azimuth", "hfov", "width_px", "retention_hours"]
    return views.astype(dict.fromkeys(numbers, float))


VIEW_COLUMNS = (*CAMERA_COLUMNS, "night_vision", "turns")


def views(store: Store) -> pd.DataFrame:
    """Every view of every camera there ever was, listed or not: `VIEW_COLUMNS`, in a fixed order.

    ``outdoor``, ``night_vision`` and ``turns`` are True, False or missing. When a camera counts is said by
    `listings`.
    """
    camera, agency = schema.camera, schema.agency_camera
    private = store.arrow(
        sa.select(
            *(camera.c[name] for name in VIEW_COLUMNS if name in camera.c),
            sa.literal("community").label("layer"),
        ).order_by(camera.c.id)
    ).to_pandas()
    shared = store.arrow(
        sa.select(
            (agency.c.source + ":" + agency.c.source_key).label("id"),
            agency.c.kind.label("layer"),
            agency.c.azimuths,
            *(agency.c[name] for name in VIEW_COLUMNS if name in agency.c),
        ).order_by(agency.c.source, agency.c.source_key)
    ).to_pandas()
    shared["azimuth"] = [json.loads(text) or [None] for text in shared.pop("azimuths")]
    shared = shared.explode("azimuth")
    together = [frame.reindex(columns=VIEW_COLUMNS) for frame in (private, shared) if len(frame)]
    found = pd.concat(together, ignore_index=True) if together else private.reindex(columns=VIEW_COLUMNS)
    numbers = ["lon", "lat", "azimuth", "hfov", "width_px", "retention_hours"]
    # As objects also where none is missing: a column must not change for all because one more camera came.
    others = ["name", "outdoor", "night_vision", "turns"]
    return found.astype(dict.fromkeys(numbers, float) | dict.fromkeys(others, object))


def listings(store: Store) -> pd.DataFrame:
    """Between which moments a camera counts: ``id``, ``begins`` (UTC, inclusive), ``ends`` (exclusive).

    A community camera counts while its owner's consent to be listed holds and it is not withdrawn; a city
    camera or plate reader from the day it was installed on, and always where that is not known (begins is
    missing). ``ends`` is missing where no end is set.
    """
    camera, consent, agency = schema.camera, schema.consent, schema.agency_camera
    private = sa.select(
        consent.c.camera_id.label("id"),
        consent.c.given_at.label("begins"),
        sa.func.least(consent.c.expires_at, consent.c.withdrawn_at, camera.c.withdrawn_at).label("ends"),
    ).where(consent.c.camera_id == camera.c.id, consent.c.purpose == "list")
    shared = sa.select(
        (agency.c.source + ":" + agency.c.source_key).label("id"),
        sa.cast(agency.c.installed_on, schema.Moment).label("begins"),
        sa.cast(None, schema.Moment).label("ends"),
    )
    found = [store.arrow(statement).to_pandas() for statement in (private, shared)]
    together = pd.concat([frame for frame in found if len(frame)] or found[:1], ignore_index=True)
    return pd.DataFrame(
        {
            "id": together["id"],
            "begins": pd.to_datetime(together["begins"], utc=True),
            "ends": pd.to_datetime(together["ends"], utc=True),
        }
    )


def cameras_version(store: Store) -> tuple[object, ...]:
    """Differs whenever `views` or `listings` would: a digest of every row they are made of."""
    # PostgreSQL's hash of a row is a weighted sum of those of its columns, and does not tell whose value is whose.
    postgresql = "sum(hashint8extended(hash_record_extended({0}.*, 0), 0)::numeric)"
    digest = "sum(hash({0}))" if store.is_duckdb else postgresql
    tables = (schema.camera, schema.consent, schema.agency_camera)
    with store.read() as connection:
        return tuple(
            connection.execute(sa.text(f"SELECT {digest.format(table.name)} FROM {table.name}")).scalar()
            for table in tables
        )


def incidents(store: Store) -> pd.DataFrame:
    """All incidents by time: occurred_at (UTC), offence_code (a category), lon, lat, block_id, district_id."""
    incident = schema.incident
    columns = ("occurred_at", "offence_code", "lon", "lat", "block_id", "district_id")
    statement = sa.select(*(incident.c[column] for column in columns)).order_by(incident.c.occurred_at)
    return store.arrow(statement).to_pandas(categories=["offence_code"])


def incidents_version(store: Store) -> tuple[object, ...]:
    """Differs whenever incidents have been loaded."""
    incident = schema.incident
    with store.read() as connection:
        return tuple(
            connection.execute(
                sa.select(
                    sa.func.count(), sa.func.max(incident.c.load_id), sa.func.max(incident.c.occurred_at)
                )
            ).one()
        )


def incident_span(store: Store) -> tuple[datetime, datetime, int] | None:
    """The first and last time an incident occurred and how many there are; None where there are none."""
    occurred_at = schema.incident.c.occurred_at
    with store.read() as connection:
        first, last, count = connection.execute(
            sa.select(sa.func.min(occurred_at), sa.func.max(occurred_at), sa.func.count())
        ).one()
    return None if count == 0 else (first, last, count)


def _frame(connection: sa.Connection, statement: sa.Select[Any]) -> pd.DataFrame:
    result = connection.execute(statement)
    names = list(result.keys())
    rows = result.all()
    return pd.DataFrame(
        {name: np.array([row[i] for row in rows], dtype=object) for i, name in enumerate(names)}
    )


def askable(connection: sa.Connection, camera_ids: list[str], at: datetime) -> frozenset[str]:
    """Those of these community cameras whose owners agree at this moment to be asked for footage."""
    asked = sa.select(schema.camera.c.id).where(schema.camera.c.id.in_(camera_ids), consented("ask", at))
    return frozenset(connection.execute(asked).scalars())


def area_of(connection: sa.Connection, lon: float, lat: float) -> tuple[int | None, int | None]:
    """The block and the district that hold a point; on a shared edge the lower id, outside none."""
    block_id = _holding(connection, schema.block, lon, lat)
    return block_id, _holding(connection, schema.district, lon, lat)


def _holding(connection: sa.Connection, table: sa.Table, lon: float, lat: float) -> int | None:
    rows = connection.execute(sa.select(table.c.id, table.c.geometry).order_by(table.c.id)).all()
    if not rows:
        return None
    inside = shapely.intersects_xy(shapely.from_wkb([row.geometry for row in rows]), lon, lat)
    return int(rows[int(np.argmax(inside))].id) if inside.any() else None
