"""The city as a grid of cells: which ground is public, which is lit, and which block, district and street it is."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from analytics.grid import Grid
from data import records, settings
from data.errors import PorchlightError
from workflow import city_map
from workflow.kept import worked_out_once

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from data.store import Store

MARGIN_M = 100.0  # of ground around the city that the grid covers too
STREET_STEP_M = 5.0  # streets are looked at in pieces no longer than this


@dataclass(frozen=True)
class Areas:
    """Blocks or districts: what they are called, and which one each cell belongs to."""

    frame: gpd.GeoDataFrame  # id, name, geometry (projected); a row an area
    of_cell: NDArray[np.int32]  # position of the area that holds the cell's centre; -1: none
    ground: NDArray[np.int64]  # samples of public ground in each area

    def __len__(self) -> int:
        """How many areas there are."""
        return len(self.frame)

    def total(self, cells: NDArray[np.int32], counts: NDArray[np.uint8]) -> NDArray[np.int64]:
        """What is counted in some cells, added up over each area."""
        area = self.of_cell[cells]
        held = area >= 0
        return np.bincount(area[held], weights=counts[held], minlength=len(self)).astype(np.int64)


@dataclass(frozen=True)
class Streets:
    """Street segments, and the short pieces in which they are looked at."""

    frame: gpd.GeoDataFrame  # id, name, geometry (projected), length_m; a row a segment
    cell: NDArray[np.int64]  # of each piece's middle; -1 outside the grid
    sample: NDArray[np.uint16]
    metres: NDArray[np.float64]
    of_piece: NDArray[np.int64]  # position of the segment

    def __len__(self) -> int:
        """How many segments there are."""
        return len(self.frame)

    def seen_metres(self, in_view: NDArray[np.uint16]) -> NDArray[np.float64]:
        """Metres in view of each segment; ``in_view`` are the seen samples of every cell of the grid."""
        inside = self.cell >= 0
        seen = np.zeros(len(self.cell), dtype=bool)
        seen[inside] = (in_view[self.cell[inside]] >> self.sample[inside]) & 1
        return np.bincount(self.of_piece[seen], weights=self.metres[seen], minlength=len(self)).astype(float)


@dataclass(frozen=True, eq=False)  # one a map: told apart as a whole
class Ground:
    """The city as a grid of cells, in its projected CRS."""

    grid: Grid
    crs: str
    public: NDArray[np.uint16]  # samples of each cell that are in the city and in no building
    lit: (
        NDArray[np.uint16] | None
    )  # samples that street lamps light; None where no street says whether it is lit
    blocks: Areas
    districts: Areas
    streets: Streets

    @functools.cached_property
    def samples(self) -> int:
        """Samples of public ground in the whole city."""
        return int(np.bitwise_count(self.public).sum(dtype=np.int64))

    @property
    def sample_m2(self) -> float:
        """Square metres that a sample stands for."""
        return self.grid.cell**2 / 16


def ground(store: Store) -> Ground:
    """The city's ground, worked out once for each map that is loaded.

    Raises `PorchlightError` where there is neither an outline nor a block.
    """
    with store.read() as connection:
        cell_m = settings.metres(connection, "coverage_cell_m", 0.5, 100)
        lamp_m = settings.metres(connection, "street_lamp_reach_m", 0, 100)
    return _ground(store, city_map.map_version(store=store), cell_m, lamp_m)


@worked_out_once(2)
def _ground(store: Store, _map_version: int, cell_m: float, lamp_m: float) -> Ground:
    """The version only makes a new load a new question."""
    city = records.city(store)
    blocks, districts, streets = (
        records.layer(store, name).to_crs(city.crs) for name in ("block", "district", "street")
    )
    outline = _outline(city, blocks)
    west, south, east, north = outline.bounds
    grid = Grid.over((west - MARGIN_M, south - MARGIN_M, east + MARGIN_M, north + MARGIN_M), cell_m)
    buildings = city_map.footprints(store=store).polygons
    public = grid.samples([outline]) & ~grid.samples(buildings)
    lit = streets["lit"].notna()
    lamps = shapely.buffer(streets.geometry[streets["lit"].eq(True)].to_numpy(), lamp_m, quad_segs=2)
    return Ground(
        grid=grid,
        crs=city.crs,
        public=public,
        lit=grid.samples(lamps) if lit.any() else None,
        blocks=_areas(grid, blocks.assign(name=_told_apart(blocks, streets)), public),
        districts=_areas(grid, districts, public),
        streets=_pieces(grid, streets),
    )


def _outline(city: records.City, blocks: gpd.GeoDataFrame) -> shapely.Geometry:
    """The city's outline in its CRS; that of its blocks where none is loaded."""
    if city.outline is not None:
        return gpd.GeoSeries([city.outline], crs=records.WGS84).to_crs(city.crs).iloc[0]
    if len(blocks):
        return shapely.union_all(blocks.geometry.to_numpy())
    raise PorchlightError(
        "There is no map yet: load the city's outline or its blocks (python -m data.load city FILE, "
        "python -m data.load blocks FILE)."
    )


