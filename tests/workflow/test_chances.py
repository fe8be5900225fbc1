"""The chance of footage from the records: what owners stated and answered, and nothing of any one of them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
import sqlalchemy as sa

from data import records, schema
from data.errors import PorchlightError
from tests import people, small_town
from tests.people import register_camera
from workflow import chances

OWNERS = chances.OWNERS


@pytest.fixture
def town(store):
    small_town.build(store)
    return store


def factors(store, age_hours: float = 24.0, now: datetime | None = None) -> pd.DataFrame:
    """The chances of all listed cameras, indexed by their ids."""
    now = now or datetime.now(UTC)
    with store.read() as connection:
        cameras = records.camera_views(connection, now).set_index("id", drop=False)
    return chances.factors(store, cameras, age_hours, now)


def ask(store, camera_id: str, *statuses: str, age_hours: float = 10.0, days_ago: float = 20.0) -> None:
    """Requests for footage of this camera, answered so long after it happened."""
    answered_at = datetime.now(UTC) - timedelta(days=days_ago)
    occurred_at = answered_at - timedelta(hours=age_hours)

    def work(connection: sa.Connection) -> None:
        lookup_id = uuid.uuid4().hex
        connection.execute(
            schema.lookup.insert().values(
                id=lookup_id, at=occurred_at, staff_id="officer1", offence_code="23F", reference="26-001234",
                place_sealed=b"", radius_m=100.0, occurred_at=occurred_at, cameras=1, ledger_position=0,
            )
        )  # fmt: skip
        connection.execute(
            schema.footage_request.insert(),
            [
                {
                    "id": uuid.uuid4().hex,
                    "lookup_id": lookup_id,
                    "camera_id": camera_id,
                    "staff_id": "officer1",
                    "requested_at": occurred_at,
                    "status": status,
                    "answered_at": None if status == "open" else answered_at,
                }
                for status in statuses
            ],
        )

    store.write(work)


def set_policy(store, name: str, value: str) -> None:
    store.write(lambda connection: connection.execute(schema.setting.insert().values(name=name, value=value)))


def belongs_to(store, camera_id: str, kind: str) -> None:
    """Makes the owner of this camera one of another kind."""
    owner = sa.select(schema.camera.c.owner_id).where(schema.camera.c.id == camera_id).scalar_subquery()
    store.write(
        lambda connection: connection.execute(
            sa.update(schema.owner).where(schema.owner.c.id == owner).values(kind=kind)
        )
    )


def city_camera(store, retention_hours: float | None = 720.0) -> str:
    lon, lat = small_town.lon_lat(0, 0)
    store.write(
        lambda connection: connection.execute(
            schema.agency_camera.insert().values(
                source="city", source_key="1", content_hash=1, load_id=1, kind="city", lon=lon, lat=lat,
                azimuths="[0.0]", direction_from="verified", retention_hours=retention_hours,
            )
        )
    )  # fmt: skip
    return "city:1"


def neighbours(store, count: int = OWNERS) -> list[str]:
    """Cameras of so many owners."""
    return [register_camera(store, 5 * place, 5, azimuth=0) for place in range(count)]


def test_without_answers_the_policy_is_used_and_said_to_be_assumed(town):
    camera = register_camera(town, 5, 5, azimuth=0)
    set_policy(town, "footage_willing_share", "0.5")
    row = factors(town).loc[camera]
    assert row[["working_basis", "retained_basis", "willing_basis"]].tolist() == [
        "assumed",
        "known",
        "assumed",
    ]
    assert row["chance"] == 0.9 * 0.5
    assert row["chance_high"] - row["chance_low"] > 0.3, "ten answers' worth is not much"


def test_answers_of_many_owners_are_counted_whether_the_footage_was_still_there_or_not(town):
    cameras = neighbours(town)
    for camera in cameras:
        ask(town, camera, "provided", "provided", "gone", "declined", "expired")
    row = factors(town).loc[cameras[0]]
    assert row[["willing_yes", "willing_of", "willing_basis"]].tolist() == [30, 50, "counted"]
    # 10 assumed answers with a share of 0.7, and 50 that tell as much as 50 of different owners
    assert row["willing"] == pytest.approx((7 + 30) / 60)


def test_how_few_owners_answer_is_told_by_nothing(town):
    cameras = neighbours(town, OWNERS - 1)
    before = factors(town)
    for camera in cameras:
        ask(town, camera, *["declined"] * 20)
    pd.testing.assert_frame_equal(factors(town), before)


def test_a_kind_of_owner_speaks_for_itself_when_enough_of_them_answered(town):
    residents, businesses = neighbours(town), neighbours(town)
    group = register_camera(town, 30, 30, azimuth=0)
    belongs_to(town, group, "neighbourhood")
    for camera in residents:
        ask(town, camera, *["provided"] * 4)
    for camera in businesses:
        belongs_to(town, camera, "business")
        ask(town, camera, "provided", *["declined"] * 3)
    ask(town, group, *["declined"] * 8)
    found = factors(town)[["willing_yes", "willing_of"]]
    assert found.loc[residents[0]].tolist() == [40, 40]
    assert found.loc[businesses[0]].tolist() == [10, 40]
    # One group's eight answers would be the difference between all answers and those of the other two kinds.
    assert found.loc[group].tolist() == [50, 80]


def test_requests_that_are_open_or_taken_back_or_long_past_do_not_count(town):
    cameras = neighbours(town)
    for camera in cameras:
        ask(town, camera, *["provided"] * 3)
    before = factors(town)
    for camera in cameras:
        ask(town, camera, "open", "cancelled")
        ask(town, camera, "declined", days_ago=800)
    pd.testing.assert_frame_equal(factors(town), before)


def test_footage_that_should_have_been_there_and_was_not_tells_that_cameras_fail(town):
    cameras = neighbours(town)
    for camera in cameras:
        ask(town, camera, "provided", "provided", "provided", "gone", age_hours=100)
        ask(town, camera, "gone", age_hours=300)  # overwritten: it is kept for 240 hours
        ask(town, camera, "declined", "expired")
    row = factors(town).loc[cameras[0]]
    assert row[["working_yes", "working_of", "working_basis"]].tolist() == [30, 40, "counted"]
    assert row["working"] == pytest.approx((9 + 30) / 50)


def test_a_camera_of_the_city_is_asked_by_nobody_and_no_owners_answer_is_about_it(town):
    own = city_camera(town)
    for camera in neighbours(town):
        ask(town, camera, *["declined"] * 5)
    row = factors(town).loc[own]
    assert row[["working", "working_basis"]].tolist() == [0.9, "assumed"]
    assert row[["willing", "willing_basis"]].tolist() == [1.0, "known"]
    assert row["chance"] == 0.9


def test_who_does_not_agree_to_be_asked_has_no_chance_from_the_moment_the_consent_ends(town):
    never = register_camera(town, 5, 5, azimuth=0, purposes=("list",))
    withdrawn = register_camera(town, 6, 5, azimuth=0)
    still = register_camera(town, 7, 5, azimuth=0)
    assert (factors(town)["chance"] > 0).to_dict() == {never: False, withdrawn: True, still: True}
    people.withdraw(town, withdrawn, "ask")
    assert (factors(town)["chance"] > 0).to_dict() == {never: False, withdrawn: False, still: True}


def test_a_consent_that_runs_out_ends_the_chance_without_any_change_of_the_records(town):
    camera = register_camera(town, 5, 5, azimuth=0, days_old=364.9)
    with town.read() as connection:
        views = records.camera_views(connection, datetime.now(UTC))
    now = datetime.now(UTC)
    assert chances.factors(town, views, 1, now)["chance"].item() > 0
    assert chances.factors(town, views, 1, now + timedelta(days=1))["chance"].item() == 0
    assert views["id"].tolist() == [camera]


def test_what_is_not_stated_is_taken_from_the_registry_and_not_from_the_cameras_asked_about(town):
    for hours in (24, 24, 96, 96, 96):
        register_camera(town, 5, 5, azimuth=0, retention_hours=hours)
    silent = register_camera(town, 5, 5, azimuth=0, retention_hours=None)
    now = datetime.now(UTC)
    with town.read() as connection:
        views = records.camera_views(connection, now)
    alone = views[views["id"] == silent]
    row = chances.factors(town, alone, 48, now).iloc[0]
    assert row[["retained", "retained_yes", "retained_of", "retained_basis"]].tolist() == [
        0.6,
        3,
        5,
        "counted",
    ]


def test_a_proposed_camera_has_the_chance_of_owners_in_general(town):
    register_camera(town, 5, 5, azimuth=0)
    proposed = pd.DataFrame(
        {"id": ["proposed"], "layer": ["community"], "kind": ["dome"], "retention_hours": [100.0]}
    )
    assert chances.factors(town, proposed, 24, datetime.now(UTC))["chance"].item() == pytest.approx(0.9 * 0.7)


def test_an_empty_registry_has_an_empty_answer(town):
    assert len(factors(town)) == 0


def test_a_lookup_and_the_map_say_the_same(town):
    city_camera(town)
    cameras = neighbours(town)
    for camera in cameras:
        ask(town, camera, "provided", "gone", "expired", "provided")
    register_camera(town, 9, 9, azimuth=0, retention_hours=None)
    register_camera(town, 9, 9, azimuth=0, purposes=("list",))
    now = datetime.now(UTC)
    with town.read() as connection:
        views = records.camera_views(connection, now)
        askable = records.askable(connection, views["id"].tolist(), now)
        near = chances.near(connection, views, askable, 24, now)
    on_the_map = chances.factors(town, views, 24, now)
    for name in ("chance", "low", "high"):
        column = name if name == "chance" else f"chance_{name}"
        assert [getattr(each, name) for each in near] == pytest.approx(on_the_map[column].tolist())
    assert [each.willing.of for each in near] == on_the_map["willing_of"].tolist()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("footage_working_share", "1.0", "footage_working_share is 1.0: set it to a share between 0 and 1"),
        (
            "footage_willing_prior_requests",
            "0",
            "footage_willing_prior_requests is 0: set it to a number above",
        ),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(town, name, value, message):
    register_camera(town, 5, 5, azimuth=0)
    set_policy(town, name, value)
    with pytest.raises(PorchlightError, match=message):
        factors(town)
