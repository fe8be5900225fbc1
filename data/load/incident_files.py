"""Files of incidents: every row becomes an incident, a duplicate, or a row in quarantine.

All of a file is read and judged in a staging area of its own; what comes of it is written in one short
transaction. Rows are judged in this order, and the first reason found is the one given: malformed, no
key, no coordinates, zero coordinates, outside the city, no time, impossible date, future date, unknown
offence. Among the rows that pass, those of one key are then compared:

- Rows that say the same are one incident; the others are duplicates.
- Where the format has a time of update, the newest row counts and older ones are duplicates.
- Where the publisher has no key, rows of one made key are one incident (one row a victim): the first counts.
- Otherwise nothing says which is right, and all of them go to quarantine.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import shapely

from data import records, schema
from data.errors import LoadError
from data.load import areas, commit, formats, mapping, places, quarantine, sql
from data.load.reading import Progress, Staged, literal, staged
from data.offences import OFFENCES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from data.load.formats.description import IncidentFormat
    from data.load.report import LoadReport
    from data.store import Store

KIND = "incidents"


def load(
    path: str | Path,
    store: Store,
    mapping_file: str | Path | None = None,
    *,
    actor: str = "command line",
    role: str = "system",
    progress: Progress | None = None,
) -> LoadReport:
    """Load the incidents in a file. Raises `LoadError` where the file cannot be used at all."""
    started = time.monotonic()
    described = mapping.read(mapping_file) if mapping_file else None
    with staged(
        path,
        encoding=described.encoding if described else None,
        delimiter=described.delimiter if described else None,
        progress=progress,
    ) as file:
        found = described or formats.recognised(file.names)
        if found is None:
            raise LoadError(mapping.unknown_columns(file))
        missing = [name for name in found.required if file.column(name) is None]
        if missing:
            raise LoadError(
                f"{file.path.name} has no column {', '.join(missing)}, which the mapping names. "
                f"Its columns are: {', '.join(file.names)}."
            )
        say = progress or (lambda _: None)
        say("reading times and offences")
        _parse(file, found)
        say("finding blocks and districts")
        city = records.city_or_none(store)
        with store.read() as connection:
            blocks, districts = areas.read(connection, schema.block), areas.read(connection, schema.district)
        where = places.locate(file, found.positions)
        outside = _place(file, found, where, city, blocks, districts)
        _judge(file, found)
        say("writing")
        notes = [*commit.file_notes(file), *_unknown_words(file)]
        prepared = _prepare(file, found, where, city)
        counted = commit.rows(store, prepared, schema.incident, actor=actor, role=role, started=started)
    if outside > 0.5:
        notes.append(
            f"{outside:.0%} of the rows that say where they are lie outside {city.name if city else found.city}: "
            "check that the file belongs to this city, its columns for longitude and latitude, and its CRS."
        )
    elif city and not _same(city.name, found.city):
        notes.append(f"The file is of {found.city}, and this store is about {city.name}.")
    return commit.report(store, counted, notes, started)


def _parse(file: Staged, found: IncidentFormat) -> None:
    """The table ``parsed``: a row's key, time, offence and words, each NULL where it cannot be read."""
    zone = found.zone_of_time or found.timezone
    occurred = sql.moment(file, found.occurred, found.date_formats, zone)
    until = sql.moment(file, found.until, found.date_formats, zone)
    updated = (
        sql.moment(file, type(found.occurred)(column=found.updated), found.date_formats, zone)
        if file.column(found.updated)
        else "NULL::TIMESTAMPTZ"
    )
    words = " || ': ' || ".join(
        sql.text(file.column(name)) for name in found.offence_text or (found.offence,) if file.column(name)
    )
    file.connection.execute("CREATE TABLE offence (word VARCHAR, code VARCHAR)")
    file.connection.execute("CREATE TABLE refinement (word VARCHAR, code VARCHAR)")
    table = {code: code for code in OFFENCES} if found.nibrs else found.offences
    _fill(file, "offence", table)
    _fill(file, "refinement", found.refinements)
    refined = [file.column(name) for name in found.refine if file.column(name)]
    joins = "".join(
        f" LEFT JOIN refinement AS r{at} ON r{at}.word = upper(trim({column.raw}::VARCHAR))"
        for at, column in enumerate(refined)
        if column
    )
    code = "coalesce(" + "".join(f"r{at}.code, " for at in range(len(refined))) + "offence.code)"
    offence = file.need(found.offence)
    file.connection.execute(f"""
        CREATE TABLE parsed AS
        SELECT row,
            {_key(file, found, occurred)} AS source_key,
            {_one_line(sql.whole(file.column(found.case_number)))} AS case_number,
            CASE WHEN offence.code IS NOT NULL THEN {code} END AS offence_code,
            coalesce({words}, {sql.text(offence)}, '') AS offence_text,
            {sql.stated(file, found.occurred)} AS time_stated,
            {occurred} AS occurred_at,
            {until} AS until,
            {updated} AS updated_at,
            {_one_line(sql.text(file.column(found.address)))} AS address
        FROM raw LEFT JOIN offence ON offence.word = upper(trim({offence.raw}::VARCHAR)){joins}
    """)


