"""The ledger as people use it: check that it is whole, and prove that an entry is in it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
import sqlalchemy as sa

from data import merkle, schema
from data.errors import PorchlightError
from data.store import Store, default_store
from workflow.acts import check

if TYPE_CHECKING:
    from workflow.identity import Actor

READ = "ledger.read"


@dataclass(frozen=True)
class Verification:
    """What a check of the whole ledger found; it is whole when there are no problems."""

    size: int
    root: bytes
    problems: tuple[str, ...]


def verify(store: Store | None = None) -> Verification:
    """Recompute the whole tree from the leaves and compare it with every checkpoint.

    Finds an entry that was changed, dropped, reordered or added past the checkpoints. Whoever can
    rewrite the whole database can rewrite the checkpoints as well: only a receipt or checkpoint
    kept elsewhere shows that (`check_receipt`).
    """
    store = store or default_store()
    entry, checkpoint = schema.ledger_entry, schema.checkpoint
    problems: list[str] = []
    peaks: list[bytes] = []
    size = 0
    with store.read() as connection:
        checkpoints = {
            row.size: row
            for row in connection.execute(
                sa.select(checkpoint.c.size, checkpoint.c.root, checkpoint.c.peaks).order_by(
                    checkpoint.c.size
                )
            )
        }
        entries = connection.execute(
            sa.select(entry.c.position, entry.c.leaf, entry.c.leaf_hash).order_by(entry.c.position)
        )
        for row in entries:
            if row.position != size:
                problems.append(f"Entry {size} is missing: entry {row.position} follows entry {size - 1}.")
                break
            leaf_hash = merkle.leaf_hash(row.leaf)
            if leaf_hash != row.leaf_hash:
                problems.append(f"Entry {size} was changed: its text does not match its hash.")
            peaks = merkle.grown(peaks, size, [leaf_hash])
            size += 1
            kept = checkpoints.pop(size, None)
            if kept is not None and (
                merkle.root_of_peaks(peaks) != kept.root or b"".join(peaks) != kept.peaks
            ):
                problems.append(
                    f"The checkpoint at {size} entries does not fit the entries before it: one of them was "
                    "changed, dropped or moved."
                )
                break
        else:
            problems.extend(
                f"A checkpoint covers {beyond} entries, but there are only {size}: the last ones were dropped."
                for beyond in checkpoints
            )
            newest = connection.execute(sa.select(sa.func.max(checkpoint.c.size))).scalar() or 0
            if size > newest and not problems:
                problems.append(
                    f"{size - newest} entries were added after the last checkpoint, past the tool."
                )
    return Verification(size, merkle.root_of_peaks(peaks), tuple(problems))


def latest(actor: Actor, most: int = 200, *, store: Store | None = None) -> pd.DataFrame:
    """The newest entries, newest first: entry, at, role, act, purpose, outcome, subjects. Needs ledger.read."""
    store = store or default_store()
    check(store, actor, READ)
    entry = schema.ledger_entry
    with store.read() as connection:
        rows = connection.execute(
            sa.select(entry.c.position, entry.c.leaf).order_by(entry.c.position.desc()).limit(most)
        ).all()
    columns = ["Entry", "When (UTC)", "Role", "Act", "Offence", "Case or call", "Outcome", "About"]
    table = pd.DataFrame([(row.position, *_told(row.leaf)) for row in rows], columns=columns)
    table["When (UTC)"] = pd.to_datetime(table["When (UTC)"], utc=True, errors="coerce", format="ISO8601")
    return table


def _told(leaf: bytes) -> tuple[str | int, ...]:
    """What an entry says, from when to about how many; next to nothing where it was tampered with."""
    try:
        fields = json.loads(leaf)
        purpose = fields["purpose"]
        stated = (purpose.get("offence", ""), purpose.get("reference", ""))
        words = (fields["at"], fields["role"], fields["act"], *stated, fields["outcome"])
        return (*map(str, words), len(fields["subjects"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        return "", "", "cannot be read", "", "", "", 0


def receipt(store: Store, position: int) -> str:
    """A receipt for one entry, as JSON: the leaf, and the proof that it is in the ledger as it is now.

    It holds nothing personal. Whoever keeps it is a witness: `check_receipt` detects a ledger that
    was rewritten after the receipt was made.
    """
    with store.read() as connection:
        entry = schema.ledger_entry
        leaf = connection.execute(sa.select(entry.c.leaf).where(entry.c.position == position)).scalar()
        hashes = list(connection.execute(sa.select(entry.c.leaf_hash).order_by(entry.c.position)).scalars())
    if leaf is None:
        raise PorchlightError(f"The ledger has no entry {position}.")
    return json.dumps(
        {
            "kind": "Porchlight ledger receipt",
            "version": 1,
            "leaf": leaf.decode(),
            "position": position,
            "size": len(hashes),
            "root": merkle.root_of_hashes(hashes).hex(),
            "proof": [step.hex() for step in merkle.inclusion_proof_of_hashes(hashes, position)],
        },
        indent=1,
    )


def check_receipt(store: Store, text: str) -> tuple[str, ...]:
    """What speaks against this receipt; nothing when the ledger still holds all it promised."""
    try:
        fields = json.loads(text)
        leaf, position, size = fields["leaf"].encode(), fields["position"], fields["size"]
        root = bytes.fromhex(fields["root"])
        proof = [bytes.fromhex(step) for step in fields["proof"]]
    except (ValueError, KeyError, TypeError, AttributeError):
        return ("This is not a receipt: it should be the JSON file that was given at the time, unchanged.",)
    if not merkle.verify_inclusion(merkle.leaf_hash(leaf), position, size, proof, root):
        return ("The receipt contradicts itself: it was changed after it was given.",)
    with store.read() as connection:
        entry = schema.ledger_entry
        hashes = list(
            connection.execute(
                sa.select(entry.c.leaf_hash).where(entry.c.position < size).order_by(entry.c.position)
            ).scalars()
        )
    if len(hashes) < size:
        return (f"The ledger has {len(hashes)} entries, and had {size} when the receipt was given.",)
    if merkle.root_of_hashes(hashes) != root:
        return (
            f"The ledger is not this receipt's: something in its first {size} entries was changed since.",
        )
    return ()
