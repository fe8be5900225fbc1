"""Viewsheds and coverage, timed beside a plain shapely way of doing the same.

    python -m benchmarks.viewsheds [--small]

The scene is drawn from a seed: houses of different sizes along a grid of streets, each a little turned, and
cameras on house fronts. The plain way takes each camera's sector and cuts off the shadow of each wall near
it, found through shapely's tree; it is exact too, and both areas are compared before the times are.
"""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from analytics import coverage, optics, viewshed
from analytics.grid import Grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

LOT_M = 22.0  # a house each so many metres, so that 120,000 houses make a city of about 8 by 8 kilometres


def scene(houses: int, cameras: int, seed: int = 0) -> tuple[NDArray[np.object_], pd.DataFrame]:
    """Houses as polygons, and cameras on their walls with the optics assumed for their kinds."""
    random = np.random.default_rng(seed)
    side = int(np.ceil(np.sqrt(houses)))
    lot = np.arange(houses)
    # Every third row of lots is a street.
    middle = np.column_stack([lot % side, lot // side * 1.5 // 1]) * LOT_M + random.uniform(
        -2, 2, (houses, 2)
    )
    size = random.uniform(8, 18, (houses, 2))
    turn = random.normal(0, 0.1, houses)
    corners = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]]) * size[:, None, :]
    cosine, sine = np.cos(turn)[:, None], np.sin(turn)[:, None]
    rotated = np.stack(
        [
            corners[..., 0] * cosine - corners[..., 1] * sine,
            corners[..., 0] * sine + corners[..., 1] * cosine,
        ],
        axis=2,
    )
    polygons = shapely.polygons(rotated + middle[:, None, :])

    at = random.integers(0, houses, cameras)
    frame = pd.DataFrame(
        {
            "x": middle[at, 0],
            "y": middle[at, 1],
            "azimuth": random.uniform(0, 360, cameras),
            "kind": random.choice(["doorbell", "bullet", "dome", "turret", "floodlight"], cameras),
        }
    )
    return polygons, viewshed.mounted(optics.completed(frame, "detect"), polygons)


def shadows(cameras: pd.DataFrame, walls: NDArray[np.float64]) -> list[shapely.Geometry]:
    """The plain way: each camera's sector less the shadow of each wall near it."""
    lines = shapely.linestrings(walls.reshape(-1, 2, 2))
    tree = shapely.STRtree(lines)
    answer = []
    for camera in cameras.itertuples():
        here = np.array([camera.x, camera.y])
        bearings = np.radians(camera.azimuth + np.linspace(-camera.hfov / 2, camera.hfov / 2, 128))
        arc = here + camera.range_m * np.column_stack([np.sin(bearings), np.cos(bearings)])
        sector = shapely.polygons(np.vstack([here, arc]))
        near = tree.query(shapely.points(here), predicate="dwithin", distance=camera.range_m)
        a, b = walls[near, :2] - here, walls[near, 2:] - here
        # The far side of a shadow must lie beyond the range.
        metres = shapely.distance(lines[near], shapely.points(here))
        far = (2 * camera.range_m / np.maximum(metres, 1e-3))[:, None]
        hidden = shapely.polygons(np.stack([a, b, b * far, a * far], axis=1) + here)
        answer.append(shapely.difference(sector, shapely.union_all(hidden)))
    return answer


def main() -> None:
    """Prints the comparison, then our own times at full size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true", help="a tenth of the size, for a quick look")
    shrink = 10 if parser.parse_args().small else 1

    started = time.perf_counter()
    viewshed.warm()
    print(f"compiled or read back in {time.perf_counter() - started:.1f} s")

    buildings, cameras = scene(houses=120_000 // shrink, cameras=100_000 // shrink)
    walls = viewshed.walls_of(buildings)
    few = cameras.iloc[: 1_000 // shrink]

    started = time.perf_counter()
    plain = shadows(few, walls)
    plain_seconds = time.perf_counter() - started
    started = time.perf_counter()
    ours = viewshed.cast(few, walls).polygons()
    our_seconds = time.perf_counter() - started
    plain_area, our_area = shapely.area(plain).sum(), ours.area.sum()
    print(
        f"{len(few):,} cameras among {len(walls):,} walls, exact polygons: "
        f"shapely shadows {plain_seconds:.2f} s, ours with the index {our_seconds:.2f} s, "
        f"ratio {plain_seconds / our_seconds:.0f}; "
        f"areas differ by {abs(our_area / plain_area - 1):.1e}"
    )

    print(f"{len(cameras):,} cameras, {len(buildings):,} buildings, {len(walls):,} walls, 128 rays:")
    started = time.perf_counter()
    viewsheds = viewshed.cast(cameras, walls)
    print(f"  cast      {time.perf_counter() - started:6.2f} s")
    started = time.perf_counter()
    viewsheds.polygons()
    print(f"  polygons  {time.perf_counter() - started:6.2f} s")
    grid = Grid.over((*walls.min(axis=0)[:2], *walls.max(axis=0)[2:]), 10.0)
    started = time.perf_counter()
    cells = coverage.cover(grid, viewsheds, cameras)
    print(f"  cover     {time.perf_counter() - started:6.2f} s, {len(cells):,} cells of 10 m")
    circles = (np.pi * cameras["range_m"] ** 2).sum()
    seen = cells["n_cameras"].sum() * grid.cell**2
    print(f"  plain circles of the same range claim {circles / seen:.1f} times what the cameras see")


if __name__ == "__main__":
    main()
