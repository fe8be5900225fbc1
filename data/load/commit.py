"""What was prepared, written in one short transaction: all of a load, or nothing of it."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from data import audit, ledger, schema
from data.load.reading import Staged, literal
from data.load.report import LoadReport
from data.store import Store, duckdb_connection

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

BATCH_ROWS = 100_000


@dataclass(frozen=True)
class Prepared:
    """All of a load but what only the store knows: which rows it has already."""

    kind: str
    format: str
    file_name: str
    file_hash: str
    rows: int
    duplicates: int
    reasons: Mapping[str, int]
    accepted: Path
    refused: Path
    city: Mapping[str, str] | None = None
    cleared: Sequence[str] = ()


@dataclass(frozen=True)
class Counted:
    """What became of the rows of a load."""

    kind: str
    file_name: str
    format: str
    rows: int
    accepted: int
    duplicates: int
    reasons: Mapping[str, int] = field(default_factory=dict)

    @property
    def quarantined(self) -> int:
        """How many rows were refused."""
        return sum(self.reasons.values())


def rows(
    store: Store, prepared: Prepared, table: sa.Table, *, actor: str, role: str, started: float
) -> Counted:
    """Write a load of incidents or agency cameras: rows with a key of their publisher."""
    content = [
        column.name for column in table.columns if column.name not in ("source", "source_key", "load_id")
    ]

    def work(connection: sa.Connection) -> Counted:
        load_id = next_load(connection)
        _stage(store, connection, "staged_rows", prepared.accepted, table, ("load_id",))
        _stage(
            store,
            connection,
            "staged_refused",
            prepared.refused,
            schema.quarantine,
            ("load_id", "raw_sealed"),
        )
        here = connection.execute(sa.text("SELECT count(*) FROM staged_rows")).scalar_one()
        changed = _update_changed(connection, table.name, content, load_id)
        new = _insert_new(connection, table.name, content, load_id)
        _keep_refused(connection, table.name, load_id)
        _clear_mended(connection, prepared)
        _refuse_again(connection, table.name, load_id)
        if prepared.city:
            make_city(connection, prepared.city)
        counted = Counted(
            prepared.kind,
            prepared.file_name,
            prepared.format,
            prepared.rows,
            changed + new,
            prepared.duplicates + here - changed - new,
            prepared.reasons,
        )
        record(connection, load_id, counted, prepared.file_hash, actor=actor, role=role, started=started)
        _unstage(store, connection, "staged_rows", "staged_refused")
        return counted

    return store.write(work)


_TYPES = {pa.int32(): "INTEGER", pa.float64(): "DOUBLE PRECISION", pa.string(): "TEXT", pa.bool_(): "BOOLEAN"}


def stage_rows(store: Store, connection: sa.Connection, name: str, rows: pa.Table) -> None:
    """A temporary table of these rows, to be dropped by whoever asked for it."""
    binary = "BLOB" if store.is_duckdb else "BYTEA"
    columns = ", ".join(f"{field.name} {_TYPES.get(field.type, binary)}" for field in rows.schema)
    connection.execute(sa.text(f"CREATE TEMP TABLE {name} ({columns})"))
    store.append(connection, name, rows)
    if not store.is_duckdb:
        connection.execute(sa.text(f"ANALYZE {name}"))


def next_load(connection: sa.Connection) -> int:
    """The number of the next load."""
    return (connection.execute(sa.select(sa.func.max(schema.load.c.id))).scalar() or 0) + 1


def record(
    connection: sa.Connection,
    load_id: int,
    counted: Counted,
    file_hash: str,
    *,
    actor: str,
    role: str,
    started: float,
    subjects: Sequence[str] = (),
) -> None:
    """The row of the table ``load``, and the ledger's entry."""
    connection.execute(
        schema.load.insert().values(
            id=load_id,
            kind=counted.kind,
            file_name=counted.file_name,
            file_hash=file_hash,
            format=counted.format,
            finished_at=datetime.now(UTC),
            rows=counted.rows,
            accepted=counted.accepted,
            duplicates=counted.duplicates,
            quarantined=counted.quarantined,
            reasons=json.dumps(counted.reasons),
            seconds=time.monotonic() - started,
        )
    )
    ledger.append(
        connection,
        actor=actor,
        role=role,
        act="data.load",
        outcome="done",
        subjects=subjects,
        asked={"kind": counted.kind, "file_hash": file_hash, "format": counted.format},
        counts={
            "rows": counted.rows,
            "accepted": counted.accepted,
            "duplicates": counted.duplicates,
            "quarantined": counted.quarantined,
        },
    )


def report(store: Store, counted: Counted, notes: Sequence[str], started: float) -> LoadReport:
    """The report of a load that has been written, with what the audits found."""
    with store.read() as connection:
        findings = audit.run(connection)
    return LoadReport(
        kind=counted.kind,
        file=counted.file_name,
        format=counted.format,
        rows=counted.rows,
        accepted=counted.accepted,
        duplicates=counted.duplicates,
        quarantined=counted.quarantined,
        reasons=dict(counted.reasons),
        seconds=time.monotonic() - started,
        notes=tuple(notes),
        findings=tuple(finding.name for finding in findings),
    )


def file_notes(file: Staged) -> list[str]:
    """What a person should know about the file itself."""
    return ["The file is truncated: download it again to get the rest."] if file.truncated else []


