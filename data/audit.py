"""Audits: questions to the store that must have no answer, asked after every load and in the tests.

The engines hold no foreign keys for us (see `data.schema`), so these queries hold the references, and
with them what no type can say: that counts add up, that the ledger has no gap, that an incident has the
block it lies in.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
import sqlalchemy as sa

from data import schema
from data.offences import OFFENCES

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Finding:
    """An audit that failed: its name, what is wrong, and how many rows it found."""

    name: str
    sentence: str
    rows: int


@dataclass(frozen=True)
class Audit:
    """One question: a query that returns the rows that are wrong."""

    name: str
    sentence: str
    query: str


def _orphan(table: str, column: str, parent: str, key: str = "id") -> Audit:
    return Audit(
        f"{table} without {parent}",
        f"A row of {table} refers to a row of {parent} that is not there.",
        f"SELECT 1 FROM {table} AS child WHERE child.{column} IS NOT NULL AND NOT EXISTS "
        f"(SELECT 1 FROM {parent} AS parent WHERE parent.{key} = child.{column})",
    )


_CODES = ", ".join(f"'{code}'" for code in OFFENCES)

AUDITS: tuple[Audit, ...] = (
    _orphan("incident", "block_id", "block"),
    _orphan("incident", "district_id", "district"),
    _orphan("incident", "load_id", "load"),
    _orphan("quarantine", "load_id", "load"),
    _orphan("site", "owner_id", "owner"),
    _orphan("site", "block_id", "block"),
    _orphan("site", "district_id", "district"),
    _orphan("camera", "owner_id", "owner"),
    _orphan("camera", "site_id", "site"),
    _orphan("consent", "camera_id", "camera"),
    _orphan("stream", "camera_id", "camera"),
    _orphan("lookup", "ledger_position", "ledger_entry", "position"),
    _orphan("lookup_camera", "lookup_id", "lookup"),
    _orphan("footage_request", "lookup_id", "lookup"),
    _orphan("evidence_outcome", "footage_request_id", "footage_request"),
    _orphan("ledger_subject", "position", "ledger_entry", "position"),
    Audit(
        "camera of another owner than its site",
        "A camera and the site it stands on have different owners.",
        "SELECT 1 FROM camera JOIN site ON site.id = camera.site_id WHERE site.owner_id <> camera.owner_id",
    ),
    Audit(
        "incident with an unknown offence",
        "An incident has an offence code that NIBRS does not know.",
        f"SELECT 1 FROM incident WHERE offence_code NOT IN ({_CODES})",
    ),
    Audit(
        "incident at an impossible time",
        "An incident lies before 1970 or ends before it begins.",
        "SELECT 1 FROM incident WHERE occurred_at < '1970-01-01 00:00:00+00' OR occurred_until < occurred_at",
    ),
    Audit(
        "place that is none",
        "A longitude or latitude is no place on Earth, or 0, 0.",
        " UNION ALL ".join(
            f"SELECT 1 FROM {table} WHERE NOT (lon BETWEEN -180 AND 180 AND lat BETWEEN -90 AND 90) "
            "OR (abs(lon) < 1e-6 AND abs(lat) < 1e-6)"
            for table in ("incident", "camera", "agency_camera")
        ),
    ),
    Audit(
        "camera that looks nowhere",
        "A camera's direction or field of view is outside its range, or it is said to be unknown and is given.",
        "SELECT 1 FROM camera WHERE azimuth < 0 OR azimuth >= 360 OR hfov <= 0 OR hfov > 360 "
        "OR (direction_from = 'unknown') <> (azimuth IS NULL)",
    ),
    Audit(
        "agency camera of unknown direction",
        "An agency camera's direction is said to be unknown and is given, or the other way round.",
        "SELECT 1 FROM agency_camera WHERE (direction_from = 'unknown') <> (azimuths = '[]')",
    ),
    Audit(
        "quarantine of what was accepted",
        "A row is in quarantine though a later load has brought its key.",
        " UNION ALL ".join(
            f"SELECT 1 FROM quarantine JOIN {table} AS row_ ON row_.source = quarantine.source "
            f"AND row_.source_key = quarantine.source_key WHERE quarantine.load_id < row_.load_id "
            f"AND quarantine.kind = '{kind}'"
            for table, kind in (("incident", "incidents"), ("agency_camera", "agency-cameras"))
        ),
    ),
    Audit(
        "quarantine without the row",
        "A row of the quarantine has lost what it is to keep.",
        "SELECT 1 FROM quarantine WHERE (raw IS NULL) = (raw_sealed IS NULL)",
    ),
    Audit(
        "load that does not add up",
        "A load's rows are not its accepted, duplicate and quarantined rows.",
        "SELECT 1 FROM load WHERE rows <> accepted + duplicates + quarantined",
    ),
    Audit(
        "gap in the ledger",
        "A position of the ledger is missing.",
        "SELECT 1 FROM (SELECT count(*) AS entries, max(position) AS last FROM ledger_entry) AS ledger "
        "WHERE entries <> coalesce(last, -1) + 1",
    ),
    Audit(
        "ledger beyond its checkpoint",
        "The last checkpoint does not cover all of the ledger, or more than there is.",
        "SELECT 1 FROM (SELECT (SELECT count(*) FROM ledger_entry) AS entries, "
        "(SELECT coalesce(max(size), 0) FROM checkpoint) AS covered) AS ledger WHERE entries <> covered",
    ),
    Audit(
        "more than one city",
        "A store is about one city.",
        "SELECT 1 FROM city WHERE id <> 1",
    ),
)


def run(connection: sa.Connection) -> list[Finding]:
    """The audits that fail; an empty list is what is wanted."""
    findings = []
    for audit in AUDITS:
        rows = connection.execute(sa.text(f"SELECT count(*) FROM ({audit.query}) AS wrong")).scalar_one()
        if rows:
            findings.append(Finding(audit.name, audit.sentence, rows))
    for name, sentence, count in COMPUTED:
        if rows := count(connection):
            findings.append(Finding(name, sentence, rows))
    return findings


def _without_area(area: sa.Table, column: str) -> Callable[[sa.Connection], int]:
    """How many places of incidents lie in an area that their incidents do not name."""

    def count(connection: sa.Connection) -> int:
        incident = schema.incident
        shapes = connection.scalars(sa.select(area.c.geometry)).all()
        if not shapes:
            return 0
        rows = connection.execute(
            sa.select(incident.c.lon, incident.c.lat).where(incident.c[column].is_(None)).distinct()
        ).all()
        if not rows:
            return 0
        tree = shapely.STRtree(shapely.from_wkb([bytes(shape) for shape in shapes]))
        places = shapely.points(np.array([tuple(row) for row in rows], float))
        return len(np.unique(tree.query(places, predicate="intersects")[0]))

    return count


def _azimuths(connection: sa.Connection) -> int:
    """How many different lists of azimuths hold one outside 0 to 360."""
    texts = connection.scalars(sa.select(schema.agency_camera.c.azimuths).distinct()).all()
    return sum(any(not 0 <= azimuth < 360 for azimuth in json.loads(text)) for text in texts)


#: What SQL of both engines cannot say: name, what is wrong, and a function that counts it.
COMPUTED: tuple[tuple[str, str, Callable[[sa.Connection], int]], ...] = (
    (
        "incident without its block",
        "An incident names no block though it lies in one.",
        _without_area(schema.block, "block_id"),
    ),
    (
        "incident without its district",
        "An incident names no district though it lies in one.",
        _without_area(schema.district, "district_id"),
    ),
    ("agency camera that looks nowhere", "An azimuth of an agency camera is outside 0 to 360.", _azimuths),
)
