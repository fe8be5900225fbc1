"""What a process does until it is killed: it commits, and says so, again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data import load
from data.store import open_store
from tests import small_town
from workflow.registration import Submission, register

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from pathlib import Path


def registers(acknowledged: Connection, url: str, key_file: Path) -> None:
    """Register one camera after the other; each reference is sent once its registration is there."""
    store = open_store(url, key_file)
    lon, lat = small_town.lon_lat(60, 12)
    while True:
        done = register(
            Submission(
                owner_kind="resident",
                name="Rosalind Quimby",
                email="rosalind@quimby.example",
                phone="770-555-0142",
                address="351 Maple St",
                lon=lon,
                lat=lat,
                camera_kind="doorbell",
                azimuth=180.0,
                consents=frozenset({"list", "ask"}),
            ),
            store=store,
        )
        acknowledged.send(done.reference)


def loads(acknowledged: Connection, url: str, key_file: Path, files: list[Path]) -> None:
    """Load one file after the other; each name is sent once its load is there."""
    store = open_store(url, key_file)
    for file in files:
        load.incidents(file, store)
        acknowledged.send(file.name)
