"""A department's own export, through a mapping."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from data import load
from data.errors import LoadError
from data.load import mapping
from tests.data.loading import ask

if TYPE_CHECKING:
    from data.store import Store

EXPORT = (
    "Report No,Occurred On,Offense,Block,X,Y\n"
    "25-1,02/03/2025 14:00,LARCENY,100 BLOCK OAK ST,2058915,1284325\n"
    "25-2,07/03/2025 14:00,SIMPLE BATTERY,200 BLOCK OAK ST,2058915,1284325\n"
)
MAPPING = """
name = "carrollton-pd"
city = "Carrollton"
timezone = "America/New_York"
date_formats = ["%m/%d/%Y %H:%M"]
crs = "EPSG:2240"

[columns]
key = "Report No"
occurred = "Occurred On"
offence = "Offense"
address = "Block"
lon = "X"
lat = "Y"

[offences]
"Larceny" = "23H"
"SIMPLE BATTERY" = "13B"
"""


def test_a_mapping_loads_what_no_format_knows(store: Store, tmp_path: Path) -> None:
    file, described = tmp_path / "export.csv", tmp_path / "mapping.toml"
    file.write_text(EXPORT)
    described.write_text(MAPPING)
    report = load.incidents(file, store, described)
    assert (report.accepted, report.format) == (2, "carrollton-pd")
    [first, second] = ask(
        store, "SELECT source_key, occurred_at, offence_code, lon, lat FROM incident ORDER BY 1"
    )
    assert (first[0], first[1].hour, first[2]) == ("25-1", 19, "23H")
    assert (second[0], second[1].hour, second[2]) == ("25-2", 18, "13B")
    assert first[3:] == pytest.approx((-85.08, 33.58), abs=0.2)
    assert ask(store, "SELECT name, timezone, crs FROM city") == [
        ("Carrollton", "America/New_York", "EPSG:32616")
    ]


def test_the_suggested_mapping_works_once_the_city_is_filled_in(duckdb_store: Store, tmp_path: Path) -> None:
    file, described = tmp_path / "export.csv", tmp_path / "mapping.toml"
    file.write_text(EXPORT.replace("X,Y", "Longitude,Latitude").replace("2058915,1284325", "-85.08,33.58"))
    with pytest.raises(LoadError) as error:
        load.incidents(file, duckdb_store)
    suggested = re.search(r"(?ms)^name = .*?(?=^Nothing was loaded)", str(error.value))
    assert suggested
    described.write_text(suggested.group().replace('city = "?"', 'city = "Carrollton"'))
    assert load.incidents(file, duckdb_store, described).accepted == 2
    assert ask(duckdb_store, "SELECT offence_text, offence_code FROM incident ORDER BY 1") == [
        ("LARCENY", "23H"),
        ("SIMPLE BATTERY", "13B"),
    ]


def test_without_a_key_of_the_publisher_one_is_made(store: Store, tmp_path: Path) -> None:
    file, described = tmp_path / "export.csv", tmp_path / "mapping.toml"
    file.write_text(EXPORT + EXPORT.splitlines()[1] + "\n")
    described.write_text(MAPPING.replace('key = "Report No"', ""))
    first, second = load.incidents(file, store, described), load.incidents(file, store, described)
    assert (first.accepted, first.duplicates) == (2, 1)
    assert (second.accepted, second.duplicates) == (0, 3)


def test_a_mapping_may_name_the_encoding(duckdb_store: Store, tmp_path: Path) -> None:
    file, described = tmp_path / "export.csv", tmp_path / "mapping.toml"
    file.write_bytes(EXPORT.replace("OAK", "CAFÉ").encode("cp1252"))
    described.write_text(MAPPING)
    assert load.incidents(file, duckdb_store, described).reasons == {"wrong encoding": 2}
    described.write_text('encoding = "cp1252"\n' + MAPPING)
    assert load.incidents(file, duckdb_store, described).accepted == 2
    assert ask(duckdb_store, "SELECT address FROM incident ORDER BY 1")[0] == ("100 BLOCK CAFÉ ST",)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("name =", "nane =", "'nane' is not known"),
        ('offence = "Offense"', "", "'offence' is missing"),
        ('occurred = "Occurred On"', "", "'occurred' is missing"),
        ('lon = "X"', "", "'lon' and 'lat'"),
        ('"Larceny" = "23H"', '"Larceny" = "99Q"', "no NIBRS code"),
        ("America/New_York", "Mars/Olympus", "no time zone"),
        ('"EPSG:2240"', '"EPSG:0"', "no reference system"),
        ('"EPSG:2240"', "2240", "'crs' must be a text"),
        ('city = "Carrollton"', 'city = "?"', "'city' is missing"),
        ('"Report No"', '"Report Number"', "no column Report Number"),
        ("[columns]", "[columns", "cannot be read"),
    ],
)
def test_a_wrong_mapping_says_what_is_wrong(
    duckdb_store: Store, tmp_path: Path, old: str, new: str, words: str
) -> None:
    file, described = tmp_path / "export.csv", tmp_path / "mapping.toml"
    file.write_text(EXPORT)
    described.write_text(MAPPING.replace(old, new))
    with pytest.raises(LoadError, match=words):
        load.incidents(file, duckdb_store, described)


def test_the_example_in_the_documentation_is_a_mapping() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "loading.md").read_text()
    examples = re.findall(r"```toml\n(.*?)```", guide, re.DOTALL)
    assert examples
    for example in examples:
        import tempfile

        with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
            file.write(example)
            file.flush()
            assert mapping.read(file.name).offences
