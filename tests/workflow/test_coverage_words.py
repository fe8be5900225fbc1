"""Coverage in words: the answer with its denominator, what a reader must know beside it, and its tables."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
import sqlalchemy as sa

from data import schema
from tests.incidents import record
from tests.people import install, set_policy
from tests.workflow import questions
from tests.workflow.questions import NIGHT, NOON, SEEN, UNSEEN, ask, corner_camera, days_since
from workflow import coverage_words
from workflow.gap_tables import gap_table
from workflow.place_card import card


@pytest.fixture
def town(duckdb_store):
    return questions.build(duckdb_store)


@pytest.fixture
def crimes(town):
    """Three of ten incidents by day in view of the corner camera, and none of two in the dark."""
    record(town, *[(*SEEN, NOON)] * 3, *[(*UNSEEN, NOON)] * 7, *[(*UNSEEN, NIGHT)] * 2)
    return town


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def sentence(found) -> str:
    return plain(coverage_words.sentence(found))


def test_the_answer_is_a_share_with_its_denominator_in_each_light(crimes):
    corner_camera(crimes)
    assert sentence(ask(crimes)) == (
        "A camera could show what happens (observe) at 25.0 % of 12 recorded incidents: 30.0 % by day and 0.0 % in the "
        "dark."
    )
    assert sentence(ask(crimes, light="day", level="detect")) == (
        "A camera could show that something moves (detect) at 30.0 % of 10 recorded incidents, by day."
    )
    set_policy(crimes, harm_table="georgia")
    assert "at 25.0 % of the harm of 12 recorded incidents" in sentence(ask(crimes))


def test_only_light_in_which_something_happened_is_told(town):
    corner_camera(town)
    record(town, (*SEEN, NOON))
    assert (
        sentence(ask(town))
        == "A camera could show what happens (observe) at 100.0 % of 1 recorded incidents: 100.0 % by day."
    )


def test_without_incidents_or_cameras_there_is_no_share(town):
    assert sentence(ask(town)) == "No such incident was recorded in this period."
    record(town, (*SEEN, NOON))
    assert sentence(ask(town)) == "No camera is listed yet, so nothing is in view."
    corner_camera(town)
    city_alone = ask(town, layers=frozenset({"city"}))
    assert sentence(city_alone) == "No camera is listed yet, so nothing is in view."


def test_without_a_direction_it_says_what_could_be_in_view_at_most(crimes):
    for _ in range(2):
        corner_camera(crimes, azimuth=None)
    assert sentence(ask(crimes)) == (
        "Nobody has stated which way the 2 cameras look, so none counts: at most 100.0 % of 12 recorded incidents "
        "happened where one could show what happens (observe)."
    )


def test_figures_say_what_changed_since_last_quarter(town):
    record(town, (*SEEN, NOON), (-6, -4, NOON))
    corner_camera(town, azimuth=225, days_old=days_since(datetime(2026, 3, 20, tzinfo=UTC)))
    corner_camera(town, azimuth=45, days_old=days_since(datetime(2026, 5, 1, tzinfo=UTC)))
    day, dark, ground = coverage_words.figures(ask(town, at=datetime(2026, 6, 15, tzinfo=UTC)))
    assert day.label == "Recorded incidents in view, by day"
    assert [plain(str(part)) for part in (day.value, day.change, day.since)] == [
        "100.0 %",
        "+50.0 points",
        "since 1 April 2026",
    ]
    assert day.changed
    assert (dark.value, dark.change) == ("–", None), "nothing happened in the dark"
    assert ground.label == "Public ground in view, by day"
    assert "0.3 km²" in ground.help


def test_what_has_not_changed_is_not_marked_as_changed(crimes):
    corner_camera(crimes, days_old=200)
    for figure in coverage_words.figures(ask(crimes)):
        assert (plain(str(figure.change)), figure.changed) == ("0.0 points", False)


def test_caveats_name_the_period_the_interval_the_bound_and_what_is_missing(crimes):
    corner_camera(crimes)
    corner_camera(crimes, azimuth=None)
    record(crimes, (5000, 0, NOON))
    said = [plain(one) for one in coverage_words.caveats(ask(crimes))]
    assert said[0] == "Incidents of 10 March 2026 to 10 March 2026."
    assert said[1].startswith("95 % interval 8.9 % to 53.2 %; at most 100.0 %"), "Wilson, 3 of 12"
    assert any(one.startswith("No street lights are loaded") for one in said)
    assert said[-1] == "1 more incidents lie outside the map."
    crimes.write(lambda connection: connection.execute(sa.update(schema.street).values(lit=True)))
    crimes.write(questions.load_of_the_map)
    assert not any("street lights" in one for one in coverage_words.caveats(ask(crimes)))


def test_notes_repeat_the_question_so_that_a_file_speaks_for_itself(crimes):
    corner_camera(crimes)
    found = ask(crimes, layers=frozenset({"city", "community"}), hours=(22, 3), light="dark")
    said = "\n".join(map(plain, coverage_words.notes(found)))
    for wanted in (
        sentence(found),
        "62.5 pixels a metre",
        "Light: in the dark. Hours: 22:00 to 3:59.",
        "Cameras: Community cameras, City cameras.",
        "Directions that count: Verified, Stated by the owner.",
        "Offences: all.",
        f"Cameras as of {found.at:%Y-%m-%d %H:%M} UTC.",
    ):
        assert wanted in said


def test_gaps_are_shown_with_headings_units_and_no_more_digits_than_are_known(crimes):
    corner_camera(crimes)
    found = ask(crimes)
    shown = coverage_words.gaps_shown(gap_table(found, "block"), found)
    assert shown.columns.tolist() == [
        "geometry",
        "Place",
        "Incidents",
        "Expected in view",
        f"Unseen harm, {found.harm_table.unit}",
        "Low",
        "High",
        "Rank at best",
        "Rank at worst",
        "Ground in view, %",
    ]
    assert shown["Place"].iloc[0] == "200 block of Maple St"
    assert shown.iloc[0][["Incidents", "Expected in view", "Rank at best"]].tolist() == [9, 0.0, 1]
    assert shown.crs == found.ground.crs


@pytest.mark.parametrize(
    ("words", "found"),
    [("maple", 4), ("  MAPLE   300 ", 1), ("block of", 16), ("", 16), ("nowhere", 0), (".*", 0), ("(", 0)],
)
def test_places_are_found_by_words_of_their_name(crimes, words, found):
    answer = ask(crimes)
    shown = coverage_words.gaps_shown(gap_table(answer, "block"), answer)
    assert len(coverage_words.with_name(shown, words)) == found


def test_a_place_in_words(crimes):
    corner_camera(crimes, days_old=days_since(datetime(2026, 5, 1, 12, tzinfo=UTC)))
    found = ask(crimes)
    table = gap_table(found, "block")

    def said(place: int) -> str:
        return plain(coverage_words.place_sentence(found, table.loc[place], card(found, "block", place)))

    assert said(11).startswith("**3 of 3 incidents** are expected to have been in view. Unseen harm 0 ")
    assert said(11).endswith("A camera that counts has seen some of it since 1 May 2026.")
    assert said(16).startswith("No such incident was recorded here in this period.")
    assert said(16).endswith("No camera that counts sees any of it.")


def test_a_place_that_a_camera_without_a_date_sees_is_not_called_unseen(crimes):
    install(crimes, "city", "[45]")
    found = ask(crimes)
    row = gap_table(found, "block").loc[11]
    assert coverage_words.place_sentence(found, row, card(found, "block", 11)).endswith(
        "A camera that counts sees some of it; nobody recorded since when."
    )


def test_a_place_without_ground_in_words(crimes):
    found = ask(crimes)
    row = gap_table(found, "block").loc[11].copy()
    row[["gap", "low", "high", "rank_low", "rank_high"]] = np.nan
    assert "Unseen harm" not in coverage_words.place_sentence(found, row, card(found, "block", 11))


def test_ranks_say_how_many_places_can_be_told_apart(crimes):
    table = gap_table(ask(crimes), "block")
    said = coverage_words.about_ranks(table, 10)
    assert "two places whose ranks overlap cannot be told apart" in said
    assert "borrows" not in said, "sixteen blocks do not tell how blocks vary"
    assert said.endswith("The 10 largest are shown; the files have all.")
    assert "largest are shown" not in coverage_words.about_ranks(table, 16)


def test_the_cameras_that_count_are_told_by_how_their_direction_is_known(crimes):
    corner_camera(crimes)
    corner_camera(crimes, azimuth=None)
    corner_camera(crimes, direction_from="assumed")
    install(crimes, "city", "[10]", hfov=None)
    found = ask(crimes)
    table = coverage_words.counted_table(found).set_index("Cameras")
    columns = ["Listed", "Verified", "Stated by the owner", "Assumed", "Pan-tilt, by presets", "Not known"]
    assert table.loc["Community cameras", columns].tolist() == [3, 0, 1, 1, 0, 1]
    assert table.loc["City cameras", [*columns, "Optics assumed"]].tolist() == [1, 0, 1, 0, 0, 0, 1]
    assert table.loc["Plate readers"].eq(0).all()
    share = len(questions.within(20.48)) / questions.PUBLIC_SAMPLES
    assert table.loc["Community cameras", "Ground in view alone, %"] == round(share * 100, 2)


def test_the_ground_in_view_is_told_at_each_level_and_light(crimes):
    corner_camera(crimes, night_vision=False)
    table = coverage_words.ground_table(ask(crimes))
    shares = [
        len(questions.within(metres)) / questions.PUBLIC_SAMPLES for metres in (51.2, 20.48, 10.24, 5.12)
    ]
    assert table["By day, %"].tolist() == [round(share * 100, 2) for share in shares]
    assert table["In the dark, %"].tolist() == [0, 0, 0, 0]


def test_no_words_are_missing_for_any_question(crimes):
    corner_camera(crimes)
    for level in coverage_words.LEVEL_WORDS:
        for light in ("any", "day", "dark"):
            asked = ask(crimes, level=level, light=light)
            assert "nan" not in " ".join(coverage_words.notes(asked)).lower()
