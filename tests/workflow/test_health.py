"""Whether the records can be read, asked for a probe that may know nothing else."""

from __future__ import annotations

import subprocess
import sys

import pytest
import sqlalchemy as sa

from data.store import default_store
from tests import small_town
from workflow import health


@pytest.fixture(autouse=True)
def _fresh_default_store():
    default_store.cache_clear()
    yield
    health.close()


def test_records_that_answer_are_well_with_or_without_a_city(store):
    assert health.is_well(store=store)
    small_town.build(store)
    assert health.is_well(store=store)


def test_records_without_their_tables_are_not(store):
    with store.engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE city"))
    assert not health.is_well(store=store)


def test_without_the_key_they_are_not_and_with_it_again_they_are(
    store, store_url, environment, key_file, tmp_path
):
    store.close()
    environment(store_url)
    kept = key_file.rename(tmp_path / "elsewhere")
    try:
        assert not health.is_well()
    finally:
        kept.rename(key_file)
    assert health.is_well()


def test_with_another_key_they_are_not(store, store_url, environment, monkeypatch, tmp_path):
    store.close()
    environment(store_url)
    other = tmp_path / "other.key"
    other.write_text("00" * 32)
    monkeypatch.setenv("PORCHLIGHT_KEY_FILE", str(other))
    assert not health.is_well()


def test_a_database_nobody_serves_is_not(environment):
    environment("postgresql://nobody@127.0.0.1:1/nothing")
    assert not health.is_well()


def test_closing_gives_the_file_to_another_process(duckdb_store, environment):
    url = duckdb_store.engine.url.render_as_string(hide_password=False)
    duckdb_store.close()
    environment(url)
    command = [sys.executable, "-m", "workflow.verify"]
    assert health.is_well()
    assert subprocess.run(command, capture_output=True, check=False).returncode == 1
    health.close()
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_closing_what_was_never_opened_opens_nothing(environment, tmp_path):
    file = tmp_path / "new.duckdb"
    environment(f"duckdb:///{file}")
    health.close()
    assert not file.exists()
