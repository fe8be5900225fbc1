"""The lists of city cameras and plate readers that are known by their header."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from data.load.formats.description import Position

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: What a list says of a camera that pans, and of one that does not. A dome may hide either.
TURNING = ("yes", "true", "1", "panning", "ptz")
FIXED = ("no", "false", "0", "fixed")


@dataclass(frozen=True)
class AgencyFormat:
    """One publisher's list of the cameras that an agency runs."""

    name: str
    recognised_by: tuple[str, ...]
    key: tuple[str, ...]
    positions: tuple[Position, ...]
    kind: str | None = None  # city or alpr; None: a column says so
    kind_column: str | None = None
    kinds: Mapping[str, str] = field(default_factory=lambda: {"city": "city", "alpr": "alpr"})
    operator_type: str | None = None  # where it is there, a camera (not a plate reader) must be the public's
    key_pattern: str = r"(?s)^(.*)$"  # what of the key column is the key
    title: tuple[str, ...] = ()
    operator: str | None = None
    operator_pattern: str | None = None  # a row whose operator does not match is somebody else's
    directions: tuple[str, ...] = ()  # the first that says something is taken
    approaches: tuple[str, ...] = ()  # every one that says something is a direction
    hfov: str | None = None
    width_px: str | None = None
    turns: str | None = None  # says whether it pans; its directions are then presets
    retention_hours: str | None = None
    installed: str | None = None
    date_formats: tuple[str, ...] = ("%Y-%m-%d", "%m/%d/%Y", "%Y/%m/%d")
    city: tuple[str, str] | None = None  # its name and time zone, where the list is of one city


OWN = AgencyFormat(
    name="agency",
    recognised_by=("id", "kind", "lat", "lon", "direction"),
    key=("id",),
    kind_column="kind",
    title=("name",),
    operator="operator",
    positions=(Position(lon="lon", lat="lat"),),
    directions=("direction",),
    hfov="hfov",
    width_px="width_px",
    turns="turns",
    retention_hours="retention_hours",
    installed="installed_on",
)

#: Plate readers of OpenStreetMap, flattened to a table.
PLATE_READERS = AgencyFormat(
    name="openstreetmap",
    recognised_by=("osmId", "osmType", "lat", "lon", "directionCardinal"),
    key=("osmType", "osmId"),
    kind="alpr",
    title=("ref",),
    operator="operator",
    positions=(Position(lon="lon", lat="lat"),),
    directions=("directionCardinal",),
    installed="startDate",
    date_formats=("%Y-%m-%d", "%Y/%m/%d", "%Y-%m", "%Y"),
)

#: OpenStreetMap's own tags, as its query tools export them.
OPENSTREETMAP = AgencyFormat(
    name="openstreetmap",
    recognised_by=("@id", "man_made", "surveillance:type"),
    key=("@id",),
    kind_column="surveillance:type",
    kinds={"alpr": "alpr", "anpr": "alpr", "lpr": "alpr", "camera": "city"},
    operator_type="operator:type",
    title=("name", "ref"),
    operator="operator",
    positions=(Position(geometry="geometry"), Position(lon="@lon", lat="@lat")),
    directions=("camera:direction", "direction"),
    hfov="camera:angle",
    turns="camera:type",
    installed="start_date",
    date_formats=("%Y-%m-%d", "%Y/%m/%d", "%Y-%m", "%Y"),
)

# Both lists of Baltimore number the cameras alike, so they are one source.
BALTIMORE_CCTV = AgencyFormat(
    name="baltimore-cctv",
    recognised_by=("CameraName", "Owner", "RegistrationType", "Latitude", "Longitude"),
    key=("CameraName",),
    key_pattern=r"^(\d+)",
    kind="city",
    title=("CameraName",),
    operator="Owner",
    operator_pattern=r"^BPD\b",
    # The well-known text beside them has latitude and longitude swapped.
    positions=(Position(lon="Longitude", lat="Latitude"),),
    city=("Baltimore", "America/New_York"),
)

BALTIMORE_CCTV_OLDER = AgencyFormat(
    name="baltimore-cctv",
    recognised_by=("cameraLocation", "cameraNumber", "cameraProject", "Location 1"),
    key=("cameraNumber",),
    kind="city",
    title=("cameraLocation",),
    operator="cameraProject",
    positions=(Position(geometry="Location 1"),),
    city=("Baltimore", "America/New_York"),
)

CHICAGO_RED_LIGHT = AgencyFormat(
    name="chicago-red-light",
    recognised_by=("INTERSECTION", "FIRST APPROACH", "GO LIVE DATE", "LATITUDE", "LONGITUDE"),
    key=("INTERSECTION",),
    kind="city",
    title=("INTERSECTION",),
    positions=(Position(lon="LONGITUDE", lat="LATITUDE"),),
    approaches=("FIRST APPROACH", "SECOND APPROACH", "THIRD APPROACH"),
    installed="GO LIVE DATE",
    city=("Chicago", "America/Chicago"),
)

CHICAGO_SPEED = AgencyFormat(
    name="chicago-speed",
    recognised_by=("LOCATION ID", "ADDRESS", "FIRST APPROACH", "GO-LIVE DATE", "LATITUDE", "LONGITUDE"),
    key=("LOCATION ID",),
    kind="city",
    title=("ADDRESS",),
    positions=(Position(lon="LONGITUDE", lat="LATITUDE"),),
    approaches=("FIRST APPROACH", "SECOND APPROACH"),
    installed="GO-LIVE DATE",
    city=("Chicago", "America/Chicago"),
)

FORMATS = (
    PLATE_READERS,
    OPENSTREETMAP,
    BALTIMORE_CCTV,
    BALTIMORE_CCTV_OLDER,
    CHICAGO_RED_LIGHT,
    CHICAGO_SPEED,
    OWN,
)


def recognised(columns: Iterable[str]) -> AgencyFormat | None:
    """The format of a list with these columns, or None."""
    present = {column.strip().lower() for column in columns}
    return next(
        (known for known in FORMATS if {name.lower() for name in known.recognised_by} <= present), None
    )
