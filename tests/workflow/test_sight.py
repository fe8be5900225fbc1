"""What cameras see is kept up to date: in the next answer, at the cost of what changed, exactly as if worked out anew."""

from __future__ import annotations

import weakref
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import shapely
import sqlalchemy as sa

from analytics import sightlines, viewshed
from data import schema
from data.errors import PorchlightError
from tests import people, small_town
from tests.people import install, register_camera, set_policy
from tests.workflow import questions
from tests.workflow.questions import PUBLIC_SAMPLES, ask, corner_camera, days_since, in_view, within
from workflow import city_map, registration, sight
from workflow.sight import COUNTED, LAYERS, STANDINGS

OBSERVED_M = 20.48


@pytest.fixture
def town(store):
    return questions.build(store)


@pytest.fixture
def duckdb_town(duckdb_store):
    return questions.build(duckdb_store)


@pytest.fixture
def traced(monkeypatch):
    """How many views each tracing was of, in the order they happened."""
    sizes: list[int] = []
    trace = sightlines.trace

    def counting(grid, viewsheds, cameras, *arguments):
        if len(cameras):
            sizes.append(len(cameras))
        return trace(grid, viewsheds, cameras, *arguments)

    monkeypatch.setattr(sightlines, "trace", counting)
    return sizes


def submission(azimuth: float = 45) -> registration.Submission:
    lon, lat = small_town.lon_lat(0, 0)
    return registration.Submission(
        owner_kind="resident",
        name=people.NAME,
        email=people.EMAIL,
        phone="",
        address="251 Maple St",
        lon=lon,
        lat=lat,
        camera_kind="bullet",
        azimuth=azimuth,
        hfov=90,
        consents=frozenset({"list"}),
    )


def change_camera(store, camera: str, **values: object) -> None:
    store.write(
        lambda connection: connection.execute(
            sa.update(schema.camera).where(schema.camera.c.id == camera).values(**values)
        )
    )


# Up to date -----------------------------------------------------------------------------------


def test_each_change_is_in_the_next_answer_and_costs_only_the_views_it_touches(town, traced):
    for azimuth in (100, 190, 280):
        corner_camera(town, azimuth=azimuth, outdoor=True)
    others = in_view(ask(town))
    assert traced == [3]
    ask(town)
    assert traced == [3], "nothing changed"

    camera = registration.register(submission(), store=town).reference
    assert in_view(ask(town)) == others | within(OBSERVED_M), "registered with the form"
    assert traced == [3, 1]

    change_camera(town, camera, azimuth=225.0)
    assert in_view(ask(town)) == others | within(OBSERVED_M, -1, -1), "turned"
    assert traced == [3, 1, 1]

    people.withdraw(town, camera, "list")
    assert in_view(ask(town)) == others, "consent withdrawn"
    assert traced == [3, 1, 1]

    device = install(town, "alpr", "[45, 225]")
    assert in_view(ask(town)) == others | within(OBSERVED_M) | within(OBSERVED_M, -1, -1)
    assert traced == [3, 1, 1, 2], "a device with two directions"

    town.write(lambda connection: connection.execute(sa.delete(schema.agency_camera)))
    assert in_view(ask(town)) == others, f"{device} was taken down"
    assert traced == [3, 1, 1, 2]


@pytest.mark.parametrize("left_open", ["outdoor", "night_vision"])
def test_a_camera_that_leaves_open_what_all_others_state_costs_only_itself(town, traced, left_open):
    for azimuth in (100, 190, 280):
        corner_camera(town, azimuth=azimuth, outdoor=True, night_vision=True)
    ask(town)
    corner_camera(town, **({"outdoor": True, "night_vision": True} | {left_open: None}))
    ask(town)
    assert traced == [3, 1]


def test_another_policy_of_sharpness_is_used_at_once(duckdb_town):
    corner_camera(duckdb_town)
    assert in_view(ask(duckdb_town)) == within(OBSERVED_M)
    levels = {"detect": 25, "observe": 50, "recognise": 125, "identify": 250}
    set_policy(duckdb_town, levels_px_per_m=levels)
    assert in_view(ask(duckdb_town)) == within(25.6), "2560 / (2 * 50)"
    set_policy(duckdb_town, coverage_cell_m=20)
    assert ask(duckdb_town).ground.grid.cell == 20


