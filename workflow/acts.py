"""How every use case runs: check, act, ledger, in one transaction.

What is refused or fails is in the ledger too, in a transaction of its own. If even that cannot be
written the caller gets `LedgerUnavailable` and nothing else.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa

from data import ledger
from data.errors import PorchlightError
from workflow.identity import Actor, Refused, may

if TYPE_CHECKING:
    from data.store import Store

Result = TypeVar("Result")
Work = Callable[[sa.Connection], Result]

NOT_YOURS = "Your role ({role}) may not do this. The attempt has been recorded."

log = logging.getLogger("porchlight")


class LedgerUnavailable(PorchlightError):
    """The ledger cannot be written, so nothing happens that it would have to record."""


class Failed(PorchlightError):
    """The act failed for a reason of ours; nothing of it happened, and the failure is recorded."""


def perform(
    store: Store,
    actor: Actor,
    act: str,
    work: Work[Result],
    *,
    purpose: Mapping[str, Any] | None = None,
    asked: Mapping[str, Any] | None = None,
    about: Collection[str] = (),
) -> Result:
    """What `work` answers, if the actor may do `act`.

    `work` writes the entry of its success itself, since only it knows whom the act is about; this
    function sees to it that it did. A role that may not, a refusal inside `work` and every failure
    are recorded here, with `purpose`, `asked` and whom it would have been `about`.
    """

    def record(outcome: str) -> None:
        _record(store, actor, act, outcome, purpose, asked, about)

    def checked(connection: sa.Connection) -> Result:
        if not may(connection, actor, act):
            raise Refused(NOT_YOURS.format(role=actor.title.lower()))
        result = work(connection)
        if not connection.info["ledger_entries"]:
            raise AssertionError(f"{act} recorded nothing")
        return result

    try:
        return store.write(checked)
    except Refused:
        record("refused")
        raise
    except PorchlightError:
        record("failed")
        raise
    except Exception as error:
        log.exception("%s failed", act)
        record("failed")
        raise Failed(
            "Something went wrong on our side, so this was not done. Try again; if it happens again, call "
            "your administrator."
        ) from error


def _record(
    store: Store,
    actor: Actor,
    act: str,
    outcome: str,
    purpose: Mapping[str, Any] | None = None,
    asked: Mapping[str, Any] | None = None,
    about: Collection[str] = (),
) -> None:
    try:
        store.write(
            lambda connection: ledger.append(
                connection,
                actor=actor.id,
                role=actor.role,
                act=act,
                outcome=outcome,
                purpose=purpose,
                asked=asked,
                subjects=about,
            )
        )
    except Exception as error:
        log.exception("the ledger could not be written")
        raise LedgerUnavailable(
            "The ledger cannot be written at the moment, so nothing was done. Call your administrator."
        ) from error


def check(store: Store, actor: Actor, act: str) -> None:
    """Raises `Refused`, and records it, unless the actor may do `act`: for reading what is not personal."""
    with store.read() as connection:
        if may(connection, actor, act):
            return
    _record(store, actor, act, "refused")
    raise Refused(NOT_YOURS.format(role=actor.title.lower()))
