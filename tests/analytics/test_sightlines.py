"""What cameras see sample by sample, against one line of sight at a time; and what must hold of any set of cameras."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import optics, sightlines
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
    cameras["width_px"] = random.choice([320, 1280, 1920, 3840, 7680], n)
    cameras["night_m"] = random.choice([0.0, 4.0, 15.0, 60.0, 500.0], n)
    cameras["hfov"] = np.where(random.random(n) < 0.2, optics.WIDE_DEGREES, cameras["hfov"])
    cameras["range_m"] *= random.random(n) < 0.9  # some cover nothing
    cameras.loc[(cameras["hfov"] == 360) & (random.random(n) < 0.5), "azimuth"] = np.nan
    return cameras, walls_of(built)


def around(metres: float, cell: float, middle: tuple[float, float] = scenes.FAR_AWAY) -> Grid:
    x, y = middle
    return Grid.over((x - metres, y - metres, x + metres, y + metres), cell)


def grid_near(seed: int, cameras: pd.DataFrame) -> Grid:
    """A grid of a few hundred cells of any size, over, beside or far from some camera."""
    random = np.random.default_rng(seed + 1)
    cell = 10 ** random.uniform(-2, 3)
    rows, columns = random.integers(1, 20, 2)
    one = cameras.iloc[random.integers(len(cameras))]
    corner = np.array([one.x, one.y]) - random.uniform(-0.5, 1.5, 2) * cell * (columns, rows)
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


def resolved(viewsheds: Viewsheds, cameras: pd.DataFrame, view: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Whether each view resolves the point beside it at each level, (n, levels): a line of sight for each."""
    one = cameras.iloc[view]
    metres = np.hypot(*(points - one[["x", "y"]].to_numpy()).T)
    sharpness = optics.px_per_m(np.maximum(metres, 1e-9), one["width_px"], one["hfov"])
    return viewsheds.sees(view, points)[:, None] & (sharpness[:, None] >= PIXELS)


def all_at_a_boundary(
    viewsheds: Viewsheds, cameras: pd.DataFrame, view: np.ndarray, points: np.ndarray, level: np.ndarray
) -> bool:
    """Whether each of the points lies within rounding of where what the view resolves begins or ends.

    That is: something within `ROUNDING_M` of it is seen, and something is not.
    """
    turn = np.arange(32) * (np.pi / 16)
    off = ROUNDING_M * np.column_stack([np.sin(turn), np.cos(turn)])
    near = (points[:, None] + off).reshape(-1, 2)
    seen = resolved(viewsheds, cameras, np.repeat(view, len(off)), near).reshape(
        len(points), len(off), len(LEVELS)
    )
    here = np.take_along_axis(seen, level[:, None, None], axis=2)[:, :, 0]
    return bool((here.any(axis=1) & ~here.all(axis=1)).all())


def assert_same_but_at_boundaries(
    found: np.ndarray, expected: np.ndarray, viewsheds: Viewsheds, cameras: pd.DataFrame, points: np.ndarray
) -> None:
    """Both (views, cells, levels, 16); ``points`` (cells, 16, 2) are where ``viewsheds`` has the samples."""
    view, cell, level, sample = np.nonzero(found != expected)
    assert all_at_a_boundary(viewsheds, cameras, view, points[cell, sample], level)


# Each sample is a line of sight


@settings(max_examples=200)
@given(SEEDS, STREETS)
def test_each_sample_is_what_the_line_of_sight_to_it_says(seed, street):
    cameras, walls = scene(seed, street)
    grid = grid_near(seed, cameras)
    viewsheds = cast(cameras, walls)
    points = samples_of(grid)
    view = np.repeat(np.arange(len(cameras)), len(grid) * SAMPLES**2)
    every = np.tile(points.reshape(-1, 2), (len(cameras), 1))
    expected = resolved(viewsheds, cameras, view, every).reshape(len(cameras), len(grid), SAMPLES**2, -1)
    assert_same_but_at_boundaries(
        each_view(trace(grid, viewsheds, cameras)), expected.swapaxes(2, 3), viewsheds, cameras, points
    )
