"""The audits find what they are for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from data import audit, schema

if TYPE_CHECKING:
    import sqlalchemy as sa

    from data.store import Store

OWNER = "INSERT INTO owner (id, kind, name_sealed, registered_at) VALUES ('o', 'resident', 'x', '2026-01-01')"
SITE = "INSERT INTO site (id, owner_id, address_sealed) VALUES ('s', 'o', 'x')"
CAMERA = (
    "INSERT INTO camera (id, source, owner_id, site_id, kind, lon, lat, azimuth, direction_from, registered_at) "
    "VALUES ('c', 'form', '{owner}', '{site}', 'dome', -85, 33, {azimuth}, '{origin}', '2026-01-01')"
)
AGENCY = (
    "INSERT INTO agency_camera (source, source_key, content_hash, load_id, kind, lon, lat, azimuths, direction_from) "
    "VALUES ('a', '1', 1, 1, 'city', {lon}, 33, '{azimuths}', '{origin}')"
)
LOAD = (
    "INSERT INTO load VALUES (1, 'incidents', 'f', 'h', 'x', '2026-01-01', {rows}, 1, 1, 1, '{{}}', 1.0), "
    "(2, 'incidents', 'f', 'h', 'x', '2026-01-01', 3, 1, 1, 1, '{{}}', 1.0)"
)
INCIDENT = (
    "INSERT INTO incident (source, source_key, content_hash, load_id, offence_code, offence_text, occurred_at, lon, "
    "lat, block_id) VALUES ('a', '1', 1, 2, '{code}', 'x', '{at}', 0.5, 0.5, {block})"
)
QUARANTINE = (
    "INSERT INTO quarantine (row_hash, load_id, kind, source, source_key, reason, raw) "
    "VALUES ('r', {load}, 'incidents', 'a', '1', 'no time', {raw})"
)
LEDGER = "INSERT INTO ledger_entry (position, leaf, leaf_hash) VALUES ({position}, 'x', 'x')"
GOOD = {"code": "23H", "at": "2026-01-01 00:00:00+00", "block": "NULL"}

WRONG: dict[str, list[str]] = {
    "camera without owner": [SITE, CAMERA.format(owner="x", site="s", azimuth=1, origin="stated")],
    "camera without site": [OWNER, CAMERA.format(owner="o", site="x", azimuth=1, origin="stated")],
    "site without owner": [SITE],
    "consent without camera": [
        (
            "INSERT INTO consent (camera_id, purpose, terms_version, given_at, expires_at) "
            "VALUES ('x', 'list', '1', '2026-01-01', '2027-01-01')"
        )
    ],
    "camera that looks nowhere": [
        OWNER,
        SITE,
        CAMERA.format(owner="o", site="s", azimuth=360, origin="stated"),
    ],
    "agency camera of unknown direction": [AGENCY.format(lon=-85, azimuths="[]", origin="stated")],
    "agency camera that looks nowhere": [AGENCY.format(lon=-85, azimuths="[10.0, 400.0]", origin="stated")],
    "place that is none": [AGENCY.format(lon=-185, azimuths="[]", origin="unknown")],
    "load that does not add up": [LOAD.format(rows=4)],
    "incident with an unknown offence": [LOAD.format(rows=3), INCIDENT.format(**{**GOOD, "code": "99Q"})],
    "incident at an impossible time": [
        LOAD.format(rows=3),
        INCIDENT.format(**{**GOOD, "at": "1969-01-01 00:00:00+00"}),
    ],
    "incident without load": [INCIDENT.format(**GOOD)],
    "incident without block": [LOAD.format(rows=3), INCIDENT.format(**{**GOOD, "block": 7})],
    "quarantine of what was accepted": [
        LOAD.format(rows=3),
        INCIDENT.format(**GOOD),
        QUARANTINE.format(load=1, raw="'{}'"),
    ],
    "quarantine without the row": [LOAD.format(rows=3), QUARANTINE.format(load=1, raw="NULL")],
    "gap in the ledger": [LEDGER.format(position=1)],
    "ledger beyond its checkpoint": [LEDGER.format(position=0)],
    "more than one city": [
        "INSERT INTO city (id, name, timezone, crs, synthetic) VALUES (2, 'x', 'UTC', 'EPSG:32616', false)"
    ],
}


@pytest.mark.parametrize("name", WRONG)
def test_an_audit_finds_what_it_is_for(duckdb_store: Store, name: str) -> None:
    def spoil(connection: sa.Connection) -> None:
        for statement in WRONG[name]:
            connection.exec_driver_sql(statement)

    duckdb_store.write(spoil)
    with duckdb_store.read() as connection:
        findings = audit.run(connection)
    assert name in [finding.name for finding in findings]
    assert all(finding.rows > 0 and finding.sentence for finding in findings)


def test_an_incident_that_does_not_name_its_block_is_found(store: Store) -> None:
    import shapely

    def spoil(connection: sa.Connection) -> None:
        square = shapely.to_wkb(shapely.box(0, 0, 1, 1))
        connection.execute(schema.block.insert().values(id=1, code="a", name="a", geometry=square))
        connection.exec_driver_sql(LOAD.format(rows=3))
        connection.exec_driver_sql(INCIDENT.format(**GOOD))

    store.write(spoil)
    with store.read() as connection:
        assert [finding.name for finding in audit.run(connection)] == ["incident without its block"]


def test_an_empty_store_passes_every_audit_on_both_engines(store: Store) -> None:
    with store.read() as connection:
        assert audit.run(connection) == []
