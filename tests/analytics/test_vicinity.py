"""How much of the ground around roughly known places is in view, against counting cell by cell."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import optics
from analytics.grid import Grid
from analytics.sightlines import Seen
from analytics.vicinity import Vicinity, radius_of

SEEDS = st.integers(0, 2**32 - 1)
LEVELS = list(optics.LEVELS)
FAR_AWAY = (674_000.0, 3_718_000.0)
NOTHING = Seen(np.zeros(0, np.int32), np.zeros(0, np.uint64), np.zeros(0, np.uint64))


def everything(grid: Grid) -> Seen:
    full = np.full(len(grid), 2**64 - 1, dtype=np.uint64)
    return Seen(np.arange(len(grid), dtype=np.int32), full, full)


def ground(random: np.random.Generator, grid: Grid) -> np.ndarray:
    """Samples of public ground; about a third of the cells have none."""
    return random.integers(0, 2**16, len(grid)).astype(np.uint16) * (random.random(len(grid)) < 0.65)


def some(random: np.random.Generator, grid: Grid) -> Seen:
    """Any bits in some of the cells."""
    cells = np.flatnonzero(random.random(len(grid)) < 0.6).astype(np.int32)
    bits = random.integers(0, 2**64, len(cells), dtype=np.uint64)
    return Seen(cells, bits, bits & random.integers(0, 2**64, len(cells), dtype=np.uint64))


def plain_share(
    grid: Grid, place: np.ndarray, radius_m: float, public: np.ndarray, seen: dict[int, int]
) -> float:
    """The share around one place, in plain Python: whole numbers of samples of whole numbers of cells."""
    column = math.floor((place[0] - grid.origin[0]) / grid.cell)
    row = math.floor((place[1] - grid.origin[1]) / grid.cell)
    rows, columns = grid.shape
    if not (0 <= row < rows and 0 <= column < columns):
        return math.nan
    in_view = total = 0
    for cell in range(len(grid)):
        off = math.hypot(cell // columns - row, cell % columns - column) * grid.cell
        if off <= radius_m:
            total += int(public[cell]).bit_count()
            in_view += (int(public[cell]) & seen.get(cell, 0)).bit_count()
    return in_view / total if total else 0.0


@settings(max_examples=100)
@given(
    SEEDS,
    st.integers(1, 14),
    st.integers(1, 14),
    st.sampled_from([5.0, 10.0, 12.5]),
    st.sampled_from([0.0, 4.9, 10.0, 20.0, 33.0, 42.4, 70.0, 500.0]),
    st.sampled_from(LEVELS),
)
def test_the_share_is_that_of_the_samples_of_public_ground_around(seed, rows, columns, cell, radius_m, level):
    random = np.random.default_rng(seed)
    grid = Grid(FAR_AWAY, cell, (rows, columns))
    public, seen = ground(random, grid), some(random, grid)
    size = np.array([columns, rows]) * cell
    places = random.uniform(-0.2, 1.2, (25, 2)) * size + FAR_AWAY  # some outside, many at the edge
    bits = dict(zip(seen.cells.tolist(), seen.samples(level).tolist(), strict=True))
    found = Vicinity.of(grid, places, radius_m, public).share(seen, level)
    expected = [plain_share(grid, place, radius_m, public, bits) for place in places]
    assert np.array_equal(found, expected, equal_nan=True)


@given(SEEDS, st.floats(0, 300))
def test_all_is_in_view_where_everything_is_seen_and_nothing_where_nothing_is(seed, radius_m):
    random = np.random.default_rng(seed)
    grid = Grid(FAR_AWAY, 10.0, (8, 9))
    around = Vicinity.of(grid, grid.centres(), radius_m, ground(random, grid))
    assert around.share(everything(grid), "identify").tolist() == (around.ground > 0).tolist()
    assert not around.share(NOTHING, "detect").any()


@given(SEEDS, st.floats(0, 100))
def test_what_is_seen_more_is_never_less_in_view(seed, radius_m):
    random = np.random.default_rng(seed)
    grid = Grid(FAR_AWAY, 10.0, (8, 9))
    less = some(random, grid)
    more = Seen(
        less.cells, less.once | random.integers(0, 2**64, len(less.cells), dtype=np.uint64), less.twice
    )
    around = Vicinity.of(grid, grid.centres(), radius_m, ground(random, grid))
    shares = around.share(more, "observe")
    assert (around.share(less, "observe") <= shares).all()
    assert ((shares >= 0) & (shares <= 1)).all()


def test_a_place_known_exactly_has_the_share_of_its_own_cell():
    grid = Grid.over((0, 0, 30, 10), 10)
    public = np.array([0x00FF, 0xFFFF, 0x0000], dtype=np.uint16)
    seen = Seen(
        np.array([0, 1, 2], np.int32), np.array([0xFF0F, 0x000F, 0xFFFF], np.uint64), np.zeros(3, np.uint64)
    )
    around = Vicinity.of(grid, [[1, 1], [15, 5], [29, 9]], 0, public)
    assert around.ground.tolist() == [8, 16, 0]
    assert around.share(seen, "detect").tolist() == [0.5, 0.25, 0.0]


def test_a_cell_exactly_at_the_radius_is_around():
    grid = Grid.over((0, 0, 70, 10), 10)
    public = np.full(7, 1, dtype=np.uint16)
    assert Vicinity.of(grid, [[35, 5]], 19.999, public).ground.tolist() == [3]
    assert Vicinity.of(grid, [[35, 5]], 20, public).ground.tolist() == [5]


@pytest.mark.parametrize("cell", [0.1, 0.7, 1.1, 10 / 3])
@pytest.mark.parametrize("steps", [1, 3, 6])
def test_rounding_leaves_no_cell_at_the_radius_out(cell, steps):
    grid = Grid((0.0, 0.0), cell, (1, 15))
    around = Vicinity.of(grid, grid.centres()[[7]], steps * cell, np.ones(15, np.uint16))
    assert around.ground.tolist() == [2 * steps + 1]


def test_the_ground_around_is_round_and_ends_with_the_grid():
    grid = Grid.over((0, 0, 50, 50), 10)
    public = np.full(25, 0xFFFF, dtype=np.uint16)
    middle, edge, corner = [25, 25], [1, 25], [50, 50]
    around = Vicinity.of(grid, [middle, edge, corner], 20, public)
    assert around.ground.tolist() == [16 * 13, 16 * 9, 16 * 6]


def test_places_outside_have_no_share_and_those_on_the_outer_edge_do():
    grid = Grid.over((0, 0, 20, 20), 10)
    around = Vicinity.of(
        grid, [[0, 0], [20, 20], [20.01, 5], [-0.01, 5], [np.nan, 5]], 10, np.full(4, 0xFFFF, np.uint16)
    )
    assert np.isnan(around.share(everything(grid), "detect")).tolist() == [False, False, True, True, True]


def test_a_radius_far_beyond_the_grid_takes_in_all_its_ground():
    grid = Grid.over((0, 0, 40, 30), 10)
    public = np.arange(12).astype(np.uint16)
    for radius_m in (60.0, 1e7):
        around = Vicinity.of(grid, grid.centres(), radius_m, public)
        assert set(around.ground.tolist()) == {int(np.bitwise_count(public).sum())}


def test_no_places_have_no_shares():
    grid = Grid.over((0, 0, 20, 20), 10)
    around = Vicinity.of(grid, np.empty((0, 2)), 30, np.full(4, 0xFFFF, np.uint16))
    assert around.share(everything(grid), "detect").tolist() == []


@pytest.mark.parametrize("radius_m", [-1, np.nan, np.inf])
def test_a_radius_that_is_no_distance_is_refused(radius_m):
    grid = Grid.over((0, 0, 20, 20), 10)
    with pytest.raises(ValueError, match="number of metres"):
        Vicinity.of(grid, [[5, 5]], radius_m, np.zeros(4, np.uint16))


@given(st.floats(0.1, 1000))
def test_half_of_a_disc_lies_within_the_median_error(median_error_m):
    assert median_error_m**2 / radius_of(median_error_m) ** 2 == pytest.approx(0.5)
