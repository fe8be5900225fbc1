"""What the auditor and the administrator read first."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from data import schema
from tests.pages.opening import open_page
from tests.people import ADMINISTRATOR, AUDITOR
from tests.workflow.test_sources import load


@pytest.mark.usefixtures("town")
def test_a_whole_ledger_is_said_to_be_verified():
    shown = open_page("ledger", AUDITOR)
    assert shown.success[0].value.startswith("**Verified just now.** All ")
    assert shown.dataframe[0].value["Act"].tolist() == ["session.start"]
    assert not shown.error


@pytest.mark.parametrize(
    "leaf", [b"{}", b"\xff\xfe", b"[]", b"", b'{"purpose": 1, "at": 2}', b'{"purpose": {}, "subjects": 3}']
)
def test_a_ledger_that_was_changed_is_not_verified_and_says_where(town, leaf):
    open_page("ledger", AUDITOR)
    entry = schema.ledger_entry
    changed = sa.update(entry).where(entry.c.position == 0).values(leaf=leaf)
    town.write(lambda connection: connection.execute(changed))
    shown = open_page("ledger", AUDITOR)
    assert not shown.exception
    assert shown.error[0].value.startswith("**Not verified.** ")
    assert not shown.success
    assert any("Entry 0 was changed" in element.value for element in shown.main.markdown)
    assert shown.dataframe[0].value["Act"].iloc[-1] == "cannot be read"


@pytest.mark.usefixtures("town")
def test_where_nothing_was_loaded_it_says_how_to():
    shown = open_page("data", ADMINISTRATOR)
    assert shown.main.markdown[0].value == "#### Nothing has been loaded from a file yet."
    assert not shown.dataframe


def test_what_was_loaded_and_refused_is_a_sentence_and_two_tables(town):
    load(town, 1)
    load(town, 2, "no coordinates", "future date")
    shown = open_page("data", ADMINISTRATOR)
    assert shown.main.markdown[0].value == (
        "#### 2 files loaded, the last on 02 March 2026. 2 rows wait in quarantine."
    )
    assert len(shown.dataframe) == 2
