"""The store: every thread gets its own rows, writers queue, and nothing acknowledged is lost."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
import sqlalchemy as sa
from alembic import command as alembic
from alembic.autogenerate import compare_metadata
from alembic.config import Config as AlembicConfig
from alembic.migration import MigrationContext

from data import schema, settings
from data.errors import PorchlightError, StoreError
from data.store import MIGRATIONS, Store, migrate, open_store

if TYPE_CHECKING:
    from pathlib import Path

value_of = sa.select(schema.setting.c.value)


def put(store: Store, name: str, value: str) -> None:
    store.write(lambda connection: connection.execute(schema.setting.insert().values(name=name, value=value)))


def test_many_threads_at_once_get_their_own_rows_and_only_those(store):
    names = [str(number) for number in range(200)]
    store.write(
        lambda connection: connection.execute(
            schema.setting.insert(), [{"name": name, "value": f"value of {name}"} for name in names]
        )
    )

    def wrong_rows(thread: int) -> int:
        wrong = 0
        for number in range(1000):
            name = names[(number * 7 + thread * 31) % len(names)]
            with store.read() as connection:
                rows = connection.execute(value_of.where(schema.setting.c.name == name)).all()
            wrong += rows != [(f"value of {name}",)]
        return wrong

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(wrong_rows, range(8))) == [0] * 8


def test_writers_queue_and_no_increment_is_lost(store):
    put(store, "counter", "0")

    def increment(_: int) -> None:
        def work(connection: sa.Connection) -> None:
            old = int(connection.execute(value_of.where(schema.setting.c.name == "counter")).scalar_one())
            connection.execute(
                sa.update(schema.setting).where(schema.setting.c.name == "counter").values(value=str(old + 1))
            )

        store.write(work)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(increment, range(80)))
    with store.read() as connection:
        assert connection.execute(value_of.where(schema.setting.c.name == "counter")).scalar() == "80"


def test_a_conflict_with_a_writer_outside_the_queue_is_tried_again(duckdb_store):
    store = duckdb_store  # PostgreSQL lets the second writer wait where DuckDB fails it
    put(store, "shared", "0")
    tries = []
    change = sa.update(schema.setting).where(schema.setting.c.name == "shared")

    def work(connection: sa.Connection) -> None:
        seen = connection.execute(value_of.where(schema.setting.c.name == "shared")).scalar_one()
        tries.append(seen)
        if len(tries) == 1:
            with store.engine.begin() as outsider:
                outsider.execute(change.values(value="outsider"))
        connection.execute(change.values(value=f"after {seen}"))

    store.write(work)
    assert tries == ["0", "outsider"]
    with store.read() as connection:
        assert (
            connection.execute(value_of.where(schema.setting.c.name == "shared")).scalar() == "after outsider"
        )


def test_an_exception_undoes_all_of_a_write(store):
    def work(connection: sa.Connection) -> None:
        connection.execute(schema.setting.insert().values(name="half", value="done"))
        raise LookupError("the other half")

    with pytest.raises(LookupError):
        store.write(work)
    with store.read() as connection:
        assert connection.execute(value_of.where(schema.setting.c.name == "half")).first() is None


def test_a_write_inside_a_write_is_refused_and_does_not_hang(duckdb_store):
    with pytest.raises(RuntimeError, match="pass the connection on"):
        duckdb_store.write(lambda _: put(duckdb_store, "inner", "1"))
    put(duckdb_store, "after", "1")


def test_columns_are_appended_and_read_back_as_they_were(store):
    rows = pa.table(
        {
            "id": pa.array([1, 2, 3], pa.int32()),
            "code": ["a", 'comma, "quote"\nand line', "=1+1"],
            "name": ["", "ünïcödé", "\\N"],
            "population": [None, 1.5, 0.0],
            "geometry": pa.array([b"", b"\x00\xff", b"\\x00"], pa.binary()),
        }
    )
    store.write(lambda connection: store.append(connection, schema.block, rows))
    columns = [schema.block.c[name] for name in rows.column_names]
    got = store.arrow(sa.select(*columns).order_by(schema.block.c.id))
    assert got.to_pylist() == rows.to_pylist()


def test_the_migrations_make_exactly_the_tables_of_the_schema(store):
    with store.read() as connection:
        # DuckDB has one type for all text and reports it by another name; PostgreSQL tells types apart.
        context = MigrationContext.configure(connection, opts={"compare_type": not store.is_duckdb})
        assert compare_metadata(context, schema.metadata) == []


def test_migrating_a_current_database_changes_nothing(store):
    put(store, "kept", "1")
    migrate(store.engine)
    with store.read() as connection:
        assert connection.execute(value_of.where(schema.setting.c.name == "kept")).scalar() == "1"


def test_a_database_of_the_first_schema_is_brought_up_to_date_with_its_rows_kept(store):
    configuration = AlembicConfig()
    configuration.set_main_option("script_location", str(MIGRATIONS))
    with store.engine.begin() as connection:
        configuration.attributes["connection"] = connection
        alembic.downgrade(configuration, "0001")
        connection.execute(sa.text("INSERT INTO street (id, name, geometry) VALUES (1, 'Main St', '')"))
        connection.execute(
            sa.text(
                "INSERT INTO agency_camera (source, source_key, content_hash, load_id, kind, lon, lat, azimuths, "
                "direction_from) VALUES ('agency', '1', 1, 1, 'city', 0, 0, '[]', 'unknown')"
            )
        )
    migrate(store.engine)
    with store.read() as connection:
        assert connection.execute(sa.select(schema.street.c.name, schema.street.c.lit)).all() == [
            ("Main St", None)
        ]
        camera = schema.agency_camera
        assert connection.execute(sa.select(camera.c.source_key, camera.c.turns)).all() == [("1", None)]


def test_a_database_that_another_process_has_open_is_refused_in_one_sentence(duckdb_store, key_file):
    url = str(duckdb_store.engine.url)
    command = f"from data.store import open_store; open_store({url!r}, {str(key_file)!r})"
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=False)
    assert "is open in another process" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nonsense", "is no database address"),
        ("sqlite:///file.db", "names 'sqlite'"),
        ("duckdb:///:memory:", "forgets everything"),
        ("postgresql://nobody@127.0.0.1:1/none", "cannot be opened"),
    ],
)
def test_an_address_that_cannot_work_is_refused_in_a_sentence(url, message, key_file):
    with pytest.raises(StoreError, match=message):
        open_store(url, key_file)


def test_a_file_that_is_no_database_is_refused_in_a_sentence(tmp_path: Path, key_file):
    file = tmp_path / "letter.duckdb"
    file.write_text("Dear Captain,\n" * 1000)
    with pytest.raises(PorchlightError, match="cannot be opened"):
        open_store(f"duckdb:///{file}", key_file)
    assert file.read_text().startswith("Dear Captain")


def test_a_policy_setting_has_its_default_until_the_department_sets_it(store):
    with store.read() as connection:
        assert settings.policy(connection, "consent_months") == 12
    put(store, "consent_months", "6")
    with store.read() as connection:
        assert settings.policy(connection, "consent_months") == 6


def test_nothing_is_drawn_over_what_a_command_answers(duckdb_store):
    with duckdb_store.read() as connection:
        assert connection.execute(sa.text("SELECT current_setting('enable_progress_bar')")).scalar() is False
