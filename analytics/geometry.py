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

#: An arc that is drawn with chords strays no farther than this from the true one.
ARC_M = 0.05

#: The fewest chords to a full circle, however small: what they gain and lose is below 0.1 % of the area.
FEWEST_CHORDS = 64

#: Radians by which rounding may move a bearing: a fraction of a micrometre at the end of a long view.
ROUNDING = 1e-9

#: Radians. No wall is nearer than `MOUNT_TOLERANCE_M`, and from there on a part of a view that is as wide as
#: this is ten hairs wide: rounding does not make its edges cross.
NARROW = 10 * HAIR_M / MOUNT_TOLERANCE_M

#: Larger coordinates are no metres of any map projection.
LARGEST_M = 1e8


@dataclass(frozen=True)
class WallIndex:
    """Walls that meet at their ends only, and where to find them.

    Footprints on real maps overlap. Walls that cross are cut in pieces where they do, so that whatever can
    change along a view, changes at the end of a wall: ``walls`` may have more rows than were given.

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
        pieces = np.concatenate(
            in_threads(lambda start, stop: _cut(start, stop, lines, heads, entries, side), len(lines), 8192)
        )
        if len(pieces) > len(lines):
            lines = pieces
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
        # A long wall comes round to a bucket again and again, and is entered once.
        latest = np.full(side * side, -1, dtype=np.int32)
        for wall in range(len(walls)):
            ax, ay, bx, by = walls[wall]
            first, last = _columns(ax, bx)
            for column in range(first, last + 1):
                low, high = _rows(ax, ay, bx, by, column)
                for row in range(low, high + 1):
                    bucket = _bucket(column, row, side)
                    if latest[bucket] == wall:
                        continue
                    latest[bucket] = wall
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


# Cutting walls where they cross ---------------------------------------------------------------


@njit(cache=True, nogil=True)
def _crossing(a, b):
    """Where two walls cross: whether they do, and x, y.

    Walls that touch, lie along each other, or miss each other's ends by no more than a hair do not cross.
    """
    ux, uy = a[2] - a[0], a[3] - a[1]
    vx, vy = b[2] - b[0], b[3] - b[1]
    wx, wy = b[0] - a[0], b[1] - a[1]
    # Metres from the line through a to the ends of b, and the other way round; left is positive.
    length_a, length_b = np.hypot(ux, uy), np.hypot(vx, vy)
    b_start = (ux * wy - uy * wx) / length_a
    b_end = (ux * (wy + vy) - uy * (wx + vx)) / length_a
    a_start = (vy * wx - vx * wy) / length_b
    a_end = (vx * (uy - wy) - vy * (ux - wx)) / length_b
    across = min(abs(b_start), abs(b_end), abs(a_start), abs(a_end)) > HAIR_M
    if not across or (b_start > 0.0) == (b_end > 0.0) or (a_start > 0.0) == (a_end > 0.0):
        return False, 0.0, 0.0
    t = b_start / (b_start - b_end)
    return True, b[0] + t * vx, b[1] + t * vy


@njit(cache=True, nogil=True)
def _cut(start, stop, walls, heads, entries, side):
    """The walls start..stop, (n, 4), cut in pieces where any of all the walls crosses them."""
    looked_at = np.full(len(walls), -1, dtype=np.int32)
    been_to = np.full(len(heads) - 1, -1, dtype=np.int32)
    pieces = np.empty((stop - start, 4))
    used = 0
    cuts = np.empty((16, 3))  # metres along the wall, x, y
    for wall in range(start, stop):
        ax, ay, bx, by = walls[wall]
        count = 0
        first, last = _columns(ax, bx)
        for column in range(first, last + 1):
            low, high = _rows(ax, ay, bx, by, column)
            for row in range(low, high + 1):
                bucket = _bucket(column, row, side)
                if been_to[bucket] == wall:
                    continue
                been_to[bucket] = wall
                for entry in range(heads[bucket], heads[bucket + 1]):
                    other = entries[entry]
                    if other == wall or looked_at[other] == wall:
                        continue
                    looked_at[other] = wall
                    # Always the one before the other, so that both are cut at the very same place.
                    crossed, x, y = _crossing(walls[min(wall, other)], walls[max(wall, other)])
                    if crossed:
                        cuts = _room(cuts, count + 1)
                        cuts[count] = np.hypot(x - ax, y - ay), x, y
                        count += 1
        pieces = _room(pieces, used + count + 1)
        pieces[used] = ax, ay, bx, by
        length = np.hypot(bx - ax, by - ay)
        behind = 0.0
        for cut in np.argsort(cuts[:count, 0]):
            metres, x, y = cuts[cut]
            # Many walls may cross at one place: no piece shorter than a hair.
            if metres - behind > HAIR_M and length - metres > HAIR_M:
                pieces[used, 2], pieces[used, 3] = x, y
                used += 1
                pieces[used] = x, y, bx, by
                behind = metres
        used += 1
    return pieces[:used]


@njit(cache=True, nogil=True)
def _room(rows, wanted):
    """The rows, or a longer copy of them where fewer than wanted fit."""
    if wanted <= len(rows):
        return rows
    longer = np.empty((2 * wanted, rows.shape[1]))
    longer[: len(rows)] = rows
    return longer


# A wall and a line of sight -------------------------------------------------------------------


@njit(cache=True, nogil=True)
def _distance(ax, ay, bx, by):
    """Metres from the origin to the segment a-b."""
    ux, uy = bx - ax, by - ay
    along = -(ax * ux + ay * uy) / (ux * ux + uy * uy)
    along = min(max(along, 0.0), 1.0)
    px, py = ax + along * ux, ay + along * uy
    return np.sqrt(px * px + py * py)


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
def _walls_near(cx, cy, azimuth, hfov, reach, walls, heads, entries, side, stamps, stamp, found):
    """Puts the walls within reach into ``found``, each once; answers it (grown where needed) and how many.

    ``stamps[wall] == stamp`` marks a wall already looked at for this camera. What the camera is mounted on
    is left out, and so is most of what lies beside its field of view.
    """
    count = 0
    left_x, left_y = np.sin(azimuth - hfov / 2), np.cos(azimuth - hfov / 2)
    right_x, right_y = np.sin(azimuth + hfov / 2), np.cos(azimuth + hfov / 2)
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
                ax, ay = walls[wall, 0] - cx, walls[wall, 1] - cy
                bx, by = walls[wall, 2] - cx, walls[wall, 3] - cy
                left = min(left_x * ay - left_y * ax, left_x * by - left_y * bx) > HAIR_M
                right = max(right_x * ay - right_y * ax, right_x * by - right_y * bx) < -HAIR_M
                # A view up to half a turn lies on the right of its left edge and on the left of its right
                # edge; of a wider one the same holds for what it does not see.
                if (left or right) if hfov <= np.pi else (left and right):
                    continue
                if MOUNT_TOLERANCE_M < _distance(ax, ay, bx, by) <= reach:
                    if count == len(found):
                        longer = np.empty(2 * count, dtype=np.int32)
                        longer[:count] = found
                        found = longer
                    found[count] = wall
                    count += 1
    return found, count


@njit(cache=True, nogil=True)
def _wrapped(turn):
    """The same direction as an angle from -pi to pi."""
    return turn - 2 * np.pi * np.rint(turn / (2 * np.pi))


@njit(cache=True, nogil=True)
def _as_seen(cx, cy, azimuth, reach, walls, found):
    """The walls found, as the camera sees them: rows of ax, ay, bx, by, start, width.

    The ends are metres from the camera; the part within reach takes ``width`` radians clockwise from
    ``start``, which is a bearing from the azimuth, from -pi to pi.
    """
    seen = np.empty((len(found), 6))
    for i in range(len(found)):
        wall = found[i]
        ax, ay = walls[wall, 0] - cx, walls[wall, 1] - cy
        bx, by = walls[wall, 2] - cx, walls[wall, 3] - cy
        px, py, qx, qy = ax, ay, bx, by
        a_square, b_square = ax * ax + ay * ay, bx * bx + by * by
        if max(a_square, b_square) > reach * reach:
            # |a + t u| = reach at t = middle -+ half
            ux, uy = bx - ax, by - ay
            square = ux * ux + uy * uy
            middle = -(ax * ux + ay * uy) / square
            half = np.sqrt(max(middle * middle - (a_square - reach * reach) / square, 0.0))
            if a_square > reach * reach:
                px, py = ax + (middle - half) * ux, ay + (middle - half) * uy
            if b_square > reach * reach:
                qx, qy = ax + (middle + half) * ux, ay + (middle + half) * uy
        start, end = np.arctan2(px, py), np.arctan2(qx, qy)
        # A wall spans less than half a turn, so it lies on the shorter way between its ends.
        width = _wrapped(end - start)
        if width < 0.0:
            start, width = end, -width
        seen[i] = ax, ay, bx, by, _wrapped(start - azimuth), width
    return seen


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
def _render(bearings, azimuth, reach, seen, depth, nearest):
    """For each ascending bearing: metres to the nearest of the walls seen, and which (-1: none in reach).

    A depth buffer over angles: each wall is written into the bearings it spans, the nearest stays.
    """
    directions_x = np.sin(azimuth + bearings)
    directions_y = np.cos(azimuth + bearings)
    for k in range(len(bearings)):
        depth[k] = reach
        nearest[k] = -1
    for i in range(len(seen)):
        ax, ay, bx, by, start, width = seen[i]
        # The span may stick out of -pi..pi on the right, so it is tried a turn earlier too.
        for turn in (0.0, -2 * np.pi):
            low, high = start + turn - ROUNDING, start + width + turn + ROUNDING
            if high < bearings[0] or low > bearings[-1]:
                continue
            for k in range(_first_not_below(bearings, low), len(bearings)):
                if bearings[k] > high:
                    break
                metres = _hit(ax, ay, bx, by, directions_x[k], directions_y[k])
                if metres < depth[k]:
                    depth[k] = metres
                    nearest[k] = i


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
        found, count = _walls_near(
            x[c], y[c], azimuth[c], hfov[c], reach[c], walls, heads, entries, side, stamps, c, found
        )
        seen = _as_seen(x[c], y[c], azimuth[c], reach[c], walls, found[:count])
        _render(spread(hfov[c], rays), azimuth[c], reach[c], seen, metres, nearest)
        depth[c] = metres


@njit(cache=True, nogil=True)
def _turns(hfov, seen):
    """The bearings, ascending and each once, at which the nearest of the walls seen may be another.

    They are the edges of the field of view, the ends of walls, and where walls leave the reach.
    """
    turns = np.empty(2 + 2 * len(seen))
    turns[0], turns[1] = -hfov / 2, hfov / 2
    used = 2
    for i in range(len(seen)):
        for bearing in (seen[i, 4], _wrapped(seen[i, 4] + seen[i, 5])):
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
def _line_at(ax, ay, bx, by, direction_x, direction_y, reach):
    """Metres from the origin along a direction to the line through a and b, at most the reach."""
    ux, uy = bx - ax, by - ay
    across = direction_x * uy - direction_y * ux
    if across == 0.0:
        return reach
    return min(max((ax * uy - ay * ux) / across, 0.0), reach)


@njit(cache=True, nogil=True)
def _draw(corners, used, cx, cy, azimuth, reach, seen, turns, nearest, chord):
    """Adds to the first ``used`` corners those that what is nearest between the turns has.

    Answers how many corners there are now, and the width of the narrowest part, in radians.

    A wall has a corner at either end of what is seen of it. Where no wall is, chords of at most ``chord``
    radians stand for the arc, with its area: their corners lie a little outside it, their middles within.
    """
    first = used
    narrowest = np.inf
    part = 0
    while part < len(nearest):
        left, wall = turns[part], nearest[part]
        while part < len(nearest) and nearest[part] == wall:
            part += 1
        width = turns[part] - left
        narrowest = min(narrowest, width)
        steps = 1 if wall >= 0 else int(np.ceil(width / chord))
        angle = width / steps
        # A triangle with two such sides is as large as the sector: metres^2 sin(angle) = reach^2 angle.
        metres = reach * np.sqrt(angle / np.sin(angle)) if wall < 0 else 0.0
        for step in range(steps + 1):
            direction = azimuth + left + step * angle
            dx, dy = np.sin(direction), np.cos(direction)
            if wall >= 0:
                ax, ay, bx, by = seen[wall, :4]
                metres = _line_at(ax, ay, bx, by, dx, dy, reach)
            px, py = cx + metres * dx, cy + metres * dy
            # Where two walls meet, the corner is both the end of one and the start of the other.
            if used == first or _apart(corners[used - 1], px, py):
                corners[used] = px, py
                used += 1
    return used, narrowest


@njit(cache=True, nogil=True)
def _apart(corner, x, y):
    """Whether the place (x, y) is more than a hair from the corner."""
    return max(abs(corner[0] - x), abs(corner[1] - y)) > HAIR_M


@njit(cache=True, nogil=True)
def outlines(start, stop, x, y, azimuth, hfov, reach, walls, heads, entries, side):
    """The outlines of what the cameras start..stop see.

    Answers corners (m, 2), how many of them belong to each camera, and which cameras' outlines rounding may
    have crossed with themselves by a hair.

    Between two bearings at which the nearest wall may change one wall (or none) is nearest all along, so a
    look halfway finds it and the corners are where the two bearings meet its line: nothing is sampled. A
    ring repeats its first corner at the end; no corners: sees nothing.
    """
    stamps = np.full(len(walls), -1, dtype=np.int32)
    found = np.empty(256, dtype=np.int32)
    corners = np.empty((4096, 2))
    sizes = np.zeros(stop - start, dtype=np.int64)
    doubtful = np.zeros(stop - start, dtype=np.bool_)
    used = 0
    for c in range(start, stop):
        if reach[c] <= 0.0:
            continue
        found, count = _walls_near(
            x[c], y[c], azimuth[c], hfov[c], reach[c], walls, heads, entries, side, stamps, c, found
        )
        seen = _as_seen(x[c], y[c], azimuth[c], reach[c], walls, found[:count])
        turns = _turns(hfov[c], seen)
        parts = len(turns) - 1
        depth = np.empty(parts)
        nearest = np.empty(parts, dtype=np.int32)
        _render((turns[1:] + turns[:-1]) / 2, azimuth[c], reach[c], seen, depth, nearest)

        # The angle of a chord whose middle is ARC_M within the arc when its ends are on it.
        chord = min(2 * np.arccos(max(1.0 - ARC_M / reach[c], 0.0)), 2 * np.pi / FEWEST_CHORDS)
        corners = _room(corners, used + 3 * parts + int(2 * np.pi / chord) + 3)
        first = used
        if hfov[c] < 2 * np.pi:
            corners[used] = x[c], y[c]
            used += 1
        used, narrowest = _draw(corners, used, x[c], y[c], azimuth[c], reach[c], seen, turns, nearest, chord)
        beside = 2 * np.pi - hfov[c]
        doubtful[c - start] = narrowest < NARROW or 0.0 < beside < NARROW
        if _apart(corners[used - 1], corners[first, 0], corners[first, 1]):
            used += 1
        corners[used - 1] = corners[first]
        if used - first < 4:  # so near a wall that rounding leaves no area
            used = first
        sizes[c - start] = used - first
    return corners[:used], sizes, doubtful


# Parts of cells --------------------------------------------------------------------------------


@njit(cache=True, nogil=True)
def _in_sight(sx, sy, azimuth, reach, turns, nearest, seen):
    """Whether a place (sx, sy) from the camera, within its field of view, lies in front of the nearest wall."""
    bearing = _wrapped(np.arctan2(sx, sy) - azimuth)
    wall = nearest[min(max(_first_not_below(turns, bearing) - 1, 0), len(nearest) - 1)]
    if wall < 0:
        return True
    metres = np.hypot(sx, sy)
    if metres == 0.0:
        return True
    ax, ay, bx, by = seen[wall, 0], seen[wall, 1], seen[wall, 2], seen[wall, 3]
    return metres <= _line_at(ax, ay, bx, by, sx / metres, sy / metres, reach) + HAIR_M


@njit(cache=True, nogil=True)
def _look(west, south, cell, ranges, light, azimuth, hfov, reach, turns, nearest, seen):
    """The samples of a cell that a camera sees, at each level and within its own light.

    ``west`` and ``south`` are the cell's corner from the camera.
    """
    ahead_x, ahead_y, least = _limits(azimuth, hfov)
    step = cell / SAMPLES
    day, near = np.uint64(0), np.uint16(0)
    for k in range(SAMPLES * SAMPLES):
        sx = west + (k % SAMPLES + 0.5) * step
        sy = south + (k // SAMPLES + 0.5) * step
        if not _in_view(sx, sy, reach, ahead_x, ahead_y, least):
            continue
        if not _in_sight(sx, sy, azimuth, reach, turns, nearest, seen):
            continue
        metres = np.hypot(sx, sy) - HAIR_M
        for level in range(len(ranges)):
            if metres <= ranges[level]:
                day |= np.uint64(1) << np.uint64(SAMPLES * SAMPLES * level + k)
        if metres <= light:
            near |= np.uint16(1 << k)
    return day, near


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

    As in `outlines`, one wall (or none) is nearest all along between two turns, so a sample needs only the
    wall of its bearing and not every wall on the way.
    """
    stamps = np.full(len(walls), -1, dtype=np.int32)
    found = np.empty(256, dtype=np.int32)
    cells = np.empty(4096, dtype=np.int32)
    day = np.empty(4096, dtype=np.uint64)
    lit = np.empty(4096, dtype=np.uint16)
    sizes = np.zeros(stop - start, dtype=np.int64)
    used = 0
    half_diagonal = cell * np.sqrt(0.5)
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
        found, count = _walls_near(
            x[c], y[c], azimuth[c], hfov[c], reach[c], walls, heads, entries, side, stamps, c, found
        )
        seen = _as_seen(x[c], y[c], azimuth[c], reach[c], walls, found[:count])
        turns = _turns(hfov[c], seen)
        nearest = np.empty(len(turns) - 1, dtype=np.int32)
        _render((turns[1:] + turns[:-1]) / 2, azimuth[c], reach[c], seen, np.empty(len(turns) - 1), nearest)
        for row in range(bottom, top):
            for column in range(left, right):
                cell_x, cell_y = west + column * cell - x[c], south + row * cell - y[c]
                if np.hypot(cell_x + cell / 2, cell_y + cell / 2) > reach[c] + half_diagonal:
                    continue
                bits, near = _look(
                    cell_x, cell_y, cell, ranges[c], light[c], azimuth[c], hfov[c], reach[c], turns, nearest,
                    seen,
                )  # fmt: skip
                if bits:
                    cells[used] = row * columns + column
                    day[used] = bits
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
