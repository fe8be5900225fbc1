"""A lookup in a real browser, from the purpose to the entries that it leaves."""

from __future__ import annotations

import json
import re
import shutil

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from data import schema
from data.store import open_store
from tests.browser import person
from tests.browser.conftest import Server
from tests.people import EMAIL, NAME, PHONE, register_camera

WHITE_ON_GREEN = (0, 158, 115)  # a community camera on the map


@pytest.fixture
def server(town, key_file, tmp_path):
    """A server of the small town: two cameras see the crossing in the middle, one the street east of it."""
    file = tmp_path / "porchlight.duckdb"
    shutil.copy(town, file)
    store = open_store(f"duckdb:///{file}", key_file)
    register_camera(store, 5, 5, azimuth=225, retention_hours=10)
    register_camera(store, -30, 30, azimuth=135)
    register_camera(store, 45, 6, azimuth=110)
    store.close()
    running = Server(file, key_file)
    running.start()
    yield running
    running.stop()


def state_the_purpose(page) -> None:
    offence = page.get_by_role("combobox", name="Offence")
    offence.click(timeout=person.FIRST_RUN_MS)
    offence.fill("Theft From Motor")
    page.get_by_role("option", name="Theft From Motor Vehicle (23F)").click()
    person.settled(page)
    reference = page.get_by_role("textbox", name="Case or call number")
    reference.fill("26-001234")
    reference.press("Enter")
    expect(page.get_by_role("textbox", name="Address, intersection or coordinates")).to_be_visible()
    person.settled(page)


def entries(server) -> list[dict]:
    with server.records() as store, store.read() as connection:
        entry = schema.ledger_entry
        return [
            json.loads(leaf)
            for leaf in connection.execute(sa.select(entry.c.leaf).order_by(entry.c.position)).scalars()
        ]


def test_at_a_desk_a_typed_place_leads_to_the_cameras_and_one_contact_at_a_time(server, open_page):
    page = open_page(**person.DESK)
    page.goto(f"{server.url}/look_up")
    person.choose_person(page, "officer")
    expect(page.get_by_text("Say first what this is for")).to_be_visible(timeout=person.FIRST_RUN_MS)
    state_the_purpose(page)
    find = page.get_by_role("button", name="Find cameras")
    expect(find).to_be_disabled()
    place = page.get_by_role("textbox", name="Address, intersection or coordinates")
    place.fill("Maple St & Oak Ave")
    place.press("Enter")
    expect(find).to_be_enabled()
    find.click()
    expect(page.get_by_role("heading", name="3 cameras stand here, and 2 see the place.")).to_be_visible()
    expect(page.get_by_text("Footage will be overwritten in 10 h.")).to_be_visible()
    expect(page.get_by_text("Chance that at least one camera has footage: about")).to_be_visible()
    expect(page.get_by_text("Chance of footage about")).to_have_count(2)
    expect(page.get_by_text("Chance of footage of its own view about")).to_have_count(1)
    canvas = page.get_by_test_id("stDeckGlJsonChart")
    canvas.scroll_into_view_if_needed()
    person.drawn(page, canvas, WHITE_ON_GREEN)
    expect(page.get_by_text(NAME)).to_have_count(0)
    page.get_by_role("button", name="Show whom to ask").first.click()
    expect(page.get_by_text(NAME)).to_have_count(1)
    expect(page.get_by_role("link", name="Call")).to_have_attribute("href", "tel:7705550134")
    expect(page.get_by_role("link", name="Write")).to_have_attribute("href", f"mailto:{EMAIL}")
    expect(page.get_by_role("button", name="Show whom to ask")).to_have_count(1)
    person.shows_no_failure(page)
    assert NAME not in page.url
    log = server.log
    assert not [private for private in (NAME, EMAIL, PHONE, "Traceback") if private in log]
    told = entries(server)
    assert [entry["act"] for entry in told] == ["session.start", "lookup.search", "lookup.contact"]
    assert [len(entry["subjects"]) for entry in told] == [0, 3, 3]
    assert {entry["actor"] for entry in told} == {"officer1"}
    assert told[2]["purpose"] == {"offence": "23F", "reference": "26-001234"}


def test_on_a_phone_a_click_on_a_street_is_a_place(server, open_page):
    page = open_page(**person.PHONE)
    page.goto(f"{server.url}/look_up")
    person.choose_person(page, "supervisor")
    state_the_purpose(page)
    page.get_by_text("Click a street on the map instead").click()
    canvas = page.get_by_test_id("stDeckGlJsonChart")
    expect(canvas).to_be_visible()
    canvas.scroll_into_view_if_needed()
    person.drawn(page, canvas, (198, 203, 209), within=20)
    # The town is in the middle of the map; Maple St runs through it from west to east.
    person.click_map(page, canvas, 25, 0)
    expect(page.get_by_text(re.compile("block of Maple St"))).to_be_visible()
    find = page.get_by_role("button", name="Find cameras")
    expect(find).to_be_enabled()
    person.settled(page)
    find.click()
    expect(page.get_by_role("heading", name="3 cameras stand here, and 1 sees the place.")).to_be_visible()
    person.shows_no_failure(page)
    page.get_by_role("button", name="Show whom to ask").first.click()
    expect(page.get_by_role("link", name="Call")).to_be_visible()
    call = page.get_by_role("link", name="Call").bounding_box()
    assert call is not None
    assert call["height"] >= 36, "large enough for a thumb"
    assert [entry["act"] for entry in entries(server)] == ["session.start", "lookup.search", "lookup.contact"]
