"""What the map of Coverage shows: a code for each cell, and nothing of private cameras."""

from __future__ import annotations

import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from analytics import coverage
from data import schema
from tests import small_town
from tests.incidents import record
from tests.people import install, register_camera
from tests.workflow import questions
from tests.workflow.questions import NIGHT, NOON, SEEN, UNSEEN, ask, corner_camera
from workflow import coverage_files, coverage_map
from workflow.coverage_map import CRIME_CELL_M, LEAST_SHOWN, STEPS_SHOWN, steps
from workflow.gap_tables import gap_table


@pytest.fixture
def town(duckdb_store):
    return questions.build(duckdb_store)


def code_at(found, codes, east: float, north: float, grid=None) -> int:
    """The code of the cell that holds a place, in metres from the middle of the town."""
    lon, lat = small_town.lon_lat(east, north)
    x, y = small_town._to_metres.transform(lon, lat)
    return int(codes[(grid or found.ground.grid).index_of([[x, y]])[0]])


def test_a_cell_has_the_finest_level_that_half_of_it_is_seen_at(town):
    corner_camera(town)
    found = ask(town)
    codes = coverage_map.level_codes(found.ground, found.seen["day"])
    # Of the 16 samples of the first cell 3 are within 5.12 m (identify) and 11 within 10.24 m (recognise).
    assert code_at(found, codes, 5, 5) == 3
    assert code_at(found, codes, 15, 5) == 2, "observe"
    assert code_at(found, codes, 15, 15) == 1, "6 of 16 within 20.48 m are less than half"
    assert code_at(found, codes, 45, 5) == 1, "detect"
    assert code_at(found, codes, 55, 5) == 0
    assert code_at(found, codes, -5, 5) == 0


def test_ground_that_is_not_public_is_not_painted(town):
    register_camera(town, 270, 0, azimuth=90)
    found = ask(town)
    codes = coverage_map.level_codes(found.ground, found.seen["day"])
    assert code_at(found, codes, 275, 0.5) > 0
    assert code_at(found, codes, 295, 0.5) == 0, "outside the city"


def test_what_came_into_view_and_what_went_out_of_it(town):
    corner_camera(town, azimuth=45)
    gone = corner_camera(town, azimuth=225)
    before = ask(town)
    town.write(
        lambda connection: connection.execute(
            sa.update(schema.camera).where(schema.camera.c.id == gone).values(azimuth=135.0)
        )
    )
    after = ask(town)
    codes = coverage_map.change_codes(before, after)
    assert [code_at(after, codes, *place) for place in ((5, 5), (5, -5), (-5, -5), (-5, 5))] == [1, 2, 3, 0]
    assert not (coverage_map.change_codes(after, after) > 1).any()


def test_blocks_are_painted_by_the_low_end_of_their_gap(town):
    record(town, *[(*UNSEEN, NOON)] * 110, (200, 200, NOON))
    found = ask(town)
    codes, edges = coverage_map.block_codes(found, gap_table(found, "block"))
    # 110 incidents are 90 at the low end, and a single one may have been none.
    assert edges == [1.0, 2.0, 10.0, 50.0]
    assert code_at(found, codes, -60, 60) == 4
    assert code_at(found, codes, 180, 180) == 0
    assert code_at(found, codes, 60, 60) == 0
    assert code_at(found, codes, 270, 270) == 0, "in no block"


def test_incidents_are_counted_in_larger_squares(town):
    record(town, *[(5, 5, NOON)] * 10, (35, 5, NIGHT), (5000, 0, NOON))
    found = ask(town)
    grid, codes, edges = coverage_map.crime_codes(found)
    assert grid.cell == CRIME_CELL_M
    # The squares begin 380 m west of the middle: one reaches from 80 m west to 20 m east of it.
    assert edges == [1.0, 2.0, 5.0]
    assert code_at(found, codes, 5, 5, grid) == 3
    assert code_at(found, codes, 35, 5, grid) == 1, "one shows, too"
    assert (codes > 0).sum() == 2


@given(st.lists(st.floats(0, 1e9), max_size=30))
def test_steps_are_few_ascending_and_reached(amounts):
    edges = steps(np.array(amounts))
    assert len(edges) <= STEPS_SHOWN
    assert edges == sorted(set(edges))
    if amounts and max(amounts) >= LEAST_SHOWN:
        assert edges[0] > 0
        assert edges[-1] <= max(amounts), "the last colour is used"
    else:
        assert edges == []


