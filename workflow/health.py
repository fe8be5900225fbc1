"""What the server asks of the records for itself."""

from __future__ import annotations

import logging

import sqlalchemy as sa

from data import schema
from data.errors import PorchlightError
from data.store import Store, default_store

log = logging.getLogger("porchlight")


def is_well(*, store: Store | None = None) -> bool:
    """Whether the records open and answer."""
    try:
        store = store or default_store()
        with store.read() as connection:
            connection.execute(sa.select(schema.city.c.id)).first()
    except (PorchlightError, sa.exc.SQLAlchemyError):
        log.exception("the records cannot be read")
        return False
    return True


def close() -> None:
    """Give the database back, if it was opened."""
    if default_store.cache_info().currsize:
        default_store().close()
        default_store.cache_clear()
