"""The incidents as columns: when, what, where, and whether it was dark; read once for each load of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely
from pyproj import Transformer

from analytics import daylight
from analytics.vicinity import Vicinity, radius_of
from data import records, settings
from workflow.ground import Ground, ground
from workflow.kept import worked_out_once

if TYPE_CHECKING:
    from datetime import date
    from zoneinfo import ZoneInfo

    from numpy.typing import NDArray

    from data.store import Store

# An incident farther than this from every street belongs to none.
STREET_REACH_M = 60.0


@dataclass(frozen=True)
class Crimes:
    """All incidents, by time. Positions are those of the ground's blocks, districts and streets; -1: none."""

    moment: NDArray[np.datetime64]  # UTC
    code: NDArray[np.int16]  # position in `codes`
    codes: tuple[str, ...]  # NIBRS
    hour: NDArray[np.int8]  # of the city's clock
    dark: NDArray[np.bool_]
    place: NDArray[np.int64]  # position in `vicinity`: many incidents share a published place
    vicinity: Vicinity
    block: NDArray[np.int64]
    district: NDArray[np.int64]
    street: NDArray[np.int64]
    zone: ZoneInfo

    def __len__(self) -> int:
        """How many incidents there are."""
        return len(self.moment)

    def between(self, since: date, until: date) -> slice:
        """The incidents of both days and those between, by the city's clock."""
        first = datetime.combine(since, time.min, self.zone)
        after = datetime.combine(until + timedelta(days=1), time.min, self.zone)
        moments = [
            np.datetime64(moment.astimezone(UTC).replace(tzinfo=None), "us") for moment in (first, after)
        ]
        start, stop = np.searchsorted(self.moment, moments)
        return slice(int(start), int(stop))


def crimes(store: Store) -> Crimes:
    """The incidents, as they are loaded at this call."""
    with store.read() as connection:
        error_m = settings.metres(connection, "location_error_m", 0, 500)
    return _crimes(store, ground(store), records.incidents_version(store), error_m)


@worked_out_once(2)
def _crimes(store: Store, here: Ground, _version: tuple[object, ...], error_m: float) -> Crimes:
    """The version only makes a new load a new question."""
    city = records.city(store)
    found = records.incidents(store)
    lon, lat = found["lon"].to_numpy(), found["lat"].to_numpy()
    place, first = _places(lon, lat)
    to_metres = Transformer.from_crs(records.WGS84, city.crs, always_xy=True)
    points = np.column_stack(to_metres.transform(lon[first], lat[first]))
    middle = shapely.Point(lon.mean(), lat.mean()) if len(found) else shapely.Point(0, 0)
    local = found["occurred_at"].dt.tz_convert(city.zone)
    code = found["offence_code"].astype("category").cat
    return Crimes(
        moment=found["occurred_at"].dt.tz_localize(None).to_numpy(dtype="datetime64[us]"),
        code=code.codes.to_numpy(dtype=np.int16),
        codes=tuple(code.categories),
        hour=local.dt.hour.to_numpy(dtype=np.int8),
        dark=daylight.dark(found["occurred_at"], middle.x, middle.y),
        place=place,
        vicinity=Vicinity.of(here.grid, points, radius_of(error_m), here.public),
        block=_position(here.blocks.frame["id"], found["block_id"]),
        district=_position(here.districts.frame["id"], found["district_id"]),
        street=_nearest_street(here, points)[place],
        zone=city.zone,
    )


def _places(
    lon: NDArray[np.float64], lat: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each incident the number of its published place, and for each place the first incident there."""
    east, _ = pd.factorize(lon)
    north, names = pd.factorize(lat)
    place, _ = pd.factorize(east.astype(np.int64) * max(len(names), 1) + north)
    _, first = np.unique(place, return_index=True)
    return place.astype(np.int64), first


def _position(ids: pd.Series, wanted: pd.Series) -> NDArray[np.int64]:
    return pd.Index(ids).get_indexer(wanted)


def _nearest_street(here: Ground, points: NDArray[np.float64]) -> NDArray[np.int64]:
    """The street segment nearest to each point (n, 2), the first of equals; -1 beyond `STREET_REACH_M`."""
    answer = np.full(len(points), -1, dtype=np.int64)
    tree = shapely.STRtree(here.streets.frame.geometry.to_numpy())
    point, street = tree.query_nearest(shapely.points(points), max_distance=STREET_REACH_M)
    # Written from the last to the first, so that the first of equals stays.
    answer[point[::-1]] = street[::-1]
    return answer
