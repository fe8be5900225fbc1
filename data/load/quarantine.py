"""Rows that could not be used: kept as they came, handed out to be mended, and let go once they are.

The export is a CSV with the file's own columns and three more: why the row was refused, which row of the
quarantine it is, and the line itself where it had no columns. Loading the mended export clears the
rows it mends.
"""

from __future__ import annotations

import csv
import json
import re
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import sqlalchemy as sa

from data import schema
from data.load.reading import EXPORT_COLUMNS, EXPORT_LINE, EXPORT_REASON, EXPORT_ROW, Staged, literal

if TYPE_CHECKING:
    from pathlib import Path

# What a spreadsheet takes for a formula. A number with a sign is none.
_FORMULA = re.compile(r"^'*[=+\-@\t\r]")
_NUMBER = re.compile(r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")


def prepare(file: Staged, target: Path, kind: str, source: str, judged: str) -> None:
    """Write the refused rows of a file to `target`, each with its columns as JSON.

    `judged` is a SELECT of row, source_key and reason for the rows of ``raw`` that are refused.
    """
    own = [column for column in file.columns if column.name.lower() not in EXPORT_COLUMNS]
    pairs = ", ".join(f"{literal(column.name)}, {_as_text(column.raw, column.type)}" for column in own)
    returned = file.column(EXPORT_ROW)
    again = f"nullif(trim({returned.raw}::VARCHAR), '')" if returned else "NULL"
    line = file.column(EXPORT_LINE)
    # A malformed line comes back from the export as a line and no columns.
    raw = f"json_object({pairs})::VARCHAR"
    if line:
        raw = f"CASE WHEN {line.raw} IS NOT NULL THEN json_object('{EXPORT_LINE}', {line.raw})::VARCHAR ELSE {raw} END"
    file.connection.execute(f"""
        COPY (
            SELECT coalesce(returned, md5(concat_ws(chr(31), {literal(kind)}, {literal(source)}, raw))) AS row_hash,
                {literal(kind)} AS kind, {literal(source)} AS source, source_key, reason, raw
            FROM (
                SELECT refused_rows.row, source_key, reason, {again} AS returned, {raw} AS raw
                FROM ({judged}) AS refused_rows JOIN raw USING (row)
                UNION ALL
                SELECT row, NULL, reason, NULL, json_object('{EXPORT_LINE}', text)::VARCHAR FROM refused
            )
            ORDER BY row
        ) TO {literal(str(target))} (FORMAT parquet, ROW_GROUP_SIZE 20000)
    """)


def counts(target: Path) -> dict[str, int]:
    """How many rows `prepare` refused, by reason."""
    found = pq.read_table(target, columns=["reason"])["reason"].value_counts().to_pylist()
    return {pair["values"]: pair["counts"] for pair in sorted(found, key=lambda pair: pair["values"])}


def returned(file: Staged, usable: str) -> list[str]:
    """The rows of the quarantine that this file brings back mended; `usable` is a SELECT of their numbers."""
    column = file.column(EXPORT_ROW)
    if column is None:
        return []
    rows = file.connection.execute(
        f"SELECT DISTINCT {column.raw}::VARCHAR FROM raw WHERE row IN ({usable}) AND {column.raw} IS NOT NULL"
    ).fetchall()
    return [row[0] for row in rows]


def export(connection: sa.Connection, path: Path, kind: str = "incidents", source: str | None = None) -> int:
    """Write the quarantine of one kind as a CSV that opens safely in a spreadsheet; the number of rows.

    Rows with personal data are sealed and stay where they are.
    """
    table = schema.quarantine
    rows = connection.execute(
        sa.select(table.c.row_hash, table.c.reason, table.c.raw)
        .where(table.c.kind == kind, table.c.raw.is_not(None))
        .where(sa.true() if source is None else table.c.source == source)
        .order_by(table.c.load_id, table.c.row_hash)
    ).all()
    records = [json.loads(row.raw) for row in rows]
    names = list(dict.fromkeys(name for record in records for name in record if name != EXPORT_LINE))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*names, EXPORT_REASON, EXPORT_ROW, EXPORT_LINE])
        for row, record in zip(rows, records, strict=True):
            cells = [*(record.get(name) for name in names), row.reason, row.row_hash, record.get(EXPORT_LINE)]
            writer.writerow(["" if cell is None else neutralised(str(cell)) for cell in cells])
    return len(rows)


def neutralised(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula; reading the export undoes it.

    >>> neutralised("=1+1"), neutralised("-76.5"), neutralised("'=x")
    ("'=1+1", '-76.5', "''=x")
    """
    return "'" + cell if _FORMULA.match(cell) and not _NUMBER.match(cell) else cell


def _as_text(column: str, kind: str) -> str:
    return f"hex({column})" if kind == "BLOB" else f"{column}::VARCHAR"
