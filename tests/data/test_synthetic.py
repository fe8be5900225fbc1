"""The synthetic city: the same from the same seed, a town that hangs together, and nothing personal in clear."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import fields
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
import shapely
import sqlalchemy as sa
from scipy.spatial import cKDTree

from data import merkle, schema
from data.errors import PorchlightError, StoreError
from data.offences import OFFENCES
from data.roles import ROLES
from data.synthetic import City, build, generate
from data.synthetic import __main__ as command
from data.synthetic import city as city_module
from data.synthetic import write as write_module
from data.synthetic.city import CRS, TIMEZONE, UNTIL

if TYPE_CHECKING:
    from data.store import Store

END = pd.Timestamp(UNTIL, tz=TIMEZONE)


@pytest.fixture(scope="session")
def town() -> City:
    """The town of the default seed."""
    return generate()


@pytest.fixture
def built(store: Store, town: City, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store that holds the town, which is not generated again for it."""
    monkeypatch.setattr(write_module, "generate", lambda *_: town)
    build(store)
    return store


def geometry(frame: pd.DataFrame) -> np.ndarray:
    return frame["geometry"].to_numpy()


def local(times: pd.Series) -> pd.Series:
    return times.dt.tz_convert(TIMEZONE)


# The same town ------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_city_and_another_seed_another(town):
    again, other = generate(), generate(seed=1)
    for field in fields(City):
        mine, same = getattr(town, field.name), getattr(again, field.name)
        if isinstance(mine, pd.DataFrame):
            pd.testing.assert_frame_equal(mine, same)
        else:
            assert mine == same
    assert not other.outline.equals(town.outline)
    assert set(other.owners["id"]).isdisjoint(town.owners["id"])


def test_the_history_ends_as_the_given_day_begins():
    until = date(2025, 3, 9)
    city = generate(until=until)
    end = pd.Timestamp(until, tz=TIMEZONE)
    assert (
        city.incidents["occurred_at"].between(end - pd.Timedelta(days=4 * 366), end, inclusive="left").all()
    )
    assert city.incidents["occurred_at"].max() > end - pd.Timedelta(days=1)
    for frame, column in (
        (city.cameras, "registered_at"),
        (city.consents, "given_at"),
        (city.lookups, "at"),
        (city.footage_requests, "requested_at"),
        (city.footage_requests, "answered_at"),
        (city.evidence_outcomes, "at"),
    ):
        assert not (frame[column] >= end).any()


def test_another_seed_gives_a_town_of_the_wanted_size_too():
    city = generate(seed=2)
    assert 600 < len(city.blocks) < 1200
    assert 1200 < len(city.streets) < 2300
    assert 9_000 < len(city.buildings) < 14_000
    assert city.blocks["population"].sum() == 27_000
    blocks = geometry(city.blocks)
    assert shapely.area(blocks).sum() == pytest.approx(city.outline.area, abs=1.0)


def test_an_unknown_size_is_refused_in_one_sentence():
    with pytest.raises(PorchlightError, match="There is no size 'village': choose one of town, large"):
        generate(size="village")


# The ground ---------------------------------------------------------------------------------


def test_every_place_within_the_limits_belongs_to_exactly_one_block_and_one_district(town):
    for areas in (geometry(town.blocks), geometry(town.districts)):
        assert shapely.is_valid(areas).all()
        assert shapely.area(areas).sum() == pytest.approx(town.outline.area, abs=1.0)
        assert shapely.union_all(areas).symmetric_difference(town.outline).area < 1.0


def test_populations_are_whole_numbers_that_add_up(town):
    population = town.blocks["population"]
    assert population.sum() == 27_000
    assert (population % 1 == 0).all()
    assert (population >= 0).all()


def test_streets_meet_only_at_their_ends_and_all_hang_together(town):
    lines = geometry(town.streets)
    assert shapely.STRtree(lines).query(lines, "crosses").size == 0
    ends = shapely.get_coordinates([shapely.get_point(lines, 0), shapely.get_point(lines, -1)]).round(2)
    _, node = np.unique(ends, axis=0, return_inverse=True)
    first, last = node.reshape(2, -1)
    reached = np.zeros(node.max() + 1, bool)
    reached[first[0]] = True
    for _ in range(len(lines)):
        before = reached.sum()
        touched = reached[first] | reached[last]
        reached[first[touched]] = reached[last[touched]] = True
        if reached.sum() == before:
            break
    assert reached.all()


