"""Coverage of a large city: from the records to every figure of the page, and after each change of a filter.

    python -m benchmarks.coverage [--store DUCKDB_FILE --key KEY_FILE] [--small]

Without --store it makes a large synthetic city in a temporary folder first, which takes about a minute and is not
counted; a file that is named is copied. Every part runs in a process of its own, so that none finds what another
has worked out, and its peak of memory is its own.

- Cold: a fresh process that opens the store and works out everything that the page shows at first: the sentence,
  the figures, the gaps of every block with their ranks, the tables, and the picture of the map as the browser gets
  it. Once with numba's compiled code on disk, as after the first start of a server, and once without.
- Changes: then a seeded walk through the filters, one changed at a time, and all of the page again after each.
- Freshness: cameras are registered, turned and withdrawn in the records, and the page is asked for again.
- Area: the ground in view, cell by cell, beside the area of the union of the exact polygons.
- Beside others: the same question for a part of the city, asked of geopandas and of DuckDB's spatial extension.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import duckdb
import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import sqlalchemy as sa
from pyproj import Transformer

from analytics import optics, sightlines, viewshed
from analytics.geometry import MOUNT_TOLERANCE_M, WallIndex
from analytics.grid import Grid
from analytics.vicinity import Vicinity, radius_of
from benchmarks.viewshed import Scene, arc, shadows
from data import records, schema, settings
from data.offences import GROUPS
from data.store import default_store
from pages.ui import coverage_layers, maps
from tests import people
from workflow import city_map, coverage, coverage_map, coverage_words, gap_tables, identity
from workflow import sight as sights
from workflow.coverage import Answer, Question
from workflow.sight import COUNTED, LAYERS, STANDINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from data.store import Store
    from workflow.identity import Actor
    from workflow.sight import Sight

    Floats = NDArray[np.float64]
    Geometries = NDArray[np.object_]

CHANGES = 100
FRESH = 10  # cameras that come, turn and go
TRIES = 3  # of each way
SHIFTS = 8  # other places for the grid to begin at
SEED = 0
COLOURS = list(maps.LEVEL_COLOURS["light"].values())


# The page -------------------------------------------------------------------------------------


@dataclass
class Laps:
    """Seconds by what they were spent on; a list each, since the same is done again and again."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    last: float = field(default_factory=time.perf_counter)

    def done(self, what: str) -> None:
        """What has taken since the last one."""
        now = time.perf_counter()
        self.seconds[what].append(now - self.last)
        self.last = now


def page(actor: Actor, question: Question, laps: Laps) -> Answer:
    """Everything that the page of Coverage shows for a question, in the order in which it does."""
    laps.last = started = time.perf_counter()
    found = coverage.answer(actor, question)
    laps.done("the answer")
    table = gap_tables.gap_table(found, "block")
    laps.done("gaps of every block, ranked")
    coverage_words.sentence(found)
    coverage_words.figures(found)
    coverage_words.caveats(found)
    coverage_words.gaps_shown(table, found)
    coverage_words.counted_table(found)
    coverage_words.ground_table(found)
    laps.done("words and tables")
    codes = coverage_map.level_codes(found.ground, found.seen[found.main_light])
    coverage_layers.painted(found.ground.grid, codes, COLOURS, found.ground.crs)
    laps.done("picture of the map")
    laps.seconds["all of the page"].append(laps.last - started)
    return found


def person(store: Store) -> Actor:
    """Somebody of the command staff."""
    return next(one for one in identity.demo_people(store=store) if one.role == "command")


def first_question(store: Store) -> Question:
    """What the page asks when it is opened: the last year, by day and night, to see what happens."""
    span = coverage.period(store=store)
    if span is None:
        raise SystemExit("The store has no incidents.")
    return Question(span[1] - timedelta(days=364), span[1])


def cold(_: int) -> None:
    """The page once, step by step."""
    began = time.perf_counter()
    store = default_store()
    actor, question = person(store), first_question(store)
    print(f"    {'opening the store':<36} {time.perf_counter() - began:6.2f} s")
    laps = Laps()
    sights.sight(store)
    laps.done("ground, walls and lines of sight")
    coverage.crimes(store)
    laps.done("incidents and what is around them")
    page(actor, question, laps)
    laps.seconds.pop("all of the page")
    for what, (seconds,) in laps.seconds.items():
        print(f"    {what:<36} {seconds:6.2f} s")
    print(f"    Peak of memory: {peak_gb():.2f} GB.", flush=True)


