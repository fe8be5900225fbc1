"""Viewsheds beside what a user would otherwise run: how fast, and how far off.

    python -m benchmarks.viewshed [--small]

The scene is drawn from a seed: houses of different sizes along a grid of streets, each a little turned, and
cameras on house fronts. Every way is asked for the same cameras, as many of them as it manages in seconds.
What they claim is held against two plain answers that nobody would wait for: the area of each sector, its arc
drawn with 2,000 corners, less the shadow of each wall; and whether any wall meets the line of sight to a point.

Time stops when the area is there that a camera sees: as a polygon, or as the cells or the distances that a
way has instead of one. Finding walls through shapely's tree and drawing buildings into rasters is given to the
others for free; ours includes its index. Ours takes all cores and is timed by the clock on the wall; theirs
take one, and are timed by what they use of it.
"""

from __future__ import annotations

import argparse
import time
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from unittest import mock

import numpy as np
import pandas as pd
import shapely

from analytics import optics, viewshed
from analytics.geometry import MOUNT_TOLERANCE_M

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Camera = NamedTuple  # a row of the cameras: x, y, azimuth, hfov, range_m

LOT_M = 22.0  # a house each so many metres, so that 40,000 houses make a city of about 4 by 7 kilometres
RAYS = 128
POINTS = 100  # lines of sight that are tried for each camera
BOUNDARY_M = 0.05  # so near to the boundary of what is seen, either answer is right


# The scene ------------------------------------------------------------------------------------


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


@dataclass(frozen=True)
class Scene:
    """The cameras that all are asked for, and the walls that may hide something from each of them."""

    cameras: pd.DataFrame
    walls: list[Floats]
    houses: list[NDArray[np.object_]]

    @classmethod
    def of(cls, cameras: pd.DataFrame, buildings: NDArray[np.object_], walls: Floats) -> Scene:
        """Finds them through shapely's tree."""
        places = shapely.points(cameras[["x", "y"]].to_numpy())
        reach = cameras["range_m"].to_numpy()
        lines = shapely.linestrings(walls.reshape(-1, 2, 2))

        def near(geometries: NDArray[np.object_]) -> list[NDArray[np.int64]]:
            camera, found = shapely.STRtree(geometries).query(places, predicate="dwithin", distance=reach)
            return np.split(found, np.searchsorted(camera, np.arange(1, len(cameras))))

        hiding = [
            found[shapely.distance(lines[found], place) > MOUNT_TOLERANCE_M]
            for found, place in zip(near(lines), places, strict=True)
        ]
        return cls(
            cameras, [walls[found] for found in hiding], [buildings[found] for found in near(buildings)]
        )

    def first(self, count: int) -> Scene:
        """The same for the first cameras only."""
        return Scene(self.cameras.iloc[:count], self.walls[:count], self.houses[:count])

    def each(self) -> zip[tuple[Camera, Floats]]:
        """Each camera, with the walls near it."""
        return zip(self.cameras.itertuples(), self.walls, strict=True)


# The ways -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """What a way says: square metres a camera, and whether cameras see the points beside them."""

    area: Floats
    sees: Callable[[NDArray[np.int64], Floats], NDArray[np.bool_]]


def drawn(polygons: NDArray[np.object_]) -> Answer:
    """The answer that polygons are."""
    shapely.prepare(polygons)
    return Answer(
        shapely.area(polygons), lambda camera, points: shapely.contains_xy(polygons[camera], *points.T)
    )


def arc(camera: Camera, corners: int) -> Floats:
    """Places along the range of a camera, from the left of its view to the right."""
    bearings = np.radians(camera.azimuth + np.linspace(-camera.hfov / 2, camera.hfov / 2, corners))
    return np.array([camera.x, camera.y]) + camera.range_m * np.column_stack(
        [np.sin(bearings), np.cos(bearings)]
    )


