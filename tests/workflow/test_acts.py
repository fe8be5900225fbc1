"""Every use case is checked, done and recorded in one transaction, or nothing of it happened."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

from data import ledger, schema
from data.errors import PorchlightError
from tests import small_town
from tests.people import AUDITOR, COMMAND, OFFICER
from workflow.acts import Failed, LedgerUnavailable, check, perform
from workflow.identity import Actor, Refused
from workflow.ledger import verify

ACT = "lookup.search"
STATED = {"purpose": {"offence": "23F", "reference": "26-001234"}, "asked": {"radius_m": 100}}


@pytest.fixture
def town(store):
    small_town.build(store)
    return store


@pytest.fixture
def duckdb_town(duckdb_store):
    small_town.build(duckdb_store)
    return duckdb_store


def keep(connection: sa.Connection) -> None:
    """Something that an act does."""
    connection.execute(schema.setting.insert().values(name="kept", value="1"))


def was_kept(store) -> bool:
    with store.read() as connection:
        setting = schema.setting
        return (
            connection.execute(sa.select(setting.c.name).where(setting.c.name == "kept")).first() is not None
        )


def done(connection: sa.Connection) -> str:
    """An act that succeeds, and says so in the ledger."""
    keep(connection)
    ledger.append(connection, actor=OFFICER.id, role=OFFICER.role, act=ACT, outcome="done", **STATED)
    return "the answer"


def entries(store) -> list[dict]:
    with store.read() as connection:
        entry = schema.ledger_entry
        return [
            json.loads(leaf)
            for leaf in connection.execute(sa.select(entry.c.leaf).order_by(entry.c.position)).scalars()
        ]


def break_ledger(store) -> None:
    """From now on no entry can be written."""
    with store.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE ledger_entry RENAME TO ledger_entry_lost"))


def assert_recorded(store, outcome: str, actor: Actor = OFFICER) -> None:
    """One entry, with what was stated, and a ledger that is whole."""
    (entry,) = entries(store)
    assert (entry["actor"], entry["role"], entry["act"]) == (actor.id, actor.role, ACT)
    assert entry["outcome"] == outcome
    assert {"purpose": entry["purpose"], "asked": entry["asked"]} == STATED
    assert verify(store).problems == ()


def test_what_succeeds_is_kept_and_recorded(town):
    assert perform(town, OFFICER, ACT, done, **STATED) == "the answer"
    assert was_kept(town)
    assert_recorded(town, "done")


@pytest.mark.parametrize("actor", [AUDITOR, COMMAND, Actor("nobody", "No One", "officer")])
def test_a_role_that_may_not_is_refused_before_anything_is_done(town, actor):
    with pytest.raises(Refused, match=r"may not do this\. The attempt has been recorded"):
        perform(town, actor, ACT, done, **STATED)
    assert not was_kept(town)
    assert_recorded(town, "refused", actor)


def test_a_refusal_within_the_act_undoes_it_and_is_recorded(town):
    def refused(connection: sa.Connection) -> None:
        done(connection)
        raise Refused("Not for you.")

    with pytest.raises(Refused, match=r"Not for you\."):
        perform(town, OFFICER, ACT, refused, **STATED)
    assert not was_kept(town)
    assert_recorded(town, "refused")


def test_what_a_person_can_mend_is_undone_recorded_and_told_as_it_stands(town):
    def failed(connection: sa.Connection) -> None:
        done(connection)
        raise PorchlightError("Choose another place.")

    with pytest.raises(PorchlightError, match=r"Choose another place\."):
        perform(town, OFFICER, ACT, failed, **STATED)
    assert not was_kept(town)
    assert_recorded(town, "failed")


def test_a_failure_of_ours_is_undone_recorded_and_told_without_its_details(town):
    def broken(connection: sa.Connection) -> None:
        done(connection)
        connection.execute(sa.text("SELECT secret FROM nowhere"))

    with pytest.raises(Failed, match="Something went wrong on our side") as told:
        perform(town, OFFICER, ACT, broken, **STATED)
    assert "nowhere" not in str(told.value)
    assert not was_kept(town)
    assert_recorded(town, "failed")


def test_an_act_that_records_nothing_is_a_defect_and_undone(duckdb_town, caplog):
    with pytest.raises(Failed):
        perform(duckdb_town, OFFICER, ACT, keep, **STATED)
    assert not was_kept(duckdb_town)
    assert "recorded nothing" in caplog.text
    assert_recorded(duckdb_town, "failed")


@pytest.mark.parametrize("work", [done, keep], ids=["recorded", "unrecorded"])
def test_when_the_ledger_cannot_be_written_nothing_happens(town, work):
    break_ledger(town)
    with pytest.raises(LedgerUnavailable, match="nothing was done"):
        perform(town, OFFICER, ACT, work, **STATED)
    assert not was_kept(town)


def test_when_the_ledger_cannot_be_written_even_a_refusal_is_that(town):
    break_ledger(town)
    with pytest.raises(LedgerUnavailable):
        perform(town, AUDITOR, ACT, done, **STATED)
    with pytest.raises(LedgerUnavailable):
        check(town, AUDITOR, ACT)


def test_reading_what_is_not_personal_is_checked_and_only_a_refusal_is_recorded(town):
    check(town, OFFICER, ACT)
    assert entries(town) == []
    with pytest.raises(Refused):
        check(town, AUDITOR, ACT)
    assert [(entry["actor"], entry["outcome"]) for entry in entries(town)] == [(AUDITOR.id, "refused")]


def test_an_entry_counts_as_committed_only_after_the_commit(duckdb_town):
    during = []

    def work(connection: sa.Connection) -> ledger.Entry:
        entry = ledger.append(connection, actor="a", role="officer", act=ACT, outcome="done")
        during.append(entry.committed)
        return entry

    assert perform(duckdb_town, OFFICER, ACT, work).committed
    assert during == [False]


def test_a_role_that_is_taken_away_counts_at_once(duckdb_town):
    permission = schema.role_permission
    duckdb_town.write(
        lambda connection: connection.execute(sa.delete(permission).where(permission.c.act == ACT))
    )
    with pytest.raises(Refused):
        perform(duckdb_town, OFFICER, ACT, done)
