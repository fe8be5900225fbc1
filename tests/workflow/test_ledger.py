"""The ledger: what changes, drops or reorders an entry is found, and a receipt keeps its promise."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import sqlalchemy as sa

from data import ledger, merkle, schema
from data.errors import PorchlightError
from workflow.ledger import check_receipt, receipt, verify

entry = schema.ledger_entry


def fill(store, count: int = 9) -> None:
    for number in range(count):
        store.write(
            lambda connection, number=number: ledger.append(
                connection, actor="a", role="officer", act="test", outcome="done", counts={"number": number}
            )
        )


def tamper(store, *statements: sa.Executable) -> None:
    with store.engine.begin() as connection:
        for statement in statements:
            connection.execute(statement)


def leaf_of(store, position: int) -> bytes:
    with store.read() as connection:
        return connection.execute(sa.select(entry.c.leaf).where(entry.c.position == position)).scalar_one()


def test_an_untouched_ledger_is_whole(store):
    fill(store)
    found = verify(store)
    assert found.problems == ()
    assert found.size == 9
    assert found.root == merkle.root([leaf_of(store, position) for position in range(9)])


def test_an_empty_ledger_is_whole(store):
    assert verify(store).problems == ()


@pytest.mark.parametrize("position", [0, 4, 8])
def test_a_changed_entry_is_found(store, position):
    fill(store)
    tamper(store, sa.update(entry).where(entry.c.position == position).values(leaf=b"{}"))
    assert any("was changed" in problem for problem in verify(store).problems)


@pytest.mark.parametrize("position", [0, 4, 8])
def test_a_changed_entry_is_found_even_when_its_hash_was_changed_to_fit(store, position):
    fill(store)
    fitting = {"leaf": b"{}", "leaf_hash": merkle.leaf_hash(b"{}")}
    tamper(store, sa.update(entry).where(entry.c.position == position).values(**fitting))
    assert any("does not fit" in problem for problem in verify(store).problems)


@pytest.mark.parametrize("position", [0, 4, 8])
def test_a_dropped_entry_is_found(store, position):
    fill(store)
    tamper(store, sa.delete(entry).where(entry.c.position == position))
    assert verify(store).problems


def test_two_entries_in_each_others_place_are_found(store):
    fill(store)
    first, second = leaf_of(store, 2), leaf_of(store, 5)
    tamper(
        store,
        sa.update(entry).where(entry.c.position == 2).values(leaf=second, leaf_hash=merkle.leaf_hash(second)),
        sa.update(entry).where(entry.c.position == 5).values(leaf=first, leaf_hash=merkle.leaf_hash(first)),
    )
    assert any("does not fit" in problem for problem in verify(store).problems)


def test_an_entry_added_past_the_tool_is_found(store):
    fill(store)
    tamper(store, entry.insert().values(position=9, leaf=b"{}", leaf_hash=merkle.leaf_hash(b"{}")))
    assert any("added after the last checkpoint" in problem for problem in verify(store).problems)


def test_a_dropped_entry_whose_checkpoint_was_dropped_too_is_found_by_a_receipt_only(store):
    fill(store)
    kept = receipt(store, 8)
    assert check_receipt(store, kept) == ()
    tamper(
        store,
        sa.delete(entry).where(entry.c.position == 8),
        sa.delete(schema.checkpoint).where(schema.checkpoint.c.size == 9),
    )
    assert verify(store).problems == (), "nothing inside the database can show this"
    assert "had 9 when the receipt was given" in check_receipt(store, kept)[0]


def test_a_receipt_still_holds_when_the_ledger_has_grown(store):
    fill(store, 5)
    kept = receipt(store, 3)
    fill(store, 8)
    assert check_receipt(store, kept) == ()


def test_a_ledger_written_anew_contradicts_the_receipt(store):
    fill(store, 5)
    kept = receipt(store, 3)
    tamper(store, sa.delete(entry), sa.delete(schema.checkpoint))
    fill(store, 6)
    assert verify(store).problems == ()
    assert "was changed since" in check_receipt(store, kept)[0]


@pytest.mark.parametrize(
    "change", [{"position": 2}, {"size": 4}, {"leaf": "{}"}, {"root": "00" * 32}, {"proof": []}]
)
def test_a_receipt_that_was_changed_contradicts_itself(store, change):
    fill(store, 5)
    forged = json.loads(receipt(store, 3)) | change
    assert "contradicts itself" in check_receipt(store, json.dumps(forged))[0]


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "null", '{"leaf": 1}', '{"leaf":"","position":0,"size":1,"root":"xy","proof":[]}'],
)
def test_what_is_no_receipt_is_said_to_be_none(store, text):
    assert "not a receipt" in check_receipt(store, text)[0]


def test_there_is_no_receipt_for_an_entry_that_is_not_there(store):
    with pytest.raises(PorchlightError, match="no entry 7"):
        receipt(store, 7)


def run_verify(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "workflow.verify", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_command_says_what_it_found_and_exits_accordingly(store, store_url, environment, tmp_path):
    environment(store_url)
    fill(store, 3)
    kept = tmp_path / "receipt.json"
    kept.write_text(receipt(store, 1))
    store.close()
    done = run_verify("--receipt", str(kept))
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1].startswith("Verified: 3 entries")
    tamper(store, sa.update(entry).where(entry.c.position == 1).values(leaf=b"{}"))
    store.close()
    broken = run_verify()
    assert broken.returncode == 1
    assert broken.stdout.splitlines()[-1].startswith("NOT verified")
    assert run_verify("--receipt", str(tmp_path / "none.json")).returncode == 2
    assert run_verify("--nonsense").returncode == 2
