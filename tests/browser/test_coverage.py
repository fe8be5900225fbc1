"""Coverage in a real browser: the map is drawn, a block can be clicked, and the address holds the question."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from data.store import open_store
from tests.browser import person
from tests.browser.conftest import Server
from tests.incidents import record
from tests.people import register_camera

NOON = datetime(2026, 3, 10, 16, tzinfo=UTC)
OBSERVED = (60, 165, 165)  # the colour of what can be observed, over a light map


@pytest.fixture(scope="module")
def server(town, key_file, tmp_path_factory):
    """A server of the small town with four cameras that look across it, and incidents."""
    file = tmp_path_factory.mktemp("coverage") / "porchlight.duckdb"
    shutil.copy(town, file)
    store = open_store(f"duckdb:///{file}", key_file)
    for azimuth in (45, 135, 225, 315):
        register_camera(store, 0, 0, azimuth)
    record(store, *[(6.0, 4.0, NOON)] * 3, *[(60.0, 60.0, NOON)] * 7)
    store.close()
    running = Server(file, key_file)
    running.start()
    yield running
    running.stop()


@pytest.mark.parametrize("size", [person.DESK, person.PHONE], ids=["desk", "phone"])
def test_the_map_is_drawn_and_a_block_shows_its_numbers(server, open_page, size):
    page = open_page(**size)
    page.goto(f"{server.url}/coverage")
    person.choose_person(page, "command")
    expect(page.get_by_role("heading", name="of 10 recorded incidents happened where")).to_be_visible()
    expect(page.get_by_text("95 % interval")).to_be_visible()
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
    expect(page.get_by_test_id("stMetricValue").filter(has_text=re.compile("^3 of 10$"))).to_have_count(2)
    person.shows_no_failure(page)
    assert "Traceback" not in server.log


def test_the_address_holds_the_question(server, open_page):
    page = open_page(**person.DESK)
    page.goto(f"{server.url}/coverage")
    person.choose_person(page, "command")
    page.get_by_role("combobox", name="A camera must show").click(timeout=person.FIRST_RUN_MS)
    page.get_by_role("option", name="who a stranger is (identify)").click()
    expect(page.get_by_role("heading", name="who a stranger is (identify)")).to_be_visible()
    page.get_by_role("button", name="Plate readers").click()
    expect(page).to_have_url(re.compile(r"cameras=Community.*cameras=City.*level=who"))
    other = open_page(**person.DESK)
    other.goto(page.url)
    person.choose_person(other, "auditor")
    expect(other.get_by_role("heading", name="who a stranger is (identify)")).to_be_visible()
    expect(other.get_by_role("button", name="Plate readers")).to_have_attribute("aria-pressed", "false")


def test_the_map_follows_the_readers_theme(server, open_page):
    page = open_page(**person.DESK, color_scheme="dark")
    page.goto(f"{server.url}/coverage")
    person.choose_person(page, "command")
    canvas = page.get_by_test_id("stDeckGlJsonChart")
    canvas.scroll_into_view_if_needed(timeout=person.FIRST_RUN_MS)
    ground = person.drawn(page, canvas, (23, 27, 32), within=6)
    assert ground.mean() > 0.1
