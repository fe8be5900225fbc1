"""Which parts of which cells each camera sees: computed once, then counted for any choice of cameras.

A cell has 16 samples (`grid.SAMPLES` each way). For every view and every cell it sees any of, a hit keeps a bit
a sample and level. What several cameras see together is the bits of their hits, or-ed: an overlap counts once,
by construction. Choosing other cameras, another level, day or night needs no line of sight again, and a new
camera only its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from analytics import geometry, optics

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from analytics.grid import Grid
    from analytics.viewshed import Viewsheds

BITS = 16  # samples of a cell, and so bits a level
#: Times this, sixteen bits stand at each of the four levels.
EACH_LEVEL = np.uint64(0x0001_0001_0001_0001)
#: Fewer cells are done before a second thread has started.
CELLS_A_THREAD = 50_000


@dataclass(frozen=True)
class Seen:
    """What some cameras see together, in the cells ``cells`` (m,) of the grid; of the others they see nothing.

    ``once`` (m,) uint64 holds the samples that at least one of them resolves, 16 bits a level from the
    coarsest on, and ``twice`` those that at least two resolve.
    """

    cells: NDArray[np.int32]
    once: NDArray[np.uint64]
    twice: NDArray[np.uint64]

    def samples(self, level: str, *, twice: bool = False) -> NDArray[np.uint16]:
        """The samples of each of the cells that are seen at a level or better, a bit each."""
        packed = self.twice if twice else self.once
        return (packed >> _first_bit(level)).astype(np.uint16)

    def totals(self, public: NDArray[np.uint16], *, twice: bool = False) -> dict[str, int]:
        """How many samples are seen at each level or better, of those that are ``public`` (of every cell)."""
        return totals(self.twice if twice else self.once, public[self.cells])

    def finest(self, public: NDArray[np.uint16]) -> NDArray[np.uint8]:
        """For each of the cells the finest level that half of its public samples are seen at, 1 to 4; 0 for none.

        ``public`` holds the samples of every cell of the grid that count.

        >>> cells = np.array([0, 1, 2], np.int32)
        >>> once = np.array([0x0000_0000_00FF_FFFF, 0x0000_0000_000F_00FF, 0xFFFF_FFFF_FFFF_FFFF], np.uint64)
        >>> Seen(cells, once, once).finest(np.array([0xFFFF, 0x0FFF, 0], np.uint16)).tolist()
        [2, 1, 0]
        """
        finest = np.empty(len(self.cells), dtype=np.uint8)
        _half(self.once, public[self.cells], finest)
        return finest


@dataclass(frozen=True)
class Sightlines:
    """What each of n views sees of the cells of a grid.

    The hits of view v are ``heads[v]:heads[v + 1]``: the ``cell``, the samples the view resolves by day (``day``,
    16 bits a level from the coarsest on) and the samples within reach of its own light (``light``).
    """

    grid: Grid
    heads: NDArray[np.int64]
    cell: NDArray[np.int32]
    day: NDArray[np.uint64]
    light: NDArray[np.uint16]

    def __len__(self) -> int:
        """How many views there are."""
        return len(self.heads) - 1

    @cached_property
    def cells(self) -> NDArray[np.int32]:
        """The cells that any view sees any of, ascending."""
        touched = np.zeros(len(self.grid), dtype=np.bool_)
        touched[self.cell] = True
        return np.flatnonzero(touched).astype(np.int32)

    @cached_property
    def view_of_hit(self) -> NDArray[np.int32]:
        """Which view each hit belongs to."""
        return np.repeat(np.arange(len(self), dtype=np.int32), np.diff(self.heads))

    @cached_property
    def _by_cell(
        self,
    ) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.uint64], NDArray[np.uint16]]:
        """The hits cell after cell: where those of each of `cells` begin, and the view, day and light of each.

        What is asked for is asked of cells. Read in this order, and not view after view, the hits of a
        cell lie side by side in memory.
        """
        position = np.empty(len(self.grid), dtype=np.int32)
        position[self.cells] = np.arange(len(self.cells), dtype=np.int32)
        place = position[self.cell]
        heads = np.concatenate([[0], np.cumsum(np.bincount(place, minlength=len(self.cells)))])
        view, day, light = np.empty_like(self.cell), np.empty_like(self.day), np.empty_like(self.light)
        _turn(self.heads, place, self.day, self.light, heads[:-1].copy(), view, day, light)
        return heads, view, day, light

    def seen(self, counting: ArrayLike, lit: NDArray[np.uint16] | None = None, *, dark: bool = False) -> Seen:
        """What the views ``counting`` (n,) bool see together.

        By day, or when it is ``dark``: then a view sees what its own light reaches, and samples that are
        ``lit`` (a bit each for every cell of the grid; none if left out) as by day.

        Raises ValueError when there is not one choice for each view.
        """
        chosen = self._chosen(counting).astype(np.uint8)
        lamps = self._lamps(lit, dark=dark)
        once, twice = np.empty((2, len(self.cells)), dtype=np.uint64)
        geometry.in_threads(
            lambda start, stop: _collect(start, stop, *self._by_cell, chosen, lamps, dark, once, twice),
            len(self.cells),
            least=CELLS_A_THREAD,
        )
        return Seen(self.cells, once, twice)

    def chance(
        self,
        chances: ArrayLike,
        level: str,
        public: NDArray[np.uint16],
        lit: NDArray[np.uint16] | None = None,
        *,
        dark: bool = False,
    ) -> NDArray[np.float64]:
        """For each of `cells` the chance that at least one view has footage of a place on its public ground.

        1 - product(1 - chance of the view x share of the ground it resolves), over the views; ``chances``
        (n,) is 0 for a view that does not count. Views fail independently of each other, which is optimistic
        for the cameras of one owner. ``public`` holds the samples of every cell of the grid that count.
        """
        p = np.ascontiguousarray(chances, dtype=np.float64)
        if p.shape != (len(self),) or not np.all((p >= 0) & (p <= 1)):
            raise ValueError(f"There must be a chance from 0 to 1 for each of the {len(self)} views.")
        lamps = self._lamps(lit, dark=dark)
        shift = _first_bit(level)
        ground = public[self.cells]
        missed = np.empty(len(self.cells))
        geometry.in_threads(
            lambda start, stop: _miss(start, stop, *self._by_cell, p, lamps, dark, shift, ground, missed),
            len(self.cells),
            least=CELLS_A_THREAD,
        )
        return 0.0 - np.expm1(missed)  # and not -0.0, which would be shown as -0 %

    def joined(self, other: Sightlines) -> Sightlines:
        """These views and then those of ``other``, on the same grid."""
        if other.grid != self.grid:
            raise ValueError("Only sightlines over the same grid can be joined.")
        return Sightlines(
            self.grid,
            np.concatenate([self.heads, other.heads[1:] + self.heads[-1]]),
            np.concatenate([self.cell, other.cell]),
            np.concatenate([self.day, other.day]),
            np.concatenate([self.light, other.light]),
        )

    def of(self, views: ArrayLike) -> Sightlines:
        """The sightlines of some views, by their positions and in that order.

        Raises ValueError for positions that are no whole numbers, such as a choice of true and false.
        """
        positions = np.asarray(views)
        if positions.size and not np.issubdtype(positions.dtype, np.integer):
            raise ValueError("Views are named by their position, a whole number from 0.")
        positions = positions.astype(np.int64)
        sizes = np.diff(self.heads)[positions]
        heads = np.concatenate([[0], np.cumsum(sizes)])
        hits = np.repeat(self.heads[:-1][positions] - heads[:-1], sizes) + np.arange(heads[-1])
        return Sightlines(self.grid, heads, self.cell[hits], self.day[hits], self.light[hits])

    def _chosen(self, counting: ArrayLike) -> NDArray[np.bool_]:
        chosen = np.ascontiguousarray(counting, dtype=np.bool_)
        if chosen.shape != (len(self),):
            raise ValueError(f"There must be one choice for each of the {len(self)} views.")
        return chosen

    def _lamps(self, lit: NDArray[np.uint16] | None, *, dark: bool) -> NDArray[np.uint16]:
        """The lit samples of each of `cells`; nobody asks by day."""
        if lit is None or not dark:
            return np.zeros(len(self.cells) if dark else 1, dtype=np.uint16)
        return lit[self.cells]


def totals(packed: NDArray[np.uint64], public: NDArray[np.uint16]) -> dict[str, int]:
    """How many samples some cells have at each level, 16 bits a level, of those that are ``public`` in each."""
    return dict(zip(optics.LEVELS, _total(packed, public).tolist(), strict=True))


def trace(
    grid: Grid, viewsheds: Viewsheds, cameras: pd.DataFrame, levels: Mapping[str, float] = optics.LEVELS
) -> Sightlines:
    """What each camera sees of each cell, sample by sample: the line of sight of `Viewsheds.sees`, exact.

    ``cameras`` is the frame the viewsheds were cast from, with ``width_px`` and, where they see in the dark by
    a light of their own, ``night_m`` (metres, 0 without). ``levels`` are the pixels a metre of the four levels.

    >>> import pandas as pd
    >>> from analytics.grid import Grid
    >>> from analytics.viewshed import cast
    >>> camera = {"x": 5.0, "y": 0.0, "azimuth": 0.0, "hfov": 90.0, "width_px": 1920, "range_m": 20.0}
    >>> cameras = pd.DataFrame([camera])
    >>> seen = trace(Grid.over((0, 0, 20, 20), 10), cast(cameras, []), cameras).seen([True])
    >>> seen.cells.tolist(), np.bitwise_count(seen.samples("detect")).tolist()
    ([0, 1, 2, 3], [14, 3, 16, 11])

    Raises ValueError when the cameras are not those of the viewsheds.
    """
    if len(cameras) != len(viewsheds):
        raise ValueError(
            f"There are {len(viewsheds)} viewsheds, but {len(cameras)} cameras: pass the same cameras."
        )
    width = cameras["width_px"].to_numpy(dtype=float, na_value=np.nan)
    pixels = np.array([levels[name] for name in optics.LEVELS], dtype=float)
    # Pixels at one metre, over the pixels wanted, are the metres.
    at_one_metre = np.asarray(optics.px_per_m(np.ones(len(width)), width, np.degrees(viewsheds.hfov)))
    ranges = np.minimum(at_one_metre[:, None] / pixels, viewsheds.range_m[:, None])
    light = np.zeros(len(cameras))
    if "night_m" in cameras:
        # A copy, since pandas may hand out read-only memory, for which the loop would be compiled once more.
        light[:] = cameras["night_m"].to_numpy(dtype=float, na_value=0.0)
    west, south = map(float, grid.origin)
    parts = geometry.in_threads(
        lambda start, stop: geometry.sample_cells(
            start, stop, west, south, float(grid.cell), *grid.shape, ranges, light, *viewsheds.arrays()
        ),
        len(viewsheds),
        least=64,
    )
    cells, day, near, sizes = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Sightlines(grid, np.concatenate([[0], np.cumsum(sizes)]), cells, day, near)


def _first_bit(level: str) -> np.uint64:
    """Where the sixteen bits of a level begin."""
    optics.pixels_of(level)  # refuses an unknown one in a sentence
    return np.uint64(BITS * list(optics.LEVELS).index(level))


@njit(cache=True, nogil=True)
def _turn(heads, place, day, light, free, view_out, day_out, light_out):  # noqa: ANN001, ANN202 - compiled for what it is called with
    """Puts the hits, which come view after view, in the order of their places; ``free`` is the next slot of each."""
    for view in range(len(heads) - 1):
        for hit in range(heads[view], heads[view + 1]):
            slot = free[place[hit]]
            free[place[hit]] += 1
            view_out[slot], day_out[slot], light_out[slot] = view, day[hit], light[hit]


# What the loops below have in common is one line, and each is run over millions of hits.


@njit(cache=True, nogil=True)
def _visible(day, light, lamps, dark):  # noqa: ANN001, ANN202 - compiled for what it is called with
    """The bits of a hit: all by day; in the dark those within the light of the camera or of a lamp."""
    return day & (np.uint64(light | lamps) * EACH_LEVEL) if dark else day


@njit(cache=True, nogil=True)
def _collect(start, stop, heads, view, day, light, chosen, lamps, dark, once, twice):  # noqa: ANN001, ANN202 - compiled for what it is called with
    """What the views that are ``chosen`` (1, others 0) see of each of the cells start..stop."""
    for place in range(start, stop):
        lamp = lamps[place] if dark else np.uint16(0)
        first, second = np.uint64(0), np.uint64(0)
        for hit in range(heads[place], heads[place + 1]):
            # All bits or none, without a branch: a processor guesses wrong at every other one.
            counts = np.uint64(0) - np.uint64(chosen[view[hit]])
            bits = _visible(day[hit], light[hit], lamp, dark) & counts
            second |= first & bits
            first |= bits
        once[place] = first
        twice[place] = second


@njit(cache=True, nogil=True)
def _miss(start, stop, heads, view, day, light, chances, lamps, dark, shift, public, missed):  # noqa: ANN001, ANN202 - compiled for what it is called with
    """The logarithm of the chance that no view has footage, for each of the cells start..stop."""
    for place in range(start, stop):
        missed[place] = 0.0
        lamp = lamps[place] if dark else np.uint16(0)
        ground = np.uint64(public[place])
        if ground == 0:
            continue
        for hit in range(heads[place], heads[place + 1]):
            chance = chances[view[hit]]
            if chance > 0.0:
                resolved = ground & (_visible(day[hit], light[hit], lamp, dark) >> shift)
                share = _ones(resolved) / _ones(ground)
                missed[place] += np.log1p(-min(chance * share, 1.0 - 1e-12))


@njit(cache=True, nogil=True)
def _counts(left):  # noqa: ANN001, ANN202 - compiled for what it is called with
    """How many bits each of the four levels has, in the place of the sixteen bits of the level."""
    # All four at once: bits are added up in pairs, then pairs in fours, and so on to sixteens.
    left -= (left >> np.uint64(1)) & np.uint64(0x5555_5555_5555_5555)
    pairs = np.uint64(0x3333_3333_3333_3333)
    left = (left & pairs) + ((left >> np.uint64(2)) & pairs)
    left = (left + (left >> np.uint64(4))) & np.uint64(0x0F0F_0F0F_0F0F_0F0F)
    return (left + (left >> np.uint64(8))) & np.uint64(0x00FF_00FF_00FF_00FF)


@njit(cache=True, nogil=True)
def _total(packed, public):  # noqa: ANN001, ANN202 - compiled for what it is called with
    """How many samples that are public each level has, over all cells."""
    total = np.zeros(4, dtype=np.int64)
    for place in range(len(packed)):
        counts = _counts(packed[place] & (np.uint64(public[place]) * EACH_LEVEL))
        for level in range(4):
            total[level] += np.int64((counts >> np.uint64(BITS * level)) & np.uint64(0xFF))
    return total


@njit(cache=True, nogil=True)
def _half(packed, public, finest):  # noqa: ANN001, ANN202 - compiled for what it is called with
    """The finest level that half of the public samples of each cell have: 1 to 4, 0 none."""
    for place in range(len(packed)):
        ground = np.uint64(public[place]) * EACH_LEVEL
        counts, samples = _counts(packed[place] & ground), _counts(ground) & np.uint64(0xFF)
        finest[place] = 0
        for level in range(4):
            seen = (counts >> np.uint64(BITS * level)) & np.uint64(0xFF)
            finest[place] += samples > np.uint64(0) and np.uint64(2) * seen >= samples


@njit(cache=True, nogil=True)
def _ones(bits):  # noqa: ANN001, ANN202 - compiled for what it is called with
    """How many of the lowest sixteen bits are set."""
    count = 0
    left = bits & np.uint64(0xFFFF)
    while left:
        left &= left - np.uint64(1)
        count += 1
    return count
