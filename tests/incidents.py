"""Incidents recorded by hand in the small town."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
import sqlalchemy as sa

from data import records, schema
from tests import small_town

if TYPE_CHECKING:
    from datetime import datetime

    from data.store import Store


def record(
    store: Store,
    *happened: tuple[float, float, datetime],
    offence_code: str = "23F",
    offence_text: str = "Theft from vehicle",
) -> None:
    """Record incidents at (metres east, metres north of the middle of the town, when), as a load would."""
    places = [small_town.lon_lat(east, north) for east, north, _ in happened]
    blocks, districts = (_holding(store, layer, places) for layer in ("block", "district"))

    def work(connection: sa.Connection) -> None:
        known = connection.execute(sa.select(sa.func.count()).select_from(schema.incident)).scalar_one()
        connection.execute(
            schema.incident.insert(),
            [
                {
                    "source": "by hand",
                    "source_key": str(known + number),
                    "content_hash": known + number,
                    "load_id": 1,
                    "offence_code": offence_code,
                    "offence_text": offence_text,
                    "occurred_at": at,
                    "lon": lon,
                    "lat": lat,
                    "block_id": block,
                    "district_id": district,
                }
                for number, ((_, _, at), (lon, lat), block, district) in enumerate(
                    zip(happened, places, blocks, districts, strict=True), start=1
                )
            ],
        )

    store.write(work)


def _holding(store: Store, layer: str, places: list[tuple[float, float]]) -> list[int | None]:
    """The id of the area that holds each place, the lower one on a shared edge; None outside."""
    areas = records.layer(store, layer)
    place, area = areas.sindex.query(shapely.points(places), predicate="intersects")
    lowest = np.full(len(places), np.inf)
    np.minimum.at(lowest, place, areas["id"].to_numpy()[area])
    return [int(area) if np.isfinite(area) else None for area in lowest]
