"""What cameras see sample by sample, against one line of sight at a time; and what must hold of any set of cameras."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import geometry, optics, sightlines, vicinity, viewshed
from analytics import grid as grid_module
from analytics.grid import SAMPLES, Grid
from analytics.sightlines import Seen, Sightlines, trace
from analytics.viewshed import Viewsheds, cast, walls_of
from tests.analytics import scenes

LEVELS = list(optics.LEVELS)
PIXELS = np.array(list(optics.LEVELS.values()))

SEEDS = st.integers(0, 2**32 - 1)
STREETS = st.sampled_from(list(scenes.STREETS))

#: Metres. Rounding moves the edge of a view by a few micrometres at the end of the longest one here.
ROUNDING_M = 1e-5

NOBODY = pd.DataFrame(columns=["x", "y", "azimuth", "hfov", "range_m", "width_px", "night_m"], dtype=float)


# Scenes, and the same answers point by point


def scene(
    seed: int, street: str = "apart", count: int = 4, houses: int | None = None
) -> tuple[pd.DataFrame, np.ndarray]:
    """Cameras in the open and as many on walls, with lenses and lights of all kinds; and the walls."""
    random = np.random.default_rng(seed)
    built = scenes.STREETS[street](random, random.integers(1, 40) if houses is None else houses)
    cameras = pd.concat(
        [scenes.cameras(random, count, built), scenes.mounted_cameras(random, count, built)],
        ignore_index=True,
    )
    n = len(cameras)
    cameras["width_px"] = random.choice([640, 1920, 3840, 7680, 16000], n)
    cameras["night_m"] = random.choice([0.0, 4.0, 15.0, 60.0, 500.0], n)
    cameras["hfov"] = np.where(random.random(n) < 0.2, optics.WIDE_DEGREES, cameras["hfov"])
    cameras["range_m"] *= random.random(n) < 0.9  # some cover nothing
    cameras.loc[:1, "range_m"] = 60.0  # and two surely something
    cameras.loc[(cameras["hfov"] == 360) & (random.random(n) < 0.5), "azimuth"] = np.nan
    return cameras, walls_of(built)


def around(metres: float, cell: float, middle: tuple[float, float] = scenes.FAR_AWAY) -> Grid:
    x, y = middle
    return Grid.over((x - metres, y - metres, x + metres, y + metres), cell)


def grid_near(seed: int, cameras: pd.DataFrame) -> Grid:
    """A grid of a few hundred cells of any size, mostly about a place ahead of some camera, else beside it."""
    random = np.random.default_rng(seed + 1)
    cell = 10 ** random.choice([-2, -0.5, 0, 0.5, 0.5, 1, 1, 1.5, 3]) * random.uniform(1, 3)
    rows, columns = random.integers(1, 24, 2)
    one = cameras.iloc[random.choice(np.flatnonzero(cameras["range_m"] > 0))]
    bearing = np.radians(np.nan_to_num(one.azimuth) + random.uniform(-0.5, 0.5) * one.hfov)
    reach = min(one.range_m, optics.range_m(25, one.width_px, one.hfov))
    ahead = random.uniform(0, 0.4) * reach * np.array([np.sin(bearing), np.cos(bearing)])
    share = random.uniform(0, 1, 2) if random.random() < 0.8 else random.uniform(-0.5, 1.5, 2)
    corner = np.array([one.x, one.y]) + ahead - share * cell * (columns, rows)
    return Grid(tuple(corner), cell, (int(rows), int(columns)))


def samples_of(grid: Grid) -> np.ndarray:
    """The place of each sample, (cells, 16, 2)."""
    k = np.arange(SAMPLES**2)
    within = (np.column_stack([k % SAMPLES, k // SAMPLES]) + 0.5) / SAMPLES - 0.5
    return grid.centres()[:, None] + within * grid.cell


def unpacked(grid: Grid, cells: np.ndarray, packed: np.ndarray) -> np.ndarray:
    """The bits of some cells as truth for every cell of the grid: (cells, levels, 16)."""
    answer = np.zeros((len(grid), len(LEVELS), SAMPLES**2), dtype=bool)
    bits = (packed[:, None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1)
    answer[cells] = bits.reshape(-1, len(LEVELS), SAMPLES**2)
    return answer


def bits_of(packed: np.ndarray) -> np.ndarray:
    """Sixteen bits as truth, (n, 16)."""
    return ((packed[:, None] >> np.arange(SAMPLES**2, dtype=np.uint16)) & np.uint16(1)).astype(bool)


def seen_by_day(lines: Sightlines) -> np.ndarray:
    """What all views see together, (cells, levels, 16)."""
    seen = lines.seen(np.ones(len(lines), dtype=bool))
    return unpacked(lines.grid, seen.cells, seen.once)


def each_view(lines: Sightlines) -> np.ndarray:
    """What each view sees, (views, cells, levels, 16)."""
    found = [np.zeros((0, len(lines.grid), len(LEVELS), SAMPLES**2), dtype=bool)]
    for view in range(len(lines)):
        hits = slice(lines.heads[view], lines.heads[view + 1])
        found.append(unpacked(lines.grid, lines.cell[hits], lines.day[hits])[None])
    return np.concatenate(found)


def resolved(
    viewsheds: Viewsheds, cameras: pd.DataFrame, view: np.ndarray, points: np.ndarray, pixels: np.ndarray
) -> np.ndarray:
    """Whether each view resolves the point beside it with so many pixels a metre, (n, levels).

    A line of sight for each, and the distance to it.
    """
    x, y, width, hfov = (cameras[name].to_numpy(float)[view] for name in ("x", "y", "width_px", "hfov"))
    metres = np.maximum(np.hypot(points[:, 0] - x, points[:, 1] - y), 1e-9)
    return viewsheds.sees(view, points)[:, None] & (
        optics.px_per_m(metres, width, hfov)[:, None] >= pixels if len(points) else np.zeros((0, 1), bool)
    )


def all_at_a_boundary(
    viewsheds: Viewsheds,
    cameras: pd.DataFrame,
    view: np.ndarray,
    points: np.ndarray,
    pixels: np.ndarray,
) -> bool:
    """Whether each point lies within rounding of where what the view resolves begins or ends.

    That is: the view resolves something within `ROUNDING_M` of it with so many pixels a metre, and something not.
    """
    turn = np.arange(32) * (np.pi / 16)
    ring = ROUNDING_M * np.column_stack([np.sin(turn), np.cos(turn)])
    off = np.vstack([[0, 0], ring / 2, ring])
    near = (points[:, None] + off).reshape(-1, 2)
    seen = resolved(viewsheds, cameras, np.repeat(view, len(off)), near, np.repeat(pixels, len(off))[:, None])
    here = seen.reshape(len(points), len(off))
    return bool((here.any(axis=1) & ~here.all(axis=1)).all())


def assert_same_but_at_boundaries(
    found: np.ndarray,
    expected: np.ndarray,
    viewsheds: Viewsheds,
    cameras: pd.DataFrame,
    points: np.ndarray,
    pixels: np.ndarray = PIXELS,
) -> None:
    """Both (views, cells, levels, 16); ``points`` (cells, 16, 2) are where ``viewsheds`` has the samples."""
    view, cell, level, sample = np.nonzero(found != expected)
    assert all_at_a_boundary(viewsheds, cameras, view, points[cell, sample], pixels[level])


# Each sample is a line of sight


def assert_each_sample_is_a_line_of_sight(
    grid: Grid, cameras: pd.DataFrame, walls: np.ndarray, pixels: np.ndarray = PIXELS
) -> int:
    """Answers how many samples are seen."""
    viewsheds = cast(cameras, walls)
    points = samples_of(grid)
    view = np.repeat(np.arange(len(cameras)), len(grid) * SAMPLES**2)
    every = np.tile(points.reshape(-1, 2), (len(cameras), 1))
    expected = resolved(viewsheds, cameras, view, every, pixels)
    expected = expected.reshape(len(cameras), len(grid), SAMPLES**2, len(LEVELS)).swapaxes(2, 3)
    # Named the other way round: levels go by their names.
    levels = dict(reversed(list(zip(LEVELS, pixels.tolist(), strict=True))))
    found = each_view(trace(grid, viewsheds, cameras, levels))
    assert_same_but_at_boundaries(found, expected, viewsheds, cameras, points, pixels)
    return int(found.sum())


@settings(max_examples=120)
@given(SEEDS, STREETS, st.sampled_from([PIXELS, np.array([9.0, 60.0, 61.0, 900.0])]))
def test_each_sample_is_what_the_line_of_sight_to_it_says(seed, street, pixels):
    cameras, walls = scene(seed, street)
    for grid in (grid_near(seed, cameras), around(105, 11.7)):
        assert_each_sample_is_a_line_of_sight(grid, cameras, walls, pixels)


@settings(max_examples=30)
@given(SEEDS)
def test_so_it_is_where_cameras_corners_and_samples_stand_in_line(seed):
    random = np.random.default_rng(seed)
    corners = np.stack(np.meshgrid(np.arange(0, 60, 10), np.arange(0, 60, 10)), axis=-1).reshape(-1, 2)
    built = shapely.box(*corners.T, *(corners + random.integers(4, 11, corners.shape)).T)
    n = 12
    cameras = pd.DataFrame(random.integers(0, 66, (n, 2)).astype(float), columns=["x", "y"]).assign(
        azimuth=random.integers(0, 8, n) * 45.0,
        hfov=random.choice([90.0, 180.0, 270.0, 360.0], n),
        range_m=random.choice([25.0, 50.0], n),
        width_px=3840,
    )
    # Samples at whole metres: on walls, on corners, on the edges of views.
    grid = Grid((-0.5, -0.5), 4.0, (17, 17))
    assert_each_sample_is_a_line_of_sight(grid, cameras, walls_of(built))


def test_the_scenes_of_these_tests_show_something():
    """So that agreeing is not agreeing about nothing."""
    seen = []
    for seed in range(30):
        cameras, walls = scene(seed, list(scenes.STREETS)[seed % 3])
        seen.append(assert_each_sample_is_a_line_of_sight(grid_near(seed, cameras), cameras, walls))
    assert np.mean(np.array(seen) > 10) > 0.5
    assert np.sum(seen) > 10_000


@settings(max_examples=40)
@given(SEEDS, STREETS)
def test_levels_are_nested_and_the_light_ends_with_its_reach(seed, street):
    cameras, walls = scene(seed, street)
    grid = grid_near(seed, cameras)
    lines = trace(grid, cast(cameras, walls), cameras)
    day = each_view(lines)
    assert not (day[:, :, 1:] & ~day[:, :, :-1]).any()

    light = np.zeros((len(lines), len(grid), SAMPLES**2), dtype=bool)
    light[lines.view_of_hit, lines.cell] = bits_of(lines.light)
    metres = metres_to(cameras, grid)
    reach = cameras["night_m"].to_numpy()[:, None, None]
    clear = day[:, :, 0] & (np.abs(metres - reach) > ROUNDING_M)
    assert (light == (metres <= reach))[clear].all()


def metres_to(cameras: pd.DataFrame, grid: Grid) -> np.ndarray:
    """From each camera to each sample, (cameras, cells, 16)."""
    off = samples_of(grid) - cameras[["x", "y"]].to_numpy()[:, None, None]
    return np.hypot(off[..., 0], off[..., 1])


def test_a_camera_without_a_light_or_with_one_that_nobody_knows_has_none():
    x, y = scenes.FAR_AWAY
    cameras = pd.DataFrame(
        {"x": [x, x], "y": [y, y], "azimuth": 0.0, "hfov": 360.0, "range_m": 20.0, "width_px": 1920}
    )
    unknown = cameras.assign(night_m=pd.array([None, 8.0], dtype="Float64"))
    grid = around(25, 5)
    assert not trace(grid, cast(cameras, []), cameras).light.any()
    lines = trace(grid, cast(unknown, []), unknown)
    assert [bool(lines.of([view]).light.any()) for view in (0, 1)] == [False, True]


# What several cameras see together


def coverage(grid: Grid, cameras: pd.DataFrame, walls: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What all cameras see together, once and twice, each (cells, levels, 16)."""
    lines = trace(grid, cast(cameras, walls), cameras)
    seen = lines.seen(np.ones(len(lines), dtype=bool))
    return unpacked(grid, seen.cells, seen.once), unpacked(grid, seen.cells, seen.twice)