def test_house_numbers_are_odd_on_the_left_even_on_the_right_and_used_once_along_a_street(town):
    streets = town.streets
    assert (streets[["left_from", "left_to"]] % 2 == 1).all(axis=None)
    assert (streets[["right_from", "right_to"]] % 2 == 0).all(axis=None)
    for low, high in (("left_from", "left_to"), ("right_from", "right_to")):
        assert (streets[low] <= streets[high]).all()
        along = streets.sort_values(["name", low])
        following = along.groupby("name")[low].shift(-1)
        assert not (following <= along[high]).any()


def test_no_building_crosses_a_street_or_another_building_or_the_limits(town):
    buildings, lines = geometry(town.buildings), geometry(town.streets)
    assert shapely.is_valid(buildings).all()
    assert len(shapely.STRtree(lines).query(buildings, "dwithin", 6.5)[0]) == 0
    one, other = shapely.STRtree(buildings).query(buildings, "intersects")
    assert (one == other).all()
    block = geometry(town.blocks)[town.buildings["block_id"] - 1]
    assert shapely.covers(town.outline, buildings).all()
    assert shapely.intersects(block, shapely.centroid(buildings)).all()


def test_main_roads_and_the_centre_are_lit_at_night_and_some_residential_streets_are_not(town):
    lit = town.streets.groupby("zone")["lit"].mean()
    assert (lit[["arterial", "collector", "centre"]] == 1).all()
    assert lit["bypass"] == 0
    assert 0.2 < lit["suburb"] < 0.8


def test_buildings_have_addresses_within_the_numbers_of_their_street(town):
    homes = town.buildings[town.buildings["use"] != "shed"]
    assert homes["address"].str.fullmatch(r"\d+ [A-Z][\w .']+").all()
    street = town.streets.iloc[homes["street"]]
    right = (homes["side"] == 1).to_numpy()
    low = np.where(right, street["right_from"], street["left_from"])
    high = np.where(right, street["right_to"], street["left_to"])
    assert ((homes["number"] >= low) & (homes["number"] <= high)).all()
    assert homes["address"].is_unique
    assert set(town.buildings["land_use"]) == {"residential", "commercial", "industrial", "public", "other"}
    assert town.buildings["height_m"].between(2, 30).all()


# What happened ------------------------------------------------------------------------------


def test_incidents_lie_in_the_block_and_district_they_name(town):
    incidents = town.incidents
    block = town.blocks.set_index("id").loc[incidents["block_id"]]
    apart = shapely.distance(geometry(block), shapely.points(incidents[["x", "y"]].to_numpy()))
    assert apart.max() < 0.1
    assert (block["district_id"].to_numpy() == incidents["district_id"].to_numpy()).all()


def test_incidents_have_case_numbers_in_order_and_offences_that_exist(town):
    incidents = town.incidents
    assert incidents["case_number"].is_unique
    assert incidents["case_number"].str.fullmatch(r"\d\d-\d{6}").all()
    assert incidents["case_number"].is_monotonic_increasing
    assert (incidents["case_number"].str[:2] == local(incidents["occurred_at"]).dt.strftime("%y")).all()
    assert set(incidents["offence_code"]) <= set(OFFENCES)
    assert incidents["offence_code"].nunique() == 15
    assert not (incidents["occurred_until"] <= incidents["occurred_at"]).any()


def test_incidents_are_published_at_hundred_blocks_and_intersections_only(town):
    hundred = town.incidents["address"].str.fullmatch(r"\d+00 block of .+")
    corner = town.incidents["address"].str.fullmatch(r"[A-Z].+ and [A-Z].+")
    assert (hundred ^ corner).all()
    assert 0.03 < corner.mean() < 0.25
    places = town.incidents.groupby(["x", "y"])["address"].nunique()
    assert places.max() == 1


def test_each_offence_keeps_its_hours_days_and_seasons(town):
    at = local(town.incidents["occurred_at"])
    night = ((at.dt.hour >= 20) | (at.dt.hour < 4)).groupby(town.incidents["offence_code"]).mean()
    assert night["13A"] > 0.5
    assert night["23C"] < 0.2
    weekend = (at.dt.day_of_week >= 4).groupby(town.incidents["offence_code"]).mean()
    assert weekend["13A"] > 0.48
    assert weekend["26A"] < 0.4
    assaults = at[town.incidents["offence_code"].isin(["13A", "13B"])].dt.month
    assert assaults.isin([6, 7, 8]).mean() > 1.1 * assaults.isin([12, 1, 2]).mean()