def peak_gb() -> float:
    """The most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


# Changes --------------------------------------------------------------------------------------


def walk(question: Question, first_question: Question, random: np.random.Generator) -> tuple[str, Question]:
    """The question with one filter changed, and which."""

    def some(of: Mapping[str, object]) -> frozenset[str]:
        names = list(of)
        return frozenset(random.choice(names, random.integers(1, len(names) + 1), replace=False).tolist())

    def days() -> dict[str, object]:
        until = first_question.until - timedelta(days=int(random.integers(0, 365)))
        return {"until": until, "since": until - timedelta(days=int(random.integers(6, 4 * 365)))}

    ways: dict[str, Callable[[], dict[str, object]]] = {
        "level": lambda: {"level": str(random.choice(list(optics.LEVELS)))},
        "light": lambda: {"light": str(random.choice(list(coverage.LIGHTS)))},
        "cameras": lambda: {"layers": some(LAYERS)},
        "directions": lambda: {"standings": some({k: v for k, v in STANDINGS.items() if k != "unknown"})},
        "offences": lambda: {"groups": some(GROUPS)},
        "hours": lambda: {"hours": tuple(random.integers(0, 24, 2).tolist())},
        "period": days,
    }
    which = str(random.choice(list(ways)))
    while True:
        changed = replace(question, **ways[which]())
        if changed != question:
            return which, changed


def changes(count: int) -> None:
    """A walk through the filters, and how long the page takes after each step."""
    store = default_store()
    actor, first = person(store), first_question(store)
    page(actor, first, Laps())
    laps, random, question = Laps(), np.random.default_rng(SEED), first
    by_filter, processor = defaultdict(list), []
    for _ in range(count):
        which, question = walk(question, first, random)
        before = time.process_time()
        page(actor, question, laps)
        processor.append(time.process_time() - before)
        by_filter[which].append(laps.seconds["all of the page"][-1])
    print(f"    {'milliseconds':<36} {'p50':>6} {'p95':>6} {'most':>6} {'changes':>8}")
    rows = {
        **laps.seconds,
        **{f"  of these: {name}": seconds for name, seconds in sorted(by_filter.items())},
        "processor, both cores together": processor,
    }
    for what, seconds in rows.items():
        p50, p95 = np.percentile(seconds, [50, 95]) * 1000
        print(f"    {what:<36} {p50:6.0f} {p95:6.0f} {max(seconds) * 1000:6.0f} {len(seconds):>8}")
    print(f"    Peak of memory: {peak_gb():.2f} GB.", flush=True)


# Freshness ------------------------------------------------------------------------------------


def freshness(count: int) -> None:
    """How long after a commit the page tells of it, and how many views were cast anew for that."""
    store = default_store()
    actor, question = person(store), first_question(store)
    before = page(actor, question, Laps()).counted["community"].listed
    random = np.random.default_rng(SEED)
    seconds, cast, cameras = defaultdict(list), defaultdict(list), []

    def tell(what: str, act: Callable[[], object], listed: int) -> None:
        act()
        with mock.patch.object(sightlines, "trace", wraps=sightlines.trace) as traced:
            laps = Laps()
            found = page(actor, question, laps)
        seconds[what].append(laps.seconds["all of the page"][0])
        cast[what].append(sum(len(call.args[1]) for call in traced.call_args_list))
        if found.counted["community"].listed != listed:
            raise AssertionError(f"{what}: the page does not tell of it")

    for _ in range(count):
        east, north = random.uniform(-400, 400, 2)
        azimuth = float(random.uniform(0, 360))
        tell(
            "registered",
            lambda: cameras.append(people.register_camera(store, east, north, azimuth)),  # noqa: B023 - at once
            before + len(cameras) + 1,
        )
    for camera in cameras:
        tell("turned", lambda: turn(store, camera), before + count)  # noqa: B023 - called at once
    for gone, camera in enumerate(cameras, start=1):
        tell("withdrawn", lambda: people.withdraw(store, camera, "list"), before + count - gone)  # noqa: B023
    print(f"    {'':<12} {'p50':>8} {'most':>8} {'views cast anew':>18}")
    for what, taken in seconds.items():
        print(f"    {what:<12} {np.median(taken):6.2f} s {max(taken):6.2f} s {max(cast[what]):>18,}")
    sys.stdout.flush()


def turn(store: Store, camera_id: str) -> None:
    """Its owner has it look a quarter farther round."""
    camera = schema.camera
    store.write(
        lambda connection: connection.execute(
            sa.update(camera).where(camera.c.id == camera_id).values(azimuth=(camera.c.azimuth + 90) % 360)
        )
    )


# A part of the city ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Part:
    """A square in the middle of the city: what counts there by day, and what happened there."""

    views: pd.DataFrame  # views that count, with the range at the level asked for
    buildings: Geometries  # within reach of any of them
    bounds: tuple[float, float, float, float]
    points: Floats  # published places of the incidents of the year, by day
    weight: Floats
    held: Sight
    positions: NDArray[np.int64]  # of the views, in `held`

    @classmethod
    def of(cls, store: Store, cameras: int, level: str) -> Part:
        """The square that holds about so many of the views that count."""
        actor = person(store)
        found = coverage.answer(actor, replace(first_question(store), level=level, light="day"))
        held = found.sight
        counts = np.flatnonzero(held.counting(found.at, LAYERS, COUNTED))
        places = held.views[["x", "y"]].to_numpy()[counts]
        middle = np.median(places, axis=0)
        away = np.abs(places - middle).max(axis=1)
        half = np.sort(away)[min(cameras, len(away)) - 1]
        positions = counts[away <= half]
        views = at_level(held, positions, level)
        bounds = (*(middle - half), *(middle + half))
        buildings = city_map.footprints(store=store)
        reach = shapely.box(*bounds).buffer(views["range_m"].max())
        happened = records.incidents(store).iloc[found.chosen.number]
        to_metres = Transformer.from_crs(records.WGS84, found.ground.crs, always_xy=True)
        points = np.column_stack(to_metres.transform(happened["lon"], happened["lat"]))
        inside = (np.abs(points - middle) <= half).all(axis=1)
        return cls(
            views.reset_index(drop=True),
            buildings.polygons[np.sort(buildings.tree.query(reach))],
            bounds,
            points[inside],
            found.chosen.weight[inside],
            held,
            positions,
        )


def at_level(held: Sight, positions: NDArray[np.int64], level: str) -> pd.DataFrame:
    """Some views, with the range at which they resolve a level by day."""
    views = held.views.iloc[positions]
    metres = optics.range_m(held.levels[level], views["width_px"].to_numpy(), views["hfov"].to_numpy())
    return views.assign(range_m=np.minimum(metres, views["range_m"].to_numpy()))


# Area -----------------------------------------------------------------------------------------


def area(cameras: int) -> None:
    """Cells against exact polygons, at each level, for the views that count (or so many of them).

    Samples stand 2.5 metres apart, so how many fall into a shape depends on where the grid begins: it is tried
    in other places too, since only an error that stays on average would be one of the method.
    """
    store, random = default_store(), np.random.default_rng(SEED)
    part = Part.of(store, cameras, "detect")
    held, walls, everybody = part.held, sights.walls(store), np.ones(len(part.views), dtype=bool)
    here = held.ground.grid
    seen = [held.lines.of(part.positions).seen(everybody)]
    for shift in random.uniform(0, here.cell, (SHIFTS, 2)):
        rows, columns = here.shape
        grid = Grid(tuple(here.origin - shift), here.cell, (rows + 1, columns + 1))
        lines = sightlines.trace(grid, viewshed.cast(part.views, walls), part.views, held.levels)
        seen.append(lines.seen(everybody))
    print(f"    {len(part.views):,} views; the grid in its place, and shifted {SHIFTS} times")
    print(
        f"    {'':<10} {'union of polygons':>20} {'cells':>16} {'off':>8} "
        f"{'shifted, mean':>14} {'spread':>8} {'views added up':>15}"
    )
    for level in optics.LEVELS:
        polygons = viewshed.cast(at_level(held, part.positions, level), walls).polygons().to_numpy()
        exact = shapely.intersection(shapely.union_all(polygons), shapely.box(*here.bounds)).area
        samples = [np.bitwise_count(one.samples(level)).sum(dtype=np.int64) for one in seen]
        cells, *shifted = np.array(samples) * held.ground.sample_m2
        off = np.array(shifted) / exact - 1
        print(
            f"    {level:<10} {exact:>17,.0f} m2 {cells:>13,.0f} m2 {cells / exact - 1:>+8.3%} "
            f"{off.mean():>+14.3%} {off.std():>8.3%} {shapely.area(polygons).sum() / exact:>9.2f} times",
            flush=True,
        )


# Beside others --------------------------------------------------------------------------------


def ours(part: Part, level: str, error_m: float, laps: Laps) -> float:
    """As the page works it out: shares of the public ground around each published place, over all incidents."""
    walls = WallIndex.of(viewshed.walls_of(part.buildings))
    west, south, east, north = part.bounds
    margin = part.views["range_m"].max() + radius_of(error_m)
    cell = part.held.ground.grid.cell
    grid = Grid.over((west - margin, south - margin, east + margin, north + margin), cell)
    public = ~grid.samples(part.buildings)
    lines = sightlines.trace(grid, viewshed.cast(part.views, walls), part.views, part.held.levels)
    laps.done("views")
    seen = lines.seen(np.ones(len(part.views), dtype=bool))
    laps.done("union")
    around = Vicinity.of(grid, part.points, radius_of(error_m), public)
    share = np.average(around.share(seen, level), weights=part.weight)
    laps.done("incidents")
    return float(share)


def with_shapely(part: Part, laps: Laps) -> float:
    """Sectors less the shadows of walls with shapely; the union, and what happened in it, with geopandas."""
    walls = viewshed.walls_of(part.buildings)
    views = gpd.GeoSeries(shadows(Scene.of(part.views, part.buildings, walls)))
    laps.done("views")
    return _joined(part, views, laps)


def with_overlay(part: Part, laps: Laps) -> float:
    """Sectors less buildings by geopandas' overlay: no shadows, so a camera sees through houses."""
    sectors = [shapely.Polygon([(c.x, c.y), *arc(c, 64)]).buffer(0) for c in part.views.itertuples()]
    houses = gpd.GeoDataFrame(geometry=part.buildings)
    views = gpd.overlay(gpd.GeoDataFrame(geometry=sectors), houses, how="difference", keep_geom_type=True)
    laps.done("views")
    return _joined(part, views.geometry, laps)


