"""What the cameras can see of the city, and how much of its crime happened in view.

A camera counts with its own or its kind's optics, from where it stands on its wall, past the
buildings. Where nobody stated a direction it counts for nothing; where we assumed one it is kept
apart. All of it is public space seen from above: nothing here tells where one camera is.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import Transformer

from analytics import coverage, optics, viewshed
from analytics.grid import Grid
from analytics.intervals import wilson
from data import records, settings, spreadsheet
from data.errors import PorchlightError
from data.store import Store, default_store
from workflow import city_map
from workflow.acts import check

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from workflow.identity import Actor

VIEW = "coverage.view"
LAYERS = {"community": "Community cameras", "city": "City cameras", "alpr": "Plate readers"}
STATED = ("verified", "stated")
# Where a camera's direction is from. An unknown one never counts; taken as looking all round, it says how
# much more could be in view at the most.
DIRECTIONS = ("stated", "assumed", "unknown")
CRIME_CELL_M = 100.0
MARGIN_M = 100.0


@dataclass(frozen=True)
class Counted:
    """The cameras of one layer: how many count, and why the others do not."""

    listed: int
    stated: int  # direction verified or stated by the owner: these count
    assumed: int  # direction assumed: counted apart
    unknown: int  # nobody stated a direction: never counted
    assumed_optics: int  # of those stated: field of view or resolution are the kind's


@dataclass(frozen=True)
class Ground:
    """The city as a grid of cells, in its projected CRS."""

    grid: Grid
    crs: str
    in_city: NDArray[np.bool_]
    block_of_cell: NDArray[np.int64]  # position in `blocks`; -1 outside
    blocks: pd.DataFrame  # id, name


@dataclass(frozen=True)
class Sight:
    """How sharply the best camera of each layer resolves each cell of the ground (px/m)."""

    ground: Ground
    best: Mapping[tuple[str, str], NDArray[np.float64]]  # (layer, one of DIRECTIONS)
    counted: Mapping[str, Counted]


@dataclass(frozen=True)
class InView:
    """Of so many incidents so many happened in view, with a 95 % Wilson interval."""

    in_view: int
    incidents: int
    low: float
    high: float
    possible: int  # if every camera that does not count looked all round

    @property
    def share(self) -> float:
        """The share in view; NaN where there were no incidents."""
        return self.in_view / self.incidents if self.incidents else float("nan")


@dataclass(frozen=True)
class CityCoverage:
    """The answer for one level, set of layers and period."""

    ground: Ground
    counted: Mapping[str, Counted]
    best_px_per_m: NDArray[np.float64]  # per cell, over the chosen layers
    level: str
    since: date
    until: date  # the last day that counts
    incidents: InView
    outside: int  # incidents of the period that lie outside the grid
    ground_in_view: float  # share of the city's ground at the level or better
    blocks: pd.DataFrame  # id, name, incidents, in_view, ground_in_view; indexed by id
    crime: tuple[Grid, NDArray[np.int64]]  # incidents per cell of a coarser grid


def city_coverage(
    actor: Actor,
    since: date,
    until: date,
    *,
    level: str = "observe",
    layers: frozenset[str] = frozenset(LAYERS),
    with_assumed: bool = False,
    store: Store | None = None,
) -> CityCoverage:
    """What the chosen layers see at a level or better, against the incidents of both days and those between.

    Needs the act coverage.view. Days are those of the city's time zone.
    """
    store = store or default_store()
    check(store, actor, VIEW)
    if level not in optics.LEVELS:
        raise PorchlightError(f"Choose a level: {', '.join(optics.LEVELS)}.")
    if since > until:
        raise PorchlightError("Choose a first day that is not after the last.")
    if not layers:
        raise PorchlightError("Choose at least one kind of camera.")
    seen = sight(store)
    ground = seen.ground
    counting = ("stated", "assumed") if with_assumed else ("stated",)
    best = np.maximum.reduce([seen.best[layer, known] for layer in layers for known in counting])
    possible = np.maximum.reduce([seen.best[layer, known] for layer in layers for known in DIRECTIONS])
    cells, outside = _incident_cells(store, ground, since, until)
    resolved = best >= optics.LEVELS[level]
    in_view = int(resolved[cells].sum())
    low, high = wilson(in_view, len(cells))
    return CityCoverage(
        ground=ground,
        counted=seen.counted,
        best_px_per_m=best,
        level=level,
        since=since,
        until=until,
        incidents=InView(
            in_view, len(cells), low, high, int((possible >= optics.LEVELS[level])[cells].sum())
        ),
        outside=outside,
        ground_in_view=float(resolved[ground.in_city].mean()),
        blocks=_by_block(ground, resolved, cells),
        crime=_crime(ground, cells),
    )


def sentence(city: CityCoverage, layers: frozenset[str], what: str) -> str:
    """The answer in words: the share of incidents where a camera can show `what`, and how much it could be."""
    seen = city.incidents
    if not seen.incidents:
        return "No incidents were recorded in this period."
    listed = sum(city.counted[layer].listed for layer in layers)
    if not listed:
        return "No camera is listed yet, so nothing is in view."
    most = f"{seen.possible / seen.incidents:.1%}".replace("%", "\u00a0%")
    if not any(city.counted[layer].stated for layer in layers) and not seen.in_view:
        return (
            f"Nobody has stated which way the {listed:,} cameras look, so none counts. At most {most} of "
            f"{seen.incidents:,} recorded incidents happened where one could show {what}."
        )
    share = f"{seen.share:.1%}".replace("%", "\u00a0%")
    return (
        f"{share} of {seen.incidents:,} recorded incidents happened where a camera can show {what}; at most {most}, "
        "if every camera whose direction is not known looked all round."
        if seen.possible > seen.in_view
        else f"{share} of {seen.incidents:,} recorded incidents happened where a camera can show {what}."
    )


def counted_table(counted: Mapping[str, Counted]) -> pd.DataFrame:
    """How many cameras of each layer count, in words."""
    return pd.DataFrame(
        {
            "Cameras": [LAYERS[layer] for layer in counted],
            "Listed": [count.listed for count in counted.values()],
            "Direction stated": [count.stated for count in counted.values()],
            "Assumed": [count.assumed for count in counted.values()],
            "Unknown": [count.unknown for count in counted.values()],
            "Optics assumed": [count.assumed_optics for count in counted.values()],
        }
    )


def blocks_table(city: CityCoverage) -> pd.DataFrame:
    """The blocks, those with the most incidents out of view first."""
    table = city.blocks.assign(out_of_view=city.blocks["incidents"] - city.blocks["in_view"])
    table = table.sort_values(["out_of_view", "id"], ascending=[False, True])
    return pd.DataFrame(
        {
            "Block": table["name"],
            "Incidents": table["incidents"],
            "In view": table["in_view"],
            "Out of view": table["out_of_view"],
            "Ground in view, %": (table["ground_in_view"] * 100).round(1),
        }
    )


def blocks_csv(city: CityCoverage) -> bytes:
    """The same table as a file that a spreadsheet opens safely."""
    table = blocks_table(city)
    return (
        table.assign(Block=[spreadsheet.neutralised(name) for name in table["Block"]])
        .to_csv(index=False)
        .encode()
    )


def period(*, store: Store | None = None) -> tuple[date, date] | None:
    """The days between which there are incidents, in the city's time zone; None where there are none."""
    store = store or default_store()
    span = records.incident_span(store)
    if span is None:
        return None
    zone = records.city(store).zone
    first, last, _ = span
    return first.astimezone(zone).date(), last.astimezone(zone).date()


