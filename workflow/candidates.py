"""Which cameras may hold footage of a place and a time, and in which order to ask.

First what sees the place: the clearest first, among these the likeliest to have footage of it, then the
nearest. Then what may see it, where nobody stated the direction; then what stands near. What has been
overwritten comes last.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely
from pyproj import Transformer

from analytics import footage, optics, viewshed
from data import records
from workflow import chances

if TYPE_CHECKING:
    from collections.abc import Iterable

    import geopandas as gpd
    import sqlalchemy as sa
    from numpy.typing import NDArray

    from workflow import city_map
    from workflow.chances import Footage
    from workflow.places import Place

# Published and typed places are rarely better than this, so a camera is judged by how much of the
# ground within it the camera sees, and not by one exact point.
PLACE_ERROR_M = 20.0
SAMPLE_POINTS = 60

# Only a camera that shows what happens at the place counts for the chance that there is footage of it.
CHANCE_LEVEL = "observe"

SOON_HOURS = 96  # until then one counts hours, afterwards days
URGENT_HOURS = 24

LEVEL_WORDS = {
    None: "but too far away to make anything out",
    "detect": "well enough to tell that something moves",
    "observe": "well enough to see what happens",
    "recognise": "clearly enough to recognise somebody one knows",
    "identify": "clearly enough to identify a stranger",
}


@dataclass(frozen=True)
class Candidate:
    """A camera that may have seen it, and why it stands where it stands in the list."""

    camera_id: str
    layer: str  # community, city, alpr
    kind: str
    name: str | None  # of a city camera; a private one has none
    lon: float
    lat: float
    azimuth: float | None
    hfov: float
    range_m: float
    distance_m: float
    # Of the ground around the place; None where it might be in view, but nobody stated the direction.
    share_in_view: float | None
    px_per_m: float  # at the place
    hours_left: float | None  # until the footage is overwritten; None where nobody stated how long it is kept
    may_be_asked: bool
    view: tuple[
        tuple[float, float], ...
    ]  # outline of what it sees, longitude and latitude; empty where unknown
    open_in_view: float  # of the open ground around the place, without the insides of buildings
    # Which of the points of that open ground it shows well enough to see what happens.
    shows: tuple[bool, ...]
    direction_assumed: bool
    footage: Footage

    @property
    def title(self) -> str:
        """What kind of camera it is, and what the city calls it."""
        label = optics.KINDS[self.kind].label
        return f"{label} {self.name}" if self.name else label

    @property
    def urgency(self) -> str:
        """How long the footage is still there."""
        if self.hours_left is None:
            return "Nobody stated how long footage is kept"
        if self.hours_left <= 0:
            return "Footage has probably been overwritten"
        if self.hours_left < 1:
            return "Footage will be overwritten within the hour"
        if self.hours_left < SOON_HOURS:
            return f"Footage will be overwritten in {self.hours_left:.0f} h"
        return f"Footage will be overwritten in {self.hours_left / 24:.0f} days"

    @property
    def may_have_seen(self) -> bool:
        """Whether it sees the place, or may, and the footage may still be there."""
        return self.share_in_view != 0 and (self.hours_left is None or self.hours_left > 0)

    @property
    def is_urgent(self) -> bool:
        """Whether the footage is still there, but not for long."""
        return self.hours_left is not None and 0 < self.hours_left < URGENT_HOURS

    @property
    def level(self) -> str | None:
        """The best level at which the camera resolves the place, if any."""
        reached = [name for name, pixels in optics.LEVELS.items() if self.px_per_m >= pixels]
        return reached[-1] if reached else None

    @property
    def why(self) -> str:
        """In one line, why this camera stands where it stands."""
        if self.share_in_view is None:
            return "Nobody stated which way it looks, so it may or may not see the place"
        if not self.share_in_view:
            return "Does not see the place, but somebody may have passed it on the way"
        how_much = (
            "most" if self.share_in_view > 2 / 3 else "part" if self.share_in_view > 1 / 5 else "the edge"
        )
        if_so = ", if it looks the way that was assumed" if self.direction_assumed else ""
        return f"Sees {how_much} of the place, {LEVEL_WORDS[self.level]}{if_so}"

    @property
    def chance_words(self) -> str | None:
        """The chance that its footage can be had, with its factors; None where it cannot."""
        if not self.footage.chance:
            return None
        if self.share_in_view is None:
            return f"If it looks that way, chance of footage {self.footage.words()}"
        if not self.open_in_view:  # it looks elsewhere, or at the inside of a building
            return f"Chance of footage of its own view {self.footage.words()}"
        return f"Chance of footage {self.footage.words(self.open_in_view)}"


@dataclass(frozen=True)
class AnyFootage:
    """The chance that at least one of some cameras has footage of the place."""

    cameras: int  # that show at least a part of it, and may have footage
    chance: float
    low: float
    high: float

    @property
    def words(self) -> str:
        r"""The chance with its range.

        >>> print(AnyFootage(3, 0.937, 0.85, 0.98).words.replace("\u00a0", " "))
        Chance that at least one camera has footage: about 94 % (range 85 to 98 %)
        """
        if not self.cameras:
            return "No camera known to show what happens there has footage that can be asked for"
        middle, low, high = (
            chances.percent(share, self.low, self.high) for share in (self.chance, self.low, self.high)
        )
        span = f"{low.removesuffix(chances.PER_CENT)} to {high}"
        return f"Chance that at least one camera has footage: about {middle} (range {span})"

    @property
    def counted(self) -> str:
        """What the chance counts and assumes.

        >>> AnyFootage(1, 0.5, 0.4, 0.6).counted
        'Counts 1 camera that shows what happens there by day.'
        """
        if self.cameras == 1:
            return "Counts 1 camera that shows what happens there by day."
        return (
            f"Counts {self.cameras} cameras that show what happens there by day, as if each failed on its own. The range "
            "begins with the best of them alone: a power cut or one owner can take all others."
        )


def any_footage(cameras: Iterable[Candidate]) -> AnyFootage:
    """The chance that at least one of these cameras has footage of what happened at the place.

    Where exactly it happened is not known, so the chance is worked out at each point of the open ground around
    the place, from the cameras that show that point, and averaged. Low is that of the best camera at each point with
    all factors at their low ends, high that of all together with all factors at their high ends.
    """
    found = [camera for camera in cameras if any(camera.shows) and camera.footage.chance]
    if not found:
        return AnyFootage(0, 0.0, 0.0, 0.0)
    shows = np.array([camera.shows for camera in found])
    camera, point = np.nonzero(shows)
    number = shows.shape[1]
    chance, low, high = np.array(
        [(each.footage.chance, each.footage.low, each.footage.high) for each in found]
    )[camera].T
    return AnyFootage(
        cameras=len(found),
        chance=float(footage.together(chance, point, number).mean()),
        low=float(footage.best(low, point, number).mean()),
        high=float(footage.together(high, point, number).mean()),
    )


def candidates(
    connection: sa.Connection,
    buildings: city_map.Footprints,
    place: Place,
    radius_m: float,
    when: datetime,
    now: datetime,
) -> list[Candidate]:
    """Every camera within the radius, the likeliest and nearest first."""
    to_metres = Transformer.from_crs(records.WGS84, records.city_of(connection).crs, always_xy=True)
    x, y = to_metres.transform(place.lon, place.lat)
    views = records.camera_views(connection, now, bounds(place, radius_m))
    views["x"], views["y"] = to_metres.transform(views["lon"].to_numpy(), views["lat"].to_numpy())
    views["distance_m"] = np.hypot(views["x"] - x, views["y"] - y)
    views = views[views["distance_m"] <= radius_m].reset_index(drop=True)
    if views.empty:
        return []
    footprints = buildings.near(x, y, radius_m + PLACE_ERROR_M)
    walls = viewshed.walls_of(footprints)
    seen = viewshed.mounted(optics.completed(views, "detect"), footprints)
    unknown = (seen["azimuth"].isna() & (seen["hfov"] < 360)).to_numpy()
    sheds = viewshed.cast(seen, walls, rays=64)
    seen["view"] = _outlines(sheds, to_metres)
    points = _ground(x, y)
    sees = _sees(sheds, points)
    in_open = _in_open(points, footprints)
    seen["share_in_view"] = sees.mean(axis=1)
    seen["open_in_view"] = sees[:, in_open].mean(axis=1)
    # Where nobody stated the direction: could it see the place if it looked that way?
    all_round = optics.completed(views.assign(azimuth=views["azimuth"].fillna(0.0)), "detect").assign(
        hfov=360.0
    )
    could_see = _sees(viewshed.cast(viewshed.mounted(all_round, footprints), walls, rays=8), points).any(
        axis=1
    )
    seen["may_see"] = unknown & could_see
    seen["px_per_m"] = np.where(
        seen["share_in_view"] > 0,
        optics.px_per_m(np.maximum(seen["distance_m"], 1.0), seen["width_px"], seen["hfov"]),
        0.0,
    )
    assumed = (seen["direction_from"] == "assumed") & (seen["hfov"] < 360)
    clear_enough = (seen["px_per_m"] >= optics.pixels_of(CHANCE_LEVEL)) & ~assumed
    seen["shows"] = _of_devices(seen["id"], sees[:, in_open] & clear_enough.to_numpy()[:, None])
    seen["direction_assumed"] = assumed
    # A device with several views stands in the list once, with the view that sees the most.
    seen = seen.sort_values(["id", "share_in_view"], ascending=[True, False])
    seen = seen.drop_duplicates("id")
    seen["hours_left"] = seen["retention_hours"] - (now - when) / timedelta(hours=1)
    askable = records.askable(connection, seen.loc[seen["layer"] == "community", "id"].tolist(), now)
    age_hours = (now - when) / timedelta(hours=1)
    seen["footage"] = chances.near(connection, seen, askable, age_hours, now)
    seen["chance"] = [each.chance for each in seen["footage"]]
    # First what sees the place, then what may, then what stands near; what is overwritten comes last.
    overwritten = seen["hours_left"] <= 0
    group = np.select([overwritten, seen["share_in_view"] > 0, seen["may_see"]], [3, 0, 1], default=2)
    clear = -np.searchsorted(list(optics.LEVELS.values()), seen["px_per_m"], side="right")
    # Rounded: what differs by less is equally likely, and the nearer one comes first.
    likely = -(seen["share_in_view"] * seen["chance"]).round(1)
    order = np.lexsort([seen["distance_m"], likely, clear, group])
    return [
        Candidate(
            camera_id=row.id,
            layer=row.layer,
            kind=row.kind,
            name=row.name,
            lon=row.lon,
            lat=row.lat,
            azimuth=_known(row.azimuth),
            hfov=row.hfov,
            range_m=row.range_m,
            distance_m=row.distance_m,
            share_in_view=None if row.may_see else row.share_in_view,
            px_per_m=row.px_per_m,
            hours_left=_known(row.hours_left),
            may_be_asked=row.layer != "community" or row.id in askable,
            view=row.view,
            open_in_view=row.open_in_view,
            shows=row.shows,
            direction_assumed=row.direction_assumed,
            footage=row.footage,
        )
        for row in seen.iloc[order].itertuples()
    ]


def _ground(x: float, y: float) -> NDArray[np.float64]:
    """Points spread evenly over the ground around (x, y)."""
    number = np.arange(SAMPLE_POINTS)
    distance = PLACE_ERROR_M * np.sqrt((number + 0.5) / SAMPLE_POINTS)  # a sunflower: even over the disc
    angle = number * np.pi * (3 - np.sqrt(5))
    return np.column_stack([x + distance * np.cos(angle), y + distance * np.sin(angle)])


def _in_open(points: NDArray[np.float64], footprints: gpd.GeoSeries) -> NDArray[np.bool_]:
    """Which points lie in no building; all, where the whole place lies in one."""
    indoors = shapely.STRtree(footprints.to_numpy()).query(shapely.points(points), predicate="within")[0]
    in_open = np.ones(len(points), dtype=bool)
    in_open[indoors] = False
    return in_open if in_open.any() else ~in_open


def _sees(sheds: viewshed.Viewsheds, points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which of the points each camera sees: (cameras, points)."""
    index = np.repeat(np.arange(len(sheds)), len(points))
    return sheds.sees(index, np.tile(points, (len(sheds), 1))).reshape(len(sheds), len(points))


def _of_devices(ids: pd.Series, shows: NDArray[np.bool_]) -> list[tuple[bool, ...]]:
    """For each view, the points that its device shows with any of its views."""
    device, devices = pd.factorize(ids)
    together = np.zeros((len(devices), shows.shape[1]), dtype=bool)
    np.logical_or.at(together, device, shows)
    return [tuple(row) for row in together[device].tolist()]


def _outlines(sheds: viewshed.Viewsheds, to_metres: Transformer) -> list[tuple[tuple[float, float], ...]]:
    """What each camera sees as a ring of longitudes and latitudes."""
    rings = []
    for polygon in sheds.polygons():
        x, y = polygon.exterior.coords.xy if not polygon.is_empty else ((), ())
        lon, lat = to_metres.transform(x, y, direction="INVERSE")
        rings.append(tuple(zip(lon, lat, strict=True)))
    return rings


def bounds(place: Place, radius_m: float) -> tuple[float, float, float, float]:
    """West, south, east and north of a square that holds the circle, in degrees."""
    north = radius_m / 110_000  # a degree of latitude is never shorter
    east = north / max(math.cos(math.radians(place.lat)), 0.01)
    return place.lon - east, place.lat - north, place.lon + east, place.lat + north


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
