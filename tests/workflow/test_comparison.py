"""Before and after: other days, and cameras that somebody thinks of putting up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.errors import PorchlightError
from tests import people, small_town
from tests.incidents import record
from tests.people import COMMAND, install
from tests.workflow import questions
from tests.workflow.questions import DAY, NIGHT, NOON, SEEN, UNSEEN, ask, corner_camera, days_since, in_view
from workflow import comparison
from workflow.comparison import MOST_PROPOSED, Proposed
from workflow.coverage import Answer, Question
from workflow.coverage_words import NO_POINTS
from workflow.identity import Actor, Refused

QUESTION = Question(DAY, DAY)


@pytest.fixture
def town(duckdb_store):
    return questions.build(duckdb_store)


def proposed(
    east: float = 0, north: float = 0, azimuth: float | None = 45, kind: str = "bullet", layer: str = "city"
) -> Proposed:
    return Proposed("Maple St & Oak Ave", kind, layer, *small_town.lon_lat(east, north), azimuth)


def with_proposed(store, *cameras: Proposed, question: Question = QUESTION) -> Answer:
    return comparison.with_proposed(COMMAND, question, cameras, store=store)


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def test_a_proposed_camera_sees_what_it_would_see_if_it_were_there(town):
    corner_camera(town, azimuth=225)
    record(town, (*SEEN, NOON), (*UNSEEN, NOON))
    if_it_were = with_proposed(town, proposed(kind="city"))
    install(town, "city", "[45]", hfov=None, width_px=None)
    found = ask(town)
    assert in_view(if_it_were) == in_view(found)
    assert in_view(if_it_were, light="dark") == in_view(found, light="dark")
    assert if_it_were.harm["day"].share == found.harm["day"].share > 0
    assert if_it_were.counted == found.counted


def test_a_camera_without_a_direction_is_proposed_to_look_all_round(town):
    seen = in_view(with_proposed(town, proposed(azimuth=None)), "detect")
    assert {(-east, -north) for east, north in seen} == seen != set()


def test_proposing_leaves_the_records_and_later_answers_as_they_are(town):
    corner_camera(town, azimuth=225)
    record(town, (*SEEN, NOON))
    before, records = ask(town), people.everything_in(town)
    with_proposed(town, proposed(), proposed(azimuth=100))
    assert people.everything_in(town) == records
    after = ask(town)
    assert in_view(after) == in_view(before)
    assert after.counted == before.counted
    assert with_proposed(town).sight is after.sight, "and nothing proposed is the city as it is"


def test_what_is_proposed_is_part_of_the_change_since_the_last_quarter(town):
    record(town, (*SEEN, NOON))
    if_it_were = with_proposed(town, proposed())
    assert (if_it_were.harm["day"].share, if_it_were.harm["day"].before) == (1, 0)
    assert if_it_were.in_sight["day"].before == 0 < if_it_were.in_sight["day"].by_level["observe"]


def test_it_can_be_proposed_for_a_past_moment_too(town):
    at = datetime(2026, 2, 10, tzinfo=UTC)
    if_it_were = with_proposed(town, proposed(), question=replace(QUESTION, at=at))
    assert in_view(if_it_were) != set()
    assert if_it_were.at == at


def test_a_proposed_camera_counts_only_in_its_layer(town):
    community = replace(QUESTION, layers=frozenset({"community"}))
    assert in_view(with_proposed(town, proposed(layer="city"), question=community)) == set()
    assert in_view(with_proposed(town, proposed(layer="community"), question=community)) != set()


cameras = st.builds(
    proposed,
    st.floats(-240, 240),
    st.floats(-240, 240),
    st.one_of(st.none(), st.floats(0, 360)),
    st.sampled_from(["bullet", "doorbell", "4k", "city", "alpr"]),
    st.sampled_from(["community", "city", "alpr"]),
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(cameras, min_size=2, max_size=6))
def test_more_cameras_never_lower_a_share(town, more):
    if ask(town).harm["any"].incidents == 0:
        places = [(east, north) for east in range(-200, 201, 40) for north in range(-200, 201, 40)]
        record(town, *((east, north, at) for east, north in places for at in (NOON, NIGHT)))
    fewer = with_proposed(town, *more[:-1])
    all_of_them = with_proposed(town, *more)
    for light in ("any", "day", "dark"):
        assert all_of_them.harm[light].share >= fewer.harm[light].share
        assert all_of_them.harm[light].share <= all_of_them.harm[light].possible
    for light in ("day", "dark"):
        assert in_view(fewer, light=light) <= in_view(all_of_them, light=light)
        for level, share in fewer.in_sight[light].by_level.items():
            assert all_of_them.in_sight[light].by_level[level] >= share
        assert all_of_them.in_sight[light].streets >= fewer.in_sight[light].streets
        assert all_of_them.in_sight[light].twice >= fewer.in_sight[light].twice


@pytest.mark.parametrize(
    ("camera", "message"),
    [
        (replace(proposed(), kind="periscope"), "Choose a kind of camera: doorbell"),
        (replace(proposed(), layer="neighbour"), "Choose whose camera it is: Community cameras"),
        (replace(proposed(), lon=float("nan")), "Choose the place of a camera on the map"),
        (replace(proposed(), lon=500.0), "Choose the place of a camera on the map"),
        (replace(proposed(), lat=float("inf")), "Choose the place of a camera on the map"),
        (replace(proposed(), azimuth=float("nan")), "a direction from 0 to 360 degrees"),
        (replace(proposed(), azimuth=-45.0), "a direction from 0 to 360 degrees"),
    ],
)
def test_a_camera_that_cannot_be_is_a_sentence(town, camera, message):
    with pytest.raises(PorchlightError, match=message):
        with_proposed(town, proposed(), camera)


def test_there_is_an_end_to_proposing(town):
    with pytest.raises(PorchlightError, match="at most 50 cameras"):
        with_proposed(town, *[proposed()] * (MOST_PROPOSED + 1))
    with pytest.raises(PorchlightError, match="Choose a level"):
        with_proposed(town, proposed(), question=replace(QUESTION, level="admire"))


def test_whoever_may_not_see_coverage_may_not_compare_it(town):
    nobody = Actor("nobody", "No One", "command")
    with pytest.raises(Refused):
        comparison.with_proposed(nobody, QUESTION, (proposed(),), store=town)
    with pytest.raises(Refused):
        comparison.at_the_end_of(nobody, QUESTION, DAY, store=town)


def test_the_figures_of_two_answers_stand_beside_each_other(town):
    corner_camera(town, days_old=days_since(datetime(2026, 6, 2, 14, tzinfo=UTC)))
    record(town, *[(*SEEN, NOON)] * 3, (*UNSEEN, NOON))
    before = comparison.at_the_end_of(COMMAND, QUESTION, date(2026, 6, 1), store=town)
    table = comparison.figures(before, ask(town)).set_index("Figure").map(plain)
    assert table.loc["Harm in view, by day"].tolist() == ["0.00 %", "75.00 %", "+75.00 points"]
    assert table.loc["Harm in view, in the dark"].tolist() == ["–", "–", "–"], "there was none"
    assert table.loc["Incidents expected in view"].tolist() == ["0.0", "3.0", "+3.0"]
    samples = len(questions.within(20.48))
    metres = f"{samples * 6.25:,.0f}"
    assert table.loc["Public ground in view, by day, m²"].tolist() == ["0", metres, f"+{metres}"]


def test_the_same_twice_has_not_changed(town):
    corner_camera(town)
    record(town, (*SEEN, NOON), (*SEEN, NIGHT))
    found = ask(town)
    table = comparison.figures(found, found)
    assert (table["Before"] == table["After"]).all()
    assert set(table["Change"]) <= {NO_POINTS, "0.00\u00a0points", "+0", "+0.0"}
