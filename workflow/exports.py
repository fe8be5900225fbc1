"""Every table and layer can be taken away, as a file that opens safely and says what it holds.

A frame goes in, with the headings that people read, and the bytes of a file come out: the same bytes for the
same frame. CSV is for programs and has no place for notes; XLSX is for people; GeoJSON and GeoParquet are for
maps. Whoever calls has checked the actor and written what the notes say: the period, the filters, the
denominators, and what the file does not tell. The index of a frame is left out.
"""

from __future__ import annotations

import io
import json
import math
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from numbers import Number
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
import xlsxwriter  # type: ignore[import-untyped]

from data.errors import PorchlightError
from data.spreadsheet import FORMULA, neutralised

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import geopandas as gpd

# What Excel holds (Microsoft, "Excel specifications and limits"). It counts characters in UTF-16.
SHEET_ROWS = 1_048_576
SHEET_COLUMNS = 16_384
CELL_CHARACTERS = 32_767
SHEET_NAME_CHARACTERS = 31
WHOLE_NUMBER = 10**15  # it keeps 15 digits of a number

CUT = " … (cut: an Excel cell holds 32,767 characters)"
READ_ME = "Read me"

# Excel counts days from here on. It takes 1900 for a leap year, so only from March of that year are its days ours.
EXCEL_EPOCH = pd.Timestamp("1899-12-30")
EXCEL_FIRST = pd.Timestamp("1900-03-01")

# A workbook must say when it was made; at any one time, so that the same tables give the same bytes.
MADE = datetime(2000, 1, 1, tzinfo=UTC)

WGS84 = "EPSG:4326"
DECIMALS = 6  # of a degree: a tenth of a metre, as RFC 7946, section 11.2 advises


def csv(table: pd.DataFrame) -> bytes:
    r"""The table as CSV (RFC 4180) in UTF-8; text that a spreadsheet would take for a formula gets an apostrophe.

    Numbers, dates and truths stay as they are. A time with a zone is written with its offset.

    >>> csv(pd.DataFrame({"Block": ["Oak Street", "=1+1"], "Incidents": [3, -1]}))
    b"Block,Incidents\r\nOak Street,3\r\n'=1+1,-1\r\n"
    """
    safe = pd.DataFrame({place: _safe(table.iloc[:, place]) for place in range(table.shape[1])})
    headings = [neutralised(str(heading)) for heading in table.columns]
    # Both characters of the line end are needed: only then is a lone carriage return in a cell put in quotes.
    text = safe.to_csv(index=False, header=headings, lineterminator="\r\n")
    return text.encode()


def xlsx(tables: Mapping[str, pd.DataFrame], notes: Sequence[str]) -> bytes:
    """A workbook: a first sheet "Read me" with the notes, then a sheet a table.

    Text is never a formula or a link, and is cut, with a mark, where it is longer than a cell holds. Dates and
    times are dates; those with a time zone show that zone's clock, and their heading names it. A column of
    numbers whose heading ends in % is shown as a percentage and keeps its numbers (12.3 is 12.3 %). Whole
    numbers of more than 15 digits are text, so that no digit is lost. Sheet names are made such as Excel takes.

    Raises PorchlightError where a table has more rows or columns than a sheet holds.
    """
    for title, table in tables.items():
        _fits(title, table)
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        book.set_properties({"created": MADE})
        formats = _formats(book)
        names = sheet_names(tables)
        _read_me(book.add_worksheet(READ_ME), notes, names, tables, formats)
        for name, table in zip(names, tables.values(), strict=True):
            _sheet(book.add_worksheet(name), table, formats)
    return file.getvalue()


def geojson(frame: gpd.GeoDataFrame, notes: Sequence[str]) -> bytes:
    """The layer as GeoJSON (RFC 7946), with the notes as the member `notes` of the collection.

    In WGS 84, longitude first, in two dimensions, with 6 decimals; polygons follow the right-hand rule. A place
    that is missing or empty is null, and so is a value that is missing or no finite number. Times are ISO 8601.

    Raises PorchlightError where the frame has no CRS, a place outside it, or a heading twice.
    """
    _mappable(frame)
    places = frame.geometry.to_crs(WGS84).to_numpy()
    if not np.isfinite(shapely.get_coordinates(places)).all():
        raise PorchlightError(
            f"Some places lie outside what the coordinate system {frame.crs.name} can tell: correct them first."
        )
    rounded = shapely.transform(places, lambda degrees: degrees.round(DECIMALS))
    shapes = shapely.to_geojson(shapely.orient_polygons(rounded, exterior_cw=False))
    shapes = np.where(shapely.is_missing(places) | shapely.is_empty(places), "null", shapes)
    attributes = frame.drop(columns=frame.geometry.name)
    names = [str(name) for name in attributes.columns]
    columns = [_finite(_plain(attributes.iloc[:, place])) for place in range(len(names))]
    rows = zip(*columns, strict=True) if columns else [()] * len(frame)
    features = ",\n".join(
        f'{{"type": "Feature", "geometry": {shape}, "properties": {_json(dict(zip(names, row, strict=True)))}}}'
        for shape, row in zip(shapes, rows, strict=True)
    )
    text = f'{{"type": "FeatureCollection", "notes": {_json(list(notes))}, "features": [\n{features}\n]}}\n'
    return text.encode()


