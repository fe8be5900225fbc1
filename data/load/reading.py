"""Any readable file as one relation of columns in DuckDB, each row with its number.

The relation ``raw`` has ``row`` (from 0, in the file's order) and ``c0``, ``c1``, ... ; text files give text,
Parquet and geodata keep their types. The table ``refused`` holds the lines that are no rows.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyogrio

from data.errors import LoadError
from data.load import csv_files, files

if TYPE_CHECKING:
    import pandas as pd

Progress = Callable[[str], None]

# The staging area gets no more than this; beyond it DuckDB uses the disk.
MEMORY_LIMIT = "600MB"

#: Columns that the quarantine export adds, and that never belong to the row itself.
EXPORT_REASON = "quarantine_reason"
EXPORT_ROW = "quarantine_row"
EXPORT_LINE = "quarantine_line"
EXPORT_COLUMNS = (EXPORT_REASON, EXPORT_ROW, EXPORT_LINE)

#: The apostrophe that the export puts before what a spreadsheet would take for a formula, taken away again.
RESTORED = r"regexp_replace({column}, '^''(''*[=+\-@\t\r])', '\1')"


@dataclass(frozen=True)
class Column:
    """One column of the file: what it is called there, and in ``raw``."""

    name: str
    raw: str
    type: str  # of DuckDB


@dataclass(frozen=True)
class Staged:
    """A file that has been read into the staging area."""

    connection: duckdb.DuckDBPyConnection
    folder: Path
    path: Path
    hash: str
    columns: tuple[Column, ...]
    truncated: bool

    def column(self, name: str | None) -> Column | None:
        """The column of that name, whatever its case."""
        wanted = (name or "").strip().lower()
        return next((column for column in self.columns if column.name.lower() == wanted), None)

    def need(self, name: str | None) -> Column:
        """The column of that name, without which the file cannot be loaded."""
        column = self.column(name)
        if column is None:
            raise LoadError(
                f"{self.path.name} has no column {name}. Its columns are: {', '.join(self.names)}."
            )
        return column

    @property
    def names(self) -> list[str]:
        """The file's own columns, in order."""
        return [column.name for column in self.columns if column.name.lower() not in EXPORT_COLUMNS]

    def insert(self, table: str, rows: pa.Table) -> None:
        """A new table of the staging area."""
        self.connection.register("inserted_rows", rows)
        self.connection.execute(f"CREATE TABLE {table} AS SELECT * FROM inserted_rows")
        self.connection.unregister("inserted_rows")

    def count(self) -> int:
        """How many data rows the file has, with the lines that are no rows."""
        return self.connection.execute(
            "SELECT (SELECT count(*) FROM raw) + (SELECT count(*) FROM refused)"
        ).fetchall()[0][0]


@contextlib.contextmanager
def staged(
    path: str | Path,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    layer: str | None = None,
    personal: bool = False,
    progress: Progress | None = None,
) -> Iterator[Staged]:
    """The file at `path`, read into a staging area that is gone afterwards. Raises `LoadError`.

    What is `personal` is staged in memory: a killed load leaves its folder behind.
    """
    path = files.existing(path)
    kind = files.kind(path)
    with tempfile.TemporaryDirectory(prefix="porchlight-load-") as name:
        folder = Path(name)
        with contextlib.closing(
            duckdb.connect(":memory:" if personal else folder / "staging.duckdb")
        ) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute("SET enable_progress_bar = false")  # it draws over the report
            connection.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
            connection.execute("SET enable_geoparquet_conversion = false")
            connection.execute("CREATE TABLE refused (row BIGINT, reason VARCHAR, text VARCHAR)")
            truncated = False
            try:
                if kind == "csv":
                    columns, truncated = _csv(connection, path, folder, encoding, delimiter, progress)
                elif kind == "parquet":
                    columns = _relation(
                        connection, f"read_parquet({literal(str(path))}, file_row_number = true)"
                    )
                elif kind == "json":
                    columns = _json(connection, path)
                else:
                    columns = _geodata(connection, path, layer)
                yield Staged(connection, folder, path, files.fingerprint(path), columns, truncated)
            except (
                duckdb.IOException,
                duckdb.InvalidInputException,
                duckdb.SerializationException,
            ) as reason:
                # Parquet is read while it is worked on, so a damaged one is noticed anywhere on the way.
                raise LoadError(
                    f"{path.name} cannot be read to its end ({str(reason).splitlines()[0]}). Download it again."
                ) from None


