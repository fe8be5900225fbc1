"""Baltimore Police Department, "Part 1 victim-based crime".

One row a victim and no key: rows of one time, code and address are one incident. The code says more
than the description; for larceny its letter is that of the Uniform Crime Reporting supplement.
"""

from __future__ import annotations

import dataclasses

from data.load.formats.description import IncidentFormat, Moment, Position

BALTIMORE = IncidentFormat(
    name="baltimore",
    city="Baltimore",
    timezone="America/New_York",
    bounds=(-76.7115, 39.1972, -76.5294, 39.3720),
    recognised_by=("CrimeDate", "CrimeTime", "CrimeCode", "Location", "Description", "Total Incidents"),
    identity=("CrimeCode", "Location"),
    occurred=Moment(date="CrimeDate", time="CrimeTime"),
    date_formats=("%Y-%m-%d", "%m/%d/%Y", "%Y-%m-%dT%H:%M:%S.%f", "epoch_ms"),
    address="Location",
    positions=(Position(lon="Longitude", lat="Latitude"),),
    offence="Description",
    offences={
        "HOMICIDE": "09A",
        "RAPE": "11A",
        "ROBBERY - STREET": "120",
        "ROBBERY - CARJACKING": "120",
        "ROBBERY - COMMERCIAL": "120",
        "ROBBERY - RESIDENCE": "120",
        "AGG. ASSAULT": "13A",
        "COMMON ASSAULT": "13B",
        "ASSAULT BY THREAT": "13C",
        "SHOOTING": "13A",
        "BURGLARY": "220",
        "LARCENY": "23H",
        "LARCENY FROM AUTO": "23F",
        "AUTO THEFT": "240",
        "ARSON": "200",
    },
    refine=("CrimeCode",),
    refinements={"6A": "23A", "6B": "23B", "6C": "23C", "6D": "23F", "6E": "23G", "6G": "23D", "6H": "23E"},
)

#: 2011 to 2016, whose published coordinate is one point for all; places were derived from the addresses.
BALTIMORE_GEOCODED = dataclasses.replace(
    BALTIMORE,
    recognised_by=("CrimeDate", "CrimeTime", "CrimeCode", "Location", "lon_geocoded", "lat_geocoded"),
    positions=(Position(lon="lon_geocoded", lat="lat_geocoded"),),
)
