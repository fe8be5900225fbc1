"""The small town as a grid: what is public, what is lit, and which block, district and street each part is."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
import sqlalchemy as sa

from data import schema
from data.errors import PorchlightError
from tests import small_town
from tests.people import set_policy
from tests.workflow import questions
from tests.workflow.questions import PUBLIC_SAMPLES
from workflow import crimes
from workflow.ground import MARGIN_M, STREET_STEP_M, ground


@pytest.fixture
def town(store):
    return questions.build(store)


@pytest.fixture
def duckdb_town(duckdb_store):
    return questions.build(duckdb_store)


def run(store, *statements: sa.Executable) -> None:
    store.write(lambda connection: [connection.execute(statement) for statement in statements])


def test_public_ground_is_the_city_without_its_buildings(town):
    here = ground(town)
    assert here.samples == PUBLIC_SAMPLES
    # 313,600 m2 less 32 houses of 14 by 12 m, as far as samples of 6.25 m2 can tell.
    assert here.samples * here.sample_m2 == pytest.approx(560**2 - 32 * 14 * 12, rel=0.01)
    west, south, east, north = here.grid.bounds
    assert (east - west, north - south) == pytest.approx((560 + 2 * MARGIN_M,) * 2, abs=here.grid.cell)


def test_it_is_worked_out_once_for_each_map_and_policy(duckdb_town):
    here = ground(duckdb_town)
    assert ground(duckdb_town) is here
    set_policy(duckdb_town, coverage_cell_m=5)
    finer = ground(duckdb_town)
    assert finer.grid.cell == 5
    assert finer.samples * finer.sample_m2 == pytest.approx(560**2 - 32 * 14 * 12, rel=0.001)


def test_blocks_hold_what_lies_within_their_streets(duckdb_town):
    here = ground(duckdb_town)
    assert here.blocks.ground.tolist() == [12 * 12 * 16 - 2 * 20] * 16
    assert here.districts.ground.tolist() == [PUBLIC_SAMPLES]
    assert (np.bincount(here.blocks.of_cell[here.blocks.of_cell >= 0]) == 12 * 12).all()


def test_what_is_counted_in_cells_adds_up_over_areas(duckdb_town):
    here = ground(duckdb_town)
    cells = np.arange(len(here.grid), dtype=np.int32)
    counts = np.bitwise_count(here.public)
    assert here.blocks.total(cells, counts).tolist() == here.blocks.ground.tolist()
    inside = np.flatnonzero(here.blocks.of_cell == 3)[:2].astype(np.int32)
    assert here.blocks.total(inside, np.array([3, 4], np.uint8)).tolist() == [0, 0, 0, 7] + [0] * 12


def test_blocks_of_one_name_are_told_apart_by_their_nearest_street(duckdb_town):
    run(duckdb_town, sa.update(schema.block).where(schema.block.c.id.in_([1, 16])).values(name="Block 1"))
    names = ground(duckdb_town).blocks.frame["name"]
    assert names.iloc[0].startswith("Block 1, ")
    assert names.iloc[0] != names.iloc[15]
    assert names.iloc[10] == "300 block of Maple St", "a name that is its own stays"


def test_streets_are_named_with_their_house_numbers(duckdb_town):
    run(
        duckdb_town,
        sa.update(schema.street)
        .where(schema.street.c.id == 1)
        .values(left_from=None, left_to=None, right_from=0, right_to=None),
        sa.update(schema.street).where(schema.street.c.id == 2).values(name=None),
    )
    names = ground(duckdb_town).streets.frame["name"]
    assert names.iloc[0] == "Alabama St", "without numbers"
    assert names.isna().tolist() == [False, True] + [False] * 38, "and one without a name"
    assert "Maple St, 300 to 399" in set(names)


def test_streets_are_looked_at_in_pieces_that_add_up_to_them(duckdb_town):
    streets = ground(duckdb_town).streets
    assert len(streets) == 40
    assert streets.metres.max() <= STREET_STEP_M + 1e-9
    of_street = np.bincount(streets.of_piece, weights=streets.metres)
    assert of_street == pytest.approx(np.full(40, 120.0), abs=1e-6)
    everything = np.full(len(ground(duckdb_town).grid), 0xFFFF, dtype=np.uint16)
    assert streets.seen_metres(everything) == pytest.approx(of_street)
    assert not streets.seen_metres(np.zeros_like(everything)).any()


def test_a_street_that_leaves_the_map_is_in_view_only_as_far_as_the_map_goes(duckdb_town):
    ends = [small_town.lon_lat(0, 0), small_town.lon_lat(1000, 0)]
    run(
        duckdb_town,
        sa.update(schema.street)
        .where(schema.street.c.id == 1)
        .values(geometry=shapely.to_wkb(shapely.LineString(ends))),
    )
    here = ground(duckdb_town)
    everything = np.full(len(here.grid), 0xFFFF, dtype=np.uint16)
    assert here.streets.seen_metres(everything)[0] == pytest.approx(280 + MARGIN_M, abs=2 * here.grid.cell)


def test_only_where_somebody_said_which_streets_are_lit_is_there_light(duckdb_town):
    assert ground(duckdb_town).lit is None


@pytest.mark.parametrize("reach_m", [15, 25])
def test_lamps_light_a_strip_along_their_street(duckdb_town, reach_m):
    set_policy(duckdb_town, street_lamp_reach_m=reach_m)
    street = schema.street
    run(
        duckdb_town,
        sa.update(street).values(lit=False),
        sa.update(street).where(street.c.name == "Maple St", street.c.left_from == 301).values(lit=True),
    )
    here = ground(duckdb_town)
    strip = 2 * reach_m * 120
    assert here.lit is not None
    assert np.bitwise_count(here.lit).sum() * here.sample_m2 == pytest.approx(
        strip + 3 * reach_m**2, rel=0.05
    )


def test_streets_that_are_all_dark_are_known_to_be_dark(duckdb_town):
    run(duckdb_town, sa.update(schema.street).values(lit=False))
    lit = ground(duckdb_town).lit
    assert lit is not None
    assert not lit.any()


def test_a_town_without_an_outline_is_as_large_as_its_blocks(duckdb_town):
    run(duckdb_town, sa.update(schema.city).values(outline=None))
    assert ground(duckdb_town).samples == 16 * (12 * 12 * 16 - 2 * 20)


def test_a_town_without_blocks_and_districts_has_none(duckdb_town):
    run(duckdb_town, sa.delete(schema.block), sa.delete(schema.district), sa.delete(schema.street))
    here = ground(duckdb_town)
    assert (len(here.blocks), len(here.districts), len(here.streets)) == (0, 0, 0)
    assert here.samples == PUBLIC_SAMPLES


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("coverage_cell_m", 0),
        ("coverage_cell_m", "wide"),
        ("street_lamp_reach_m", -1),
        ("location_error_m", None),
    ],
)
def test_a_length_that_makes_no_sense_is_a_sentence(duckdb_town, setting, value):
    set_policy(duckdb_town, **{setting: value})
    with pytest.raises(PorchlightError, match=f"setting {setting} is .*: set it to a number of metres from"):
        crimes.crimes(duckdb_town)
