"""Who is here, and what they may do.

Sessions are rows of ours, so that they can be revoked: the browser holds a random token, the table
its hash. Two ways lead to one, and real sign-in will be a third on the same seam: choosing a demo
person (synthetic city, this computer only), and a sign-in link made at the command line.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from data import ledger, schema
from data.errors import PorchlightError
from data.roles import ROLES
from data.store import Store, default_store

SESSION_LENGTH = timedelta(hours=12)  # a shift
LINK_LENGTH = timedelta(minutes=15)


class Refused(PorchlightError):
    """The actor may not do this; the refusal is in the ledger."""


@dataclass(frozen=True)
class Actor:
    """A member of staff who is signed in."""

    id: str
    name: str
    role: str

    @property
    def title(self) -> str:
        """The role in words."""
        return ROLES.get(self.role, self.role)


PUBLIC = Actor("public", "Someone in town", "public")


def may(connection: sa.Connection, actor: Actor, act: str) -> bool:
    """Whether this person, as the staff table knows them now, holds a role that may do `act`."""
    return act in connection.execute(_acts(actor)).scalars().all()


def acts_of(actor: Actor, *, store: Store | None = None) -> frozenset[str]:
    """Everything this person may do."""
    store = store or default_store()
    with store.read() as connection:
        return frozenset(connection.execute(_acts(actor)).scalars())


def _acts(actor: Actor) -> sa.Select[str]:
    """The acts of the role that an actor claims, if the staff table agrees that it is theirs."""
    person, permission = schema.staff, schema.role_permission
    return (
        sa.select(permission.c.act)
        .join(person, person.c.role == permission.c.role)
        .where(person.c.id == actor.id, person.c.role == actor.role, person.c.active)
    )


def demo_people(*, store: Store | None = None) -> list[Actor]:
    """The people to choose from in the demo; nobody where the city is real."""
    store = store or default_store()
    with store.read() as connection:
        if not connection.execute(sa.select(schema.city.c.synthetic)).scalar():
            return []
        staff = connection.execute(
            sa.select(schema.staff).where(schema.staff.c.active).order_by(schema.staff.c.name)
        )
        people = [Actor(row.id, row.name, row.role) for row in staff]
    return sorted(people, key=lambda person: list(ROLES).index(person.role))


def sign_in_as_demo(staff_id: str, *, from_this_computer: bool, store: Store | None = None) -> str:
    """A session as one of the demo people; the answer is its token."""
    store = store or default_store()
    if not from_this_computer:
        raise Refused("Choosing a demo person works only on the computer that runs Porchlight.")
    person = next((person for person in demo_people(store=store) if person.id == staff_id), None)
    if person is None:
        raise Refused("Choosing a person works only in the synthetic city. Ask for a sign-in link instead.")
    return store.write(lambda connection: _start_session(connection, person, "demo"))


def sign_in_with_link(link_token: str, *, store: Store | None = None) -> str:
    """A session from a sign-in link, which is used up; the answer is the session's token."""
    store = store or default_store()
    link, staff = schema.sign_in_link, schema.staff

    def work(connection: sa.Connection) -> str | None:
        now = datetime.now(UTC)
        row = connection.execute(
            sa.select(staff)
            .join(link, link.c.staff_id == staff.c.id)
            .where(
                link.c.token_hash == _hash(link_token),
                link.c.used_at.is_(None),
                link.c.expires_at > now,
                staff.c.active,
            )
        ).first()
        if row is None:
            return None
        connection.execute(sa.update(link).where(link.c.token_hash == _hash(link_token)).values(used_at=now))
        return _start_session(connection, Actor(row.id, row.name, row.role), "link")

    token = store.write(work)
    if token is None:
        raise Refused("This sign-in link has been used or is too old. Ask for a new one.")
    return token


def make_link(name: str, role: str, *, store: Store | None = None) -> str:
    """The token of a sign-in link for a member of staff, who is added if there is none of that name."""
    store = store or default_store()
    if role not in ROLES:
        raise PorchlightError(f"'{role}' is no role. Choose one of: {', '.join(ROLES)}.")
    token = secrets.token_urlsafe(32)

    def work(connection: sa.Connection) -> None:
        staff = schema.staff
        staff_id = connection.execute(
            sa.select(staff.c.id).where(staff.c.name == name, staff.c.role == role, staff.c.active)
        ).scalar()
        if staff_id is None:
            staff_id = uuid.uuid4().hex
            connection.execute(staff.insert().values(id=staff_id, name=name, role=role, active=True))
            ledger.append(
                connection,
                actor="command line",
                role="system",
                act="staff.add",
                outcome="done",
                asked={"staff": staff_id, "role": role},
            )
        connection.execute(
            schema.sign_in_link.insert().values(
                token_hash=_hash(token), staff_id=staff_id, expires_at=datetime.now(UTC) + LINK_LENGTH
            )
        )

    store.write(work)
    return token


def who(token: str | None, *, store: Store | None = None) -> Actor | None:
    """Whose session this token is; nobody's when it is unknown, over or revoked."""
    store = store or default_store()
    if not token:
        return None
    session, staff = schema.session, schema.staff
    with store.read() as connection:
        row = connection.execute(
            sa.select(staff)
            .join(session, session.c.staff_id == staff.c.id)
            .where(
                session.c.token_hash == _hash(token),
                session.c.revoked_at.is_(None),
                session.c.expires_at > datetime.now(UTC),
                staff.c.active,
            )
        ).first()
    return None if row is None else Actor(row.id, row.name, row.role)


def sign_out(token: str, *, store: Store | None = None) -> None:
    """End the session at once; a token that is nobody's ends nothing."""
    store = store or default_store()
    actor = who(token, store=store)
    if actor is None:
        return

    def work(connection: sa.Connection) -> None:
        connection.execute(
            sa.update(schema.session)
            .where(schema.session.c.token_hash == _hash(token))
            .values(revoked_at=datetime.now(UTC))
        )
        ledger.append(connection, actor=actor.id, role=actor.role, act="session.end", outcome="done")

    store.write(work)


def _start_session(connection: sa.Connection, person: Actor, how: str) -> str:
    token = secrets.token_urlsafe(32)
    now = datetime.now(UTC)
    connection.execute(
        schema.session.insert().values(
            token_hash=_hash(token), staff_id=person.id, started_at=now, expires_at=now + SESSION_LENGTH
        )
    )
    ledger.append(
        connection, actor=person.id, role=person.role, act="session.start", outcome="done", asked={"how": how}
    )
    return token


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
