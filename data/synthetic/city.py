"""A whole synthetic city: every table as a frame, from a seed alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
import shapely
import shapely.affinity
from pyproj import Transformer

from data.errors import PorchlightError
from data.synthetic import blocks, buildings, history, incidents, layout, registry, streets

NAME, TIMEZONE, CRS = "Carrollton", "America/New_York", "EPSG:32616"
LONGITUDE, LATITUDE = -85.08, 33.58  # of the square
UNTIL = date(2026, 11, 1)  # where nobody says when the history ends, it always ends here
SEED = 7


@dataclass(frozen=True)
class Size:
    """How much of everything."""

    tiles: int  # towns side by side, `tiles` in each direction
    incidents: int
    owners: int
    cameras: int
    city_cameras: int
    plate_readers: int
    lookups: int
    requests: int


SIZES = {
    "town": Size(1, 12_000, 400, 900, 60, 30, 1_200, 1_800),
    "large": Size(3, 1_000_000, 44_000, 100_000, 540, 270, 12_000, 18_000),
}
TILE_METRES = 11_500.0


@dataclass(frozen=True)
class City:
    """Every table of a synthetic city as a frame, with what is sealed in the store still in clear.

    Geometry is shapely's, in metres of `CRS`; points have ``lon`` and ``lat`` (WGS 84) and ``x`` and ``y``
    (metres). Frames hold the columns of their tables and a few more that later steps of the making need.
    """

    seed: int
    size: str
    until: date  # the history ends as this day begins, in the city's time zone
    outline: shapely.Geometry
    districts: pd.DataFrame
    blocks: pd.DataFrame
    streets: pd.DataFrame
    buildings: pd.DataFrame
    incidents: pd.DataFrame
    staff: pd.DataFrame
    owners: pd.DataFrame
    sites: pd.DataFrame
    cameras: pd.DataFrame
    consents: pd.DataFrame
    agency_cameras: pd.DataFrame
    lookups: pd.DataFrame
    lookup_cameras: pd.DataFrame
    footage_requests: pd.DataFrame
    evidence_outcomes: pd.DataFrame


def generate(seed: int = SEED, size: str = "town", until: date = UNTIL) -> City:
    """The synthetic city of a seed; the same arguments give the same frames.

    `size` is "town" (Carrollton as it might be: 27,000 people) or "large" (nine such towns with a million
    incidents and 100,000 cameras, for benchmarks). Uses no clock and no database.
    """
    if size not in SIZES:
        raise PorchlightError(f"There is no size '{size}': choose one of {', '.join(SIZES)}.")
    if seed < 0:
        raise PorchlightError("A seed is a whole number from 0 on.")
    how_much = SIZES[size]
    rng = np.random.default_rng(seed)
    outline, district, block, street, building = _ground(how_much.tiles, rng)
    end = pd.Timestamp(until, tz=TIMEZONE)
    incident = _located(
        incidents.incidents(street, block, building, count=how_much.incidents, end=end, rng=rng)
    )
    people = registry.staff(rng)
    owner, site = registry.owners(building, block, count=how_much.owners, end=end, rng=rng)
    camera = _located(registry.cameras(owner, site, building, count=how_much.cameras, end=end, rng=rng))
    consent = registry.consents(camera, end=end, rng=rng)
    agency = registry.agency_cameras(
        street, city=how_much.city_cameras, readers=how_much.plate_readers, end=end, rng=rng
    )
    done = history.history(
        incident,
        people,
        owner,
        camera,
        consent,
        count=how_much.lookups,
        requests=how_much.requests,
        end=end,
        rng=rng,
    )
    return City(
        seed=seed,
        size=size,
        until=until,
        outline=outline,
        districts=district,
        blocks=block,
        streets=street,
        buildings=building,
        incidents=incident,
        staff=people,
        owners=owner,
        sites=site,
        cameras=camera,
        consents=consent,
        agency_cameras=_located(agency),
        **done,
    )


def _ground(
    tiles: int, rng: np.random.Generator
) -> tuple[shapely.Geometry, pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Outline, districts, blocks, streets and buildings of `tiles` times `tiles` towns, in metres of `CRS`."""
    origin = Transformer.from_crs("EPSG:4326", CRS, always_xy=True).transform(LONGITUDE, LATITUDE)
    outlines = []
    frames: list[tuple[pd.DataFrame, ...]] = []
    last = (0, 0, 0, 0)
    for place in range(tiles * tiles):
        offset = (np.array([place % tiles, place // tiles]) - (tiles - 1) / 2) * TILE_METRES + origin
        sketch = layout.draw(rng)
        street = streets.segments(sketch, sketch.lines + streets.fill(sketch, rng))
        # A generator of its own: whether a street is lit changes no draw of what follows.
        street["lit"] = streets.lit(street, rng.spawn(1)[0])
        block = blocks.blocks(sketch, street)
        building = buildings.buildings(sketch, street, block, rng)
        block["population"] = buildings.population(block, building)
        district = blocks.districts(block)
        outlines.append(shapely.union_all(block["geometry"].to_numpy(), grid_size=streets.PRECISION))
        outlines[-1] = shapely.affinity.translate(outlines[-1], *offset)
        for frame in (district, block, street, building):
            frame["geometry"] = shapely.transform(frame["geometry"].to_numpy(), lambda xy, by=offset: xy + by)
        building[["x", "y"]] += offset
        district["id"] += last[0]
        block[["id", "district_id"]] += [last[1], last[0]]
        street["id"] += last[2]
        building[["id", "block_id", "street"]] += [last[3], last[1], last[2]]
        last = (district["id"].max(), block["id"].max(), street["id"].max(), building["id"].max())
        if tiles > 1:
            district["code"] = district["id"].astype(str)
            district["name"] = district["name"] + f" {place + 1}"
            block["code"] = f"{place + 1}-" + block["code"]
        frames.append((district, block, street, building))
    joined = [pd.concat(parts, ignore_index=True) for parts in zip(*frames, strict=True)]
    return shapely.union_all(outlines), joined[0], joined[1], joined[2], joined[3]


def _located(frame: pd.DataFrame) -> pd.DataFrame:
    """With ``lon`` and ``lat`` for ``x`` and ``y``, to a tenth of a metre."""
    lon, lat = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True).transform(frame["x"], frame["y"])
    return frame.assign(lon=np.round(lon, 6), lat=np.round(lat, 6))
