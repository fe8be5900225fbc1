"""Pages as a person finds them, without a browser: the router runs, and so does the gate."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
import streamlit as st

from data.store import Store, default_store
from tests import small_town

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def no_town(duckdb_template: Path, tmp_path: Path, environment: Callable[[str], None]) -> Iterator[Store]:
    """The store that the environment names: migrated, and nothing in it."""
    file = tmp_path / "porchlight.duckdb"
    shutil.copy(duckdb_template, file)
    environment(f"duckdb:///{file}")
    default_store.cache_clear()
    st.cache_data.clear()
    yield default_store()
    default_store().close()
    default_store.cache_clear()


@pytest.fixture
def town(no_town: Store) -> Store:
    """The same with the small town in it."""
    small_town.build(no_town)
    return no_town
