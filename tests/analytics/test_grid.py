"""Cells and the points in them."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.grid import Grid

GRIDS = st.builds(
    lambda west, south, wide, high, cell: Grid.over((west, south, west + wide, south + high), cell),
    st.floats(-1e6, 1e7),
    st.floats(-1e6, 1e7),
    st.floats(1, 300),
    st.floats(1, 300),
    st.floats(5, 50),
)


@given(GRIDS)
def test_each_centre_lies_in_its_own_cell(grid):
    assert grid.index_of(grid.centres()).tolist() == list(range(len(grid)))


@given(GRIDS, st.lists(st.tuples(st.floats(-50, 400), st.floats(-50, 400)), min_size=1))
def test_a_point_lies_in_the_cell_whose_centre_is_near_or_outside_the_bounds(grid, offsets):
    points = np.array(offsets) + grid.origin
    cell = grid.index_of(points)
    west, south, east, north = grid.bounds
    x, y = points.T
    inside = (x >= west) & (x <= east) & (y >= south) & (y <= north)
    assert ((cell >= 0) == inside).all()
    off = np.abs(grid.centres()[cell[inside]] - points[inside])
    assert (off <= grid.cell / 2 * (1 + 1e-6)).all()


@given(GRIDS)
def test_the_corners_of_the_bounds_lie_in_the_corner_cells(grid):
    west, south, east, north = grid.bounds
    rows, columns = grid.shape
    corners = [(west, south), (east, south), (west, north), (east, north)]
    assert grid.index_of(corners).tolist() == [0, columns - 1, (rows - 1) * columns, rows * columns - 1]


def test_a_grid_covers_its_bounds_whole_with_cells_of_the_size_asked_for():
    grid = Grid.over((100, 200, 125, 211), 10)
    assert grid.shape == (2, 3)
    assert grid.bounds == (100, 200, 130, 220)
    assert grid.centres()[[0, 1, 3]].tolist() == [[105, 205], [115, 205], [105, 215]]


def test_a_missing_point_lies_nowhere():
    assert Grid.over((0, 0, 9, 9), 3).index_of([[np.nan, 1], [1, np.inf]]).tolist() == [-1, -1]


@pytest.mark.parametrize("bounds", [(0, 0, 0, 1), (0, 1, 1, 0), (0, 0, np.nan, 1), (0, 0, np.inf, 1)])
def test_bounds_that_enclose_nothing_are_refused(bounds):
    with pytest.raises(ValueError, match="bounds"):
        Grid.over(bounds, 10)


@pytest.mark.parametrize("cell", [0, -1, np.nan, np.inf])
def test_a_cell_without_a_size_is_refused(cell):
    with pytest.raises(ValueError, match="cell size"):
        Grid.over((0, 0, 1, 1), cell)


def test_a_grid_too_large_for_any_city_is_refused_before_memory_runs_out():
    with pytest.raises(ValueError, match="too large"):
        Grid.over((0, 0, 1e7, 1e7), 1)


@given(st.integers(0, 10_000), st.floats(1.5, 20))
def test_the_area_of_a_cell_is_the_first_polygon_that_holds_its_centre(seed, cell):
    rng = np.random.default_rng(seed)
    points = rng.uniform(-20, 120, (40, 2))
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.MultiPoint(points)))
    rings = shapely.buffer(shapely.points(rng.uniform(0, 100, (5, 2))), rng.uniform(2, 40, 5))
    holes = [shapely.difference(ring, shapely.buffer(shapely.centroid(ring), 1.5)) for ring in rings]
    polygons = np.array([*holes, shapely.MultiPolygon([*cells[:3]]), *cells[3:]], dtype=object)
    grid = Grid.over((0, 0, 100, 70), cell)
    inside = shapely.contains_xy(polygons[:, None], *grid.centres().T)
    expected = np.where(inside.any(axis=0), inside.argmax(axis=0), -1)
    assert (grid.areas(polygons) == expected).all()


def test_the_areas_of_no_polygons_and_of_empty_ones_are_none():
    grid = Grid.over((0, 0, 20, 10), 10)
    assert grid.areas([]).tolist() == [-1, -1]
    assert grid.areas([shapely.Polygon(), shapely.box(50, 50, 60, 60)]).tolist() == [-1, -1]


def test_polygons_that_touch_leave_no_cell_between_them_and_none_to_both():
    grid = Grid.over((0, 0, 40, 40), 10)
    halves = [shapely.box(0, 0, 15, 40), shapely.box(15, 0, 40, 40)]
    assert grid.areas(halves).reshape(4, 4).tolist() == [[0, 1, 1, 1]] * 4


# Samples


def samples_of(grid: Grid) -> np.ndarray:
    """The place of each sample, (cells, 16, 2)."""
    k = np.arange(16)
    within = (np.column_stack([k % 4, k // 4]) + 0.5) / 4 - 0.5
    return grid.centres()[:, None] + within * grid.cell


def shapes(rng: np.random.Generator, size: float) -> np.ndarray:
    """Discs with holes, triangles, and shapes of several parts, that overlap and stick out of the grid."""
    middles = rng.uniform(-0.2, 1.2, (8, 2)) * size
    discs = shapely.buffer(shapely.points(middles), rng.uniform(0.02, 0.4, 8) * size)
    holes = shapely.buffer(shapely.points(middles), rng.uniform(0.01, 0.2, 8) * size)
    rings = shapely.difference(discs, holes)
    corners = rng.uniform(-0.3, 1.3, (4, 3, 2)) * size
    apart = shapely.union_all(shapely.buffer(shapely.points(rng.uniform(0, 1, (6, 2)) * size), size / 20))
    return np.array([*rings, *shapely.polygons(corners), apart, shapely.Polygon()], dtype=object)


@settings(max_examples=60)
@given(
    st.integers(0, 10_000),
    st.floats(3, 60),
    st.sampled_from([(0.0, 0.0), (-85.08, 33.58), (674_000.0, 3_718_000.0)]),
)
def test_a_sample_is_set_where_any_polygon_holds_it(seed, cell, corner):
    rng = np.random.default_rng(seed)
    grid = Grid.over((*corner, corner[0] + 100, corner[1] + 70), cell)
    polygons = np.array(
        [shapely.affinity.translate(shape, *corner) for shape in shapes(rng, 100)], dtype=object
    )
    points = samples_of(grid).reshape(-1, 2)
    shapely.prepare(polygons)
    held = shapely.contains_xy(polygons[:, None], *points.T).any(axis=0)
    bits = (grid.samples(polygons)[:, None] >> np.arange(16, dtype=np.uint16)) & 1
    wrong = bits.ravel() != held
    # Millions of metres from the origin a boundary is known to a thousandth of a micrometre.
    assert (
        (shapely.distance(shapely.boundary(polygons)[:, None], shapely.points(points[wrong])) < 1e-6)
        .any(axis=0)
        .all()
    )
    assert wrong.mean() < 0.001


def test_samples_are_numbered_from_the_south_west_row_by_row():
    grid = Grid.over((0, 0, 16, 8), 8)
    first, east, north, last = (
        grid.samples([shapely.Point(x, y).buffer(0.1)])[1] for x, y in [(9, 1), (11, 1), (9, 3), (15, 7)]
    )
    assert [first, east, north, last] == [1 << 0, 1 << 1, 1 << 4, 1 << 15]


def test_polygons_that_touch_leave_no_sample_between_them_and_none_to_both():
    grid = Grid.over((0, 0, 40, 40), 10)
    # Along a row and a column of samples.
    west, east = shapely.box(0, 0, 16.25, 40), shapely.box(16.25, 0, 40, 40)
    south, north = shapely.box(0, 0, 40, 13.75), shapely.box(0, 13.75, 40, 40)
    for one, other in ((west, east), (south, north)):
        apart = [grid.samples([part]) for part in (one, other)]
        assert ((apart[0] | apart[1]) == 0xFFFF).all()
        assert not (apart[0] & apart[1]).any()


def test_no_polygons_and_those_outside_hold_no_samples():
    grid = Grid.over((0, 0, 20, 10), 10)
    for nowhere in (
        [],
        [None],
        [shapely.Polygon()],
        [shapely.box(50, 50, 60, 60)],
        [shapely.box(-9, 0, 0, 9)],
    ):
        assert grid.samples(nowhere).tolist() == [0, 0]
    assert grid.samples([shapely.box(-1e6, -1e6, 1e6, 1e6)]).tolist() == [0xFFFF, 0xFFFF]


@given(GRIDS)
def test_each_sample_is_found_where_it_lies(grid):
    cell, sample = grid.sample_of(samples_of(grid).reshape(-1, 2))
    assert (cell == np.repeat(np.arange(len(grid)), 16)).all()
    assert (sample == np.tile(np.arange(16), len(grid))).all()


@given(GRIDS, st.lists(st.tuples(st.floats(-50, 400), st.floats(-50, 400)), min_size=1))
def test_a_point_belongs_to_the_nearest_sample_of_its_cell(grid, offsets):
    points = np.array(offsets) + grid.origin
    cell, sample = grid.sample_of(points)
    assert cell.tolist() == grid.index_of(points).tolist()
    inside = cell >= 0
    off = np.abs(samples_of(grid)[cell[inside], sample[inside]] - points[inside])
    assert (off <= grid.cell / 8 * (1 + 1e-6)).all()


def test_points_on_lines_and_outer_edges_belong_to_the_sample_north_east_of_them_or_the_last():
    grid = Grid.over((0, 0, 16, 8), 8)
    cell, sample = grid.sample_of([[0, 0], [2, 0], [0, 2], [8, 0], [16, 8], [16, 0], [16.1, 0], [np.nan, 0]])
    assert cell.tolist() == [0, 0, 0, 1, 1, 1, -1, -1]
    assert sample[:6].tolist() == [0, 1, 4, 0, 15, 3]
    assert (sample < 16).all()


def test_polygons_in_degrees_are_refused():
    town = gpd.GeoSeries([shapely.box(0, 0, 15, 10)], crs="EPSG:32616")
    grid = Grid.over((0, 0, 20, 10), 10)
    assert grid.areas(town).tolist() == [0, -1]
    assert grid.samples(town.to_frame("geometry")).tolist() == [0xFFFF, 0x3333]
    for find in (grid.areas, grid.samples):
        with pytest.raises(ValueError, match="to_crs"):
            find(town.to_crs("EPSG:4326"))
