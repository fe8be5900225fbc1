"""Registering: what an owner tells us is kept whole and sealed, or not at all."""

from __future__ import annotations

import json
import logging
import math
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data import ledger, schema
from tests import small_town
from workflow import registration
from workflow.acts import Failed
from workflow.ledger import check_receipt, verify
from workflow.registration import NotValid, Submission, register

if TYPE_CHECKING:
    from data.store import Store

PERSONAL = ("Rosalind Quimby", "rosalind@quimby.example", "770-555-0142", "351 Maple St, back door")


def submission(**changes: object) -> Submission:
    lon, lat = small_town.lon_lat(60, 12)
    fields = {
        "owner_kind": "resident",
        "name": PERSONAL[0],
        "email": PERSONAL[1],
        "phone": PERSONAL[2],
        "address": PERSONAL[3],
        "lon": lon,
        "lat": lat,
        "camera_kind": "doorbell",
        "azimuth": 180.0,
        "consents": frozenset({"list", "ask"}),
    }
    return Submission(**(fields | changes))


@pytest.fixture
def town(store: Store) -> Store:
    small_town.build(store)
    return store


@pytest.fixture
def duckdb_town(duckdb_store: Store) -> Store:
    small_town.build(duckdb_store)
    return duckdb_store


def rows(store: Store, table: sa.Table) -> list[sa.Row]:
    with store.read() as connection:
        return list(connection.execute(sa.select(table)))


def registry(store: Store) -> dict[str, int]:
    """How many rows each table of the registry has."""
    tables = (schema.owner, schema.site, schema.camera, schema.consent, schema.ledger_entry)
    return {table.name: len(rows(store, table)) for table in tables}


def set_policy(store: Store, name: str, value: object) -> None:
    row = {"name": name, "value": json.dumps(value)}
    store.write(lambda connection: connection.execute(schema.setting.insert().values(row)))


def test_a_registration_makes_an_owner_a_site_a_camera_and_what_was_agreed(town):
    sent = submission(outdoor=True, retention_hours=72.0, storage="cloud")
    confirmation = register(sent, store=town)
    (owner,), (site,), (camera,) = (rows(town, table) for table in (schema.owner, schema.site, schema.camera))
    assert camera.id == sent.token == confirmation.reference
    assert (camera.owner_id, camera.site_id, site.owner_id) == (owner.id, site.id, owner.id)
    assert (camera.kind, camera.azimuth, camera.direction_from) == ("doorbell", 180.0, "stated")
    assert (camera.outdoor, camera.retention_hours, camera.storage) == (True, 72.0, "cloud")
    assert (camera.night_vision, camera.audio) == (None, None)  # not said, so not guessed
    assert (site.block_id, site.district_id) == (11, 1)  # third column, third row of sixteen blocks
    assert {row.purpose for row in rows(town, schema.consent)} == {"list", "ask"} == confirmation.consents
    assert confirmation.expires_at == rows(town, schema.consent)[0].expires_at
    assert confirmation.expires_at.year == confirmation.registered_at.year + 1


def test_nothing_personal_can_be_read_in_any_table(town):
    register(submission(), store=town)
    dump = b""
    for table in schema.metadata.sorted_tables:
        for row in rows(town, table):
            for value in row:
                dump += value if isinstance(value, bytes) else str(value).encode()
    assert b"doorbell" in dump
    for text in (*PERSONAL, "Rosalind", "Quimby", "555-0142", "back door"):
        assert text.encode() not in dump


def test_what_is_sealed_opens_with_the_entry_of_the_registration(town):
    register(submission(), store=town)
    (owner,), (site,) = rows(town, schema.owner), rows(town, schema.site)

    def work(connection: sa.Connection) -> ledger.Entry:
        subjects = [owner.id, site.id]
        return ledger.append(connection, actor="a", role="b", act="test", outcome="done", subjects=subjects)

    entry = town.write(work)
    assert town.vault.open(owner.name_sealed, "owner.name", owner.id, entry) == PERSONAL[0]
    assert town.vault.open(owner.email_sealed, "owner.email", owner.id, entry) == PERSONAL[1]
    assert town.vault.open(owner.phone_sealed, "owner.phone", owner.id, entry) == PERSONAL[2]
    assert town.vault.open(site.address_sealed, "site.address", site.id, entry) == PERSONAL[3]


