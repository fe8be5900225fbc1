"""A department's own description of its export: a small TOML file, and help with writing one.

docs/loading.md explains every key. What is read here is the same `IncidentFormat` that describes the
known exports.
"""

from __future__ import annotations

import re
import tomllib
import zoneinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.errors import LoadError
from data.load import sql
from data.load.formats.description import IncidentFormat, Moment, Position
from data.load.reading import Column, Staged, literal
from data.offences import OFFENCES

if TYPE_CHECKING:
    from collections.abc import Mapping

_TOP = {
    "name",
    "city",
    "timezone",
    "times_in",
    "date_formats",
    "crs",
    "bounds",
    "encoding",
    "delimiter",
    "nibrs",
    "columns",
    "position",
    "offences",
    "refinements",
}
_COLUMNS = {
    "key",
    "identity",
    "case_number",
    "occurred",
    "occurred_date",
    "occurred_time",
    "until",
    "until_date",
    "until_time",
    "updated",
    "address",
    "offence",
    "offence_text",
    "refine",
    "lon",
    "lat",
    "geometry",
}

#: What columns are usually called, most telling first; spaces and underscores are left out.
_USUAL = {
    "key": (
        r"incident(id|no|num|number)$",
        r"report(id|no|num|number)$",
        r"^(id|objectid|uid|eventid|rowid)$",
        r"key$",
    ),
    "case_number": (r"case(id|no|num|number)$", r"^(drnumber|drno|crimeno)$", r"incident(no|num|number)$"),
    "occurred": (
        r"^(date)?occurred(on|at|from|date)?(datetime)?$",
        r"occ.*date",
        r"(incident|offense|crime).*date",
        r"date",
    ),
    "occurred_time": (r"occ.*time$", r"(incident|offense|crime)time$", r"^time$"),
    "until": (r"(occurred)?to(date)?$", r"poss.*date"),
    "updated": (r"updated(on|at)?$", r"modified(on|at)?$"),
    "address": (r"block", r"address", r"location", r"street", r"where"),
    "offence": (
        r"offen[cs]e(type|description|desc|name)?$",
        r"(primary|crime)type",
        r"crime",
        r"description",
        r"category",
        r"type",
    ),
    "lon": (r"^lon(g|gitude)?$", r"longitude", r"^lng$", r"^(x|pointx|xcoord(inate)?)$"),
    "lat": (r"^lat(itude)?$", r"latitude", r"^(y|pointy|ycoord(inate)?)$"),
    "geometry": (r"^(thegeom|geom(etry)?|wkt|shape|point|location1)$",),
}

_USUAL_FORMATS = (
    "%Y-%m-%d %H:%M:%S%z",
    "%Y-%m-%dT%H:%M:%S%z",
    "%Y-%m-%dT%H:%M:%S.%f",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %I:%M %p",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
)

#: Words in an offence, and the code they most likely mean; the first that occurs is taken.
_USUAL_WORDS = (
    ("HOMICIDE|MURDER", "09A"),
    ("KIDNAP|ABDUCT", "100"),
    ("RAPE|SEXUAL ASSAULT", "11A"),
    ("ROBBERY|CARJACK", "120"),
    ("AGG.*(ASSAULT|BATTERY)|SHOOTING|STABBING", "13A"),
    ("THREAT|INTIMIDAT|HARASS|STALK", "13C"),
    ("ASSAULT|BATTERY", "13B"),
    ("ARSON", "200"),
    ("BURGLARY|BREAKING", "220"),
    ("SHOPLIFT|RETAIL", "23C"),
    ("(THEFT|LARCENY).*FROM.*(VEH|AUTO|CAR)", "23F"),
    ("(AUTO|VEHICLE|CAR) THEFT|STOLEN (AUTO|VEHICLE)", "240"),
    ("THEFT|LARCENY|STEALING", "23H"),
    ("FORGERY|COUNTERFEIT", "250"),
    ("IDENTITY", "26F"),
    ("FRAUD|SCAM", "26A"),
    ("STOLEN PROPERTY", "280"),
    ("VANDAL|DAMAGE|MISCHIEF|GRAFFITI", "290"),
    ("DRUG|NARCOTIC|CANNABIS", "35A"),
    ("WEAPON|FIREARM|GUN", "520"),
    ("DISORDER|NUISANCE", "90C"),
    ("DUI|DWI|INFLUENCE", "90D"),
    ("TRESPASS", "90J"),
)


def read(path: str | Path) -> IncidentFormat:
    """The format that the mapping file at `path` describes. Raises `LoadError`."""
    path = Path(path)
    try:
        found = tomllib.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        raise LoadError(f"There is no mapping file {path}. Check the name.") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as reason:
        raise LoadError(f"The mapping file {path} cannot be read: {reason}.") from None
    try:
        return _described(found)
    except LoadError as reason:
        raise LoadError(f"The mapping file {path}: {reason}") from None


