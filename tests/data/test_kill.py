"""A process that is killed loses nothing it has acknowledged, and leaves nothing half done.

PORCHLIGHT_KILLS says how often each process is killed; PostgreSQL's clients a third as often.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import random
import time

import sqlalchemy as sa

from data import schema
from data.store import open_store
from tests import small_town
from tests.data import killed
from tests.data.loading import row, written
from workflow.ledger import verify

KILLS = int(os.environ.get("PORCHLIGHT_KILLS", "6"))
ROWS = 2_000  # of a file: a tenth of them is refused, and a tenth was in the file before

# A server that has everything imported gives a process at once.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([killed.__name__])


def kills(store_url: str) -> int:
    return KILLS if store_url.startswith("duckdb") else max(2, KILLS // 3)


def until_killed(work, *arguments: object, within_s: float) -> list[str]:
    """What a process had acknowledged when it was killed, at a random moment after its first commit."""
    receiver, sender = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=work, args=(sender, *arguments))
    process.start()
    sender.close()
    acknowledged = [receiver.recv()]
    time.sleep(random.uniform(0, within_s))
    assert process.is_alive()
    process.kill()
    process.join()
    with contextlib.suppress(EOFError, OSError):  # the last acknowledgement may have been cut off
        while True:
            acknowledged.append(receiver.recv())
    receiver.close()
    return acknowledged


@contextlib.contextmanager
def records(url: str, key_file):
    """The store as it is found afterwards."""
    store = open_store(url, key_file)
    try:
        store.write(lambda _: None)  # whatever the dead process had under way at PostgreSQL is over then
        with store.read() as connection:
            yield store, connection
    finally:
        store.close()


def ids(connection: sa.Connection, column: sa.Column) -> list[str]:
    return sorted(connection.execute(sa.select(column)).scalars())


def test_registrations_are_there_whole_or_not_at_all(store_url, key_file):
    store = open_store(store_url, key_file)
    small_town.build(store)
    limit = schema.setting.insert().values(name="registrations_per_hour_max", value="1000000")
    store.write(lambda connection: connection.execute(limit))
    store.close()
    acknowledged: set[str] = set()
    for _ in range(kills(store_url)):
        acknowledged |= set(until_killed(killed.registers, store_url, key_file, within_s=0.3))
        with records(store_url, key_file) as (store, connection):
            cameras = connection.execute(sa.select(schema.camera)).all()
            assert acknowledged <= {camera.id for camera in cameras}
            # What was under way when the process died may be there too, but at most one a kill, and whole.
            assert ids(connection, schema.owner.c.id) == sorted(camera.owner_id for camera in cameras)
            assert ids(connection, schema.site.c.id) == sorted(camera.site_id for camera in cameras)
            assert ids(connection, schema.consent.c.camera_id) == sorted(
                [camera.id for camera in cameras] * 2
            )
            told = [
                json.loads(leaf)
                for leaf in connection.execute(sa.select(schema.ledger_entry.c.leaf)).scalars()
            ]
            assert [entry["act"] for entry in told] == ["camera.register"] * len(cameras)
            about = sorted(
                part for camera in cameras for part in (camera.id, camera.owner_id, camera.site_id)
            )
            assert ids(connection, schema.ledger_subject.c.subject) == about
            assert verify(store).problems == ()
    assert len(acknowledged) >= kills(store_url)
    assert len(cameras) <= len(acknowledged) + kills(store_url)


def test_loads_are_there_whole_or_not_at_all(store_url, key_file, tmp_path):
    files = [export(tmp_path, number) for number in range(4 * KILLS)]
    open_store(store_url, key_file).close()
    acknowledged: set[str] = set()
    for _ in range(kills(store_url)):
        left = [file for file in files if file.name not in acknowledged] or files
        acknowledged |= set(until_killed(killed.loads, store_url, key_file, left * 50, within_s=0.6))
        with records(store_url, key_file) as (store, connection):
            loads = connection.execute(sa.select(schema.load)).all()
            assert acknowledged <= {load.file_name for load in loads}
            assert all(load.rows == load.accepted + load.duplicates + load.quarantined for load in loads)
            assert all(load.rows == ROWS for load in loads)
            accepted = {load.id: load.accepted for load in loads if load.accepted}
            assert by_load(connection, schema.incident) == accepted
            # A load that was there but not acknowledged is loaded again; its refused rows stay with the first.
            first = {load.file_name: load for load in sorted(loads, key=lambda load: -load.id)}
            refused = {load.id: load.quarantined for load in first.values()}
            assert by_load(connection, schema.quarantine) == refused
            told = [
                json.loads(leaf)
                for leaf in connection.execute(sa.select(schema.ledger_entry.c.leaf)).scalars()
            ]
            assert [entry["counts"]["rows"] for entry in told if entry["act"] == "data.load"] == [ROWS] * len(
                loads
            )
            assert verify(store).problems == ()


def by_load(connection: sa.Connection, table: sa.Table) -> dict[int, int]:
    """How many rows there are of each load."""
    counted = sa.select(table.c.load_id, sa.func.count()).group_by(table.c.load_id)
    return dict(connection.execute(counted).all())


def export(folder, number: int):
    """A file of its own keys, a tenth of them without a time, and a tenth of the file before."""
    first = number * ROWS
    lines = [
        row(key, dispatch_date_time="" if key % 10 == 0 else "2025-02-27 01:16:00+00")
        for key in range(first, first + ROWS)
    ]
    return written(folder, *lines, name=f"month {number}.csv")
