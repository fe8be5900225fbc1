"""The chance that a camera has footage, from what the records tell: for Look up, and for the map.

A camera works, still keeps what it saw, and its owner agrees to give it. Owners are told apart by their
kind at most (resident, business, neighbourhood) and only where many of a kind have answered: nothing
here says how one owner answers.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import sqlalchemy as sa

from analytics import footage
from data import records, schema, settings
from data.errors import PorchlightError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray

    from data.store import Store

#: A share of answers stands for at least so many owners; of fewer it would tell how one of them answers.
OWNERS = 10

# An owner who says that the footage is gone has looked for it: that answer is as willing as any.
AGREED = ("provided", "gone")
ANSWERED = (*AGREED, "declined", "expired")  # not those still open, nor those the police took back

PER_CENT = "\u00a0%"
# A share whose interval is narrower than this is told in steps of so many points.
STEPS = ((0.2, 1), (0.6, 5), (math.inf, 10))


@dataclass(frozen=True)
class Factor:
    """What one condition for footage adds to the chance, as `analytics.footage` has it."""

    share: float
    low: float
    high: float
    basis: str  # known, counted, assumed
    yes: int
    of: int

    @property
    def percent(self) -> str:
        """The share as its interval supports it."""
        return percent(self.share, self.low, self.high)


@dataclass(frozen=True)
class Footage:
    """The chance that one camera has footage of a time, and what it is made of."""

    is_own: bool  # of the city: nobody has to be asked
    working: Factor
    retained: Factor
    willing: Factor

    @property
    def chance(self) -> float:
        """All three together."""
        return self.working.share * self.retained.share * self.willing.share

    @property
    def low(self) -> float:
        """If all three were at their low ends."""
        return self.working.low * self.retained.low * self.willing.low

    @property
    def high(self) -> float:
        """If all three were at their high ends."""
        return self.working.high * self.retained.high * self.willing.high

    def words(self, in_view: float = 1.0) -> str:
        r"""The chance of footage of a place of which the camera has this share in view, and its factors.

        >>> working, kept = Factor(0.9, 0.8, 0.97, "assumed", 0, 0), Factor(1.0, 1.0, 1.0, "known", 0, 0)
        >>> footage = Footage(False, working, kept, Factor(0.8, 0.7, 0.88, "counted", 41, 52))
        >>> print(footage.words().replace("\u00a0", " "))
        about 70 %: working 90 % (assumed) × still kept × owner agrees 80 % (41 of 52 requests)
        >>> print(footage.words(0.5).replace("\u00a0", " ")[:40])
        about 36 %: place in view 50 % × working
        """
        factors = [] if in_view == 1 else [f"place in view {in_view * 100:.0f}{PER_CENT}"]
        factors.append(f"working {self.working.percent}{_source(self.working, 'answers')}")
        kept = f" {self.retained.percent}{_source(self.retained, 'cameras')}"
        factors.append("still kept" + ("" if self.retained.basis == "known" else kept))
        if not self.is_own:
            factors.append(f"owner agrees {self.willing.percent}{_source(self.willing, 'requests')}")
        chance = percent(*(in_view * share for share in (self.chance, self.low, self.high)))
        return f"about {chance}: {' × '.join(factors)}"


def _source(factor: Factor, what: str) -> str:
    """What a factor is from, in brackets."""
    return f" ({factor.yes:,} of {factor.of:,} {what})" if factor.basis == "counted" else " (assumed)"


def percent(share: float, low: float, high: float) -> str:
    r"""A share in per cent, as exact as its interval supports: by 1, 5 or 10 points.

    >>> percent(0.937, 0.9, 0.96), percent(0.937, 0.7, 0.99), percent(0.55, 0.1, 0.9)
    ('94\xa0%', '95\xa0%', '60\xa0%')

    What is not certain is never written as 0 or 100 %.

    >>> percent(0.98, 0.7, 1.0), percent(0.9999, 0.99, 1.0), percent(1.0, 1.0, 1.0)
    ('98\xa0%', '>99\xa0%', '100\xa0%')
    """
    if share in (0, 1):
        return f"{share * 100:.0f}{PER_CENT}"
    coarsest = next(step for width, step in STEPS if high - low < width)
    for step in (10, 5, 1):
        points = round(share * 100 / step) * step
        if step <= coarsest and 0 < points < 100:
            return f"{points}{PER_CENT}"
    return ("<1" if share < 0.5 else ">99") + PER_CENT


@dataclass(frozen=True)
class _Evidence:
    """What the records tell about cameras and owners in general."""

    stated: pd.DataFrame  # as `analytics.footage.retained` takes it
    working: pd.DataFrame  # factors: of community cameras, and of the city's own
    willing: pd.DataFrame  # factors by kind of owner; the last is for all other kinds

    def group(self, kind: pd.Series | pd.Index) -> NDArray[np.int64]:
        """Which row of `willing` holds for owners of each kind; -1, the last, for those it does not name."""
        return self.willing.index.get_indexer(pd.Index(kind, dtype=object))


def factors(store: Store, cameras: pd.DataFrame, age_hours: float, now: datetime) -> pd.DataFrame:
    """The chance that each camera has footage of ``age_hours`` ago, for a map.

    ``cameras`` has ``id``, ``layer``, ``kind`` and ``retention_hours``, a row a camera or a view. The answer has its
    index and the columns of `analytics.footage.chances`. A registered camera whose owner does not agree to
    be asked has no chance; one that is not in the registry, such as a proposed one, has that of all owners.
    """
    with store.read() as connection:
        version = _version(connection)
        evidence = _evidence(connection.engine, version, now.astimezone(UTC).date())
    owners = _owners(store, version)
    place = owners.index.get_indexer(pd.Index(cameras["id"], dtype=object))
    # The last of each is for who is not in the registry: place -1.
    group = evidence.group(owners["kind"].dtype.categories)
    group = np.append(group, -1)[np.append(owners["kind"].cat.codes, -1)[place]]
    agrees = np.append((owners["ask_until"] > pd.Timestamp(now)).to_numpy(), True)[place]
    return _factors(evidence, cameras, group, agrees, age_hours)


def near(
    connection: sa.Connection,
    cameras: pd.DataFrame,
    askable: Collection[str],
    age_hours: float,
    now: datetime,
) -> list[Footage]:
    """The same for each camera of a lookup, in the transaction of `connection`; ``askable`` are ids."""
    camera, owner = schema.camera, schema.owner
    statement = (
        sa.select(camera.c.id, owner.c.kind)
        .join(owner, owner.c.id == camera.c.owner_id)
        .where(camera.c.id.in_(cameras["id"].tolist()))
    )
    kinds = {row.id: row.kind for row in connection.execute(statement)}
    evidence = _evidence(connection.engine, _version(connection), now.astimezone(UTC).date())
    group = evidence.group(cameras["id"].map(kinds))
    agrees = cameras["id"].isin(list(askable)).to_numpy()
    found = _factors(evidence, cameras, group, agrees, age_hours)
    own = (cameras["layer"] != "community").to_numpy()
    columns = [
        [
            Factor(*row)
            for row in found[
                [name, *(f"{name}_{column}" for column in footage.FACTOR_COLUMNS[1:])]
            ].itertuples(index=False)
        ]
        for name in footage.FACTORS
    ]
    return [Footage(*row) for row in zip(own.tolist(), *columns, strict=True)]


def _factors(
    evidence: _Evidence,
    cameras: pd.DataFrame,
    group: NDArray[np.int64],
    agrees: NDArray[np.bool_],
    age_hours: float,
) -> pd.DataFrame:
    """The chance of each camera; the ``group`` of its owner and ``agrees`` matter for community cameras only."""
    own = (cameras["layer"] != "community").to_numpy()
    working = evidence.working.iloc[own.astype(int)]
    retained = footage.retained(
        cameras["retention_hours"].to_numpy(dtype=float),
        age_hours,
        cameras["kind"].to_numpy(),
        evidence.stated,
    )
    yes = len(evidence.willing)
    choices = pd.concat([evidence.willing, footage.known([True, False])])
    willing = choices.iloc[np.select([own, ~agrees, group < 0], [yes, yes + 1, yes - 1], default=group)]
    answer = footage.chances(*(factor.reset_index(drop=True) for factor in (working, retained, willing)))
    return answer.set_axis(cameras.index)


@functools.lru_cache(maxsize=2)
def _evidence(engine: sa.Engine, _version: tuple[object, ...], today: date) -> _Evidence:
    """What is known on a day; the version only makes a change of the records a new question."""
    midnight = datetime.combine(today, time.min, UTC)
    with engine.connect() as connection:
        policy = _policy(connection)
        months = pd.DateOffset(months=int(policy["footage_months"]))
        owners = _answers(connection, (pd.Timestamp(midnight) - months).to_pydatetime())
        stated = _stated(connection, midnight)

    def answered(yes: str, of: str, of_owners: pd.DataFrame, assumption: str) -> pd.DataFrame:
        asked = of_owners[of_owners[of] > 0]
        counted = asked if len(asked) >= OWNERS else asked[:0]
        return footage.answered(
            counted[yes],
            counted[of],
            policy[f"footage_{assumption}_share"],
            policy[f"footage_{assumption}_prior_requests"],
        )

    of_kind = owners.groupby("kind")["asked"]
    told_apart = (of_kind.transform("sum") >= footage.ENOUGH) & (of_kind.transform("size") >= OWNERS)
    of_kinds = {
        kind: answered("agreed", "asked", some, "willing")
        for kind, some in owners[told_apart].groupby("kind")
    }
    # Without the few of the other kinds: otherwise the difference would tell how they answered.
    others = answered("agreed", "asked", owners[told_apart] if of_kinds else owners, "willing")
    return _Evidence(
        stated=stated,
        working=pd.concat(
            [
                answered("had_it", "should_have_it", owners, "working"),
                answered("had_it", "should_have_it", owners[:0], "working"),
            ]
        ),
        willing=pd.concat([*of_kinds.values(), others]).set_axis([*of_kinds, "other owners"]),
    )


def _policy(connection: sa.Connection) -> Mapping[str, float]:
    """The settings of this model, which must make sense."""
    names = [setting.name for setting in settings.POLICY if setting.name.startswith("footage_")]
    policy = {name: settings.policy(connection, name) for name in names}
    for name, value in policy.items():
        if name.endswith("_share") and not 0 < value < 1:
            raise PorchlightError(f"The setting {name} is {value}: set it to a share between 0 and 1.")
        if not value > 0:
            raise PorchlightError(f"The setting {name} is {value}: set it to a number above 0.")
    return policy


def _answers(connection: sa.Connection, since: datetime) -> pd.DataFrame:
    """How the owners answered since then, a row an owner: kind, asked, agreed, should_have_it, had_it.

    A camera should have it where its owner answered before what it stated as its retention had passed. Whether it did
    tells how often cameras work as stated.
    """
    request, lookup, camera, owner = schema.footage_request, schema.lookup, schema.camera, schema.owner
    agreed = request.c.status.in_(AGREED)
    hours = sa.extract("epoch", request.c.answered_at - lookup.c.occurred_at) / 3600
    should = sa.and_(agreed, camera.c.retention_hours > hours)

    def count(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.func.sum(sa.case((condition, 1), else_=0))

    statement = (
        sa.select(
            owner.c.kind,
            sa.func.count().label("asked"),
            count(agreed).label("agreed"),
            count(should).label("should_have_it"),
            count(sa.and_(should, request.c.status == "provided")).label("had_it"),
        )
        .select_from(request)
        .join(lookup, lookup.c.id == request.c.lookup_id)
        .join(camera, camera.c.id == request.c.camera_id)
        .join(owner, owner.c.id == camera.c.owner_id)
        .where(request.c.status.in_(ANSWERED), request.c.answered_at >= since)
        .group_by(owner.c.id, owner.c.kind)
    )
    result = connection.execute(statement)
    names = list(result.keys())
    return pd.DataFrame(result.all(), columns=names).astype(dict.fromkeys(names[1:], float))


def _stated(connection: sa.Connection, at: datetime) -> pd.DataFrame:
    """How many cameras of each kind state which retention: of, retention_hours, cameras."""
    camera, agency = schema.camera, schema.agency_camera
    rows: list[sa.Row[Any]] = []
    for table, counts in ((camera, records.consented("list", at)), (agency, sa.true())):
        statement = (
            sa.select(table.c.kind, table.c.retention_hours, sa.func.count())
            .where(table.c.retention_hours.is_not(None), counts)
            .group_by(table.c.kind, table.c.retention_hours)
        )
        rows += connection.execute(statement).all()
    return pd.DataFrame(rows, columns=["of", "retention_hours", "cameras"])


@functools.lru_cache(maxsize=2)
def _owners(store: Store, _version: tuple[object, ...]) -> pd.DataFrame:
    """For each camera of the registry, by id: its owner's kind, and until when they may be asked, if at all.

    The version only makes a change of the records a new question.
    """
    camera, consent, owner = schema.camera, schema.consent, schema.owner
    asked = (
        sa.select(consent.c.camera_id, sa.func.max(consent.c.expires_at).label("until"))
        .where(consent.c.purpose == "ask", consent.c.withdrawn_at.is_(None))
        .group_by(consent.c.camera_id)
        .subquery()
    )
    statement = (
        sa.select(
            camera.c.id,
            owner.c.kind,
            sa.case((camera.c.withdrawn_at.is_(None), asked.c.until)).label("ask_until"),
        )
        .join(owner, owner.c.id == camera.c.owner_id)
        .outerjoin(asked, asked.c.camera_id == camera.c.id)
    )
    rows = store.arrow(statement).to_pandas()
    owners = rows[["kind", "ask_until"]].astype({"kind": "category"})
    return owners.set_axis(pd.Index(rows["id"], dtype=object))


def _version(connection: sa.Connection) -> tuple[object, ...]:
    """Differs whenever a camera or consent comes or goes, a request is answered, or a setting changes."""
    camera, consent, agency = schema.camera, schema.consent, schema.agency_camera
    request, setting, count = schema.footage_request, schema.setting, sa.func.count()
    statements = (
        sa.select(count, sa.func.max(camera.c.registered_at), sa.func.max(camera.c.withdrawn_at)),
        sa.select(count, sa.func.max(consent.c.given_at), sa.func.max(consent.c.withdrawn_at)),
        sa.select(count, sa.func.max(agency.c.load_id)),
        sa.select(count, sa.func.max(request.c.answered_at)).where(request.c.status.in_(ANSWERED)),
        sa.select(setting.c.name, setting.c.value).where(setting.c.name.like("footage%")).order_by("name"),
    )
    return tuple(tuple(row) for statement in statements for row in connection.execute(statement))
