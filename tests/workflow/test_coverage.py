"""Coverage of the small town against figures worked out by hand.

The camera of these tests stands on Maple St & Oak Ave, looks north-east over a right angle and has 2560
pixels: 62.5 pixels a metre (observe) up to 2560 / (2 * 62.5) = 20.48 m, 25 (detect) up to 51.2 m. The
nearest house is 56 m away, so nothing is in its way. Cells are 10 m wide, and their centres lie 5, 15, 25
metres from the two streets.
"""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
import sqlalchemy as sa

from data import schema
from data.errors import PorchlightError
from tests import people, small_town
from tests.incidents import record
from tests.people import COMMAND, OFFICER, register_camera
from workflow import coverage
from workflow.identity import Actor, Refused

DAY = date(2026, 3, 10)
NOON = datetime(2026, 3, 10, 16, tzinfo=UTC)  # noon in the town

# Cell centres within 20.48 m of the camera and between north and east of it.
OBSERVED = ((5, 5), (5, 15), (15, 5))
SEEN, UNSEEN = (6.0, 4.0), (-6.0, 4.0)


@pytest.fixture
def town(store):
    small_town.build(store)
    return store


@pytest.fixture
def duckdb_town(duckdb_store):
    small_town.build(duckdb_store)
    return duckdb_store


def corner_camera(store, azimuth: float | None = 45, **more: object) -> str:
    return register_camera(store, 0, 0, azimuth, **more)


def cover(store, since=DAY, until=DAY, **more) -> coverage.CityCoverage:
    return coverage.city_coverage(COMMAND, since, until, store=store, **more)


def centres_in_view(city: coverage.CityCoverage, level_px: float = 62.5) -> set[tuple[int, int]]:
    """Centres of the cells in view, in metres from the middle of the town, rounded to whole metres."""
    x, y = small_town._to_metres.transform(*small_town.CENTRE)
    seen = city.ground.grid.centres()[city.best_px_per_m >= level_px] - (x, y)
    return {(round(east), round(north)) for east, north in seen}


def test_a_camera_covers_the_cells_that_its_lens_resolves(town):
    corner_camera(town)
    assert centres_in_view(cover(town)) == set(OBSERVED)


def test_what_has_to_be_made_out_decides_how_far_a_camera_counts(duckdb_town):
    corner_camera(duckdb_town)
    record(duckdb_town, (30, 30, NOON), (6, 4, NOON))
    detect, observe = (cover(duckdb_town, level=level) for level in ("detect", "observe"))
    assert (detect.incidents.in_view, observe.incidents.in_view) == (2, 1)
    within_51_m = {(e, n) for e in range(5, 60, 10) for n in range(5, 60, 10) if np.hypot(e, n) <= 51.2}
    assert centres_in_view(detect, 25) == within_51_m
    # 2560 pixels over a right angle are 125 a metre up to 10.24 m, and 250 up to 5.12 m: less than to any centre.
    assert centres_in_view(cover(duckdb_town, level="recognise"), 125) == {(5, 5)}
    assert cover(duckdb_town, level="identify").ground_in_view == 0


def test_the_share_has_its_denominator_and_a_wilson_interval(town):
    corner_camera(town)
    record(town, *[(*SEEN, NOON)] * 3, *[(*UNSEEN, NOON)] * 7)
    seen = cover(town).incidents
    assert (seen.in_view, seen.incidents, seen.share) == (3, 10, 0.3)
    # Wilson 1927 for 3 of 10 with z = 1.96: (0.3 + 0.192 ± 1.96 * sqrt(0.021 + 0.0096)) / 1.384
    assert (seen.low, seen.high) == pytest.approx((0.1078, 0.6032), abs=5e-4)


def test_the_ground_in_view_is_a_share_of_the_city_and_not_of_the_map(duckdb_town):
    corner_camera(duckdb_town)
    city = cover(duckdb_town)
    assert city.ground.in_city.sum() == 56 * 56, "the outline is a square of 560 m"
    assert city.ground_in_view == pytest.approx(3 / 56**2)


def test_a_building_hides_what_is_behind_it(duckdb_town):
    # The house at 351 Maple St stands from 54 to 68 m east and 14 to 26 m north; the camera is south of it.
    register_camera(duckdb_town, 61, 2, azimuth=0)
    seen = centres_in_view(cover(duckdb_town, level="detect"), 25)
    assert (65, 35) not in seen, "behind the house"
    assert (85, 35) in seen, "past its corner"
    assert not {(east, north) for east, north in seen if 54 < east < 68 and north > 14}


def test_a_direction_nobody_stated_never_counts(duckdb_town):
    corner_camera(duckdb_town, azimuth=None)
    record(duckdb_town, (*SEEN, NOON))
    for with_assumed in (False, True):
        city = cover(duckdb_town, with_assumed=with_assumed)
        assert city.incidents.in_view == 0
        assert city.best_px_per_m.max() == 0
    assert city.counted["community"] == coverage.Counted(
        listed=1, stated=0, assumed=0, unknown=1, assumed_optics=0
    )