def unknown_columns(file: Staged) -> str:
    """What to tell somebody whose file is of no known format: its columns, and a mapping to start from."""
    return (
        f"{file.path.name} is of no known format. Its columns are: {', '.join(_short(name) for name in file.names)}.\n"
        "Save the lines below as mapping.toml, correct them (docs/loading.md explains each), and load the file "
        f"again with --mapping mapping.toml\n\n{suggested(file)}\n\n"
        f"Nothing was loaded: {file.path.name} wants a mapping such as the one above."
    )


def suggested(file: Staged) -> str:
    """A mapping for this file as far as its columns and first rows tell."""
    guess = {field: _guess(file, patterns) for field, patterns in _USUAL.items()}
    occurred, offence = guess["occurred"], guess["offence"]
    key = guess["key"] or guess["case_number"]
    lines = [
        f"name = {_quoted(re.sub(r'[^a-z0-9]+', '-', file.path.name.split('.')[0].lower()).strip('-') or 'incidents')}",
        'city = "?"',
        'timezone = "America/New_York"  # of the city; the times of the file are local times of it',
        f"date_formats = [{', '.join(_quoted(one) for one in _formats(file, occurred))}]",
        'crs = "EPSG:4326"  # longitude and latitude; say which where the columns hold feet or metres',
        "",
        "[columns]",
        f"key = {_quoted(key)}" if key else '# key = "?"  # the publisher\'s own number, if there is one',
    ]
    if occurred and guess["occurred_time"]:
        lines += [
            f"occurred_date = {_quoted(occurred)}",
            f"occurred_time = {_quoted(guess['occurred_time'])}",
        ]
    else:
        lines.append(f"occurred = {_quoted(occurred)}")
    lines += [f"{field} = {_quoted(guess[field])}" for field in ("updated", "address") if guess[field]]
    lines.append(f"offence = {_quoted(offence)}")
    if guess["lon"] and guess["lat"]:
        lines += [f"lon = {_quoted(guess['lon'])}", f"lat = {_quoted(guess['lat'])}"]
    elif guess["geometry"]:
        lines.append(f"geometry = {_quoted(guess['geometry'])}")
    else:
        lines += ['lon = "?"', 'lat = "?"']
    lines += ["", "[offences]  # your words = the NIBRS code; see docs/loading.md for the codes"]
    lines += [f"{_quoted(word)} = {_quoted(_likely(word))}" for word in _words(file, offence)]
    return "\n".join(lines)


def _described(found: Mapping[str, Any]) -> IncidentFormat:
    columns = found.get("columns", {})
    _only(found, _TOP, "")
    if not isinstance(columns, dict):
        raise LoadError("'columns' must be a table: write [columns] and the columns below it.")
    _only(columns, _COLUMNS, "[columns] ")
    for name in ("name", "city", "timezone"):
        if not isinstance(found.get(name), str) or found[name] in ("", "?"):
            raise LoadError(f"'{name}' is missing. Write for example {name} = \"...\".")
    if "offence" not in columns:
        raise LoadError("'offence' is missing from [columns]. Name the column that says what happened.")
    if not ("occurred" in columns or "occurred_date" in columns):
        raise LoadError("'occurred' is missing from [columns]. Name the column that says when it happened.")
    offences = _codes(found, "offences")
    nibrs = found.get("nibrs", False) is True
    if not offences and not nibrs:
        raise LoadError("[offences] is missing. Give each offence of the file its NIBRS code.")
    return IncidentFormat(
        name=found["name"],
        city=found["city"],
        timezone=_zone(found["timezone"]),
        zone_of_time=_zone(found["times_in"]) if "times_in" in found else None,
        occurred=_moment(columns, "occurred"),
        until=_moment(columns, "until") if {"until", "until_date"} & columns.keys() else None,
        positions=_positions(found, columns),
        date_formats=_texts(found.get("date_formats", list(_USUAL_FORMATS)), "date_formats"),
        offence=_text(columns, "offence"),
        offences=offences,
        nibrs=nibrs,
        offence_text=_texts(columns.get("offence_text", []), "offence_text"),
        refine=_texts(columns.get("refine", []), "refine"),
        refinements=_codes(found, "refinements"),
        key=_texts(columns.get("key", []), "key"),
        identity=_texts(columns.get("identity", []), "identity"),
        updated=columns.get("updated"),
        case_number=columns.get("case_number"),
        address=columns.get("address"),
        bounds=_bounds(found.get("bounds")),
        encoding=found.get("encoding"),
        delimiter=found.get("delimiter"),
    )


def _only(found: Mapping[str, Any], allowed: set[str], where: str) -> None:
    if unknown := sorted(set(found) - allowed):
        raise LoadError(f"{where}'{unknown[0]}' is not known. Use only: {', '.join(sorted(allowed))}.")
    for name, value in found.items():
        if name in ("encoding", "delimiter", "crs", "updated", "case_number", "address") and not isinstance(
            value, str
        ):
            raise LoadError(f"'{name}' must be a text in quotation marks.")