def _joined(part: Part, views: gpd.GeoSeries, laps: Laps) -> float:
    """The share of the weight of the incidents whose published place lies in the union of views."""
    in_view = gpd.GeoDataFrame(geometry=gpd.GeoSeries([views.union_all()]).explode(ignore_index=True))
    laps.done("union")
    incidents = gpd.GeoDataFrame({"weight": part.weight}, geometry=gpd.points_from_xy(*part.points.T))
    seen = gpd.sjoin(incidents, in_view, predicate="within")
    laps.done("incidents")
    return float(seen["weight"].sum() / part.weight.sum())


VIEWS = """
CREATE TABLE view AS
WITH wall_near AS (
    SELECT c.*, w.x0 - c.x AS x0, w.y0 - c.y AS y0, w.x1 - c.x AS x1, w.y1 - c.y AS y1,
        ST_Distance(w.line, c.place) AS metres
    FROM camera c JOIN wall w ON ST_Intersects(w.line, c.around)
), shadow AS (
    SELECT *, 2 * range_m / metres + 1 AS far
    FROM wall_near WHERE metres <= range_m AND metres > $tolerance
), hidden AS (
    SELECT id, ST_Union_Agg(ST_MakePolygon(ST_MakeLine([
        ST_Point(x + x0, y + y0), ST_Point(x + x1, y + y1), ST_Point(x + x1 * far, y + y1 * far),
        ST_Point(x + x0 * far, y + y0 * far), ST_Point(x + x0, y + y0)]))) AS area
    FROM shadow GROUP BY id
), sector AS (
    SELECT id, place, ST_MakePolygon(ST_MakeLine(list_concat(
        CASE WHEN hfov < 360 THEN [place] ELSE [] END,
        list_transform(range(0, 129), lambda k: ST_Point(
            x + range_m * sin(radians(azimuth - hfov / 2 + hfov * (k % CASE WHEN hfov < 360 THEN 129 ELSE 128 END) / 128)),
            y + range_m * cos(radians(azimuth - hfov / 2 + hfov * (k % CASE WHEN hfov < 360 THEN 129 ELSE 128 END) / 128)))),
        CASE WHEN hfov < 360 THEN [place] ELSE [] END))) AS area
    FROM camera
)
SELECT sector.id, CASE WHEN hidden.area IS NULL THEN sector.area
    ELSE ST_Difference(sector.area, hidden.area) END AS area
FROM sector LEFT JOIN hidden USING (id)
"""
UNION = "CREATE TABLE in_view AS SELECT unnest(ST_Dump(ST_Union_Agg(area))).geom AS area FROM view"
INCIDENTS = """
SELECT sum(weight) / (SELECT sum(weight) FROM incident)
FROM incident JOIN in_view ON ST_Contains(in_view.area, incident.place)
"""


