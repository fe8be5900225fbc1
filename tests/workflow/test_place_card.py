"""The card of one block, street or district: what is seen of it, by which kinds of cameras, and what was not."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from data.errors import PorchlightError
from tests import people
from tests.incidents import record
from tests.people import install, register_camera
from tests.workflow import questions
from tests.workflow.questions import NIGHT, NOON, SEEN, UNSEEN, ask, corner_camera, days_since, within
from workflow.gap_tables import PLACES, gap_table
from workflow.place_card import card

BLOCK = 11  # the 300 block of Maple St, north-east of the middle
BLOCK_SAMPLES = 12 * 12 * 16 - 2 * 20


@pytest.fixture
def town(duckdb_store):
    return questions.build(duckdb_store)


def test_what_is_in_view_at_each_level_by_day_and_in_the_dark(town):
    corner_camera(town, kind="doorbell")  # its light reaches 5 m
    shown = card(ask(town), "block", BLOCK).in_sight.set_index("Level")
    for level, metres in (("detect", 51.2), ("observe", 20.48), ("recognise", 10.24), ("identify", 5.12)):
        by_day, dark = (len(within(reach)) / BLOCK_SAMPLES * 100 for reach in (metres, min(metres, 5)))
        assert shown.loc[level].tolist() == [round(by_day, 1), round(dark, 1)]


@pytest.mark.parametrize("of", PLACES)
def test_it_says_the_same_as_the_table_of_gaps(town, of):
    for azimuth in (0, 100, 200):
        register_camera(town, -100, 10, azimuth=azimuth)
    found = ask(town, level="detect")
    table = gap_table(found, of)
    assert table["in_sight"].max() > 0
    for place in table.index:
        shown = card(found, of, place).in_sight.set_index("Level").loc["detect", "By day, %"]
        assert shown == round(100 * table.loc[place, "in_sight"], 1)


def test_cameras_are_counted_by_kind_and_whose_they_are(town):
    corner_camera(town)
    corner_camera(town, kind="doorbell")
    corner_camera(town, kind="doorbell")
    corner_camera(town, azimuth=225, kind="dome")  # looks away
    corner_camera(town, azimuth=None, kind="dome")  # nobody knows where it looks
    people.withdraw(town, corner_camera(town, kind="dome"), "list")
    install(town, "alpr", "[30, 60]")
    shown = card(ask(town), "block", BLOCK).cameras
    assert shown.sort_values("Kind").to_numpy().tolist() == [
        ["Bullet camera", "Community cameras", 1],
        ["Doorbell camera", "Community cameras", 2],
        ["Licence plate reader", "Plate readers", 1],
    ]
    assert shown["Cameras"].is_monotonic_decreasing
    readers = card(ask(town, layers=frozenset({"alpr"})), "block", BLOCK).cameras
    assert readers["Whose"].tolist() == ["Plate readers"]


def test_a_camera_counts_where_it_resolves_what_was_asked_for(town):
    register_camera(town, 0, -30, azimuth=0)  # the block begins 30 m away
    assert len(card(ask(town, level="detect"), "block", BLOCK).cameras) == 1
    assert len(card(ask(town, level="observe"), "block", BLOCK).cameras) == 0


def test_incidents_are_listed_by_group_those_least_in_view_first(town):
    corner_camera(town, night_vision=False)
    record(town, *[(*SEEN, NOON)] * 5, (*SEEN, NIGHT), (*UNSEEN, NOON))
    record(town, *[(*SEEN, NIGHT)] * 3, offence_code="120")
    shown = card(ask(town), "block", BLOCK).unseen
    assert shown["Incidents"].tolist() == [3, 6]
    assert shown["Expected out of view"].tolist() == [3.0, 1.0]
    assert shown["Offences"].iloc[0] == "Robbery"


def test_since_when_it_is_seen_is_when_the_first_camera_that_still_counts_was_listed(town):
    corner_camera(town, days_old=days_since(datetime(2026, 5, 1, 12, tzinfo=UTC)))
    corner_camera(town, days_old=days_since(datetime(2026, 6, 1, 12, tzinfo=UTC)))
    gone = corner_camera(town, days_old=days_since(datetime(2026, 4, 1, 12, tzinfo=UTC)))
    people.withdraw(town, gone, "list")
    corner_camera(town, azimuth=225, days_old=days_since(datetime(2026, 3, 1, 12, tzinfo=UTC)))
    since = card(ask(town), "block", BLOCK).since
    assert since is not None
    assert since.date() == date(2026, 5, 1)
    assert card(ask(town), "block", 16).since is None, "nothing sees it"


def test_of_a_camera_without_a_date_nobody_knows_since_when(town):
    install(town, "city", "[45]")
    shown = card(ask(town), "block", BLOCK)
    assert shown.since is None
    assert shown.cameras["Cameras"].tolist() == [1]


def test_a_street_is_a_share_of_its_metres(town):
    found = ask(town, level="detect")
    names = found.ground.streets.frame.set_index("name")["id"]
    oak = int(names["Oak Ave, 300 to 399"])
    assert card(found, "street", oak).in_sight["By day, %"].tolist() == [0, 0, 0, 0]
    # 12 m south of the crossing, looking north: at detect past the 110 m where the street is 120 m long.
    register_camera(town, 0, -12, azimuth=0, hfov=48)
    shown = card(ask(town, level="detect"), "street", oak).in_sight.set_index("Level")["By day, %"]
    metres = {"detect": 115.0 - 12, "observe": 46.0 - 12, "recognise": 23.0 - 12, "identify": 0}
    assert shown.to_dict() == pytest.approx({k: v / 1.2 for k, v in metres.items()}, abs=5 / 1.2)


@pytest.mark.parametrize("of", PLACES)
@pytest.mark.parametrize("place_id", [0, -1, 10**12, 41])
def test_a_place_that_is_not_on_the_map_is_a_sentence(town, of, place_id):
    with pytest.raises(PorchlightError, match=f"This {of} is not on the map any more: click another one."):
        card(ask(town), of, place_id)


def test_a_card_tells_nothing_of_one_private_camera(town):
    camera = corner_camera(town)
    install(town, "city", "[45]", name="Square")
    shown = card(ask(town), "block", BLOCK)
    text = shown.in_sight.to_csv() + shown.cameras.to_csv() + shown.unseen.to_csv()
    assert camera not in text
    assert set(shown.cameras.columns) == {"Kind", "Whose", "Cameras"}
    for frame in (shown.in_sight, shown.cameras, shown.unseen):
        assert not {"id", "lon", "lat", "x", "y", "azimuth"} & set(map(str.lower, frame.columns))
