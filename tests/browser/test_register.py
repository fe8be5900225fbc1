"""Registering a camera on a phone, from the first page to the rows that are kept."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from playwright.sync_api import Locator, Page, expect

from data import schema
from tests import small_town
from workflow.ledger import check_receipt

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.conftest import Server

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
PERSONAL = ("Rosalind Quimby", "rosalind@quimby.example", "770-555-0142")


@pytest.fixture
def phone(open_page: Callable[..., Page], server: Server) -> Page:
    page = open_page(**PHONE)
    page.goto(f"{server.url}/register")
    expect(page.get_by_text("Step 1 of 6")).to_be_visible(timeout=20_000)
    return page


def settled(page: Page) -> None:
    """Wait until the server has answered the last thing that was done."""
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")


def press(page: Page, name: str) -> None:
    settled(page)
    page.get_by_role("button", name=name, exact=True).click()


def at_step(page: Page, number: int) -> None:
    expect(page.get_by_text(f"Step {number} of 6")).to_be_visible()
    settled(page)


def choose(page: Page, name: str) -> None:
    settled(page)
    page.get_by_text(name, exact=True).click()


def fill(page: Page, label: str, words: str) -> None:
    settled(page)
    field = page.get_by_role("textbox", name=label)
    field.fill(words)
    field.press("Enter")


def direction(page: Page) -> Locator:
    return page.get_by_role("slider", name="Direction of the camera")


def drag(page: Page, what: str, east: float, north: float) -> None:
    """Drag part of the picture so many metres."""
    picture = page.locator(".placer svg").bounding_box()
    box = page.locator(f".placer {what}").bounding_box()
    assert picture
    assert box
    pixels = picture["width"] / 120
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + east * pixels / 2, y - north * pixels / 2)
    page.mouse.move(x + east * pixels, y - north * pixels)
    page.mouse.up()


def swipe(page: Page, what: str, right: float, down: float) -> None:
    """Draw a thumb so many pixels from a part of the picture. The page must not scroll under it."""
    box = page.locator(f".placer {what}").bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    thumb = page.context.new_cdp_session(page)
    for kind, share in (("touchStart", 0.0), ("touchMove", 0.3), ("touchMove", 0.7), ("touchMove", 1.0)):
        points = [{"x": x + share * right, "y": y + share * down}]
        thumb.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    thumb.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    after = page.locator(f".placer {what}").bounding_box()
    assert after
    assert after["y"] > y, "the knob followed the thumb, and the page stayed"


def to_the_map(page: Page) -> None:
    """The first two steps, as far as the picture."""
    choose(page, "A resident")
    fill(page, "Your name", PERSONAL[0])
    fill(page, "E-mail", PERSONAL[1])
    fill(page, "Phone", PERSONAL[2])
    press(page, "Next")
    at_step(page, 2)
    fill(page, "Address of the camera", "351 Maple Street")
    expect(page.locator(".placer .dot")).to_be_visible()
    settled(page)


def to_the_direction(page: Page) -> None:
    """On to the third step, with the picture that turns."""
    to_the_map(page)
    press(page, "Next")
    at_step(page, 3)
    choose(page, "Doorbell camera")
    choose(page, "Outside")
    choose(page, "I will show it on the map")
    expect(direction(page)).to_have_attribute("aria-valuetext", "No direction chosen yet")
    settled(page)


def test_a_camera_is_registered_on_a_phone(phone, server, tmp_path):  # noqa: PLR0915 - one long journey
    to_the_map(phone)
    drag(phone, ".dot-grip", 4, -1)
    expect(phone.get_by_text("The dot is 4 m east and 1 m south of the address.")).to_be_visible()
    press(phone, "Next")
    at_step(phone, 3)

    choose(phone, "Doorbell camera")
    choose(phone, "Outside")
    choose(phone, "I will show it on the map")
    press(phone, "Next")
    expect(phone.get_by_text("Please show the direction")).to_be_visible()  # nothing was guessed
    direction(phone).focus()
    direction(phone).press("ArrowLeft")
    expect(direction(phone)).to_have_attribute("aria-valuetext", "Camera looks south, 175 degrees")
    direction(phone).press("ArrowRight")
    direction(phone).press("ArrowRight")
    expect(direction(phone)).to_have_attribute("aria-valuenow", "185")
    settled(phone)
    phone.locator(".placer svg").scroll_into_view_if_needed()
    drag(phone, ".knob-grip", -30, 26)  # from straight south to the west
    turned = int(direction(phone).get_attribute("aria-valuenow") or 0)
    assert 250 < turned < 290
    press(phone, "Turn right")
    expect(direction(phone)).to_have_attribute("aria-valuenow", str(turned + 15))
    turned += 15

    press(phone, "Back")  # twice back and on again: nothing is lost
    at_step(phone, 2)
    press(phone, "Back")
    at_step(phone, 1)
    for label, words in zip(("Your name", "E-mail", "Phone"), PERSONAL, strict=True):
        expect(phone.get_by_role("textbox", name=label)).to_have_value(words)
    press(phone, "Next")
    at_step(phone, 2)
    expect(phone.get_by_text("The dot is 4 m east and 1 m south of the address.")).to_be_visible()
    press(phone, "Next")
    at_step(phone, 3)
    expect(direction(phone)).to_have_attribute("aria-valuenow", str(turned))
    press(phone, "Next")

    at_step(phone, 4)
    choose(phone, "3 days")
    choose(phone, "The maker's cloud")
    press(phone, "Next")
    at_step(phone, 5)
    assert phone.get_by_role("checkbox", checked=True).count() == 0
    press(phone, "Next")
    expect(phone.get_by_text("please agree to that")).to_be_visible()
    for words in ("The police may see that this camera exists", "The police may ask me for footage"):
        settled(phone)
        phone.get_by_text(words).click()
        expect(phone.get_by_role("checkbox", name=words)).to_be_checked()
    press(phone, "Next")

    at_step(phone, 6)
    for words in (*PERSONAL, "351 Maple Street", "Kept for: 3 days", "Records sound: not sure"):
        expect(phone.get_by_text(words, exact=True)).to_be_visible()
    assert PERSONAL[0] not in phone.url
    press(phone, "Send")
    expect(phone.get_by_text("Thank you. Your camera is registered.")).to_be_in_viewport()
    settled(phone)
    with phone.expect_download() as download:
        phone.get_by_role("button", name="Save the receipt").click()
    download.value.save_as(tmp_path / "receipt.json")
    with phone.expect_download() as download:
        phone.get_by_role("button", name="Save this page").click()
    download.value.save_as(tmp_path / "page.txt")
    reference = phone.get_by_test_id("stCode").inner_text().strip()

    with server.records() as store:
        with store.read() as connection:
            owner = connection.execute(sa.select(schema.owner)).one()
            camera = connection.execute(sa.select(schema.camera)).one()
            consents = connection.execute(sa.select(schema.consent.c.purpose)).scalars().all()
            leaves = connection.execute(sa.select(schema.ledger_entry.c.leaf)).scalars().all()
        receipt = (tmp_path / "receipt.json").read_text()
        assert check_receipt(store, receipt) == ()
    assert camera.id == reference
    assert camera.owner_id == owner.id
    assert (camera.azimuth, camera.direction_from, camera.outdoor) == (turned, "stated", True)
    assert (camera.retention_hours, camera.storage, camera.audio) == (72.0, "cloud", None)
    assert sorted(consents) == ["ask", "list"]
    assert small_town.metres(camera.lon, camera.lat) == pytest.approx((65, 13), abs=0.6)
    assert [json.loads(leaf)["act"] for leaf in leaves] == ["camera.register"]
    kept = receipt + (tmp_path / "page.txt").read_text() + server.log
    assert reference in kept
    assert not any(words in kept for words in (*PERSONAL, "351 Maple"))


def test_the_view_is_cut_at_houses_and_round_cameras_have_nothing_to_turn(phone):
    to_the_direction(phone)
    press(phone, "Turn left")
    settled(phone)
    seen = phone.locator(".placer .seen")
    across_the_street = reach_south(seen)
    assert across_the_street < 24  # a doorbell notices people at 23 m
    doorbell = seen.get_attribute("d") or ""
    choose(phone, "Bullet camera")
    expect(seen).not_to_have_attribute("d", doorbell)
    direction(phone).focus()
    for _ in range(3):
        direction(phone).press("ArrowRight")
    expect(direction(phone)).to_have_attribute("aria-valuenow", "180")
    assert middle_depth(seen) == pytest.approx(28, abs=0.2)  # the house opposite begins 28 m away
    choose(phone, "It sees all round")
    expect(direction(phone)).to_have_count(0)
    expect(phone.get_by_text("The camera sees all round.")).to_be_visible()
    expect(phone.locator(".placer .knob")).to_be_hidden()


def test_a_direction_can_be_given_by_a_tap_and_by_a_thumb(phone):
    to_the_direction(phone)
    picture = phone.locator(".placer svg")
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    assert box
    phone.touchscreen.tap(box["x"] + box["width"] * 0.9, box["y"] + box["height"] / 2)
    expect(direction(phone)).to_have_attribute("aria-valuetext", "Camera looks east, 90 degrees")
    swipe(phone, ".knob-grip", 0, 160)
    expect(direction(phone)).to_have_attribute("aria-valuetext", re.compile("looks south-east"))
    direction(phone).focus()
    direction(phone).press("Shift+ArrowRight")
    direction(phone).press("Tab")
    settled(phone)
    press(phone, "Back")
    expect(phone.get_by_text("The dot is 1 m east of the address.")).to_be_visible()


def test_a_misspelt_address_is_offered_as_it_should_be(phone):
    choose(phone, "A resident")
    fill(phone, "Your name", "<b>=Mallory</b>")
    fill(phone, "Phone", "12")
    press(phone, "Next")
    expect(phone.get_by_text("This phone number looks incomplete")).to_be_in_viewport()
    expect(phone.get_by_role("textbox", name="Your name")).to_have_value("<b>=Mallory</b>")
    fill(phone, "Phone", PERSONAL[2])
    press(phone, "Next")
    at_step(phone, 2)
    fill(phone, "Address of the camera", "351 Mapel St")
    press(phone, "351 Maple St")
    expect(phone.locator(".placer .dot")).to_be_visible()
    expect(phone.get_by_text("There is no street")).to_have_count(0)
    expect(phone.get_by_role("textbox", name="Address of the camera")).to_have_value("351 Maple St")


def corners(seen: Locator) -> list[tuple[float, float]]:
    """The outline of the view as points, east and south."""
    numbers = re.findall(r"-?\d+(?:\.\d+)?", seen.get_attribute("d") or "")
    return list(zip(map(float, numbers[::2]), map(float, numbers[1::2]), strict=True))


def reach_south(seen: Locator) -> float:
    """How far south of the camera, which is the last corner, the view reaches."""
    points = corners(seen)
    return max(south for _, south in points) - points[-1][1]


def middle_depth(seen: Locator) -> float:
    """How far the middle ray goes."""
    points = corners(seen)
    east, south = points[(len(points) - 2) // 2]
    return ((east - points[-1][0]) ** 2 + (south - points[-1][1]) ** 2) ** 0.5