def with_duckdb(part: Part, laps: Laps) -> float:
    """All of it in SQL, shadows too, by DuckDB's spatial extension."""
    connection = duckdb.connect()
    connection.execute(f"LOAD '{spatial_extension()}'")
    cameras = part.views[["x", "y", "azimuth", "hfov", "range_m"]].reset_index(names="id")
    walls = pd.DataFrame(viewshed.walls_of(part.buildings), columns=["x0", "y0", "x1", "y1"])
    incidents = pd.DataFrame({"x": part.points[:, 0], "y": part.points[:, 1], "weight": part.weight})
    for name, frame, geometry in (
        ("camera", cameras, "ST_Point(x, y) AS place, ST_Buffer(ST_Point(x, y), range_m * 1.01) AS around"),
        ("wall", walls, "ST_MakeLine(ST_Point(x0, y0), ST_Point(x1, y1)) AS line"),
        ("incident", incidents, "ST_Point(x, y) AS place"),
    ):
        connection.register("given", frame)
        connection.execute(f"CREATE TABLE {name} AS SELECT *, {geometry} FROM given")
    connection.execute(VIEWS, {"tolerance": MOUNT_TOLERANCE_M})
    laps.done("views")
    connection.execute(UNION)
    laps.done("union")
    (share,) = connection.execute(INCIDENTS).fetchone()
    laps.done("incidents")
    return share


