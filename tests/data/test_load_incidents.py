"""Loading incidents: what becomes of each row, on both engines."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from data import audit, load, schema
from data.errors import LoadError
from data.load import quarantine
from tests.data.loading import adds_up, areas, ask, row, written

if TYPE_CHECKING:
    from pathlib import Path

    from data.store import Store


def test_a_row_becomes_an_incident_with_its_time_in_utc(store: Store, tmp_path: Path) -> None:
    report = load.incidents(written(tmp_path, row("202516009364.00000000")), store)
    assert (report.rows, report.accepted, report.findings) == (1, 1, ())
    with store.read() as connection:
        incident = connection.execute(sa.select(schema.incident)).one()
    assert incident.source_key == incident.case_number == "202516009364"
    assert incident.occurred_at.isoformat() == "2025-02-27T01:16:00+00:00"
    assert (incident.offence_code, incident.offence_text) == ("23H", "Thefts")
    assert (incident.lon, incident.lat) == (-75.19272257, 39.96164168)
    assert ask(store, "SELECT name, timezone, crs, synthetic, outline FROM city") == [
        ("Philadelphia", "America/New_York", "EPSG:32618", False, None)
    ]


def test_the_same_file_twice_changes_nothing(store: Store, tmp_path: Path) -> None:
    file = written(tmp_path, row(1), row(2), row(2), row(3, point_x="", point_y=""), row(4, point_x="x"))
    first = load.incidents(file, store)
    before = (
        ask(store, "SELECT * FROM incident ORDER BY source_key"),
        ask(store, "SELECT * FROM quarantine ORDER BY 1"),
    )
    second = load.incidents(file, store)
    assert (first.accepted, first.duplicates, first.quarantined) == (2, 1, 2)
    assert (second.accepted, second.duplicates, second.quarantined) == (0, 3, 2)
    after = (
        ask(store, "SELECT * FROM incident ORDER BY source_key"),
        ask(store, "SELECT * FROM quarantine ORDER BY 1"),
    )
    assert after == before


def test_a_corrected_row_replaces_its_old_self(store: Store, tmp_path: Path) -> None:
    load.incidents(written(tmp_path, row(1), row(2)), store)
    report = load.incidents(written(tmp_path, row(1, text_general_code="Robbery Firearm"), row(2)), store)
    assert (report.accepted, report.duplicates) == (1, 1)
    assert ask(store, "SELECT source_key, offence_code, load_id FROM incident ORDER BY 1") == [
        ("1", "120", 2),
        ("2", "23H", 1),
    ]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"point_x": "", "point_y": ""}, "no coordinates"),
        ({"point_x": "abc"}, "no coordinates"),
        ({"point_x": "nan", "point_y": "nan"}, "no coordinates"),
        ({"point_x": 0, "point_y": 0}, "zero coordinates"),
        ({"point_x": -76.6, "point_y": 39.3}, "outside the city"),
        ({"dispatch_date_time": ""}, "no time"),
        ({"dispatch_date_time": "2025-02-30 01:16:00+00"}, "impossible date"),
        ({"dispatch_date_time": "1969-12-31 23:59:59+00"}, "impossible date"),
        ({"dispatch_date_time": "1800-01-01 00:00:00+00"}, "impossible date"),
        ({"dispatch_date_time": "2120-01-01 00:00:00+00"}, "future date"),
        ({"text_general_code": "Wizardry"}, "unknown offence"),
        ({"text_general_code": ""}, "unknown offence"),
        ({"dc_key": ""}, "no key"),
    ],
)
def test_a_row_that_cannot_be_used_is_kept_with_its_reason(
    duckdb_store: Store, tmp_path: Path, changes: dict[str, object], reason: str
) -> None:
    report = load.incidents(written(tmp_path, row(1), row(2, **changes)), duckdb_store)
    assert report.reasons == {reason: 1}
    assert reason in load.REASONS
    [(kept, raw)] = ask(duckdb_store, "SELECT reason, raw FROM quarantine")
    assert kept == reason
    assert json.loads(raw) == dict(
        zip(
            written(tmp_path).read_text().strip().split(","),
            row(2, **changes).split(","),
            strict=True,
        )
    )


def test_feet_are_read_where_the_degrees_are_missing(duckdb_store: Store, tmp_path: Path) -> None:
    feet = {"point_x": 2695436.23470180, "point_y": 276543.98128465}
    geometry = "0101000020E6100000AE0A167FC2C952C0FBBEA87214084440"
    load.incidents(written(tmp_path, row(1, **feet), row(2, the_geom=geometry, **feet)), duckdb_store)
    (lon, lat), (right_lon, right_lat) = ask(
        duckdb_store, "SELECT lon, lat FROM incident ORDER BY source_key"
    )
    assert (lon, lat) == pytest.approx((right_lon, right_lat), abs=2e-5)
    assert (right_lon, right_lat) == pytest.approx((-75.15249617, 40.06312404), abs=1e-6)


def test_one_key_with_two_contents_is_not_guessed_at(store: Store, tmp_path: Path) -> None:
    report = load.incidents(written(tmp_path, row(1), row(1, text_general_code="Arson"), row(2)), store)
    assert (report.accepted, report.reasons) == (1, {"duplicate key": 2})


def test_where_the_publisher_says_which_row_is_newer_it_counts(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "chicago.csv"
    line = "{},JA1,{},0000X E 8TH ST,0810,THEFT,OVER $500,STREET,06,{},41.871834768,-87.62615082"
    file.write_text(
        "ID,Case Number,Date,Block,IUCR,Primary Type,Description,Location Description,FBI Code,Updated On,"
        "Latitude,Longitude\n"
        + "\n".join(
            (
                line.format(1, "09/06/2023 11:00:00 AM", "09/07/2023 03:40:18 PM"),
                line.format(1, "9/6/2023 12:00", "11/04/2023 03:40:18 PM"),
                line.format(2, "09-06-2023 11:00", "9/7/2023 15:40"),
            )
        )
    )
    report = load.incidents(file, store)
    assert (report.accepted, report.duplicates, report.quarantined) == (2, 1, 0)
    times = [
        time.isoformat() for (time,) in ask(store, "SELECT occurred_at FROM incident ORDER BY source_key")
    ]
    assert times == ["2023-09-06T17:00:00+00:00", "2023-09-06T16:00:00+00:00"]


def test_times_of_a_clock_on_the_wall(duckdb_store: Store, tmp_path: Path) -> None:
    times = {
        "2250": "2018-07-01T02:50:00",
        "24:00:00": "2018-07-01T04:00:00",
        "2400": "2018-07-01T04:00:00",
        "7:05": "2018-06-30T11:05:00",
        "07:05:30 PM": "2018-06-30T23:05:30",
    }
    file = tmp_path / "baltimore.csv"
    header = "CrimeDate,CrimeTime,CrimeCode,Location,Description,Longitude,Latitude,Total Incidents\n"
    body = [f"2018-06-30,{time},4E,{at} ST,COMMON ASSAULT,-76.6,39.3,1" for at, time in enumerate(times)]
    # Summer begins at 02:00 on 11 March 2018 and ends at 02:00 on 4 November.
    body += ["2018-03-11,02:30:00,4E,A ST,COMMON ASSAULT,-76.6,39.3,1"]
    body += ["2018-11-04,01:30:00,4E,B ST,COMMON ASSAULT,-76.6,39.3,1"]
    body += ["2018-06-30,25:10:00,4E,C ST,COMMON ASSAULT,-76.6,39.3,1"]
    file.write_text(header + "\n".join(body))
    report = load.incidents(file, duckdb_store)
    assert report.reasons == {"impossible date": 1}
    found = dict(
        ask(duckdb_store, "SELECT address, strftime(occurred_at, '%Y-%m-%dT%H:%M:%S') FROM incident")
    )
    assert [found[f"{at} ST"] for at in range(len(times))] == list(times.values())
    assert found["A ST"] == "2018-03-11T07:30:00"  # a time the clock skipped: 03:30 summer time
    assert found["B ST"] == "2018-11-04T06:30:00"  # a time that came twice: the second


def test_rows_of_several_victims_are_one_incident(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "baltimore.json"
    victim = {
        "CrimeDate": 1546214400000,
        "CrimeTime": "22:10:00",
        "CrimeCode": "9S",
        "Location": "1200 E PRESTON ST",
        "Description": "SHOOTING",
        "Weapon": "FIREARM",
        "Longitude": -76.601784,
        "Latitude": 39.305098,
        "Total Incidents": 1,
    }
    file.write_text(json.dumps([victim, {**victim, "Weapon": None}, {**victim, "CrimeTime": "22:11:00"}]))
    report = load.incidents(file, store)
    assert (report.accepted, report.duplicates) == (2, 1)
    [(first,), _] = ask(store, "SELECT occurred_at FROM incident ORDER BY occurred_at")
    assert first.isoformat() == "2019-01-01T03:10:00+00:00"  # ten past ten in the evening of 31 December


def test_the_outline_of_the_city_decides_and_a_margin_of_200_m_is_left(store: Store, tmp_path: Path) -> None:
    outline = areas(tmp_path, "city")
    load.city(outline, store, name="Philadelphia", timezone="America/New_York")
    near, far = {"point_y": 39.97 + 0.0017}, {"point_y": 39.97 + 0.0019}  # 189 m and 211 m beyond the edge
    report = load.incidents(written(tmp_path, row(1), row(2, **near), row(3, **far)), store)
    assert (report.accepted, report.reasons) == (2, {"outside the city": 1})


def test_a_file_of_another_city_is_told_in_one_sentence(store: Store, tmp_path: Path) -> None:
    load.city(areas(tmp_path, "city"), store, name="Somewhere", timezone="America/New_York")
    report = load.incidents(written(tmp_path, *(row(key, point_y=40.05) for key in range(3)), row(9)), store)
    assert report.notes[0].startswith("75% of the rows that say where they are lie outside Somewhere")
    assert report.notes[0] in report.sentence()


def test_an_incident_on_the_line_between_two_blocks_gets_the_lower_one(store: Store, tmp_path: Path) -> None:
    load.blocks(areas(tmp_path, "blocks", geoid=["a", "b"]), store)
    load.districts(areas(tmp_path, "districts", dist_num=["7", "8"]), store)
    report = load.incidents(written(tmp_path, row(1), row(2, point_x=-75.185), row(3, point_y=39.98)), store)
    assert report.findings == ()
    assert ask(store, "SELECT source_key, block_id, district_id FROM incident ORDER BY 1") == [
        ("1", 1, 1),
        ("2", 2, 2),
        ("3", None, None),
    ]


def test_blocks_that_come_later_are_given_to_the_incidents_that_are_there(
    store: Store, tmp_path: Path
) -> None:
    load.incidents(written(tmp_path, row(1), row(2, point_x=-75.185), row(3, point_y=39.98)), store)
    load.blocks(areas(tmp_path, "blocks", geoid=["a", "b"]), store)
    assert ask(store, "SELECT block_id FROM incident ORDER BY source_key") == [(1,), (2,), (None,)]


def test_a_mended_row_loads_and_leaves_the_quarantine(store: Store, tmp_path: Path) -> None:
    original = written(
        tmp_path, row(1), row(2, text_general_code="Wizardry"), row("", objectid=5), "only,three,cells"
    )
    assert load.incidents(original, store).quarantined == 3
    exported = tmp_path / "mend.csv"
    with store.read() as connection:
        assert quarantine.export(connection, exported) == 3
    with exported.open(newline="") as file:
        rows = list(csv.DictReader(file))
    by_reason = {one["quarantine_reason"]: one for one in rows}
    assert by_reason["malformed line"]["quarantine_line"] == "only,three,cells"
    by_reason["unknown offence"]["text_general_code"] = "Arson"
    by_reason["no key"]["dc_key"] = "77"
    with exported.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    report = load.incidents(exported, store)
    assert (report.accepted, report.quarantined) == (2, 1)
    assert ask(store, "SELECT reason FROM quarantine") == [("malformed line",)]
    assert ask(store, "SELECT source_key, offence_code FROM incident ORDER BY 1") == [
        ("1", "23H"),
        ("2", "200"),
        ("77", "23H"),
    ]
    again = load.incidents(original, store)
    assert (again.accepted, again.findings) == (0, ())


def test_the_export_opens_safely_in_a_spreadsheet_and_comes_back_as_it_was(
    store: Store, tmp_path: Path
) -> None:
    words = ["=1+1", "+1 2", "-x", "@SUM(A1)", "'=quoted", "-75.5"]
    load.incidents(
        written(tmp_path, *(row(at, location_block=word, point_x="") for at, word in enumerate(words))), store
    )
    exported = tmp_path / "mend.csv"
    with store.read() as connection:
        quarantine.export(connection, exported)
    with exported.open(newline="") as file:
        cells = {one["dc_key"]: one["location_block"] for one in csv.DictReader(file)}
    assert [cells[str(at)] for at in range(6)] == ["'=1+1", "'+1 2", "'-x", "'@SUM(A1)", "''=quoted", "-75.5"]
    exported.write_text(exported.read_text().replace(",,39.96164168", ",-75.19272257,39.96164168"))
    assert load.incidents(exported, store).accepted == 6
    assert [word for (word,) in ask(store, "SELECT address FROM incident ORDER BY source_key")] == words
    assert ask(store, "SELECT count(*) FROM quarantine") == [(0,)]


def test_every_load_is_in_the_ledger_and_in_the_list_of_loads(store: Store, tmp_path: Path) -> None:
    report = load.incidents(
        written(tmp_path, row(1), row(2, point_x="")), store, actor="staff-1", role="administrator"
    )
    [(kind, source, rows, reasons)] = ask(store, "SELECT kind, format, rows, reasons FROM load")
    assert (kind, source, rows, json.loads(reasons)) == ("incidents", "philadelphia", 2, dict(report.reasons))
    [(leaf,)] = ask(store, "SELECT leaf FROM ledger_entry")
    entry = json.loads(bytes(leaf))
    assert (entry["act"], entry["actor"], entry["role"]) == ("data.load", "staff-1", "administrator")
    assert entry["counts"] == {"rows": 2, "accepted": 1, "duplicates": 0, "quarantined": 1}


def test_nothing_of_a_load_is_written_when_its_last_step_fails(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("no ledger")

    monkeypatch.setattr("data.load.commit.ledger.append", broken)
    with pytest.raises(RuntimeError, match="no ledger"):
        load.incidents(written(tmp_path, row(1), row(2, point_x="")), store)
    for table in ("incident", "quarantine", "load", "city"):
        assert ask(store, f"SELECT count(*) FROM {table}") == [(0,)]


def test_an_unknown_word_is_named_in_the_report(duckdb_store: Store, tmp_path: Path) -> None:
    report = load.incidents(written(tmp_path, row(1, text_general_code="Wizardry")), duckdb_store)
    assert "'Wizardry' (1)" in report.sentence()


def test_a_file_that_is_no_crime_export_is_answered_with_its_columns(
    duckdb_store: Store, tmp_path: Path
) -> None:
    file = tmp_path / "other.csv"
    file.write_text(
        "Report No,Occurred On,Offense,Longitude,Latitude\n1,02/03/2025 14:00,LARCENY,-85.07,33.58\n"
    )
    with pytest.raises(LoadError, match=r"Report No, Occurred On, Offense[\s\S]*mapping.toml"):
        load.incidents(file, duckdb_store)


def test_the_audits_find_nothing_after_loads(store: Store, tmp_path: Path) -> None:
    load.incidents(written(tmp_path, row(1), row(1, point_x=""), row(2, point_x="")), store)
    report = load.incidents(written(tmp_path, row(1, text_general_code="Arson"), row(1, point_x="")), store)
    assert adds_up(report)
    with store.read() as connection:
        assert audit.run(connection) == []