def test_a_camera_that_looks_all_round_needs_no_direction(duckdb_town):
    corner_camera(duckdb_town, azimuth=None, hfov=360)
    record(duckdb_town, (*SEEN, NOON), (-4, -4, NOON))
    # All round, 2560 pixels are spread over 2 * pi: 62.5 a metre up to 6.5 m. The centres are 7.07 m away.
    assert cover(duckdb_town).incidents.in_view == 0
    assert cover(duckdb_town, level="detect").incidents.in_view == 2
    assert cover(duckdb_town).counted["community"].stated == 1


def test_an_assumed_direction_counts_only_when_asked_for(duckdb_town):
    camera = corner_camera(duckdb_town)
    duckdb_town.write(
        lambda connection: connection.execute(
            sa.update(schema.camera).where(schema.camera.c.id == camera).values(direction_from="assumed")
        )
    )
    record(duckdb_town, (*SEEN, NOON))
    assert cover(duckdb_town).incidents.in_view == 0
    with_assumed = cover(duckdb_town, with_assumed=True)
    assert with_assumed.incidents.in_view == 1
    assert with_assumed.counted["community"].stated == 0
    assert with_assumed.counted["community"].assumed == 1


def test_a_consent_that_is_withdrawn_changes_the_answer_at_once(town):
    camera = corner_camera(town)
    record(town, (*SEEN, NOON))
    assert cover(town).incidents.in_view == 1
    people.withdraw(town, camera, "list")
    city = cover(town)
    assert city.incidents.in_view == 0
    assert city.counted["community"].listed == 0


def test_a_consent_that_runs_out_counts_no_longer(duckdb_town):
    corner_camera(duckdb_town, days_old=364)
    assert cover(duckdb_town).counted["community"].listed == 1
    corner_camera(duckdb_town, days_old=366)
    assert cover(duckdb_town).counted["community"].listed == 1


def test_a_new_camera_counts_at_once(town):
    record(town, (*SEEN, NOON))
    assert cover(town).incidents.in_view == 0
    corner_camera(town)
    assert cover(town).incidents.in_view == 1


def test_a_map_that_is_loaded_anew_is_used_at_once(duckdb_town):
    register_camera(duckdb_town, 61, 8, azimuth=0)
    record(duckdb_town, (61, 32, NOON))
    assert cover(duckdb_town, level="detect").incidents.in_view == 0
    values = {"kind": "buildings", "file_name": "b", "file_hash": "0", "format": "b", "finished_at": NOON}
    values |= {"rows": 1, "accepted": 1, "duplicates": 0, "quarantined": 0, "reasons": "{}", "seconds": 1.0}

    def without_buildings(connection: sa.Connection) -> None:
        connection.execute(sa.delete(schema.building))
        connection.execute(schema.load.insert().values(id=1, **values))

    duckdb_town.write(without_buildings)
    assert cover(duckdb_town, level="detect").incidents.in_view == 1


def agency_camera(store, kind: str, azimuths: str, east: float = 0, north: float = 0, key: str = "1") -> None:
    lon, lat = small_town.lon_lat(east, north)
    store.write(
        lambda connection: connection.execute(
            schema.agency_camera.insert().values(
                source="test",
                source_key=key,
                content_hash=1,
                load_id=1,
                kind=kind,
                lon=lon,
                lat=lat,
                azimuths=azimuths,
                hfov=90.0,
                width_px=2560,
                direction_from="stated" if azimuths != "[]" else "unknown",
            )
        )
    )


def test_whose_camera_it_is_is_kept_apart(duckdb_town):
    agency_camera(duckdb_town, "city", "[225]")
    agency_camera(duckdb_town, "alpr", "[135]", key="2")
    corner_camera(duckdb_town)
    quarters = {
        "community": set(OBSERVED),
        "city": {(-east, -north) for east, north in OBSERVED},
        "alpr": {(east, -north) for east, north in OBSERVED},
    }
    for layer, quarter in quarters.items():
        assert centres_in_view(cover(duckdb_town, layers=frozenset({layer}))) == quarter
    assert centres_in_view(cover(duckdb_town)) == set.union(*quarters.values())


def test_a_device_that_looks_two_ways_is_one_camera(duckdb_town):
    agency_camera(duckdb_town, "alpr", "[45, 225]")
    agency_camera(duckdb_town, "alpr", "[]", key="2")
    city = cover(duckdb_town)
    assert len(centres_in_view(city)) == 6
    assert city.counted["alpr"] == coverage.Counted(
        listed=2, stated=1, assumed=0, unknown=1, assumed_optics=0
    )


def test_a_period_is_whole_days_of_the_towns_own_clock(town):
    # New York is four hours behind in summer: the day is over at 04:00 UTC of the next.
    midnight = datetime(2026, 6, 10, 4, tzinfo=UTC)
    second = timedelta(seconds=1)
    record(
        town,
        (*UNSEEN, midnight - second),
        (*UNSEEN, midnight),
        (*UNSEEN, midnight + timedelta(days=1) - second),
        (*UNSEEN, midnight + timedelta(days=1)),
    )
    assert cover(town, date(2026, 6, 10), date(2026, 6, 10)).incidents.incidents == 2
    assert coverage.period(store=town) == (date(2026, 6, 9), date(2026, 6, 11))


