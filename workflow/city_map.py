"""The base map: what anybody may see of the city, and its style."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import sqlalchemy as sa

from data import records, schema
from data.store import Store, default_store
from workflow import map_tiles
from workflow.kept import worked_out_once

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from data.records import City


def city(*, store: Store | None = None) -> City:
    """The city; `StoreError` says what to do where none is loaded."""
    return records.city(store or default_store())


def city_or_none(*, store: Store | None = None) -> City | None:
    """The city, if one is loaded."""
    return records.city_or_none(store or default_store())


@dataclass(frozen=True)
class Footprints:
    """The buildings of the city in its projected CRS, with an index over them."""

    polygons: NDArray[np.object_]
    tree: shapely.STRtree

    def near(self, x: float, y: float, reach_m: float) -> gpd.GeoSeries:
        """Those that come within `reach_m` of a point."""
        found = self.tree.query(shapely.box(x - reach_m, y - reach_m, x + reach_m, y + reach_m))
        return gpd.GeoSeries(self.polygons[np.sort(found)])


def footprints(*, store: Store | None = None) -> Footprints:
    """The buildings of the city, read once for each load of them."""
    store = store or default_store()
    return _footprints(store, map_version(store=store))


@worked_out_once(2)
def _footprints(store: Store, _version: int) -> Footprints:
    """The version only makes a new load a new question."""
    frame = records.layer(store, "building").to_crs(records.city(store).crs)
    polygons = frame.geometry.to_numpy()
    return Footprints(polygons, shapely.STRtree(polygons))


def bounds(*, store: Store | None = None) -> tuple[float, float, float, float]:
    """West, south, east and north of the city, or of its streets where no outline is loaded."""
    store = store or default_store()
    outline = records.city(store).outline
    return outline.bounds if outline is not None else tuple(records.layer(store, "street").total_bounds)


@dataclass(frozen=True)
class Label:
    """A street's name, where on the map it stands and how it is turned (degrees, anticlockwise from east)."""

    text: str
    lon: float
    lat: float
    angle: float


def street_labels(bounds: tuple[float, float, float, float], *, store: Store | None = None) -> list[Label]:
    """The names of the streets within bounds (west, south, east, north): each once, on its longest piece."""
    streets = _streets(store or default_store(), map_version(store=store))
    found = streets.tree.query(shapely.box(*bounds))
    pieces = shapely.clip_by_rect(streets.lines[found], *bounds)
    frame = pd.DataFrame({"name": streets.names[found], "piece": pieces, "length": shapely.length(pieces)})
    frame = frame[frame["name"].notna() & (frame["length"] > 0)].sort_values("length", ascending=False)
    frame = frame.drop_duplicates("name")
    middle = shapely.get_coordinates(shapely.line_interpolate_point(frame["piece"], 0.5, normalized=True))
    ahead = shapely.get_coordinates(shapely.line_interpolate_point(frame["piece"], 0.6, normalized=True))
    east, north = (ahead - middle).T
    turned = np.degrees(np.arctan2(north, east * np.cos(np.radians(middle[:, 1]))))
    upright = (turned + 90) % 180 - 90  # never upside down
    return [
        Label(name, lon, lat, angle)
        for name, (lon, lat), angle in zip(frame["name"], middle.tolist(), upright.tolist(), strict=True)
    ]


@dataclass(frozen=True)
class _Streets:
    names: NDArray[np.object_]
    lines: NDArray[np.object_]
    tree: shapely.STRtree


@worked_out_once(2)
def _streets(store: Store, _version: int) -> _Streets:
    """The version only makes a new load a new question."""
    frame = records.layer(store, "street")
    parts = frame.explode(ignore_index=True)
    lines = parts.geometry.to_numpy()
    return _Streets(parts["name"].to_numpy(), lines, shapely.STRtree(lines))


def map_version(*, store: Store | None = None) -> int:
    """A number that grows whenever something is loaded."""
    store = store or default_store()
    with store.read() as connection:
        return connection.execute(sa.select(sa.func.max(schema.load.c.id))).scalar() or 0


def tiles_address(*, store: Store | None = None) -> str:
    """Where the tiles are served. A new load of the map is at a new address: no browser goes on with the old one."""
    return f"/map/{map_version(store=store)}/{{z}}/{{x}}/{{y}}.mvt"


def clicked_address(layer: str, *, store: Store | None = None) -> str:
    """Where the tiles are served of what can be clicked of a layer."""
    return f"/map/{map_version(store=store)}/{layer}/{{z}}/{{x}}/{{y}}.geojson"


def style(theme: str, origin: str = "", *, store: Store | None = None) -> dict[str, Any]:
    """A quiet MapLibre style in light or dark, whose one source is our own tiles.

    `origin` is where the browser has the page from (https://map.example): it asks for tiles from a worker, which
    understands whole addresses only.
    """
    colours = STYLES[theme]
    return {
        "version": 8,
        "sources": {
            "city": {
                "type": "vector",
                "tiles": [origin + tiles_address(store=store)],
                "maxzoom": map_tiles.DEEPEST,
            }
        },
        "layers": [
            {"id": "background", "type": "background", "paint": {"background-color": colours["background"]}},
            _layer("outline", "fill", {"fill-color": colours["city"], "fill-antialias": False}),
            _layer("block", "line", {"line-color": colours["block"], "line-width": 0.5}),
            _layer("building", "fill", {"fill-color": colours["building"]}),
            _layer("street", "line", {"line-color": colours["street"], "line-width": STREET_WIDTH})
            | {"layout": {"line-cap": _near("butt", "round"), "line-join": _near("miter", "round")}},
        ],
    }


def style_address(theme: str, origin: str = "", *, store: Store | None = None) -> str:
    """The style as an address that holds all of it."""
    text = json.dumps(style(theme, origin, store=store), separators=(",", ":"))
    return "data:application/json;base64," + base64.b64encode(text.encode()).decode()


# Pixels by zoom.
STREET_WIDTH = ["interpolate", ["exponential", 1.7], ["zoom"], 11, 0.3, 13, 1, 15, 4, 18, 20]
STYLES = {
    "light": {
        "background": "#eef0f2",
        "city": "#f8f8f6",
        "block": "#e3e4e6",
        "building": "#dfe1e4",
        "street": "#cfd3d8",
    },
    "dark": {
        "background": "#0f1216",
        "city": "#171b20",
        "block": "#23282f",
        "building": "#2a3038",
        "street": "#3a424c",
    },
}


def _near(from_afar: str, near: str) -> list[Any]:
    """One look from afar and another near by: round ends of thin lines are drawn at a cost, but not seen."""
    return ["step", ["zoom"], from_afar, 14, near]


def _layer(name: str, kind: str, paint: dict[str, Any]) -> dict[str, Any]:
    return {"id": name, "type": kind, "source": "city", "source-layer": name, "paint": paint}