def test_crime_is_clustered_far_beyond_chance(town):
    counts = town.incidents.groupby("block_id").size().reindex(town.blocks["id"], fill_value=0).sort_values()
    share = counts.cumsum() / counts.sum()
    gini = 1 - 2 * share.mean()
    assert gini > 0.5
    # Were it spread by population alone, this index of dispersion would be about 1.
    expected = town.blocks.set_index("id")["population"] / 27_000 * len(town.incidents)
    expected = expected[expected >= 5]
    dispersion = ((counts.reindex(expected.index) - expected) ** 2 / expected).sum() / (len(expected) - 1)
    assert dispersion > 5


def test_burglaries_follow_burglaries_nearby_within_days(town):
    burglary = town.incidents[town.incidents["offence_code"] == "220"]
    place = burglary[["x", "y"]].to_numpy()
    day = local(burglary["occurred_at"]).dt.tz_localize(None).to_numpy().astype("datetime64[D]").astype(int)
    near = cKDTree(place).query_pairs(200, output_type="ndarray")

    def soon(days: np.ndarray) -> int:
        return int((np.abs(days[near[:, 0]] - days[near[:, 1]]) <= 7).sum())

    # Shuffling the days keeps the places and the season, and breaks only what binds the two.
    rng = np.random.default_rng(0)
    shuffled = [soon(rng.permutation(day)) for _ in range(99)]
    assert soon(day) > 1.5 * max(shuffled)


# The registry -------------------------------------------------------------------------------


def test_the_registry_has_the_owners_and_cameras_of_such_a_town(town):
    assert len(town.owners) == 400
    assert 820 <= len(town.cameras) <= 980
    assert set(town.owners["kind"]) == {"resident", "business", "neighbourhood"}
    assert set(town.cameras["kind"]) <= {
        "doorbell",
        "bullet",
        "dome",
        "turret",
        "4k",
        "ptz",
        "floodlight",
        "indoor",
        "other",
    }
    residents = set(town.owners.loc[town.owners["kind"] == "resident", "id"])
    assert (town.cameras.loc[town.cameras["owner_id"].isin(residents), "kind"] == "doorbell").mean() > 0.5
    assert town.agency_cameras["kind"].value_counts().to_dict() == {"city": 60, "alpr": 30}
    assert town.staff["role"].value_counts().to_dict() == dict.fromkeys(ROLES, 2)
    assert town.staff["name"].is_unique


def test_cameras_are_on_a_wall_of_their_owners_building_and_look_away_from_it(town):
    owner = town.owners.set_index("id").loc[town.cameras["owner_id"]]
    walls = geometry(town.buildings.iloc[owner["building"]])
    points = shapely.points(town.cameras[["x", "y"]].to_numpy())
    assert shapely.distance(shapely.boundary(walls), points).max() < 0.5
    stated = town.cameras["azimuth"].notna().to_numpy()
    angle = np.radians(town.cameras["azimuth"].to_numpy()[stated])
    ahead = town.cameras[["x", "y"]].to_numpy()[stated] + 1.0 * np.column_stack(
        [np.sin(angle), np.cos(angle)]
    )
    assert (~shapely.contains_properly(walls[stated], shapely.points(ahead))).mean() > 0.95


def test_a_direction_is_missing_exactly_where_nobody_stated_it(town):
    unknown = town.cameras["direction_from"] == "unknown"
    assert (town.cameras["azimuth"].isna() == unknown).all()
    assert 0.10 < unknown.mean() < 0.20
    assert town.cameras["azimuth"].dropna().between(0, 360, inclusive="left").all()
    assert set(town.cameras["direction_from"]) == {"verified", "stated", "assumed", "unknown"}
    assert 0.05 < town.cameras["retention_hours"].isna().mean() < 0.16


def test_consents_are_versioned_and_some_have_expired_or_been_withdrawn(town):
    consents = town.consents.merge(town.cameras[["id", "registered_at"]], left_on="camera_id", right_on="id")
    assert not consents.duplicated(["camera_id", "purpose", "given_at"]).any()
    assert (consents["given_at"] >= consents["registered_at"]).all()
    assert not (consents["withdrawn_at"] < consents["given_at"]).any()
    holds = (consents["expires_at"] > END) & consents["withdrawn_at"].isna()
    held = consents[holds].groupby("purpose")["camera_id"].nunique() / len(town.cameras)
    assert 0.75 < held["list"] < 1
    assert 0.65 < held["ask"] < held["list"]
    assert 0.05 < held["live"] < 0.2
    assert set(consents.loc[holds, "terms_version"]) == {"2026-1"}


