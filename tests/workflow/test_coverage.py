"""Coverage of the small town against figures worked out by hand (see `tests.workflow.questions`)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import sqlalchemy as sa

from data import schema
from data.errors import PorchlightError
from data.harm import TABLES
from tests import people
from tests.incidents import record
from tests.people import COMMAND, OFFICER, install, register_camera, set_policy
from tests.workflow import questions
from tests.workflow.questions import (
    DAY,
    NIGHT,
    NOON,
    PARTLY,
    PUBLIC_SAMPLES,
    SEEN,
    UNSEEN,
    ask,
    corner_camera,
    days_since,
    in_view,
    load_of_the_map,
    within,
)
from workflow import coverage
from workflow.coverage import Question
from workflow.identity import Actor, Refused

OBSERVED_M = 20.48


@pytest.fixture
def town(store):
    return questions.build(store)


@pytest.fixture
def duckdb_town(duckdb_store):
    return questions.build(duckdb_store)


def change_camera(store, camera: str, **values: object) -> None:
    store.write(
        lambda connection: connection.execute(
            sa.update(schema.camera).where(schema.camera.c.id == camera).values(**values)
        )
    )


# What a camera sees ---------------------------------------------------------------------------


def test_a_camera_sees_the_ground_that_its_lens_resolves(town):
    corner_camera(town)
    found = ask(town)
    assert in_view(found) == within(OBSERVED_M)
    assert found.in_sight["day"].by_level["observe"] == len(within(OBSERVED_M)) / PUBLIC_SAMPLES
    assert found.ground.samples == PUBLIC_SAMPLES


@pytest.mark.parametrize(
    ("level", "metres"), [("detect", 51.2), ("observe", 20.48), ("recognise", 10.24), ("identify", 5.12)]
)
def test_what_has_to_be_made_out_decides_how_far_a_camera_counts(duckdb_town, level, metres):
    corner_camera(duckdb_town)
    record(duckdb_town, (31, 31, NOON), (16, 16, NOON), (6, 4, NOON), (2, 2, NOON))
    found = ask(duckdb_town, level=level)
    assert in_view(found, level) == within(metres)
    cells = ((30, 30), (10, 10), (0, 0), (0, 0))  # the south-western corners of the cells of the incidents
    chances = [
        sum(e < x < e + 10 and n < y < n + 10 for x, y in within(metres)) / 16 for e, n in reversed(cells)
    ]
    assert found.harm["any"].share == pytest.approx(np.mean(chances))


def test_a_building_hides_what_is_behind_it(duckdb_town):
    # The house at 351 Maple St stands from 54 to 68 m east and 14 to 26 m north; the camera is south of it.
    register_camera(duckdb_town, 61, 2, azimuth=0)
    seen = in_view(ask(duckdb_town, level="detect"), "detect")
    assert (63.75, 11.25) in seen, "before the house"
    assert (63.75, 36.25) not in seen, "behind it"
    assert (81.25, 33.75) in seen, "past its corner"
    assert not {(east, north) for east, north in seen if 54 < east < 68 and north > 14}


def test_a_camera_that_stands_within_a_house_looks_from_its_wall(duckdb_town):
    register_camera(duckdb_town, 61, 20, azimuth=180)
    seen = in_view(ask(duckdb_town))
    assert (61.25, 11.25) in seen
    assert not {(east, north) for east, north in seen if north > 14}


def test_a_direction_nobody_stated_never_counts_and_says_what_could_be_in_view(duckdb_town):
    corner_camera(duckdb_town, azimuth=None)
    record(duckdb_town, (*UNSEEN, NOON))
    for standings in (coverage.COUNTED, coverage.COUNTED | {"assumed", "turning"}):
        found = ask(duckdb_town, standings=standings)
        assert in_view(found) == set()
        assert (found.harm["any"].share, found.harm["any"].possible) == (0, 1)
        assert found.in_sight["day"].by_level["detect"] == 0
        assert found.counted["community"].listed == found.counted["community"].by_standing["unknown"] == 1
    with pytest.raises(PorchlightError, match="way in which a direction is known"):
        ask(duckdb_town, standings=frozenset({"unknown"}))


def test_a_camera_that_looks_all_round_needs_no_direction(duckdb_town):
    corner_camera(duckdb_town, azimuth=None, hfov=360)
    # All round, 2560 pixels are spread over 2 * pi: 62.5 a metre up to 6.52 m, 25 up to 16.3 m.
    found = ask(duckdb_town)
    quarters = [(east, north) for east in (1, -1) for north in (1, -1)]
    assert in_view(found) == set.union(*(within(6.519, *quarter) for quarter in quarters))
    assert in_view(found, "detect") == set.union(*(within(16.297, *quarter) for quarter in quarters))
    assert found.counted["community"].by_standing["stated"] == 1


def test_an_assumed_direction_counts_only_when_asked_for(duckdb_town):
    corner_camera(duckdb_town, direction_from="assumed")
    record(duckdb_town, (*SEEN, NOON))
    found = ask(duckdb_town)
    assert (found.harm["any"].share, found.harm["any"].possible) == (0, 1)
    with_assumed = ask(duckdb_town, standings=coverage.COUNTED | {"assumed"})
    assert with_assumed.harm["any"].share == 1
    for one in (found, with_assumed):
        assert one.counted["community"].by_standing == {
            "verified": 0,
            "stated": 0,
            "assumed": 1,
            "turning": 0,
            "unknown": 0,
        }


def test_a_camera_that_pans_counts_only_when_asked_for(duckdb_town):
    install(duckdb_town, "city", "[45, 225]", turns=True)
    found = ask(duckdb_town)
    assert in_view(found) == set()
    assert found.counted["city"].by_standing["turning"] == 1
    presets = ask(duckdb_town, standings=coverage.COUNTED | {"turning"})
    assert in_view(presets) == within(OBSERVED_M) | within(OBSERVED_M, -1, -1)


def test_an_overlap_is_counted_once_and_shown_as_seen_twice(duckdb_town):
    corner_camera(duckdb_town)
    corner_camera(duckdb_town)
    corner_camera(duckdb_town, azimuth=135)
    found = ask(duckdb_town)
    east = within(OBSERVED_M) | within(OBSERVED_M, 1, -1)
    assert in_view(found) == east
    assert in_view(found, twice=True) == within(OBSERVED_M)
    assert found.in_sight["day"].by_level["observe"] == len(east) / PUBLIC_SAMPLES
    assert found.in_sight["day"].twice == len(within(OBSERVED_M)) / PUBLIC_SAMPLES


def test_the_street_in_view_is_a_share_of_its_metres(duckdb_town):
    # 12 m south of the crossing, looking north over 48 degrees: 62.5 pixels a metre up to 46.0 m. A street is looked
    # at in pieces of up to 5 m, at a sample beside the middle of each. Of Oak Ave those from 10 m south to 35 m north of
    # the crossing are in view, and of Maple St, where the view is 10 to 12 m wide, one to each side.
    register_camera(duckdb_town, 0, -12, azimuth=0, hfov=48)
    assert ask(duckdb_town).in_sight["day"].streets == pytest.approx(
        (45 + 10) / (40 * 120), abs=5 / (40 * 120)
    )


# Whose cameras, and since when ----------------------------------------------------------------


def test_whose_camera_it_is_is_kept_apart(duckdb_town):
    install(duckdb_town, "city", "[225]")
    install(duckdb_town, "alpr", "[135]")
    corner_camera(duckdb_town)
    quarters = {"community": (1, 1), "city": (-1, -1), "alpr": (1, -1)}
    for layer, quarter in quarters.items():
        found = ask(duckdb_town, layers=frozenset({layer}))
        assert in_view(found) == within(OBSERVED_M, *quarter)
        assert found.counted[layer].ground == len(within(OBSERVED_M)) / PUBLIC_SAMPLES
    together = ask(duckdb_town)
    assert in_view(together) == set.union(*(within(OBSERVED_M, *quarter) for quarter in quarters.values()))
    assert together.counted["city"].ground == len(within(OBSERVED_M)) / PUBLIC_SAMPLES, "each alone"


def test_a_device_that_looks_two_ways_is_one_camera(duckdb_town):
    install(duckdb_town, "alpr", "[45, 225]", hfov=None)
    install(duckdb_town, "alpr", "[]")
    counted = ask(duckdb_town).counted["alpr"]
    assert (counted.listed, counted.by_standing["stated"], counted.by_standing["unknown"]) == (2, 1, 1)
    assert counted.assumed_optics == 1, "of those that count"


def test_a_new_camera_counts_at_once(town):
    record(town, (*SEEN, NOON))
    assert ask(town).harm["any"].share == 0
    corner_camera(town)
    assert ask(town).harm["any"].share == 1


@pytest.mark.parametrize("what", ["consent", "camera"])
def test_what_is_withdrawn_counts_no_longer_at_once(town, what):
    camera = corner_camera(town)
    record(town, (*SEEN, NOON))
    assert ask(town).harm["any"].share == 1
    if what == "consent":
        people.withdraw(town, camera, "list")
    else:
        change_camera(town, camera, withdrawn_at=datetime.now(UTC))
    found = ask(town)
    assert found.harm["any"].share == found.harm["any"].possible == 0
    assert found.counted["community"].listed == 0


def test_agreeing_to_be_asked_is_not_agreeing_to_be_listed(duckdb_town):
    corner_camera(duckdb_town, purposes=("ask",))
    found = ask(duckdb_town)
    assert found.counted["community"].listed == 0
    assert in_view(found) == set()


def test_a_consent_that_runs_out_counts_no_longer(duckdb_town):
    corner_camera(duckdb_town, days_old=364)
    assert ask(duckdb_town).counted["community"].listed == 1
    corner_camera(duckdb_town, days_old=366)
    assert ask(duckdb_town).counted["community"].listed == 1


def test_a_map_that_is_loaded_anew_is_used_at_once(duckdb_town):
    register_camera(duckdb_town, 61, 8, azimuth=0)
    record(duckdb_town, (61, 32, NOON))
    assert ask(duckdb_town, level="detect").harm["any"].share == 0
    duckdb_town.write(lambda connection: connection.execute(sa.delete(schema.building)))
    duckdb_town.write(load_of_the_map)
    found = ask(duckdb_town, level="detect")
    assert found.harm["any"].share == 1
    assert found.ground.samples == PUBLIC_SAMPLES + 32 * 20


def test_at_the_end_of_a_past_day_the_cameras_of_that_day_count(town):
    morning = datetime(2026, 6, 2, 14, tzinfo=UTC)
    later = corner_camera(town, azimuth=45, days_old=days_since(morning))
    gone = corner_camera(town, azimuth=225, days_old=days_since(datetime(2026, 1, 5, tzinfo=UTC)))
    change_camera(town, gone, withdrawn_at=morning)
    before, after = (
        ask(town, at=coverage.at_the_end_of(day, store=town)) for day in (date(2026, 6, 1), date(2026, 6, 2))
    )
    assert in_view(before) == within(OBSERVED_M, -1, -1), f"not yet {later}"
    assert in_view(after) == within(OBSERVED_M)
    assert before.counted["community"].listed == after.counted["community"].listed == 1


def test_a_city_camera_counts_from_the_day_it_was_installed_on(town):
    install(town, "city", "[45]", installed_on=date(2026, 6, 2))
    install(town, "city", "[225]")
    before, after = (
        ask(town, at=coverage.at_the_end_of(day, store=town)) for day in (date(2026, 5, 31), date(2026, 6, 2))
    )
    assert in_view(before) == within(OBSERVED_M, -1, -1), "nobody knows since when: always"
    assert in_view(after) == within(OBSERVED_M, -1, -1) | within(OBSERVED_M)


def test_the_change_is_since_the_end_of_the_last_complete_quarter_and_the_cameras_alone(duckdb_town):
    record(duckdb_town, (*SEEN, NOON), (-6, -4, NOON))
    corner_camera(duckdb_town, azimuth=225, days_old=days_since(datetime(2026, 3, 20, tzinfo=UTC)))
    corner_camera(duckdb_town, azimuth=45, days_old=days_since(datetime(2026, 5, 1, tzinfo=UTC)))
    found = ask(duckdb_town, at=datetime(2026, 6, 15, tzinfo=UTC))
    assert found.before_at == datetime(2026, 4, 1, 4, tzinfo=UTC), "midnight in the town"
    assert (found.harm["any"].share, found.harm["any"].before) == (1, 0.5)
    ground = found.in_sight["day"]
    assert ground.before == ground.by_level["observe"] / 2 > 0


@pytest.mark.parametrize(
    ("moment", "end"),
    [
        ("2026-01-01T00:00", "2026-01-01T00:00"),
        ("2026-03-31T23:59", "2026-01-01T00:00"),
        ("2026-04-01T00:00", "2026-04-01T00:00"),
        ("2026-12-31T23:59", "2026-10-01T00:00"),
    ],
)
def test_quarters_end_at_midnight_by_the_towns_clock(moment, end):
    zone = ZoneInfo("America/New_York")
    here = datetime.fromisoformat(moment).replace(tzinfo=zone)
    assert coverage.quarter_end(here.astimezone(UTC), zone) == datetime.fromisoformat(end).replace(
        tzinfo=zone
    )


# How much happened in view --------------------------------------------------------------------


def test_the_share_has_its_denominator_and_a_wilson_interval(town):
    corner_camera(town)
    record(town, *[(*SEEN, NOON)] * 3, *[(*UNSEEN, NOON)] * 7)
    seen = ask(town).harm["any"]
    assert (seen.incidents, seen.share) == (10, pytest.approx(0.3))
    # Wilson 1927 for 3 of 10 with z = 1.96: (0.3 + 0.192 ± 1.96 * sqrt(0.021 + 0.0096)) / 1.384
    assert (seen.low, seen.high) == pytest.approx((0.1078, 0.6032), abs=5e-4)


def test_an_incident_counts_by_the_share_of_the_ground_around_it(duckdb_town):
    corner_camera(duckdb_town)
    record(duckdb_town, (*PARTLY, NOON))
    assert ask(duckdb_town).harm["any"].share == 6 / 16


def test_a_place_that_is_rougher_takes_in_more_ground(duckdb_town):
    corner_camera(duckdb_town)
    record(duckdb_town, (5, 5, NOON))
    set_policy(duckdb_town, location_error_m=20)
    # Half of all points lie within 20 m where the radius is 28.28 m: the 25 cells whose centre is no farther from
    # that of the incident's cell. All of them are public; of their 400 samples those within 20.48 m are in view.
    cells = [(e, n) for e in range(-3, 4) for n in range(-3, 4) if 10 * np.hypot(e, n) <= 28.2843]
    assert len(cells) == 25
    assert ask(duckdb_town).harm["any"].share == pytest.approx(len(within(OBSERVED_M)) / 400)


def test_a_place_without_public_ground_is_not_in_view(duckdb_town):
    # Within the margin of the map, outside the city.
    register_camera(duckdb_town, 300, 0, azimuth=90)
    record(duckdb_town, (305, 5, NOON))
    found = ask(duckdb_town)
    assert (found.harm["any"].incidents, found.harm["any"].share, found.outside) == (1, 0, 0)
    assert found.in_sight["day"].by_level["detect"] == 0, "and what is seen there is not the city's"


def test_harm_weighs_incidents_by_the_departments_table(duckdb_town):
    corner_camera(duckdb_town)
    record(duckdb_town, (*SEEN, NOON))
    record(duckdb_town, (*UNSEEN, NOON), offence_code="290", offence_text="Vandalism")
    assert ask(duckdb_town).harm["any"].share == 0.5
    set_policy(duckdb_town, harm_table="georgia")
    found = ask(duckdb_town)
    days = TABLES["georgia"].weights
    assert days["290"] < days["23F"]
    assert found.harm["any"].share == pytest.approx(days["23F"] / (days["23F"] + days["290"]))
    assert found.harm_table.name == "georgia"
    assert found.weights.tolist() == [days["290"], days["23F"]]


def test_offences_are_chosen_by_group(duckdb_town):
    corner_camera(duckdb_town)
    record(duckdb_town, (*SEEN, NOON))
    record(duckdb_town, (*UNSEEN, NOON), offence_code="120", offence_text="Robbery")
    theft, robbery = (coverage.group_of(code) for code in ("23F", "120"))
    assert ask(duckdb_town, groups=frozenset({theft})).harm["any"].share == 1
    assert ask(duckdb_town, groups=frozenset({robbery})).harm["any"].share == 0


@pytest.mark.parametrize(
    ("camera", "by_night"),
    [
        ({"kind": "bullet"}, 1),  # a bullet camera's own light reaches 30 m
        ({"kind": "doorbell"}, 3 / 16),  # a doorbell's 5 m: three samples of the cell
        ({"kind": "bullet", "night_vision": False}, 0),
    ],
)
def test_in_the_dark_a_camera_sees_as_far_as_its_own_light_reaches(duckdb_town, camera, by_night):
    corner_camera(duckdb_town, **camera)
    record(duckdb_town, (*SEEN, NOON), (*SEEN, NIGHT))
    found = ask(duckdb_town)
    assert [found.harm[light].incidents for light in ("any", "day", "dark")] == [2, 1, 1]
    assert (found.harm["day"].share, found.harm["dark"].share) == (1, by_night)
    assert found.harm["any"].share == (1 + by_night) / 2
    assert len(in_view(found, light="day")) == len(within(OBSERVED_M))
    assert found.in_sight["dark"].by_level["observe"] == len(in_view(found, light="dark")) / PUBLIC_SAMPLES


def test_in_the_dark_a_camera_sees_along_lit_streets(duckdb_town):
    # The lamps of Maple St's 300 block light 15 m to each side.
    corner_camera(duckdb_town, night_vision=False)
    duckdb_town.write(
        lambda connection: connection.execute(
            sa.update(schema.street)
            .where(schema.street.c.name == "Maple St", schema.street.c.left_from == 301)
            .values(lit=True)
        )
    )
    found = ask(duckdb_town)
    assert in_view(found, light="dark") == {(e, n) for e, n in within(OBSERVED_M) if n < 15}
    assert in_view(found, light="day") == within(OBSERVED_M)


def test_only_incidents_in_the_light_asked_for(duckdb_town):
    corner_camera(duckdb_town, night_vision=False)
    record(duckdb_town, *[(*SEEN, NOON)] * 3, (*SEEN, NIGHT))
    for light, incidents, share in (("day", 3, 1), ("dark", 1, 0)):
        found = ask(duckdb_town, light=light)
        assert list(found.harm) == [light]
        assert (found.harm[light].incidents, found.harm[light].share) == (incidents, share)
        assert found.main_light == light


def test_a_period_is_whole_days_of_the_towns_own_clock(town):
    # New York is four hours behind in summer: the day is over at 04:00 UTC of the next.
    midnight = datetime(2026, 6, 10, 4, tzinfo=UTC)
    second = timedelta(seconds=1)
    record(
        town,
        (*UNSEEN, midnight - second),
        (*UNSEEN, midnight),
        (*UNSEEN, midnight + timedelta(days=1) - second),
        (*UNSEEN, midnight + timedelta(days=1)),
    )
    assert ask(town, date(2026, 6, 10), date(2026, 6, 10)).harm["any"].incidents == 2
    assert coverage.period(store=town) == (date(2026, 6, 9), date(2026, 6, 11))


@pytest.mark.parametrize(("hours", "counted"), [((12, 21), 1), ((22, 22), 1), ((22, 12), 2), ((13, 21), 0)])
def test_hours_are_those_of_the_towns_clock_and_may_go_over_midnight(duckdb_town, hours, counted):
    record(duckdb_town, (*SEEN, NOON), (*SEEN, NIGHT))  # at 12 and at 22
    assert ask(duckdb_town, hours=hours).harm["any"].incidents == counted


def test_incidents_outside_the_map_are_counted_apart(duckdb_town):
    record(duckdb_town, (*SEEN, NOON), (5000, 0, NOON))
    found = ask(duckdb_town)
    assert (found.harm["any"].incidents, found.outside) == (1, 1)


def test_no_incidents_is_no_share_and_no_knowledge(town):
    seen = ask(town).harm["any"]
    assert seen.incidents == 0
    assert np.isnan([seen.share, seen.possible, seen.before]).all()
    assert (seen.low, seen.high) == (0.0, 1.0)
    assert coverage.period(store=town) is None


def test_incidents_that_are_loaded_count_at_once(town):
    corner_camera(town)
    record(town, (*UNSEEN, NOON))
    assert ask(town).harm["any"].share == 0
    record(town, (*SEEN, NOON))
    assert ask(town).harm["any"].share == 0.5


# Asking ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"level": "admire"}, "Choose a level"),
        ({"light": "candle"}, "Choose a light"),
        ({"layers": frozenset()}, "at least one kind"),
        ({"layers": frozenset({"drones"})}, "at least one kind"),
        ({"standings": frozenset()}, "at least one way"),
        ({"groups": frozenset({"sins"})}, "at least one group"),
        ({"hours": (0, 24)}, "hours from 0 to 23"),
        ({"since": DAY, "until": DAY - timedelta(days=1)}, "not after the last"),
    ],
)
def test_a_question_that_makes_no_sense_is_a_sentence(duckdb_town, change, message):
    with pytest.raises(PorchlightError, match=message):
        ask(duckdb_town, **change)


def test_without_a_map_it_says_what_to_load(duckdb_town):
    def without_map(connection: sa.Connection) -> None:
        connection.execute(sa.update(schema.city).values(outline=None))
        connection.execute(sa.delete(schema.block))

    duckdb_town.write(without_map)
    with pytest.raises(PorchlightError, match="load the city's outline or its blocks"):
        ask(duckdb_town)


def test_two_who_ask_at_once_get_the_same_answer(town):
    for azimuth in range(0, 360, 30):
        corner_camera(town, azimuth=azimuth)
    rng = np.random.default_rng(5)
    record(town, (*SEEN, NIGHT), *((float(e), float(n), NOON) for e, n in rng.uniform(-60, 60, (50, 2))))
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: ask(town), range(8)))
    assert answers[0].harm["any"].share > 0
    for one in answers[1:]:
        assert (one.harm, one.in_sight, one.counted) == (
            answers[0].harm,
            answers[0].in_sight,
            answers[0].counted,
        )


@pytest.mark.parametrize("actor", [Actor("nobody", "No One", "command"), Actor(OFFICER.id, "Ana", "command")])
def test_whoever_holds_no_role_for_it_is_refused_and_the_attempt_is_recorded(town, actor):
    with pytest.raises(Refused):
        coverage.answer(actor, Question(DAY, DAY), store=town)
    with town.read() as connection:
        leaf = connection.execute(sa.select(schema.ledger_entry.c.leaf)).scalar_one()
    assert b'"act":"coverage.view"' in leaf
    assert b'"outcome":"refused"' in leaf


def test_the_role_is_checked_before_the_question(duckdb_town):
    with pytest.raises(Refused):
        coverage.answer(
            Actor("nobody", "No One", "command"), Question(DAY, DAY, level="admire"), store=duckdb_town
        )
    with pytest.raises(PorchlightError, match="Choose a level"):
        coverage.answer(COMMAND, Question(DAY, DAY, level="admire"), store=duckdb_town)
