"""What other rooms read of cameras and incidents, on both engines, in the small town."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest
import sqlalchemy as sa

from data import records, schema
from tests import people, small_town
from tests.incidents import record
from tests.people import install, register_camera

NOON = datetime(2026, 3, 10, 16, tzinfo=UTC)


@pytest.fixture
def town(store):
    small_town.build(store)
    return store


def run(store, *statements: sa.Executable) -> None:
    store.write(lambda connection: [connection.execute(statement) for statement in statements])


# Views ----------------------------------------------------------------------------------------


def test_there_is_a_row_for_each_direction_of_each_camera_there_ever_was(town):
    listed = register_camera(town, 0, 0, azimuth=45)
    withdrawn = register_camera(town, 10, 0, azimuth=None)
    run(town, sa.update(schema.camera).where(schema.camera.c.id == withdrawn).values(withdrawn_at=NOON))
    reader = install(town, "alpr", "[45, 225.5]", name="Reader")
    city = install(town, "city", "[]", turns=True)
    views = records.views(town)
    assert tuple(views.columns) == records.VIEW_COLUMNS
    assert sorted(views["id"]) == sorted([listed, withdrawn, reader, reader, city])
    by_id = views.set_index("id")
    assert by_id.loc[reader, "azimuth"].tolist() == [45, 225.5]
    assert by_id.loc[reader, "layer"].unique().tolist() == ["alpr"]
    assert by_id.loc[listed, ["layer", "azimuth", "hfov", "width_px"]].tolist() == ["community", 45, 90, 2560]
    assert by_id.loc[[withdrawn, city], "azimuth"].isna().all()
    assert by_id.loc[city, "turns"] is True


def test_views_keep_their_order(town):
    for azimuth in range(5):
        register_camera(town, 0, 0, azimuth=azimuth)
        install(town, "city", f"[{azimuth}]")
    before = records.views(town)
    run(town, sa.update(schema.camera).values(retention_hours=1.0))
    assert records.views(town)["id"].tolist() == before["id"].tolist()


def test_the_type_of_a_column_does_not_hang_on_who_is_in_it(town):
    register_camera(town, 0, 0, azimuth=45, outdoor=True, night_vision=False)
    stated = records.views(town)
    register_camera(town, 0, 0, azimuth=None)
    install(town, "city", "[]")
    assert records.views(town).dtypes.to_dict() == stated.dtypes.to_dict()


def test_without_a_camera_there_are_no_views(town):
    views = records.views(town)
    assert tuple(views.columns) == records.VIEW_COLUMNS
    assert len(views) == len(records.listings(town)) == 0


# Listings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("consent_ends", "camera_ends", "expected"),
    [
        (None, None, "expiry"),
        ("2026-04-01", None, "2026-04-01"),
        (None, "2026-05-01", "2026-05-01"),
        ("2026-04-01", "2026-05-01", "2026-04-01"),
        ("2026-05-01", "2026-04-01", "2026-04-01"),
    ],
)
def test_a_community_camera_is_listed_until_the_first_of_its_ends(town, consent_ends, camera_ends, expected):
    given, expiry = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    camera = register_camera(town, 0, 0, azimuth=45, purposes=("list", "ask", "live"))

    def moment(day: str | None) -> datetime | None:
        return None if day is None else datetime.fromisoformat(day).replace(tzinfo=UTC)

    run(
        town,
        sa.update(schema.consent)
        .where(schema.consent.c.purpose == "list")
        .values(given_at=given, expires_at=expiry, withdrawn_at=moment(consent_ends)),
        sa.update(schema.camera).values(withdrawn_at=moment(camera_ends)),
    )
    listings = records.listings(town)
    assert listings["id"].tolist() == [camera], "other consents list nothing"
    assert listings["begins"].tolist() == [pd.Timestamp(given)]
    assert listings["ends"].tolist() == [pd.Timestamp(expiry if expected == "expiry" else moment(expected))]


def test_a_city_camera_is_listed_from_the_day_it_was_installed_on(town):
    known = install(town, "city", "[45]", installed_on=date(2026, 3, 1))
    unknown = install(town, "alpr", "[45]")
    register_camera(town, 0, 0, azimuth=45)
    listings = records.listings(town).set_index("id")
    assert listings.loc[known, "begins"] == pd.Timestamp("2026-03-01", tz="UTC")
    assert pd.isna(listings.loc[unknown, "begins"])
    assert listings.loc[[known, unknown], "ends"].isna().all()
    for name in ("begins", "ends"):
        assert str(listings[name].dt.tz) == "UTC"


# Versions -------------------------------------------------------------------------------------

camera, consent, agency = schema.camera, schema.consent, schema.agency_camera
CHANGES = {
    "turned": sa.update(camera).values(azimuth=46.0),
    "moved": sa.update(camera).values(lon=camera.c.lon + 1e-6),
    "verified": sa.update(camera).values(direction_from="verified"),
    "withdrawn": sa.update(camera).values(withdrawn_at=NOON),
    "consent withdrawn": sa.update(consent).where(consent.c.purpose == "list").values(withdrawn_at=NOON),
    "consent renewed": sa.update(consent).values(expires_at=NOON + timedelta(days=900)),
    "deleted": sa.delete(camera),
    "consent deleted": sa.delete(consent),
    "presets": sa.update(agency).values(azimuths="[1, 2]"),
    "installed": sa.update(agency).values(installed_on=date(2026, 1, 1)),
    "taken down": sa.delete(agency),
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_version_of_cameras_differs_after_every_change(town, change):
    register_camera(town, 0, 0, azimuth=45)
    install(town, "city", "[45]")
    before = records.cameras_version(town)
    assert records.cameras_version(town) == before
    run(town, CHANGES[change])
    assert records.cameras_version(town) != before


def test_the_version_of_cameras_tells_whose_direction_is_whose(town):
    one, other = (register_camera(town, 0, 0, azimuth=azimuth) for azimuth in (10, 20))
    before = records.cameras_version(town)
    run(
        town,
        sa.update(camera).where(camera.c.id == one).values(azimuth=20.0),
        sa.update(camera).where(camera.c.id == other).values(azimuth=10.0),
    )
    assert records.cameras_version(town) != before


def test_other_records_leave_the_version_of_cameras_as_it_is(town):
    register_camera(town, 0, 0, azimuth=45)
    before = records.cameras_version(town)
    record(town, (0, 0, NOON))
    people.set_policy(town, consent_months=6)
    assert records.cameras_version(town) == before


# Incidents ------------------------------------------------------------------------------------


def test_incidents_come_by_time_with_their_areas(town):
    record(town, (60, 60, NOON), (5000, 0, NOON - timedelta(days=1)))
    record(town, (60, -60, NOON + timedelta(days=1)), offence_code="120")
    found = records.incidents(town)
    assert found["occurred_at"].is_monotonic_increasing
    assert str(found["occurred_at"].dt.tz) == "UTC"
    assert found["offence_code"].tolist() == ["23F", "23F", "120"]
    assert found["offence_code"].dtype == "category"
    assert found["block_id"].isna().tolist() == [True, False, False], "the first lies out of town"
    assert found["block_id"].dropna().tolist() == [11, 10]
    assert found["district_id"].dropna().tolist() == [1, 1]


def test_without_an_incident_there_are_columns_all_the_same(town):
    found = records.incidents(town)
    assert len(found) == 0
    assert str(found["occurred_at"].dt.tz) == "UTC"
    assert found["offence_code"].dtype == "category"


def test_the_version_of_incidents_differs_when_some_are_loaded_or_corrected(town):
    empty = records.incidents_version(town)
    record(town, (60, 60, NOON))
    loaded = records.incidents_version(town)
    assert loaded != empty
    assert records.incidents_version(town) == loaded
    # A correction comes with a load of its own.
    run(town, sa.update(schema.incident).values(lon=schema.incident.c.lon + 0.001, load_id=2))
    assert records.incidents_version(town) != loaded