@settings(max_examples=40)
@given(SEEDS, STREETS, st.integers(0, 8))
def test_one_more_camera_never_covers_less(seed, street, count):
    cameras, walls = scene(seed, street)
    grid = around(110, 12)
    fewer = coverage(grid, cameras.iloc[:count], walls)
    more = coverage(grid, cameras.iloc[: count + 1], walls)
    for before, after in zip(fewer, more, strict=True):
        assert not (before & ~after).any()


@settings(max_examples=40)
@given(SEEDS, STREETS, st.floats(0, 2 * np.pi), st.floats(0.1, 200), st.floats(-100, 100))
def test_one_more_wall_never_covers_more(seed, street, bearing, length, east):
    cameras, walls = scene(seed, street)
    grid = around(110, 12)
    start = np.add(scenes.FAR_AWAY, (east, 0))
    wall = np.hstack([start, start + length * np.array([np.sin(bearing), np.cos(bearing)])])
    for before, after in zip(
        coverage(grid, cameras, walls), coverage(grid, cameras, np.vstack([walls, wall])), strict=True
    ):
        assert not (after & ~before).any()


@settings(max_examples=40)
@given(SEEDS, STREETS)
def test_once_is_any_of_those_that_count_and_twice_is_two_or_more_in_whatever_order(seed, street):
    cameras, walls = scene(seed, street)
    grid = around(100, 10)
    random = np.random.default_rng(seed)
    lines = trace(grid, cast(cameras, walls), cameras)
    counting = random.random(len(lines)) < 0.7
    seen = lines.seen(counting)
    count = each_view(lines)[counting].sum(axis=0)
    assert (unpacked(grid, seen.cells, seen.once) == (count >= 1)).all()
    assert (unpacked(grid, seen.cells, seen.twice) == (count >= 2)).all()
    public = public_ground(seed, grid)
    for twice in (False, True):
        totals = [
            int((bits_of(public)[:, None] & (count >= 1 + twice))[:, n].sum()) for n in range(len(LEVELS))
        ]
        assert list(seen.totals(public, twice=twice).items()) == list(zip(LEVELS, totals, strict=True))
    for number, level in enumerate(LEVELS):
        assert (bits_of(seen.samples(level)) == (count[seen.cells, number] >= 1)).all()
        assert (bits_of(seen.samples(level, twice=True)) == (count[seen.cells, number] >= 2)).all()

    order = random.permutation(len(lines))
    turned = cameras.iloc[order].reset_index(drop=True)
    again = trace(grid, cast(turned, walls), turned).seen(counting[order])
    assert again.cells.tolist() == seen.cells.tolist()
    assert again.once.tolist() == seen.once.tolist()
    assert again.twice.tolist() == seen.twice.tolist()