def test_after_many_changes_all_is_as_if_worked_out_anew(duckdb_town, monkeypatch):
    rng = np.random.default_rng(11)
    cameras: list[str] = []
    for step in range(25):
        act = rng.integers(4) if len(cameras) > 3 else 0
        if act == 0:
            east, north = rng.uniform(-100, 100, 2)
            cameras.append(register_camera(duckdb_town, east, north, azimuth=rng.uniform(0, 360)))
        elif act == 1:
            change_camera(duckdb_town, cameras[rng.integers(len(cameras))], azimuth=rng.uniform(0, 360))
        elif act == 2:
            people.withdraw(duckdb_town, cameras[rng.integers(len(cameras))], "list")
        else:
            install(
                duckdb_town, "city", f"[{rng.integers(360)}, {rng.integers(360)}]", *rng.uniform(-90, 90, 2)
            )
        if step % 3 == 0:
            ask(duckdb_town)
    kept = ask(duckdb_town)
    monkeypatch.setattr(sight, "_held", weakref.WeakKeyDictionary())
    anew = ask(duckdb_town)
    assert kept.sight is not anew.sight
    assert kept.in_sight["day"].by_level["detect"] > 0
    assert (kept.in_sight, kept.counted) == (anew.in_sight, anew.counted)
    for light in ("day", "dark"):
        for twice in (False, True):
            assert in_view(kept, "detect", light, twice=twice) == in_view(anew, "detect", light, twice=twice)


