"""What each camera sees: its field of view as far as its range, less what buildings hide.

Plan view: everything stands as high as a camera can look, so a wall hides all that is behind it. A camera
mounted on a wall (within `geometry.MOUNT_TOLERANCE_M`) is not hidden behind that wall; turned towards its own
building it sees at most the inside, up to the opposite wall.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray

from analytics import geometry
from analytics.geometry import WallIndex
from analytics.grid import Grid, in_metres

Floats = NDArray[np.float64]

#: How far in front of its wall `mounted` puts a camera: off the wall, so that the wall hides what is behind.
STANDOFF_M = 0.05

#: In a terrace the way out of one house may lead into the next: after so many a camera goes no farther.
HOUSES_IN_THE_WAY = 4


@dataclass(frozen=True)
class Viewsheds:
    """What each of n cameras sees among walls, worked out when it is asked for."""

    rays: int
    index: pd.Index
    x: Floats
    y: Floats
    azimuth: Floats  # radians
    hfov: Floats  # radians
    range_m: Floats
    walls: WallIndex

    def __len__(self) -> int:
        """How many cameras there are."""
        return len(self.x)

    def arrays(
        self,
    ) -> tuple[Floats, Floats, Floats, Floats, Floats, Floats, NDArray[np.int64], NDArray[np.int32], int]:
        """Cameras and walls in the order in which the loops of `geometry` take them."""
        return (self.x, self.y, self.azimuth, self.hfov, self.range_m, *self.walls.arrays())

    @cached_property
    def depth(self) -> NDArray[np.float32]:
        """The distance in metres that is visible along each ray, (n, rays) float32.

        It is up to the first wall, or the range, or 0 for a camera that covers nothing. With hfov below 360
        the rays go from the left edge of the field of view to the right, both included: ray k has the bearing
        ``azimuth - hfov / 2 + k * hfov / (rays - 1)``. All round, ray k has the bearing
        ``azimuth - 180 + k * 360 / rays``, where an azimuth that nobody stated is taken as 0.
        """
        depth = np.zeros((len(self), self.rays), dtype=np.float32)
        geometry.in_threads(
            lambda start, stop: geometry.fill_depth(start, stop, *self.arrays(), depth), len(self)
        )
        return depth

    def polygons(self, crs: object = None) -> gpd.GeoSeries:
        """The area that each camera sees, in the cameras' projected metres and on their index.

        Exact, whatever the number of rays: edges of shadows are computed, not sampled, and the chords that
        an arc is drawn with have its area and stray no more than `geometry.ARC_M` from it. A camera that
        covers nothing has an empty polygon.
        """
        parts = geometry.in_threads(self._polygons, len(self))
        return gpd.GeoSeries(np.concatenate(parts), index=self.index, crs=crs)

    def _polygons(self, start: int, stop: int) -> NDArray[np.object_]:
        corners, sizes, doubtful = geometry.outlines(start, stop, *self.arrays())
        polygons = np.full(stop - start, shapely.Polygon())
        seeing = np.flatnonzero(sizes)
        if len(seeing):
            ring = np.repeat(np.arange(len(seeing)), sizes[seeing])
            polygons[seeing] = shapely.polygons(shapely.linearrings(corners, indices=ring))
        crossed = np.flatnonzero(doubtful)[~shapely.is_valid(polygons[doubtful])]
        polygons[crossed] = shapely.make_valid(polygons[crossed], method="structure", keep_collapsed=False)
        return polygons

    def sees(self, camera_index: ArrayLike, points: ArrayLike) -> NDArray[np.bool_]:
        """Whether each camera sees the point beside it.

        ``camera_index`` (n,) are positions in the cameras (one position for all points will do), ``points``
        (n, 2) projected metres. Exact: the line of sight is tried against the walls, not sampled at the
        rays. The range and the edges of the field of view belong to the view, and so does the face of a
        wall; a line of sight that touches a corner is taken as hidden.

        Raises ValueError for positions that are not there and points that are missing.
        """
        places = np.array(points, dtype=float, order="C")
        if places.ndim != 2 or places.shape[1] != 2:
            raise ValueError(f"Points must be an array (n, 2) of x, y, and not {places.shape}.")
        geometry.check_metres(places, "A point")
        positions = np.asarray(camera_index)
        if positions.size and not np.issubdtype(positions.dtype, np.integer):
            raise ValueError("Cameras are named by their position, a whole number from 0.")
        if positions.ndim > 1 or (positions.ndim == 1 and len(positions) != len(places)):
            raise ValueError(f"There must be one camera position for each of the {len(places)} points.")
        cameras = np.array(np.broadcast_to(positions, len(places)), dtype=np.int64)
        if len(cameras) and not (cameras.min() >= 0 and cameras.max() < len(self)):
            raise ValueError(f"A camera's position must be from 0 to {len(self) - 1}.")
        seen = np.zeros(len(places), dtype=bool)
        geometry.in_threads(
            lambda start, stop: geometry.sees(start, stop, cameras, places, *self.arrays(), seen),
            len(places),
            8192,
        )
        return seen


def cast(cameras: pd.DataFrame, walls: ArrayLike | WallIndex, rays: int = 128) -> Viewsheds:
    """What each camera sees.

    ``cameras`` is a frame with ``x`` and ``y`` (projected metres), ``azimuth`` (degrees clockwise from
    north, where the middle of the view points), ``hfov`` (degrees, 360 for all round) and ``range_m``
    (metres, 0 for a camera that covers nothing). ``walls`` is an array (n, 4) of x0, y0, x1, y1, one row a
    building edge (see `walls_of`), or a `WallIndex` of it, for whoever casts again and again among the same
    walls; they may cross. ``rays`` is how many distances `Viewsheds.depth` has for each camera, and nothing
    else depends on it.

    >>> cameras = pd.DataFrame({"x": [0.0], "y": [0.0], "azimuth": [0.0], "hfov": [90.0], "range_m": [30.0]})
    >>> house = walls_of([shapely.box(-5, 10, 5, 20)])
    >>> cast(cameras, house, rays=3).depth.round(1).tolist()
    [[30.0, 10.0, 30.0]]
    >>> cast(cameras, house).sees(0, [[0, 9], [0, 21], [12, 13]]).tolist()
    [True, False, True]

    Raises ValueError for a missing column, and where a value is missing or impossible. The azimuth alone
    may be missing, for a camera that sees all round or has the range 0.
    """
    if not 3 <= rays <= 100_000:
        raise ValueError("A viewshed needs from 3 to 100,000 rays a camera.")
    x, y, azimuth, hfov, reach = (_column(cameras, name) for name in ("x", "y", "azimuth", "hfov", "range_m"))
    geometry.check_metres(np.concatenate([x, y]), "A camera")
    if not np.all((hfov > 0) & (hfov <= 360)):
        raise ValueError("A camera's hfov must be above 0 and at most 360 degrees.")
    if not np.all((reach >= 0) & (reach <= geometry.LARGEST_M)):
        raise ValueError("A camera's range_m must be a finite number of metres, 0 where it covers nothing.")
    azimuth = np.where(np.isnan(azimuth) & ((hfov == 360) | (reach == 0)), 0.0, azimuth)
    if not np.all(np.isfinite(azimuth)):
        raise ValueError(
            "A camera's azimuth is missing: state it, or give the camera the range 0 (optics.completed does)."
        )
    found = walls if isinstance(walls, WallIndex) else WallIndex.of(walls)
    return Viewsheds(
        rays, cameras.index, x, y, np.radians(np.mod(azimuth, 360)), np.radians(hfov), reach, found
    )


def _column(cameras: pd.DataFrame, name: str) -> Floats:
    if name not in cameras:
        raise ValueError(f"The cameras have no column {name!r}.")
    # A copy, since pandas may hand out read-only memory, for which the loops would be compiled once more.
    return np.array(cameras[name].to_numpy(dtype=float, na_value=np.nan))


def walls_of(buildings: gpd.GeoSeries | gpd.GeoDataFrame | ArrayLike) -> Floats:
    """The edges of buildings as walls, (n, 4): x0, y0, x1, y1. Courtyards have walls too.

    ``buildings`` are polygons or multipolygons in projected metres; missing and empty ones have no walls.

    >>> walls_of([shapely.box(0, 0, 2, 1)]).shape
    (4, 4)

    Raises ValueError where they carry a coordinate system in degrees.
    """
    edges, _ = _edges(in_metres(buildings))
    return edges


def _edges(polygons: NDArray[np.object_]) -> tuple[Floats, NDArray[np.int64]]:
    """The edges (n, 4) of all rings, and the position of the polygon that each belongs to, ascending."""
    parts, polygon_of_part = shapely.get_parts(polygons, return_index=True)
    rings, part_of_ring = shapely.get_rings(parts, return_index=True)
    corners, ring = shapely.get_coordinates(rings, return_index=True)
    same = ring[1:] == ring[:-1]
    edges = np.hstack([corners[:-1], corners[1:]])[same]
    return edges, polygon_of_part[part_of_ring[ring[:-1][same]]]


def mounted(cameras: pd.DataFrame, buildings: gpd.GeoSeries | gpd.GeoDataFrame | ArrayLike) -> pd.DataFrame:
    """The cameras, with those that lie inside a building moved to its wall.

    A registered address is usually placed at the middle of the roof, where a camera would see nothing but
    the inside of the house. Such a camera moves along its azimuth to where it leaves the building, or,
    without an azimuth or when it looks all round, to the nearest point of the outline; and then
    `STANDOFF_M` off the wall. Where the next house of a terrace begins there, it goes on, through
    `HOUSES_IN_THE_WAY` houses at most.

    ``cameras`` is a frame with ``x``, ``y`` and ``azimuth``, and perhaps ``hfov``; rows whose column
    ``outdoor``, if there is one, is False stay inside. ``buildings`` are polygons in the same projected
    metres. The answer is a copy; cameras outside all buildings, and those on a wall, keep their place.

    >>> camera = pd.DataFrame({"x": [5.0], "y": [5.0], "azimuth": [90.0]})
    >>> mounted(camera, [shapely.box(0, 0, 10, 10)])[["x", "y"]].to_numpy().tolist()
    [[10.05, 5.0]]
    """
    x, y, azimuth = (_column(cameras, name) for name in ("x", "y", "azimuth"))
    geometry.check_metres(np.concatenate([x, y]), "A camera")
    if "hfov" in cameras:
        azimuth[_column(cameras, "hfov") == 360] = np.nan
    indoors = (
        cameras["outdoor"].isin([False]).to_numpy()
        if "outdoor" in cameras
        else np.zeros(len(cameras), dtype=bool)
    )
    polygons = in_metres(buildings)
    tree = shapely.STRtree(polygons)
    moved = np.flatnonzero(~indoors)
    for _ in range(HOUSES_IN_THE_WAY):
        inside, building = tree.query(shapely.points(x[moved], y[moved]), predicate="within")
        inside, first = np.unique(inside, return_index=True)
        moved, around = moved[inside], polygons[building[first]]
        # On a wall is not inside, though rounding may have put a camera a hair behind it.
        deep = shapely.distance(shapely.points(x[moved], y[moved]), shapely.boundary(around))
        moved, around = moved[deep > geometry.MOUNT_TOLERANCE_M], around[deep > geometry.MOUNT_TOLERANCE_M]
        x[moved], y[moved] = _way_out(x[moved], y[moved], azimuth[moved], around)
    return cameras.assign(x=x, y=y)


def _way_out(x: Floats, y: Floats, azimuth: Floats, around: NDArray[np.object_]) -> tuple[Floats, Floats]:
    """Where cameras leave the polygons around them: along the azimuth, or by the shortest way without one."""
    edges, camera = _edges(around)
    a = edges[:, :2] - np.column_stack([x, y])[camera]
    u = edges[:, 2:] - edges[:, :2]
    lengths = np.hypot(u[:, 0], u[:, 1])
    with np.errstate(divide="ignore", invalid="ignore"):
        # Along the azimuth: solve metres * d = a + t * u.
        d = np.column_stack([np.sin(np.radians(azimuth)), np.cos(np.radians(azimuth))])[camera]
        across = d[:, 0] * u[:, 1] - d[:, 1] * u[:, 0]
        metres = (a[:, 0] * u[:, 1] - a[:, 1] * u[:, 0]) / across
        t = (a[:, 0] * d[:, 1] - a[:, 1] * d[:, 0]) / across
        # A way out exactly through a corner must not slip between its two walls.
        metres[~((t >= -1e-7) & (t <= 1 + 1e-7) & (metres >= 0))] = np.inf
        # By the shortest way: the foot of the perpendicular, or the nearer end.
        foot = np.clip(-(a * u).sum(axis=1) / lengths**2, 0, 1)
    nearest = a + foot[:, None] * u
    shortest = np.isnan(azimuth)[camera]
    metres[shortest] = np.hypot(nearest[shortest, 0], nearest[shortest, 1])
    metres[lengths == 0] = np.inf

    # Ascending by camera, then by metres: the first edge of each camera is its way out.
    order = np.lexsort((metres, camera))
    best = order[np.searchsorted(camera[order], np.arange(len(x)))]
    step = np.where(shortest[best, None], nearest[best], metres[best, None] * d[best])
    # Off the wall at right angles, on the side away from where the camera was.
    normal = np.column_stack([u[best, 1], -u[best, 0]]) / lengths[best, None]
    normal *= np.where((normal * a[best]).sum(axis=1) < 0, -1.0, 1.0)[:, None]
    step += STANDOFF_M * normal
    return x + step[:, 0], y + step[:, 1]


def warm() -> None:
    """Compiles, or reads back, all that viewsheds and coverage need, before anybody waits for it.

    Takes 20 seconds or so when the compiled code is not yet kept on disk, and under a second from then on.
    """
    # They build on this module, so they are not there yet while this one is being read.
    from analytics import coverage, sightlines, vicinity  # noqa: PLC0415 - otherwise the arrow runs from them to here

    camera = {"x": 0.0, "y": 0.0, "azimuth": 0.0, "hfov": 90.0, "range_m": 9.0, "width_px": 1920}
    cameras = pd.DataFrame([camera])
    house = shapely.box(-1, 4, 1, 5)
    viewsheds = cast(cameras, walls_of([house]))
    viewsheds.depth  # noqa: B018 - reading it works it out
    viewsheds.polygons()
    viewsheds.sees(0, [[0.0, 6.0]])
    grid = Grid.over((0, 0, 9, 9), 3)
    coverage.cover(grid, viewsheds, cameras)

    ground = ~grid.samples([house])
    lines = sightlines.trace(grid, viewsheds, cameras)
    lines.chance([0.5], "detect", ground)
    seen = lines.seen([True])
    seen.totals(ground)
    seen.finest(ground)
    vicinity.Vicinity.of(grid, [[1.0, 1.0]], 3, ground).share(seen, "detect")