def test_the_chance_of_footage_is_painted_where_a_camera_looks(town):
    corner_camera(town)
    corner_camera(town, azimuth=None)
    found = ask(town)
    chances = coverage_files.chances(found, store=town)
    counting = found.sight.counting(found.at, found.question.layers)
    assert ((chances > 0) == counting).all()
    assert (chances < 1).all()
    codes = coverage_map.chance_codes(found, chances)
    assert code_at(found, codes, 5, 5) >= 1
    assert code_at(found, codes, -5, 5) == 0
    # A second camera on the same ground makes footage likelier.
    twice = coverage_map.chance_codes(found, np.full(len(chances), 0.7))
    once = coverage_map.chance_codes(found, np.where(counting, 0.7, 0))
    assert code_at(found, once, 5, 5) == 1 + 3
    assert code_at(found, twice, 5, 5) == 1 + 4


def test_a_picture_lies_north_up_where_the_city_is(town):
    corner_camera(town)
    found = ask(town)
    codes = coverage_map.level_codes(found.ground, found.seen["day"])
    pixels, (west, south, east, north) = coverage_map.laid_out(found.ground.grid, codes, found.ground.crs)
    assert (west, south) < small_town.CENTRE < (east, north)
    rows, columns = np.nonzero(pixels)
    lon = west + (columns + 0.5) / pixels.shape[1] * (east - west)
    lat = north - (rows + 0.5) / pixels.shape[0] * (north - south)
    away = np.array([small_town.metres(*place) for place in zip(lon, lat, strict=True)])
    assert (away > -10).all(), "north-east of the corner"
    assert (np.hypot(*away.T) < 70).all()
    assert (west, south, east, north) == coverage.picture_bounds(found.ground.grid, found.ground.crs)


def test_only_the_citys_own_cameras_are_shown(town):
    private = corner_camera(town)
    install(town, "city", "[45, 135]", 30, 0, name="Square")
    install(town, "alpr", "[]", 60, 0, name="Reader")
    shown = coverage_map.devices(ask(town))
    assert sorted(shown[["layer", "name"]].to_numpy().tolist()) == [["alpr", "Reader"], ["city", "Square"]]
    assert shown.columns.tolist() == ["lon", "lat", "layer", "name"]
    assert private not in shown.to_csv()
    assert coverage_map.devices(ask(town, layers=frozenset({"community"}))).empty
    assert coverage_map.devices(ask(town, layers=frozenset({"alpr"})))["name"].tolist() == ["Reader"]


@pytest.mark.parametrize(("of", "count"), [("district", 1), ("block", 16), ("street", 40)])
def test_outlines_lie_where_the_map_has_them(town, of, count):
    found = ask(town)
    drawn = coverage_map.outlines(found, of)
    assert len(drawn) == count
    assert drawn.crs == "EPSG:4326"
    edge = 280 if of == "district" else 240
    x, y = small_town._to_metres.transform(*small_town.CENTRE)
    west, south, east, north = drawn.to_crs(small_town.CRS).total_bounds - [x, y, x, y]
    assert (west, south, east, north) == pytest.approx((-edge, -edge, edge, edge), abs=0.1)
    some = coverage_map.outlines(found, of, drawn["id"].iloc[:1].tolist())
    assert some["id"].tolist() == drawn["id"].iloc[:1].tolist()
    assert coverage_map.outlines(found, of, []).empty


def test_one_incident_is_painted_too(town):
    record(town, (*UNSEEN, NOON))
    found = ask(town)
    grid, codes, edges = coverage_map.crime_codes(found)
    assert edges == [1.0]
    assert code_at(found, codes, *UNSEEN, grid) == 1


def test_a_city_without_incidents_has_an_empty_picture_of_them(town):
    found = ask(town)
    _, codes, edges = coverage_map.crime_codes(found)
    assert edges == []
    assert not codes.any()
    codes, edges = coverage_map.block_codes(found, gap_table(found, "block"))
    assert edges == []
    assert not codes.any()


def test_seen_by_night_alone_is_painted_by_night(town):
    corner_camera(town, night_vision=False)
    record(town, (*SEEN, NIGHT))
    found = ask(town, light="dark")
    assert not coverage_map.level_codes(found.ground, found.seen[found.main_light]).any()
