"""The synthetic city into a store: all of it in one transaction, personal values sealed, acts in the ledger."""

from __future__ import annotations

import secrets
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
import sqlalchemy as sa
from pyproj import Transformer

from data import ledger, schema
from data.errors import StoreError
from data.synthetic.city import CRS, NAME, SEED, TIMEZONE, City, generate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from data.store import Store


def build(store: Store, *, seed: int = SEED, size: str = "town", until: date | None = None) -> City:
    """Make the synthetic city and keep it in `store`; its history ends as today begins, or `until`.

    Raises `StoreError` where the store holds a city already.
    """
    with store.read() as connection:
        _refuse_second(connection)
    city = generate(seed, size, until or datetime.now(ZoneInfo(TIMEZONE)).date())
    tables = _tables(store, city)
    leaves, salts, positions = _ledger(city, tables["lookup"]["place_sealed"])
    end = _end(city)

    def work(connection: sa.Connection) -> None:
        _refuse_second(connection)
        size_before, _ = ledger.head(connection)
        tables["lookup"]["ledger_position"] = positions + size_before
        for name, frame in tables.items():
            store.append(connection, name, _arrow(schema.metadata.tables[name], frame))
        ledger.append_many(store, connection, leaves, salts, end)

    store.write(work)
    return city


def is_empty(store: Store) -> bool:
    """Whether no city was made, nothing loaded and nobody registered yet."""
    with store.read() as connection:
        tables = (schema.city, schema.load, schema.owner)
        return all(connection.execute(sa.select(table.c.id).limit(1)).first() is None for table in tables)


def _refuse_second(connection: sa.Connection) -> None:
    name = connection.execute(sa.select(schema.city.c.name)).scalar()
    if name is not None:
        raise StoreError(
            f"This store already holds a city ({name}). Name an empty one in DATABASE_URL, or move this one away first."
        )


def _end(city: City) -> datetime:
    return pd.Timestamp(city.until, tz=TIMEZONE).tz_convert("UTC").to_pydatetime()


def _tables(store: Store, city: City) -> dict[str, pd.DataFrame]:
    """What goes into each table."""
    owners, sites, lookups = city.owners.copy(), city.sites.copy(), city.lookups.copy()
    for column in ("name", "email", "phone"):
        owners[f"{column}_sealed"] = _sealed(store, owners[column], f"owner.{column}", owners["id"])
    sites["address_sealed"] = _sealed(store, sites["address"], "site.address", sites["id"])
    lookups["place_sealed"] = _sealed(store, lookups["place"], "lookup.place", lookups["id"])
    the_city = pd.DataFrame(
        {
            "id": [1],
            "name": [NAME],
            "timezone": [TIMEZONE],
            "crs": [CRS],
            "outline": [_wkb(np.array([city.outline], object))[0]],
            "synthetic": [True],
            "seed": [city.seed],
        }
    )
    loads = pd.DataFrame(
        {
            "id": [1, 2],
            "kind": ["incidents", "agency-cameras"],
            "file_name": "synthetic city",
            "file_hash": "0" * 64,
            "format": "synthetic",
            "finished_at": _end(city),
            "rows": [len(city.incidents), len(city.agency_cameras)],
            "accepted": [len(city.incidents), len(city.agency_cameras)],
            "duplicates": 0,
            "quarantined": 0,
            "reasons": "{}",
            "seconds": 0.0,
        }
    )
    map_layers = {
        table: frame.assign(geometry=_wkb(frame["geometry"].to_numpy()))
        for table, frame in (
            ("district", city.districts),
            ("block", city.blocks),
            ("street", city.streets),
            ("building", city.buildings),
        )
    }
    return {
        "city": the_city,
        "load": loads,
        **map_layers,
        "incident": city.incidents,
        "staff": city.staff,
        "owner": owners,
        "site": sites,
        "camera": city.cameras,
        "consent": city.consents,
        "agency_camera": city.agency_cameras,
        "lookup": lookups,
        "lookup_camera": city.lookup_cameras,
        "footage_request": city.footage_requests,
        "evidence_outcome": city.evidence_outcomes,
    }


def _sealed(store: Store, texts: pd.Series, column: str, subjects: pd.Series) -> list[bytes | None]:
    """Each text as ciphertext that opens only for its own row."""
    return [
        None if pd.isna(text) else store.vault.seal(text, column, subject)
        for text, subject in zip(texts, subjects, strict=True)
    ]


def _wkb(geometry: NDArray[np.object_]) -> NDArray[np.object_]:
    """Geometry in metres as WKB in WGS 84."""
    to_degrees = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
    degrees = shapely.transform(
        geometry, lambda xy: np.column_stack(to_degrees.transform(xy[:, 0], xy[:, 1]))
    )
    return shapely.to_wkb(degrees)


