"""Coverage as command staff read it: a sentence with its denominator, three figures, map, card, gaps, files."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from data import schema
from tests.incidents import record
from tests.pages.opening import click, open_page, words
from tests.people import COMMAND, register_camera

NOON = datetime(2026, 3, 10, 16, tzinfo=UTC)
MIDNIGHT = NOON + timedelta(hours=12)
SEEN, UNSEEN = (6.0, 4.0), (-6.0, 4.0)


@pytest.fixture
def crimes(town):
    """One camera, three of ten incidents by day in its view, two in the dark, and one far out of town.

    Places are taken as exact, so that an incident's chance is that of its own cell.
    """
    register_camera(town, 0, 0, azimuth=45)
    record(
        town,
        *[(*SEEN, NOON)] * 3,
        *[(*UNSEEN, NOON)] * 7,
        *[(*UNSEEN, MIDNIGHT)] * 2,
        (5000.0, 0.0, NOON),
    )
    town.write(
        lambda connection: (
            connection.execute(schema.setting.insert().values(name="location_error_m", value="0")),
            connection.execute(sa.update(schema.incident).values(block_id=11, district_id=1)),
        )
    )
    return town


def plain(text: str) -> str:
    """With common spaces: a figure and its unit stay on one line."""
    return text.replace("\u00a0", " ")


def sentence(shown) -> str:
    return plain(next(element.value for element in shown.main.markdown if element.value.startswith("####")))


def figures(shown) -> dict[str, str]:
    return {metric.label: plain(metric.value) for metric in shown.metric}


@pytest.mark.usefixtures("crimes")
def test_the_answer_is_a_sentence_with_its_denominator_and_three_figures():
    shown = open_page("coverage", COMMAND)
    assert not shown.exception
    assert sentence(shown) == (
        "#### A camera could show what happens (observe) at 25.0 % of the harm of 12 recorded incidents: 30.0 % by day "
        "and 0.0 % in the dark."
    )
    assert list(figures(shown)) == [
        "Harm in view, by day",
        "Harm in view, in the dark",
        "Public ground in view, by day",
    ]
    assert figures(shown)["Harm in view, by day"] == "30.0 %"
    caveats = plain(next(caption.value for caption in shown.main.caption if "Incidents of" in caption.value))
    assert caveats.startswith(
        "Incidents of 10 March 2026 to 11 March 2026. 95 % interval 8.9 % to 53.2 %"
    )  # Wilson, 3 of 12
    assert "1 more incidents lie outside the map." in caveats
    assert "No street lights are loaded" in caveats


@pytest.mark.usefixtures("crimes")
def test_the_answer_stands_before_the_filters_as_one_reads():
    shown = open_page("coverage", COMMAND)
    kinds = [element.type for element in shown.main]
    assert kinds.index("metric") < kinds.index("button_group")
    assert kinds.index("metric") < kinds.index("selectbox")


@pytest.mark.usefixtures("crimes")
def test_figures_say_what_has_changed_since_the_last_quarter(crimes):
    register_camera(crimes, 0, 0, azimuth=315, days_old=0)
    shown = open_page("coverage", COMMAND)
    by_day = next(metric for metric in shown.metric if metric.label == "Harm in view, by day")
    assert plain(by_day.value) == "100.0 %"
    # The camera that was there before is younger than the end of the quarter, or not: the new one is in any case.
    assert plain(by_day.delta) in ("+70.0 points", "+100.0 points")


@pytest.mark.usefixtures("crimes")
def test_a_click_on_a_block_shows_its_card():
    shown = open_page("coverage", COMMAND)
    assert "Click one of the blocks for its card" in words(shown)
    shown = click(shown, "coverage_map", "blocks", {"id": 11})
    assert not shown.exception
    assert "300 block of Maple St" in [heading.value for heading in shown.subheader]
    card = plain(words(shown))
    assert "3 of 12 incidents" in card
    assert "A camera that counts has seen some of it since" in card
    kinds = next(table.value for table in shown.dataframe if "Kind" in table.value)
    assert kinds["Kind"].tolist() == ["Bullet camera"]


@pytest.mark.usefixtures("crimes")
def test_a_click_on_a_street_shows_its_card():
    shown = open_page("coverage", COMMAND)
    shown.button_group(key="clicks").set_value("Streets").run()
    shown = click(shown, "coverage_map", "streets", {"id": 1})
    assert not shown.exception
    assert any("Alabama St" in heading.value for heading in shown.subheader)


@pytest.mark.usefixtures("crimes")
@pytest.mark.parametrize(
    "query",
    [
        {"level": "nonsense"},
        {"cameras": "nonsense"},
        {"days": "2026-99-99"},
        {"light": "x"},
        {"directions": "unknown"},
        {"offences": "murder most foul"},
        {"hours": "-4"},
        {"compare": "x"},
        {"compare": "An earlier day", "earlier": "1066-10-14"},
        {"map": "x"},
        {"by": "continent"},
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
    shown.button_group(key="light").set_value("dark").run()
    assert sentence(shown).endswith("at 0.0 % of the harm of 2 recorded incidents, in the dark.")
    shown.button_group(key="light").set_value("any").run()
    shown.selectbox(key="level").select("identify").run()
    # 250 pixels a metre reach 5.12 m: 3 of the 16 samples of the cell in which 3 of the 12 happened.
    assert "4.7 % of the harm of 12 recorded incidents: 5.6 % by day" in sentence(shown)
    shown.selectbox(key="level").select("observe").run()
    shown.button_group(key="offences").set_value(["robbery"]).run()
    assert sentence(shown) == "#### No such incident was recorded in this period."
    assert figures(shown)["Harm in view, by day"] == "–"


@pytest.mark.usefixtures("crimes")
@pytest.mark.parametrize("key", ["cameras", "directions", "offences"])
def test_a_filter_that_leaves_nothing_says_what_to_choose(key):
    shown = open_page("coverage", COMMAND)
    shown.button_group(key=key).set_value([]).run()
    assert not shown.exception
    assert "Choose at least one" in shown.error[0].value


@pytest.mark.usefixtures("crimes")
@pytest.mark.parametrize(
    ("picture", "title"),
    [
        ("Coverage", "A camera can show"),
        ("Gaps", "Unseen harm of the block, at least"),
        ("Incidents", "in 100 m squares"),
        ("Chance of footage", "Chance that a camera has footage"),
    ],
)
def test_each_picture_on_the_map_has_its_legend(picture, title):
    shown = open_page("coverage", COMMAND)
    shown.button_group(key="map").set_value(picture).run()
    shown.button_group(key="over").set_value(["City cameras and plate readers", "Districts"]).run()
    assert not shown.exception
    assert title in " ".join(element.proto.body for element in shown.get("html"))
    chart = shown.get("deck_gl_json_chart")[0]
    layers = [layer["@@type"] for layer in json.loads(chart.proto.json)["layers"]]
    assert layers[0] == "BitmapLayer"
    assert "PolygonLayer" not in layers, "the browser is sent a picture, never a polygon a camera"


@pytest.mark.usefixtures("crimes")
def test_two_days_can_be_compared():
    shown = open_page("coverage", COMMAND)
    shown.selectbox(key="compare").select("earlier").run()
    assert not shown.exception
    compared = next(table.value for table in shown.dataframe if "Before" in table.value)
    by_day = compared.set_index("Figure").loc["Harm in view, by day"]
    assert [plain(value) for value in by_day] == ["0.00 %", "30.00 %", "+30.00 points"]
    legends = " ".join(element.proto.body for element in shown.get("html"))
    assert "Gained" in legends
    assert "Lost" in legends


@pytest.mark.usefixtures("crimes")
def test_proposed_cameras_are_asked_for_and_a_place_that_is_not_found_says_so():
    shown = open_page("coverage", COMMAND)
    shown.selectbox(key="compare").select("proposed").run()
    assert "Which cameras would you put up?" in words(shown)
    shown.text_input(key="proposed where").set_value("Nowhere Lane & Never St").run()
    assert not shown.exception
    assert shown.error
    shown.text_input(key="proposed where").set_value("Maple St & Oak Ave").run()
    assert not shown.exception
    add = next(button for button in shown.button if button.label == "Add this camera")
    assert add.disabled, "until it has been turned somewhere"


@pytest.mark.usefixtures("crimes")
@pytest.mark.parametrize("by", ["block", "street", "district"])
def test_the_gaps_can_be_had_by_block_street_and_district_and_as_files(by):
    shown = open_page("coverage", COMMAND)
    shown.button_group(key="by").set_value(by).run()
    assert not shown.exception
    table = next(table.value for table in shown.dataframe if "Rank at best" in table.value)
    assert len(table) == {"block": 16, "street": 40, "district": 1}[by]
    assert table["Unseen harm, days"].is_monotonic_decreasing
    labels = [button.proto.label for button in shown.get("download_button")]
    assert labels == ["Print (PDF)", "CSV", "Excel", "GeoJSON", "GeoParquet"]


@pytest.mark.usefixtures("crimes")
def test_a_place_can_be_found_by_part_of_its_name():
    shown = open_page("coverage", COMMAND)
    shown.text_input(key="find").set_value("300 MAPLE").run()
    table = next(table.value for table in shown.dataframe if "Rank at best" in table.value)
    assert table["Place"].tolist() == ["300 block of Maple St"]
    shown.text_input(key="find").set_value("no such (place").run()
    assert not shown.exception


def test_without_cameras_nothing_is_in_view_and_that_is_said(town):
    record(town, *[(*UNSEEN, NOON)] * 10)
    shown = open_page("coverage", COMMAND)
    assert not shown.exception
    assert sentence(shown) == "#### No camera is listed yet, so nothing is in view."
    assert figures(shown)["Public ground in view, by day"] == "0.0 %"


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


def test_no_camera_and_no_owner_is_in_what_is_sent(crimes):
    with crimes.read() as connection:
        camera = connection.execute(sa.select(schema.camera)).one()
    shown = open_page("coverage", COMMAND)
    shown.button_group(key="over").set_value(["City cameras and plate readers"]).run()
    shown = click(shown, "coverage_map", "blocks", {"id": 11})
    sent = io.StringIO()
    for element in shown.main:
        sent.write(str(getattr(element, "proto", "")))
    assert camera.id not in sent.getvalue()
    assert f"{camera.lon:.5f}" not in sent.getvalue()
    assert camera.owner_id not in sent.getvalue()