def test_incidents_outside_the_map_are_counted_apart(duckdb_town):
    record(duckdb_town, (*SEEN, NOON), (5000, 0, NOON))
    city = cover(duckdb_town)
    assert (city.incidents.incidents, city.outside) == (1, 1)


def test_no_incidents_is_no_share_and_no_knowledge(duckdb_town):
    seen = cover(duckdb_town).incidents
    assert np.isnan(seen.share)
    assert (seen.low, seen.high) == (0.0, 1.0)
    assert coverage.period(store=duckdb_town) is None


def test_the_blocks_add_up(town):
    corner_camera(town)
    rng = np.random.default_rng(3)
    record(town, *((float(e), float(n), NOON) for e, n in rng.uniform(-235, 235, (200, 2))))
    city = cover(town, level="detect")
    assert len(city.blocks) == 16
    assert city.blocks["incidents"].sum() == city.incidents.incidents == 200
    assert city.blocks["in_view"].sum() == city.incidents.in_view > 0
    assert (city.blocks["in_view"] <= city.blocks["incidents"]).all()
    block = city.blocks.loc[11]  # north-east of the middle
    assert block["name"] == "300 block of Maple St"
    # Detected are the cell centres within 51.2 m, of 144 in the block.
    detected = sum(np.hypot(e, n) <= 51.2 for e in range(5, 120, 10) for n in range(5, 120, 10))
    assert block["ground_in_view"] == pytest.approx(detected / 144)
    grid, counts = city.crime
    assert counts.sum() == 200
    assert grid.cell == coverage.CRIME_CELL_M


def test_the_table_puts_the_most_crime_out_of_view_first_and_the_file_opens_safely(duckdb_town):
    corner_camera(duckdb_town)
    record(duckdb_town, *[(*SEEN, NOON)] * 5, *[(*UNSEEN, NOON)] * 2, (200, 200, NOON))
    duckdb_town.write(
        lambda connection: connection.execute(
            sa.update(schema.block).where(schema.block.c.id == 16).values(name='=HYPERLINK("http://x")')
        )
    )
    city = cover(duckdb_town)
    table = coverage.blocks_table(city)
    assert table["Out of view"].tolist()[:3] == [2, 1, 0]
    assert table["Incidents"].tolist()[:2] == [2, 1]
    rows = list(csv.DictReader(io.StringIO(coverage.blocks_csv(city).decode())))
    assert len(rows) == 16
    assert rows[1]["Block"] == '\'=HYPERLINK("http://x")'


def test_the_counts_are_told_in_words(duckdb_town):
    corner_camera(duckdb_town)
    corner_camera(duckdb_town, azimuth=None)
    agency_camera(duckdb_town, "city", "[10]")
    table = coverage.counted_table(cover(duckdb_town).counted).set_index("Cameras")
    assert table.loc["Community cameras"].tolist() == [2, 1, 0, 1, 0]
    assert table.loc["City cameras"].tolist() == [1, 1, 0, 0, 0]
    assert table.loc["Plate readers"].sum() == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"level": "admire"}, "Choose a level"),
        ({"layers": frozenset()}, "at least one kind"),
        ({"since": DAY, "until": DAY - timedelta(days=1)}, "not after the last"),
    ],
)
def test_a_question_that_makes_no_sense_is_a_sentence(duckdb_town, change, message):
    with pytest.raises(PorchlightError, match=message):
        cover(duckdb_town, **change)


def test_without_a_map_it_says_what_to_load(duckdb_town):
    def without_map(connection: sa.Connection) -> None:
        connection.execute(sa.update(schema.city).values(outline=None))
        connection.execute(sa.delete(schema.block))

    duckdb_town.write(without_map)
    with pytest.raises(PorchlightError, match="load the city's outline or its blocks"):
        cover(duckdb_town)


def test_a_town_without_an_outline_is_as_large_as_its_blocks(duckdb_town):
    duckdb_town.write(lambda connection: connection.execute(sa.update(schema.city).values(outline=None)))
    assert cover(duckdb_town).ground.in_city.sum() == pytest.approx(48 * 48, rel=0.02)


@pytest.mark.parametrize("actor", [Actor("nobody", "No One", "command"), Actor(OFFICER.id, "Ana", "command")])
def test_whoever_holds_no_role_for_it_is_refused_and_the_attempt_is_recorded(town, actor):
    with pytest.raises(Refused):
        coverage.city_coverage(actor, DAY, DAY, store=town)
    with town.read() as connection:
        leaf = connection.execute(sa.select(schema.ledger_entry.c.leaf)).scalar_one()
    assert b'"act":"coverage.view"' in leaf
    assert b'"outcome":"refused"' in leaf