def test_the_receipt_proves_the_entry_and_holds_nothing_personal(town):
    confirmation = register(submission(), store=town)
    assert check_receipt(town, confirmation.receipt) == ()
    leaf = json.loads(json.loads(confirmation.receipt)["leaf"])
    assert (leaf["act"], leaf["outcome"], leaf["asked"]["consents"]) == (
        "camera.register",
        "done",
        ["ask", "list"],
    )
    assert not any(text in confirmation.receipt for text in PERSONAL)
    assert confirmation.reference not in confirmation.receipt  # a finder of the receipt learns no camera
    for number in range(3):
        register(submission(phone=f"770-555-020{number}"), store=town)
    assert check_receipt(town, confirmation.receipt) == ()
    assert verify(town).problems == ()


def test_a_ledger_that_fails_keeps_nothing(town, monkeypatch):
    before = registry(town)

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("disk full")

    monkeypatch.setattr(ledger, "append_leaves", broken)
    with pytest.raises(Failed, match="nothing was kept"):
        register(submission(), store=town)
    assert registry(town) == before


def test_a_failure_writes_nothing_personal_to_the_log(town, caplog):
    caplog.set_level(logging.DEBUG)
    town.write(lambda connection: connection.execute(sa.text("DROP TABLE consent")))
    with pytest.raises(Failed):
        register(submission(best_hours="after my shift at Tanner"), store=town)
    assert "camera.register failed" in caplog.text
    for text in (*PERSONAL, "Tanner", str(submission().lon)):
        assert text not in caplog.text


def test_a_submission_shows_nothing_personal_when_it_is_printed():
    printed = repr(submission())
    assert "doorbell" in printed
    assert not any(text in printed for text in (*PERSONAL, str(submission().lon)))


def test_the_same_form_sent_twice_makes_one_camera(town):
    sent = submission()
    first, second = register(sent, store=town), register(sent, store=town)
    assert (first.reference, first.expires_at, first.consents) == (
        second.reference, second.expires_at, second.consents
    )  # fmt: skip
    assert json.loads(first.receipt)["leaf"] == json.loads(second.receipt)["leaf"]
    assert registry(town) == {"owner": 1, "site": 1, "camera": 1, "consent": 2, "ledger_entry": 1}


def test_the_same_form_sent_from_many_threads_at_once_makes_one_camera(town):
    sent = submission()
    with ThreadPoolExecutor(6) as threads:
        confirmations = list(threads.map(lambda _: register(sent, store=town), range(6)))
    assert len({confirmation.reference for confirmation in confirmations}) == 1
    assert registry(town)["camera"] == 1


def test_a_form_from_long_ago_answers_nothing_about_its_camera(duckdb_town):
    sent = submission()
    register(sent, store=duckdb_town)
    long_ago = sa.update(schema.camera).values(registered_at=datetime.now(UTC) - timedelta(hours=1))
    duckdb_town.write(lambda connection: connection.execute(long_ago))
    with pytest.raises(NotValid, match="sent already"):
        register(sent, store=duckdb_town)


def test_two_forms_make_two_cameras(duckdb_town):
    register(submission(), store=duckdb_town)
    register(submission(), store=duckdb_town)
    assert registry(duckdb_town)["camera"] == 2


def test_a_flood_is_stopped_at_the_department_s_limit_and_passes(town):
    set_policy(town, "registrations_per_hour_max", 2)
    sent = submission()
    register(sent, store=town)
    register(submission(), store=town)
    with pytest.raises(NotValid, match="in an hour"):
        register(submission(), store=town)
    assert registry(town)["camera"] == 2
    register(sent, store=town)  # what is known already is still answered
    earlier = sa.update(schema.camera).values(registered_at=datetime.now(UTC) - timedelta(minutes=61))
    town.write(lambda connection: connection.execute(earlier))
    register(submission(), store=town)


def test_a_camera_that_sees_all_round_needs_no_direction_to_be_known(duckdb_town):
    register(submission(azimuth=None, hfov=360.0), store=duckdb_town)
    (camera,) = rows(duckdb_town, schema.camera)
    assert (camera.azimuth, camera.hfov, camera.direction_from) == (None, 360.0, "stated")


def test_a_direction_nobody_stated_stays_unknown(duckdb_town):
    register(submission(azimuth=None), store=duckdb_town)
    (camera,) = rows(duckdb_town, schema.camera)
    assert (camera.azimuth, camera.hfov, camera.direction_from) == (None, None, "unknown")