def sight(store: Store) -> Sight:
    """What the cameras see at this moment, computed again only when a camera, a consent or the map changed."""
    now = datetime.now(UTC)
    return _sight(store, city_map.map_version(store=store), records.camera_version(store, now))


@functools.lru_cache(maxsize=2)
def _sight(store: Store, map_version: int, _camera_version: tuple[object, ...]) -> Sight:
    """The versions only make a change of the records a new question."""
    ground = _ground(store, map_version)
    buildings = city_map.footprints(store=store)
    cameras = _placed(records.cameras(store, datetime.now(UTC)), ground.crs)
    seen = viewshed.mounted(optics.completed(cameras, "detect"), buildings.polygons)
    walls = viewshed.walls_of(buildings.polygons)
    direction = _direction(seen)
    best = {}
    for layer in LAYERS:
        for known in DIRECTIONS:
            part = seen[(seen["layer"] == layer).to_numpy() & (direction == known)]
            if known == "unknown":
                part = _all_round(part)
            cells = coverage.cover(ground.grid, viewshed.cast(part, walls), part)
            best[layer, known] = cells["best_px_per_m"].to_numpy()
    counted = {layer: _counted(seen[seen["layer"] == layer]) for layer in LAYERS}
    return Sight(ground, best, counted)


@functools.lru_cache(maxsize=2)
def _ground(store: Store, _map_version: int) -> Ground:
    """The version only makes a new load a new question."""
    city = records.city(store)
    blocks = records.layer(store, "block").to_crs(city.crs)
    if city.outline is not None:
        outline = gpd.GeoSeries([city.outline], crs=records.WGS84).to_crs(city.crs).iloc[0]
    elif len(blocks):
        outline = shapely.union_all(blocks.geometry.to_numpy())
    else:
        raise PorchlightError(
            "There is no map yet: load the city's outline or its blocks (python -m data.load city FILE, "
            "python -m data.load blocks FILE)."
        )
    with store.read() as connection:
        cell_m = settings.policy(connection, "coverage_cell_m")
    west, south, east, north = outline.bounds
    bounds = (west - MARGIN_M, south - MARGIN_M, east + MARGIN_M, north + MARGIN_M)
    grid = Grid.over(bounds, cell_m)
    return Ground(
        grid=grid,
        crs=city.crs,
        in_city=grid.areas([outline]) == 0,
        block_of_cell=grid.areas(blocks.geometry.to_numpy()),
        blocks=pd.DataFrame({"id": blocks["id"].to_numpy(), "name": blocks["name"].to_numpy()}),
    )


