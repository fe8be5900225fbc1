"""Who is here: sessions can be revoked, links work once, and the demo stays in the demo."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from data import roles, schema
from data.errors import PorchlightError
from tests import people, small_town
from tests.people import AUDITOR, OFFICER
from workflow import identity
from workflow.identity import Actor, Refused


@pytest.fixture
def town(store):
    small_town.build(store)
    return store


def demo_session(store) -> str:
    return identity.sign_in_as_demo(OFFICER.id, from_this_computer=True, store=store)


def test_a_demo_person_is_who_one_chose(town):
    assert identity.who(demo_session(town), store=town) == OFFICER
    assert [person.role for person in identity.demo_people(store=town)] == list(roles.ROLES)


def test_demo_sign_in_works_only_on_this_computer(town):
    with pytest.raises(Refused, match="only on the computer"):
        identity.sign_in_as_demo(OFFICER.id, from_this_computer=False, store=town)


def test_demo_sign_in_works_only_in_the_synthetic_city(store):
    small_town.build(store, synthetic=False)
    assert identity.demo_people(store=store) == []
    with pytest.raises(Refused, match="only in the synthetic city"):
        demo_session(store)


def test_a_session_ends_at_once_when_one_signs_out(town):
    token = demo_session(town)
    identity.sign_out(token, store=town)
    assert identity.who(token, store=town) is None


@pytest.mark.parametrize("token", [None, "", "guess", "0" * 64])
def test_an_unknown_token_is_nobody(town, token):
    demo_session(town)
    assert identity.who(token, store=town) is None


def test_a_session_is_over_after_a_shift_and_when_its_person_leaves(town):
    token = demo_session(town)
    session, staff = schema.session, schema.staff
    later = datetime.now(UTC) + identity.SESSION_LENGTH
    town.write(lambda connection: connection.execute(sa.update(staff).values(active=False)))
    assert identity.who(token, store=town) is None
    town.write(lambda connection: connection.execute(sa.update(staff).values(active=True)))
    assert identity.who(token, store=town) == OFFICER
    with town.read() as connection:
        assert connection.execute(sa.select(session.c.expires_at)).scalar_one() <= later
    town.write(lambda connection: connection.execute(sa.update(session).values(expires_at=datetime.now(UTC))))
    assert identity.who(token, store=town) is None


def test_the_token_is_not_in_the_database(town):
    token = demo_session(town)
    assert token not in people.everything_in(town)


def test_a_sign_in_link_works_once(store):
    small_town.build(store, synthetic=False)
    link = identity.make_link("Dana Fields", "officer", store=store)
    person = identity.who(identity.sign_in_with_link(link, store=store), store=store)
    assert (person.name, person.role) == ("Dana Fields", "officer")
    with pytest.raises(Refused, match="has been used"):
        identity.sign_in_with_link(link, store=store)


def test_a_sign_in_link_gets_old(town):
    link = identity.make_link("Dana Fields", "officer", store=town)
    past = datetime.now(UTC) - timedelta(seconds=1)
    town.write(lambda connection: connection.execute(sa.update(schema.sign_in_link).values(expires_at=past)))
    with pytest.raises(Refused, match="too old"):
        identity.sign_in_with_link(link, store=town)


def test_a_second_link_for_the_same_person_is_for_the_same_person(town):
    first, second = (identity.make_link("Dana Fields", "officer", store=town) for _ in range(2))
    people_signed_in = {
        identity.who(identity.sign_in_with_link(link, store=town), store=town) for link in (first, second)
    }
    assert len(people_signed_in) == 1


def test_a_link_for_no_role_is_refused(town):
    with pytest.raises(PorchlightError, match="is no role"):
        identity.make_link("Dana Fields", "chief", store=town)


def test_what_a_person_may_do_is_what_the_tables_say(town):
    assert "lookup.search" in identity.acts_of(OFFICER, store=town)
    assert "lookup.search" not in identity.acts_of(AUDITOR, store=town)
    assert identity.acts_of(Actor(AUDITOR.id, "", "officer"), store=town) == frozenset()
    permission = schema.role_permission
    town.write(
        lambda connection: connection.execute(sa.delete(permission).where(permission.c.role == "officer"))
    )
    assert identity.acts_of(OFFICER, store=town) == frozenset()


def test_an_administrator_reads_no_contact_details_and_an_auditor_changes_nothing():
    assert "lookup.contact" not in roles.PERMISSIONS["administrator"]
    assert {act.split(".")[1] for act in roles.PERMISSIONS["auditor"]} == {"read", "view"}
