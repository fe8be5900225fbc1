"""Registry files: private cameras and their owners, from a list a department kept before.

One row a camera. What is personal is sealed before it reaches the store, in refused rows too. Rows with
the same owner are one owner, and with the same address one site. A camera that is there already takes
the file's new technical values; its owner's contact details and consents stay as they are, because from the
first load on they are the owner's to change, not the file's.
"""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import sqlalchemy as sa

from data import records, schema, settings
from data.errors import LoadError
from data.load import areas, commit, directions, places, sql
from data.load.formats.description import Position
from data.load.reading import Progress, Staged, staged

if TYPE_CHECKING:
    from collections.abc import Mapping

    from data.load.report import LoadReport
    from data.store import Store

KIND = "cameras"
SOURCE = "registry"

OWNER_KINDS = ("resident", "business", "neighbourhood")
CAMERA_KINDS = ("doorbell", "bullet", "dome", "turret", "4k", "ptz", "floodlight", "indoor", "other")
STORAGE = ("card", "recorder", "cloud")
PURPOSES = ("list", "ask", "live")

#: Somebody just outside the line may take part.
MARGIN_M = 1000.0

REQUIRED = ("owner_kind", "name", "address", "lat", "lon", "kind", "consent_list", "terms_version")
OPTIONAL = (
    "id",
    "email",
    "phone",
    "best_hours",
    "land_use",
    "azimuth",
    "hfov",
    "width_px",
    "outdoor",
    "night_vision",
    "audio",
    "retention_hours",
    "storage",
    "consent_ask",
    "consent_live",
    "consent_given_on",
)

_NUMBERS = {"hfov": 360.0, "width_px": 100_000.0, "retention_hours": 24 * 366.0}  # and the most each may be
_CHOICES = ("outdoor", "night_vision", "audio", "consent_list", "consent_ask", "consent_live")
_YES_OR_NO = {
    "yes": True,
    "y": True,
    "true": True,
    "1": True,
    "no": False,
    "n": False,
    "false": False,
    "0": False,
}
_TECHNICAL = (
    "kind",
    "lon",
    "lat",
    "azimuth",
    "hfov",
    "width_px",
    "direction_from",
    "outdoor",
    "night_vision",
    "audio",
    "retention_hours",
    "storage",
)


def load(
    path: str | Path,
    store: Store,
    *,
    actor: str = "command line",
    role: str = "system",
    progress: Progress | None = None,
) -> LoadReport:
    """Load the private cameras in a registry file. Raises `LoadError` where it cannot be used at all."""
    started = time.monotonic()
    with staged(path, personal=True, progress=progress) as file:
        missing = [name for name in REQUIRED if file.column(name) is None]
        if missing:
            raise LoadError(
                f"{file.path.name} has no column {', '.join(missing)}. A registry file has the columns "
                f"{', '.join(REQUIRED)}, and may have {', '.join(OPTIONAL)}; docs/loading.md has a template."
            )
        frame = _judged(file, store)
        refused = _refused(file, frame, store)
        count, file_hash, notes = file.count(), file.hash, commit.file_notes(file)
    usable = frame[frame["reason"].isna() & ~frame["again"]]
    reasons = dict(sorted(pd.Series([row["reason"] for row in refused], dtype=object).value_counts().items()))
    with store.read() as connection:
        months = int(settings.policy(connection, "consent_months"))
        ids = areas.containing_each(
            usable["lon"].to_numpy(float),
            usable["lat"].to_numpy(float),
            areas.read(connection, schema.block),
            areas.read(connection, schema.district),
        )
    usable = usable.assign(block_id=ids[0], district_id=ids[1])
    new = _sealed(usable, store, months)

    def work(connection: sa.Connection) -> commit.Counted:
        load_id = commit.next_load(connection)
        written = _write(connection, new)
        _keep_refused(connection, refused, load_id)
        counted = commit.Counted(
            KIND,
            Path(path).name,
            SOURCE,
            count,
            len(written),
            count - len(written) - len(refused),
            reasons,
        )
        commit.record(
            connection, load_id, counted, file_hash, actor=actor, role=role, started=started, subjects=written
        )
        return counted

    return commit.report(store, store.write(work), notes, started)


@dataclass(frozen=True)
class _New:
    """The rows that a camera brings with it if the store does not have it yet, by the camera's key."""

    owner: dict[str, dict[str, Any]]
    site: dict[str, dict[str, Any]]
    camera: dict[str, dict[str, Any]]
    consents: dict[str, list[dict[str, Any]]]


