"""Files that people take away, opened again by other programs."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from time import perf_counter

import geopandas as gpd
import numpy as np
import openpyxl  # type: ignore[import-untyped]
import pandas as pd
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st

from data.errors import PorchlightError
from data.spreadsheet import restored
from workflow import exports

NOTES = [
    "Incidents of 2026-01-01 to 2026-03-31.",
    "=SUM(A1) is a note like any other.",
    "Says nothing of cause.",
]
HOSTILE = [
    '=HYPERLINK("http://example.org","Click")',
    "=1+1",
    "+1",
    "-2+3",
    "@SUM(1,2)",
    "\t=1",
    "\r=1",
    "https://example.org",
    "mailto:a@example.org",
    "internal:'Read me'!A1",
    "<r><t>&</t></r>",
    "<r>",
    "</si><script>alert(1)</script>",
    "_x0041_",
    "\x01\x0b",
    'quotes " and \' and ""',
    "two\nlines",
    "two\r\nlines",
    " spaces ",
    "a,b;c\td",
    "Größe, 東京, 😀",
    "00123",
    "1e5",
    "TRUE",
    "{=1}",
    "#REF!",
]
TEXTS = st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), min_size=1), min_size=1)


def table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Block": ["Oak Street", "=1+1", None],
            "Incidents": pd.array([12, -3, None], dtype="Int64"),
            "Ground in view, %": [61.3, 0.0, np.nan],
            "Last incident": pd.to_datetime(["2026-03-08 12:30", "1850-07-04 00:00", None]).tz_localize(
                "UTC"
            ),
            "Day": pd.to_datetime(["2026-02-28", "1900-03-01", None]),
            "Since": [date(2024, 2, 29), None, date(1899, 12, 31)],
            "Verified": [True, False, True],
        }
    )


def layer(**columns: object) -> gpd.GeoDataFrame:
    """A square with a hole, wound the wrong way, and two points, in metres."""
    shell = [(0, 0), (0, 100), (100, 100), (100, 0)]  # clockwise
    hole = [(40, 40), (60, 40), (60, 60), (40, 60)]  # anticlockwise
    square = shapely.Polygon(
        [(673_000 + x, 3_717_000 + y) for x, y in shell], [[(673_000 + x, 3_717_000 + y) for x, y in hole]]
    )
    places = [square, shapely.Point(673_000.123456, 3_717_000), None]
    return gpd.GeoDataFrame(table().assign(**columns), geometry=places, crs="EPSG:32616")


def cells(file: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(file.decode(), newline=""), strict=True))


def workbook(file: bytes) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(file))


def of_sheet(file: bytes, name: str = "Table") -> pd.DataFrame:
    return pd.read_excel(io.BytesIO(file), sheet_name=name, keep_default_na=False)


def as_shown(value: str) -> str:
    """Excel writes a control character as _x000D_ and shows it as it is; openpyxl leaves that to its caller."""
    return re.sub(r"_x00([01][0-9A-F])_", lambda escape: chr(int(escape[1], 16)), value)


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


# CSV


def test_a_csv_file_has_one_line_of_headings_and_a_line_a_row():
    rows = cells(exports.csv(table()))
    assert rows[0] == list(table().columns)
    assert rows[1] == [
        "Oak Street",
        "12",
        "61.3",
        "2026-03-08 12:30:00+00:00",
        "2026-02-28",
        "2024-02-29",
        "True",
    ]
    assert rows[2][:3] == ["'=1+1", "-3", "0.0"]
    assert rows[3] == ["", "", "", "", "", "1899-12-31", "True"]


def test_text_in_a_csv_file_is_no_formula_and_can_be_had_back():
    rows = cells(exports.csv(pd.DataFrame({"Text": HOSTILE})))
    written = [row[0] for row in rows[1:]]
    assert [restored(text) for text in written] == HOSTILE
    formulas = [text for text in written if re.match(r"[=+\-@\t\r]", text)]
    assert formulas == ["+1"]  # a number, which means the same either way


def test_numbers_that_are_objects_keep_their_digits():
    frame = pd.DataFrame({"N": [-3, None, 12], "D": [Decimal("-1.5"), None, Decimal(2)]}, dtype=object)
    assert [row[0] for row in cells(exports.csv(frame))] == ["N", "-3", "", "12"]
    assert [row[1] for row in cells(exports.csv(frame))] == ["D", "-1.5", "", "2"]


def test_categories_and_headings_are_made_safe_too():
    frame = pd.DataFrame({"=cmd": pd.Categorical(["=1", None, "b", "=1"]), "@x": [("=", 1), ["=1"], {}, -1]})
    assert cells(exports.csv(frame)) == [
        ["'=cmd", "'@x"],
        ["'=1", "('=', 1)"],
        ["", "['=1']"],
        ["b", "{}"],
        ["'=1", "-1"],
    ]


@given(TEXTS)
def test_any_text_goes_through_csv(texts):
    assume(all(restored(text) == text for text in texts))  # what looks made safe already is not told apart
    rows = cells(exports.csv(pd.DataFrame({"Text": texts, "Other": 1})))
    assert [[restored(text), other] for text, other in rows[1:]] == [[text, "1"] for text in texts]


# XLSX


def test_a_workbook_says_first_what_it_holds():
    book = workbook(exports.xlsx({"Gaps": table(), "Cameras: all": table().head(1)}, NOTES))
    assert book.sheetnames == ["Read me", "Gaps", "Cameras all"]
    lines = [cell.value for cell in book["Read me"]["A"]]
    assert lines == [*NOTES, "", "Gaps: 3 rows", "Cameras all: Cameras: all, 1 rows"]
    assert {cell.data_type for cell in book["Read me"]["A"] if cell.value} == {"s"}


def test_the_headings_of_a_sheet_stay_in_sight_and_can_be_filtered():
    sheet = workbook(exports.xlsx({"Table": table()}, NOTES))["Table"]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:G4"
    assert [cell.value for cell in sheet[1]] == [
        "Last incident (UTC)" if name == "Last incident" else name for name in table().columns
    ]
    assert all(cell.font.bold for cell in sheet[1])


def test_numbers_dates_and_truths_are_what_they_are():
    sheet = workbook(exports.xlsx({"Table": table()}, NOTES))["Table"]
    first, second, third = ([cell.value for cell in sheet[row]] for row in (2, 3, 4))
    assert first == [
        "Oak Street",
        12,
        61.3,
        datetime(2026, 3, 8, 12, 30),  # noqa: DTZ001
        datetime(2026, 2, 28),  # noqa: DTZ001
        datetime(2024, 2, 29),  # noqa: DTZ001
        True,
    ]
    # Excel knows no day before 1900 and counts one too many up to March of that year: those are text.
    assert second == ["=1+1", -3, 0, "1850-07-04 00:00", datetime(1900, 3, 1), None, False]  # noqa: DTZ001
    assert third == [None, None, None, None, None, "1899-12-31", True]
    assert sheet["A3"].data_type == "s"
    looks = [cell.number_format for cell in sheet[2]]
    assert looks[2:6] == ['0.0"\u00a0%"', "yyyy-mm-dd hh:mm", "yyyy-mm-dd", "yyyy-mm-dd"]


def test_a_day_that_excel_would_show_as_another_is_text():
    days = pd.to_datetime(["1900-02-28", "1900-03-01"])
    sheet = workbook(exports.xlsx({"Table": pd.DataFrame({"Day": days})}, NOTES))["Table"]
    assert [cell.value for cell in sheet["A"]] == ["Day", "1900-02-28", datetime(1900, 3, 1)]  # noqa: DTZ001


def test_a_time_shows_the_clock_of_its_zone_and_the_heading_names_it():
    moment = pd.DatetimeIndex([datetime(2026, 7, 1, 3, 15, tzinfo=UTC)]).tz_convert("America/New_York")
    frame = pd.DataFrame({"Occurred": moment, "Occurred (America/New_York)": moment})
    sheet = workbook(exports.xlsx({"Table": frame}, NOTES))["Table"]
    assert [cell.value for cell in sheet[1]] == ["Occurred (America/New_York)"] * 2
    assert [cell.value for cell in sheet[2]] == [datetime(2026, 6, 30, 23, 15)] * 2  # noqa: DTZ001


def test_hostile_text_stays_text_and_nothing_in_the_workbook_is_a_formula_or_a_link():
    file = exports.xlsx({"Table": pd.DataFrame({"Text": HOSTILE})}, HOSTILE)
    book = workbook(file)
    for column in (book["Table"]["A"][1:], book["Read me"]["A"][: len(HOSTILE)]):
        assert [as_shown(cell.value) for cell in column] == HOSTILE
        assert {cell.data_type for cell in column} == {"s"}
        assert not any(cell.hyperlink for cell in column)
    with zipfile.ZipFile(io.BytesIO(file)) as parts:
        sheets = [parts.read(name) for name in parts.namelist() if name.startswith("xl/worksheets/")]
        assert len(sheets) == 2
        assert not any(b"<f>" in sheet or b"hyperlink" in sheet for sheet in sheets)


def test_text_that_looks_like_a_formula_stays_text_when_somebody_edits_the_cell():
    sheet = workbook(exports.xlsx({"Table": pd.DataFrame({"Text": ["=1+1", "+1", "Oak Street"]})}, NOTES))[
        "Table"
    ]
    assert [cell.quotePrefix for cell in sheet["A"][1:]] == [True, True, False]


@given(TEXTS)
def test_any_text_goes_through_a_workbook(texts):
    sheet = workbook(exports.xlsx({"Table": pd.DataFrame({"Text": texts})}, []))["Table"]
    assert [cell.value for cell in sheet["A"][1:]] == texts


@pytest.mark.parametrize("text", ["x" * 40_000, "😀" * 20_000, "=" + "1" * 40_000, "a" + "😀" * 20_000])
def test_text_longer_than_a_cell_holds_is_cut_with_a_mark(text):
    file = exports.xlsx({"Table": pd.DataFrame({"Text": [text, "x" * 32_767, "😀" * 16_383]})}, [text])
    long, just, emoji = of_sheet(file)["Text"]
    assert 32_760 <= units(long) <= 32_767
    kept = long.removesuffix(" … (cut: an Excel cell holds 32,767 characters)")
    assert kept != long
    assert text.startswith(kept)
    assert (just, emoji) == ("x" * 32_767, "😀" * 16_383)


def test_numbers_that_excel_cannot_hold_are_text():
    frame = pd.DataFrame({"Case": [2026000000000012345, 999_999_999_999_999], "Bound": [np.inf, -np.inf]})
    sheet = workbook(exports.xlsx({"Table": frame}, NOTES))["Table"]
    assert [cell.value for cell in sheet["A"][1:]] == ["2026000000000012345", 999_999_999_999_999]
    assert [cell.value for cell in sheet["B"][1:]] == ["inf", "-inf"]


def test_columns_are_as_wide_as_their_text_within_bounds():
    frame = pd.DataFrame(
        {"N": [1], "Street": ["x" * 40], "Long": ["x" * 500], "When": [pd.Timestamp("2026-01-01 10:00")]}
    )
    widths = workbook(exports.xlsx({"Table": frame}, NOTES))["Table"].column_dimensions
    assert widths["A"].width < 12
    assert 40 <= widths["B"].width < 50
    assert 60 <= widths["C"].width < 70
    assert 16 <= widths["D"].width < 24


def test_two_columns_of_one_heading_are_both_there():
    frame = pd.DataFrame([["a", 1], ["b", 2]], columns=["Same", "Same"], index=[7, 7])
    sheet = workbook(exports.xlsx({"Table": frame}, NOTES))["Table"]
    assert [[cell.value for cell in row] for row in sheet] == [["Same", "Same"], ["a", 1], ["b", 2]]
    assert cells(exports.csv(frame)) == [["Same", "Same"], ["a", "1"], ["b", "2"]]


REFUSED_BY_EXCEL = [
    "[Gaps]: a/b\\c*d?",
    "Incidents out of view by block and street segment",
    "Incidents out of view by block and street",
    "incidents out of view BY BLOCK and district",
    "Read me",
    "READ ME",
    "History",
    "",
    "///",
    "'quoted'",
    "x" * 30 + "'s",
    "😀" * 20,
    "a\nb\x00c",
    "a b c",
]


def test_every_sheet_gets_a_name_that_excel_takes():
    names = exports.sheet_names(REFUSED_BY_EXCEL)
    book = workbook(exports.xlsx({title: table().head(1) for title in REFUSED_BY_EXCEL}, NOTES))
    assert book.sheetnames == ["Read me", *names]
    assert len({name.casefold() for name in ["read me", "history", *names]}) == len(names) + 2
    for name in names:
        assert 1 <= units(name) <= 31
        assert not re.search(r"[\[\]:*?/\\\x00-\x1f]", name)
        assert name == name.strip("' ")


@given(st.lists(st.text(max_size=40), unique=True, max_size=8))
def test_any_titles_become_names_that_excel_takes(titles):
    names = exports.sheet_names(titles)
    assert len({name.casefold() for name in names}) == len(titles)
    assert all(1 <= units(name) <= 31 and name == name.strip("' ") for name in names)


def test_a_title_that_excel_takes_stays_as_it_is():
    assert exports.sheet_names(["Gaps", "Cameras, by district"]) == ["Gaps", "Cameras, by district"]


def test_more_rows_than_a_sheet_holds_are_refused_in_words(monkeypatch):
    with pytest.raises(PorchlightError, match=r"Incidents has 1,048,576 rows .*CSV"):
        exports.xlsx({"Incidents": pd.DataFrame({"N": np.zeros(1_048_576)})}, NOTES)
    with pytest.raises(PorchlightError, match=r"16,385 columns"):
        exports.xlsx({"Wide": pd.DataFrame(np.zeros((1, 16_385)))}, NOTES)
    monkeypatch.setattr(exports, "SHEET_ROWS", 4)
    assert len(of_sheet(exports.xlsx({"Table": table()}, NOTES))) == 3
    with pytest.raises(PorchlightError, match="choose less"):
        exports.xlsx({"Table": pd.concat([table()] * 2)}, NOTES)


def test_the_same_tables_give_the_same_workbook_at_any_time():
    file = exports.xlsx({"Table": table()}, NOTES)
    assert file == exports.xlsx({"Table": table()}, NOTES)
    with zipfile.ZipFile(io.BytesIO(file)) as parts:
        assert {part.date_time for part in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert set(re.findall(rb"\d{4}-\d\d-\d\dT", parts.read("docProps/core.xml"))) == {b"2000-01-01T"}


# GeoJSON


def test_a_layer_becomes_geojson_in_wgs_84_that_other_programs_read():
    frame = layer()
    file = exports.geojson(frame, NOTES)
    read = gpd.read_file(io.BytesIO(file))
    assert read.crs == "EPSG:4326"
    there = frame.geometry.to_crs(4326)
    assert shapely.distance(read.geometry[:2], there[:2]).max() < 1e-6
    assert read.geometry[0].bounds == pytest.approx((-85.135, 33.579, -85.134, 33.580), abs=0.002)
    assert read["Block"].tolist()[:2] == ["Oak Street", "=1+1"]


def test_geojson_follows_rfc_7946():
    collection = json.loads(exports.geojson(layer(), NOTES))
    assert collection.keys() == {"type", "notes", "features"}  # no crs
    assert collection["type"] == "FeatureCollection"
    assert collection["notes"] == NOTES
    square, point, nowhere = collection["features"]
    assert {feature["type"] for feature in collection["features"]} == {"Feature"}
    assert nowhere["geometry"] is None
    assert point["geometry"]["type"] == "Point"
    outer, hole = (shapely.LinearRing(ring) for ring in square["geometry"]["coordinates"])
    assert outer.is_ccw
    assert not hole.is_ccw
    numbers = re.findall(r"-?\d+\.(\d+)", json.dumps([square["geometry"], point["geometry"]]))
    assert max(len(decimals) for decimals in numbers) == 6


def test_values_of_geojson_are_plain_and_what_is_missing_is_null():
    bounds = layer(Low=[np.inf, 0.5, np.nan], Ids=[np.int64(3), Decimal("1.5"), pd.NA])
    first, second, third = (
        feature["properties"] for feature in json.loads(exports.geojson(bounds, NOTES))["features"]
    )
    assert first == {
        "Block": "Oak Street",
        "Incidents": 12,
        "Ground in view, %": 61.3,
        "Last incident": "2026-03-08T12:30:00+00:00",
        "Day": "2026-02-28T00:00:00",
        "Since": "2024-02-29",
        "Verified": True,
        "Low": None,
        "Ids": 3,
    }
    assert (second["Low"], second["Ids"], second["Since"]) == (0.5, 1.5, None)
    assert all(third[name] is None for name in ("Block", "Incidents", "Last incident", "Day", "Low", "Ids"))


def test_hostile_text_goes_through_geojson_and_geoparquet_unchanged():
    frame = gpd.GeoDataFrame({"Text": HOSTILE}, geometry=gpd.points_from_xy([0] * len(HOSTILE), 0), crs=4326)
    features = json.loads(exports.geojson(frame, HOSTILE))["features"]
    assert [feature["properties"]["Text"] for feature in features] == HOSTILE
    assert gpd.read_parquet(io.BytesIO(exports.geoparquet(frame, HOSTILE)))["Text"].tolist() == HOSTILE


def test_an_empty_place_is_null_and_every_kind_of_shape_is_written():
    shapes = [
        shapely.Polygon(),
        shapely.Point(),
        shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(2, 2, 3, 3)]),
        shapely.LineString([(0, 0), (1, 1)]),
        shapely.Point(1, 2, 3),
    ]
    file = json.loads(exports.geojson(gpd.GeoDataFrame(geometry=shapes, crs=4326), []))
    kinds = [feature["geometry"] and feature["geometry"]["type"] for feature in file["features"]]
    assert kinds == [None, None, "MultiPolygon", "LineString", "Point"]
    assert file["features"][4] == {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [1, 2]},
        "properties": {},
    }


# GeoParquet


def test_a_layer_becomes_geoparquet_with_its_crs_its_types_and_its_notes():
    frame = layer()
    file = exports.geoparquet(frame, NOTES)
    read = gpd.read_parquet(io.BytesIO(file))
    assert read.crs == frame.crs
    assert read.geometry.geom_equals_exact(frame.geometry, 0).tolist() == [True, True, False]
    assert read.geometry[2] is None
    assert read["Incidents"].dtype == "Int64"
    assert read["Last incident"].equals(frame["Last incident"])
    metadata = pq.read_metadata(io.BytesIO(file)).metadata
    assert json.loads(metadata[b"notes"]) == NOTES
    geo = json.loads(metadata[b"geo"])
    assert geo["version"] == "1.1.0"
    assert geo["columns"]["geometry"]["crs"]["id"] == {"authority": "EPSG", "code": 32616}


def test_a_column_of_several_types_is_refused_in_words():
    with pytest.raises(PorchlightError, match=r"several types"):
        exports.geoparquet(layer(Mixed=["a", 1, 2.5]), NOTES)


# Every form


FORMS = {
    "csv": lambda frame: exports.csv(frame.drop(columns="geometry")),
    "xlsx": lambda frame: exports.xlsx({"Table": frame.drop(columns="geometry")}, NOTES),
    "geojson": lambda frame: exports.geojson(frame, NOTES),
    "geoparquet": lambda frame: exports.geoparquet(frame, NOTES),
}


def test_a_table_without_rows_keeps_its_headings():
    empty = layer().head(0)
    assert cells(FORMS["csv"](empty)) == [list(table().columns)]
    sheet = workbook(FORMS["xlsx"](empty))["Table"]
    assert sheet.max_row == 1
    assert [cell.value for cell in sheet[1]][:2] == ["Block", "Incidents"]
    assert json.loads(FORMS["geojson"](empty))["features"] == []
    read = gpd.read_parquet(io.BytesIO(FORMS["geoparquet"](empty)))
    assert list(read.columns) == list(empty.columns)
    assert len(read) == 0


def test_a_table_without_columns_is_no_crash():
    assert exports.csv(pd.DataFrame()).strip() in (b"", b'""')
    assert workbook(exports.xlsx({"Nothing": pd.DataFrame()}, [])).sheetnames == ["Read me", "Nothing"]
    assert workbook(exports.xlsx({}, NOTES)).sheetnames == ["Read me"]


@pytest.mark.parametrize("form", FORMS)
def test_the_frame_given_is_left_alone_and_the_same_frame_gives_the_same_bytes(form):
    frame = layer()
    before = frame.copy()
    assert FORMS[form](frame) == FORMS[form](frame)
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize("form", ["geojson", "geoparquet"])
def test_a_layer_without_crs_or_with_a_heading_twice_is_refused_in_words(form):
    with pytest.raises(PorchlightError, match="coordinate system"):
        FORMS[form](layer().set_crs(None, allow_override=True))
    with pytest.raises(PorchlightError, match="stand once: give another name to Block"):
        FORMS[form](layer().rename(columns={"Day": "Block"}))


def test_a_place_outside_its_coordinate_system_is_refused_in_words():
    far = gpd.GeoDataFrame(geometry=[shapely.Point(1e12, 1e12)], crs="EPSG:32616")
    with pytest.raises(PorchlightError, match="outside"):
        exports.geojson(far, NOTES)


@pytest.mark.parametrize("form", FORMS)
def test_ten_thousand_rows_take_seconds_at_the_most(form):
    # Quiet: csv 0.1 s, xlsx 0.6 s, geojson 0.4 s, geoparquet 0.1 s; the bound leaves room for a busy machine.
    frame = pd.concat([layer()] * 3334, ignore_index=True)
    start = perf_counter()
    FORMS[form](frame)
    assert perf_counter() - start < 5