def shadows(scene: Scene, corners: int = RAYS) -> NDArray[np.object_]:
    """Each camera's sector less the union of the shadows of the walls near it, with shapely."""
    answer = []
    for camera, walls in scene.each():
        here = np.array([camera.x, camera.y])
        sector = shapely.polygons(np.vstack([here, arc(camera, corners)]))
        a, b = walls[:, :2] - here, walls[:, 2:] - here
        # The far side of a shadow must lie beyond the range.
        metres = shapely.distance(shapely.linestrings(walls.reshape(-1, 2, 2)), shapely.Point(here))
        far = (2 * camera.range_m / metres)[:, None] + 1
        hidden = shapely.polygons(np.stack([a, b, b * far, a * far], axis=1) + here)
        answer.append(shapely.difference(sector, shapely.union_all(hidden)))
    return np.array(answer)


def isovists(scene: Scene) -> NDArray[np.object_]:
    """The polygons of pysovist, exact too, of the walls near each camera."""
    import pysovist  # noqa: PLC0415 - it may not be installed

    answer = []
    for camera, walls in scene.each():
        found = pysovist.isovist(
            walls.reshape(-1, 2, 2),
            (camera.x, camera.y),
            max_distance=camera.range_m,
            fov=np.radians(camera.hfov),
            direction=np.radians((90 - camera.azimuth) % 360),
        )
        answer.append(shapely.polygons(found.polygon()))
    return np.array(answer)


def rays(scene: Scene) -> NDArray[np.object_]:
    """Every ray against every wall near the camera, in numpy; the polygon through where the rays end."""
    answer = []
    for camera, walls in scene.each():
        here = np.array([camera.x, camera.y])
        ends = arc(camera, RAYS) - here
        a, u = walls[:, :2] - here, walls[:, 2:] - walls[:, :2]
        with np.errstate(divide="ignore", invalid="ignore"):
            # share * end = a + t * u
            across = ends[:, 0, None] * u[:, 1] - ends[:, 1, None] * u[:, 0]
            share = (a[:, 0] * u[:, 1] - a[:, 1] * u[:, 0]) / across
            t = (a[:, 0] * ends[:, 1, None] - a[:, 1] * ends[:, 0, None]) / across
        share[~((t >= 0) & (t <= 1) & (share >= 0))] = np.inf
        nearest = share.min(axis=1, initial=1.0)
        answer.append(shapely.polygons(np.vstack([here, here + ends * nearest[:, None]])))
    return np.array(answer)


@dataclass(frozen=True)
class Raster:
    """A camera's surroundings in cells: which lie in its sector and outdoors, and where the first one lies."""

    heights: Floats
    open_view: NDArray[np.bool_]
    corner: Floats


def rasters(scene: Scene, cell: float) -> list[Raster]:
    """Houses 10 metres high on flat ground, around each camera."""
    answer = []
    for (camera, _), houses in zip(scene.each(), scene.houses, strict=True):
        half = int(np.ceil(camera.range_m / cell))
        off = np.arange(-half, half + 1) * cell
        x, y = np.meshgrid(camera.x + off, camera.y + off)
        built = shapely.contains_xy(shapely.union_all(houses), x, y)
        built[half, half] = False  # the camera is on the wall, not on the roof
        metres = np.hypot(x - camera.x, y - camera.y)
        turn = (np.degrees(np.arctan2(x - camera.x, y - camera.y)) - camera.azimuth + 180) % 360 - 180
        in_view = (metres <= camera.range_m) & (np.abs(turn) <= camera.hfov / 2)
        answer.append(
            Raster(np.where(built, 10.0, 0.0), in_view & ~built, np.array([camera.x, camera.y]) + off[0])
        )
    return answer