def _direction(views: pd.DataFrame) -> NDArray[np.str_]:
    """One of DIRECTIONS for each view; one that looks all round needs none."""
    all_round = views["hfov"] >= 360
    unknown = views["azimuth"].isna() & ~all_round
    stated = views["direction_from"].isin(STATED) | all_round
    return np.select([unknown, stated], ["unknown", "stated"], default="assumed")


def _all_round(views: pd.DataFrame) -> pd.DataFrame:
    """The views as if each looked everywhere at once, as sharply as it does in one direction."""
    detect = np.full(len(views), optics.LEVELS["detect"])
    reach = optics.range_m(detect, views["width_px"].to_numpy(), views["hfov"].to_numpy())
    wide = views.assign(azimuth=0.0, hfov=360.0, range_m=np.minimum(reach, optics.MAX_RANGE_M))
    # Without a width the sharpness follows from the range, which is that of the real lens.
    return wide.drop(columns="width_px")


def _counted(views: pd.DataFrame) -> Counted:
    """Devices, not views: one with two directions is one camera, and counts if one of them counts."""
    direction = _direction(views)
    unknown, stated = direction == "unknown", direction == "stated"
    of = views["id"]
    devices = of.nunique()
    count = of[stated].nunique()
    without = of[unknown & ~of.isin(of[~unknown])].nunique()
    return Counted(
        listed=devices,
        stated=count,
        assumed=devices - count - without,
        unknown=without,
        assumed_optics=of[stated & views["assumed_optics"]].nunique(),
    )


def _placed(cameras: pd.DataFrame, crs: str) -> pd.DataFrame:
    to_metres = Transformer.from_crs(records.WGS84, crs, always_xy=True)
    x, y = to_metres.transform(cameras["lon"].to_numpy(), cameras["lat"].to_numpy())
    return cameras.assign(x=x, y=y)


def _incident_cells(store: Store, ground: Ground, since: date, until: date) -> tuple[NDArray[np.int64], int]:
    """The cells in which the incidents of the period happened, and how many lie outside the grid."""
    zone = records.city(store).zone
    first = datetime.combine(since, time.min, zone).astimezone(UTC)
    after = datetime.combine(until + timedelta(days=1), time.min, zone).astimezone(UTC)
    incidents = records.incidents(store, first, after)
    placed = _placed(incidents, ground.crs)
    cells = ground.grid.index_of(placed[["x", "y"]].to_numpy())
    return cells[cells >= 0], int((cells < 0).sum())


def _by_block(ground: Ground, resolved: NDArray[np.bool_], cells: NDArray[np.int64]) -> pd.DataFrame:
    """Incidents, incidents in view and ground in view, a row per block."""
    count = len(ground.blocks)
    held = ground.block_of_cell >= 0
    of_incident = ground.block_of_cell[cells]
    in_block = of_incident >= 0
    cells_held = np.bincount(ground.block_of_cell[held], minlength=count)
    covered = np.bincount(ground.block_of_cell[held], weights=resolved[held], minlength=count)
    table = ground.blocks.assign(
        incidents=np.bincount(of_incident[in_block], minlength=count),
        in_view=np.bincount(of_incident[in_block], weights=resolved[cells][in_block], minlength=count).astype(
            int
        ),
        ground_in_view=np.divide(covered, cells_held, out=np.full(count, np.nan), where=cells_held > 0),
    )
    return table.set_index("id")


def _crime(ground: Ground, cells: NDArray[np.int64]) -> tuple[Grid, NDArray[np.int64]]:
    """Incidents counted on a coarser grid, for the map."""
    coarse = Grid.over(ground.grid.bounds, CRIME_CELL_M)
    centres = ground.grid.centres()[cells]
    return coarse, np.bincount(coarse.index_of(centres), minlength=len(coarse))