def spatial_extension() -> Path:
    """The extension as its wheel brings it, so that nothing is downloaded."""
    import duckdb_extension_spatial  # noqa: PLC0415 - it may not be installed

    folder = Path(duckdb_extension_spatial.__file__).parent
    return folder / "extensions" / f"v{duckdb.__version__}" / "spatial.duckdb_extension"


def peers(cameras: int) -> None:
    """The same question for a part of the city by every way, and the share that each finds."""
    store, level = default_store(), "observe"
    part = Part.of(store, cameras, level)
    with store.read() as connection:
        error_m = settings.policy(connection, "location_error_m")
    viewshed.warm()
    ours(part, level, error_m, Laps())  # compiles, or reads back
    polygons = viewshed.cast(part.views, sights.walls(store)).polygons().to_numpy()
    in_view = shapely.union_all(polygons)
    shapely.prepare(in_view)
    exact = part.weight[shapely.contains_xy(in_view, *part.points.T)].sum() / part.weight.sum()
    print(
        f"    {len(part.views):,} views that count, {len(part.buildings):,} buildings, "
        f"{len(part.points):,} incidents by day. Share of their harm in view: {exact:.2%} of published places"
        " lie in the union of the exact polygons."
    )
    every = int(part.held.counting(datetime.now(UTC), LAYERS, COUNTED).sum())
    print(
        f"    {'seconds':<42} {'views':>7} {'union':>7} {'incidents':>9} {'all':>7} {'ms a view':>9} "
        f"{'ours is':>8} {f'all {every:,}':>12} {'share':>7}"
    )
    ways: dict[str, Callable[[Laps], float]] = {
        f"ours, places rough by {error_m:g} m": lambda laps: ours(part, level, error_m, laps),
        "ours, places exact to their cell": lambda laps: ours(part, level, 0, laps),
        "geopandas, shapely's shadows": lambda laps: with_shapely(part, laps),
        "geopandas, sectors less buildings": lambda laps: with_overlay(part, laps),
        "DuckDB spatial, shadows in SQL": lambda laps: with_duckdb(part, laps),
    }
    fastest = None
    for name, way in ways.items():
        tries = []
        try:
            for _ in range(TRIES):
                laps = Laps()
                share = way(laps)
                tries.append([laps.seconds[what][0] for what in ("views", "union", "incidents")])
        except ImportError:
            print(f"    {name}: left out, not installed (requirements-bench.txt)")
            continue
        seconds = min(tries, key=sum)  # what else the machine does only ever adds
        total = sum(seconds)
        fastest = fastest or total
        print(
            f"    {name:<42} {seconds[0]:7.2f} {seconds[1]:7.2f} {seconds[2]:9.2f} {total:7.2f} "
            f"{total / len(part.views) * 1000:9.3f} {total / fastest:8.1f} "
            f"{total / len(part.views) * every:10.1f} s {share:7.2%}",
            flush=True,
        )