# The sum over cells is the area of the union


def standard_error(spacing: float, outline: shapely.Geometry) -> float:
    """Of an area counted by samples so many metres apart.

    Where the outline crosses a row of samples, the length counted in that row is off by up to half a spacing
    either way, all alike likely: an area of variance (spacing ** 2) ** 2 / 12. An outline of length P
    crosses at most P / spacing rows.
    """
    return float(np.sqrt(outline.length * spacing**3 / 12))


def within_detection(cameras: pd.DataFrame) -> pd.DataFrame:
    """The cameras, with no longer a range than they detect within: so that their outline is what they detect."""
    farthest = optics.range_m(25, cameras["width_px"], cameras["hfov"])
    return cameras.assign(range_m=np.minimum(cameras["range_m"], farthest))


def counted_area(grid: Grid, viewsheds: Viewsheds, cameras: pd.DataFrame) -> float:
    lines = trace(grid, viewsheds, cameras)
    samples = lines.seen(np.ones(len(lines), dtype=bool)).samples("detect")
    return float(np.bitwise_count(samples).sum() * (grid.cell / SAMPLES) ** 2)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("street", scenes.STREETS)
def test_the_sum_over_cells_is_the_area_of_the_union_to_0_1_percent(seed, street):
    cameras, walls = scene(seed, street, count=40)
    # Turned by any angle: rows of samples along rows of houses would all be off the same way.
    cameras, walls = rotated(within_detection(cameras), walls, np.random.default_rng(seed).uniform(0, 360))
    viewsheds = cast(cameras, walls)
    union = shapely.union_all(viewsheds.polygons().to_numpy())
    grid = around(265, 1.0)
    assert shapely.area(viewsheds.polygons()).sum() > 1.2 * union.area  # they overlap
    # So fine that chance alone would not bring it 0.1 % off in a million scenes.
    assert 5 * standard_error(grid.cell / SAMPLES, union) < 0.001 * union.area
    assert counted_area(grid, viewsheds, cameras) == pytest.approx(union.area, rel=0.001)


