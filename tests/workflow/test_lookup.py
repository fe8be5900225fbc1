"""The lookup: purpose first, the likeliest camera first, and no row without an entry."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from data import ledger, schema
from data.errors import PorchlightError
from tests import people, small_town
from tests.people import COMMAND, EMAIL, NAME, OFFICER, PHONE, register_camera
from workflow import candidates, lookup
from workflow.acts import LedgerUnavailable
from workflow.identity import Actor, Refused
from workflow.ledger import verify
from workflow.lookup import Purpose
from workflow.places import Place

PURPOSE = Purpose("23F", "26-001234")


@pytest.fixture
def town(store):
    small_town.build(store)
    return store


def middle() -> Place:
    """Where Maple St and Oak Ave cross."""
    lon, lat = small_town.CENTRE
    return Place("Maple St & Oak Ave", lon, lat, "intersection")


def an_hour_ago() -> datetime:
    return datetime.now(UTC) - timedelta(hours=1)


def look(store, actor=OFFICER, purpose=PURPOSE, place=None, radius_m=150.0, when=None) -> lookup.Lookup:
    return lookup.cameras_near(
        actor, purpose, place or middle(), radius_m, when or an_hour_ago(), store=store
    )


def entries(store) -> list[dict]:
    with store.read() as connection:
        leaves = connection.execute(
            sa.select(schema.ledger_entry.c.leaf).order_by(schema.ledger_entry.c.position)
        ).scalars()
        return [json.loads(leaf) for leaf in leaves]


def test_cameras_that_see_the_place_come_first_then_those_that_may_then_the_rest(town):
    away = register_camera(town, 25, 25, azimuth=45)
    unknown = register_camera(town, 12, 12, azimuth=None)
    near = register_camera(town, -8, -8, azimuth=45)
    far = register_camera(town, -25, 25, azimuth=135)
    gone = register_camera(town, 5, -5, azimuth=315, retention_hours=0.5)
    register_camera(town, 220, 220, azimuth=225)
    answer = look(town)
    assert [camera.camera_id for camera in answer.cameras] == [near, far, unknown, away, gone]
    assert answer.cameras[2].share_in_view is None
    assert answer.cameras[3].share_in_view == 0
    assert [camera.distance_m for camera in answer.cameras[:2]] == pytest.approx([11.3, 35.4], abs=0.1)


def test_a_camera_behind_a_building_does_not_see_the_place(town):
    # The house at 351 Maple St stands from 54 to 68 m east and 14 to 26 m north of the middle.
    east_of_the_house, front = small_town.lon_lat(61, 8)
    register_camera(town, 61, 40, azimuth=180)
    behind = look(town, place=Place("351 Maple St", east_of_the_house, front, "address"), radius_m=60).cameras
    assert behind[0].share_in_view < 0.5
    register_camera(town, 61, 12, azimuth=180)
    before = look(town, place=Place("351 Maple St", east_of_the_house, front, "address"), radius_m=60).cameras
    assert before[0].share_in_view > behind[0].share_in_view


def test_a_camera_inside_a_house_sees_the_inside_only_and_one_of_the_house_the_street(town):
    # In the middle of the house at 351 Maple St, looking at the street.
    street = Place("351 Maple St", *small_town.lon_lat(61, 8), "address")
    inside = register_camera(town, 61, 20, azimuth=180, outdoor=False)
    on_its_wall = register_camera(town, 61, 20, azimuth=180)
    shares = {
        camera.camera_id: camera.share_in_view for camera in look(town, place=street, radius_m=60).cameras
    }
    # Of the circle of 20 m around the place: 36 m2 of the room, or about 499 m2 before the wall. The circle
    # is looked at in 60 points, so two of them are within what the sampling may be off.
    assert shares[inside] == pytest.approx(36 / 1257, abs=2 / 60)
    assert shares[on_its_wall] == pytest.approx(499 / 1257, abs=2 / 60)


def test_hours_left_count_down_from_when_it_happened(town):
    register_camera(town, 5, 5, azimuth=225, retention_hours=48)
    camera = look(town, when=datetime.now(UTC) - timedelta(hours=40)).cameras[0]
    assert camera.hours_left == pytest.approx(8, abs=0.1)
    assert camera.is_urgent
    assert camera.urgency == "Footage will be overwritten in 8 h"


def plain(words: str) -> str:
    return words.replace("\u00a0", " ")


def test_each_camera_says_how_likely_its_footage_is_and_why(town):
    register_camera(town, -8, -8, azimuth=45)
    camera = look(town).cameras[0]
    share = f"{camera.open_in_view * 100:.0f} %"
    assert plain(camera.chance_words).endswith(
        f": place in view {share} × working 90 % (assumed) × still kept × owner agrees 70 % (assumed)"
    )
    # Both shares are assumed, so the product is told in steps of five points.
    told = int(re.match(r"Chance of footage about (\d+) %", plain(camera.chance_words)).group(1))
    assert told % 5 == 0
    assert told == pytest.approx(100 * camera.open_in_view * 0.9 * 0.7, abs=2.5)


def test_a_camera_whose_owner_never_said_how_long_footage_is_kept_goes_by_those_who_did(town):
    for hours in (0.5, 48, 48, 48):
        register_camera(town, 60, 60, azimuth=45, retention_hours=hours)
    silent = register_camera(town, -8, -8, azimuth=45, retention_hours=None)
    (camera,) = (camera for camera in look(town).cameras if camera.camera_id == silent)
    assert "still kept 80 % (3 of 4 cameras)" in plain(camera.chance_words), "75 %, by what four can tell"
    assert camera.footage.retained.share == 0.75


def test_there_is_no_chance_of_footage_that_is_gone_or_may_not_be_asked_for(town):
    gone = register_camera(town, -8, -8, azimuth=45, retention_hours=0.5)
    unasked = register_camera(town, -8, -8, azimuth=45, purposes=("list",))
    answer = look(town)
    assert {camera.camera_id: camera.chance_words for camera in answer.cameras} == {gone: None, unasked: None}
    assert candidates.any_footage(answer.cameras).words.startswith("No camera known to show what happens")


def test_the_chance_for_all_is_that_of_the_points_each_shows(town):
    register_camera(town, -8, -8, azimuth=45)
    register_camera(town, 8, 8, azimuth=225)
    answer = look(town)
    one, other = answer.cameras
    p = 0.9 * 0.7
    both = sum(a and b for a, b in zip(one.shows, other.shows, strict=True)) / 60
    either = sum(one.shows) / 60 + sum(other.shows) / 60 - 2 * both
    assert both > 0.1, "some of the place is seen by both"
    assert either > 0.1, "and some by one only"
    found = candidates.any_footage(answer.cameras)
    assert found.chance == pytest.approx(either * p + both * (1 - (1 - p) ** 2))
    assert found.high > found.chance
    low = one.footage.low
    assert found.low == pytest.approx((either + both) * low), "what is left if both fail together"
    assert found.cameras == 2


def test_one_more_camera_never_lowers_the_chance_for_all(town):
    chance = 0.0
    for east, north, azimuth in ((-8, -8, 45), (8, 8, 225), (-12, 12, 135), (12, 12, None), (25, 25, 45)):
        register_camera(town, east, north, azimuth)
        found = candidates.any_footage(look(town).cameras)
        assert found.chance >= chance
        chance = found.chance
    assert found.cameras == 3, "one looks away, and nobody knows where the other looks"


def test_a_direction_that_was_assumed_is_said_and_counts_for_nothing(town):
    register_camera(town, -8, -8, azimuth=45)
    town.write(
        lambda connection: connection.execute(sa.update(schema.camera).values(direction_from="assumed"))
    )
    camera = look(town).cameras[0]
    assert camera.why.endswith(", if it looks the way that was assumed")
    assert candidates.any_footage([camera]).cameras == 0


def test_too_far_away_to_show_what_happens_counts_for_nothing(town):
    register_camera(town, -50, 0, azimuth=90)
    camera = look(town).cameras[0]
    assert camera.why.endswith("well enough to tell that something moves")
    assert candidates.any_footage([camera]).cameras == 0


def test_the_insides_of_houses_are_no_ground_that_a_camera_could_show(town):
    # The house at 351 Maple St stands from 54 to 68 m east and 14 to 26 m north of the middle; the camera
    # before it sees none of its inside.
    street = Place("351 Maple St", *small_town.lon_lat(61, 8), "address")
    register_camera(town, 61, -4, azimuth=0, hfov=170)
    inside = register_camera(town, 61, 20, azimuth=180, outdoor=False)
    before, within = look(town, place=street, radius_m=60).cameras
    assert before.open_in_view > before.share_in_view + 0.03
    assert within.camera_id == inside
    assert (within.share_in_view > 0, within.open_in_view) == (True, 0)
    assert within.chance_words.startswith("Chance of footage of its own view about 60")
    assert candidates.any_footage([before, within]).cameras == 1


def test_of_two_that_see_as_clearly_the_one_that_may_be_asked_comes_first(town):
    nearer = register_camera(town, -8, -8, azimuth=45, purposes=("list",))
    farther = register_camera(town, 9, 9, azimuth=225)
    answer = look(town)
    assert answer.cameras[0].level == answer.cameras[1].level
    assert [camera.camera_id for camera in answer.cameras] == [farther, nearer]


def test_a_lookup_leaves_an_entry_that_says_who_why_and_about_which_cameras(town):
    camera = register_camera(town, 5, 5, azimuth=225)
    answer = look(town)
    entry = entries(town)[answer.ledger_position]
    assert entry["actor"] == OFFICER.id
    assert entry["role"] == "officer"
    assert entry["act"] == "lookup.search"
    assert entry["purpose"] == {"offence": "23F", "reference": "26-001234"}
    assert entry["outcome"] == "done"
    with town.read() as connection:
        opened = connection.execute(
            sa.select(schema.ledger_subject).where(schema.ledger_subject.c.position == answer.ledger_position)
        ).one()
    assert opened.subject == camera
    assert entry["subjects"] == [ledger.commitment(camera, opened.salt)]
    assert camera not in json.dumps(entry), "the entry itself names nobody"


def test_the_place_that_was_asked_about_is_nowhere_in_clear(town):
    lon, lat = small_town.lon_lat(3.21, -4.56)
    look(town, place=Place("77 Nowhere Lane", lon, lat, "address"))
    dump = people.everything_in(town)
    assert "Nowhere" not in dump
    assert str(lon) not in dump


@pytest.mark.parametrize(
    ("purpose", "message"),
    [
        (Purpose("", "26-001234"), "Choose the offence"),
        (Purpose("99Z", "26-001234"), "Choose the offence"),
        (Purpose("23F", ""), "case or call number"),
        (Purpose("23F", "investigation"), "such as 26-001234"),
    ],
)
def test_no_purpose_no_row_and_the_attempt_is_recorded(town, purpose, message):
    register_camera(town, 5, 5, azimuth=225)
    with pytest.raises(PorchlightError, match=message):
        look(town, purpose=purpose)
    assert [(entry["act"], entry["outcome"]) for entry in entries(town)] == [("lookup.search", "failed")]


def test_a_name_given_for_a_case_number_is_nowhere_in_clear(town):
    with pytest.raises(PorchlightError, match="case or call number"):
        look(town, purpose=Purpose("23F", "my neighbour Wilhelmina"))
    assert "Wilhelmina" not in people.everything_in(town)
    sealed = bytes.fromhex(entries(town)[0]["purpose"]["reference_sealed"])
    of_an_audit = ledger.Entry(0, b"", frozenset([OFFICER.id]), committed=True)
    opened = town.vault.open(sealed, "lookup.reference", OFFICER.id, of_an_audit)
    assert opened == "my neighbour Wilhelmina", "an auditor can read it"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"radius_m": 5000.0}, "radius of at most"),
        ({"radius_m": 0.0}, "radius of at most"),
        ({"radius_m": float("nan")}, "radius of at most"),
        ({"when": datetime.now(UTC) + timedelta(days=1)}, "time that has passed"),
        ({"when": datetime.now(UTC) - timedelta(days=200)}, "within the last 90 days"),
        ({"when": datetime(2026, 1, 1)}, "time zone"),  # noqa: DTZ001  that is the point
        ({"place": Place("nowhere", float("nan"), 0.0, "address")}, "Choose the place"),
    ],
)
def test_a_question_outside_the_bounds_is_refused_in_a_sentence(town, change, message):
    with pytest.raises(PorchlightError, match=message):
        look(town, **change)


@pytest.mark.parametrize(
    "actor", [COMMAND, Actor("nobody", "No One", "officer"), Actor("command1", "Ruth", "officer")]
)
def test_who_may_not_look_up_gets_nothing_and_the_refusal_is_recorded(town, actor):
    register_camera(town, 5, 5, azimuth=225)
    with pytest.raises(Refused):
        look(town, actor=actor)
    assert [(entry["actor"], entry["outcome"]) for entry in entries(town)] == [(actor.id, "refused")]


def test_an_officer_who_has_left_is_refused_at_once(town):
    look(town)
    town.write(
        lambda connection: connection.execute(
            sa.update(schema.staff).where(schema.staff.c.id == OFFICER.id).values(active=False)
        )
    )
    with pytest.raises(Refused):
        look(town)


def break_ledger(store) -> None:
    """From now on no entry can be written."""
    with store.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE ledger_entry RENAME TO ledger_entry_lost"))


def test_when_the_ledger_fails_no_row_leaves_and_nothing_is_kept(town):
    camera = register_camera(town, 5, 5, azimuth=225)
    answer = look(town)
    break_ledger(town)
    with pytest.raises(LedgerUnavailable, match="nothing was done"):
        look(town)
    with pytest.raises(LedgerUnavailable, match="nothing was done"):
        lookup.contact(OFFICER, answer.id, camera, store=town)
    with town.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(schema.lookup)).scalar() == 1


def test_contact_details_open_one_at_a_time_each_with_an_entry(town):
    camera = register_camera(town, 5, 5, azimuth=225)
    answer = look(town)
    contact = lookup.contact(OFFICER, answer.id, camera, store=town)
    assert (contact.name, contact.email, contact.phone) == (NAME, EMAIL, PHONE)
    entry = entries(town)[contact.ledger_position]
    assert entry["act"] == "lookup.contact"
    assert entry["purpose"] == {"offence": "23F", "reference": "26-001234"}
    assert len(entry["subjects"]) == 3, "the camera, its owner and its site"


def test_contact_details_do_not_open_without_the_owners_consent_to_be_asked(town):
    camera = register_camera(town, 5, 5, azimuth=225, purposes=("list",))
    answer = look(town)
    assert not answer.cameras[0].may_be_asked
    with pytest.raises(Refused, match="does not agree"):
        lookup.contact(OFFICER, answer.id, camera, store=town)
    refused = entries(town)[-1]
    assert refused["outcome"] == "refused"
    assert len(refused["subjects"]) == 1, "the owner can see that somebody tried"


def test_a_consent_withdrawn_after_the_lookup_counts_at_once(town):
    camera = register_camera(town, 5, 5, azimuth=225)
    answer = look(town)
    people.withdraw(town, camera, "ask")
    with pytest.raises(Refused):
        lookup.contact(OFFICER, answer.id, camera, store=town)
    people.withdraw(town, camera, "list")
    assert look(town).cameras == ()


def test_a_consent_that_ran_out_is_none(town):
    register_camera(town, 5, 5, azimuth=225, days_old=366)
    assert look(town).cameras == ()


def test_contact_details_do_not_open_from_another_officers_lookup_nor_for_another_camera(town):
    camera = register_camera(town, 5, 5, azimuth=225)
    far = register_camera(town, 220, 220, azimuth=225)
    answer = look(town)
    with pytest.raises(Refused, match="lookup of your own"):
        lookup.contact(Actor("supervisor1", "Tom Becker", "supervisor"), answer.id, camera, store=town)
    with pytest.raises(Refused, match="lookup of your own"):
        lookup.contact(OFFICER, answer.id, far, store=town)


def test_a_lookup_opens_contacts_for_a_day_only(town):
    camera = register_camera(town, 5, 5, azimuth=225)
    answer = look(town)
    town.write(
        lambda connection: connection.execute(
            sa.update(schema.lookup).values(at=datetime.now(UTC) - timedelta(hours=25))
        )
    )
    with pytest.raises(Refused, match="within a day"):
        lookup.contact(OFFICER, answer.id, camera, store=town)


def test_the_ledger_is_whole_after_lookups_refusals_and_failures(town):
    camera = register_camera(town, 5, 5, azimuth=225)
    answer = look(town)
    lookup.contact(OFFICER, answer.id, camera, store=town)
    with pytest.raises(PorchlightError):
        look(town, purpose=Purpose("23F", "because"))
    found = verify(town)
    assert (found.size, found.problems) == (3, ())


def test_the_answer_in_a_sentence_counts_who_sees_and_who_is_urgent(town):
    assert lookup.summary(look(town)).startswith("No registered camera")
    register_camera(town, 5, 5, azimuth=225, retention_hours=10)
    register_camera(town, 25, 25, azimuth=45)
    assert lookup.summary(look(town)) == (
        "2 cameras stand here, and 1 sees the place. Footage of 1 will be overwritten within 24 hours: ask there first."
    )