FAR = small_town.lon_lat(2500, 0)


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("owner_kind", {"owner_kind": "police"}),
        ("name", {"name": " "}),
        ("name", {"name": "\u200b\u202e\u200d"}),
        ("name", {"name": "x" * 201}),
        ("name", {"name": "Rosa\x00lind"}),
        ("name", {"name": "Rosa\x1b[31mlind"}),
        ("name", {"name": "\ud800"}),
        ("email", {"email": "", "phone": ""}),
        ("email", {"email": "rosalind"}),
        ("email", {"email": "rosalind@quimby"}),
        ("email", {"email": "a@example.com,b@example.com"}),
        ("email", {"email": "a@example.com?bcc=b@example.com"}),
        ("email", {"email": "a@example.com?bcc=b"}),
        ("email", {"email": "<script>alert(1)</script>@example.com"}),
        ("email", {"email": "a@" + "b" * 250 + ".com"}),
        ("phone", {"phone": "911"}),
        ("phone", {"phone": "()()()()()"}),
        ("phone", {"phone": "=1+1+5551234"}),
        ("address", {"address": ""}),
        ("address", {"address": "12 Maple St" * 50}),
        ("address", {"lon": math.nan}),
        ("address", {"lat": math.inf}),
        ("address", {"lon": -181.0}),
        ("address", {"lon": 0.0, "lat": 0.0}),
        ("address", {"lon": FAR[0], "lat": FAR[1]}),
        ("camera_kind", {"camera_kind": "alpr"}),
        ("azimuth", {"azimuth": 360.0}),
        ("azimuth", {"azimuth": -0.1}),
        ("azimuth", {"azimuth": math.nan}),
        ("hfov", {"hfov": 0.0}),
        ("hfov", {"hfov": math.inf}),
        ("retention_hours", {"retention_hours": 0.0}),
        ("retention_hours", {"retention_hours": math.nan}),
        ("storage", {"storage": "shoe box"}),
        ("consents", {"consents": frozenset()}),
        ("consents", {"consents": frozenset({"ask"})}),
        ("consents", {"consents": frozenset({"list", "everything"})}),
        ("token", {"token": "1"}),
        ("token", {"token": "g" * 32}),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_field_and_nothing_is_kept(duckdb_town, field, changes):
    before = registry(duckdb_town)
    with pytest.raises(NotValid) as caught:
        register(submission(**changes), store=duckdb_town)
    assert caught.value.field == field
    assert 20 < len(str(caught.value)) < 160
    assert registry(duckdb_town) == before


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "<img src=x onerror=alert(1)>"},
        {"name": '=HYPERLINK("http://x")'},
        {"name": "**[O'Brien](javascript:x)**"},
        {"name": "Robert'); DROP TABLE camera; --"},
        {"name": "नेहा क्षेत्र", "email": "neha@उदाहरण.भारत"},
        {"email": ""},
        {"phone": ""},
        {"phone": "\u202a+1 (770) 555-0142\u202c"},
        {"phone": "770.555.0142 ext. 12"},
        {"email": "first.last+porch@mail.example.co.uk"},
        {"lon": small_town.lon_lat(1200, 0)[0]},  # within a kilometre of the outline
    ],
)
def test_what_is_unusual_but_harmless_is_taken(duckdb_town, changes):
    register(submission(**changes), store=duckdb_town)
    assert registry(duckdb_town)["camera"] == 1


@given(name=st.text(min_size=1, max_size=40))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_name_is_either_kept_on_one_visible_line_or_refused(name):
    try:
        tidied = registration._tidy("name", name)
    except NotValid:
        return
    assert "\n" not in tidied
    assert not any(unicodedata.category(character) == "Cc" for character in tidied)
    tidied.encode()


def test_a_town_without_an_outline_takes_any_place(duckdb_town):
    duckdb_town.write(lambda connection: connection.execute(sa.update(schema.city).values(outline=None)))
    register(submission(lon=0.0, lat=0.0), store=duckdb_town)


def test_consent_lasts_as_long_as_the_department_says():
    at = datetime(2025, 8, 31, 12, tzinfo=UTC)
    assert registration._months_later(at, 6) == datetime(2026, 2, 28, 12, tzinfo=UTC)
    assert registration._months_later(at, 12) == datetime(2026, 8, 28, 12, tzinfo=UTC)