def _fill(file: Staged, table: str, codes: Mapping[str, str]) -> None:
    rows = sorted({(word.strip().upper(), code) for word, code in codes.items()})
    if rows:
        file.connection.executemany(f"INSERT INTO {table} VALUES (?, ?)", rows)


def _one_line(words: str) -> str:
    """Words that stand in several lines, such as an address, in one."""
    return rf"CASE WHEN contains({words}, chr(10)) THEN regexp_replace({words}, '\s*[\r\n]+\s*', ', ', 'g') ELSE {words} END"


def _key(file: Staged, found: IncidentFormat, occurred: str) -> str:
    if found.key:
        return " || '/' || ".join(sql.whole(file.column(name)) for name in found.key)
    columns = found.identity or (
        found.offence,
        found.address or found.offence,
        *(name for position in found.positions for name in position.columns),
    )
    parts = [f"coalesce({sql.text(file.column(name))}, '')" for name in columns if name]
    return f"md5(concat_ws(chr(31), coalesce(epoch_us({occurred})::VARCHAR, ''), {', '.join(parts)}))"


def _place(
    file: Staged,
    found: IncidentFormat,
    where: places.Places,
    city: records.City | None,
    blocks: areas.Areas,
    districts: areas.Areas,
) -> float:
    """The table ``placed``; the share of the rows with coordinates that lie outside the city."""
    known = np.flatnonzero(where.known)
    lon, lat = where.lon[known], where.lat[known]
    outline, crs = _outline(found, city)
    within = areas.inside(lon, lat, outline, crs)
    block, district = areas.containing_each(lon, lat, blocks, districts)
    rows = pa.table(
        {
            "row": known,
            "lon": lon,
            "lat": lat,
            "within": within,
            "block_id": pa.array(block, pa.int32(), mask=block == areas.NOWHERE),
            "district_id": pa.array(district, pa.int32(), mask=district == areas.NOWHERE),
        }
    )
    file.insert("placed", rows)
    file.insert("zero", pa.table({"row": np.flatnonzero(where.zero)}))
    return float(1 - within.mean()) if len(within) else 0.0


def _outline(found: IncidentFormat, city: records.City | None) -> tuple[shapely.Geometry | None, str | None]:
    """What counts as the city: the store's outline, or else the box around the format's city."""
    if city and city.outline is not None:
        return city.outline, city.crs
    if found.bounds is None:
        return None, None
    west, south, east, north = found.bounds
    middle = places.metric_crs(np.array([(west + east) / 2]), np.array([(south + north) / 2]))
    return shapely.box(*found.bounds), middle