ARROW = {
    sa.Text: pa.string(),
    sa.String: pa.string(),
    sa.LargeBinary: pa.binary(),
    sa.Integer: pa.int32(),
    sa.BigInteger: pa.int64(),
    sa.Double: pa.float64(),
    sa.Boolean: pa.bool_(),
    sa.Date: pa.date32(),
    sa.DateTime: pa.timestamp("us", "UTC"),
}


def _arrow(table: sa.Table, frame: pd.DataFrame) -> pa.Table:
    """The columns of a frame that its table has, in the table's types."""
    columns = [column for column in table.columns if column.name in frame]
    fields = pa.schema([(column.name, ARROW[type(column.type)]) for column in columns])
    return pa.Table.from_pandas(frame[fields.names], schema=fields, preserve_index=False)


def _ledger(
    city: City, sealed_places: list[bytes]
) -> tuple[list[bytes], list[dict[str, bytes]], NDArray[np.int64]]:
    """The leaves of everything that happened, in the order of time, with their salts.

    Third: the position of each lookup's own leaf.
    """
    camera_subjects = dict(zip(city.cameras["id"], zip(city.cameras["owner_id"], city.cameras["site_id"], strict=True), strict=True))  # fmt: skip
    role = dict(zip(city.staff["id"], city.staff["role"], strict=True))
    found = city.lookup_cameras.groupby("lookup_id")["camera_id"].agg(list).to_dict()
    purposes = city.consents.groupby("camera_id")["purpose"].agg(lambda each: sorted(set(each))).to_dict()
    purpose_of = {
        row.id: {"offence": row.offence_code, "reference": row.reference} for row in city.lookups.itertuples()
    }
    acts: list[tuple[pd.Timestamp, int, dict[str, Any], list[str]]] = []

    def add(at: pd.Timestamp, actor: str, role: str, act: str, subjects: list[str], **fields: Any) -> None:
        entry = {"actor": actor, "role": role, "act": act, "outcome": "done", **fields}
        acts.append((at, len(acts), entry, subjects))

    for row in city.cameras.itertuples():
        add(row.registered_at, "public", "public", "camera.register", [*camera_subjects[row.id], row.id],
            asked={"consents": purposes[row.id], "terms": "2026-1", "kind": row.kind}, counts={"cameras": 1})  # fmt: skip
        if not pd.isna(row.withdrawn_at):
            add(row.withdrawn_at, "public", "public", "camera.withdraw", [*camera_subjects[row.id], row.id], counts={"cameras": 1})  # fmt: skip
    first_lookup = len(acts)
    for row, sealed in zip(city.lookups.itertuples(), sealed_places, strict=True):
        asked = {"radius_m": row.radius_m, "when": row.occurred_at.isoformat(), "lookup": row.id, "place_sealed": sealed.hex()}  # fmt: skip
        add(row.at, row.staff_id, role[row.staff_id], "lookup.search", found.get(row.id, []),
            purpose=purpose_of[row.id], asked=asked, counts={"cameras": row.cameras, "not_shown": 0})  # fmt: skip
    for row in city.footage_requests.itertuples():
        why = purpose_of[row.lookup_id]
        about = [*camera_subjects[row.camera_id], row.camera_id]
        add(row.requested_at - pd.Timedelta(seconds=45), row.staff_id, role[row.staff_id], "lookup.contact", about,
            asked={"lookup": row.lookup_id}, counts={"cameras": 1}, purpose=why)  # fmt: skip
        add(row.requested_at, row.staff_id, role[row.staff_id], "request.send", about,
            asked={"lookup": row.lookup_id, "request": row.id}, counts={"cameras": 1}, purpose=why)  # fmt: skip
        if not pd.isna(row.answered_at):
            actor = ("system", "system") if row.status == "expired" else ("public", "public")
            if row.status == "cancelled":
                actor = (row.staff_id, role[row.staff_id])
            add(row.answered_at, *actor, "request.answer", about, asked={"request": row.id, "answer": row.status}, purpose=why)  # fmt: skip
    camera_of = dict(zip(city.footage_requests["id"], city.footage_requests["camera_id"], strict=True))
    lookup_of = dict(zip(city.footage_requests["id"], city.footage_requests["lookup_id"], strict=True))
    for row in city.evidence_outcomes.itertuples():
        request = row.footage_request_id
        add(row.at, row.staff_id, role[row.staff_id], "outcome.record", [camera_of[request]],
            purpose=purpose_of[lookup_of[request]], asked={"request": request, "outcome": row.outcome})  # fmt: skip

    order = sorted(range(len(acts)), key=lambda number: acts[number][:2])
    leaves, salts = [], []
    for number in order:
        at, _, fields, subjects = acts[number]
        salt = {subject: secrets.token_bytes(ledger.SALT_BYTES) for subject in sorted(subjects)}
        leaves.append(ledger.leaf(at=at, salts=salt, **fields))
        salts.append(salt)
    place = np.empty(len(acts), int)
    place[order] = np.arange(len(acts))
    return leaves, salts, place[first_lookup : first_lookup + len(city.lookups)]
