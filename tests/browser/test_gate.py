"""The gate: on a fresh server the first thing anybody asks for shows nothing of a guarded page."""

from __future__ import annotations

import http.client
import shutil
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect
from streamlit.util import calc_hash
from websockets.exceptions import InvalidStatus

from data import schema
from data.roles import PERMISSIONS, ROLES
from data.store import open_store
from pages.ui.registry import FOLDER, PAGES
from tests import small_town
from tests.browser import wire
from tests.browser.conftest import PROJECT, Server
from tests.conftest import create_database
from workflow import identity

GUARDED = [page for page in PAGES if page.act is not None]
PEOPLE = {
    role: f"{title}: {name}" for (role, name), title in zip(small_town.STAFF, ROLES.values(), strict=True)
}
# All that the way in is made of. A page that ran would show a map, a table, figures or fields of its own.
WAY_IN = {"heading", "markdown", "selectbox", "button"}


def named(page) -> str:
    return page.name


def role_for(page) -> str:
    return next(role for role, acts in PERMISSIONS.items() if page.act in acts)


def role_not_for(page) -> str | None:
    return next((role for role, acts in PERMISSIONS.items() if page.act not in acts), None)


@pytest.fixture
def cold(town, key_file, tmp_path):
    """A server that nobody has asked for anything yet, one for each test."""
    file = tmp_path / "porchlight.duckdb"
    shutil.copy(town, file)
    running = Server(file, key_file)
    running.start_cold()
    yield running
    running.stop()


def assert_only_the_way_in(received, page) -> None:
    shown = wire.words(received)
    assert f"Sign in to open {page.title}" in shown
    assert wire.kinds(received) <= WAY_IN
    assert shown.count("selectbox {") == 1, "the people of the demo"


@pytest.mark.parametrize("page", GUARDED, ids=named)
def test_a_cold_deep_link_shows_the_way_in_and_leads_there_after_it(cold, open_page, page):
    shown = open_page()
    shown.goto(f"{cold.url}/{page.name}")
    expect(shown.get_by_role("heading", name=f"Sign in to open {page.title}")).to_be_visible(timeout=30_000)
    expect(shown.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    parts = shown.get_by_test_id("stMain").get_by_test_id("stElementContainer")
    expect(parts).to_have_count(5)  # the synthetic banner, a title, a sentence, the people, a button
    choose(shown, role_for(page))
    expect(shown.get_by_role("heading", name=page.title, exact=True)).to_be_visible()
    assert shown.url.split("?")[0] == f"{cold.url}/{page.name}"
    shown.get_by_role("button", name="Sign out").click()
    expect(shown.get_by_role("heading", name=f"Sign in to open {page.title}")).to_be_visible()
    if other := role_not_for(page):
        choose(shown, other)
        expect(shown.get_by_text("does not open this page.")).to_be_visible()
    assert "Traceback" not in cold.log


@pytest.mark.parametrize("variant", ["{}/", "{}.py", "{}?embed=true", "router"])
def test_however_its_address_is_written_a_page_stays_behind_the_gate(server, open_page, variant):
    shown = open_page()
    shown.goto(f"{server.url}/{variant.format('look_up')}")
    expect(shown.get_by_role("heading", name="Sign in")).to_be_visible(timeout=30_000)
    expect(shown.get_by_text("case or call number")).to_have_count(0)


@pytest.mark.parametrize("page", GUARDED, ids=named)
def test_no_way_of_naming_a_page_runs_it(server, page):
    file = FOLDER / page.file
    by_name = [
        page.name,
        f"{page.name}/",
        page.file,
        f"pages/{page.name}",
        str(file),
        page.title,
        f"../{page.name}",
    ]
    by_hash = [
        calc_hash(page.name),  # what the server itself calls the page
        calc_hash(str(file)),  # what older versions of Streamlit called it
        calc_hash(page.file),
        calc_hash(str(PROJECT / "app.py")),
    ]
    wants = [{"page_name": name} for name in by_name] + [{"page_hash": value} for value in by_hash]
    for want in wants:
        with wire.visit(server.port) as visitor:
            received = visitor.ask(**want)
            assert "Sign in" in wire.words(received), want
            assert wire.kinds(received) <= WAY_IN | {"page_link"}, want
    with wire.visit(server.port) as visitor:
        forged = "session_token=guess&assumed=true&by_map=true"
        assert_only_the_way_in(visitor.ask(page_hash=calc_hash(page.name), query=forged), page)


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"headers": {"X-Forwarded-For": "203.0.113.9"}},
        {"headers": {"X-Forwarded-For": "127.0.0.1"}},
        {"headers": {"Forwarded": "for=203.0.113.9"}},
        {"headers": {"X-Real-Ip": "203.0.113.9"}},
        {"host": "porchlight.example"},
        {"host": "127.0.0.1.porchlight.example"},
    ],
    ids=str,
)
def test_demo_people_are_offered_on_this_computer_only(server, elsewhere):
    with wire.visit(server.port) as here:
        offered = here.ask(page_name="look_up")
    people, button = (
        element.selectbox.id or element.button.id
        for element in (message.delta.new_element for message in offered)
        if element.WhichOneof("type") in ("selectbox", "button")
    )
    pressed = {people: ("string_value", PEOPLE["officer"]), button: ("trigger_value", True)}
    with wire.visit(server.port) as here:
        here.ask(page_name="look_up")
        shown = wire.words(here.ask(page_name="look_up", widgets=pressed))
        assert "Signed in as **Ana Reyes**" in shown
    with wire.visit(server.port, **elsewhere) as stranger:
        for widgets in ({}, pressed):
            shown = wire.words(stranger.ask(page_name="look_up", widgets=widgets))
            assert "Open the sign-in link that your administrator made for you" in shown
            assert "Ana Reyes" not in shown


