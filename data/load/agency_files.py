"""Lists of the cameras and plate readers that agencies run.

A row without a direction that can be understood is kept all the same: the device exists, and covers nothing.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from data import records, schema
from data.errors import LoadError
from data.load import areas, commit, directions, places, quarantine, sql
from data.load.formats import agency
from data.load.reading import Progress, Staged, literal, staged

if TYPE_CHECKING:
    from pathlib import Path

    from data.load.formats.agency import AgencyFormat
    from data.load.report import LoadReport
    from data.store import Store

KIND = "agency-cameras"


def load(
    path: str | Path,
    store: Store,
    *,
    actor: str = "command line",
    role: str = "system",
    progress: Progress | None = None,
) -> LoadReport:
    """Load the agency cameras in a file. Raises `LoadError` where the file cannot be used at all."""
    started = time.monotonic()
    with staged(path, progress=progress) as file:
        found = agency.recognised(file.names)
        if found is None:
            raise LoadError(
                f"{file.path.name} is no list of agency cameras that is known. Its columns are: "
                f"{', '.join(file.names)}. Give it at least the columns {', '.join(agency.OWN.recognised_by)}, "
                "as docs/loading.md says."
            )
        city = records.city_or_none(store)
        _place(file, found, city)
        _look(file, found)
        _judge(file, found)
        prepared = _prepare(file, found, city)
        notes = commit.file_notes(file)
        counted = commit.rows(store, prepared, schema.agency_camera, actor=actor, role=role, started=started)
    return commit.report(store, counted, notes, started)


def _place(file: Staged, found: AgencyFormat, city: records.City | None) -> None:
    """The tables ``placed`` and ``zero``."""
    where = places.locate(file, found.positions)
    known = np.flatnonzero(where.known)
    lon, lat = where.lon[known], where.lat[known]
    within = areas.inside(lon, lat, city.outline if city else None, city.crs if city else None)
    file.insert("placed", pa.table({"row": known, "lon": lon, "lat": lat, "within": within}))
    file.insert("zero", pa.table({"row": np.flatnonzero(where.zero)}))


def _look(file: Staged, found: AgencyFormat) -> None:
    """The table ``looking``: each text of a direction, and what it states."""
    columns = [file.column(name) for name in (*found.directions, *found.approaches)]
    texts = [sql.text(column) for column in columns if column]
    if not texts:
        said = "NULL::VARCHAR"
    elif found.approaches:
        said = f"nullif(concat_ws(';', {', '.join(texts)}), '')"
    else:
        said = f"coalesce({', '.join(texts)})"
    file.connection.execute(f"CREATE TABLE said AS SELECT row, {said} AS direction_text FROM raw")
    # Each different text once: a list of 60,000 devices has some hundreds.
    different = [
        row[0]
        for row in file.connection.execute("SELECT DISTINCT direction_text FROM said ORDER BY ALL").fetchall()
    ]
    understood = [directions.understood(text) for text in different]
    file.insert(
        "looking",
        pa.table(
            {
                "direction_text": pa.array(different, pa.string()),
                "azimuths": [json.dumps(one.azimuths) for one in understood],
                "sector": pa.array([one.hfov for one in understood], pa.float64()),
                "direction_from": [one.origin for one in understood],
            }
        ),
    )


def _judge(file: Staged, found: AgencyFormat) -> None:
    """The table ``judged``: every row, with the reason why it is refused."""
    key = " || '/' || ".join(
        f"nullif(regexp_extract({sql.whole(file.column(name))}, {literal(found.key_pattern)}, 1), '')"
        for name in found.key
    )
    title = [sql.text(file.column(name)) for name in found.title if file.column(name)]
    installed = file.column(found.installed)
    date = (
        f"try_strptime({sql.text(installed)}, [{', '.join(literal(one) for one in found.date_formats)}])::DATE"
        if installed
        else "NULL::DATE"
    )
    operator = sql.text(file.column(found.operator))
    turns = _turns(file, found)
    kind = literal(found.kind) if found.kind else f"lower({sql.text(file.column(found.kind_column))})"
    kinds = {found.kind: found.kind} if found.kind else dict(found.kinds)
    cases = " ".join(f"WHEN {literal(str(word))} THEN {literal(str(code))}" for word, code in kinds.items())
    public = "true"
    if found.operator_pattern:
        public = f"regexp_matches(coalesce({operator}, ''), {literal(found.operator_pattern)})"
    elif found.operator_type:
        owner = sql.text(file.column(found.operator_type))
        public = f"kind = 'alpr' OR coalesce({owner}, '') IN ('government', 'public')"
    number = "CASE WHEN try_cast({0} AS DOUBLE) > {1} AND try_cast({0} AS DOUBLE) <= {2} THEN try_cast({0} AS DOUBLE) END"
    file.connection.execute(f"""
        CREATE TABLE judged AS
        WITH known AS (
            SELECT raw.row, {key} AS source_key, CASE {kind} {cases} END AS kind,
                {f"coalesce({', '.join(title)})" if title else "NULL::VARCHAR"} AS name, {operator} AS operator,
                lon, lat, within, zero.row IS NOT NULL AS at_zero,
                azimuths, coalesce({number.format(sql.text(file.column(found.hfov)), 0, 360)}, sector) AS hfov,
                {number.format(sql.text(file.column(found.width_px)), 0, 100_000)}::INTEGER AS width_px,
                direction_from, said.direction_text,
                {number.format(sql.text(file.column(found.retention_hours)), 0, 24 * 366 * 10)} AS retention_hours,
                {date} AS installed_on, {turns} AS turns, {public} AS public
            FROM raw LEFT JOIN placed USING (row) LEFT JOIN zero USING (row) JOIN said USING (row)
                JOIN looking ON looking.direction_text IS NOT DISTINCT FROM said.direction_text
        ), hashed AS (
            SELECT *, (md5_number_lower(concat_ws(chr(31), {_hashed()})) >> 1)::BIGINT AS content_hash FROM known
        ), first AS (
            SELECT *, CASE
                WHEN coalesce(source_key, '') = '' THEN 'no key'
                WHEN lon IS NULL AND at_zero THEN 'zero coordinates'
                WHEN lon IS NULL THEN 'no coordinates'
                WHEN NOT within THEN 'outside the city'
                WHEN kind IS NULL THEN 'not a camera'
                WHEN NOT public THEN 'private camera'
            END AS found FROM hashed
        )
        SELECT * EXCLUDE (found), coalesce(found, CASE
                WHEN min(content_hash) FILTER (found IS NULL) OVER same
                    <> max(content_hash) FILTER (found IS NULL) OVER same THEN 'duplicate key'
            END) AS reason,
            found IS NULL AND row <> min(row) FILTER (found IS NULL) OVER same AS again
        FROM first WINDOW same AS (PARTITION BY source_key)
    """)


def _turns(file: Staged, found: AgencyFormat) -> str:
    """Whether a device pans, as the column that tells it says; not known where it says something else."""
    said = f"lower({sql.text(file.column(found.turns))})"
    turning, fixed = (", ".join(map(literal, words)) for words in (agency.TURNING, agency.FIXED))
    return f"CASE WHEN {said} IN ({turning}) THEN true WHEN {said} IN ({fixed}) THEN false END"


def _hashed() -> str:
    columns = ("kind", "name", "operator", "azimuths", "hfov", "width_px", "direction_text", "retention_hours",
               "installed_on", "round(lon * 1e6)::BIGINT", "round(lat * 1e6)::BIGINT")  # fmt: skip
    hashed = ", ".join(f"coalesce({column}::VARCHAR, '')" for column in columns)
    # Left out where not known, so that rows loaded before there was such a column keep their hashes.
    return f"{hashed}, 'turns: ' || turns::VARCHAR"


def _prepare(file: Staged, found: AgencyFormat, city: records.City | None) -> commit.Prepared:
    accepted, refused = file.folder / "accepted.parquet", file.folder / "refused.parquet"
    columns = ", ".join(
        column.name for column in schema.agency_camera.columns if column.name not in ("source", "load_id")
    )
    file.connection.execute(
        f"COPY (SELECT {literal(found.name)} AS source, {columns} FROM judged WHERE reason IS NULL AND NOT again "
        f"ORDER BY row) TO {literal(str(accepted))} (FORMAT parquet)"
    )
    quarantine.prepare(
        file, refused, KIND, found.name, "SELECT row, source_key, reason FROM judged WHERE reason IS NOT NULL"
    )
    again, lon, lat = file.connection.execute(
        "SELECT count(*) FILTER (again AND reason IS NULL), median(lon), median(lat) FROM judged"
    ).fetchall()[0]
    new_city = None
    if city is None and found.city and lon is not None:
        name, timezone = found.city
        new_city = {
            "name": name,
            "timezone": timezone,
            "crs": places.metric_crs(np.array([lon]), np.array([lat])),
        }
    return commit.Prepared(
        kind=KIND,
        format=found.name,
        file_name=file.path.name,
        file_hash=file.hash,
        rows=file.count(),
        duplicates=again,
        reasons=quarantine.counts(refused),
        accepted=accepted,
        refused=refused,
        cleared=quarantine.returned(file, "SELECT row FROM judged WHERE reason IS NULL"),
        city=new_city,
    )
