"""Look up: purpose first, then place and time; whom to ask only when asked for, each time recorded."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from data import schema
from tests.pages.opening import click, open_page, words
from tests.people import EMAIL, NAME, OFFICER, PHONE, register_camera, withdraw
from workflow import identity


@pytest.fixture
def form(town):
    """The page, with all said but the place."""
    return stated(open_page("look_up", OFFICER))


def stated(shown, reference: str = "26-001234"):
    shown.selectbox(key="offence").select("23F")
    shown.text_input(key="reference").input(reference)
    return shown.run()


def at(shown, place: str):
    """With the place as well."""
    shown.text_input(key="place").input(place)
    return shown.run()


def press(shown, label: str):
    next(button for button in shown.main.button if button.label == label).click()
    return shown.run()


def acts(store) -> list[tuple[str, str]]:
    with store.read() as connection:
        entry = schema.ledger_entry
        leaves = connection.execute(sa.select(entry.c.leaf).order_by(entry.c.position)).scalars()
        entries = [json.loads(leaf) for leaf in leaves]
    return [(entry["act"], entry["outcome"]) for entry in entries if entry["act"].startswith("lookup.")]


def break_ledger(store) -> None:
    """From now on no entry can be written."""
    with store.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE ledger_entry RENAME TO ledger_entry_lost"))


def labels(shown) -> list[str]:
    return [button.label for button in shown.main.button]


@pytest.mark.usefixtures("town")
def test_before_its_purpose_is_stated_nothing_can_be_looked_up():
    shown = open_page("look_up", OFFICER)
    assert "Say first what this is for" in shown.info[0].value
    assert [element.key for element in shown.main.text_input] == ["reference"]
    assert shown.main.button[0].disabled


def test_without_a_place_nothing_can_be_looked_up(form):
    assert not form.info
    assert form.main.button[0].disabled


def test_cameras_stand_in_the_order_of_who_may_have_seen_it(town, form):
    register_camera(town, 30, 30, azimuth=45)
    register_camera(town, 5, 5, azimuth=225, retention_hours=10)
    shown = press(at(form, "Maple St & Oak Ave"), "Find cameras")
    assert not shown.exception
    assert shown.main.markdown[0].value.startswith("#### 2 cameras stand here, and 1 sees the place.")
    ranked = [element.value for element in shown.main.markdown if re.match(r"\*\*\d+\. ", element.value)]
    assert ranked[0].startswith("**1. ")
    assert "7 m away. Sees " in ranked[0]
    assert "Does not see the place" in ranked[1]
    assert "Footage will be overwritten in 10 h" in words(shown)
    assert "Recorded as entry" in words(shown)
    assert acts(town) == [("lookup.search", "done")]


def test_the_chance_of_footage_stands_at_the_head_and_beside_each_camera(town, form):
    register_camera(town, -8, -8, azimuth=45)
    register_camera(town, 8, 8, azimuth=225)
    register_camera(town, 5, 5, azimuth=225, purposes=("list",))
    shown = press(at(form, "Maple St & Oak Ave"), "Find cameras")
    assert not shown.exception
    told = words(shown).replace("\u00a0", " ")
    assert re.search(
        r"\*\*Chance that at least one camera has footage: about \d+ % \(range \d+ to \d+ %\)\.\*\*", told
    )
    assert "Counts 2 cameras that show what happens there by day, as if each failed on its own" in told
    each = re.findall(
        r"\*\*Chance of footage about \d+ %:\*\* place in view .* × owner agrees 70 % \(assumed\)\.", told
    )
    assert len(each) == 2, "and none of the camera whose owner does not wish to be asked"


def test_where_no_camera_sees_the_place_there_is_no_chance_to_speak_of(town, form):
    register_camera(town, 30, 30, azimuth=45)
    shown = press(at(form, "Maple St & Oak Ave"), "Find cameras")
    assert "at least one camera" not in words(shown)


def test_nobody_is_named_before_the_button_is_pressed_and_each_press_is_recorded(town, form):
    register_camera(town, 5, 5, azimuth=225)
    register_camera(town, -6, -6, azimuth=45)
    shown = press(at(form, "Maple St & Oak Ave"), "Find cameras")
    for private in (NAME, EMAIL, PHONE, "251 Maple St"):
        assert private not in str(shown)
    assert labels(shown).count("Show whom to ask") == 2
    shown = press(shown, "Show whom to ask")
    (contact,) = shown.text
    assert contact.value == f"{NAME}\n{PHONE}\n{EMAIL}\n251 Maple St"
    assert [link.proto.url for link in shown.get("link_button")] == ["tel:7705550134", f"mailto:{EMAIL}"]
    assert labels(shown).count("Show whom to ask") == 1
    assert acts(town) == [("lookup.search", "done"), ("lookup.contact", "done")]


def test_looking_again_forgets_whom_one_was_shown(town, form):
    register_camera(town, 5, 5, azimuth=225)
    shown = press(press(at(form, "Maple St & Oak Ave"), "Find cameras"), "Show whom to ask")
    assert shown.text
    shown = press(shown, "Find cameras")
    assert not shown.text
    assert acts(town)[-1] == ("lookup.search", "done")


def test_an_owner_who_does_not_wish_to_be_asked_has_no_button(town, form):
    camera = register_camera(town, 5, 5, azimuth=225)
    withdrawn_later = register_camera(town, -6, -6, azimuth=45)
    withdraw(town, camera, "ask")
    shown = press(at(form, "Maple St & Oak Ave"), "Find cameras")
    assert "The owner does not wish to be asked." in words(shown)
    assert labels(shown).count("Show whom to ask") == 1
    withdraw(town, withdrawn_later, "ask")
    shown = press(shown, "Show whom to ask")
    assert "does not agree to be asked" in shown.error[0].value
    assert NAME not in str(shown)
    assert acts(town)[-1] == ("lookup.contact", "refused")


def test_when_the_ledger_fails_a_sentence_is_shown_and_no_camera(town, form):
    register_camera(town, 5, 5, azimuth=225)
    form = at(form, "Maple St & Oak Ave")
    break_ledger(town)
    shown = press(form, "Find cameras")
    assert not shown.exception
    assert shown.error[0].value.startswith("The ledger cannot be written")
    assert not [element for element in shown.main.markdown if element.value.startswith("####")]
    assert not shown.main.get("deck_gl_json_chart")
    assert "Show whom to ask" not in labels(shown)


def test_when_the_ledger_fails_later_nobody_is_named(town, form):
    register_camera(town, 5, 5, azimuth=225)
    shown = press(at(form, "Maple St & Oak Ave"), "Find cameras")
    break_ledger(town)
    shown = press(shown, "Show whom to ask")
    assert shown.error[0].value.startswith("The ledger cannot be written")
    assert NAME not in str(shown)


def test_a_purpose_that_is_none_is_refused_in_a_sentence(town):
    shown = at(stated(open_page("look_up", OFFICER), reference="curious"), "Maple St & Oak Ave")
    shown = press(shown, "Find cameras")
    assert "Give the case or call number this is for, such as 26-001234." in shown.error[0].value
    assert acts(town) == [("lookup.search", "failed")]


def test_a_place_that_is_not_there_is_a_sentence(form):
    shown = at(form, "Nowhere Blvd & Elsewhere Rd")
    assert not shown.exception
    assert shown.error
    assert shown.main.button[0].disabled


def test_a_click_on_the_map_of_streets_is_a_place(town, form):
    register_camera(town, 5, 5, azimuth=225)
    form.toggle(key="by_map").set_value(True).run()
    shown = click(form, "street_map", "streets", {"id": 10})
    assert not shown.exception
    assert "block of" in words(shown)
    button = next(button for button in shown.main.button if button.label == "Find cameras")
    assert not button.disabled
    button.click()
    shown = click(shown, "street_map", "streets", {"id": 10})
    assert acts(town) == [("lookup.search", "done")]


def test_a_click_on_a_street_that_is_gone_is_a_sentence(form):
    form.toggle(key="by_map").set_value(True).run()
    shown = click(form, "street_map", "streets", {"id": 99_999})
    assert not shown.exception
    assert shown.error


def test_the_next_person_at_this_screen_sees_nothing_of_the_one_before(town, form):
    register_camera(town, 5, 5, azimuth=225)
    shown = press(press(at(form, "Maple St & Oak Ave"), "Find cameras"), "Show whom to ask")
    assert NAME in str(shown)
    town.write(
        lambda connection: connection.execute(sa.update(schema.session).values(revoked_at=datetime.now(UTC)))
    )
    assert shown.run().title[0].value == "Sign in to open Look up"
    shown.query_params["sign_in"] = identity.make_link("Tom Becker", "supervisor")
    shown.run()
    assert shown.title[0].value == "Look up"
    assert "Signed in as **Tom Becker**" in words(shown)
    assert NAME not in str(shown)
    assert "cameras stand here" not in words(shown)
    assert acts(town) == [("lookup.search", "done"), ("lookup.contact", "done")]
