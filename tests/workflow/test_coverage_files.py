"""Coverage to take away: files that open safely, say what they hold, and tell nothing of private cameras."""

from __future__ import annotations

import csv
import io
import json
import zipfile

import geopandas as gpd
import pytest
import sqlalchemy as sa

from data import schema
from tests import people
from tests.incidents import record
from tests.people import COMMAND, register_camera
from tests.workflow import questions
from tests.workflow.questions import NOON, SEEN, UNSEEN, ask, corner_camera
from workflow import coverage_files, coverage_words
from workflow.gap_tables import PLACES, gap_table

HOSTILE = '=HYPERLINK("http://x.example","click")'
HOSTILE_NAMES = (HOSTILE, "+1+1", "-2", "@SUM(A1)", "</script><b>", 'a,"b"\r\nc', "\t=1", "")


@pytest.fixture
def town(duckdb_store):
    """The blocks with the most unseen harm have names that nobody should open."""
    questions.build(duckdb_store)
    block = schema.block

    def rename(connection: sa.Connection) -> None:
        for number, name in enumerate(HOSTILE_NAMES, 1):
            connection.execute(sa.update(block).where(block.c.id == number).values(name=name))

    duckdb_store.write(rename)
    register_camera(duckdb_store, 1.3, 1.7, azimuth=45)
    record(duckdb_store, (*SEEN, NOON), *[(*UNSEEN, NOON)] * 3, *[(-200, -200, NOON)] * 9)
    return duckdb_store


def contents(store, of: str = "block") -> dict[str, coverage_files.File]:
    found = ask(store)
    shown = coverage_words.gaps_shown(gap_table(found, of), found)
    return {file.label: file for file in coverage_files.files(COMMAND, found, of, shown, store=store)}


def test_every_format_has_all_places_and_a_name_that_says_what_it_holds(town):
    for of, count in zip(PLACES, (16, 40, 1), strict=True):
        files = contents(town, of)
        assert files["CSV"].name == f"gaps by {of} 2026-03-10 to 2026-03-10.csv"
        assert len(list(csv.reader(io.StringIO(files["CSV"].content().decode(), newline="")))) == count + 1
        assert len(json.loads(files["GeoJSON"].content())["features"]) == count
        assert len(gpd.read_parquet(io.BytesIO(files["GeoParquet"].content()))) == count


def test_no_name_is_a_formula_in_a_spreadsheet(town):
    files = contents(town)
    rows = list(csv.DictReader(io.StringIO(files["CSV"].content().decode(), newline="")))
    assert rows[0]["Place"] == f"'{HOSTILE}", "nine incidents, so it comes first"
    risky = {row["Place"] for row in rows if row["Place"].startswith(("=", "+", "-", "@", "\t"))}
    assert risky == {"-2"}, "which is a number"
    with zipfile.ZipFile(io.BytesIO(files["Excel"].content())) as book:
        sheets = [book.read(name).decode() for name in book.namelist() if "worksheets/sheet" in name]
        assert not any("<f>" in sheet or "<hyperlink" in sheet for sheet in sheets)
        assert not any("externalLink" in name for name in book.namelist())
    assert len(sheets) == 4, "a first sheet to read, the places, the cameras, the ground"


def test_names_stay_as_they_are_in_files_for_programs(town):
    files = contents(town)
    names = {feature["properties"]["Place"] for feature in json.loads(files["GeoJSON"].content())["features"]}
    assert set(HOSTILE_NAMES) <= names
    assert set(HOSTILE_NAMES) <= set(gpd.read_parquet(io.BytesIO(files["GeoParquet"].content()))["Place"])


def test_files_say_what_was_asked_and_what_they_do_not_tell(town):
    files = contents(town)
    notes = " ".join(json.loads(files["GeoJSON"].content())["notes"]).replace("\u00a0", " ")
    assert "of 13 recorded incidents" in notes
    assert "Where a camera could see is not where footage exists" in notes
    with zipfile.ZipFile(io.BytesIO(files["Excel"].content())) as book:
        assert "62.5 pixels a metre" in book.read("xl/sharedStrings.xml").decode()


def test_the_same_question_gives_the_same_bytes(town):
    first, second = contents(town), contents(town)
    assert first["CSV"].content() == second["CSV"].content()


def test_nothing_of_a_private_camera_is_in_any_file(town):
    with town.read() as connection:
        camera = connection.execute(sa.select(schema.camera.c.id, schema.camera.c.lon)).one()
    for label, file in contents(town).items():
        if label != "Print (PDF)":
            content = file.content()
            for private in (camera.id, str(camera.lon), people.NAME, people.EMAIL):
                assert private.encode() not in content, label


def test_the_print_is_a_pdf(town):
    file = contents(town)["Print (PDF)"]
    assert file.mime == "application/pdf"
    assert file.content().startswith(b"%PDF-")


def test_a_camera_that_does_not_count_has_no_chance_of_footage(town):
    corner_camera(town, azimuth=None)
    people.withdraw(town, corner_camera(town, azimuth=100), "list")
    found = ask(town)
    chances = coverage_files.chances(found, store=town)
    assert len(chances) == len(found.sight.views) == 3
    assert (chances > 0).sum() == 1
    assert ((chances >= 0) & (chances < 1)).all()
