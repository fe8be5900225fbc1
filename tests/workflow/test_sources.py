"""What is loaded and what was refused, for whoever may know."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from data import schema
from tests import small_town
from tests.people import ADMINISTRATOR, COMMAND, OFFICER
from workflow import sources
from workflow.identity import Refused


@pytest.fixture
def town(store):
    small_town.build(store)
    return store


def load(store, number: int, *reasons: str) -> None:
    """A load of three rows and those that were refused."""

    def work(connection: sa.Connection) -> None:
        connection.execute(
            schema.load.insert().values(
                id=number,
                kind="incidents",
                file_name=f"month {number}.csv",
                file_hash="0" * 64,
                format="philadelphia",
                finished_at=datetime(2026, 3, number, tzinfo=UTC),
                rows=3 + len(reasons),
                accepted=2,
                duplicates=1,
                quarantined=len(reasons),
                reasons="{}",
                seconds=1.0,
            )
        )
        for row, reason in enumerate(reasons):
            connection.execute(
                schema.quarantine.insert().values(
                    row_hash=f"{number} {row}", load_id=number, kind="incidents", source="test", reason=reason
                )
            )

    store.write(work)


def test_loads_are_listed_the_newest_first_and_their_rows_add_up(town):
    load(town, 1)
    load(town, 2, "no coordinates", "future date")
    listed = sources.loads(COMMAND, store=town)
    assert listed["File"].tolist() == ["month 2.csv", "month 1.csv"]
    assert (listed["Rows"] == listed["Accepted"] + listed["Duplicates"] + listed["In quarantine"]).all()
    assert listed["When (UTC)"].dt.tz is not None


def test_what_was_refused_is_counted_by_reason_the_commonest_first(town):
    load(town, 1, "no coordinates", "future date", "no coordinates")
    counted = sources.refused(ADMINISTRATOR, store=town)
    assert counted["What is wrong"].tolist() == ["no coordinates", "future date"]
    assert counted["Rows"].tolist() == [2, 1]


def test_where_nothing_is_loaded_both_are_empty_tables(town):
    assert sources.loads(COMMAND, store=town).empty
    assert sources.refused(COMMAND, store=town).empty


@pytest.mark.parametrize("read", [sources.loads, sources.refused])
def test_an_officer_is_refused_and_it_is_recorded(town, read):
    with pytest.raises(Refused):
        read(OFFICER, store=town)
    with town.read() as connection:
        leaf = connection.execute(sa.select(schema.ledger_entry.c.leaf)).scalar_one()
    assert b'"act":"data.view"' in leaf
    assert b'"outcome":"refused"' in leaf