def _judged(file: Staged, store: Store) -> pd.DataFrame:
    """Every row as values, with the reason why it is refused, or that it stands in the file again."""
    names = [name for name in (*REQUIRED, *OPTIONAL) if file.column(name)]
    selected = ", ".join(f'{sql.text(file.column(name))} AS "{name}"' for name in names)
    frame = file.connection.execute(f"SELECT row, {selected} FROM raw ORDER BY row").df()
    for name in OPTIONAL:
        if name not in frame:
            frame[name] = None
    where = places.locate(file, [Position(lon="lon", lat="lat")])
    rows = frame["row"].to_numpy()
    frame["lon"], frame["lat"] = where.lon[rows], where.lat[rows]
    city = records.city_or_none(store)
    within = areas.inside(
        frame["lon"].fillna(0).to_numpy(),
        frame["lat"].fillna(0).to_numpy(),
        city.outline if city else None,
        city.crs if city else None,
        MARGIN_M,
    )
    unreadable = pd.Series(False, index=frame.index)
    for name, most in _NUMBERS.items():
        number = pd.to_numeric(frame[name], errors="coerce")
        unreadable |= frame[name].notna() & ~((number > 0) & (number <= most))
        frame[name] = number
    for name in _CHOICES:
        choice = frame[name].str.lower().map(_YES_OR_NO) if frame[name].notna().any() else frame[name]
        unreadable |= frame[name].notna() & choice.isna()
        frame[name] = choice
    zone = ZoneInfo(city.timezone) if city else UTC
    given = pd.to_datetime(frame["consent_given_on"], format="%Y-%m-%d", errors="coerce")
    unreadable |= frame["consent_given_on"].notna() & given.isna()
    frame["consent_given_on"] = given.dt.tz_localize(
        zone, ambiguous=True, nonexistent="shift_forward"
    ).dt.tz_convert(UTC)
    unreadable |= frame["consent_given_on"] > pd.Timestamp.now(UTC)
    for name in ("owner_kind", "kind", "storage", "land_use"):
        frame[name] = frame[name].astype("object").str.lower() if frame[name].notna().any() else frame[name]
    unreadable |= frame["storage"].notna() & ~frame["storage"].isin(STORAGE)
    looks = {text: directions.understood(text) for text in frame["azimuth"].dropna().unique()}
    stated = frame["azimuth"].map(
        lambda text: looks[text] if isinstance(text, str) else directions.understood(None)
    )
    # A camera looks one way; of several directions nobody can say which is meant.
    single = stated.map(lambda found: len(found.azimuths) == 1)
    frame["azimuth"] = stated.map(lambda found: found.azimuths[0] if len(found.azimuths) == 1 else np.nan)
    frame["direction_from"] = stated.map(lambda found: found.origin).where(single, "unknown")
    frame["source_key"] = [
        row.id
        or store.vault.digest(
            "\x1f".join(
                str(value)
                for value in (row.name_, row.email, row.phone, row.address, row.kind, row.lon, row.lat)
            )
        )
        for row in frame.rename(columns={"name": "name_"}).itertuples()
    ]
    frame["reason"] = np.select(
        [
            where.zero[rows],
            frame["lon"].isna(),
            ~within,
            frame["name"].isna() | frame["owner_kind"].isna(),
            ~frame["owner_kind"].isin(OWNER_KINDS) | ~frame["kind"].isin(CAMERA_KINDS),
            frame["address"].isna(),
            unreadable,
            (frame["consent_list"] != True) | frame["terms_version"].isna(),  # noqa: E712 - missing is not yes
        ],
        [
            "zero coordinates",
            "no coordinates",
            "outside the city",
            "no owner",
            "unknown kind",
            "no address",
            "impossible value",
            "no consent",
        ],
        default="",
    )
    frame["reason"] = frame["reason"].astype("object").where(frame["reason"] != "", None)
    return _compared(frame)


def _compared(frame: pd.DataFrame) -> pd.DataFrame:
    """Among the usable rows of one key: the first counts if all say the same, and none if they differ."""
    usable = frame[frame["reason"].isna()]
    content = usable.drop(columns=["row", "reason"])
    copy = content.duplicated(keep="first")
    kept = usable[~copy]
    differing = usable["source_key"].isin(kept.loc[kept["source_key"].duplicated(keep=False), "source_key"])
    frame["again"] = False
    frame.loc[usable.index[copy & ~differing], "again"] = True
    frame.loc[usable.index[differing], "reason"] = "duplicate key"
    return frame


def _refused(file: Staged, frame: pd.DataFrame, store: Store) -> list[dict[str, Any]]:
    """The refused rows as they came, sealed."""
    refused = frame[frame["reason"].notna()]
    names = ", ".join(column.raw for column in file.columns)
    raw = {row[0]: row[1:] for row in file.connection.execute(f"SELECT row, {names} FROM raw").fetchall()}
    found = [
        (
            row.source_key,
            row.reason,
            dict(zip([column.name for column in file.columns], raw[row.row], strict=True)),
        )
        for row in refused.itertuples()
    ]
    lines = file.connection.execute("SELECT reason, text FROM refused ORDER BY row").fetchall()
    found += [(None, reason, {"quarantine_line": text}) for reason, text in lines]
    kept = []
    for key, reason, values in found:
        text = json.dumps(values, ensure_ascii=False)
        row_hash = store.vault.digest(f"{KIND}\x1f{text}")
        kept.append(
            {
                "row_hash": row_hash,
                "kind": KIND,
                "source": SOURCE,
                "source_key": key,
                "reason": reason,
                "raw_sealed": store.vault.seal(text, "quarantine.raw", row_hash),
            }
        )
    return kept


