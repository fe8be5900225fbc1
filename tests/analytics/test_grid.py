"""Cells and the points in them."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
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
