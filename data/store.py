"""The store: one database, DuckDB or PostgreSQL, and the vault that belongs to it.

Reads take a connection of their own from a pool, so that no thread sees another's rows. Writes stand
in one queue: in DuckDB a lock of this process (no second process can open the file), in PostgreSQL
an advisory lock. A police department writes little and the ledger is one chain, so a queue costs
nothing and spares every use case from conflicts; what conflicts all the same is tried again.

So keep transactions short: whoever loads a large file prepares it before `Store.write`.
"""

from __future__ import annotations

import contextlib
import functools
import io
import random
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import duckdb
import psycopg
import pyarrow as pa
import pyarrow.csv
import sqlalchemy as sa
from adbc_driver_postgresql import dbapi as postgresql_arrow
from alembic import command as alembic
from alembic.config import Config as AlembicConfig

from data import roles, schema, settings, vault
from data.errors import StoreError, VaultError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Result = TypeVar("Result")

ATTEMPTS = 8
# Values stay out of error messages, and so out of every log: some are personal.
POOL: dict[str, Any] = {"pool_size": 10, "max_overflow": 20, "hide_parameters": True}
ADVISORY_LOCK = 0x706F726368  # "porch": the queue of writers in PostgreSQL
MIGRATIONS = Path(__file__).parent / "migrations"


class Store:
    """One open database and its vault. Make one with `open_store`."""

    def __init__(self, engine: sa.Engine, keys: vault.Vault) -> None:
        self.engine = engine
        self.vault = keys
        self._queue = threading.Lock()
        self._writer: int | None = None  # the thread that holds the queue

    @property
    def is_duckdb(self) -> bool:
        """Whether the engine is DuckDB and not PostgreSQL."""
        return self.engine.dialect.name == "duckdb"

    @contextlib.contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection to read with: one moment of the database, nothing kept of what is written."""
        with self.engine.connect() as connection:
            yield connection

    def write(self, work: Callable[[sa.Connection], Result]) -> Result:
        """What `work` answers, once all it wrote is committed; an exception undoes all of it.

        `work` may be called again where the database asks for it, so it must do nothing but write.
        """
        if self._writer == threading.get_ident():
            raise RuntimeError("A write inside a write would wait for itself; pass the connection on.")
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._write_once(work)
            except sa.exc.DBAPIError as error:
                if attempt == ATTEMPTS or not _is_conflict(error):
                    raise
                time.sleep(random.uniform(0, 0.01 * 2**attempt))
        raise AssertionError("unreachable")

    def _write_once(self, work: Callable[[sa.Connection], Result]) -> Result:
        with self._queue:
            self._writer = threading.get_ident()
            try:
                with self.engine.connect() as connection:
                    entries = connection.info["ledger_entries"] = []
                    with connection.begin():
                        if not self.is_duckdb:
                            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(ADVISORY_LOCK)))
                        result = work(connection)
                    for entry in entries:
                        entry.committed = True
                    return result
            finally:
                self._writer = None

    def arrow(self, statement: sa.Select[Any]) -> pa.Table:
        """The rows of a SELECT as columns (Arrow), for analysis."""
        text = str(statement.compile(self.engine, compile_kwargs={"literal_binds": True}))
        if self.is_duckdb:
            with self.engine.connect() as connection:
                return duckdb_connection(connection).execute(text).to_arrow_table()
        uri = self.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        with postgresql_arrow.connect(uri) as connection, connection.cursor() as cursor:
            cursor.execute(text)
            return cursor.fetch_arrow_table()

    def append(self, connection: sa.Connection, table: sa.Table | str, rows: pa.Table) -> None:
        """Append columns to a table in the transaction of `connection`; names must match."""
        name = table if isinstance(table, str) else table.name
        columns = ", ".join(f'"{column}"' for column in rows.column_names)
        if self.is_duckdb:
            raw = duckdb_connection(connection)
            raw.register("appended_rows", rows)
            try:
                raw.execute(f'INSERT INTO "{name}" ({columns}) SELECT {columns} FROM appended_rows')
            finally:
                raw.unregister("appended_rows")
            return
        raw_connection: Any = connection.connection.driver_connection
        cursor: psycopg.Cursor = raw_connection.cursor()
        with cursor.copy(f"COPY \"{name}\" ({columns}) FROM STDIN (FORMAT csv, NULL '')") as copy:
            for batch in rows.to_batches(max_chunksize=50_000):
                copy.write(_as_postgresql_csv(pa.Table.from_batches([batch])))

    def close(self) -> None:
        """Give back every connection; the database file can then be opened by another process."""
        self.engine.dispose()


def open_store(url: str | None = None, key_file: str | Path | None = None) -> Store:
    """The store at `url`, brought up to the current schema; by default the one the environment names.

    A database that is new gets a key (made if `key_file` does not exist yet); any other must be
    opened with the key it was made with. Raises `StoreError` or `VaultError`.
    """
    engine = connect(url or settings.environment("DATABASE_URL"))
    try:
        migrate(engine)
        return Store(engine, _unlock(engine, Path(key_file or settings.environment("PORCHLIGHT_KEY_FILE"))))
    except BaseException:
        engine.dispose()
        raise


@functools.cache
def default_store() -> Store:
    """The store that the environment names, opened once in this process."""
    return open_store()


def connect(url: str) -> sa.Engine:
    """An engine for `url`, which is known to answer."""
    try:
        address = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise StoreError(
            f"DATABASE_URL is '{url}', which is no database address. Write duckdb:///path/to/file.duckdb "
            "or postgresql://user:password@host/database."
        ) from None
    backend = address.get_backend_name()
    if backend in ("postgresql", "postgres"):
        engine = sa.create_engine(address.set(drivername="postgresql+psycopg"), pool_pre_ping=True, **POOL)
    elif backend == "duckdb":
        if not address.database or address.database == ":memory:":
            raise StoreError(
                "A database in memory forgets everything; name a file: duckdb:///var/porchlight.duckdb."
            )
        Path(address.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Pooled connections of one file share one database instance; each is a connection of its own.
        engine = sa.create_engine(address, **POOL)
    else:
        raise StoreError(
            f"DATABASE_URL names '{backend}'. Porchlight keeps its records in duckdb or postgresql."
        )

    @sa.event.listens_for(engine, "connect")
    def _prepared(raw: Any, _: Any) -> None:
        cursor = raw.cursor()
        cursor.execute("SET TimeZone = 'UTC'")
        if backend == "duckdb":
            cursor.execute("SET enable_progress_bar = false")  # it draws over what a command answers
        cursor.close()
        if backend != "duckdb":
            raw.commit()

    try:
        with engine.connect():
            return engine
    except sa.exc.DBAPIError as error:
        engine.dispose()
        if "Could not set lock" in str(error) or "being used by another process" in str(error):
            raise StoreError(
                f"The database {address.database} is open in another process, and DuckDB serves only one. "
                "Stop the app (or the other command) first, or use PostgreSQL through DATABASE_URL."
            ) from None
        raise StoreError(
            f"The database {address.render_as_string()} cannot be opened: {str(error.orig).strip().splitlines()[0]}"
        ) from None


def migrate(engine: sa.Engine) -> None:
    """Bring the database up to the current schema."""
    configuration = AlembicConfig()
    configuration.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        configuration.attributes["connection"] = connection
        alembic.upgrade(configuration, "head")


def duckdb_connection(connection: sa.Connection) -> duckdb.DuckDBPyConnection:
    """The DuckDB connection beneath one of SQLAlchemy's, in the same transaction."""
    wrapper: Any = connection.connection.driver_connection
    return wrapper._ConnectionWrapper__c  # noqa: SLF001  duckdb-sqlalchemy offers no other way to its columns