def _sealed(usable: pd.DataFrame, store: Store, months: int) -> _New:
    """What each camera would bring with it, its personal values sealed."""
    now = datetime.now(UTC)
    new = _New({}, {}, {}, {})
    owners: dict[tuple[Any, ...], dict[str, Any]] = {}
    sites: dict[tuple[Any, ...], dict[str, Any]] = {}
    # Sealing is a call for each value, so this is the one place that goes from row to row.
    for row in usable.astype("object").where(usable.notna(), None).to_dict("records"):
        who = tuple((row[name] or "").casefold() for name in ("owner_kind", "name", "email", "phone"))
        if who not in owners:
            owner_id = uuid.uuid4().hex
            owners[who] = {
                "id": owner_id,
                "kind": row["owner_kind"],
                "name_sealed": store.vault.seal(row["name"], "owner.name", owner_id),
                "email_sealed": store.vault.seal(row["email"], "owner.email", owner_id)
                if row["email"]
                else None,
                "phone_sealed": store.vault.seal(row["phone"], "owner.phone", owner_id)
                if row["phone"]
                else None,
                "best_hours": row["best_hours"],
                "registered_at": now,
            }
        owner = owners[who]
        there = (*who, row["address"].casefold())
        if there not in sites:
            site_id = uuid.uuid4().hex
            sites[there] = {
                "id": site_id,
                "owner_id": owner["id"],
                "address_sealed": store.vault.seal(row["address"], "site.address", site_id),
                "land_use": row["land_use"],
                "block_id": None if row["block_id"] == areas.NOWHERE else int(row["block_id"]),
                "district_id": None if row["district_id"] == areas.NOWHERE else int(row["district_id"]),
            }
        camera_id, key = uuid.uuid4().hex, row["source_key"]
        given = row["consent_given_on"].to_pydatetime() if row["consent_given_on"] is not None else now
        new.owner[key], new.site[key] = owner, sites[there]
        new.camera[key] = {
            "id": camera_id,
            "source": SOURCE,
            "source_key": key,
            "owner_id": owner["id"],
            "site_id": sites[there]["id"],
            "registered_at": now,
            **_technical(row),
        }
        new.consents[key] = [
            {
                "camera_id": camera_id,
                "purpose": purpose,
                "terms_version": row["terms_version"],
                "given_at": given,
                "expires_at": (pd.Timestamp(given) + pd.DateOffset(months=months)).to_pydatetime(),
            }
            for purpose in PURPOSES
            if row[f"consent_{purpose}"]
        ]
    return new


def _technical(row: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: row[name] for name in _TECHNICAL}
    values["width_px"] = None if values["width_px"] is None else int(values["width_px"])
    return values


def _write(connection: sa.Connection, new: _New) -> list[str]:
    """Insert new cameras and update changed ones; the identifiers of both."""
    camera = schema.camera
    stored = {
        row.source_key: row
        for row in connection.execute(sa.select(camera).where(camera.c.source == SOURCE)).all()
    }
    added = [key for key in new.camera if key not in stored]
    owners = {new.owner[key]["id"]: new.owner[key] for key in added}
    sites = {new.site[key]["id"]: new.site[key] for key in added}
    for table, rows in (
        (schema.owner, list(owners.values())),
        (schema.site, list(sites.values())),
        (camera, [new.camera[key] for key in added]),
        (schema.consent, [consent for key in added for consent in new.consents[key]]),
    ):
        if rows:
            connection.execute(table.insert(), rows)
    changed = []
    for key in new.camera:
        before = stored.get(key)
        # A camera that its owner has withdrawn stays withdrawn, whatever an old list says.
        if before is None or before.withdrawn_at is not None:
            continue
        values = {name: new.camera[key][name] for name in _TECHNICAL}
        if any(getattr(before, name) != value for name, value in values.items()):
            connection.execute(camera.update().where(camera.c.id == before.id).values(**values))
            changed.append(before.id)
    quarantine = schema.quarantine
    keys = list(new.camera)
    for start in range(0, len(keys), 1000):
        connection.execute(
            quarantine.delete().where(
                quarantine.c.kind == KIND, quarantine.c.source_key.in_(keys[start : start + 1000])
            )
        )
    return [new.camera[key]["id"] for key in added] + changed


def _keep_refused(connection: sa.Connection, refused: list[dict[str, Any]], load_id: int) -> None:
    kept = {row["row_hash"]: row for row in refused}
    table = schema.quarantine
    there = set(connection.scalars(sa.select(table.c.row_hash).where(table.c.kind == KIND)))
    if rows := [{**row, "load_id": load_id} for key, row in kept.items() if key not in there]:
        connection.execute(table.insert(), rows)