def _judge(file: Staged, found: IncidentFormat) -> None:
    """The table ``judged``: every row with the reason why it is refused, or the row it is a duplicate of."""
    hashed = ", ".join(
        f"coalesce({value}::VARCHAR, '')"
        for value in (
            "case_number",
            "offence_code",
            "offence_text",
            "epoch_us(occurred_at)",
            "epoch_us(until)",
            "address",
            # A tenth of a metre: one publisher writes the same place with more or fewer digits.
            "round(lon * 1e6)::BIGINT",
            "round(lat * 1e6)::BIGINT",
        )
    )
    file.connection.execute(
        f"""
        CREATE TABLE judged AS
        SELECT parsed.* EXCLUDE (until, time_stated), lon, lat, block_id, district_id,
            CASE WHEN until >= occurred_at AND until <= $now THEN until END AS occurred_until,
            (md5_number_lower(concat_ws(chr(31), {hashed})) >> 1)::BIGINT AS content_hash,
            CASE
                WHEN coalesce(source_key, '') = '' THEN 'no key'
                WHEN lon IS NULL AND zero.row IS NOT NULL THEN 'zero coordinates'
                WHEN lon IS NULL THEN 'no coordinates'
                WHEN NOT within THEN 'outside the city'
                WHEN NOT time_stated THEN 'no time'
                WHEN occurred_at IS NULL OR occurred_at < TIMESTAMPTZ '1970-01-01' THEN 'impossible date'
                WHEN occurred_at > $now THEN 'future date'
                WHEN offence_code IS NULL THEN 'unknown offence'
            END AS reason
        FROM parsed LEFT JOIN placed USING (row) LEFT JOIN zero USING (row)
    """,
        {"now": datetime.now(UTC)},
    )
    file.connection.execute("DROP TABLE parsed")
    # Few keys come twice, so only their rows are compared.
    file.connection.execute("""
        CREATE TABLE contested AS
        SELECT row, source_key, content_hash, updated_at FROM judged
        WHERE reason IS NULL AND source_key IN (
            SELECT source_key FROM judged WHERE reason IS NULL GROUP BY source_key HAVING count(*) > 1
        )
    """)
    newest = "max(coalesce(updated_at, TIMESTAMPTZ '1900-01-01')) OVER (PARTITION BY source_key)"
    agreed = "true" if not found.key else "min(content_hash) = max(content_hash)"
    file.connection.execute(f"""
        CREATE TABLE verdict AS
        WITH aged AS (
            SELECT *, coalesce(updated_at, TIMESTAMPTZ '1900-01-01') = {newest} AS is_newest FROM contested
        ), clear AS (
            SELECT source_key, {agreed} AS agreed, min(row) AS first FROM aged WHERE is_newest GROUP BY source_key
        )
        SELECT row, CASE WHEN is_newest AND NOT agreed THEN 'duplicate key' END AS reason,
            agreed AND row <> first OR NOT is_newest AS duplicate
        FROM aged JOIN clear USING (source_key)
    """)


def _prepare(
    file: Staged, found: IncidentFormat, where: places.Places, city: records.City | None
) -> commit.Prepared:
    """Files with what is to be written, and what is known about the load already."""
    accepted, refused = file.folder / "accepted.parquet", file.folder / "refused.parquet"
    file.connection.execute(f"""
        COPY (
            SELECT {literal(found.name)} AS source, source_key, content_hash, case_number, offence_code,
                offence_text, occurred_at, occurred_until, address, lon, lat, block_id, district_id
            FROM judged LEFT JOIN verdict USING (row)
            WHERE judged.reason IS NULL AND verdict.reason IS NULL AND NOT coalesce(duplicate, false)
        ) TO {literal(str(accepted))} (FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE 100000)
    """)
    quarantine.prepare(
        file,
        refused,
        KIND,
        found.name,
        """SELECT row, source_key, coalesce(judged.reason, verdict.reason) AS reason
        FROM judged LEFT JOIN verdict USING (row) WHERE coalesce(judged.reason, verdict.reason) IS NOT NULL""",
    )
    in_file = file.connection.execute("SELECT count(*) FROM verdict WHERE duplicate").fetchall()[0][0]
    lon, lat = where.lon[where.known], where.lat[where.known]
    if found.bounds:
        west, south, east, north = found.bounds
        lon, lat = np.array([(west + east) / 2]), np.array([(south + north) / 2])
    new_city = None
    if city is None and len(lon):
        new_city = {"name": found.city, "timezone": found.timezone, "crs": places.metric_crs(lon, lat)}
    return commit.Prepared(
        kind=KIND,
        format=found.name,
        file_name=file.path.name,
        file_hash=file.hash,
        rows=file.count(),
        duplicates=in_file,
        reasons=quarantine.counts(refused),
        accepted=accepted,
        refused=refused,
        cleared=quarantine.returned(
            file,
            "SELECT row FROM judged LEFT JOIN verdict USING (row) "
            "WHERE coalesce(judged.reason, verdict.reason) IS NULL",
        ),
        city=new_city,
    )


def _same(one: str, other: str) -> bool:
    """Whether two names mean one city: Baltimore, Baltimore city, City of Baltimore."""
    one, other = one.casefold(), other.casefold()
    return one in other or other in one


def _unknown_words(file: Staged) -> list[str]:
    words = file.connection.execute("""
        SELECT offence_text, count(*) FROM judged WHERE reason = 'unknown offence'
        GROUP BY offence_text ORDER BY count(*) DESC, offence_text
    """).fetchall()
    if not words:
        return []
    listed = ", ".join(f"'{word}' ({count:,})" for word, count in words[:5])
    more = f" and {len(words) - 5} more" if len(words) > 5 else ""
    return [f"Unknown offences: {listed}{more}; give each a NIBRS code in a mapping and load the file again."]