def _unlock(engine: sa.Engine, key_file: Path) -> vault.Vault:
    """The vault of this database; a new database gets its first rows here."""
    check = sa.select(schema.setting.c.value).where(schema.setting.c.name == "vault_check")
    with engine.begin() as connection:
        value = connection.execute(check).scalar()
        if value is None:
            key = vault.read_key(key_file) if key_file.exists() else vault.make_key(key_file)
            keys = vault.Vault(key)
            connection.execute(
                schema.setting.insert().values(name="vault_check", value=keys.check_value().hex())
            )
            connection.execute(
                schema.role_permission.insert(),
                [{"role": role, "act": act} for role, acts in roles.PERMISSIONS.items() for act in acts],
            )
            return keys
    keys = vault.Vault(vault.read_key(key_file))
    if not keys.made(bytes.fromhex(value)):
        raise VaultError(
            f"The key file {key_file} does not belong to this database. Put back the key the database was "
            "made with, or name its place in PORCHLIGHT_KEY_FILE."
        )
    return keys


def _is_conflict(error: sa.exc.DBAPIError) -> bool:
    """Whether the same transaction may succeed when it is tried again."""
    if isinstance(error.orig, psycopg.Error):
        return error.orig.sqlstate in ("40001", "40P01")  # serialisation failure, deadlock
    return isinstance(error.orig, duckdb.TransactionException) and "onflict" in str(error.orig)


def _as_postgresql_csv(rows: pa.Table) -> bytes:
    r"""Rows as PostgreSQL's COPY reads them: binary as \\x and hexadecimal, times with their zone."""
    for position, field in enumerate(rows.schema):
        if pa.types.is_binary(field.type) or pa.types.is_large_binary(field.type):
            values = [None if value is None else "\\x" + value.hex() for value in rows[position].to_pylist()]
            rows = rows.set_column(position, field.name, pa.array(values, pa.string()))
    buffer = io.BytesIO()
    pyarrow.csv.write_csv(rows, buffer, pyarrow.csv.WriteOptions(include_header=False))
    return buffer.getvalue()
