"""What a person does in a browser, for every test of a page."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from playwright.sync_api import expect

from data.roles import ROLES
from tests import small_town

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from playwright.sync_api import Locator, Page

PEOPLE = {role: f"{ROLES[role]}: {name}" for role, name in small_town.STAFF}
DESK = {"viewport": {"width": 1280, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
FIRST_RUN_MS = 30_000


def choose_person(page: Page, role: str) -> None:
    """Sign in as the demo person of this role."""
    page.get_by_role("combobox", name="Person").click(timeout=FIRST_RUN_MS)
    page.get_by_role("option", name=PEOPLE[role]).click()
    page.get_by_role("button", name="Sign in", exact=True).click()


def settled(page: Page) -> None:
    """Wait until the server has answered the last thing that was done."""
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")


def pixels(canvas: Locator) -> NDArray[np.uint8]:
    """What is drawn, (height, width, 3)."""
    return np.asarray(Image.open(io.BytesIO(canvas.screenshot())).convert("RGB"))


def drawn(page: Page, canvas: Locator, colour: tuple[int, int, int], within: int = 40) -> NDArray[np.bool_]:
    """Where the canvas shows about this colour, once it does."""
    for _ in range(60):
        near = (np.abs(pixels(canvas).astype(int) - colour) <= within).all(axis=2)
        if near.any():
            return near
        page.wait_for_timeout(250)
    raise AssertionError(f"The map never showed {colour}.")


def click_map(page: Page, canvas: Locator, right: float, down: float) -> None:
    """Click so many pixels from the middle of a map: hover first, and hold the button a moment."""
    box = canvas.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2 + right, box["y"] + box["height"] / 2 + down
    page.mouse.move(x - 5, y - 5)
    page.mouse.move(x, y)
    page.wait_for_timeout(300)
    page.mouse.down()
    page.wait_for_timeout(60)
    page.mouse.up()


def shows_no_failure(page: Page) -> None:
    """No traceback, no error of ours, and nothing to scroll sideways."""
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.get_by_text("Something went wrong")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