def test_many_threads_ask_while_cameras_come(duckdb_town):
    ask(duckdb_town)
    with ThreadPoolExecutor(4) as threads:
        asked = [threads.submit(ask, duckdb_town) for _ in range(8)]
        for azimuth in (45, 135, 225, 315):
            corner_camera(duckdb_town, azimuth=azimuth)
            asked += [threads.submit(ask, duckdb_town) for _ in range(3)]
    listed = [one.result().counted["community"].listed for one in asked]
    # Whoever asks after a camera has come is told of it.
    assert all(count >= min(max(number - 5, 0) // 3, 4) for number, count in enumerate(listed))
    assert len(in_view(ask(duckdb_town))) == 4 * len(within(OBSERVED_M))


# When a camera counts -------------------------------------------------------------------------


def test_a_camera_counts_between_consent_and_withdrawal(town):
    given = datetime(2026, 2, 1, 12, tzinfo=UTC)
    camera = corner_camera(town, days_old=days_since(given))
    withdrawn = datetime(2026, 5, 1, 12, tzinfo=UTC)
    consent = schema.consent
    town.write(
        lambda connection: connection.execute(
            sa.update(consent).where(consent.c.camera_id == camera).values(withdrawn_at=withdrawn)
        )
    )
    second = timedelta(seconds=1)
    held = sight.sight(town)
    for moment, counts in (
        (given - second, False),
        (given + second, True),
        (withdrawn - second, True),
        (withdrawn, False),
        (given + timedelta(days=366), False),
    ):
        assert held.listed(moment).tolist() == [counts], moment


def test_a_consent_given_again_counts_again(duckdb_town):
    camera = corner_camera(duckdb_town, days_old=days_since(datetime(2026, 1, 1, tzinfo=UTC)))
    consent = schema.consent

    def again(connection: sa.Connection) -> None:
        first = sa.update(consent).where(consent.c.camera_id == camera, consent.c.purpose == "list")
        connection.execute(first.values(withdrawn_at=datetime(2026, 2, 1, tzinfo=UTC)))
        connection.execute(
            consent.insert().values(
                camera_id=camera,
                purpose="list",
                terms_version="2026-1",
                given_at=datetime(2026, 3, 1, tzinfo=UTC),
                expires_at=datetime(2027, 3, 1, tzinfo=UTC),
            )
        )

    duckdb_town.write(again)
    held = sight.sight(duckdb_town)
    counts = [held.listed(datetime(2026, month, 15, tzinfo=UTC)).tolist() for month in (1, 2, 3)]
    assert counts == [[True], [False], [True]]


@pytest.mark.parametrize(
    ("camera", "standing"),
    [
        ({"azimuth": 45, "direction_from": "verified"}, "verified"),
        ({"azimuth": 45}, "stated"),
        ({"azimuth": 45, "direction_from": "assumed"}, "assumed"),
        ({"azimuth": None}, "unknown"),
        ({"azimuth": None, "hfov": 360}, "stated"),
        ({"azimuth": 45, "kind": "ptz"}, "turning"),
        ({"azimuth": 45, "kind": "ptz", "direction_from": "verified"}, "turning"),
        ({"azimuth": None, "kind": "ptz"}, "unknown"),
    ],
)
def test_how_a_direction_is_known(duckdb_town, camera, standing):
    corner_camera(duckdb_town, **camera)
    held, now = sight.sight(duckdb_town), datetime.now(UTC)
    assert held.views["standing"].tolist() == [standing]
    for name in STANDINGS:
        assert held.counting(now, LAYERS, {name}).tolist() == [name == standing]
    assert held.counting(now, LAYERS).tolist() == [standing in COUNTED]
    assert held.devices(held.listed(now)) == {name: int(name == standing) for name in STANDINGS}


# What all see together ------------------------------------------------------------------------


def test_the_share_of_ground_is_the_area_of_the_union(duckdb_town):
    rng = np.random.default_rng(2)
    for east, north, azimuth in zip(*rng.uniform(-70, 70, (2, 12)), rng.uniform(0, 360, 12), strict=True):
        register_camera(duckdb_town, east, north, azimuth)
    set_policy(duckdb_town, coverage_cell_m=1)
    found = ask(duckdb_town, level="detect")
    buildings = city_map.footprints(store=duckdb_town).polygons
    views = viewshed.cast(found.sight.views, viewshed.walls_of(buildings)).polygons().to_numpy()
    houses = shapely.union_all(buildings)
    public = shapely.difference(found.ground.districts.frame.geometry.iloc[0], houses)
    union = shapely.area(shapely.intersection(shapely.union_all(views), public))
    assert union < 0.8 * shapely.area(shapely.intersection(views, public)).sum(), "they overlap"
    assert found.in_sight["day"].by_level["detect"] == pytest.approx(union / public.area, rel=1e-3)
    once = in_view(found, "detect")
    assert in_view(found, "detect", twice=True) < once


def test_two_cameras_see_twice_what_lies_in_both_views(duckdb_town):
    set_policy(duckdb_town, coverage_cell_m=1)
    register_camera(duckdb_town, 0.3, 0.4, azimuth=93)
    register_camera(duckdb_town, 40, 1, azimuth=268)
    found = ask(duckdb_town, level="detect")
    buildings = city_map.footprints(store=duckdb_town).polygons
    one, other = viewshed.cast(found.sight.views, viewshed.walls_of(buildings)).polygons()
    both = one.intersection(other).area
    assert both > 0
    share = both / (found.ground.samples * found.ground.sample_m2)
    assert found.in_sight["day"].twice == pytest.approx(share, rel=2e-3)


def test_cameras_without_any_ground_in_view_are_counted_all_the_same(duckdb_town):
    register_camera(duckdb_town, 4000, 0, azimuth=90)
    found = ask(duckdb_town)
    assert in_view(found) == set()
    assert found.counted["community"].listed == 1
    assert found.in_sight["day"].by_level["detect"] == 0
    assert found.ground.samples == PUBLIC_SAMPLES


def test_a_policy_of_sharpness_that_makes_no_sense_is_a_sentence(duckdb_town):
    set_policy(duckdb_town, levels_px_per_m={"detect": 25})
    with pytest.raises(
        PorchlightError, match=r"levels_px_per_m\. Give pixels a metre for exactly these levels"
    ):
        ask(duckdb_town)
