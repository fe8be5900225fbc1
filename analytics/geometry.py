"""Lines of sight among walls: the inner loops of viewsheds and coverage.

Every compiled function of the room's sight geometry is in this one file on purpose. Numba keeps compiled code
on disk and looks only at a function's own file to see whether it changed; a loop kept elsewhere would go on
using the old version of what it calls here.

The loops let go of Python's lock and `in_threads` runs them side by side. Numba's own parallel loops are not
used: the threading layer that is always available ends the process when two sessions of a web server enter it
at once.

Inside the loops angles are radians clockwise from north, places are projected metres, and walls are seen
from the camera: their ends are taken relative to it before anything is multiplied, which keeps about ten
digits where map coordinates in the millions would leave few.
"""

# Compiled loops take their types from what they are called with.
# ruff: noqa: ANN001, ANN201, ANN202

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numba import njit

from analytics.grid import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

Answer = TypeVar("Answer")

#: A wall no farther than this from a camera is what the camera is mounted on, and does not hide anything
#: from it.
MOUNT_TOLERANCE_M = 0.02

#: Side of the square cells through which walls are found: about the size of a house.
CELL_M = 16.0

#: A micrometre: walls are entered in each cell they come this near to, and a wall hides what lies more than
#: this behind it, so that a point on a wall is seen in spite of rounding.
HAIR_M = 1e-6

#: Radians by which rounding may move a bearing: a fraction of a micrometre at the end of a long view.
ROUNDING = 1e-9

#: Larger coordinates are no metres of any map projection.
LARGEST_M = 1e8


@dataclass(frozen=True)
class WallIndex:
    """Walls, and where to find them.

    The plane is cut into cells of `CELL_M`, and the cells are folded onto ``side`` x ``side`` buckets by
    taking their column and row modulo ``side``. Far places share buckets, which costs a little time
    and is never wrong, and one stray wall far away costs nothing. Bucket b holds the walls
    ``entries[heads[b]:heads[b + 1]]``.
    """

    walls: NDArray[np.float64]  # (n, 4)
    heads: NDArray[np.int64]
    entries: NDArray[np.int32]
    side: int  # a power of two

    @classmethod
    def of(cls, walls: ArrayLike) -> WallIndex:
        """The index of walls given as (n, 4): x0, y0, x1, y1 in projected metres.

        Walls without length hide nothing and are left out. Raises ValueError for another shape, and for
        coordinates that are missing or no metres.
        """
        lines = np.ascontiguousarray(walls, dtype=float)
        if lines.size == 0:
            lines = lines.reshape(0, 4)
        if lines.ndim != 2 or lines.shape[1] != 4:
            raise ValueError(f"Walls must be an array (n, 4) of x0, y0, x1, y1, and not {lines.shape}.")
        check_metres(lines, "A wall")
        lines = lines[(lines[:, 0] != lines[:, 2]) | (lines[:, 1] != lines[:, 3])]
        side = 1 << max(0, (len(lines).bit_length() + 1) // 2)
        heads, entries = _fill_buckets(lines, side)
        return cls(lines, heads, entries, side)

    def arrays(self) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int32], int]:
        """What the compiled loops take, in their order."""
        return self.walls, self.heads, self.entries, self.side


def check_metres(values: NDArray[np.float64], name: str) -> None:
    """Raises ValueError where a coordinate is missing, infinite or too large to be projected metres."""
    if not np.all(np.abs(values) <= LARGEST_M):  # NaN compares false
        raise ValueError(
            f"{name} has a coordinate that is missing or is no projected metres: leave it out or correct it."
        )


