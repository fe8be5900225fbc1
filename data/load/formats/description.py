"""What has to be known about a publisher's export of incidents to load it.

The known exports and a department's own mapping file are both read into `IncidentFormat`, and nothing
else in the loader knows any publisher.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Position:
    """Where a row says it is: two columns, or one column that holds a geometry.

    `geometry` may hold WKB (as bytes or hexadecimal), WKT, or a pair in brackets, ``(latitude, longitude)``.
    """

    lon: str | None = None
    lat: str | None = None
    geometry: str | None = None
    crs: str = "EPSG:4326"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it is read from."""
        return tuple(name for name in (self.lon, self.lat, self.geometry) if name)


@dataclass(frozen=True)
class Moment:
    """When something happened: one column with date and time, or a column for each."""

    column: str | None = None
    date: str | None = None
    time: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it is read from."""
        return tuple(name for name in (self.column, self.date, self.time) if name)


@dataclass(frozen=True)
class IncidentFormat:
    """One publisher's export of incidents.

    `date_formats` are tried in order, in the notation of strptime; one with ``%z`` carries its own
    offset, every other is local time in `timezone`. ``epoch`` and ``epoch_ms`` stand for seconds and
    milliseconds since 1970 in UTC. The same goes for `zone_of_time` where the times of the file are
    not in the city's zone.

    The offence is looked up by the words in `offence`; they must be in `offences`. The values of the
    columns in `refine` may then name it more closely, if they are in `refinements`; the first column
    that does decides. With `nibrs` the words in `offence` are NIBRS codes already.
    """

    name: str  # the source of its incidents in the store
    city: str
    timezone: str
    occurred: Moment
    positions: tuple[Position, ...]  # the first that names a place on Earth is taken
    date_formats: tuple[str, ...]
    offence: str
    offences: Mapping[str, str] = field(default_factory=dict)  # the publisher's words -> NIBRS code
    refine: tuple[str, ...] = ()
    refinements: Mapping[str, str] = field(default_factory=dict)
    nibrs: bool = False
    offence_text: tuple[str, ...] = ()  # columns to show as the publisher's words, if not just `offence`
    recognised_by: tuple[str, ...] = ()
    key: tuple[str, ...] = ()  # empty: the publisher has none, and one is made from `identity` and the time
    identity: tuple[str, ...] = ()
    updated: str | None = None
    until: Moment | None = None
    case_number: str | None = None
    address: str | None = None
    zone_of_time: str | None = None  # where it is not the city's
    bounds: tuple[float, float, float, float] | None = None  # west, south, east, north, in degrees
    encoding: str | None = None
    delimiter: str | None = None

    @property
    def required(self) -> tuple[str, ...]:
        """The columns without which nothing can be loaded. Positions may be missing: then no row has one."""
        return (*self.key, *self.occurred.columns, self.offence)