def test_in_a_town_with_cells_of_10_m_it_is_so_as_nearly_as_samples_can_tell():
    random = np.random.default_rng(0)
    all_cameras, all_walls = [], []
    for block in range(36):
        cameras, walls = scene(block, "overlapping", count=10, houses=int(random.integers(5, 40)))
        off = 210 * np.array([block % 6, block // 6])
        all_cameras.append(cameras.assign(x=cameras["x"] + off[0], y=cameras["y"] + off[1]))
        all_walls.append(walls + np.tile(off, 2))
    cameras = within_detection(pd.concat(all_cameras, ignore_index=True))
    viewsheds = cast(cameras, np.vstack(all_walls))
    union = shapely.union_all(viewsheds.polygons().to_numpy())
    x, y = scenes.FAR_AWAY
    grid = Grid.over((x - 250, y - 250, x + 1400, y + 1400), 10)
    tolerance = 4 * standard_error(grid.cell / SAMPLES, union)
    assert tolerance < 0.005 * union.area
    assert counted_area(grid, viewsheds, cameras) == pytest.approx(union.area, abs=tolerance)


def test_overlaps_count_once_however_many_there_are():
    cameras, walls = scene(5, "apart", count=6)
    once, twice = coverage(around(110, 10), cameras, walls)
    thrice = pd.concat([cameras] * 3, ignore_index=True)
    again, all_of_it = coverage(around(110, 10), thrice, walls)
    assert (again == once).all()
    assert (all_of_it == once).all()
    assert (twice != once).any()


# Turned or moved, a scene is the same scene


def rotated(
    cameras: pd.DataFrame, walls: np.ndarray, degrees: float, about: tuple[float, float] = scenes.FAR_AWAY
) -> tuple[pd.DataFrame, np.ndarray]:
    """The scene turned clockwise; quarter turns exactly."""
    quarter = {0: (0, 1), 90: (1, 0), 180: (0, -1), 270: (-1, 0)}
    sine, cosine = quarter.get(degrees, (np.sin(np.radians(degrees)), np.cos(np.radians(degrees))))

    def turned(places: np.ndarray) -> np.ndarray:
        east, north = (places - about).T
        return np.column_stack([east * cosine + north * sine, north * cosine - east * sine]) + about

    x, y = turned(cameras[["x", "y"]].to_numpy()).T
    moved = cameras.assign(x=x, y=y, azimuth=cameras["azimuth"] + degrees)
    return moved, np.hstack([turned(walls[:, :2]), turned(walls[:, 2:])])


def moved(
    cameras: pd.DataFrame, walls: np.ndarray, east: float, north: float
) -> tuple[pd.DataFrame, np.ndarray]:
    return (
        cameras.assign(x=cameras["x"] + east, y=cameras["y"] + north),
        walls + np.array([east, north, east, north]),
    )


def as_rows(grid: Grid, bits: np.ndarray) -> np.ndarray:
    """(views, cells, levels, 16) as (views, levels, rows of samples, columns of samples)."""
    rows, columns = grid.shape
    apart = bits.reshape(len(bits), rows, columns, len(LEVELS), SAMPLES, SAMPLES)
    return apart.transpose(0, 3, 1, 4, 2, 5).reshape(
        len(bits), len(LEVELS), SAMPLES * rows, SAMPLES * columns
    )


@settings(max_examples=30)
@given(SEEDS, STREETS, st.sampled_from([90, 180, 270]), st.floats(3, 40))
def test_a_quarter_turn_about_the_middle_turns_the_samples(seed, street, degrees, cell):
    cameras, walls = scene(seed, street)
    x, y = scenes.FAR_AWAY
    grid = Grid((x - 5 * cell, y - 5 * cell), cell, (10, 10))
    before = as_rows(grid, each_view(trace(grid, cast(cameras, walls), cameras)))
    cameras, walls = rotated(cameras, walls, degrees)
    viewsheds = cast(cameras, walls)
    after = each_view(trace(grid, viewsheds, cameras))
    # Rows of samples go north, so that a turn of rows and columns is clockwise.
    expected = np.rot90(before, degrees // 90, axes=(2, 3))
    view, level, row, column = np.nonzero(as_rows(grid, after) != expected)
    place = np.column_stack([column + 0.5, row + 0.5]) * cell / SAMPLES + grid.origin
    assert all_at_a_boundary(viewsheds, cameras, view, place, PIXELS[level])


@settings(max_examples=10)
@given(SEEDS, STREETS, st.floats(0, 360), st.floats(-50, 50), st.floats(-50, 50))
def test_turned_and_moved_by_anything_as_much_is_seen(seed, street, degrees, east, north):
    # Turned at random before, too: rows of samples along rows of houses would all be off the same way.
    first = np.random.default_rng(seed).uniform(0, 360)
    cameras, walls = rotated(*scene(seed, street), first)
    cameras = within_detection(cameras)
    grid = around(320, 2.5)
    viewsheds = cast(cameras, walls)
    before = counted_area(grid, viewsheds, cameras)
    cameras, walls = moved(*rotated(cameras, walls, degrees), east, north)
    after = counted_area(grid, cast(cameras, walls), cameras)
    error = standard_error(grid.cell / SAMPLES, shapely.union_all(viewsheds.polygons().to_numpy()))
    assert after == pytest.approx(before, abs=5 * np.sqrt(2) * error)


@settings(max_examples=30)
@given(SEEDS, STREETS, st.floats(3, 40), st.integers(0, 4), st.integers(0, 4))
def test_moved_by_whole_cells_the_samples_move_along(seed, street, cell, columns, rows):
    cameras, walls = scene(seed, street)
    x, y = scenes.FAR_AWAY
    grid = Grid((x - 5 * cell, y - 5 * cell), cell, (10, 10))
    before = as_rows(grid, each_view(trace(grid, cast(cameras, walls), cameras)))
    cameras, walls = moved(cameras, walls, columns * cell, rows * cell)
    viewsheds = cast(cameras, walls)
    after = as_rows(grid, each_view(trace(grid, viewsheds, cameras)))
    side, east, north = SAMPLES * 10, SAMPLES * columns, SAMPLES * rows
    differs = after[:, :, north:, east:] != before[:, :, : side - north, : side - east]
    view, level, row, column = np.nonzero(differs)
    place = np.column_stack([column + east + 0.5, row + north + 0.5]) * cell / SAMPLES + grid.origin
    assert all_at_a_boundary(viewsheds, cameras, view, place, PIXELS[level])


@settings(max_examples=30)
@given(
    SEEDS, STREETS, st.sampled_from([(0, 0), (180, 90), (-85.08, 33.58), (166_000, 9_999_000), (5e6, -9e6)])
)
def test_wherever_on_the_map_a_scene_lies_as_much_is_seen_so_no_metre_is_taken_for_a_degree(
    seed, street, place
):
    cameras, walls = scene(seed, street)
    x, y = scenes.FAR_AWAY
    before = each_view(trace(around(110, 11), cast(cameras, walls), cameras))
    cameras, walls = moved(cameras, walls, place[0] - x, place[1] - y)
    grid, viewsheds = around(110, 11, place), cast(cameras, walls)
    after = each_view(trace(grid, viewsheds, cameras))
    assert_same_but_at_boundaries(after, before, viewsheds, cameras, samples_of(grid))


# In the dark


def lit_by_lamps(seed: int, grid: Grid) -> np.ndarray:
    random = np.random.default_rng(seed + 2)
    west, south, east, north = grid.bounds
    lamps = shapely.points(random.uniform((west, south), (east, north), (4, 2)))
    return grid.samples(shapely.buffer(lamps, (east - west) / 8))


def visible_in_the_dark(lines: Sightlines, cameras: pd.DataFrame, lit: np.ndarray | None) -> np.ndarray:
    """What each view sees by its own light or that of a lamp, (views, cells, levels, 16)."""
    bright = metres_to(cameras, lines.grid) <= cameras["night_m"].to_numpy()[:, None, None]
    if lit is not None:
        bright |= bits_of(lit)
    return each_view(lines) & bright[:, :, None]


@settings(max_examples=40)
@given(SEEDS, STREETS, st.booleans())
def test_in_the_dark_a_camera_sees_what_its_light_or_a_lamp_reaches(seed, street, lamps):
    cameras, walls = scene(seed, street)
    grid = around(100, 10)
    lit = lit_by_lamps(seed, grid) if lamps else None
    lines = trace(grid, cast(cameras, walls), cameras)
    counting = np.random.default_rng(seed).random(len(lines)) < 0.8
    count = visible_in_the_dark(lines, cameras, lit)[counting].sum(axis=0)
    seen = lines.seen(counting, lit, dark=True)
    assert (unpacked(grid, seen.cells, seen.once) == (count >= 1)).all()
    assert (unpacked(grid, seen.cells, seen.twice) == (count >= 2)).all()
    by_day = lines.seen(counting, lit)
    assert by_day.once.tolist() == lines.seen(counting).once.tolist()
    assert not (seen.once & ~by_day.once).any()


def test_where_every_place_is_lit_the_dark_is_as_the_day():
    cameras, walls = scene(1, count=6)
    grid = around(100, 10)
    lines = trace(grid, cast(cameras, walls), cameras)
    everybody = np.ones(len(lines), dtype=bool)
    lit = np.full(len(grid), 0xFFFF, dtype=np.uint16)
    by_day, dark = lines.seen(everybody), lines.seen(everybody, lit, dark=True)
    assert dark.once.tolist() == by_day.once.tolist()
    assert dark.twice.tolist() == by_day.twice.tolist()
    assert (lines.seen(everybody, dark=True).once != by_day.once).any()


# The chance of footage


def plain_chance(
    lines: Sightlines, bits: np.ndarray, chances: np.ndarray, level: str, public: np.ndarray
) -> list[float]:
    """For each of the cells, in plain Python."""
    answer = []
    for cell in lines.cells:
        ground = bits_of(public[[cell]])[0]
        missed = 1.0
        for view, chance in enumerate(chances):
            resolved_ground = int((bits[view, cell, LEVELS.index(level)] & ground).sum())
            missed *= 1 - chance * (resolved_ground / ground.sum() if ground.any() else 0)
        answer.append(1 - missed)
    return answer


def public_ground(seed: int, grid: Grid) -> np.ndarray:
    """Some cells with all of it, some with none, most between."""
    random = np.random.default_rng(seed + 3)
    some = random.integers(0, 2**16, len(grid)).astype(np.uint16)
    return np.where(random.random(len(grid)) < 0.3, random.choice([0, 0xFFFF], len(grid)), some).astype(
        np.uint16
    )


@settings(max_examples=40)
@given(SEEDS, STREETS, st.sampled_from(LEVELS), st.booleans())
def test_the_chance_is_that_not_all_views_fail(seed, street, level, dark):
    cameras, walls = scene(seed, street)
    grid = around(60, 20)
    lines = trace(grid, cast(cameras, walls), cameras)
    random = np.random.default_rng(seed)
    chances = np.where(
        random.random(len(lines)) < 0.3, random.choice([0, 1], len(lines)), random.random(len(lines))
    )
    public, lit = public_ground(seed, grid), lit_by_lamps(seed, grid)
    bits = visible_in_the_dark(lines, cameras, lit) if dark else each_view(lines)
    found = lines.chance(chances, level, public, lit, dark=dark)
    assert found == pytest.approx(plain_chance(lines, bits, chances, level, public), abs=1e-9)
    assert (found[public[lines.cells] == 0] == 0).all()
    assert not np.signbit(found).any()  # no -0 %


@settings(max_examples=40)
@given(SEEDS, st.integers(0, 7))
def test_the_chance_grows_with_each_views_chance_and_stays_within_0_and_1(seed, view):
    cameras, walls = scene(seed)
    grid = around(60, 20)
    lines = trace(grid, cast(cameras, walls), cameras)
    public = public_ground(seed, grid)
    chances = np.random.default_rng(seed).random(len(lines))
    more = chances.copy()
    more[view] = 1 - (1 - more[view]) / 2
    lower, higher = (lines.chance(p, "detect", public) for p in (chances, more))
    assert (higher >= lower - 1e-15).all()
    sure = lines.chance(np.ones(len(lines)), "detect", public)
    for found in (lower, higher, sure):
        assert ((found >= 0) & (found <= 1)).all()
    assert (sure >= higher - 1e-15).all()
    assert not lines.chance(np.zeros(len(lines)), "detect", public).any()


# Sightlines of some views, of none, and joined


@settings(max_examples=40)
@given(SEEDS, STREETS, st.lists(st.integers(0, 7), max_size=12))
def test_the_sightlines_of_some_views_are_theirs_in_that_order(seed, street, positions):
    cameras, walls = scene(seed, street)
    grid = around(80, 16)
    lines = trace(grid, cast(cameras, walls), cameras)
    some = lines.of(positions)
    assert len(some) == len(positions)
    assert (each_view(some) == each_view(lines)[positions]).all()
    apart = cameras.iloc[positions]
    alone = trace(grid, cast(apart, walls), apart)
    assert same(some, alone)
    # What was worked out of all is not kept for some.
    assert some.cells.tolist() == np.unique(some.cell).tolist()


@settings(max_examples=20)
@given(SEEDS, STREETS, st.integers(0, 8))
def test_traced_apart_and_joined_is_as_traced_together(seed, street, first):
    cameras, walls = scene(seed, street)
    grid = around(80, 16)
    together = trace(grid, cast(cameras, walls), cameras)
    one, other = (
        trace(grid, cast(some, walls), some) for some in (cameras.iloc[:first], cameras.iloc[first:])
    )
    joined = one.joined(other)
    assert same(joined, together)
    assert same(joined.of(np.arange(first)), one)
    assert same(joined.of(np.arange(first, len(cameras))), other)


def same(one: Sightlines, other: Sightlines) -> bool:
    return one.grid == other.grid and all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in ("heads", "cell", "day", "light")
    )


def test_no_views_see_nothing_and_have_no_chance():
    grid = around(20, 10)
    nobody = trace(grid, cast(NOBODY, []), NOBODY)
    lit = np.full(len(grid), 0xFFFF, dtype=np.uint16)
    for dark in (False, True):
        seen = nobody.seen([], lit, dark=dark)
        assert [len(seen.cells), len(seen.once), len(seen.samples("detect"))] == [0, 0, 0]
        assert len(nobody.chance([], "detect", lit, dark=dark)) == 0
        assert set(seen.totals(lit).values()) == {0}
    cameras, walls = scene(0)
    lines = trace(grid, cast(cameras, walls), cameras)
    assert same(nobody.joined(lines), lines)
    assert same(lines.joined(nobody), lines)
    assert same(lines.of([]), nobody)


def test_when_no_view_counts_nothing_is_seen():
    cameras, walls = scene(0)
    lines = trace(around(100, 10), cast(cameras, walls), cameras)
    seen = lines.seen(np.zeros(len(lines), dtype=bool))
    assert len(seen.cells) > 0
    assert not seen.once.any()
    assert not seen.twice.any()


def test_cameras_in_degrees_among_walls_in_metres_cover_nothing():
    cameras, walls = scene(0)
    astray = cameras.assign(x=-85.08, y=33.58)
    assert len(trace(around(300, 10), cast(astray, walls), astray).cells) == 0


# Side by side


def test_many_cameras_in_threads_see_what_each_sees_alone():
    cameras, walls = scene(2, "overlapping", count=8, houses=30)
    many = pd.concat([cameras] * 20, ignore_index=True)
    grid = around(100, 20)
    few = each_view(trace(grid, cast(cameras, walls), cameras))
    assert (each_view(trace(grid, cast(many, walls), many)) == np.tile(few, (20, 1, 1, 1))).all()


def test_cells_in_threads_are_counted_as_in_one(monkeypatch):
    cameras, walls = scene(3, "terraces", count=8, houses=30)
    grid = around(100, 10)
    everybody = np.ones(len(cameras), dtype=bool)
    chances = np.linspace(0, 1, len(cameras))
    public, lit = public_ground(3, grid), lit_by_lamps(3, grid)

    def answers(*, dark: bool) -> list[list]:
        lines = trace(grid, cast(cameras, walls), cameras)
        seen = lines.seen(everybody, lit, dark=dark)
        chance = lines.chance(chances, "detect", public, lit, dark=dark)
        totals = seen.totals(public)
        return [seen.once.tolist(), seen.twice.tolist(), chance.tolist(), list(totals.values())]

    alone = [answers(dark=dark) for dark in (False, True)]
    monkeypatch.setattr(sightlines, "CELLS_A_THREAD", 3)
    assert [answers(dark=dark) for dark in (False, True)] == alone


def test_several_people_may_trace_and_count_at_once():
    cameras, walls = scene(4, "apart", count=50, houses=40)
    grid = around(100, 5)
    viewsheds = cast(cameras, walls)
    lines = trace(grid, viewsheds, cameras)
    everybody = np.ones(len(lines), dtype=bool)
    public = public_ground(4, grid)
    seen, chance = lines.seen(everybody), lines.chance(everybody * 0.5, "detect", public)

    shared_lines = trace(grid, viewsheds, cameras)

    def one_person(person: int) -> bool:
        own = trace(grid, viewsheds, cameras)
        again = shared_lines.seen(everybody)
        return (
            same(own, lines)
            and np.array_equal(again.once, seen.once)
            and np.array_equal(again.twice, seen.twice)
            and np.array_equal(shared_lines.chance(everybody * 0.5, "detect", public), chance)
        )

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(one_person, range(16)))


def test_after_warming_up_nothing_is_compiled_whatever_the_columns_are_made_of():
    viewshed.warm()
    loops = (
        geometry.sample_cells, sightlines._collect, sightlines._miss, sightlines._total, sightlines._half,
        vicinity._gather, vicinity._list, vicinity._add, grid_module._mark,
    )  # fmt: skip
    before = [len(loop.signatures) for loop in loops]
    grid = around(20, 5)
    x, y = scenes.FAR_AWAY
    camera = {"x": x, "y": y, "azimuth": 0, "hfov": 90, "range_m": 30, "width_px": 1920, "night_m": 9}
    whole = pd.DataFrame([camera, camera]).astype("int64")
    read_only = np.full(len(grid), 0xFFFF, dtype=np.uint16)
    read_only.flags.writeable = False
    for frame in (whole, whole.astype("Float64"), whole.astype("float32"), whole.astype(float), NOBODY):
        lines = trace(grid, cast(frame, []), frame)
        for dark in (False, True):
            seen = lines.seen([True] * len(lines), read_only, dark=dark)
            lines.chance([1] * len(lines), "detect", read_only, read_only, dark=dark)
        lines.of([]).seen([])
        seen.totals(read_only)
        seen.finest(read_only)
        vicinity.Vicinity.of(grid, [[x, y]], 0, read_only.copy()).share(seen, "detect")
    for polygons in ([], [shapely.box(x, y, x + 1, y + 1)], [shapely.box(x, y, x + 9, y + 9)] * 3):
        grid.samples(polygons)
    assert [len(loop.signatures) for loop in loops] == before


# Odd input


def test_other_cameras_than_those_of_the_viewsheds_are_refused():
    cameras, walls = scene(0)
    with pytest.raises(ValueError, match="8 viewsheds, but 7 cameras"):
        trace(around(10, 5), cast(cameras, walls), cameras.iloc[:7])


def test_sightlines_over_another_grid_are_not_joined():
    cameras, walls = scene(0)
    one, other = (trace(around(10, cell), cast(cameras, walls), cameras) for cell in (5, 4))
    with pytest.raises(ValueError, match="same grid"):
        one.joined(other)


@pytest.mark.parametrize("counting", [[True] * 7, [True] * 9, True])
def test_another_number_of_choices_than_of_views_is_refused(counting):
    cameras, walls = scene(0)
    with pytest.raises(ValueError, match="each of the 8 views"):
        trace(around(10, 5), cast(cameras, walls), cameras).seen(counting)


@pytest.mark.parametrize("chances", [[0.5] * 7, [0.5] * 7 + [1.1], [0.5] * 7 + [-0.1], [0.5] * 7 + [np.nan]])
def test_chances_that_are_none_are_refused(chances):
    cameras, walls = scene(0)
    lines = trace(around(10, 5), cast(cameras, walls), cameras)
    with pytest.raises(ValueError, match="from 0 to 1 for each of the 8 views"):
        lines.chance(chances, "detect", np.zeros(len(lines.grid), dtype=np.uint16))


def test_an_unknown_level_is_refused():
    nothing = Seen(np.zeros(0, np.int32), np.zeros(0, np.uint64), np.zeros(0, np.uint64))
    with pytest.raises(ValueError, match="no level 'read'"):
        nothing.samples("read")


def test_a_choice_is_not_taken_for_positions():
    cameras, walls = scene(0)
    lines = trace(around(10, 5), cast(cameras, walls), cameras)
    with pytest.raises(ValueError, match="whole number"):
        lines.of(np.ones(8, dtype=bool))