def raster_viewsheds(surroundings: list[Raster], cell: float) -> Answer:
    """The cells that xarray-spatial calls visible from a camera 3 metres up."""
    import xarray as xr  # noqa: PLC0415 - it may not be installed
    from xrspatial import viewshed as xarray_viewshed  # noqa: PLC0415 - nor may this

    visible = []
    for raster in surroundings:
        count = len(raster.heights)
        centres = np.arange(count) * cell
        heights = xr.DataArray(raster.heights, dims=["y", "x"], coords={"y": centres, "x": centres})
        middle = centres[count // 2]
        angles = xarray_viewshed(heights, x=middle, y=middle, observer_elev=3.0)
        visible.append((angles.to_numpy() >= 0) & raster.open_view)

    def sees(camera: NDArray[np.int64], points: Floats) -> NDArray[np.bool_]:
        seen = np.zeros(len(points), dtype=bool)
        for one in np.unique(camera):
            asked = camera == one
            places = np.rint((points[asked] - surroundings[one].corner) / cell).astype(int)
            column, row = np.clip(places, 0, len(visible[one]) - 1).T
            seen[asked] = visible[one][row, column]
        return seen

    return Answer(np.array([found.sum() for found in visible]) * cell**2, sees)


# What they are held against -------------------------------------------------------------------


@dataclass(frozen=True)
class Truth:
    """The plain answers for a scene: the exact polygons, and points with whether each is seen."""

    polygons: NDArray[np.object_]
    camera: NDArray[np.int64]
    points: Floats
    seen: NDArray[np.bool_]
    clear: NDArray[np.bool_]  # farther than BOUNDARY_M from the boundary of what is seen

    @classmethod
    def of(cls, scene: Scene, seed: int = 0) -> Truth:
        """Tries points in each camera's sector, as many near as far for its area."""
        random = np.random.default_rng(seed)
        polygons = shadows(scene, corners=2000)
        camera = np.repeat(np.arange(len(polygons)), POINTS)
        columns = ["x", "y", "azimuth", "hfov", "range_m"]
        x, y, azimuth, hfov, reach = scene.cameras[columns].to_numpy(dtype=float)[camera].T
        bearing = np.radians(azimuth + random.uniform(-0.5, 0.5, len(camera)) * hfov)
        metres = reach * np.sqrt(random.random(len(camera)))
        here = np.column_stack([x, y])
        points = here + metres[:, None] * np.column_stack([np.sin(bearing), np.cos(bearing)])
        walls = np.array([shapely.multilinestrings(list(near.reshape(-1, 2, 2))) for near in scene.walls])
        shapely.prepare(walls)
        sight = shapely.linestrings(np.stack([here, points], axis=1))
        seen = ~shapely.intersects(walls[camera], sight)
        off = shapely.distance(shapely.boundary(polygons)[camera], shapely.points(points))
        return cls(polygons, camera, points, seen, off > BOUNDARY_M)

    def errors(self, answer: Answer) -> tuple[float, float, float]:
        """How far off an answer for the first cameras is: area on average and at worst, and sight; shares."""
        count = len(answer.area)
        area = shapely.area(self.polygons[:count])
        # What sees less than a square metre is left out: no cell is as small.
        off = (np.abs(answer.area - area) / area)[area >= 1]
        pairs = slice(0, count * POINTS)
        said = answer.sees(self.camera[pairs], self.points[pairs])
        astray = (said != self.seen[pairs]) & self.clear[pairs]
        return float(off.mean()), float(off.max()), float(astray.mean())


# Side by side ---------------------------------------------------------------------------------


def best_seconds(
    run: Callable[[], object], trying: float = 6.0, clock: Callable[[], float] = time.perf_counter
) -> float:
    """The least time of a run, tried again and again for so many seconds: other work only ever adds to one."""
    began = time.perf_counter()
    seconds: list[float] = []
    while not seconds or time.perf_counter() - began < trying:
        started = clock()
        run()
        seconds.append(clock() - started)
    return min(seconds)


def processor_seconds(run: Callable[[], object]) -> float:
    """The same for one of the others: what else the machine does is not held against them."""
    return best_seconds(run, clock=time.process_time)


def row(name: str, cameras: int, seconds: float, ours: float, errors: tuple[float, float, float]) -> None:
    """Prints a line of the table; ``ours`` is how many cameras a second we do of the same."""
    rate = cameras / seconds
    mean, worst, astray = errors
    print(
        f"| {name:<42} | {cameras:>8,} | {rate:>9,.0f} | {ours / rate:>8,.1f} "
        f"| {mean:>9.4%} | {worst:>9.4%} | {astray:>8.3%} |",
        flush=True,
    )


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true", help="a tenth of the size, for a quick look")
    shrink = 10 if parser.parse_args().small else 1

    seconds = best_seconds(viewshed.warm, trying=0)
    print(f"Compiled, or read back: {seconds:.1f} s")
    buildings, cameras = scene(houses=40_000 // shrink, cameras=100_000 // shrink)
    walls = viewshed.walls_of(buildings)
    asked = Scene.of(cameras.iloc[: 1_000 // shrink], buildings, walls)
    truth = Truth.of(asked)
    few = viewshed.cast(asked.cameras, walls)
    exact = Answer(few.polygons().area.to_numpy(), few.sees)
    print(f"{len(buildings):,} buildings, {len(walls):,} walls, {len(truth.seen):,} lines of sight")
    print()
    print(
        f"| {'':<42} | {'cameras':>8} | {'a second':>9} | {'ours is':>8} "
        f"| {'area off':>9} | {'at worst':>9} | {'sight':>8} |"
    )
    print("| :--- | ---: | ---: | ---: | ---: | ---: | ---: |")

    every = len(cameras)
    polygons = best_seconds(lambda: viewshed.cast(cameras, walls).polygons())
    row("ours, polygons", every, polygons, every / polygons, truth.errors(exact))
    with mock.patch("os.cpu_count", return_value=1):
        alone = best_seconds(lambda: viewshed.cast(cameras, walls).polygons())
    row("ours, polygons, on one core", every, alone, every / polygons, truth.errors(exact))
    depth = best_seconds(lambda: viewshed.cast(cameras, walls, rays=RAYS).depth)
    sampled = drawn(_through_ray_ends(few))
    row(f"ours, distances along {RAYS} rays", every, depth, every / depth, truth.errors(sampled))

    for name, way, count, ours in (
        ("shapely, union of shadows", shadows, 1_000, polygons),
        ("pysovist, exact isovist", isovists, 300, polygons),
        (f"numpy, each of {RAYS} rays against each wall", rays, 1_000, depth),
    ):
        beside = asked.first(max(count // shrink, 20))
        try:
            taken = processor_seconds(lambda way=way, beside=beside: way(beside))
        except ImportError:
            print(f"| {name}: left out, not installed (requirements-bench.txt)")
            continue
        row(name, len(beside.cameras), taken, every / ours, truth.errors(drawn(way(beside))))

    for cell, count in ((1.0, 60), (0.5, 20)):
        name = f"xarray-spatial, cells of {cell} m"
        surroundings = rasters(asked.first(max(count // shrink, 5)), cell)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # it compiles with settings that numba calls outdated
                raster_viewsheds(surroundings[:1], cell)  # compiles, which takes 20 seconds
                taken = processor_seconds(lambda cell=cell, these=surroundings: raster_viewsheds(these, cell))
                answer = raster_viewsheds(surroundings, cell)
        except ImportError:
            print(f"| {name}: left out, not installed (requirements-bench.txt)")
            continue
        row(name, len(surroundings), taken, every / polygons, truth.errors(answer))

    circles = np.pi * (asked.cameras["range_m"] ** 2).sum()
    print()
    print(
        f"Plain circles of the same range claim {circles / exact.area.sum():.1f} times what the cameras see."
    )


def _through_ray_ends(viewsheds: viewshed.Viewsheds) -> NDArray[np.object_]:
    """Polygons from the distances along rays, of cameras that do not look all round."""
    share = np.linspace(-0.5, 0.5, viewsheds.rays)
    bearings = viewsheds.azimuth[:, None] + share * viewsheds.hfov[:, None]
    here = np.column_stack([viewsheds.x, viewsheds.y])[:, None]
    along = np.stack([np.sin(bearings), np.cos(bearings)], axis=-1)
    ends = here + viewsheds.depth[..., None].astype(float) * along
    return shapely.polygons(np.concatenate([here, ends], axis=1))


if __name__ == "__main__":
    main()
