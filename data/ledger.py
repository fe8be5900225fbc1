"""Ledger storage: entries that are only ever appended, in the transaction of the act they record.

An entry's leaf is canonical JSON (sorted keys, no spaces, UTF-8), stored as the very bytes that are
hashed. Whom an entry is about stands in it only as salted commitments; the salts are kept beside
it, so that they can be forgotten without touching the leaf.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import sqlalchemy as sa

from data import merkle, schema

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from data.store import Store

SALT_BYTES = 16


@dataclass
class Entry:
    """One entry as it was appended; `committed` turns true when its transaction has been committed."""

    position: int
    leaf: bytes
    subjects: frozenset[str]
    committed: bool = field(default=False, compare=False)


def append(
    connection: sa.Connection,
    *,
    actor: str,
    role: str,
    act: str,
    outcome: str,
    purpose: Mapping[str, Any] | None = None,
    asked: Mapping[str, Any] | None = None,
    counts: Mapping[str, int] | None = None,
    subjects: Collection[str] = (),
    at: datetime | None = None,
) -> Entry:
    """Append one entry and the checkpoint after it; it exists once the transaction is committed.

    `outcome` is done, refused or failed. `subjects` are identifiers of owners, cameras and the like.
    """
    at = at or datetime.now(UTC)
    salts = {subject: secrets.token_bytes(SALT_BYTES) for subject in sorted(subjects)}
    entry_leaf = leaf(
        at=at,
        actor=actor,
        role=role,
        act=act,
        outcome=outcome,
        purpose=purpose,
        asked=asked,
        counts=counts,
        salts=salts,
    )
    position = append_leaves(connection, [entry_leaf], at)
    if salts:
        connection.execute(
            schema.ledger_subject.insert(),
            [{"position": position, "subject": subject, "salt": salt} for subject, salt in salts.items()],
        )
    entry = Entry(position, entry_leaf, frozenset(salts))
    connection.info["ledger_entries"].append(entry)
    return entry


def append_many(
    store: Store,
    connection: sa.Connection,
    leaves: Sequence[bytes],
    salts: Sequence[Mapping[str, bytes]],
    at: datetime,
) -> int:
    """Append many entries as columns, with one checkpoint after the last; the position of the first.

    `salts` holds for each leaf what its commitments were made with.
    """
    size, peaks = head(connection)
    hashes = [merkle.leaf_hash(leaf) for leaf in leaves]
    positions = range(size, size + len(leaves))
    store.append(
        connection,
        schema.ledger_entry,
        pa.table(
            {
                "position": positions,
                "leaf": pa.array(leaves, pa.binary()),
                "leaf_hash": pa.array(hashes, pa.binary()),
            }
        ),
    )
    subjects = [
        (position, subject, salt)
        for position, pairs in zip(positions, salts, strict=True)
        for subject, salt in pairs.items()
    ]
    if subjects:
        columns = dict(
            zip(("position", "subject", "salt"), map(list, zip(*subjects, strict=True)), strict=True)
        )
        store.append(connection, schema.ledger_subject, pa.table(columns))
    if leaves:
        _checkpoint(connection, size + len(leaves), merkle.grown(peaks, size, hashes), at)
    return size


def append_leaves(connection: sa.Connection, leaves: list[bytes], at: datetime) -> int:
    """Append leaves in one go, with one checkpoint after the last; the position of the first."""
    size, peaks = head(connection)
    hashes = [merkle.leaf_hash(leaf) for leaf in leaves]
    connection.execute(
        schema.ledger_entry.insert(),
        [
            {"position": size + offset, "leaf": leaf, "leaf_hash": leaf_hash}
            for offset, (leaf, leaf_hash) in enumerate(zip(leaves, hashes, strict=True))
        ],
    )
    _checkpoint(connection, size + len(leaves), merkle.grown(peaks, size, hashes), at)
    return size


def head(connection: sa.Connection) -> tuple[int, list[bytes]]:
    """How many entries the last checkpoint covers, and the peaks of their tree."""
    last = connection.execute(
        sa.select(schema.checkpoint.c.size, schema.checkpoint.c.peaks)
        .order_by(schema.checkpoint.c.size.desc())
        .limit(1)
    ).first()
    if last is None:
        return 0, []
    step = merkle.HASH_BYTES
    return last.size, [last.peaks[start : start + step] for start in range(0, len(last.peaks), step)]


def leaf(
    *,
    at: datetime,
    actor: str,
    role: str,
    act: str,
    outcome: str,
    purpose: Mapping[str, Any] | None = None,
    asked: Mapping[str, Any] | None = None,
    counts: Mapping[str, int] | None = None,
    salts: Mapping[str, bytes],
) -> bytes:
    """What is written and hashed of an entry; `salts` holds the salt of each subject's commitment."""
    return canonical(
        {
            "version": 1,
            "at": hundredths(at),
            "actor": actor,
            "role": role,
            "act": act,
            "purpose": dict(purpose or {}),
            "asked": dict(asked or {}),
            "outcome": outcome,
            "counts": dict(counts or {}),
            "subjects": sorted(commitment(subject, salt) for subject, salt in salts.items()),
        }
    )


def canonical(fields: Mapping[str, Any]) -> bytes:
    """The one way these fields are written."""
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def commitment(subject: str, salt: bytes) -> str:
    """What an entry says of a subject: nothing, to whoever does not know the salt."""
    return hashlib.sha256(salt + subject.encode()).hexdigest()


def _checkpoint(connection: sa.Connection, size: int, peaks: list[bytes], at: datetime) -> None:
    connection.execute(
        schema.checkpoint.insert().values(
            size=size, root=merkle.root_of_peaks(peaks), peaks=b"".join(peaks), at=at
        )
    )


def hundredths(at: datetime) -> str:
    """A time in UTC to a hundredth of a second.

    >>> hundredths(datetime(2026, 11, 23, 3, 4, 5, 678901, UTC))
    '2026-11-23T03:04:05.67Z'
    """
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-4] + "Z"