def literal(text: str) -> str:
    """`text` as a constant of SQL."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """`name` as a name in SQL."""
    return '"' + name.replace('"', '""') + '"'


def _csv(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    folder: Path,
    encoding: str | None,
    delimiter: str | None,
    progress: Progress | None,
) -> tuple[tuple[Column, ...], bool]:
    found = csv_files.look_through(path, folder, encoding, delimiter)

    def insert() -> int:
        texts = ", ".join(f"c{position} VARCHAR" for position in range(len(found.columns)))
        connection.execute(f"CREATE OR REPLACE TABLE raw (row BIGINT, {texts})")
        read = 0
        for batch in found.batches():
            connection.register("batch", pa.Table.from_batches([batch]))
            connection.execute("INSERT INTO raw SELECT * FROM batch")
            read += batch.num_rows
            if progress:
                progress(f"{read:,} rows read")
        return read

    try:
        found.sound = found.sound and insert() == found.lines
    except pa.ArrowInvalid:
        found.sound = False
    if not found.sound:
        insert()
    columns = tuple(Column(name, f"c{at}", "VARCHAR") for at, name in enumerate(found.columns))
    if EXPORT_ROW in {name.lower() for name in found.columns}:
        restored = ", ".join(f"{RESTORED.format(column=column.raw)} AS {column.raw}" for column in columns)
        connection.execute(f"CREATE OR REPLACE TABLE raw AS SELECT row, {restored} FROM raw ORDER BY row")
    refused = pa.table(
        {
            "row": pa.array(found.refused.row, pa.int64()),
            "reason": pa.array(found.refused.reason, pa.string()),
            "text": pa.array(found.refused.text, pa.string()),
        }
    )
    connection.register("batch", refused)
    connection.execute("INSERT INTO refused SELECT * FROM batch")
    connection.unregister("batch")
    return columns, found.truncated


def _json(connection: duckdb.DuckDBPyConnection, path: Path) -> tuple[Column, ...]:
    """A JSON file that is a list of objects, or one object a line; every value as it is written."""
    try:
        text = path.read_text("utf-8-sig")
        found = (
            json.loads(text) if text.lstrip().startswith("[") else [json.loads(x) for x in text.splitlines()]
        )
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as reason:
        raise LoadError(f"{path.name} is not valid JSON ({reason}). Download it again.") from None
    if not isinstance(found, list) or not all(isinstance(record, dict) for record in found):
        raise LoadError(f"{path.name} is JSON, but not a list of records. Export it as CSV and load that.")
    names = list(dict.fromkeys(name for record in found for name in record))
    if not names:
        raise LoadError(f"{path.name} holds no records. Download it again.")
    columns = {
        f"c{at}": pa.array([_written(record.get(name)) for record in found], pa.string())
        for at, name in enumerate(names)
    }
    connection.register("records", pa.table({"row": pa.array(range(len(found)), pa.int64()), **columns}))
    connection.execute("CREATE TABLE raw AS SELECT * FROM records")
    connection.unregister("records")
    return tuple(Column(name, f"c{at}", "VARCHAR") for at, name in enumerate(csv_files.distinct(names)))


def _written(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value)


def _geodata(connection: duckdb.DuckDBPyConnection, path: Path, layer: str | None) -> tuple[Column, ...]:
    """Whatever GDAL reads; the geometry becomes a column ``geometry`` of WKB in WGS 84."""
    try:
        frame = pyogrio.read_dataframe(path, layer=layer, on_invalid="ignore")
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError) as reason:
        raise LoadError(f"{path.name} cannot be read ({reason}). Download it again.") from None
    if not hasattr(frame, "to_crs"):
        raise LoadError(f"{path.name} holds no geometry. Export it as CSV and load that.")
    if frame.crs is not None:
        frame = frame.to_crs(4326)
    names = [str(name) for name in frame.columns]
    columns = {f"c{at}": _texts(frame.iloc[:, at]) for at in range(len(names))}
    connection.register("records", pa.table({"row": pa.array(range(len(frame)), pa.int64()), **columns}))
    connection.execute("CREATE TABLE raw AS SELECT * FROM records")
    connection.unregister("records")
    return tuple(
        Column(name, f"c{at}", "BLOB" if name == "geometry" else "VARCHAR")
        for at, name in enumerate(csv_files.distinct(names))
    )


def _texts(values: pd.Series) -> pa.Array:
    if values.name == "geometry":
        return pa.array(values.to_wkb(), pa.binary())
    return pa.array(values.astype("string"), pa.string())


def _relation(connection: duckdb.DuckDBPyConnection, source: str) -> tuple[Column, ...]:
    """A view on what DuckDB reads itself."""
    described = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    columns = [(name, kind) for name, kind, *_ in described if name != "file_row_number"]
    renamed = ", ".join(f"{identifier(name)} AS c{at}" for at, (name, _) in enumerate(columns))
    connection.execute(f"CREATE VIEW raw AS SELECT file_row_number AS row, {renamed} FROM {source}")
    return tuple(Column(name, f"c{at}", kind) for at, (name, kind) in enumerate(columns))