def geoparquet(frame: gpd.GeoDataFrame, notes: Sequence[str]) -> bytes:
    """The layer as GeoParquet 1.1, in its own CRS, with the notes as a JSON list in the file's metadata `notes`.

    Raises PorchlightError where the frame has no CRS, a heading twice, or a column of values of several types.
    """
    _mappable(frame)
    file = io.BytesIO()
    try:
        frame.rename(columns=str).to_parquet(file, index=False, schema_version="1.1.0")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise PorchlightError(
            f"A column holds values of several types, which GeoParquet cannot: {error.args[-1]}"
        ) from error
    # geopandas has no way to add to the file's metadata, so they are added to what it wrote.
    layer = pq.read_table(io.BytesIO(file.getvalue()))
    noted = io.BytesIO()
    metadata = layer.schema.metadata | {b"notes": _json(list(notes)).encode()}
    pq.write_table(layer.replace_schema_metadata(metadata), noted, compression="zstd")
    return noted.getvalue()


def sheet_names(titles: Iterable[str]) -> list[str]:
    r"""A name that Excel takes for a sheet, for each title: 31 characters, none of ``[]:*?/\``, each only once.

    >>> sheet_names(["Gaps: by block", "gaps by block", "Read me", ""])
    ['Gaps by block', 'gaps by block (2)', 'Read me (2)', 'Sheet']
    """
    taken = {READ_ME.casefold(), "history"}  # Excel keeps the latter for itself
    names = []
    for title in titles:
        plain = " ".join(re.sub(r"[\[\]:*?/\\\x00-\x1f]", " ", title).split())
        name = stem = _first(plain.strip("' "), SHEET_NAME_CHARACTERS).strip("' ") or "Sheet"
        copy = 1
        while name.casefold() in taken:
            copy += 1
            suffix = f" ({copy})"
            name = _first(stem, SHEET_NAME_CHARACTERS - len(suffix)) + suffix
        taken.add(name.casefold())
        names.append(name)
    return names


class _Formats(NamedTuple):
    """How the cells of a workbook look."""

    plain: Any
    heading: Any
    wrapped: Any
    quoted: Any  # stays text when somebody edits the cell
    day: Any
    moment: Any
    percent: Any


def _formats(book: xlsxwriter.Workbook) -> _Formats:
    return _Formats(
        plain=book.add_format(),
        heading=book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1}),
        wrapped=book.add_format({"text_wrap": True, "valign": "top"}),
        quoted=book.add_format({"quote_prefix": True}),
        day=book.add_format({"num_format": "yyyy-mm-dd"}),
        moment=book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
        percent=book.add_format({"num_format": '0.0"\u00a0%"'}),
    )


def _read_me(
    sheet: xlsxwriter.worksheet.Worksheet,
    notes: Sequence[str],
    names: Sequence[str],
    tables: Mapping[str, pd.DataFrame],
    formats: _Formats,
) -> None:
    """The notes, then what each sheet holds: its name may be shorter than its title."""
    contents = [
        f"{name}: {title}, {len(table):,} rows" if name != title else f"{name}: {len(table):,} rows"
        for name, (title, table) in zip(names, tables.items(), strict=True)
    ]
    sheet.set_column(0, 0, 100)
    for row, line in enumerate([*notes, "", *contents]):
        _write_text(sheet, row, 0, line, formats.wrapped, formats)


def _fits(title: str, table: pd.DataFrame) -> None:
    rows, columns = table.shape
    if rows >= SHEET_ROWS or columns > SHEET_COLUMNS:
        raise PorchlightError(
            f"{title} has {rows:,} rows and {columns:,} columns, and an Excel sheet holds {SHEET_ROWS - 1:,} "
            f"rows and {SHEET_COLUMNS:,} columns: choose less, or take the CSV file, which has no limit."
        )


def _sheet(sheet: xlsxwriter.worksheet.Worksheet, table: pd.DataFrame, formats: _Formats) -> None:
    """The table under a heading that stays in sight, with a filter, and columns wide enough to read."""
    rows, columns = table.shape
    for place in range(columns):
        _column(sheet, place, str(table.columns[place]), _with_dates(table.iloc[:, place]), formats)
    if columns:
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, rows, columns - 1)
        # A case number made of digits is text on purpose.
        sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{SHEET_ROWS}"})


