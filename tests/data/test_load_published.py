"""The published files, as their publishers export them."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from data import load
from data.load import formats
from data.load.formats import agency
from data.offences import OFFENCES
from tests.data.loading import adds_up, ask
from tests.shared_data import shared

if TYPE_CHECKING:
    from data.store import Store

INCIDENTS = {
    "philadelphia/incidents_2025_02.csv": (10_495, {"no coordinates": 15, "zero coordinates": 1}),
    "philadelphia/monthly/incidents_2026_02.csv.gz": (0, {}),
    "baltimore/baltimore_2018_property_shooting_homicide.csv": (7_309, {"no time": 4, "outside the city": 1}),
    "baltimore/CR_Property.json": (6_322, {"outside the city": 1}),
    "baltimore/Baltimore_2019_Crime_Only.csv": (22_281, {"no coordinates": 22_281}),
    "atlanta/COBRA-2021.csv": (21_397, {"no time": 12, "impossible date": 1, "duplicate key": 7}),
    "chicago/incidents/crimes_100_spreadsheet_dates.csv": (100, {"no coordinates": 4}),
    "chicago/incidents/crimes_2001_2024.csv": (9_746, {"no coordinates": 252, "malformed line": 1}),
    "chicago/incidents/crimes_2024_utf8_bom.csv": (10_000, {"no coordinates": 270}),
    "chicago/incidents/crimes_renamed_columns.csv": (10_084, {"no coordinates": 607}),
    "memphis/memphis_robberies.parquet": (2_245, {}),
}


@pytest.mark.parametrize("name", INCIDENTS)
def test_every_row_of_a_crime_export_is_accounted_for(duckdb_store: Store, name: str) -> None:
    report = load.incidents(shared(name), duckdb_store)
    assert adds_up(report)
    assert (report.rows, report.reasons, report.findings) == (*INCIDENTS[name], ())
    assert ask(duckdb_store, "SELECT count(*) FROM incident") == [(report.accepted,)]


def test_one_publisher_in_two_notations_is_one_set_of_incidents(duckdb_store: Store) -> None:
    for name in ("Balt_Homicide", "Balt_Shooting", "CR_Property"):
        load.incidents(shared(f"baltimore/{name}.json"), duckdb_store)
    report = load.incidents(shared("baltimore/baltimore_2018_property_shooting_homicide.csv"), duckdb_store)
    assert report.accepted == 0


def test_a_quoted_address_of_three_lines_becomes_one(duckdb_store: Store) -> None:
    load.incidents(shared("atlanta/COBRA-2021.csv"), duckdb_store)
    assert ask(
        duckdb_store,
        "SELECT address, strftime(occurred_at, '%H:%M'), strftime(occurred_until, '%H:%M'), offence_code "
        "FROM incident WHERE source_key = '021140096/23F'",
    ) == [("1720 MARIETTA BLVD NW, ATLANTA, GA 30318, UNITED STATES", "19:20", "19:25", "23F")]


AGENCY = {
    "baltimore/CCTV_Locations.csv": (614, 614, {("city", "unknown"): 614}),
    "baltimore/Baltimore_CCTV_Locations.csv": (603, 601, {("city", "unknown"): 601}),
    "chicago/Red_Light_Camera_Locations.csv": (149, 149, {("city", "assumed"): 149}),
    "chicago/Speed_Camera_Locations.csv": (160, 160, {("city", "assumed"): 160}),
    "plate_readers/carroll_county_ga_alpr.csv": (38, 38, {("alpr", "stated"): 36, ("alpr", "unknown"): 2}),
    "plate_readers/carroll_county_ga_alpr.geojson": (
        38,
        38,
        {("alpr", "stated"): 36, ("alpr", "unknown"): 2},
    ),
    "plate_readers/cameras_us.parquet": (
        61_768,
        61_768,
        {("alpr", "stated"): 59_918, ("alpr", "assumed"): 116, ("alpr", "unknown"): 1_734},
    ),
}


@pytest.mark.parametrize("name", AGENCY)
def test_every_row_of_a_list_of_agency_cameras_is_accounted_for(duckdb_store: Store, name: str) -> None:
    report = load.agency_cameras(shared(name), duckdb_store)
    rows, accepted, directions = AGENCY[name]
    assert adds_up(report)
    assert (report.rows, report.accepted, report.findings) == (rows, accepted, ())
    found = ask(duckdb_store, "SELECT kind, direction_from, count(*) FROM agency_camera GROUP BY ALL")
    assert {(kind, origin): count for kind, origin, count in found} == directions


LAYERS = {
    ("blocks", "baltimore/baltimore_block_groups.parquet"): 618,
    ("blocks", "carroll_ga/carroll_county_ga_blkgrp_2000.parquet"): None,
    ("blocks", "philadelphia/census_tracts_pop.geojson"): 408,
    ("districts", "baltimore/police_districts_2023.parquet"): 9,
    ("districts", "philadelphia/police_districts.geojson"): 21,
    ("districts", "chicago/chicago_districts.geojson"): None,
    ("streets", "philadelphia/corridors.geojson"): 1_624,
    ("streets", "helsinki/test.osm.pbf"): None,
    ("buildings", "helsinki/Helsinki.osm.pbf"): None,
}


@pytest.mark.parametrize(("kind", "name"), LAYERS)
def test_a_published_map_layer_loads(duckdb_store: Store, kind: str, name: str) -> None:
    report = getattr(load, kind)(shared(name), duckdb_store)
    assert adds_up(report)
    assert report.findings == ()
    assert report.rows == (LAYERS[kind, name] or report.rows)
    # A few of OpenStreetMap's buildings are drawn so that no area is left of them.
    assert report.accepted > 0.95 * report.rows


def test_the_streets_of_baltimore_have_their_house_numbers_on_their_sides(duckdb_store: Store) -> None:
    load.streets(shared("baltimore/streets.parquet"), duckdb_store)
    assert ask(
        duckdb_store,
        "SELECT name, kind, left_from, left_to, right_from, right_to FROM street WHERE id = 1",
    ) == [("TODD AVE", "Local Street", 4900, 4998, 4901, 4999)]


def test_every_code_a_format_gives_is_one_of_nibrs() -> None:
    for known in formats.FORMATS:
        assert known.offences or known.nibrs
        assert {*known.offences.values(), *known.refinements.values()} <= set(OFFENCES)


def test_each_format_is_recognised_by_its_own_columns() -> None:
    for known in formats.FORMATS:
        assert formats.recognised(known.recognised_by) is known
    for known in agency.FORMATS:
        assert agency.recognised(known.recognised_by) is known


def test_a_file_whose_name_says_nothing_is_recognised_by_what_is_in_it(
    duckdb_store: Store, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("download") / "download"
    shutil.copy(shared("chicago/incidents/crimes_100_spreadsheet_dates.csv"), file)
    assert load.incidents(file, duckdb_store).format == "chicago"
