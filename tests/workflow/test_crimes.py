"""Incidents as columns: when by the town's clock, in which light, and at which place, block and street."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
import sqlalchemy as sa

from data import records, schema
from tests.incidents import record
from tests.people import set_policy
from tests.workflow import questions
from tests.workflow.questions import NIGHT, NOON, load_of_the_map
from workflow.crimes import STREET_REACH_M, crimes


@pytest.fixture
def town(store):
    return questions.build(store)


@pytest.fixture
def duckdb_town(duckdb_store):
    return questions.build(duckdb_store)


def test_incidents_are_in_the_order_of_their_times_with_the_hour_of_the_towns_clock(town):
    record(town, (0, 0, NIGHT), (0, 0, NOON), (0, 0, datetime(2026, 1, 10, 16, tzinfo=UTC)))
    found = crimes(town)
    assert len(found) == 3
    assert found.hour.tolist() == [11, 12, 22], "eleven in winter, noon in summer time"
    assert (np.diff(found.moment) > np.timedelta64(0)).all()
    assert [found.codes[code] for code in found.code] == ["23F"] * 3


def test_a_period_is_from_midnight_to_midnight_of_the_towns_clock_also_when_clocks_change(town):
    # Clocks go forward on 8 March 2026: the day begins at 05:00 UTC and ends at 04:00 UTC.
    begins, ends = datetime(2026, 3, 8, 5, tzinfo=UTC), datetime(2026, 3, 9, 4, tzinfo=UTC)
    second = timedelta(seconds=1)
    record(town, *((0, 0, at) for at in (begins - second, begins, ends - second, ends)))
    found = crimes(town)
    day = date(2026, 3, 8)
    assert found.between(day, day) == slice(1, 3)
    assert found.between(day - timedelta(days=1), day + timedelta(days=1)) == slice(0, 4)
    assert found.between(day + timedelta(days=9), day + timedelta(days=9)) == slice(4, 4)


def test_it_is_dark_once_the_sun_is_well_below_the_horizon(duckdb_town):
    # At 33.58 N, 85.08 W on 10 March the sun rises and sets at about a quarter to eight (summer time).
    hours = {9: False, 12: False, 18: False, 20: False, 21: True, 26: True, 29: True}
    record(duckdb_town, *((0, 0, datetime(2026, 3, 10, 4, tzinfo=UTC) + timedelta(hours=h)) for h in hours))
    assert crimes(duckdb_town).dark.tolist() == list(hours.values())


def test_incidents_at_one_published_place_share_it(duckdb_town):
    record(duckdb_town, (6, 4, NOON), (6, -4, NOON), (-6, 4, NOON), (6, 4, NIGHT))
    found = crimes(duckdb_town)
    assert len(found.vicinity) == 3
    assert np.bincount(found.place).tolist() == [2, 1, 1]
    assert found.place[0] == found.place[3]


def test_each_incident_knows_its_block_its_district_and_its_nearest_street(duckdb_town):
    record(duckdb_town, (60, 10, NOON), (10, -50, NOON), (5000, 0, NOON))
    found = crimes(duckdb_town)
    here = questions.ask(duckdb_town).ground

    def names(frame, position) -> list[str | None]:
        return [frame["name"].iloc[place] if place >= 0 else None for place in position]

    assert names(here.blocks.frame, found.block) == ["300 block of Maple St", "300 block of Newnan St", None]
    assert names(here.districts.frame, found.district) == ["Town", "Town", None]
    assert names(here.streets.frame, found.street) == ["Maple St, 300 to 399", "Oak Ave, 200 to 299", None]


def test_an_incident_far_from_every_street_belongs_to_none(duckdb_town):
    # Maple St ends at 240 m.
    record(duckdb_town, *((240 + STREET_REACH_M + more, 0, NOON + timedelta(hours=more)) for more in (-1, 1)))
    assert (crimes(duckdb_town).street >= 0).tolist() == [True, False]


def test_of_streets_that_are_equally_near_the_first_counts(duckdb_town):
    record(duckdb_town, (60, 10, NOON))
    street = schema.street

    def twice(connection: sa.Connection) -> None:
        rows = connection.execute(sa.select(street)).mappings().all()
        connection.execute(street.insert(), [{**row, "id": row["id"] + 100} for row in rows])

    before = crimes(duckdb_town).street.tolist()
    duckdb_town.write(twice)
    duckdb_town.write(load_of_the_map)
    assert len(questions.ask(duckdb_town).ground.streets) == 80
    assert crimes(duckdb_town).street.tolist() == before


def test_they_are_read_once_until_something_is_loaded_or_the_policy_changes(town):
    record(town, (0, 0, NOON))
    found = crimes(town)
    assert crimes(town) is found
    record(town, (0, 0, NIGHT))
    assert len(crimes(town)) == 2
    assert len(crimes(town).vicinity.offsets) == 1, "places are exact: the own cell alone"
    set_policy(town, location_error_m=20)
    assert len(crimes(town).vicinity.offsets) == 25


def test_without_incidents_there_are_none(town):
    assert len(records.incidents(town)) == 0
    found = crimes(town)
    assert len(found) == len(found.vicinity) == 0
    assert found.between(date(2026, 1, 1), date(2026, 12, 31)) == slice(0, 0)
