"""The vault: nothing personal opens without its key, its place and a committed ledger entry."""

from __future__ import annotations

import secrets
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data import ledger, schema
from data.errors import VaultError
from data.store import open_store
from data.vault import KEY_BYTES, Vault, make_key, read_key

if TYPE_CHECKING:
    import sqlalchemy as sa

vault = Vault(secrets.token_bytes(KEY_BYTES))


def entry_about(*subjects: str, committed: bool = True) -> ledger.Entry:
    return ledger.Entry(0, b"{}", frozenset(subjects), committed)


@given(st.text())
def test_what_was_sealed_opens_again(text):
    sealed = vault.seal(text, "owner.email", "anna")
    assert vault.open(sealed, "owner.email", "anna", entry_about("anna")) == text


def test_the_same_text_is_never_sealed_the_same_way_twice():
    assert vault.seal("555-0100", "owner.phone", "anna") != vault.seal("555-0100", "owner.phone", "anna")


def test_nothing_opens_before_its_ledger_entry_is_committed():
    sealed = vault.seal("555-0100", "owner.phone", "anna")
    with pytest.raises(VaultError, match="committed"):
        vault.open(sealed, "owner.phone", "anna", entry_about("anna", committed=False))


def test_nothing_opens_with_an_entry_about_somebody_else():
    sealed = vault.seal("555-0100", "owner.phone", "anna")
    with pytest.raises(VaultError, match="somebody else"):
        vault.open(sealed, "owner.phone", "anna", entry_about("bert"))


@pytest.mark.parametrize(("column", "subject"), [("owner.email", "anna"), ("owner.phone", "bert")])
def test_a_value_moved_to_another_place_does_not_open(column, subject):
    sealed = vault.seal("555-0100", "owner.phone", "anna")
    with pytest.raises(VaultError, match="does not open"):
        vault.open(sealed, column, subject, entry_about(subject))


@given(st.integers(0, 200), st.integers(1, 255))
def test_a_changed_value_does_not_open(position, change):
    sealed = bytearray(vault.seal("1 Lantern Row", "site.address", "s"))
    place = 1 + position % (len(sealed) - 1)
    sealed[place] ^= change
    with pytest.raises(VaultError, match="does not open"):
        vault.open(bytes(sealed), "site.address", "s", entry_about("s"))


def test_an_entry_counts_as_committed_only_after_the_commit(store):
    def work(connection: sa.Connection) -> ledger.Entry:
        entry = ledger.append(
            connection, actor="a", role="officer", act="test", outcome="done", subjects=["anna"]
        )
        assert not entry.committed
        return entry

    entry = store.write(work)
    assert entry.committed


def test_a_write_that_fails_leaves_its_entry_uncommitted(store):
    entries = []

    def work(connection: sa.Connection) -> None:
        entries.append(ledger.append(connection, actor="a", role="officer", act="test", outcome="done"))
        raise LookupError

    with pytest.raises(LookupError):
        store.write(work)
    assert not entries[0].committed


def test_a_new_key_file_is_only_for_its_owner_and_never_overwritten(tmp_path: Path):
    file = tmp_path / "new" / "porchlight.key"
    key = make_key(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert read_key(file) == key
    with pytest.raises(FileExistsError):
        make_key(file)


@pytest.mark.parametrize("content", ["", "not hexadecimal", "00" * 31, "00" * 33])
def test_a_broken_key_file_is_refused_in_a_sentence(content, tmp_path: Path):
    file = tmp_path / "porchlight.key"
    file.write_text(content)
    with pytest.raises(VaultError, match="Restore it from a backup"):
        read_key(file)


def test_a_database_refuses_another_key_and_a_missing_key(store, store_url, tmp_path: Path):
    store.close()
    other = tmp_path / "other.key"
    make_key(other)
    with pytest.raises(VaultError, match="does not belong to this database"):
        open_store(store_url, other)
    missing = tmp_path / "missing.key"
    with pytest.raises(VaultError, match="is missing"):
        open_store(store_url, missing)
    assert not missing.exists(), "a new key must never be made for a database that has one"


def test_the_key_is_not_in_the_database(duckdb_store, key_file):
    duckdb_store.close()
    database = Path(duckdb_store.engine.url.database).read_bytes()
    assert read_key(key_file) not in database
    assert read_key(key_file).hex().encode() not in database
    assert schema.setting.name.encode() in database, "the file was looked into"