def _moment(columns: Mapping[str, Any], name: str) -> Moment:
    if name in columns:
        return Moment(column=_text(columns, name))
    time = _text(columns, f"{name}_time") if f"{name}_time" in columns else None
    return Moment(date=_text(columns, f"{name}_date"), time=time)


def _positions(found: Mapping[str, Any], columns: Mapping[str, Any]) -> tuple[Position, ...]:
    listed = found.get("position", [])
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise LoadError("'position' must be a list of tables: write [[position]] before each.")
    if {"lon", "lat", "geometry"} & columns.keys():
        own = {name: columns[name] for name in ("lon", "lat", "geometry") if name in columns}
        listed = [{**own, "crs": found.get("crs", "EPSG:4326")}, *listed]
    for one in listed:
        _only(one, {"lon", "lat", "geometry", "crs"}, "[[position]] ")
        if not ("geometry" in one or {"lon", "lat"} <= one.keys()):
            raise LoadError("a position wants 'lon' and 'lat', or 'geometry'. Name the columns.")
        if not all(isinstance(value, str) for value in one.values()):
            raise LoadError("a position wants column names in quotation marks.")
    if not listed:
        raise LoadError("'lon' and 'lat', or 'geometry', are missing from [columns]. Name the columns.")
    return tuple(Position(**one) for one in listed)


def _codes(found: Mapping[str, Any], name: str) -> dict[str, str]:
    table = found.get(name, {})
    if not isinstance(table, dict):
        raise LoadError(f"'{name}' must be a table: write [{name}] and a line for each word below it.")
    for word, code in table.items():
        if code not in OFFENCES:
            raise LoadError(
                f'[{name}] "{word}" = "{code}": that is no NIBRS code. docs/loading.md lists them.'
            )
    return table


def _zone(name: object) -> str:
    if not isinstance(name, str) or name not in zoneinfo.available_timezones():
        raise LoadError(f"'{name}' is no time zone. Write one such as America/New_York.")
    return name


def _bounds(found: object) -> tuple[float, float, float, float] | None:
    if found is None:
        return None
    if (
        not isinstance(found, list)
        or len(found) != 4
        or not all(isinstance(one, int | float) for one in found)
    ):
        raise LoadError("'bounds' wants four numbers: west, south, east, north.")
    west, south, east, north = map(float, found)
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise LoadError("'bounds' wants west, south, east, north in degrees, in this order.")
    return west, south, east, north


def _text(table: Mapping[str, Any], name: str) -> str:
    value = table.get(name)
    if not isinstance(value, str):
        raise LoadError(f"'{name}' must be a text in quotation marks.")
    return value


def _texts(value: object, name: str) -> tuple[str, ...]:
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise LoadError(f"'{name}' must be a text, or a list of texts, in quotation marks.")
    return tuple(listed)


def _guess(file: Staged, patterns: tuple[str, ...]) -> str | None:
    """The column whose name is most usual."""
    plain = {name: re.sub(r"[^a-z0-9]", "", name.lower()) for name in file.names}
    return next(
        (name for pattern in patterns for name, word in plain.items() if re.search(pattern, word)), None
    )


def _formats(file: Staged, occurred: str | None) -> list[str]:
    """The usual formats that the dates in the file are written in."""
    column = file.column(occurred)
    if column is None or column.type != "VARCHAR":
        return list(_USUAL_FORMATS[:1])
    read = ", ".join(f"count(try_strptime({sql.text(column)}, {literal(one)}))" for one in _USUAL_FORMATS)
    counts = file.connection.execute(f"SELECT {read} FROM (SELECT * FROM raw LIMIT 1000)").fetchall()[0]
    return [one for one, count in zip(_USUAL_FORMATS, counts, strict=True) if count] or list(
        _USUAL_FORMATS[-3:]
    )


def _words(file: Staged, offence: str | None) -> list[str]:
    column: Column | None = file.column(offence)
    if column is None:
        return []
    rows = file.connection.execute(
        f"SELECT {sql.text(column)} AS word, count(*) FROM raw WHERE word IS NOT NULL "
        "GROUP BY word ORDER BY count(*) DESC, word LIMIT 200"
    ).fetchall()
    return [word for word, _ in rows]


def _likely(word: str) -> str:
    return next((code for pattern, code in _USUAL_WORDS if re.search(pattern, word.upper())), "90Z")


def _quoted(text: str | None) -> str:
    """`text` as TOML writes it."""
    escaped = (text or "?").replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"[\x00-\x1f\x7f]", lambda found: f"\\u{ord(found.group()):04x}", escaped) + '"'


def _short(name: str) -> str:
    printable = "".join(letter if letter.isprintable() else "?" for letter in name)
    return printable if len(printable) <= 60 else printable[:57] + "..."
