"""Places: words are turned into the point a person of this town would mean by them."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data import schema
from data.errors import PorchlightError
from tests import small_town
from workflow import places
from workflow.places import PlaceNotFound

if TYPE_CHECKING:
    from data.store import Store


@pytest.fixture
def town(store: Store) -> Store:
    small_town.build(store)
    return store


@pytest.fixture
def duckdb_town(duckdb_store: Store) -> Store:
    small_town.build(duckdb_store)
    return duckdb_store


def where(words: str, store: Store) -> tuple[float, float]:
    """Metres east and north of the middle of the town of the one place found."""
    (place,) = places.find(words, store=store)
    return small_town.metres(place.lon, place.lat)


def test_an_intersection_is_where_the_streets_cross(town):
    (place,) = places.find("Maple St & Oak Ave", store=town)
    assert (place.words, place.kind) == ("Maple St & Oak Ave", "intersection")
    assert small_town.metres(place.lon, place.lat) == pytest.approx((0, 0), abs=0.01)


@pytest.mark.parametrize(
    "words",
    [
        "maple street and oak avenue",
        "MAPLE ST / OAK AV",
        "Oak Ave @ Maple St.",
        "Maple at Oak",
        "corner of Maple and Oak",
        "  Maple   St &Oak Ave, Carrollton, GA ",
        "100 BLOCK MAPLE ST/OAK AVE",
    ],
)
def test_an_intersection_may_be_written_in_many_ways(duckdb_town, words):
    assert where(words, duckdb_town) == pytest.approx((0, 0), abs=0.01)


def test_a_house_stands_where_its_building_meets_its_street(town):
    # 351 Maple St: its house is 14 to 26 m north of the street.
    east, north = where("351 Maple St", town)
    assert (east, north) == pytest.approx((61, 14), abs=0.1)  # the middle of its front


def test_a_number_without_a_building_is_interpolated_on_its_own_side(town):
    east, north = where("325 Maple St", town)  # odd numbers are on the left, that is north
    assert east == pytest.approx(120 * 24 / 98, abs=0.1)
    assert north == pytest.approx(places.KERB_M, abs=0.01)
    east, north = where("324 Maple St", town)
    assert east == pytest.approx(120 * 24 / 98, abs=0.1)
    assert north == pytest.approx(-places.KERB_M, abs=0.01)


@pytest.mark.parametrize(
    "words",
    [
        "325 maple street",
        "0325 MAPLE ST",
        "325 Maple St Apt 4",
        "325 Maple St #4B",
        "325 Maple St., Smalltown, GA 30117",
        "325 Maple",
        "325A Maple St",
    ],
)
def test_a_house_may_be_written_in_many_ways(duckdb_town, words):
    assert where(words, duckdb_town) == pytest.approx(where("325 Maple St", duckdb_town), abs=0.01)


@pytest.mark.parametrize(
    "words", ["300 BLOCK OF MAPLE ST", "300 block Maple Street", "003XX MAPLE ST", "300 BLK MAPLE ST"]
)
def test_a_hundred_block_is_its_middle(duckdb_town, words):
    (place,) = places.find(words, store=duckdb_town)
    assert (place.words, place.kind) == ("300 block of Maple St", "block")
    assert small_town.metres(place.lon, place.lat) == pytest.approx((60, 0), abs=0.1)


def test_a_number_that_the_map_lacks_is_put_at_the_nearest_one_of_its_hundred(duckdb_town):
    low = schema.street.c.left_from == 301
    narrow = (
        sa.update(schema.street)
        .where(schema.street.c.name == "Maple St", low)
        .values(left_to=339, right_to=338)
    )
    duckdb_town.write(lambda connection: connection.execute(narrow))
    east, north = where("377 Maple St", duckdb_town)
    assert (east, north) == pytest.approx((120 - places.KERB_M, places.KERB_M), abs=0.1)


def test_numbers_that_fall_along_the_line_are_interpolated_too(duckdb_town):
    lines = schema.street
    backwards = (
        sa.update(lines)
        .where(lines.c.name == "Maple St", lines.c.left_from == 301)
        .values(left_from=399, left_to=301, right_from=398, right_to=300)
    )
    duckdb_town.write(lambda connection: connection.execute(backwards))
    east, north = where("325 Maple St", duckdb_town)
    assert (east, north) == pytest.approx((120 - 120 * 24 / 98, places.KERB_M), abs=0.1)


@given(number=st.integers(100, 499))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_house_numbers_grow_along_the_street_and_stay_beside_it(duckdb_town, number):
    east, north = where(f"{number} Dixie St", duckdb_town)  # the northernmost street: houses only south of it
    assert -240 <= east <= 240
    assert (north > 240) == bool(number % 2)
    # A building has the number 150, 250, ...; all others are interpolated.
    if number % 100 != 50:
        assert abs(north - 240) == pytest.approx(places.KERB_M, abs=0.01)
        assert abs(east - (-240 + 120 * (number / 100 - 1))) < 12


@pytest.mark.parametrize(
    ("words", "lon", "lat"),
    [
        ("33.58, -85.08", -85.08, 33.58),
        ("33.58 -85.08", -85.08, 33.58),
        ("33.58° N, 85.08° W", -85.08, 33.58),
        ("85.08 W 33.58 N", -85.08, 33.58),
        ("-85.08, 33.58", -85.08, 33.58),  # only this order lies in town
        ("-33.9,151.2", 151.2, -33.9),
    ],
)
def test_coordinates_are_taken_in_the_order_that_makes_sense(duckdb_town, words, lon, lat):
    (place,) = places.find(words, store=duckdb_town)
    assert (place.lon, place.lat, place.kind) == (lon, lat, "coordinates")


def test_a_street_in_two_parts_of_town_gives_two_places_to_choose_from(duckdb_town):
    far = shapely.LineString([small_town.lon_lat(1000, 0), small_town.lon_lat(1100, 0)])
    row = {"id": 900, "name": "Maple Ave", "left_from": 301, "left_to": 399, "geometry": shapely.to_wkb(far)}
    duckdb_town.write(lambda connection: connection.execute(schema.street.insert().values(row)))
    found = places.find("325 Maple", store=duckdb_town)
    assert {place.words for place in found} == {"325 Maple St", "325 Maple Ave"}
    assert [place.words for place in places.find("325 Maple Ave", store=duckdb_town)] == ["325 Maple Ave"]


def test_the_same_address_twice_can_be_told_apart(duckdb_town):
    far = shapely.LineString([small_town.lon_lat(1000, 0), small_town.lon_lat(1100, 0)])
    row = {"id": 900, "name": "Maple St", "left_from": 301, "left_to": 399, "geometry": shapely.to_wkb(far)}
    duckdb_town.write(lambda connection: connection.execute(schema.street.insert().values(row)))
    words = [place.words for place in places.find("325 Maple St", store=duckdb_town)]
    assert words == ["325 Maple St (1 of 2)", "325 Maple St (2 of 2)"]


def test_a_misspelt_street_is_answered_with_what_may_have_been_meant(town):
    with pytest.raises(PlaceNotFound, match=r"Did you mean 12 Maple St\?") as caught:
        places.find("12 Mapel Street", store=town)
    assert caught.value.suggestions == ("12 Maple St",)
    with pytest.raises(PlaceNotFound, match=r"Did you mean 12 Walnut Ave\?"):
        places.find("12 Wal", store=town)
    with pytest.raises(PlaceNotFound, match=r"Did you mean Cedar Ave & Maple St\?"):
        places.find("Maple St & Ceder Ave", store=town)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("", "Type an address"),
        ("x" * 500, "Type an address"),
        ("Maple St", "add a house number"),
        ("9999 Maple St", "its numbers run from 100 to 499"),
        ("9900 BLOCK OF MAPLE ST", "its numbers run from 100 to 499"),
        ("Maple St & Dixie St", "do not meet"),
        ("12 Nowhere Blvd", "There is no street 'Nowhere Blvd'"),
        ("95.0, 200.0", "no place on earth"),
        ("& & &", "not enough"),
        ("'; DROP TABLE street; --", "not enough"),
        ("12 %", "There is no street '%'"),
    ],
)
def test_what_cannot_be_found_says_what_to_write_instead(duckdb_town, words, message):
    with pytest.raises(PlaceNotFound, match=message):
        places.find(words, store=duckdb_town)


@given(words=st.text(max_size=60))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_words_break_the_search(duckdb_town, words):
    with contextlib.suppress(PlaceNotFound):
        assert places.find(words, store=duckdb_town)
    assert isinstance(places.suggestions(words, store=duckdb_town), list)


def test_without_a_city_the_message_says_what_to_load(duckdb_store):
    with pytest.raises(PorchlightError, match="No city is loaded"):
        places.find("Maple St & Oak Ave", store=duckdb_store)


@pytest.mark.parametrize(
    ("typed", "suggested"),
    [
        ("ma", ["Maple St"]),
        ("325 ma", ["325 Maple St"]),
        ("325 Mapel", ["325 Maple St"]),
        ("Maple St & o", ["Maple St & Oak Ave"]),
        ("c", ["Cedar Ave", "College St"]),
        ("", []),
        ("33.58, -85.08", []),
    ],
)
def test_suggestions_complete_what_is_being_typed(duckdb_town, typed, suggested):
    assert places.suggestions(typed, store=duckdb_town) == suggested


def test_a_street_chosen_on_the_map_is_the_middle_of_its_block(duckdb_town):
    with duckdb_town.read() as connection:
        named = schema.street.c.name == "Maple St", schema.street.c.left_from == 301
        street_id = connection.execute(sa.select(schema.street.c.id).where(*named)).scalar_one()
    place = places.on_street(street_id, store=duckdb_town)
    assert (place.words, place.kind) == ("300 block of Maple St", "block")
    assert small_town.metres(place.lon, place.lat) == pytest.approx((60, 0), abs=0.1)
    with pytest.raises(PlaceNotFound, match="no longer on the map"):
        places.on_street(123456, store=duckdb_town)


def test_surroundings_are_in_metres_around_the_point_and_hold_only_what_is_near(town):
    around = places.surroundings(*small_town.lon_lat(60, 0), store=town)
    assert {street["name"] for street in around["streets"]} == {"Maple St", "Oak Ave", "Elm Ave"}
    points = np.concatenate([street["line"] for street in around["streets"]])
    assert np.abs(points).max() <= 60.01
    maple = shapely.union_all(
        [shapely.LineString(s["line"]) for s in around["streets"] if s["name"] == "Maple St"]
    )
    assert maple.length == pytest.approx(120, abs=0.1)
    houses = [shapely.Polygon(outline) for outline in around["buildings"]]
    assert sorted(tuple(np.round(house.centroid.coords[0])) for house in houses) == [(1, -20), (1, 20)]


def test_a_point_that_was_moved_lies_so_many_metres_away(town):
    lon, lat = places.moved(*small_town.CENTRE, 30, -12, store=town)
    assert small_town.metres(lon, lat) == pytest.approx((30, -12), abs=0.001)


def test_a_large_city_is_searched_quickly(duckdb_store):
    small_town.build(duckdb_store)
    line = shapely.to_wkb(shapely.LineString([small_town.lon_lat(0, 0), small_town.lon_lat(100, 0)]))
    rows = [
        {"id": 1000 + i, "name": f"Street{i % 8000} Rd", "left_from": 1, "left_to": 99, "geometry": line}
        for i in range(40000)
    ]
    import pyarrow as pa

    duckdb_store.write(
        lambda connection: duckdb_store.append(connection, schema.street, pa.Table.from_pylist(rows))
    )
    places.find("325 Maple St", store=duckdb_store)
    started = time.perf_counter()
    places.find("325 Maple St", store=duckdb_store)
    assert time.perf_counter() - started < 0.5