# All of it ------------------------------------------------------------------------------------


def large_city(folder: Path, *, size: str) -> tuple[Path, Path]:
    """A synthetic city in a file of its own, and its key."""
    file, key = folder / f"{size}.duckdb", folder / f"{size}.key"
    command = [sys.executable, "-m", "data.synthetic", *(["--large"] if size == "large" else [])]
    subprocess.run(command, env=os.environ | _store(file, key), check=True)
    return file, key


def _store(file: Path, key: Path) -> dict[str, str]:
    return {"DATABASE_URL": f"duckdb:///{file}", "PORCHLIGHT_KEY_FILE": str(key)}


def alone(part: str, count: int, environment: dict[str, str]) -> float:
    """One part in a process of its own; how long that took from its start to its end."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "benchmarks.coverage", "--part", part, str(count)]
    subprocess.run(command, env=os.environ | environment, check=True)
    return time.perf_counter() - started


def main() -> None:
    """Make or copy the city, then each part in a process of its own."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--store", type=Path, help="a DuckDB file with a large synthetic city; it is copied")
    parser.add_argument("--key", type=Path, help="its key file")
    parser.add_argument("--small", action="store_true", help="the synthetic town, for a quick look")
    parser.add_argument("--part", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        name, count = options.part
        PARTS[name](int(count))
        return
    if (options.store is None) != (options.key is None):
        parser.error("--store and --key go together")
    with tempfile.TemporaryDirectory() as name:
        run(Path(name), options)


PARTS: dict[str, Callable[[int], None]] = {
    "cold": cold,
    "changes": changes,
    "freshness": freshness,
    "area": area,
    "peers": peers,
}


def run(folder: Path, options: argparse.Namespace) -> None:
    """Every part, and what it is."""
    town = _store(*large_city(folder, size="town"))
    if options.small:
        city = town
    elif options.store:
        city = _store(Path(shutil.copy(options.store, folder)), Path(shutil.copy(options.key, folder)))
    else:
        city = _store(*large_city(folder, size="large"))
    print("Cold, compiled code not on disk yet:")
    fresh = {"NUMBA_CACHE_DIR": str(folder / "numba")}
    print(
        f"    From the start of the process to its end: {alone('cold', 0, city | fresh):.1f} s.", flush=True
    )
    print("Cold, compiled code on disk:")
    print(
        f"    From the start of the process to its end: {alone('cold', 0, city | fresh):.1f} s.", flush=True
    )
    print("Changes of a filter:", flush=True)
    alone("changes", CHANGES, city | fresh)
    print("Freshness:", flush=True)
    alone("freshness", FRESH, city | fresh)
    print("Area, of the synthetic town:", flush=True)
    alone("area", 100_000, town | fresh)
    if not options.small:
        print("Area, of a part of the large city:", flush=True)
        alone("area", 20_000, city | fresh)
    print("Beside others:", flush=True)
    alone("peers", 300 if options.small else 5_000, city | fresh)


if __name__ == "__main__":
    main()