def in_threads(run: Callable[[int, int], Answer], count: int, least: int = 512) -> list[Answer]:
    """``run(start, stop)`` over consecutive parts of ``range(count)``, on all cores; the answers in order.

    ``least`` is how many are worth a thread of their own.
    """
    if count <= least:
        return [run(0, count)]
    workers = os.cpu_count() or 1
    # Several parts a worker, because a part in a dense quarter takes longer than one at the edge of town.
    part = max(least, -(-count // (workers * 8)))
    starts = range(0, count, part)
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(lambda start: run(start, min(start + part, count)), starts))


# Finding walls --------------------------------------------------------------------------------


@njit(cache=True, nogil=True)
def _columns(ax, bx):
    """First and last column of cells that a segment touches."""
    return (
        int(np.floor((min(ax, bx) - HAIR_M) / CELL_M)),
        int(np.floor((max(ax, bx) + HAIR_M) / CELL_M)),
    )


@njit(cache=True, nogil=True)
def _rows(ax, ay, bx, by, column):
    """First and last row of cells that a segment touches within a column."""
    if ax == bx:
        y0, y1 = ay, by
    else:
        enter = (column * CELL_M - HAIR_M - ax) / (bx - ax)
        leave = ((column + 1) * CELL_M + HAIR_M - ax) / (bx - ax)
        y0 = ay + min(max(enter, 0.0), 1.0) * (by - ay)
        y1 = ay + min(max(leave, 0.0), 1.0) * (by - ay)
    return (
        int(np.floor((min(y0, y1) - HAIR_M) / CELL_M)),
        int(np.floor((max(y0, y1) + HAIR_M) / CELL_M)),
    )


@njit(cache=True, nogil=True)
def _bucket(column, row, side):
    return (row & (side - 1)) * side + (column & (side - 1))


@njit(cache=True, nogil=True)
def _fill_buckets(walls, side):
    """Counts what each bucket will hold, then fills them: one array of entries, no list a bucket."""
    heads = np.zeros(side * side + 1, dtype=np.int64)
    entries = np.empty(0, dtype=np.int32)
    free = heads
    for filling in (False, True):
        for wall in range(len(walls)):
            ax, ay, bx, by = walls[wall]
            first, last = _columns(ax, bx)
            for column in range(first, last + 1):
                low, high = _rows(ax, ay, bx, by, column)
                for row in range(low, high + 1):
                    bucket = _bucket(column, row, side)
                    if filling:
                        entries[free[bucket]] = wall
                        free[bucket] += 1
                    else:
                        heads[bucket + 1] += 1
        if not filling:
            heads = np.cumsum(heads)
            free = heads.copy()
            entries = np.empty(heads[-1], dtype=np.int32)
    return heads, entries


# A wall and a line of sight -------------------------------------------------------------------


@njit(cache=True, nogil=True)
def _distance(ax, ay, bx, by):
    """Metres from the origin to the segment a-b."""
    ux, uy = bx - ax, by - ay
    along = -(ax * ux + ay * uy) / (ux * ux + uy * uy)
    along = min(max(along, 0.0), 1.0)
    return np.hypot(ax + along * ux, ay + along * uy)


@njit(cache=True, nogil=True)
def _hit(ax, ay, bx, by, dx, dy):
    """Metres from the origin along the unit vector d to the segment a-b; infinite where they do not meet.

    Touching an end counts. Both walls at a corner compute the corner's side of the ray from the same
    numbers, so no ray slips between them.
    """
    side_a = dx * ay - dy * ax
    side_b = dx * by - dy * bx
    if (side_a > 0.0 and side_b > 0.0) or (side_a < 0.0 and side_b < 0.0):
        return np.inf
    along_a = ax * dx + ay * dy
    along_b = bx * dx + by * dy
    if side_a == side_b:  # both zero: the wall is seen from its end
        metres = min(along_a, along_b)
    else:
        metres = along_a + (along_b - along_a) * (side_a / (side_a - side_b))
    return metres if metres > 0.0 else np.inf


@njit(cache=True, nogil=True)
def _hidden(cx, cy, px, py, walls, heads, entries, side):
    """Whether a wall stands between the camera c and the point p."""
    sx, sy = px - cx, py - cy
    metres = np.hypot(sx, sy)
    if metres <= MOUNT_TOLERANCE_M or len(walls) == 0:
        return False
    dx, dy = sx / metres, sy / metres
    first, last = _columns(cx, px)
    for column in range(first, last + 1):
        low, high = _rows(cx, cy, px, py, column)
        for row in range(low, high + 1):
            bucket = _bucket(column, row, side)
            for entry in range(heads[bucket], heads[bucket + 1]):
                wall = entries[entry]
                ax, ay = walls[wall, 0] - cx, walls[wall, 1] - cy
                bx, by = walls[wall, 2] - cx, walls[wall, 3] - cy
                if (
                    _hit(ax, ay, bx, by, dx, dy) < metres - HAIR_M
                    and _distance(ax, ay, bx, by) > MOUNT_TOLERANCE_M
                ):
                    return True
    return False


@njit(cache=True, nogil=True)
def _limits(azimuth, hfov):
    """The unit vector a camera points along, and the least cosine from it that is in view."""
    return np.sin(azimuth), np.cos(azimuth), np.cos(hfov / 2)


@njit(cache=True, nogil=True)
def _in_view(sx, sy, reach, ahead_x, ahead_y, least):
    """Whether the place (sx, sy) from the camera is within its range and field of view, both inclusive."""
    metres = np.hypot(sx, sy)
    return metres <= reach + HAIR_M and sx * ahead_x + sy * ahead_y >= metres * least - HAIR_M


@njit(cache=True, nogil=True)
def sees(start, stop, cameras, points, x, y, azimuth, hfov, reach, walls, heads, entries, side, seen):
    """Fills ``seen`` for the pairs start..stop of a camera and a point."""
    for pair in range(start, stop):
        c = cameras[pair]
        px, py = points[pair, 0], points[pair, 1]
        ahead_x, ahead_y, least = _limits(azimuth[c], hfov[c])
        seen[pair] = (
            reach[c] > 0.0
            and _in_view(px - x[c], py - y[c], reach[c], ahead_x, ahead_y, least)
            and not _hidden(x[c], y[c], px, py, walls, heads, entries, side)
        )


@njit(cache=True, nogil=True)
def count_cells(
    start, stop, west, south, cell, columns, sharpness, layer,
    x, y, azimuth, hfov, reach, walls, heads, entries, side, counts, best,
):  # fmt: skip
    """Counts, for the cells in rows start..stop, the cameras that see the cell's centre.

    ``sharpness`` is each camera's pixels a metre at one metre. Adds to ``counts`` (layers, cells), and
    keeps in ``best`` (cells,) the most pixels a metre. Each run has rows of its own, so runs may go side by
    side.
    """
    for c in range(len(x)):
        if reach[c] <= 0.0:
            continue
        bottom = max(start, int(np.floor((y[c] - reach[c] - south) / cell)))
        top = min(stop, int(np.floor((y[c] + reach[c] - south) / cell)) + 1)
        left = max(0, int(np.floor((x[c] - reach[c] - west) / cell)))
        right = min(columns, int(np.floor((x[c] + reach[c] - west) / cell)) + 1)
        ahead_x, ahead_y, least = _limits(azimuth[c], hfov[c])
        for row in range(bottom, top):
            py = south + (row + 0.5) * cell
            for column in range(left, right):
                px = west + (column + 0.5) * cell
                if not _in_view(px - x[c], py - y[c], reach[c], ahead_x, ahead_y, least):
                    continue
                if _hidden(x[c], y[c], px, py, walls, heads, entries, side):
                    continue
                place = row * columns + column
                counts[layer[c], place] += 1
                # Within a metre of the lens pixels a metre mean nothing: it counts as one metre.
                best[place] = max(best[place], sharpness[c] / max(np.hypot(px - x[c], py - y[c]), 1.0))


# All directions at once -----------------------------------------------------------------------


@njit(cache=True, nogil=True)
def _walls_near(cx, cy, reach, walls, heads, entries, side, stamps, stamp, found):
    """Puts the walls within reach into ``found``, each once; answers it (grown where needed) and how many.

    ``stamps[wall] == stamp`` marks a wall already looked at for this camera. What the camera is mounted on
    is left out.
    """
    count = 0
    first_column, last_column = _columns(cx - reach, cx + reach)
    first_row, last_row = _columns(cy - reach, cy + reach)
    # After ``side`` columns or rows the buckets come round again.
    last_column = min(last_column, first_column + side - 1)
    last_row = min(last_row, first_row + side - 1)
    for row in range(first_row, last_row + 1):
        for column in range(first_column, last_column + 1):
            bucket = _bucket(column, row, side)
            for entry in range(heads[bucket], heads[bucket + 1]):
                wall = entries[entry]
                if stamps[wall] == stamp:
                    continue
                stamps[wall] = stamp
                metres = _distance(
                    walls[wall, 0] - cx, walls[wall, 1] - cy, walls[wall, 2] - cx, walls[wall, 3] - cy
                )
                if MOUNT_TOLERANCE_M < metres <= reach:
                    if count == len(found):
                        longer = np.empty(2 * count, dtype=np.int32)
                        longer[:count] = found
                        found = longer
                    found[count] = wall
                    count += 1
    return found, count


@njit(cache=True, nogil=True)
def _bearing(x, y, azimuth):
    """Radians clockwise from the azimuth to the direction (x, y), from -pi to pi."""
    turn = np.arctan2(x, y) - azimuth
    return turn - 2 * np.pi * np.rint(turn / (2 * np.pi))


@njit(cache=True, nogil=True)
def _first_not_below(values, wanted):
    """Position of the first of the ascending values that is not below the wanted one."""
    low, high = 0, len(values)
    while low < high:
        middle = (low + high) // 2
        if values[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True, nogil=True)
def _render(bearings, azimuth, cx, cy, reach, walls, found, count, depth, nearest):
    """For each ascending bearing: metres to the nearest wall, and which one it is (-1: none in reach).

    A depth buffer over angles: each wall is written into the bearings it spans, the nearest stays.
    """
    directions_x = np.sin(azimuth + bearings)
    directions_y = np.cos(azimuth + bearings)
    for k in range(len(bearings)):
        depth[k] = reach
        nearest[k] = -1
    for i in range(count):
        wall = found[i]
        ax, ay = walls[wall, 0] - cx, walls[wall, 1] - cy
        bx, by = walls[wall, 2] - cx, walls[wall, 3] - cy
        start = _bearing(ax, ay, azimuth)
        # A wall spans less than half a turn, so it lies on the shorter way between its ends.
        width = _bearing(bx, by, azimuth) - start
        width -= 2 * np.pi * np.rint(width / (2 * np.pi))
        if width < 0.0:
            start, width = start + width, -width
        # The span may stick out of -pi..pi on either side, so it is tried a turn earlier and later too.
        for turn in (-2 * np.pi, 0.0, 2 * np.pi):
            low, high = start + turn - ROUNDING, start + width + turn + ROUNDING
            if high < bearings[0] or low > bearings[-1]:
                continue
            for k in range(_first_not_below(bearings, low), len(bearings)):
                if bearings[k] > high:
                    break
                metres = _hit(ax, ay, bx, by, directions_x[k], directions_y[k])
                if metres < depth[k]:
                    depth[k] = metres
                    nearest[k] = wall


@njit(cache=True, nogil=True)
def spread(hfov, rays):
    """Bearings from the azimuth of the rays of a camera, ascending."""
    if hfov >= 2 * np.pi:
        return -np.pi + np.arange(rays) * (2 * np.pi / rays)
    return -hfov / 2 + np.arange(rays) * (hfov / (rays - 1))


@njit(cache=True, nogil=True)
def fill_depth(start, stop, x, y, azimuth, hfov, reach, walls, heads, entries, side, depth):
    """Fills ``depth`` (cameras, rays) for the cameras start..stop."""
    rays = depth.shape[1]
    stamps = np.full(len(walls), -1, dtype=np.int32)
    found = np.empty(256, dtype=np.int32)
    metres = np.empty(rays)
    nearest = np.empty(rays, dtype=np.int32)
    for c in range(start, stop):
        if reach[c] <= 0.0:
            depth[c] = 0.0
            continue
        found, count = _walls_near(x[c], y[c], reach[c], walls, heads, entries, side, stamps, c, found)
        bearings = spread(hfov[c], rays)
        _render(bearings, azimuth[c], x[c], y[c], reach[c], walls, found, count, metres, nearest)
        depth[c] = metres


@njit(cache=True, nogil=True)
def _turns(bearings, azimuth, cx, cy, reach, hfov, walls, found, count):
    """The bearings, ascending and each once, at which the outline of what is seen may turn.

    They are those given, the ends of the walls within reach, and where walls leave the reach.
    """
    turns = np.empty(len(bearings) + 4 * count)
    turns[: len(bearings)] = bearings
    used = len(bearings)
    for i in range(count):
        wall = found[i]
        ax, ay = walls[wall, 0] - cx, walls[wall, 1] - cy
        ux, uy = walls[wall, 2] - cx - ax, walls[wall, 3] - cy - ay
        # |a + t u| = reach at t = middle -+ half
        square = ux * ux + uy * uy
        middle = -(ax * ux + ay * uy) / square
        inside = middle * middle - (ax * ax + ay * ay - reach * reach) / square
        half = np.sqrt(inside) if inside > 0.0 else 0.0
        for t in (0.0, 1.0, middle - half, middle + half):
            if middle - half <= t <= middle + half and 0.0 <= t <= 1.0:
                bearing = _bearing(ax + t * ux, ay + t * uy, azimuth)
                if -hfov / 2 < bearing < hfov / 2:
                    turns[used] = bearing
                    used += 1
    turns = np.sort(turns[:used])
    kept = 1
    for i in range(1, used):
        if turns[i] - turns[kept - 1] > ROUNDING:
            turns[kept] = turns[i]
            kept += 1
    return turns[:kept]


@njit(cache=True, nogil=True)
def _line_at(wall, cx, cy, reach, direction_x, direction_y, walls):
    """Metres from the camera along a direction to the line through a wall, at most its reach."""
    ax, ay = walls[wall, 0] - cx, walls[wall, 1] - cy
    ux, uy = walls[wall, 2] - cx - ax, walls[wall, 3] - cy - ay
    across = direction_x * uy - direction_y * ux
    if across == 0.0:
        return reach
    return min(max((ax * uy - ay * ux) / across, 0.0), reach)


@njit(cache=True, nogil=True)
def outlines(start, stop, rays, x, y, azimuth, hfov, reach, walls, heads, entries, side):
    """The outlines of what the cameras start..stop see: corners (m, 2), and how many belong to each camera.

    Between two bearings at which the outline may turn, one wall (or none) is nearest all along, so a look
    halfway finds it and the corners are where the two bearings meet its line: nothing is sampled. The rays
    serve to draw the arc where no wall is. A ring repeats its first corner at the end; no corners: sees
    nothing.
    """
    stamps = np.full(len(walls), -1, dtype=np.int32)
    found = np.empty(256, dtype=np.int32)
    corners = np.empty((4096, 2))
    sizes = np.zeros(stop - start, dtype=np.int64)
    used = 0
    for c in range(start, stop):
        if reach[c] <= 0.0:
            continue
        cx, cy = x[c], y[c]
        found, count = _walls_near(cx, cy, reach[c], walls, heads, entries, side, stamps, c, found)
        arc = spread(hfov[c], rays)
        if hfov[c] >= 2 * np.pi:
            arc = np.append(arc, np.pi)
        turns = _turns(arc, azimuth[c], cx, cy, reach[c], hfov[c], walls, found, count)
        parts = len(turns) - 1
        depth = np.empty(parts)
        nearest = np.empty(parts, dtype=np.int32)
        halfway = (turns[1:] + turns[:-1]) / 2
        _render(halfway, azimuth[c], cx, cy, reach[c], walls, found, count, depth, nearest)

        if used + 2 * parts + 3 > len(corners):
            longer = np.empty((2 * (used + 2 * parts + 3), 2))
            longer[:used] = corners[:used]
            corners = longer
        first = used
        if hfov[c] < 2 * np.pi:
            corners[used] = cx, cy
            used += 1
        for i in range(parts):
            wall = nearest[i]
            for end in range(2):
                if end == 0 and i > 0 and wall == nearest[i - 1]:
                    if wall >= 0:
                        used -= 1  # the wall goes on: its part so far is no corner
                    continue
                direction = azimuth[c] + turns[i + end]
                dx, dy = np.sin(direction), np.cos(direction)
                metres = reach[c] if wall < 0 else _line_at(wall, cx, cy, reach[c], dx, dy, walls)
                corners[used] = cx + metres * dx, cy + metres * dy
                used += 1
        corners[used] = corners[first]
        used += 1
        sizes[c - start] = used - first
    return corners[:used], sizes


# Parts of cells --------------------------------------------------------------------------------


@njit(cache=True, nogil=True)
def _look(
    west, south, cell, ranges, light, cx, cy, azimuth, hfov, reach, walls, heads, entries, side
):  # fmt: skip
    """The samples of the cell at (west, south) that a camera sees, at each level and within its own light."""
    ahead_x, ahead_y, least = _limits(azimuth, hfov)
    step = cell / SAMPLES
    seen, near = np.uint64(0), np.uint16(0)
    for k in range(SAMPLES * SAMPLES):
        px = west + (k % SAMPLES + 0.5) * step
        py = south + (k // SAMPLES + 0.5) * step
        if not _in_view(px - cx, py - cy, reach, ahead_x, ahead_y, least):
            continue
        if _hidden(cx, cy, px, py, walls, heads, entries, side):
            continue
        metres = np.hypot(px - cx, py - cy) - HAIR_M
        for level in range(len(ranges)):
            if metres <= ranges[level]:
                seen |= np.uint64(1) << np.uint64(SAMPLES * SAMPLES * level + k)
        if metres <= light:
            near |= np.uint16(1 << k)
    return seen, near


@njit(cache=True, nogil=True)
def sample_cells(
    start, stop, west, south, cell, rows, columns, ranges, light,
    x, y, azimuth, hfov, reach, walls, heads, entries, side,
):  # fmt: skip
    """Which samples of which cells the cameras start..stop see, and how sharply.

    ``ranges`` (cameras, 4) is how far each camera resolves each level, ``light`` (cameras,) how far its own
    light reaches. Answers the hits, camera after camera: the cell (int32), the samples resolved at each level
    (uint64, 16 bits a level, the coarsest lowest), the samples within the light (uint16), and how many hits
    belong to each camera. Sample k of a cell is the middle of its sixteenth in column k % 4 and row k // 4.
    """
    cells = np.empty(4096, dtype=np.int32)
    day = np.empty(4096, dtype=np.uint64)
    lit = np.empty(4096, dtype=np.uint16)
    sizes = np.zeros(stop - start, dtype=np.int64)
    used = 0
    for c in range(start, stop):
        if reach[c] <= 0.0:
            continue
        first = used
        bottom = max(0, int(np.floor((y[c] - reach[c] - south) / cell)))
        top = min(rows, int(np.floor((y[c] + reach[c] - south) / cell)) + 1)
        left = max(0, int(np.floor((x[c] - reach[c] - west) / cell)))
        right = min(columns, int(np.floor((x[c] + reach[c] - west) / cell)) + 1)
        room = used + max(0, top - bottom) * max(0, right - left)
        if room > len(cells):
            cells, day, lit = (
                _longer(cells, used, 2 * room), _longer(day, used, 2 * room), _longer(lit, used, 2 * room)
            )  # fmt: skip
        for row in range(bottom, top):
            for column in range(left, right):
                seen, near = _look(
                    west + column * cell, south + row * cell, cell, ranges[c], light[c],
                    x[c], y[c], azimuth[c], hfov[c], reach[c], walls, heads, entries, side,
                )  # fmt: skip
                if seen:
                    cells[used] = row * columns + column
                    day[used] = seen
                    lit[used] = near
                    used += 1
        sizes[c - start] = used - first
    return cells[:used].copy(), day[:used].copy(), lit[:used].copy(), sizes


@njit(cache=True, nogil=True)
def _longer(values, used, size):
    """The same values with room for more."""
    longer = np.empty(size, dtype=values.dtype)
    longer[:used] = values[:used]
    return longer
