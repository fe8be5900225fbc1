"""Atlanta Police Department, "COBRA", with NIBRS codes.

An incident with several offences has a row for each, under one `offense_id`: both together are the key.
Times are possible-from (`occur_`) and possible-to (`poss_`).
"""

from __future__ import annotations

from data.load.formats.description import IncidentFormat, Moment, Position

ATLANTA = IncidentFormat(
    name="atlanta",
    city="Atlanta",
    timezone="America/New_York",
    bounds=(-84.5518, 33.6200, -84.2891, 33.8869),  # with the airport
    recognised_by=("offense_id", "occur_date", "occur_time", "ibr_code", "UC2_Literal", "lat", "long"),
    key=("offense_id", "ibr_code"),
    case_number="offense_id",
    occurred=Moment(date="occur_date", time="occur_time"),
    until=Moment(date="poss_date", time="poss_time"),
    date_formats=("%m/%d/%Y",),
    address="location",
    positions=(Position(lon="long", lat="lat"),),
    offence="ibr_code",
    offence_text=("UC2_Literal",),
    nibrs=True,
)
