"""Coverage in a real browser: the map is drawn, a block can be clicked, the address holds the question, files come."""

from __future__ import annotations

import io
import re
import shutil
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import expect

from data import schema
from data.store import open_store
from tests.browser import person
from tests.browser.conftest import Server
from tests.incidents import record
from tests.people import register_camera

NOON = datetime(2026, 3, 10, 16, tzinfo=UTC)
OBSERVED = (60, 165, 165)  # the colour of what can be observed, over a light map


@pytest.fixture(scope="module")
def server(town, key_file, tmp_path_factory):
    """A server of the small town with four cameras that look across it, and incidents at exact places."""
    file = tmp_path_factory.mktemp("coverage") / "porchlight.duckdb"
    shutil.copy(town, file)
    store = open_store(f"duckdb:///{file}", key_file)
    for azimuth in (45, 135, 225, 315):
        register_camera(store, 0, 0, azimuth)
    record(store, *[(6.0, 4.0, NOON)] * 3, *[(60.0, 60.0, NOON)] * 7)
    store.write(
        lambda connection: (
            connection.execute(schema.setting.insert().values(name="location_error_m", value="0")),
            connection.execute(schema.incident.update().values(block_id=11, district_id=1)),
        )
    )
    store.close()
    running = Server(file, key_file)
    running.start()
    yield running
    running.stop()


def open_coverage(open_page, server, **options):
    page = open_page(**options)
    page.goto(f"{server.url}/coverage")
    person.choose_person(page, "command")
    expect(page.get_by_role("heading", name="of the harm of 10 recorded incidents")).to_be_visible(
        timeout=person.FIRST_RUN_MS
    )
    return page


@pytest.mark.parametrize("size", [person.DESK, person.PHONE], ids=["desk", "phone"])
def test_the_map_is_drawn_and_a_block_shows_its_card(server, open_page, size):
    page = open_coverage(open_page, server, **size)
    expect(page.get_by_test_id("stMetricValue").filter(has_text=re.compile(r"^30\.0.%$"))).to_be_visible()
    canvas = page.get_by_test_id("stDeckGlJsonChart")
    canvas.scroll_into_view_if_needed()
    covered = person.drawn(page, canvas, OBSERVED)
    rows, columns = covered.nonzero()
    # The cameras stand in the middle of the town, which is the middle of the map.
    assert abs(rows.mean() - covered.shape[0] / 2) < 25
    assert abs(columns.mean() - covered.shape[1] / 2) < 25
    assert len(set(map(tuple, person.pixels(canvas).reshape(-1, 3)))) > 20, (
        "streets, houses, blocks and cameras"
    )
    person.click_map(page, canvas, 40, -40)
    expect(page.get_by_role("heading", name="300 block of Maple St")).to_be_visible()
    expect(page.get_by_text("3 of 10 incidents")).to_be_visible()
    person.shows_no_failure(page)
    assert "Traceback" not in server.log


def test_the_answer_is_the_first_thing_seen_on_a_phone(server, open_page):
    page = open_coverage(open_page, server, **person.PHONE)
    figure = page.get_by_test_id("stMetric").first.bounding_box()
    filters = page.get_by_role("combobox", name="A camera must show").bounding_box()
    assert figure["y"] + figure["height"] < person.PHONE["viewport"]["height"]
    assert figure["y"] < filters["y"]


def test_the_address_holds_the_question(server, open_page):
    page = open_coverage(open_page, server, **person.DESK)
    page.get_by_role("combobox", name="A camera must show").click()
    page.get_by_role("option", name="who a stranger is (identify)").click()
    expect(page.get_by_role("heading", name="who a stranger is (identify)")).to_be_visible()
    page.get_by_role("button", name="Cameras and offences").click()
    page.get_by_role("button", name="Plate readers", exact=True).click()
    expect(page).to_have_url(
        re.compile(r"cameras=Community.*cameras=City.*level=who|level=who.*cameras=Community")
    )
    other = open_page(**person.DESK)
    other.goto(page.url)
    person.choose_person(other, "auditor")
    expect(other.get_by_role("heading", name="who a stranger is (identify)")).to_be_visible()
    other.get_by_role("button", name="Cameras and offences").click()
    expect(other.get_by_role("button", name="Plate readers", exact=True)).to_have_attribute(
        "aria-pressed", "false"
    )


def test_the_map_follows_the_readers_theme(server, open_page):
    page = open_coverage(open_page, server, **person.DESK, color_scheme="dark")
    canvas = page.get_by_test_id("stDeckGlJsonChart")
    canvas.scroll_into_view_if_needed(timeout=person.FIRST_RUN_MS)
    ground = person.drawn(page, canvas, (23, 27, 32), within=6)
    assert ground.mean() > 0.1


def taken(page, label: str) -> bytes:
    """What the browser is given when this file is asked for."""
    with page.expect_download() as download:
        page.get_by_role("button", name=label, exact=True).click()
    return Path(download.value.path()).read_bytes()


def test_the_gaps_and_the_print_can_be_taken_away(server, open_page):
    page = open_coverage(open_page, server, **person.DESK, accept_downloads=True)
    assert taken(page, "Print (PDF)").startswith(b"%PDF-")
    assert b"300 block of Maple St" in taken(page, "CSV")
    assert "xl/workbook.xml" in zipfile.ZipFile(io.BytesIO(taken(page, "Excel"))).namelist()
    assert b'"FeatureCollection"' in taken(page, "GeoJSON")
    assert taken(page, "GeoParquet").startswith(b"PAR1")
    person.shows_no_failure(page)


def test_a_camera_is_proposed_turned_and_counted(server, open_page):
    page = open_coverage(open_page, server, **person.DESK)
    page.get_by_role("combobox", name="Compare with").click()
    page.get_by_role("option", name="Proposed cameras").click()
    where = page.get_by_role("textbox", name="Where")
    where.fill("Dixie St & Walnut Ave")
    where.press("Enter")
    turn = page.get_by_role("slider", name="Direction of the camera")
    expect(turn).to_be_visible()
    turn.focus()
    turn.press("ArrowRight")
    add = page.get_by_role("button", name="Add this camera")
    expect(add).to_be_enabled()
    add.click()
    expect(page.get_by_role("button", name="Take it away")).to_be_visible()
    legend = page.get_by_text("Gained")
    legend.scroll_into_view_if_needed()
    expect(legend).to_be_visible()
    person.shows_no_failure(page)