def _column(
    sheet: xlsxwriter.worksheet.Worksheet, place: int, heading: str, column: pd.Series, formats: _Formats
) -> None:
    look = formats.plain
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        zone = column.dt.tz
        if zone is not None and str(zone) not in heading:
            heading = f"{heading} ({zone})"
        clock = column.dt.tz_localize(None)
        known = clock.dropna()
        only_days = zone is None and bool((known == known.dt.normalize()).all())
        look = formats.day if only_days else formats.moment
        values, width = _excel_days(clock, only_days=only_days), 11 if only_days else 17
    else:
        values = [_excel_value(value) for value in _plain(column)]
        width = max((_width(value) for value in values), default=0)
        if heading.rstrip().endswith("%"):
            look = formats.percent
    # Three more for the button of the filter; a long heading is wrapped.
    sheet.set_column(place, place, min(max(width + 1, min(len(heading) + 3, 24), 8), 60))
    _write_text(sheet, 0, place, heading, formats.heading, formats)
    for row, value in enumerate(values, start=1):
        if isinstance(value, str):
            quoted = formats.quoted if FORMULA.match(value) else formats.plain
            _write_text(sheet, row, place, value, quoted, formats)
        elif isinstance(value, bool):
            sheet.write_boolean(row, place, value)
        elif value is not None:
            sheet.write_number(row, place, value, look)


def _write_text(
    sheet: xlsxwriter.worksheet.Worksheet, row: int, place: int, text: str, look: Any, formats: _Formats
) -> None:
    """Text as it stands, or as much of it as a cell holds and a mark."""
    if len(text) > CELL_CHARACTERS // 2 and _first(text, CELL_CHARACTERS) != text:
        text = _first(text, CELL_CHARACTERS - len(CUT)) + CUT
    if text.startswith("<r>") and text.endswith("</r>"):
        # XlsxWriter takes this for markup of its own and would not escape it; in two runs it does.
        sheet.write_rich_string(row, place, formats.plain, text[:1], formats.plain, text[1:], look)
    else:
        sheet.write_string(row, place, text, look)


def _with_dates(column: pd.Series) -> pd.Series:
    """The column; days that are held as objects become dates."""
    held_as_objects = column.dtype == object and pd.api.types.infer_dtype(column, skipna=True) == "date"
    return column.astype("datetime64[us]") if held_as_objects else column


def _excel_days(clock: pd.Series, *, only_days: bool) -> list[float | str | None]:
    """Times as days since Excel's epoch; those that it cannot count as text, and None where missing."""
    days = ((clock - EXCEL_EPOCH) / pd.Timedelta(days=1)).tolist()
    missing = clock.isna().to_numpy()
    early = (clock < EXCEL_FIRST).to_numpy()
    values: list[float | str | None] = [
        None if gone else day for day, gone in zip(days, missing, strict=True)
    ]
    for row in np.flatnonzero(early):
        values[row] = clock.iloc[row].strftime("%Y-%m-%d" if only_days else "%Y-%m-%d %H:%M")
    return values


def _excel_value(value: Any) -> str | bool | float | None:
    """What a cell can hold of a value of `_plain`."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, date):
        return value.isoformat()
    held = math.isfinite(value) and (isinstance(value, float) or abs(value) < WHOLE_NUMBER)
    return value if held else str(value)


def _width(value: str | float | None) -> int:
    """Characters that a value takes; Excel rounds a long fraction to the width of its column."""
    if value is None:
        return 0
    return min(len(str(value)), 12) if isinstance(value, float) else len(str(value))


def _first(text: str, units: int) -> str:
    """So much of the text as takes at most so many UTF-16 units, and no half of a character."""
    return text.encode("utf-16-le")[: 2 * units].decode("utf-16-le", errors="ignore")


def _safe(column: pd.Series) -> pd.Series:
    """A column of a CSV file: numbers, dates and truths as they are, everything else as safe text."""
    if pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_datetime64_any_dtype(column.dtype):
        return column
    missing = column.isna().to_numpy()
    values = [
        None if gone else value if isinstance(value, Number | date) else neutralised(str(value))
        for value, gone in zip(column.tolist(), missing, strict=True)
    ]
    # As objects, or pandas would make 3.0 of a 3 beside a missing value.
    return pd.Series(values, index=column.index, dtype=object)


def _plain(column: pd.Series) -> list[Any]:
    """The values as Python's own text, numbers, truths and dates; None where missing."""
    missing = column.isna().to_numpy()
    return [None if gone else _own(value) for value, gone in zip(column.tolist(), missing, strict=True)]


def _finite(values: list[Any]) -> list[Any]:
    """The same, with None for a number that JSON has no word for."""
    return [None if isinstance(value, float) and not math.isfinite(value) else value for value in values]


def _own(value: Any) -> str | bool | float | date:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Decimal):
        return float(value)
    return value if isinstance(value, str | bool | int | float | date) else str(value)


def _mappable(frame: gpd.GeoDataFrame) -> None:
    if frame.crs is None:
        raise PorchlightError(
            "This layer does not say its coordinate system: give it one before it is exported."
        )
    names = pd.Index([str(name) for name in frame.columns])
    if not names.is_unique:
        twice = ", ".join(names[names.duplicated()].unique())
        raise PorchlightError(f"Every heading of a layer must stand once: give another name to {twice}.")


def _json(value: Any) -> str:
    """JSON with letters as they are and times in ISO 8601."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, default=lambda moment: moment.isoformat())
