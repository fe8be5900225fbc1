"""A regular grid of square cells over a part of the map, in projected metres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

#: More cells than this are a mistake in the bounds or the cell size: a city of 50 km at 10 m has 25 million.
MAX_CELLS = 50_000_000

#: Samples of a cell each way: 16 in all, a bit each of a uint16.
SAMPLES = 4


def in_metres(polygons: ArrayLike) -> NDArray[np.object_]:
    """The geometries of a series, a frame or an array.

    Raises ValueError where they carry a coordinate system in degrees.
    """
    crs = getattr(polygons, "crs", None)
    if crs is not None and crs.is_geographic:
        raise ValueError("The polygons are in degrees: project them to metres first, with to_crs.")
    return np.asarray(getattr(polygons, "geometry", polygons), dtype=object)


@dataclass(frozen=True)
class Grid:
    """Cells numbered row by row from the south-west corner: cell = row * columns + column.

    >>> grid = Grid.over((0, 0, 30, 15), cell=10)
    >>> grid.shape, len(grid), grid.bounds
    ((2, 3), 6, (0.0, 0.0, 30.0, 20.0))
    """

    origin: tuple[float, float]  # x, y of the south-west corner
    cell: float  # side of a cell in metres
    shape: tuple[int, int]  # rows, columns

    @classmethod
    def over(cls, bounds: tuple[float, float, float, float], cell: float) -> Grid:
        """The grid that covers ``bounds`` (west, south, east, north), from their south-west corner.

        Raises ValueError for bounds or a cell size that make no grid, or one too large.
        """
        west, south, east, north = (float(bound) for bound in bounds)
        if not (np.isfinite([west, south, east, north]).all() and west < east and south < north):
            raise ValueError(
                "A grid needs bounds as west, south, east, north, with west < east and south < north."
            )
        if not (np.isfinite(cell) and cell > 0):
            raise ValueError("A grid's cell size must be a number of metres above zero.")
        rows, columns = np.ceil((north - south) / cell), np.ceil((east - west) / cell)
        if rows * columns > MAX_CELLS:
            raise ValueError(
                f"A grid of {rows * columns:,.0f} cells is too large: choose larger cells or smaller bounds."
            )
        return cls((west, south), float(cell), (int(rows), int(columns)))

    def __len__(self) -> int:
        """How many cells there are."""
        return self.shape[0] * self.shape[1]

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east and north edge."""
        west, south = self.origin
        rows, columns = self.shape
        return west, south, west + columns * self.cell, south + rows * self.cell

    def centres(self) -> NDArray[np.float64]:
        """The middle of each cell, (n, 2).

        >>> Grid.over((0, 0, 20, 10), cell=10).centres().tolist()
        [[5.0, 5.0], [15.0, 5.0]]
        """
        rows, columns = self.shape
        x = self.origin[0] + (np.arange(columns) + 0.5) * self.cell
        y = self.origin[1] + (np.arange(rows) + 0.5) * self.cell
        return np.column_stack([np.tile(x, rows), np.repeat(y, columns)])

    def index_of(self, points: ArrayLike) -> NDArray[np.int64]:
        """The cell of each point (n, 2); -1 for a point outside the grid or missing.

        A point on the line between two cells belongs to the one north or east of it, and a point
        on the outer north or east edge to the last cell.

        >>> Grid.over((0, 0, 20, 10), cell=10).index_of([[5, 5], [10, 5], [20, 10], [21, 5]]).tolist()
        [0, 1, 1, -1]
        """
        places = np.asarray(points, dtype=float).reshape(-1, 2)
        west, south, east, north = self.bounds
        x, y = places[:, 0], places[:, 1]
        inside = (x >= west) & (x <= east) & (y >= south) & (y <= north)
        rows, columns = self.shape
        # Outside points are put at the origin for the arithmetic, since NaN is no whole number.
        column = np.minimum((np.where(inside, x - west, 0) // self.cell).astype(np.int64), columns - 1)
        row = np.minimum((np.where(inside, y - south, 0) // self.cell).astype(np.int64), rows - 1)
        return np.where(inside, row * columns + column, -1)

    def areas(self, polygons: ArrayLike) -> NDArray[np.int64]:
        """For each cell the position of the polygon that holds its centre; -1 where none does.

        Where several do, the first. ``polygons`` (m,) may have several parts and holes. By scan lines: along
        a row of centres one is inside from an odd crossing of an edge to the next.

        Raises ValueError where they carry a coordinate system in degrees.

        >>> Grid.over((0, 0, 30, 10), cell=10).areas([shapely.box(0, 0, 12, 10), shapely.box(12, 0, 20, 10)])
        array([ 0,  1, -1])
        """
        answer = np.full(len(self), -1, dtype=np.int64)
        polygon, row, first, after = self._runs(in_metres(polygons))
        length = after - first
        start = row * self.shape[1] + first
        runs = np.repeat(start - (np.cumsum(length) - length), length)
        cells = runs + np.arange(length.sum())
        # Written from the last polygon to the first, so that the first stays.
        answer[cells[::-1]] = np.repeat(polygon, length)[::-1]
        return answer

    def samples(self, polygons: ArrayLike) -> NDArray[np.uint16]:
        """For each cell which of its 16 samples lie in any of the polygons: a bit each (see `sample_of`).

        A cell of streets and houses is neither inside nor outside; its samples tell how much of it is.

        Raises ValueError where they carry a coordinate system in degrees.

        >>> half = Grid.over((0, 0, 20, 10), cell=10).samples([shapely.box(0, 0, 5, 10)])
        >>> np.bitwise_count(half).tolist()
        [8, 0]
        """
        fine = Grid(self.origin, self.cell / SAMPLES, (self.shape[0] * SAMPLES, self.shape[1] * SAMPLES))
        _, row, first, after = fine._runs(in_metres(polygons))
        answer = np.zeros(len(self), dtype=np.uint16)
        # Every other of an array, as runs come, is another type to the loop when there is only one.
        row, first, after = (np.ascontiguousarray(part) for part in (row, first, after))
        _mark(row, first, after, self.shape[1], answer)
        return answer

    def sample_of(self, points: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.uint16]]:
        """The cell of each point (n, 2), -1 outside, and the sample of the cell that is nearest (0 to 15).

        Sample k is the middle of the sixteenth in column k % 4 and row k // 4 of the cell, from the
        south-west.

        >>> cell, sample = Grid.over((0, 0, 20, 10), cell=10).sample_of([[1, 1], [19, 9]])
        >>> cell.tolist(), sample.tolist()
        ([0, 1], [0, 15])
        """
        places = np.asarray(points, dtype=float).reshape(-1, 2)
        cell = self.index_of(places)
        fine = Grid(self.origin, self.cell / SAMPLES, (self.shape[0] * SAMPLES, self.shape[1] * SAMPLES))
        row, column = np.divmod(fine.index_of(places), fine.shape[1])
        return cell, (row % SAMPLES * SAMPLES + column % SAMPLES).astype(np.uint16)

    def _runs(
        self, polygons: NDArray[np.object_]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Runs of centres inside polygons: the polygon, the row, the first column and the one after the last."""
        polygon, row, x = self._crossings(polygons)
        order = np.lexsort([x, row, polygon])
        polygon, row, x = polygon[order], row[order], x[order]
        # Crossings come in pairs, in and out; the centres from the one to before the other lie inside.
        columns = np.clip(np.ceil((x - self.origin[0]) / self.cell - 0.5).astype(np.int64), 0, self.shape[1])
        return polygon[::2], row[::2], columns[::2], columns[1::2]

    def _crossings(
        self, polygons: NDArray[np.object_]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Where edges cross the rows of centres: the polygon, the row, and how far east."""
        parts, of_part = shapely.get_parts(polygons, return_index=True)
        rings, of_ring = shapely.get_rings(parts, return_index=True)
        points, of_point = shapely.get_coordinates(rings, return_index=True)
        if len(points) < 2:
            return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
        edge = np.flatnonzero(of_point[1:] == of_point[:-1])
        (x0, y0), (x1, y1) = points[edge].T, points[edge + 1].T
        polygon = of_part[of_ring[of_point[edge]]]
        # Rows whose centre lies at or above the lower end and below the upper one: an end that two edges
        # share counts once.
        low, high = np.minimum(y0, y1), np.maximum(y0, y1)
        south = self.origin[1]
        first = np.clip(np.ceil((low - south) / self.cell - 0.5).astype(np.int64), 0, self.shape[0])
        after = np.clip(np.ceil((high - south) / self.cell - 0.5).astype(np.int64), 0, self.shape[0])
        count = after - first
        which = np.repeat(np.arange(len(edge)), count)
        row = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count) + first[which]
        y = south + (row + 0.5) * self.cell
        share = (y - y0[which]) / (y1 - y0)[which]
        return polygon[which], row, x0[which] + share * (x1 - x0)[which]


@njit(cache=True, nogil=True)
def _mark(row, first, after, columns, answer):  # noqa: ANN001, ANN202 - compiled for what it is called with
    """Sets the bit of every sample in the runs of the finer grid."""
    for run in range(len(row)):
        cells = row[run] // SAMPLES * columns
        low = row[run] % SAMPLES * SAMPLES
        for column in range(first[run], after[run]):
            answer[cells + column // SAMPLES] |= np.uint16(1 << (low + column % SAMPLES))
