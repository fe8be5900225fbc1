"""The registration page without a browser: what it asks, keeps and refuses."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from data import schema
from pages.ui import registering
from pages.ui.camera_placer import REACH_M, View, _sound
from tests.pages.opening import open_page, words

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest


def press(page: AppTest, label: str) -> AppTest:
    return next(button for button in page.button if button.label == label).click().run()


def choose(page: AppTest, field: str, option: str) -> AppTest:
    return page.button_group(key=f"register {field}").set_value(option).run()


def first_step(page: AppTest) -> AppTest:
    choose(page, "owner_kind", "A resident")
    page.text_input(key="register name").input("Rosalind Quimby")
    page.text_input(key="register phone").input("770-555-0142")
    return press(page, "Next")


def errors(page: AppTest) -> list[str]:
    assert not page.exception
    return [error.value for error in page.error]


def test_the_first_thing_said_is_that_nobody_sees_the_video(town):
    page = open_page("register")
    assert not errors(page)
    assert page.info[0].value.startswith("**Registering shows nobody your video.**")
    assert [button.label for button in page.main.button] == ["Next"]


def test_a_mistake_is_named_in_one_sentence_and_nothing_typed_is_lost(town):
    page = open_page("register")
    choose(page, "owner_kind", "A business")
    page.text_input(key="register name").input("Quimby's Café <script>")
    page.text_input(key="register email").input("quimby")
    press(page, "Next")
    assert errors(page) == ["This e-mail address looks incomplete. It should look like name@example.com."]
    assert page.text_input(key="register name").value == "Quimby's Café <script>"
    assert page.text_input(key="register email").value == "quimby"
    page.text_input(key="register email").input("quimby@example.com")
    press(page, "Next")
    assert not errors(page)
    assert page.main.header[0].value == "Where is the camera?"


def test_an_address_outside_the_town_cannot_be_registered(town):
    page = first_step(open_page("register"))
    page.text_input(key="register address").input("33.70, -85.08").run()
    assert errors(page) == ["This place is not in Smalltown. Please register it with your own town."]
    press(page, "Next")
    assert errors(page) == ["This place is not in Smalltown. Please register it with your own town."]


def test_an_address_that_is_missing_is_asked_for(town):
    page = press(first_step(open_page("register")), "Next")
    assert errors(page) == ["Please say the address where the camera is."]


def test_a_camera_whose_direction_nobody_knows_is_registered_without_one(town):
    page = first_step(open_page("register"))
    page.text_input(key="register address").input("351 Maple St").run()
    press(page, "Next")
    press(page, "Next")
    assert errors(page) == ["Please choose the kind of camera. Take 'Other camera' if none fits."]
    page.radio(key="register camera_kind").set_value("Dome camera").run()
    press(page, "Next")
    assert errors(page) == ["Please say which way the camera looks, or that you don't know."]
    choose(page, "direction", registering.DIRECTIONS["unknown"])
    press(page, "Next")
    press(page, "Next")  # nothing about the footage is stated
    page.checkbox(key="register list").check().run()
    press(page, "Next")
    assert "Direction not known" in words(page)
    press(page, "Send")
    assert "Thank you. Your camera is registered." in [header.value for header in page.main.header]
    assert not errors(page)
    with town.read() as connection:
        camera = connection.execute(sa.select(schema.camera)).one()
    assert (camera.azimuth, camera.direction_from, camera.outdoor) == (None, "unknown", None)
    assert (camera.retention_hours, camera.storage, camera.night_vision, camera.audio) == (
        None,
        None,
        None,
        None,
    )

    press(page, "Register another camera")
    assert page.main.header[0].value == "Where is the camera?"
    assert page.text_input(key="register address").value == "351 Maple St"
    press(page, "Back")
    assert page.text_input(key="register name").value == "Rosalind Quimby"


def test_finishing_forgets_who_registered(town):
    page = first_step(open_page("register"))
    page.text_input(key="register address").input("351 Maple St").run()
    press(page, "Next")
    page.radio(key="register camera_kind").set_value("Dome camera").run()
    choose(page, "direction", registering.DIRECTIONS["round"])
    press(page, "Next")
    press(page, "Next")
    page.checkbox(key="register list").check().run()
    press(page, "Next")
    press(page, "Send")
    press(page, "Finish")
    assert page.main.header[0].value == "Register a camera"
    assert page.text_input(key="register name").value == ""
    assert "Rosalind" not in str(page.session_state[registering.ANSWERS])


def test_without_a_town_registration_is_not_open(no_town):
    page = open_page("register")
    assert not page.exception
    assert "Registration is not open yet" in words(page)
    assert not page.main.text_input


KNOWN = View(1.0, 2.0, 90.0)


@pytest.mark.parametrize(
    ("sent", "view"),
    [
        ({"x": 3, "y": -4.5, "azimuth": 45}, View(3.0, -4.5, 45.0)),
        ({"x": 3, "y": -4.5, "azimuth": None}, View(3.0, -4.5, None)),
        ({"x": 900, "y": -900, "azimuth": -90}, View(REACH_M, -REACH_M, 270.0)),
        ({"x": math.nan, "y": 0, "azimuth": 0}, KNOWN),
        ({"x": 0, "y": math.inf, "azimuth": 0}, KNOWN),
        ({"x": 0, "y": 0, "azimuth": math.nan}, KNOWN),
        ({"x": 0, "y": 0, "azimuth": 1e400}, KNOWN),
        ({"x": "<b>", "y": 0, "azimuth": 0}, KNOWN),
        ({"x": 0}, KNOWN),
        (["x"], KNOWN),
        (None, KNOWN),
    ],
)
def test_what_a_browser_sends_is_believed_only_as_far_as_it_can_be_true(sent, view):
    assert _sound(sent, KNOWN) == view
