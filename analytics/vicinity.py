"""How much of the ground around a place is in view, when the place is known only roughly.

Police publish an incident at its hundred block or the nearest corner. Asking whether a camera sees that very
point would give a sure answer to an unsure question. So an incident counts as in view by the share of the
public ground around its published place that is in view: the chance, if it happened anywhere there alike.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from analytics.grid import Grid
    from analytics.sightlines import Seen


def radius_of(median_error_m: float) -> float:
    """The radius of a disc in which half of all points lie within ``median_error_m`` of the middle.

    >>> round(radius_of(30), 1)
    42.4
    """
    return median_error_m * math.sqrt(2)


@dataclass(frozen=True, eq=False)  # one a load of places: told apart as a whole
class Vicinity:
    """The cells around each of n places, and how much public ground they hold."""

    grid: Grid
    cell: NDArray[np.int64]  # of each place; -1 outside the grid
    offsets: NDArray[np.int64]  # (k, 2) rows and columns from a place's cell to those around it
    public: NDArray[np.uint16]  # of every cell of the grid, a bit a sample
    ground: NDArray[np.int64]  # (n,) samples of public ground around each place

    @classmethod
    def of(cls, grid: Grid, places: ArrayLike, radius_m: float, public: NDArray[np.uint16]) -> Vicinity:
        """The vicinity of places (n, 2) in projected metres: cells whose centre is within ``radius_m`` of their cell's.

        Raises ValueError for a radius that is no number of metres from 0 on.
        """
        if not (math.isfinite(radius_m) and radius_m >= 0):
            raise ValueError("How far a place may be off must be a number of metres, zero or above.")
        # Rounded up, since a cell exactly at the radius is around; and no farther than the grid is long.
        reach = min(math.ceil(radius_m / grid.cell), max(grid.shape))
        steps = np.arange(-reach, reach + 1)
        rows, columns = (part.ravel() for part in np.meshgrid(steps, steps, indexing="ij"))
        near = np.hypot(rows, columns) * grid.cell <= radius_m
        offsets = np.column_stack([rows[near], columns[near]])
        cell = grid.index_of(places)
        ground = np.zeros(len(cell), dtype=np.int64)
        _gather(cell, offsets, *grid.shape, np.bitwise_count(public), ground)
        return cls(grid, cell, offsets, public, ground)

    def __len__(self) -> int:
        """How many places there are."""
        return len(self.cell)

    def share(self, seen: Seen, level: str) -> NDArray[np.float64]:
        """For each place the share of the public ground around it that is seen at a level or better.

        NaN for a place outside the grid; 0 where there is no public ground around it.

        >>> import shapely
        >>> from analytics.grid import Grid
        >>> from analytics.sightlines import Seen
        >>> grid = Grid.over((0, 0, 20, 10), 10)
        >>> around = Vicinity.of(grid, [[5, 5], [99, 5]], 10, np.array([0xFFFF, 0xFFFF], np.uint16))
        >>> first_cell = Seen(np.array([0], np.int32), np.array([0xFFFF], np.uint64), np.array([0], np.uint64))
        >>> around.share(first_cell, "detect").tolist()
        [0.5, nan]
        """
        return self.among(seen.cells).share(seen, level)

    def among(self, cells: NDArray[np.int32]) -> Among:
        """Which of some cells lie around each place, for whoever asks again and again what is seen in those cells."""
        position = np.full(len(self.grid), -1, dtype=np.int32)
        position[cells] = np.arange(len(cells), dtype=np.int32)
        near = np.empty(len(self.cell) * len(self.offsets), dtype=np.int32)
        heads = np.zeros(len(self.cell) + 1, dtype=np.int64)
        _list(self.cell, self.offsets, *self.grid.shape, position, heads, near)
        return Among(self, self.public[cells], heads, near[: heads[-1]].copy())


@dataclass(frozen=True, eq=False)
class Among:
    """The vicinity of places, among some cells: those around place p are ``near[heads[p]:heads[p + 1]]``."""

    vicinity: Vicinity
    public: NDArray[np.uint16]  # of each of the cells
    heads: NDArray[np.int64]
    near: NDArray[np.int32]  # positions in the cells

    def share(self, seen: Seen, level: str) -> NDArray[np.float64]:
        """As `Vicinity.share`, of what is seen in those cells."""
        around = self.vicinity
        in_view = np.bitwise_count(seen.samples(level) & self.public)
        total = np.zeros(len(around), dtype=np.int64)
        _add(self.heads, self.near, in_view, total)
        share = np.divide(total, around.ground, out=np.zeros(len(total)), where=around.ground > 0)
        return np.where(around.cell >= 0, share, np.nan)


@njit(cache=True, nogil=True)
def _gather(cell, offsets, rows, columns, counts, total):  # noqa: ANN001, ANN202 - compiled for what it is called with
    """Adds up the counts of the cells around each place."""
    for place in range(len(cell)):
        if cell[place] < 0:
            continue
        row, column = cell[place] // columns, cell[place] % columns
        for k in range(len(offsets)):
            r, c = row + offsets[k, 0], column + offsets[k, 1]
            if 0 <= r < rows and 0 <= c < columns:
                total[place] += counts[r * columns + c]


@njit(cache=True, nogil=True)
def _list(cell, offsets, rows, columns, position, heads, near):  # noqa: ANN001, ANN202 - compiled for what it is called with
    """Lists the positions of the cells around each place, of those that have one."""
    used = 0
    for place in range(len(cell)):
        if cell[place] >= 0:
            row, column = cell[place] // columns, cell[place] % columns
            for k in range(len(offsets)):
                r, c = row + offsets[k, 0], column + offsets[k, 1]
                if 0 <= r < rows and 0 <= c < columns and position[r * columns + c] >= 0:
                    near[used] = position[r * columns + c]
                    used += 1
        heads[place + 1] = used


@njit(cache=True, nogil=True)
def _add(heads, near, counts, total):  # noqa: ANN001, ANN202 - compiled for what it is called with
    """Adds up the counts of the cells listed for each place."""
    for place in range(len(total)):
        for position in near[heads[place] : heads[place + 1]]:
            total[place] += counts[position]
