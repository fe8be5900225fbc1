"""Every page opens for those who may, and shows nothing to anybody else."""

from __future__ import annotations

import importlib.util

import pytest
from streamlit.testing.v1 import AppTest

from data.roles import PERMISSIONS
from data.store import default_store
from pages.ui.registry import FOLDER, PAGES
from tests import small_town
from tests.pages.opening import SECONDS, open_page, words
from tests.people import ADMINISTRATOR
from workflow import identity, sources
from workflow.identity import Actor

STAFF = [Actor(f"{role}1", name, role) for role, name in small_town.STAFF]
GUARDED = [page for page in PAGES if page.act is not None]
MAY = [(page, person) for page in PAGES for person in STAFF if page.act in (None, *PERMISSIONS[person.role])]
MAY_NOT = [(page, person) for page in GUARDED for person in STAFF if page.act not in PERMISSIONS[person.role]]


def named(value: object) -> str:
    return getattr(value, "name", "").split(" ")[0]


@pytest.mark.parametrize(("page", "person"), MAY, ids=named)
@pytest.mark.usefixtures("town")
def test_whoever_may_open_a_page_sees_it(page, person):
    shown = open_page(page.name, person)
    assert not shown.exception
    assert not shown.error
    if page.act is not None:
        assert shown.title[0].value == page.title
    assert f"Signed in as **{person.name}**" in words(shown)
    assert "This Smalltown is made up" in words(shown)


@pytest.mark.parametrize(("page", "person"), MAY_NOT, ids=named)
@pytest.mark.usefixtures("town")
def test_another_role_sees_one_sentence(page, person):
    shown = open_page(page.name, person)
    assert [error.value for error in shown.error] == [
        f"Your role ({person.title.lower()}) does not open this page."
    ]
    assert_nothing_of(shown)


@pytest.mark.parametrize("page", GUARDED, ids=named)
@pytest.mark.usefixtures("town")
def test_whoever_has_not_signed_in_sees_the_way_in_and_nothing_else(page):
    shown = open_page(page.name)
    assert [title.value for title in shown.title] == [f"Sign in to open {page.title}"]
    assert_nothing_of(shown)


def assert_nothing_of(shown) -> None:
    """Nothing is there but what the gate says."""
    assert not shown.exception
    assert len(shown.main) == 3, "the synthetic banner, a title and a sentence"
    assert {element.type for element in shown.main} <= {"main", "caption", "title", "markdown", "error"}


@pytest.mark.parametrize("page", GUARDED, ids=named)
@pytest.mark.usefixtures("town")
def test_a_session_that_has_ended_locks_the_page(page):
    person = next(person for person in STAFF if page.act in PERMISSIONS[person.role])
    shown = open_page(page.name, person)
    assert shown.title[0].value == page.title
    identity.sign_out(shown.session_state["session_token"])
    assert_nothing_of(shown.run())
    assert shown.title[0].value == f"Sign in to open {page.title}"


@pytest.mark.parametrize("page", GUARDED, ids=named)
@pytest.mark.usefixtures("town")
def test_signing_out_forgets_what_was_shown(page):
    person = next(person for person in STAFF if page.act in PERMISSIONS[person.role])
    shown = open_page(page.name, person)
    shown.session_state["kept"] = "of before"
    next(button for button in shown.sidebar.button if button.label == "Sign out").click().run()
    assert shown.title[0].value == f"Sign in to open {page.title}"
    assert "kept" not in shown.session_state
    assert "session_token" not in shown.session_state


@pytest.mark.parametrize("page", PAGES, ids=named)
@pytest.mark.usefixtures("no_town")
def test_before_a_city_is_loaded_every_page_says_what_to_do(page):
    role = next((role for role, acts in PERMISSIONS.items() if page.act in acts), "officer")
    shown = open_page(page.name, Actor("", "Dana Fields", role))
    assert not shown.exception
    if page.name in ("look_up", "coverage", "data", "register"):
        assert "load" in words(shown).lower()
    assert "made up" not in words(shown)


@pytest.mark.usefixtures("town")
def test_start_leads_to_the_pages_of_ones_role_and_no_others():
    for person in STAFF:
        shown = open_page("start", person)
        linked = {link.proto.page for link in shown.get("page_link")}
        may = {page.name for page in PAGES if page.act in (None, *PERMISSIONS[person.role])}
        assert linked == may - {"start"}


@pytest.mark.usefixtures("town")
def test_start_says_first_that_registering_shows_nobody_the_video():
    shown = open_page("start")
    assert "Registering shows nobody your video" in shown.main.markdown[0].value
    first = shown.main.button[0]
    assert first.label == "Register a camera"
    first.click().run()
    assert not shown.exception
    assert "Neighbours with cameras" not in words(shown)
    assert "Registering shows nobody your video" in words(shown)


@pytest.mark.usefixtures("town")
def test_no_import_of_a_library_finds_a_page(monkeypatch):
    found = []
    monkeypatch.setattr(sources, "loads", lambda _: found.append(importlib.util.find_spec("look_up")))
    open_page("data", ADMINISTRATOR)
    assert found == [None]


@pytest.mark.usefixtures("no_town")
def test_a_database_that_is_gone_is_a_sentence(environment, tmp_path):
    default_store.cache_clear()
    environment(f"duckdb:///{tmp_path}/other.duckdb")
    (tmp_path / "other.duckdb").write_text("this is no database")
    shown = AppTest.from_file(FOLDER / "router.py", default_timeout=SECONDS).run()
    assert not shown.exception
    assert shown.title[0].value == "Porchlight cannot open its records"
    assert "cannot be opened" in shown.error[0].value
    environment(f"duckdb:///{tmp_path}/porchlight.duckdb")
    default_store.cache_clear()
