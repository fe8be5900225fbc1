"""What the tests of loading share: files of a small made-up city, and questions to the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import shapely
import sqlalchemy as sa

if TYPE_CHECKING:
    from pathlib import Path

    from data import load
    from data.store import Store

HEADER = (
    "the_geom,cartodb_id,objectid,dc_dist,dispatch_date_time,dispatch_date,dispatch_time,dc_key,location_block,"
    "ucr_general,text_general_code,point_x,point_y"
)


def row(key: object, **changes: object) -> str:
    """One line of Philadelphia's export."""
    cells: dict[str, object] = {
        "the_geom": "",
        "cartodb_id": 1,
        "objectid": 1,
        "dc_dist": 22,
        "dispatch_date_time": "2025-02-27 01:16:00+00",
        "dispatch_date": "2025-02-26",
        "dispatch_time": "20:16:00",
        "dc_key": key,
        "location_block": "400 BLOCK N 35TH ST",
        "ucr_general": 600,
        "text_general_code": "Thefts",
        "point_x": -75.19272257,
        "point_y": 39.96164168,
    }
    cells.update(changes)
    return ",".join(str(cell) for cell in cells.values())


def written(folder: Path, *rows: str, name: str = "incidents.csv") -> Path:
    """A file of these lines below Philadelphia's header."""
    file = folder / name
    file.write_text("\n".join((HEADER, *rows)) + "\n", encoding="utf-8")
    return file


def areas(folder: Path, name: str, **columns: list[Any]) -> Path:
    """A GeoJSON file with two squares side by side around the place of `row`: they touch at -75.19272257."""
    west, east = (
        shapely.box(-75.20, 39.95, -75.19272257, 39.97),
        shapely.box(-75.19272257, 39.95, -75.18, 39.97),
    )
    file = folder / f"{name}.geojson"
    gpd.GeoDataFrame(columns, geometry=[west, east], crs=4326).to_file(file)
    return file


def ask(store: Store, question: str) -> list[tuple[Any, ...]]:
    """The answer of the store, as tuples."""
    with store.read() as connection:
        return [tuple(answer) for answer in connection.execute(sa.text(question)).all()]


def adds_up(report: load.LoadReport) -> bool:
    """What every load promises."""
    return (
        report.rows
        == report.accepted + report.duplicates + report.quarantined
        == sum((report.accepted, report.duplicates, *report.reasons.values()))
    )
