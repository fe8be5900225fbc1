"""Where harm happens that no camera sees, in the small town: it adds up, and says how sure it is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa

from data import schema
from tests.incidents import record
from tests.people import install, register_camera, set_policy
from tests.small_town import _box
from tests.workflow import questions
from tests.workflow.questions import NIGHT, NOON, SEEN, UNSEEN, ask, corner_camera, within
from workflow import gap_tables
from workflow.gap_tables import PLACES, gap_table, told_apart


@pytest.fixture
def town(store):
    return questions.build(store)


@pytest.fixture
def duckdb_town(duckdb_store):
    return questions.build(duckdb_store)


@pytest.fixture
def busy_town(duckdb_town):
    """Two hundred incidents of two kinds, by day and night, and some cameras."""
    rng = np.random.default_rng(3)
    for code, at in (("23F", NOON), ("290", NIGHT)):
        places = rng.uniform(-235, 235, (100, 2)).tolist()
        record(duckdb_town, *((east, north, at) for east, north in places), offence_code=code)
    for east, north in rng.uniform(-200, 200, (10, 2)):
        register_camera(duckdb_town, east, north, azimuth=rng.uniform(0, 360))
    install(duckdb_town, "city", "[45, 225]")
    return duckdb_town


def test_the_place_with_the_most_unseen_harm_comes_first(town):
    corner_camera(town)
    record(town, *[(*SEEN, NOON)] * 5, *[(*UNSEEN, NOON)] * 2, (200, 200, NOON))
    table = gap_table(ask(town), "block")
    assert len(table) == 16
    assert table["name"].tolist()[:2] == ["200 block of Maple St", "400 block of College St"]
    assert table["gap"].tolist() == pytest.approx([2, 1] + [0] * 14)
    assert table["incidents"].tolist()[:2] == [2, 1]
    seen = table.loc[11]
    assert (seen["name"], seen["incidents"], seen["in_view"]) == ("300 block of Maple St", 5, 5)
    assert table["low"].iloc[0] < 2 < table["high"].iloc[0]


def test_incidents_in_part_in_view_are_unseen_in_part(duckdb_town):
    corner_camera(duckdb_town)
    record(duckdb_town, *[(*questions.PARTLY, NOON)] * 2)
    row = gap_table(ask(duckdb_town), "block").loc[11]
    assert (row["in_view"], row["unseen_harm"]) == pytest.approx((2 * 6 / 16, 2 * 10 / 16))


def test_the_ground_in_view_of_a_block_is_a_share_of_its_public_ground(duckdb_town):
    corner_camera(duckdb_town)
    table = gap_table(ask(duckdb_town, level="detect"), "block")
    assert table.loc[11, "in_sight"] == len(within(51.2)) / (12 * 12 * 16 - 2 * 20)
    assert table["in_sight"].drop(11).eq(0).all()


@pytest.mark.parametrize("of", PLACES)
@pytest.mark.parametrize("harm_table", ["count", "georgia"])
def test_the_places_add_up_to_the_city(busy_town, of, harm_table):
    set_policy(busy_town, harm_table=harm_table)
    found = ask(busy_town, level="detect")
    table = gap_table(found, of)
    harm = found.harm["any"]
    whole = found.chosen.weight.sum()
    assert table["incidents"].sum() == harm.incidents == 200
    assert table["in_view"].sum() == pytest.approx(found.chosen.in_view.sum())
    assert table["harm"].sum() == pytest.approx(whole)
    assert table["unseen_harm"].sum() == pytest.approx((1 - harm.share) * whole)
    assert 0 < harm.share < 1
    assert table["gap"].sum() == pytest.approx(table["unseen_harm"].sum()), "each place for itself"


def test_the_ground_and_the_street_in_view_add_up_to_the_city(busy_town):
    found = ask(busy_town, level="detect")
    district, street = (gap_table(found, of) for of in ("district", "street"))
    ground = found.in_sight["day"]
    assert district["in_sight"].tolist() == pytest.approx([ground.by_level["detect"]])
    assert street["in_sight"].mean() == pytest.approx(ground.streets), "all are equally long"
    seen, here = found.seen["day"], found.ground
    in_blocks = here.blocks.of_cell[seen.cells] >= 0
    counts = np.bitwise_count(seen.samples("detect") & here.public[seen.cells])
    blocks = gap_table(found, "block").loc[here.blocks.frame["id"], "in_sight"].to_numpy()
    assert (blocks * here.blocks.ground).sum() == pytest.approx(counts[in_blocks].sum())


def test_in_the_dark_the_ground_is_that_of_the_dark(duckdb_town):
    corner_camera(duckdb_town, night_vision=False)
    record(duckdb_town, (*SEEN, NOON), (*SEEN, NIGHT))
    by_light = {light: gap_table(ask(duckdb_town, light=light), "block").loc[11] for light in ("day", "dark")}
    assert by_light["day"]["in_sight"] > 0 == by_light["dark"]["in_sight"]
    assert [row["gap"] for row in by_light.values()] == pytest.approx([0, 1])


def test_enough_places_are_steadied_and_still_add_up(busy_town, monkeypatch):
    monkeypatch.setattr(gap_tables, "FEWEST_STEADIED", 16)
    found = ask(busy_town)
    table = gap_table(found, "block")
    assert table["gap"].sum() == pytest.approx(table["unseen_harm"].sum())
    assert table["gap"].std() < table["unseen_harm"].std(), "the extremes come nearer to the rest"
    assert (table["low"] <= table["gap"]).all()
    assert (table["gap"] <= table["high"]).all()


def test_a_place_without_ground_has_no_gap_and_no_rank(duckdb_town):
    duckdb_town.write(
        lambda connection: connection.execute(
            sa.update(schema.block)
            .where(schema.block.c.id == 4)
            .values(geometry=_box(2000, 2000, 2100, 2100))
        )
    )
    corner_camera(duckdb_town)
    record(duckdb_town, (*UNSEEN, NOON))
    table = gap_table(ask(duckdb_town), "block")
    assert table.index[-1] == 4
    assert table.loc[4, ["gap", "low", "high", "rank_low", "rank_high", "in_sight"]].isna().all()
    assert table.drop(4)[["gap", "rank_low", "in_sight"]].notna().all(axis=None)


def test_without_incidents_and_cameras_nothing_is_unseen(duckdb_town):
    for of in PLACES:
        table = gap_table(ask(duckdb_town), of)
        assert not table[["incidents", "in_view", "harm", "unseen_harm", "gap"]].any(axis=None)


def test_only_places_that_are_surely_among_the_worst_are_told_apart():
    table = pd.DataFrame(
        {"rank_low": [1, 2, 2, None], "rank_high": [1, 3, 3, None]}, index=[7, 8, 9, 4]
    ).astype("Int64")
    assert told_apart(table, 1).to_dict() == {7: True, 8: False, 9: False, 4: False}
    assert told_apart(table, 3).to_dict() == {7: True, 8: True, 9: True, 4: False}


def test_one_place_far_worse_than_all_others_is_told_apart(duckdb_town):
    record(duckdb_town, *[(*UNSEEN, NOON)] * 100, (200, 200, NOON))
    table = gap_table(ask(duckdb_town), "block")
    assert told_apart(table, 1).tolist() == [True] + [False] * 15
