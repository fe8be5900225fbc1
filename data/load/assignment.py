"""Blocks and districts of what is stored already, after a layer has been replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import sqlalchemy as sa

from data import schema
from data.load import areas, commit

if TYPE_CHECKING:
    from data.store import Store


def assign_all(store: Store, connection: sa.Connection) -> None:
    """Give every incident and every site the block and the district it lies in now."""
    blocks, districts = areas.read(connection, schema.block), areas.read(connection, schema.district)
    incident, camera = schema.incident, schema.camera
    _assign(
        store,
        connection,
        "incident",
        sa.select(incident.c.lon, incident.c.lat).distinct(),
        "incident.lon = placed.lon AND incident.lat = placed.lat",
        blocks,
        districts,
    )
    # A site lies where its cameras are; where they differ, where the first of them is.
    first = sa.select(sa.func.min(camera.c.id)).group_by(camera.c.site_id)
    _assign(
        store,
        connection,
        "site",
        sa.select(camera.c.lon, camera.c.lat, camera.c.site_id.label("site_id")).where(
            camera.c.id.in_(first)
        ),
        "site.id = placed.site_id",
        blocks,
        districts,
    )


def _assign(
    store: Store,
    connection: sa.Connection,
    table: str,
    where: sa.Select,
    same: str,
    blocks: areas.Areas,
    districts: areas.Areas,
) -> None:
    rows = connection.execute(where).all()
    if not rows:
        return
    lon, lat = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    block, district = areas.containing_each(lon, lat, blocks, districts)
    placed = {
        "lon": pa.array(lon),
        "lat": pa.array(lat),
        "block_id": pa.array(block, pa.int32(), mask=block == areas.NOWHERE),
        "district_id": pa.array(district, pa.int32(), mask=district == areas.NOWHERE),
    }
    if table == "site":
        placed["site_id"] = pa.array([row.site_id for row in rows], pa.string())
    commit.stage_rows(store, connection, "placed", pa.table(placed))
    connection.execute(
        sa.text(
            f"UPDATE {table} SET block_id = placed.block_id, district_id = placed.district_id FROM placed "
            f"WHERE {same} AND ({table}.block_id IS DISTINCT FROM placed.block_id "
            f"OR {table}.district_id IS DISTINCT FROM placed.district_id)"
        )
    )
    connection.execute(sa.text("DROP TABLE placed"))
