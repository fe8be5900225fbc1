"""Memphis robberies of 2019, as GeoParquet: one point a row, seconds since 1970."""

from __future__ import annotations

from data.load.formats.description import IncidentFormat, Moment, Position

MEMPHIS = IncidentFormat(
    name="memphis",
    city="Memphis",
    timezone="America/Chicago",
    bounds=(-90.3103, 34.9941, -89.6383, 35.2646),
    recognised_by=("uid", "offense_type", "date", "geometry"),
    key=("uid",),
    case_number="uid",
    occurred=Moment(column="date"),
    date_formats=("epoch",),
    positions=(Position(geometry="geometry"),),
    offence="offense_type",
    offences={"personal robbery": "120", "business robbery": "120", "carjacking": "120"},
)
