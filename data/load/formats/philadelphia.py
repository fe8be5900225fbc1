"""Philadelphia Police Department, "Crime Incidents", the export of the city's map server.

`dispatch_date_time` is in UTC; `dispatch_date` and `dispatch_time` say the same in local time. Some
rows hold feet of the state plane in `point_x` and `point_y`; the geometry beside them is right, and where
it is left out the feet are converted.
"""

from __future__ import annotations

from data.load.formats.description import IncidentFormat, Moment, Position

PHILADELPHIA = IncidentFormat(
    name="philadelphia",
    city="Philadelphia",
    timezone="America/New_York",
    zone_of_time="UTC",
    bounds=(-75.2804, 39.8670, -74.9557, 40.1380),
    recognised_by=(
        "dc_key",
        "dispatch_date_time",
        "text_general_code",
        "location_block",
        "point_x",
        "point_y",
    ),
    key=("dc_key",),
    case_number="dc_key",
    occurred=Moment(column="dispatch_date_time"),
    date_formats=("%Y-%m-%d %H:%M:%S%z", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"),
    address="location_block",
    positions=(
        Position(lon="point_x", lat="point_y"),
        Position(geometry="the_geom"),
        Position(lon="point_x", lat="point_y", crs="EPSG:2272"),
    ),
    offence="text_general_code",
    offences={
        "Homicide - Criminal": "09A",
        "Homicide - Gross Negligence": "09B",
        "Homicide - Justifiable": "09C",
        "Rape": "11A",
        "Robbery Firearm": "120",
        "Robbery No Firearm": "120",
        "Aggravated Assault Firearm": "13A",
        "Aggravated Assault No Firearm": "13A",
        "Other Assaults": "13B",
        "Burglary Residential": "220",
        "Burglary Non-Residential": "220",
        "Thefts": "23H",
        "Theft from Vehicle": "23F",
        "Motor Vehicle Theft": "240",
        "Recovered Stolen Motor Vehicle": "240",
        "Arson": "200",
        "Forgery and Counterfeiting": "250",
        "Fraud": "26A",
        "Embezzlement": "270",
        "Receiving Stolen Property": "280",
        "Vandalism/Criminal Mischief": "290",
        "Weapon Violations": "520",
        "Prostitution and Commercialized Vice": "40A",
        "Other Sex Offenses (Not Commercialized)": "11D",
        "Narcotic / Drug Law Violations": "35A",
        "Gambling Violations": "39A",
        "Offenses Against Family and Children": "90F",
        "Driving Under the Influence": "90D",
        "Liquor Law Violations": "90G",
        "Public Drunkenness": "90E",
        "Disorderly Conduct": "90C",
        "Vagrancy/Loitering": "90B",
        "All Other Offenses": "90Z",
    },
)