def test_agency_cameras_state_their_views_as_a_list(town):
    views = town.agency_cameras["azimuths"].map(json.loads)
    assert views.map(lambda each: all(0 <= one < 360 for one in each) and len(each) > 0).all()
    assert (town.agency_cameras["hfov"] == 360).any()
    readers = town.agency_cameras[town.agency_cameras["kind"] == "alpr"]
    assert readers["hfov"].between(25, 35).all()


def test_some_city_cameras_turn_between_presets_and_no_plate_reader_does(town):
    turning = town.agency_cameras[town.agency_cameras["turns"]]
    assert 10 <= len(turning) <= 30
    assert set(turning["kind"]) == {"city"}
    assert turning["azimuths"].map(lambda text: len(json.loads(text))).isin([3, 4]).all()
    assert (turning["hfov"] < 360).all()


def test_cameras_sold_as_4k_have_pictures_so_wide_where_their_owners_stated_it(town):
    widths = town.cameras.loc[town.cameras["kind"] == "4k", "width_px"]
    assert len(widths) > 20
    assert set(widths.dropna()) == {3840}


# What the police did ------------------------------------------------------------------------


def test_lookups_follow_real_incidents_and_find_only_cameras_listed_at_the_time(town):
    assert len(town.lookups) == 1_200
    about = town.incidents.set_index("case_number").loc[town.lookups["reference"]]
    assert (about["offence_code"].to_numpy() == town.lookups["offence_code"].to_numpy()).all()
    assert (town.lookups["at"].to_numpy() > about["occurred_at"].to_numpy()).all()
    assert (town.lookups["at"] > END - pd.Timedelta(days=2 * 366)).all()
    found = town.lookup_cameras.merge(town.lookups[["id", "at"]], left_on="lookup_id", right_on="id")
    listed = town.consents[town.consents["purpose"] == "list"]
    found = found.merge(listed, on="camera_id")
    holds = (found["given_at"] <= found["at"]) & (found["at"] < found["expires_at"])
    holds &= ~(found["withdrawn_at"] <= found["at"])
    assert holds.groupby([found["lookup_id"], found["camera_id"]]).any().all()
    assert (town.lookup_cameras.groupby("lookup_id").size().sum()) == town.lookups["cameras"].sum()


def test_requests_end_in_every_way_they_can_and_outcomes_build_on_one_another(town):
    requests, outcomes = town.footage_requests, town.evidence_outcomes
    assert len(requests) == 1_800
    assert not requests.duplicated(["lookup_id", "camera_id"]).any()
    share = requests["status"].value_counts(normalize=True)
    assert set(share.index) == {"open", "provided", "declined", "gone", "expired", "cancelled"}
    assert 0.4 < share["provided"] < 0.75
    assert (requests["answered_at"].isna() == (requests["status"] == "open")).all()
    assert set(requests.loc[requests["id"].isin(outcomes["footage_request_id"]), "status"]) == {"provided"}
    ids = {name: set(group) for name, group in outcomes.groupby("outcome")["footage_request_id"]}
    chain = ["received", "viewed", "usable", "used", "identification", "arrest", "charge"]
    for before, after in itertools.pairwise(chain):
        assert ids[after] < ids[before]
    assert 0.25 < len(ids["usable"]) / len(ids["viewed"]) < 0.75


# In the store -------------------------------------------------------------------------------


def test_the_store_holds_the_whole_city_and_refuses_a_second_one(built, town):
    counts = {}
    with built.read() as connection:
        for table in schema.metadata.sorted_tables:
            counts[table.name] = connection.execute(sa.select(sa.func.count()).select_from(table)).scalar()
        row = connection.execute(sa.select(schema.city)).one()
        blocks = connection.execute(sa.select(schema.block.c.geometry)).scalars().all()
    assert (row.synthetic, row.seed, row.timezone, row.crs) == (True, town.seed, TIMEZONE, CRS)
    assert counts["incident"] == len(town.incidents)
    assert counts["building"] == len(town.buildings)
    assert counts["camera"] == len(town.cameras)
    assert counts["evidence_outcome"] == len(town.evidence_outcomes)
    west, south, east, north = shapely.total_bounds(shapely.from_wkb(blocks))
    assert -85.2 < west < -85.08 < east < -85.0
    assert 33.5 < south < 33.58 < north < 33.7
    with pytest.raises(StoreError, match="already holds a city"):
        build(built)


