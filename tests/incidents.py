"""Incidents recorded by hand in the small town."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from data import schema
from tests import small_town

if TYPE_CHECKING:
    from datetime import datetime

    from data.store import Store


def record(store: Store, *happened: tuple[float, float, datetime]) -> None:
    """Record incidents at (metres east, metres north of the middle of the town, when)."""

    def work(connection: sa.Connection) -> None:
        known = connection.execute(sa.select(sa.func.count()).select_from(schema.incident)).scalar_one()
        rows = []
        for number, (east, north, at) in enumerate(happened, start=known + 1):
            lon, lat = small_town.lon_lat(east, north)
            rows.append(
                {
                    "source": "by hand",
                    "source_key": str(number),
                    "content_hash": number,
                    "load_id": 1,
                    "offence_code": "23F",
                    "offence_text": "Theft from vehicle",
                    "occurred_at": at,
                    "lon": lon,
                    "lat": lat,
                }
            )
        connection.execute(schema.incident.insert(), rows)

    store.write(work)