def test_another_site_in_the_same_browser_gets_no_answer(server):
    with pytest.raises(InvalidStatus), wire.visit(server.port, origin="http://porchlight.example"):
        pass


def test_where_people_are_real_only_a_link_leads_in_and_it_works_once(
    duckdb_template, key_file, tmp_path, open_page
):
    file = tmp_path / "porchlight.duckdb"
    shutil.copy(duckdb_template, file)
    store = open_store(f"duckdb:///{file}", key_file)
    small_town.build(store, synthetic=False)
    link = identity.make_link("Dana Fields", "officer", store=store)
    store.close()
    running = Server(file, key_file)
    running.start_cold()
    try:
        first, second = open_page(), open_page()
        first.goto(f"{running.url}/look_up")
        expect(first.get_by_text("Open the sign-in link that your administrator made")).to_be_visible(
            timeout=30_000
        )
        expect(first.get_by_text("Ana Reyes")).to_have_count(0)
        first.goto(f"{running.url}/look_up?sign_in={link}")
        expect(first.get_by_role("heading", name="Look up", exact=True)).to_be_visible()
        expect(first.get_by_text("made up")).to_have_count(0)
        assert link not in first.url
        second.goto(f"{running.url}/look_up?sign_in={link}")
        expect(second.get_by_text("This sign-in link has been used")).to_be_visible()
        expect(second.get_by_role("heading", name="Sign in to open Look up")).to_be_visible()
        assert link not in second.url
        assert link not in running.log
    finally:
        running.stop()


def test_a_session_that_is_revoked_locks_the_page_at_the_next_step(
    postgresql, postgresql_template, key_file, tmp_path
):
    create_database(postgresql, "test_revoked", postgresql_template)
    url = postgresql.set(database="test_revoked").render_as_string(hide_password=False)
    store = open_store(url, key_file)
    small_town.build(store)
    running = Server(tmp_path / "unused", key_file, url)
    running.start_cold()
    try:
        with wire.visit(running.port) as visitor:
            link = identity.make_link("Dana Fields", "auditor", store=store)
            visitor.ask(page_name="ledger", query=f"sign_in={link}")
            assert "Verified just now" in wire.words(visitor.ask(page_name="ledger"))
            revoked = sa.update(schema.session).values(revoked_at=datetime.now(UTC))
            store.write(lambda connection: connection.execute(revoked))
            received = visitor.ask(page_name="ledger")
            assert_only_the_way_in(received, next(page for page in PAGES if page.name == "ledger"))
    finally:
        running.stop()
        store.close()


PRIVATE = [
    *(str(file.relative_to(PROJECT)) for file in FOLDER.glob("*.py")),
    "app.py",
    "requirements.txt",
    ".streamlit/config.toml",
    "data/vault.py",
    "var/porchlight.key",
    "var/porchlight.duckdb",
    ".git/config",
]
WAYS = [
    "/{}",
    "/static/{}",
    "/static/../{}",
    "/app/static/{}",
    "/app/static/../../{}",
    "/component/{}",
    "/media/{}",
]
WAYS += ["/map/{}", "/map/../{}", "/..%2f{}", "/%2e%2e/{}", "//{}", "/_stcore/{}", "/component/../{}"]


def test_no_file_of_the_project_is_served(server):
    page_shell = answer(server, "/")[1]
    for file in PRIVATE:
        for way in WAYS:
            status, body = answer(server, way.format(file))
            assert status >= 400 or body == page_shell, way.format(file)
            if (PROJECT / file).exists():
                assert body != (PROJECT / file).read_bytes()


@pytest.mark.parametrize(
    "path", ["/_stcore/agent/interact", "/_stcore/agent/mcp", "/_stcore/script-health-check"]
)
def test_no_other_way_to_run_a_page_is_open(server, path):
    status, body = answer(server, path, "POST")
    assert status >= 400
    assert b"Ana Reyes" not in body


def answer(server, path: str, method: str = "GET") -> tuple[int, bytes]:
    """Status and body of one request, whose path is sent as it stands."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request(method, path)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, body


def choose(shown, role: str) -> None:
    """Choose a person of the demo."""
    shown.get_by_role("combobox", name="Person").click()
    shown.get_by_role("option", name=PEOPLE[role]).click()
    shown.get_by_role("button", name="Sign in", exact=True).click()
