"""Coverage as command staff read it: a sentence with its denominator, then figures, map and tables."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from data import schema
from tests.incidents import record
from tests.pages.opening import click, open_page, words
from tests.people import COMMAND, register_camera

NOON = datetime(2026, 3, 10, 16, tzinfo=UTC)
SEEN, UNSEEN = (6.0, 4.0, NOON), (-6.0, 4.0, NOON)


@pytest.fixture
def crimes(town):
    """One camera, three of ten incidents in its view, and one far out of town."""
    register_camera(town, 0, 0, azimuth=45)
    record(town, *[SEEN] * 3, *[UNSEEN] * 7, (5000.0, 0.0, NOON))
    return town


def plain(text: str) -> str:
    """With common spaces: a figure and its unit stay on one line."""
    return text.replace("\u00a0", " ")


def sentence(shown) -> str:
    return plain(shown.main.markdown[0].value)


def figures(shown) -> dict[str, str]:
    return {metric.label: plain(metric.value) for metric in shown.metric}


@pytest.mark.usefixtures("crimes")
def test_the_answer_is_a_sentence_with_its_denominator_and_interval():
    shown = open_page("coverage", COMMAND)
    assert sentence(shown) == (
        "#### 30.0 % of 10 recorded incidents happened where a camera can show what happens (observe)."
    )
    caption = plain(shown.main.caption[1].value)
    assert caption.startswith("10 March 2026 to 10 March 2026; 95 % interval 10.8 % to 60.3 %.")
    assert "1 more incidents lie outside the map." in caption
    assert figures(shown)["Incidents in view"] == "3 of 10"
    assert figures(shown)["Cameras that count"] == "1 of 1"
    assert shown.get("deck_gl_json_chart")


@pytest.mark.usefixtures("crimes")
def test_a_click_on_a_block_shows_its_numbers():
    shown = open_page("coverage", COMMAND)
    assert "Click a block on the map for its numbers." in words(shown)
    shown = click(shown, "coverage_map", "blocks", {"id": 11})
    assert not shown.exception
    assert "300 block of Maple St" in [heading.value for heading in shown.subheader]
    assert [plain(metric.value) for metric in shown.metric][3:] == ["3 of 3", "2.1 %"]


@pytest.mark.usefixtures("crimes")
@pytest.mark.parametrize(
    "query",
    [
        {"level": "nonsense"},
        {"cameras": "nonsense"},
        {"days": "2026-99-99"},
        {"map": "x"},
        {"assumed": "maybe"},
    ],
)
def test_an_address_with_nonsense_in_it_is_no_error(query):
    shown = open_page("coverage", COMMAND)
    shown.query_params.update(query)
    shown.run()
    assert not shown.exception
    assert shown.title[0].value == "Coverage"


@pytest.mark.usefixtures("crimes")
def test_filters_change_the_answer():
    shown = open_page("coverage", COMMAND)
    shown.selectbox(key="level").select("identify").run()
    assert sentence(shown).startswith("#### 0.0 % of 10 recorded incidents")
    shown.button_group(key="cameras").set_value(["city"]).run()
    assert figures(shown)["Cameras that count"] == "0 of 0"
    shown.button_group(key="cameras").set_value([]).run()
    assert not shown.exception
    assert "at least one kind of camera" in shown.error[0].value


@pytest.mark.usefixtures("crimes")
@pytest.mark.parametrize("choice", ["Coverage", "Crime", "Both"])
def test_each_picture_on_the_map_has_its_legend(choice):
    shown = open_page("coverage", COMMAND)
    shown.button_group(key="map").set_value(choice).run()
    assert not shown.exception
    legends = " ".join(element.proto.body for element in shown.get("html"))
    assert ("A camera can show" in legends) == (choice != "Crime")
    assert (" m squares" in legends) == (choice != "Coverage")


def test_without_cameras_nothing_is_in_view_and_that_is_said(town):
    record(town, *[UNSEEN] * 10)
    shown = open_page("coverage", COMMAND)
    assert not shown.exception
    assert sentence(shown) == "#### No camera is listed yet, so nothing is in view."
    assert figures(shown)["Incidents in view"] == "0 of 10"
    assert figures(shown)["Cameras that count"] == "0 of 0"


@pytest.mark.usefixtures("town")
def test_without_incidents_it_says_what_to_load():
    shown = open_page("coverage", COMMAND)
    assert not shown.exception
    assert "Load a crime export" in shown.info[0].value


def test_without_a_map_it_says_what_to_load(crimes):
    def without_map(connection: sa.Connection) -> None:
        connection.execute(sa.update(schema.city).values(outline=None))
        connection.execute(sa.delete(schema.block))

    crimes.write(without_map)
    shown = open_page("coverage", COMMAND)
    assert not shown.exception
    assert "There is no map yet" in shown.error[0].value


@pytest.mark.usefixtures("crimes")
def test_every_block_can_be_taken_away():
    shown = open_page("coverage", COMMAND)
    (download,) = shown.get("download_button")
    assert download.proto.label == "All blocks (CSV)"


def test_no_camera_and_no_owner_is_in_what_is_sent(crimes):
    with crimes.read() as connection:
        camera = connection.execute(sa.select(schema.camera.c.id)).scalar_one()
    shown = open_page("coverage", COMMAND)
    assert all(camera not in str(element.proto) for element in shown.main if hasattr(element, "proto"))
