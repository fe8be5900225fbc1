"""What a set of cameras covers: cells of a grid whose centre a camera sees, and how sharply."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from pyproj import Transformer

from analytics import geometry, optics

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from analytics.grid import Grid
    from analytics.viewshed import Viewsheds

#: Bands of rows that are counted side by side. Each band has its own cells, so no two threads write to one.
BANDS = 32


def cover(
    grid: Grid, viewsheds: Viewsheds, cameras: pd.DataFrame, *, layer: ArrayLike | None = None
) -> pd.DataFrame:
    """How many cameras see each cell, and how sharply the best of them does.

    A row per cell, in the grid's order: ``n_cameras`` (int32), the cameras that see the cell's centre (the
    exact test of `Viewsheds.sees`, nothing sampled), and ``best_px_per_m`` (float64), the most pixels a
    metre any of them has at that distance, 0 where none sees it.

    ``cameras`` is the frame the viewsheds were cast from, with ``width_px``. Without that column
    ``range_m`` is taken as the range at the level "detect", which says the same about a camera.

    ``layer`` (n_cameras,), small whole numbers from 0, sorts the cameras (community, city, plate reader;
    stated, assumed): then there is a column ``n_cameras_<number>`` more for each number from 0 to the
    largest.

    >>> from analytics.grid import Grid
    >>> from analytics.viewshed import cast
    >>> camera = {"x": 5.0, "y": 0.0, "azimuth": 0.0, "hfov": 90.0, "width_px": 1920, "range_m": 20.0}
    >>> cameras = pd.DataFrame([camera])
    >>> cells = cover(Grid.over((0, 0, 20, 20), 10), cast(cameras, []), cameras)
    >>> cells.round(1).to_dict("list")
    {'n_cameras': [1, 0, 1, 1], 'best_px_per_m': [192.0, 0.0, 64.0, 53.3]}

    Raises ValueError when the cameras are not those of the viewsheds, or the layers no small whole numbers.
    """
    if len(cameras) != len(viewsheds):
        raise ValueError(
            f"There are {len(viewsheds)} viewsheds, but {len(cameras)} cameras: pass the same cameras."
        )
    layers = np.zeros(len(viewsheds), dtype=np.int64) if layer is None else _layers(layer, len(viewsheds))
    counts = np.zeros((int(layers.max(initial=0)) + 1, len(grid)), dtype=np.int32)
    best = np.zeros(len(grid))
    rows, columns = grid.shape
    west, south = map(float, grid.origin)
    sharpness = _sharpness(viewsheds, cameras)

    # Bands of about as many cameras each: at the quantiles of the cameras' rows.
    camera_rows = np.clip((viewsheds.y - south) / grid.cell, 0, rows)
    between = np.quantile(camera_rows, np.linspace(0, 1, BANDS + 1)) if len(viewsheds) else camera_rows
    edges = np.unique(np.concatenate([[0, rows], between]).astype(np.int64))

    def count(start: int, stop: int) -> None:
        for band in range(start, stop):
            geometry.count_cells(
                edges[band], edges[band + 1], west, south, float(grid.cell), columns, sharpness, layers,
                *viewsheds.arrays(), counts, best,
            )  # fmt: skip

    geometry.in_threads(count, len(edges) - 1, least=1)
    cells = {"n_cameras": counts.sum(axis=0, dtype=np.int32), "best_px_per_m": best}
    if layer is not None:
        cells |= {f"n_cameras_{number}": counts[number] for number in range(len(counts))}
    return pd.DataFrame(cells)


def _layers(layer: ArrayLike, count: int) -> NDArray[np.int64]:
    layers = np.asarray(layer)
    if layers.shape != (count,):
        raise ValueError(f"There must be one layer for each of the {count} cameras.")
    if count and not (np.issubdtype(layers.dtype, np.integer) and layers.min() >= 0 and layers.max() < 64):
        raise ValueError("Layers must be whole numbers from 0 to 63.")
    return layers.astype(np.int64)


def _sharpness(viewsheds: Viewsheds, cameras: pd.DataFrame) -> NDArray[np.float64]:
    """Each camera's pixels a metre at one metre; at d metres it is the d-th part."""
    if "width_px" not in cameras:
        return optics.LEVELS["detect"] * viewsheds.range_m
    width = cameras["width_px"].to_numpy(dtype=float, na_value=np.nan)
    return np.asarray(optics.px_per_m(np.ones(len(width)), width, np.degrees(viewsheds.hfov)))


def share(cells: pd.DataFrame, weights: ArrayLike | None = None, level: str = "detect") -> float:
    """The share of cells, or of what the cells weigh, that some camera resolves at a level or better.

    ``cells`` is an answer of `cover`, ``weights`` (n,) what each cell counts for: incidents, residents, or 0
    and 1 for a part of the grid such as what lies within the city. NaN when nothing weighs anything: no share
    of nothing. Raises ValueError for an unknown level, and weights that are missing or below zero.

    >>> cells = pd.DataFrame({"best_px_per_m": [0.0, 30.0, 70.0]})
    >>> share(cells, weights=[1, 1, 2]), share(cells, weights=[1, 1, 2], level="observe")
    (0.75, 0.5)
    """
    resolved = cells["best_px_per_m"].to_numpy() >= optics.pixels_of(level)
    weighed = np.ones(len(cells)) if weights is None else np.asarray(weights, dtype=float)
    if weighed.shape != resolved.shape:
        raise ValueError(f"There must be one weight for each of the {len(cells)} cells.")
    if not np.all((weighed >= 0) & np.isfinite(weighed)):
        raise ValueError("Weights must be finite numbers, zero or above.")
    total = weighed.sum()
    return float(weighed[resolved].sum() / total) if total > 0 else float("nan")


