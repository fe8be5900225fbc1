"""What is covered, against one camera and one cell at a time."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer

import analytics
from analytics import optics
from analytics.coverage import LARGEST_PICTURE, cover, picture, picture_bounds, share
from analytics.grid import Grid
from analytics.viewshed import cast, walls_of
from tests.analytics import scenes

CRS = "EPSG:32616"


def around(metres: float, cell: float) -> Grid:
    x, y = scenes.FAR_AWAY
    return Grid.over((x - metres, y - metres, x + metres, y + metres), cell)


def scene(seed: int, houses: int, count: int):
    random = np.random.default_rng(seed)
    built = scenes.houses(random, houses)
    cameras = scenes.cameras(random, count, built).assign(width_px=random.choice([1280, 1920, 3840], count))
    return cameras, walls_of(built)


# Covering


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 40), st.integers(0, 8), st.floats(6, 40))
def test_each_cell_counts_the_cameras_that_see_its_centre_and_keeps_the_sharpest(seed, houses, count, cell):
    cameras, walls = scene(seed, houses, count)
    grid = around(80, cell)  # some cameras stand outside and look in
    cells = cover(grid, cast(cameras, walls), cameras)

    expected = np.zeros(len(grid), dtype=int)
    best = np.zeros(len(grid))
    for one in cameras.itertuples():
        seen = scenes.plainly_sees(one, grid.centres(), walls)
        metres = np.maximum(np.hypot(*(grid.centres() - [one.x, one.y]).T), 1)
        expected += seen
        best = np.maximum(best, np.where(seen, optics.px_per_m(metres, one.width_px, one.hfov), 0))
    assert cells["n_cameras"].tolist() == expected.tolist()
    assert cells["best_px_per_m"].to_numpy() == pytest.approx(best)


def test_many_cameras_counted_side_by_side_are_all_counted_once():
    cameras, walls = scene(3, 40, 60)
    grid = around(100, 5)
    few = cover(grid, cast(cameras, walls), cameras)
    many = pd.concat([cameras] * 50, ignore_index=True)
    cells = cover(grid, cast(many, walls), many)
    assert (cells["n_cameras"] == 50 * few["n_cameras"]).all()
    assert (cells["best_px_per_m"] == few["best_px_per_m"]).all()
    assert few["n_cameras"].max() > 1


def test_layers_are_counted_apart_and_add_up():
    cameras, walls = scene(4, 20, 30)
    layer = np.arange(30) % 3
    grid, viewsheds = around(100, 10), cast(cameras, walls)
    cells = cover(grid, viewsheds, cameras, layer=layer)
    assert list(cells) == ["n_cameras", "best_px_per_m", "n_cameras_0", "n_cameras_1", "n_cameras_2"]
    assert (cells[["n_cameras_0", "n_cameras_1", "n_cameras_2"]].sum(axis=1) == cells["n_cameras"]).all()
    alone = cameras[layer == 1]
    assert (cover(grid, cast(alone, walls), alone)["n_cameras"] == cells["n_cameras_1"]).all()
    assert cells["n_cameras_1"].any()


def test_cameras_from_kind_to_coverage_where_nobody_stated_a_direction_cover_nothing():
    x, y = scenes.FAR_AWAY
    registered = pd.DataFrame(
        {"x": [x, x], "y": [y, y], "kind": ["turret", "turret"], "azimuth": [0.0, None]}
    )
    cameras = optics.completed(registered, "detect")
    cells = cover(around(80, 5), cast(cameras, []), cameras)
    assert cells["n_cameras"].max() == 1
    covered = cells["n_cameras"].sum() * 25
    assert covered == pytest.approx(np.pi * cameras["range_m"][0] ** 2 * 80 / 360, rel=0.03)
    assert cells.loc[cells["n_cameras"] > 0, "best_px_per_m"].min() >= optics.LEVELS["detect"]


def test_without_the_width_the_range_is_taken_as_that_of_detection():
    cameras, walls = scene(5, 20, 20)
    cameras["range_m"] = optics.range_m(25, cameras["width_px"], cameras["hfov"])
    grid, viewsheds = around(100, 10), cast(cameras, walls)
    told = cover(grid, viewsheds, cameras)
    untold = cover(grid, viewsheds, cameras.drop(columns="width_px"))
    assert untold["best_px_per_m"].to_numpy() == pytest.approx(told["best_px_per_m"].to_numpy())


def test_no_cameras_cover_nothing():
    cameras, _ = scene(6, 0, 0)
    cells = cover(around(10, 5), cast(cameras, []), cameras, layer=[])
    assert len(cells) == 16
    assert not cells.to_numpy().any()


def test_other_cameras_than_those_of_the_viewsheds_are_refused():
    cameras, walls = scene(7, 0, 3)
    with pytest.raises(ValueError, match="3 viewsheds, but 2 cameras"):
        cover(around(10, 5), cast(cameras, walls), cameras.iloc[:2])


@pytest.mark.parametrize("layer", [[0, 1], [0, 1, -1], [0, 1, 64], [0.0, 1.0, 2.0]])
def test_layers_that_make_no_sense_are_refused(layer):
    cameras, walls = scene(8, 0, 3)
    with pytest.raises(ValueError, match=r"layer|Layers"):
        cover(around(10, 5), cast(cameras, walls), cameras, layer=layer)


# Shares

CELLS = pd.DataFrame({"best_px_per_m": [0.0, 24.9, 25.0, 300.0]})


def test_a_share_is_of_cells_or_of_what_they_weigh():
    assert share(CELLS) == 0.5
    assert share(CELLS, level="identify") == 0.25
    assert share(CELLS, weights=[0, 0, 1, 3]) == 1.0
    assert share(CELLS, weights=[5, 0, 1, 4], level="identify") == 0.4


def test_a_share_of_nothing_is_no_number():
    assert np.isnan(share(CELLS, weights=[0, 0, 0, 0]))
    assert np.isnan(share(CELLS.iloc[:0]))


@pytest.mark.parametrize("weights", [[1, 1], [1, 1, 1, np.nan], [1, 1, 1, -1]])
def test_weights_that_make_no_sense_are_refused(weights):
    with pytest.raises(ValueError, match=r"weight|Weights"):
        share(CELLS, weights=weights)


def test_an_unknown_level_is_refused():
    with pytest.raises(ValueError, match="no level 'read'"):
        share(CELLS, level="read")


# Pictures


def test_a_picture_has_north_on_top():
    grid = Grid.over((0, 0, 3, 2), 1)
    south, north = [0, 1, 2], [3, 4, 255]
    drawn = picture(grid, [*south, *north])
    assert drawn.dtype == np.uint8
    assert drawn.tolist() == [north, south]


def places_of_pixels(grid: Grid, shape: tuple[int, int]) -> np.ndarray:
    """Where a map that stretches the picture evenly in web mercator shows the middle of each pixel, in the CRS."""
    west, south, east, north = picture_bounds(grid, CRS)
    to_mercator = Transformer.from_crs("EPSG:4326", "EPSG:3857", always_xy=True)
    (west, east), (south, north) = to_mercator.transform([west, east], [south, north])
    rows, columns = shape
    x = west + (np.arange(columns) + 0.5) / columns * (east - west)
    y = north - (np.arange(rows) + 0.5) / rows * (north - south)
    back = Transformer.from_crs("EPSG:3857", CRS, always_xy=True)
    return np.stack(back.transform(*np.meshgrid(x, y)), axis=-1)


def test_each_pixel_of_a_picture_for_the_map_shows_the_cell_that_lies_there():
    grid = around(2000, 20)
    code = np.random.default_rng(0).integers(1, 5, len(grid))
    drawn = picture(grid, code, crs=CRS)
    assert drawn.shape == pytest.approx(grid.shape, rel=0.05)
    places = places_of_pixels(grid, drawn.shape).reshape(-1, 2)
    cell = grid.index_of(places)
    # Within 2 cm of a cell's edge rounding and interpolation may choose the neighbour.
    into = (places - grid.origin) % grid.cell
    clear = ((into > 0.02) & (into < grid.cell - 0.02)).all(axis=1)
    expected = np.where(cell < 0, 0, code[cell])
    assert (drawn.ravel() == expected)[clear].all()
    assert clear.mean() > 0.99


def test_a_picture_of_more_cells_than_a_screen_can_take_has_larger_pixels():
    grid = Grid.over((674_000, 3_718_000, 674_000 + 9_000, 3_718_000 + 100), 1)
    assert picture(grid, np.ones(len(grid), dtype=int), crs=CRS).shape[1] <= LARGEST_PICTURE + 1


def test_why_a_picture_is_drawn_anew_for_the_map():
    """A city of 20 km stretched as it is would be shown up to about 390 m from its place."""
    grid = around(10_000, 100)
    there = places_of_pixels(grid, grid.shape)
    own = grid.centres().reshape(*grid.shape, 2)[::-1]
    off = np.hypot(*(there - own).reshape(-1, 2).T)
    assert 350 < off.max() < 400
    assert off.mean() > 10 * 10  # ten cells of 10 m


@pytest.mark.parametrize(
    ("codes", "words"), [([0, 0, 0], "one code"), ([0.5, 1], "whole numbers"), ([0, 256], "from 0 to 255")]
)
def test_pictures_that_make_no_sense_are_refused(codes, words):
    with pytest.raises(ValueError, match=words):
        picture(Grid.over((0, 0, 2, 1), 1), codes)


# Metres, not degrees

#: They draw for a map that wants bounds in degrees.
DRAW_FOR_THE_MAP = {"picture_bounds", "_mercator_bounds", "_cell_of_pixels"}


def uses(pattern: str) -> set[tuple[str, str]]:
    """The modules and functions of analytics with a name, or a text that is no description, of such a pattern."""
    found = set()
    for file in Path(analytics.__file__).parent.glob("*.py"):
        for outer in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(outer, ast.Import | ast.ImportFrom):
                continue
            for node in ast.walk(outer):
                names = [getattr(node, field, None) for field in ("id", "attr", "arg", "value", "name")]
                if any(isinstance(name, str) and re.match(pattern, name) for name in names):
                    found.add((file.stem, getattr(outer, "name", "")))
    return found


def test_coordinate_systems_are_changed_only_to_draw_for_a_map():
    assert uses(r"Transformer$|pyproj$|to_crs$|EPSG:|CRS$") == {
        ("coverage", name) for name in DRAW_FOR_THE_MAP
    }


def test_nothing_but_the_sun_is_reckoned_from_latitude_and_longitude():
    modules = {module for module, _ in uses(r"(lat|lon|lng|latitude|longitude|haversine|geod)(_|$)")}
    assert modules == {"daylight"}