def test_nothing_personal_stands_in_clear_in_any_table(built, town):
    personal = (
        set(town.owners["name"]) | set(town.owners["email"].dropna()) | set(town.owners["phone"].dropna())
    )
    buildings_and_streets = {"building", "street", "block"}  # addresses of the map are no secret
    with built.read() as connection:
        for table in schema.metadata.sorted_tables:
            dump = "\n".join(
                value.decode("latin-1") if isinstance(value, bytes) else str(value)
                for row in connection.execute(sa.select(table))
                for value in row
            )
            assert not re.search(r"@example\.|555-01", dump), table.name
            if table.name not in buildings_and_streets | {"staff", "incident"}:
                found = [text for text in personal if text in dump]
                found += [text for text in set(town.sites["address"]) if text in dump]
                assert not found, (table.name, found[:3])


def test_the_ledger_is_whole_and_every_lookup_points_at_its_own_entry(built, town):
    with built.read() as connection:
        entries = connection.execute(sa.select(schema.ledger_entry).order_by("position")).all()
        checkpoint = connection.execute(sa.select(schema.checkpoint)).one()
        lookups = connection.execute(sa.select(schema.lookup)).all()
        salts = pd.DataFrame(connection.execute(sa.select(schema.ledger_subject)).mappings())
    leaves = [entry.leaf for entry in entries]
    assert [entry.position for entry in entries] == list(range(len(entries)))
    assert merkle.root(leaves) == checkpoint.root
    assert checkpoint.size == len(leaves)
    read = [json.loads(leaf) for leaf in leaves]
    times = [leaf["at"] for leaf in read]
    assert times == sorted(times)
    for lookup in lookups:
        leaf = read[lookup.ledger_position]
        assert leaf["act"] == "lookup.search"
        assert leaf["asked"]["lookup"] == lookup.id
        assert leaf["asked"]["place_sealed"] == bytes(lookup.place_sealed).hex()
        assert leaf["purpose"] == {"offence": lookup.offence_code, "reference": lookup.reference}
        assert leaf["counts"]["cameras"] == lookup.cameras
    acts = pd.Series([leaf["act"] for leaf in read]).value_counts()
    assert acts["camera.register"] == len(town.cameras)
    assert acts["request.send"] == len(town.footage_requests)
    assert acts["outcome.record"] == len(town.evidence_outcomes)
    subjects = salts.groupby("position").size()
    assert subjects.sum() == sum(len(leaf["subjects"]) for leaf in read)


# The command --------------------------------------------------------------------------------


def test_the_command_builds_once_and_says_what_happened(store_url, environment, town, monkeypatch, capsys):
    monkeypatch.setattr(write_module, "generate", lambda *_: town)
    environment(store_url)
    assert command.main([]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith(f"Built the synthetic city (seed {town.seed})")
    assert command.main([]) == 1
    assert (
        capsys.readouterr().out.splitlines()[-1].startswith("This store already holds a city (Carrollton).")
    )


def test_a_wrong_call_exits_with_2():
    with pytest.raises(SystemExit) as stopped:
        command.main(["--seed", "seven"])
    assert stopped.value.code == 2


def test_the_large_city_is_towns_side_by_side(monkeypatch):
    sizes = city_module.SIZES | {"large": city_module.Size(2, 20_000, 800, 2_000, 120, 60, 300, 450)}
    monkeypatch.setattr(city_module, "SIZES", sizes)
    city = generate(size="large")
    blocks = geometry(city.blocks)
    assert city.blocks["population"].sum() == 4 * 27_000
    assert city.blocks["id"].tolist() == list(range(1, len(city.blocks) + 1))
    assert shapely.area(blocks).sum() == pytest.approx(city.outline.area, abs=4.0)
    block = city.blocks.set_index("id").loc[city.incidents["block_id"]]
    apart = shapely.distance(geometry(block), shapely.points(city.incidents[["x", "y"]].to_numpy()))
    assert apart.max() < 0.1
    street = geometry(city.streets)[city.buildings["street"]]
    assert shapely.distance(street, geometry(city.buildings)).max() < 115