# The picture for the map ----------------------------------------------------------------------

#: Points each way at which a picture's places are projected exactly; between them they are interpolated,
#: which is off by less than a centimetre over 20 km.
LATTICE = 33

#: Pixels each way: graphics cards take pictures of 4,096 everywhere.
LARGEST_PICTURE = 4000
ROWS_AT_ONCE = 256


def picture(grid: Grid, codes: ArrayLike, crs: object = None) -> NDArray[np.uint8]:
    """The cells as a picture of codes: uint8 (rows, columns), rows from north to south.

    ``codes`` (n,), one a cell, from 0 to 255; what lies outside the grid has the code 0, so that is to mean
    nothing. Whoever shows the picture says which colour each code has.

    A map stretches a picture evenly in web mercator, between bounds in degrees. The grid's own rows and
    columns do not lie that way: a projection's north differs from true north. Over a city of 20 km at
    Carrollton (1.06 degrees in UTM zone 16) a corner would be drawn 390 m from its place, 200 m on average.
    So with the grid's ``crs`` the picture is drawn anew, north up: each pixel, about a cell wide, takes the
    cell that its middle lies in, at most half a pixel away. A grid with more cells each way than
    `LARGEST_PICTURE` is drawn with as much larger pixels. `picture_bounds` says where it goes. Without
    ``crs`` the cells themselves are the pixels.

    >>> from analytics.grid import Grid
    >>> picture(Grid.over((0, 0, 1, 2), 1), [0, 5])[:, 0].tolist()
    [5, 0]

    Raises ValueError where there is not one code from 0 to 255 for each cell.
    """
    numbers = np.asarray(codes)
    if numbers.shape != (len(grid),):
        raise ValueError(f"There must be one code for each of the {len(grid)} cells.")
    if not np.issubdtype(numbers.dtype, np.integer) or (
        len(numbers) and (numbers.min() < 0 or numbers.max() > 255)
    ):
        raise ValueError("Codes must be whole numbers from 0 to 255.")
    small = numbers.astype(np.uint8)
    if crs is None:
        return small.reshape(grid.shape)[::-1]
    # One cell more, for all that lies outside: it means nothing.
    return np.append(small, np.uint8(0))[_cell_of_pixels(grid, str(crs))]


def picture_bounds(grid: Grid, crs: object) -> tuple[float, float, float, float]:
    """West, south, east and north, degrees in WGS 84, between which a map shows the picture.

    >>> from analytics.grid import Grid
    >>> grid = Grid.over((678000, 3717000, 679000, 3718000), 10)
    >>> [round(bound, 3) for bound in picture_bounds(grid, "EPSG:32616")]
    [-85.082, 33.578, -85.071, 33.587]
    """
    west, south, east, north = _mercator_bounds(grid, crs)
    back = Transformer.from_crs("EPSG:3857", "EPSG:4326", always_xy=True)
    (west, east), (south, north) = back.transform([west, east], [south, north])
    return float(west), float(south), float(east), float(north)


def _mercator_bounds(grid: Grid, crs: object) -> tuple[float, float, float, float]:
    return Transformer.from_crs(crs, "EPSG:3857", always_xy=True).transform_bounds(
        *grid.bounds, densify_pts=21
    )


@functools.lru_cache(maxsize=4)
def _cell_of_pixels(grid: Grid, crs: str) -> NDArray[np.int32]:
    """The cell in which the middle of each pixel of the north-up picture lies; -1 outside the grid."""
    west, south, east, north = _mercator_bounds(grid, crs)
    # As many pixels as the grid has cells along its longer way: mercator's metres are not metres on the
    # ground.
    left, bottom, right, top = grid.bounds
    coarser = max(1.0, max(grid.shape) / LARGEST_PICTURE)
    pixel = max(east - west, north - south) / max(right - left, top - bottom) * grid.cell * coarser
    rows, columns = int(np.ceil((north - south) / pixel)), int(np.ceil((east - west) / pixel))

    back = Transformer.from_crs("EPSG:3857", crs, always_xy=True)
    x, y = np.meshgrid(np.linspace(west, east, LATTICE), np.linspace(north, south, LATTICE))
    corners = back.transform(x, y)
    along = (np.arange(columns) + 0.5) / columns * (LATTICE - 1)
    answer = np.empty((rows, columns), dtype=np.int32)
    # A few rows at a time: all places of a large city at once would take gigabytes.
    for first in range(0, rows, ROWS_AT_ONCE):
        last = min(first + ROWS_AT_ONCE, rows)
        down = (np.arange(first, last) + 0.5) / rows * (LATTICE - 1)
        places = np.stack([_between(corner, down, along) for corner in corners], axis=-1)
        answer[first:last] = grid.index_of(places).reshape(last - first, columns)
    return answer


def _between(
    lattice: NDArray[np.float64], down: NDArray[np.float64], along: NDArray[np.float64]
) -> NDArray[np.float64]:
    """A lattice interpolated linearly wherever a row of ``down`` meets a column of ``along``."""
    i = np.minimum(down.astype(int), LATTICE - 2)
    j = np.minimum(along.astype(int), LATTICE - 2)
    s, t = (down - i)[:, None], (along - j)[None, :]
    upper = lattice[i][:, j] * (1 - t) + lattice[i][:, j + 1] * t
    lower = lattice[i + 1][:, j] * (1 - t) + lattice[i + 1][:, j + 1] * t
    return upper * (1 - s) + lower * s