def _stage(
    store: Store, connection: sa.Connection, name: str, file: Path, table: sa.Table, without: Sequence[str]
) -> None:
    """The rows of a Parquet file under a name that lasts as long as the transaction."""
    if store.is_duckdb:
        duckdb_connection(connection).execute(
            f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT * FROM read_parquet({literal(str(file))})"
        )
        return
    connection.execute(sa.text(f"CREATE TEMP TABLE {name} (LIKE {table.name}) ON COMMIT DROP"))
    for column in without:
        connection.execute(sa.text(f"ALTER TABLE {name} DROP COLUMN {column}"))
    for batch in pq.ParquetFile(file).iter_batches(BATCH_ROWS):
        store.append(connection, name, pa.Table.from_batches([batch]))
    connection.execute(sa.text(f"ANALYZE {name}"))


def _unstage(store: Store, connection: sa.Connection, *names: str) -> None:
    if store.is_duckdb:
        for name in names:
            duckdb_connection(connection).execute(f"DROP VIEW {name}")


def _update_changed(connection: sa.Connection, table: str, content: Sequence[str], load_id: int) -> int:
    """Rows that their publisher has corrected take their new content."""
    new = ", ".join(f"{column} = staged.{column}" for column in content)
    return connection.execute(
        sa.text(
            f"UPDATE {table} SET load_id = :load_id, {new} FROM staged_rows AS staged "
            f"WHERE {table}.source = staged.source AND {table}.source_key = staged.source_key "
            f"AND {table}.content_hash <> staged.content_hash"
        ),
        {"load_id": load_id},
    ).rowcount


def _insert_new(connection: sa.Connection, table: str, content: Sequence[str], load_id: int) -> int:
    columns = ", ".join(("source", "source_key", *content))
    return connection.execute(
        sa.text(
            f"INSERT INTO {table} (load_id, {columns}) SELECT :load_id, {columns} FROM staged_rows AS staged "
            f"WHERE NOT EXISTS (SELECT 1 FROM {table} WHERE {table}.source = staged.source "
            f"AND {table}.source_key = staged.source_key)"
        ),
        {"load_id": load_id},
    ).rowcount


def _keep_refused(connection: sa.Connection, table: str, load_id: int) -> None:
    """Refused rows stay, each once; not those whose key an earlier load has brought already."""
    connection.execute(
        sa.text(f"""
            INSERT INTO quarantine (row_hash, load_id, kind, source, source_key, reason, raw)
            SELECT row_hash, :load_id, kind, source, source_key, reason, raw FROM (
                SELECT *, row_number() OVER (PARTITION BY row_hash ORDER BY reason) AS copy FROM staged_refused
            ) AS staged
            WHERE copy = 1
            AND NOT EXISTS (SELECT 1 FROM quarantine WHERE quarantine.row_hash = staged.row_hash)
            AND NOT EXISTS (
                SELECT 1 FROM {table} WHERE {table}.source = staged.source
                AND {table}.source_key = staged.source_key AND {table}.load_id < :load_id
            )
        """),
        {"load_id": load_id},
    )


def _refuse_again(connection: sa.Connection, table: str, load_id: int) -> None:
    """A refused row that comes again beside a newer version of its key belongs to the newer load."""
    connection.execute(
        sa.text(f"""
            UPDATE quarantine SET load_id = :load_id WHERE load_id < :load_id
            AND row_hash IN (SELECT row_hash FROM staged_refused)
            AND EXISTS (
                SELECT 1 FROM {table} WHERE {table}.source = quarantine.source
                AND {table}.source_key = quarantine.source_key AND {table}.load_id = :load_id
            )
        """),
        {"load_id": load_id},
    )


def _row_hash(row: Mapping[str, Any]) -> str:
    """What tells one refused row from another; no secret."""
    text = "\x1f".join((row["kind"], row["source"], row["raw"]))
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def keep_refused(connection: sa.Connection, refused: Sequence[Mapping[str, Any]], load_id: int) -> None:
    """Refused rows of a small load stay, each once."""
    kept = {_row_hash(row): row for row in refused}
    table = schema.quarantine
    there = set(connection.scalars(sa.select(table.c.row_hash).where(table.c.row_hash.in_(list(kept)))))
    new = [{"row_hash": key, "load_id": load_id, **row} for key, row in kept.items() if key not in there]
    if new:
        connection.execute(table.insert(), new)


def _clear_mended(connection: sa.Connection, prepared: Prepared) -> None:
    """Rows that have come again and could be used this time leave the quarantine."""
    connection.execute(
        sa.text("""
            DELETE FROM quarantine WHERE kind = :kind AND EXISTS (
                SELECT 1 FROM staged_rows AS staged
                WHERE staged.source = quarantine.source AND staged.source_key = quarantine.source_key
            ) AND NOT EXISTS (
                SELECT 1 FROM staged_refused AS refused WHERE refused.row_hash = quarantine.row_hash
            )
        """),
        {"kind": prepared.kind},
    )
    if prepared.cleared:
        connection.execute(
            schema.quarantine.delete().where(schema.quarantine.c.row_hash.in_(prepared.cleared))
        )


def make_city(connection: sa.Connection, city: Mapping[str, str]) -> None:
    """The first load says which city this is; its outline comes later."""
    if connection.execute(sa.select(sa.func.count()).select_from(schema.city)).scalar_one() == 0:
        connection.execute(schema.city.insert().values(id=1, synthetic=False, **city))
