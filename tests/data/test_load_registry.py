"""Registry files: private cameras, with everything personal sealed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from data import ledger, load, schema
from data.errors import LoadError
from tests.data.loading import adds_up, areas, ask

if TYPE_CHECKING:
    from pathlib import Path

    from data.store import Store

HEADER = (
    "id,owner_kind,name,email,phone,address,lat,lon,kind,azimuth,hfov,retention_hours,outdoor,consent_list,"
    "consent_ask,consent_live,terms_version,consent_given_on"
)
ANN = "Ann Example,ann@example.org,555-0100,12 Main St"
PERSONAL = ("Ann Example", "ann@example.org", "555-0100", "12 Main St")


def camera(
    key: object = 1,
    who: str = ANN,
    place: str = "33.58,-85.08",
    tail: str = "doorbell,NE,,72,yes,yes,yes,,2026-1,",
) -> str:
    return f"{key},resident,{who},{place},{tail}"


def registry(folder: Path, *lines: str) -> Path:
    file = folder / "registry.csv"
    file.write_text("\n".join((HEADER, *lines)) + "\n")
    return file


def test_a_camera_comes_with_its_owner_its_site_and_its_consents(store: Store, tmp_path: Path) -> None:
    report = load.cameras(
        registry(tmp_path, camera(1), camera(2, tail="dome,,,,,yes,,,2026-1,2026-01-31")), store
    )
    assert (report.accepted, report.findings) == (2, ())
    assert ask(store, "SELECT count(*) FROM owner") == ask(store, "SELECT count(*) FROM site") == [(1,)]
    assert ask(
        store,
        "SELECT kind, azimuth, direction_from, hfov, retention_hours, outdoor, night_vision FROM camera ORDER BY source_key",
    ) == [
        ("doorbell", 45.0, "stated", None, 72.0, True, None),
        ("dome", None, "unknown", None, None, None, None),
    ]
    assert ask(store, "SELECT purpose, count(*) FROM consent GROUP BY purpose ORDER BY purpose") == [
        ("ask", 1),
        ("list", 2),
    ]
    [(given, expires)] = ask(
        store,
        "SELECT given_at, expires_at FROM consent JOIN camera ON camera.id = camera_id WHERE source_key = '2'",
    )
    assert (given.date().isoformat(), expires.date().isoformat()) == ("2026-01-31", "2027-01-31")


def test_nothing_personal_can_be_read_in_any_table(store: Store, tmp_path: Path) -> None:
    load.cameras(registry(tmp_path, camera(1), camera(2, place=","), f"3,resident,{ANN}"), store)
    with store.read() as connection:
        for table in schema.metadata.sorted_tables:
            for row in connection.execute(sa.select(table)).all():
                kept = " ".join(
                    bytes(value).decode("latin-1") if isinstance(value, bytes | memoryview) else str(value)
                    for value in row
                )
                assert not any(word in kept for word in PERSONAL), table.name


def test_who_has_a_committed_ledger_entry_opens_what_was_sealed(store: Store, tmp_path: Path) -> None:
    load.cameras(registry(tmp_path, camera(1), camera(2, place=",")), store)
    [(owner_id, name)] = ask(store, "SELECT id, name_sealed FROM owner")
    [(row_hash, raw)] = ask(store, "SELECT row_hash, raw_sealed FROM quarantine")
    entry = store.write(
        lambda connection: ledger.append(
            connection, actor="a", role="auditor", act="test", outcome="done", subjects=[owner_id, row_hash]
        )
    )
    assert store.vault.open(bytes(name), "owner.name", owner_id, entry) == "Ann Example"
    assert json.loads(store.vault.open(bytes(raw), "quarantine.raw", row_hash, entry))["phone"] == "555-0100"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (camera(place=","), "no coordinates"),
        (camera(place="0,0"), "zero coordinates"),
        (camera(place="12,50"), "outside the city"),
        (camera(who=",a@example.org,,1 Main St"), "no owner"),
        (camera(who="Ann,a@example.org,,"), "no address"),
        (camera(tail="toaster,,,,,yes,,,2026-1,"), "unknown kind"),
        (camera(tail="dome,,400,,,yes,,,2026-1,"), "impossible value"),
        (camera(tail="dome,,,soon,,yes,,,2026-1,"), "impossible value"),
        (camera(tail="dome,,,,perhaps,yes,,,2026-1,"), "impossible value"),
        (camera(tail="dome,,,,,yes,,,2026-1,2999-01-01"), "impossible value"),
        (camera(tail="dome,,,,,no,,,2026-1,"), "no consent"),
        (camera(tail="dome,,,,,,,,2026-1,"), "no consent"),
        (camera(tail="dome,,,,,yes,,,,"), "no consent"),
        ("1,resident", "malformed line"),
    ],
)
def test_a_row_that_cannot_be_used_is_sealed_in_quarantine(
    duckdb_store: Store, tmp_path: Path, line: str, reason: str
) -> None:
    outline = areas(tmp_path, "city")
    outline.write_text(outline.read_text().replace("-75.", "-85.").replace("39.9", "33.5"))
    load.city(outline, duckdb_store, name="Somewhere", timezone="America/New_York")
    place = "33.56,-85.19"
    line = line.replace("33.58,-85.08", place)
    report = load.cameras(registry(tmp_path, line, camera(9, place=place)), duckdb_store)
    assert adds_up(report)
    assert (report.accepted, report.reasons) == (1, {reason: 1})
    assert reason in load.REASONS
    assert ask(duckdb_store, "SELECT reason, raw FROM quarantine") == [(reason, None)]


def test_the_same_file_twice_changes_nothing(store: Store, tmp_path: Path) -> None:
    file = registry(tmp_path, camera(1), camera(1), camera(2, place=","))
    first, second = load.cameras(file, store), load.cameras(file, store)
    assert (first.accepted, first.duplicates, first.quarantined) == (1, 1, 1)
    assert (second.accepted, second.duplicates, second.quarantined) == (0, 2, 1)
    counts = [
        ask(store, f"SELECT count(*) FROM {table}") for table in ("owner", "site", "camera", "quarantine")
    ]
    assert counts == [[(1,)]] * 4


def test_rows_without_a_number_of_their_own_are_told_apart(store: Store, tmp_path: Path) -> None:
    lines = (camera("", place="33.58,-85.08"), camera("", place="33.58,-85.07"))
    assert load.cameras(registry(tmp_path, *lines), store).accepted == 2
    assert load.cameras(registry(tmp_path, *lines), store).duplicates == 2


def test_a_corrected_row_replaces_its_old_self_and_a_mended_one_clears_the_quarantine(
    store: Store, tmp_path: Path
) -> None:
    load.cameras(registry(tmp_path, camera(1), camera(2, place=",")), store)
    report = load.cameras(registry(tmp_path, camera(1).replace(",NE,", ",SW,"), camera(2)), store)
    assert (report.accepted, report.quarantined) == (2, 0)
    assert ask(store, "SELECT azimuth FROM camera ORDER BY source_key") == [(225.0,), (45.0,)]
    assert ask(store, "SELECT count(*) FROM quarantine") == [(0,)]


def test_an_old_list_brings_no_withdrawn_camera_back(store: Store, tmp_path: Path) -> None:
    load.cameras(registry(tmp_path, camera(1)), store)
    store.write(
        lambda connection: connection.execute(
            sa.text("UPDATE camera SET withdrawn_at = '2026-01-01 00:00:00+00'")
        )
    )
    report = load.cameras(registry(tmp_path, camera(1).replace(",NE,", ",SW,")), store)
    assert (report.accepted, report.duplicates) == (0, 1)
    assert ask(store, "SELECT azimuth FROM camera WHERE withdrawn_at IS NOT NULL") == [(45.0,)]


def test_a_file_without_the_columns_says_which(duckdb_store: Store, tmp_path: Path) -> None:
    file = tmp_path / "registry.csv"
    file.write_text("name,lat,lon\nA,1,2\n")
    with pytest.raises(LoadError, match="no column owner_kind, address, kind, consent_list, terms_version"):
        load.cameras(file, duckdb_store)
