"""What is loaded, how fresh it is, and what was refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import sqlalchemy as sa

from data import schema
from data.store import Store, default_store
from workflow.acts import check

if TYPE_CHECKING:
    from workflow.identity import Actor

VIEW = "data.view"


def loads(actor: Actor, *, store: Store | None = None) -> pd.DataFrame:
    """Every load, the newest first, with what became of its rows. Needs the act data.view."""
    load = schema.load
    return _table(
        actor,
        sa.select(
            load.c.finished_at.label("When (UTC)"),
            load.c.kind.label("Kind"),
            load.c.file_name.label("File"),
            load.c.rows.label("Rows"),
            load.c.accepted.label("Accepted"),
            load.c.duplicates.label("Duplicates"),
            load.c.quarantined.label("In quarantine"),
        ).order_by(load.c.id.desc()),
        store,
    )


def refused(actor: Actor, *, store: Store | None = None) -> pd.DataFrame:
    """The rows in quarantine, counted by what is wrong with them. Needs the act data.view."""
    row = schema.quarantine
    return _table(
        actor,
        sa.select(
            row.c.kind.label("Kind"), row.c.reason.label("What is wrong"), sa.func.count().label("Rows")
        )
        .group_by(row.c.kind, row.c.reason)
        .order_by(sa.func.count().desc(), row.c.reason),
        store,
    )


def _table(actor: Actor, statement: sa.Select, store: Store | None) -> pd.DataFrame:
    store = store or default_store()
    check(store, actor, VIEW)
    with store.read() as connection:
        result = connection.execute(statement)
        return pd.DataFrame(result.all(), columns=list(result.keys()))
