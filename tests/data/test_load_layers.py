"""Base maps: any file, any reference system, broken geometry."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import pytest
import shapely
from shapely.geometry import LineString, Point, Polygon

from data import load
from data.errors import LoadError
from tests.data.loading import adds_up, areas, ask, row, written

if TYPE_CHECKING:
    from pathlib import Path

    from data.store import Store

SQUARE = shapely.box(-75.20, 39.95, -75.19, 39.96)


def layer(
    folder: Path, shapes: list[object], name: str = "layer.gpkg", crs: int | None = 4326, **columns: object
) -> Path:
    file = folder / name
    file.unlink(missing_ok=True)
    frame = gpd.GeoDataFrame(columns, geometry=shapes, crs=4326)
    frame = frame.to_crs(crs) if crs else frame.set_crs(None, allow_override=True)
    frame.to_parquet(file) if name.endswith(".parquet") else frame.to_file(file)
    return file


def shapes(store: Store, table: str) -> list[shapely.Geometry]:
    return [
        shapely.from_wkb(bytes(wkb)) for (wkb,) in ask(store, f"SELECT geometry FROM {table} ORDER BY id")
    ]


@pytest.mark.parametrize("crs", [4326, 4269, 2272, 26918])
@pytest.mark.parametrize("name", ["layer.gpkg", "layer.parquet"])
def test_any_reference_system_becomes_longitude_and_latitude(
    duckdb_store: Store, tmp_path: Path, crs: int, name: str
) -> None:
    load.blocks(layer(tmp_path, [SQUARE], name, crs, GEOID20=["1"], POP20=[12]), duckdb_store)
    assert shapely.hausdorff_distance(shapes(duckdb_store, "block")[0], SQUARE) < 1e-6
    assert ask(duckdb_store, "SELECT code, name, population FROM block") == [("1", "1", 12.0)]


def test_a_layer_loaded_again_replaces_the_one_before(store: Store, tmp_path: Path) -> None:
    two = areas(tmp_path, "two", geoid=["a", "b"])
    assert load.blocks(two, store).accepted == 2
    assert load.blocks(two, store).duplicates == 2
    one = layer(tmp_path, [SQUARE], geoid=["c"])
    assert load.blocks(one, store).accepted == 1
    assert ask(store, "SELECT id, code FROM block") == [(1, "c")]
    assert load.blocks(two, store).accepted == 2
    assert ask(store, "SELECT id, code FROM block ORDER BY 1") == [(1, "a"), (2, "b")]


def test_whether_a_street_is_lit_is_told_in_the_publishers_words_and_else_unknown(
    store: Store, tmp_path: Path
) -> None:
    words = ["yes", "24/7", " Automatic", "no", "limited", "19:00-23:00", "", None]
    lines = [LineString([(-75.2, 39.95 + n / 1000), (-75.19, 39.95)]) for n in range(len(words))]
    assert load.streets(layer(tmp_path, lines, lit=words), store).accepted == len(words)
    assert ask(store, "SELECT lit FROM street ORDER BY id") == [
        (known,) for known in (True, True, True, False, None, None, None, None)
    ]
    assert load.streets(layer(tmp_path, lines, lit=words), store).duplicates == len(words)


def test_a_file_that_says_yes_or_no_by_a_flag_is_understood_too(duckdb_store: Store, tmp_path: Path) -> None:
    lines = [LineString([(-75.2, 39.95), (-75.19, 39.95)]), LineString([(-75.2, 39.96), (-75.19, 39.96)])]
    load.streets(layer(tmp_path, lines, "layer.parquet", lit=[True, False]), duckdb_store)
    assert ask(duckdb_store, "SELECT lit FROM street ORDER BY id") == [(True,), (False,)]


def test_incidents_follow_when_blocks_are_replaced(store: Store, tmp_path: Path) -> None:
    load.blocks(areas(tmp_path, "two", geoid=["a", "b"]), store)
    load.incidents(written(tmp_path, row(1), row(2, point_x=-75.185)), store)
    report = load.blocks(layer(tmp_path, [shapely.box(-75.19, 39.95, -75.18, 39.97)], geoid=["c"]), store)
    assert report.findings == ()
    assert ask(store, "SELECT block_id FROM incident ORDER BY source_key") == [(None,), (1,)]


def test_broken_geometry_is_mended_and_what_is_none_is_kept_aside(store: Store, tmp_path: Path) -> None:
    bow_tie = Polygon([(-75.2, 39.95), (-75.1, 40.05), (-75.1, 39.95), (-75.2, 40.05)])
    file = layer(tmp_path, [bow_tie, None, Point(-75.1, 40.0)], "layer.parquet", geoid=["a", "b", "c"])
    report = load.blocks(file, store)
    assert adds_up(report)
    assert (report.accepted, report.reasons) == (1, {"no geometry": 1, "wrong geometry": 1})
    assert shapes(store, "block")[0].is_valid
    assert load.blocks(file, store).quarantined == 2
    assert ask(store, "SELECT count(*) FROM quarantine") == [(2,)]


def test_house_numbers_of_zero_are_not_known(store: Store, tmp_path: Path) -> None:
    line = LineString([(-75.2, 39.95), (-75.19, 39.96)])
    load.streets(
        layer(tmp_path, [line], FULLNAME=["Oak St"], fraddl=[0], toaddl=[0], fraddr=[101], toaddr=[199]),
        store,
    )
    assert ask(store, "SELECT name, left_from, left_to, right_from, right_to FROM street") == [
        ("Oak St", None, None, 101, 199)
    ]


def test_what_stands_on_a_plot_becomes_one_of_five_uses(store: Store, tmp_path: Path) -> None:
    uses = ["apartments", "Retail", "warehouse", "school", "garage", "yes"]
    load.buildings(layer(tmp_path, [SQUARE] * 6, building=uses, height=[3, 4, 5, 6, None, -1]), store)
    assert ask(store, "SELECT land_use, height_m FROM building ORDER BY id") == [
        ("residential", 3.0),
        ("commercial", 4.0),
        ("industrial", 5.0),
        ("public", 6.0),
        ("other", None),
        (None, None),
    ]


def test_a_column_can_be_named_where_its_name_is_unusual(store: Store, tmp_path: Path) -> None:
    file = layer(tmp_path, [SQUARE], geoid=["a"], BEWOHNER=[7])
    load.blocks(file, store, columns={"population": "bewohner"})
    assert ask(store, "SELECT population FROM block") == [(7.0,)]
    with pytest.raises(LoadError, match="no column 'nothing'"):
        load.blocks(file, store, columns={"population": "nothing"})
    with pytest.raises(LoadError, match="'people' is no column of blocks"):
        load.blocks(file, store, columns={"people": "BEWOHNER"})


def test_a_file_without_anything_of_the_layer_changes_nothing(store: Store, tmp_path: Path) -> None:
    load.blocks(layer(tmp_path, [SQUARE], geoid=["a"]), store)
    with pytest.raises(LoadError, match="holds no blocks"):
        load.blocks(layer(tmp_path, [Point(-75.2, 39.9)], geoid=["b"]), store)
    text = tmp_path / "text.geojson"
    text.write_text("this is no map")
    with pytest.raises(LoadError, match="no map file"):
        load.blocks(text, store)
    assert ask(store, "SELECT code FROM block") == [("a",)]


def test_feet_without_a_reference_system_are_refused(duckdb_store: Store, tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"geoid": ["a"]}, geometry=[shapely.box(2.69e6, 2.3e5, 2.70e6, 2.4e5)], crs=2272)
    file = tmp_path / "layer.parquet"
    frame.set_crs(None, allow_override=True).to_parquet(file)
    with pytest.raises(LoadError, match="reference system"):
        load.blocks(file, duckdb_store)


def test_the_city_has_an_outline_a_name_and_a_zone(store: Store, tmp_path: Path) -> None:
    file = areas(tmp_path, "city")
    assert load.city(file, store, name="Somewhere", timezone="America/New_York").accepted == 2
    assert load.city(file, store, name="Somewhere", timezone="America/New_York").duplicates == 2
    assert ask(store, "SELECT name, timezone, crs, synthetic FROM city") == [
        ("Somewhere", "America/New_York", "EPSG:32618", False)
    ]
    with pytest.raises(LoadError, match="no time zone"):
        load.city(file, store, name="Somewhere", timezone="Mars/Olympus")
