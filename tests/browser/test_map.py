"""The map in a real browser: drawn from tiles of our own, a little at a time."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser import person

HOUSE = (223, 225, 228)  # the colour of buildings on a light map
TILE = re.compile(r"/map/\d+/(?:street/)?\d+/\d+/\d+\.(?:mvt|geojson)$")


@pytest.mark.parametrize("size", [person.DESK, person.PHONE], ids=["desk", "phone"])
def test_houses_are_drawn_from_tiles_and_nothing_else_is_asked_for(server, open_page, size):
    page = open_page(**size)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{server.url}/look_up")
    person.choose_person(page, "officer")
    offence = page.get_by_role("combobox", name="Offence")
    offence.click(timeout=person.FIRST_RUN_MS)
    offence.fill("Theft From Motor")
    page.get_by_role("option", name="Theft From Motor Vehicle (23F)").click()
    person.settled(page)
    reference = page.get_by_role("textbox", name="Case or call number")
    reference.fill("26-001234")
    reference.press("Enter")
    page.get_by_text("Click a street on the map instead").click()
    canvas = page.get_by_test_id("stDeckGlJsonChart")
    canvas.scroll_into_view_if_needed()
    houses = person.drawn(page, canvas, HOUSE, within=2)
    assert houses.sum() > 32 * 20, "each of 32 houses"
    addresses = [address for address in asked if "/map/" in address]
    assert any(address.endswith(".mvt") for address in addresses)
    assert any(address.endswith(".geojson") for address in addresses)
    assert all(TILE.search(address) for address in addresses)
    expect(page.get_by_test_id("stException")).to_have_count(0)