def _areas(grid: Grid, frame: gpd.GeoDataFrame, public: NDArray[np.uint16]) -> Areas:
    of_cell = grid.areas(frame.geometry.to_numpy()).astype(np.int32)
    held = of_cell >= 0
    samples = np.bincount(of_cell[held], weights=np.bitwise_count(public[held]), minlength=len(frame))
    return Areas(frame[["id", "name", "geometry"]], of_cell, samples.astype(np.int64))


def _pieces(grid: Grid, frame: gpd.GeoDataFrame) -> Streets:
    """Each segment cut into pieces of at most `STREET_STEP_M`, and where the middle of each lies."""
    lines = frame.geometry.to_numpy()
    parts, segment = shapely.get_parts(lines, return_index=True)
    corners, part = shapely.get_coordinates(shapely.segmentize(parts, STREET_STEP_M), return_index=True)
    along = np.flatnonzero(part[1:] == part[:-1])
    start, end = corners[along], corners[along + 1]
    cell, sample = grid.sample_of((start + end) / 2)
    named = frame[["id", "geometry"]].assign(name=_with_numbers(frame), length_m=shapely.length(lines))
    metres = np.hypot(*(end - start).T)
    return Streets(
        gpd.GeoDataFrame(pd.DataFrame(named), crs=frame.crs), cell, sample, metres, segment[part[along]]
    )


def _told_apart(blocks: gpd.GeoDataFrame, streets: gpd.GeoDataFrame) -> pd.Series:
    """The names of the blocks; with the nearest street where several have the same, as census blocks do."""
    names = blocks["name"].copy()
    twice = names.duplicated(keep=False).to_numpy()
    named = streets[streets["name"].notna()]
    if twice.any() and len(named):
        middle = shapely.point_on_surface(blocks.geometry.to_numpy()[twice])
        nearest = shapely.STRtree(named.geometry.to_numpy()).nearest(middle)
        street = named["name"].to_numpy()[nearest]
        more = [
            name if at in name else f"{name}, {at}" for name, at in zip(names[twice], street, strict=True)
        ]
        names[twice] = more
    return names


def _with_numbers(streets: gpd.GeoDataFrame) -> pd.Series:
    """The names of street segments, with their house numbers where those are known: most streets have many."""
    numbers = streets[["left_from", "left_to", "right_from", "right_to"]].astype(float)
    numbers = numbers.where(numbers > 0)
    low, high = numbers.min(axis=1), numbers.max(axis=1)
    known = streets["name"].notna() & low.notna()
    names = streets["name"].copy()
    spans = low[known].astype(int).astype(str) + " to " + high[known].astype(int).astype(str)
    names[known] = names[known] + ", " + spans
    return names
