"""The map in tiles: what lies where, from which zoom, and no more than a tile."""

from __future__ import annotations

import gzip
import json
import math
from datetime import UTC, datetime

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
import sqlalchemy as sa

from data import records, schema
from tests import small_town
from workflow import city_map, map_tiles, vector_tile


@pytest.fixture
def town(duckdb_store):
    small_town.build(duckdb_store)
    return duckdb_store


def tile_at(lon: float, lat: float, z: int) -> tuple[int, int]:
    """Column and row of the tile a point is on, as the OpenStreetMap wiki gives it (Slippy map tilenames)."""
    angle = math.radians(lat)
    x = (lon + 180) / 360 * 2**z
    y = (1 - math.log(math.tan(angle) + 1 / math.cos(angle)) / math.pi) / 2 * 2**z
    return int(x), int(y)


def drawn(folder, store, z: int, version: int = 1) -> dict[str, gpd.GeoSeries]:
    """The layers of the tile that has the middle of the town, in longitude and latitude."""
    x, y = tile_at(*small_town.CENTRE, z)
    file = folder / "tile.mvt"
    file.write_bytes(gzip.decompress(map_tiles.tile(z, x, y, version, store=store)))

    def degrees(points):
        across = (x + points[:, 0] / vector_tile.EXTENT) / 2**z
        down = (y + 1 - points[:, 1] / vector_tile.EXTENT) / 2**z  # GDAL counts from the south
        lat = np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * down))))
        return np.column_stack((across * 360 - 180, lat))

    return {
        name: gpd.GeoSeries(
            shapely.transform(pyogrio.read_dataframe(file, layer=name).geometry.to_numpy(), degrees)
        )
        for name in pyogrio.list_layers(file)[:, 0]
    }


def test_a_house_is_drawn_where_it_stands(town, tmp_path):
    found = drawn(tmp_path, town, 14)
    houses = records.layer(town, "building").geometry
    metres = found["building"].set_crs(records.WGS84).to_crs(small_town.CRS)
    near = metres.sindex.nearest(houses.to_crs(small_town.CRS).centroid, return_all=False, max_distance=1)[1]
    assert len(near) > 20
    assert metres.iloc[near].area.median() == pytest.approx(14 * 12, rel=0.05)


@pytest.mark.parametrize(
    ("z", "layers"),
    [
        (10, {"outline", "street"}),
        (13, {"outline", "block", "street"}),
        (14, {"outline", "block", "building", "street"}),
    ],
)
def test_a_layer_is_on_the_map_from_the_zoom_on_where_it_can_be_seen(town, tmp_path, z, layers):
    assert set(drawn(tmp_path, town, z)) == layers


def test_small_streets_wait_until_there_is_room_where_large_ones_are_known(town, tmp_path):
    assert len(drawn(tmp_path, town, 11)["street"]) > 30, "nobody said which ones matter"
    main = schema.street.c.name == "Maple St"
    town.write(
        lambda connection: connection.execute(schema.street.update().where(main).values(kind="arterial"))
    )
    assert len(drawn(tmp_path, town, 11, version=2)["street"]) == 4
    assert len(drawn(tmp_path, town, 12, version=2)["street"]) > 30


def test_a_tile_without_anything_is_empty_and_one_that_cannot_be_is_none(town):
    assert gzip.decompress(map_tiles.tile(10, 0, 0, 1, store=town)) == b""
    for z, x, y in [(-1, 0, 0), (16, 0, 0), (3, 8, 0), (3, 0, 8), (3, -1, 0)]:
        assert map_tiles.tile(z, x, y, 1, store=town) is None


@pytest.mark.parametrize(("layer", "rows"), [("block", 16), ("street", 40)])
def test_what_can_be_clicked_has_its_id_and_lies_within_its_tile(town, layer, rows):
    z = map_tiles.CLICKED_ZOOM
    middle = tile_at(*small_town.CENTRE, z)
    seen, area, length = set(), 0.0, 0.0
    for x in range(middle[0] - 1, middle[0] + 2):
        for y in range(middle[1] - 1, middle[1] + 2):
            body = gzip.decompress(map_tiles.clicked(layer, z, x, y, 1, store=town))
            features = json.loads(body)["features"]
            seen |= {feature["properties"]["id"] for feature in features}
            assert all(set(feature["properties"]) == {"id"} for feature in features)
            for feature in features:
                shape = shapely.from_geojson(json.dumps(feature["geometry"]))
                inside = (
                    shape.representative_point() if shape.area else shape.interpolate(0.5, normalized=True)
                )
                assert tile_at(inside.x, inside.y, z) == (x, y)
                metres = gpd.GeoSeries([shape], crs=records.WGS84).to_crs(small_town.CRS)
                area, length = area + metres.area.sum(), length + metres.length.sum()
    assert seen == set(range(1, rows + 1))
    side = small_town.SPACING_M
    assert (area if layer == "block" else length) == pytest.approx(
        16 * side**2 if layer == "block" else 40 * side, rel=0.02
    ), "all of it, and nothing twice"


def test_nothing_else_can_be_clicked(town):
    x, y = tile_at(*small_town.CENTRE, 13)
    assert map_tiles.clicked("building", 13, x, y, 1, store=town) is None
    assert map_tiles.clicked("camera", 13, x, y, 1, store=town) is None
    assert map_tiles.clicked("block", 12, x // 2, y // 2, 1, store=town) is None


def test_a_new_load_is_a_new_address_and_a_new_map(town, tmp_path):
    before, address = drawn(tmp_path, town, 14), city_map.tiles_address(store=town)
    town.write(_demolish)
    assert city_map.tiles_address(store=town) != address
    x, y = tile_at(*small_town.CENTRE, 14)
    after = gzip.decompress(map_tiles.tile(14, x, y, city_map.map_version(store=town), store=town))
    assert "building" in before
    assert b"building" not in after


def _demolish(connection) -> None:
    connection.execute(sa.delete(schema.building))
    counts = dict.fromkeys(("rows", "accepted", "duplicates", "quarantined", "seconds"), 0)
    named = {
        "kind": "buildings",
        "file_name": "none.csv",
        "file_hash": "0" * 64,
        "format": "csv",
        "reasons": "{}",
    }
    at = datetime(2026, 3, 1, tzinfo=UTC)
    connection.execute(schema.load.insert().values(id=99, finished_at=at, **counts, **named))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_style_names_our_own_tiles_only(town, theme):
    style = city_map.style(theme, "https://map.example", store=town)
    assert style["version"] == 8
    assert [source["tiles"] for source in style["sources"].values()] == [
        ["https://map.example" + city_map.tiles_address(store=town)]
    ]
    x, y = tile_at(*small_town.CENTRE, 14)
    tile = gzip.decompress(map_tiles.tile(14, x, y, 1, store=town))
    named = {layer["source-layer"] for layer in style["layers"] if "source-layer" in layer}
    assert all(name.encode() in tile for name in named)
