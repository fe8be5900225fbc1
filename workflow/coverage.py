"""What the cameras can see of the city, and how much of its harm happened in view.

A camera counts with its own or its kind's optics, from where it stands on its wall, past the buildings, by day
as far as its lens resolves and in the dark as far as its own light or a street lamp reaches. Where nobody
stated a direction it counts for nothing. An incident counts as in view by the share of the public ground
around its published place that is in view, in the light it happened in. All of it is public space seen from
above: nothing here tells where one private camera is.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING

import numpy as np

from analytics import optics
from analytics.intervals import weighted_share
from data import harm, records, settings
from data.errors import PorchlightError
from data.offences import GROUPS, group_of
from data.store import Store, default_store
from workflow import sight as sights
from workflow.acts import check
from workflow.crimes import crimes
from workflow.sight import COUNTED, LAYERS, STANDINGS, asked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from analytics.sightlines import Seen
    from data.harm import HarmTable
    from workflow.crimes import Crimes
    from workflow.ground import Ground
    from workflow.identity import Actor
    from workflow.sight import Sight

log = logging.getLogger("porchlight")

VIEW = "coverage.view"
LIGHTS = {"any": "Day and night", "day": "By day", "dark": "In the dark"}


@dataclass(frozen=True)
class Question:
    """What somebody asks of the map: which incidents, which cameras, and how sharply they must see."""

    since: date
    until: date  # the last day that counts, by the city's clock
    level: str = "observe"
    light: str = "any"  # a key of LIGHTS: only incidents in that light
    layers: frozenset[str] = frozenset(LAYERS)
    standings: frozenset[str] = COUNTED
    groups: frozenset[str] = frozenset(GROUPS)
    hours: tuple[int, int] = (0, 23)  # the first and the last hour that count; (22, 3) goes over midnight
    at: datetime | None = None  # the cameras as they were at this moment; now where it is missing

    def checked(self) -> Question:
        """The question itself; `PorchlightError` says what to choose instead where it makes no sense."""
        if self.level not in optics.LEVELS:
            raise PorchlightError(f"Choose a level: {', '.join(optics.LEVELS)}.")
        if self.light not in LIGHTS:
            raise PorchlightError(f"Choose a light: {', '.join(LIGHTS)}.")
        if self.since > self.until:
            raise PorchlightError("Choose a first day that is not after the last.")
        if not self.layers or not self.layers <= set(LAYERS):
            raise PorchlightError("Choose at least one kind of camera.")
        if not self.standings or not self.standings <= set(STANDINGS) - {"unknown"}:
            raise PorchlightError("Choose at least one way in which a direction is known.")
        if not self.groups or not self.groups <= set(GROUPS):
            raise PorchlightError("Choose at least one group of offences.")
        if not all(0 <= hour <= 23 for hour in self.hours):
            raise PorchlightError("Choose hours from 0 to 23.")
        return self


@dataclass(frozen=True)
class InView:
    """Of the harm of so many incidents a share happened in view, with a 95 % interval."""

    incidents: int
    share: float  # NaN where there were no incidents
    low: float
    high: float
    # If assumed directions were right, pan-tilt cameras looked at all their presets at once, and every camera
    # whose direction nobody knows looked all round.
    possible: float
    before: float  # the same incidents, had only the cameras of `Answer.before_at` been there


@dataclass(frozen=True)
class InSight:
    """Shares of the city's public ground, and of its street metres, that are in view in one light."""

    by_level: Mapping[str, float]  # at each level or better
    twice: float  # by two cameras or more, at the level asked for
    streets: float  # of street metres, at the level asked for
    before: float  # of public ground at the level asked for, at `Answer.before_at`


@dataclass(frozen=True)
class Counted:
    """The cameras of one layer: how many are listed, and how their directions are known."""

    listed: int
    by_standing: Mapping[str, int]  # devices, by the best known of their views
    assumed_optics: int  # of those that count: field of view or resolution are the kind's
    ground: float  # share of public ground that those which count see alone, by day at the level asked for


@dataclass(frozen=True)
class Chosen:
    """The incidents a question is about, and the chance of each that it was in view."""

    number: NDArray[np.int64]  # positions in `crimes`
    in_view: NDArray[np.float64]
    possible: NDArray[np.float64]
    before: NDArray[np.float64]
    weight: NDArray[np.float64]
    kind: NDArray[np.int64]  # position of its weight in `Answer.weights`


@dataclass(frozen=True, eq=False)
class Answer:
    """What the cameras see and what they do not, for one question."""

    question: Question
    at: datetime
    before_at: datetime  # the end of the last complete quarter
    ground: Ground
    sight: Sight
    crimes: Crimes
    chosen: Chosen
    weights: NDArray[np.float64]  # the distinct weights of the harm table, ascending
    harm_table: HarmTable
    harm: Mapping[str, InView]  # by light: any, day, dark; of the question's light alone where one was chosen
    in_sight: Mapping[str, InSight]  # day, dark
    counted: Mapping[str, Counted]
    outside: int  # incidents that lie outside the map
    seen: Mapping[str, Seen] = field(repr=False)  # day, dark

    @property
    def years(self) -> float:
        """How long the period is, in years."""
        return ((self.question.until - self.question.since).days + 1) / 365.25

    @property
    def main_light(self) -> str:
        """The light of the pictures and of the ground in view: day, unless the dark was asked for."""
        return "dark" if self.question.light == "dark" else "day"


def answer(actor: Actor, question: Question, *, store: Store | None = None) -> Answer:
    """What the chosen cameras see at a level or better, against the incidents chosen.

    Needs the act coverage.view. Days and hours are those of the city's clock. Raises `PorchlightError` where
    the question makes no sense or there is no map.
    """
    store = store or default_store()
    check(store, actor, VIEW)
    return answer_of(store, question.checked(), sights.sight(store))


def answer_of(store: Store, question: Question, held: Sight) -> Answer:
    """As `answer`, for cameras that see what `held` says, and with nothing checked."""
    happened = crimes(store)
    at = question.at or datetime.now(UTC)
    before_at = quarter_end(at, happened.zone)
    with store.read() as connection:
        named = settings.policy(connection, "harm_table")
    weight_of, table = harm.weights_of(named), harm.TABLES[named]
    weights, kind_of_code = np.unique(
        np.array([weight_of[code] for code in happened.codes]), return_inverse=True
    )
    now, then = (held.counting(moment, question.layers, question.standings) for moment in (at, before_at))
    most = held.counting(at, question.layers, STANDINGS)
    number, outside = _chosen(happened, question)
    # Places by day and then the same in the dark, so that one number says both.
    here_then = happened.place[number] + np.where(happened.dark[number], len(happened.vicinity), 0)

    def chance(views: NDArray[np.bool_]) -> NDArray[np.float64]:
        by_light = [
            held.share_around(happened.vicinity, views, question.level, dark=dark) for dark in (False, True)
        ]
        return np.concatenate(by_light)[here_then]

    code = happened.code[number]
    chosen = Chosen(
        number, chance(now), chance(most), chance(then), weights[kind_of_code[code]], kind_of_code[code]
    )
    dark = happened.dark[number]
    lights = {"any": np.ones(len(number), dtype=bool), "day": ~dark, "dark": dark}
    if question.light != "any":
        lights = {question.light: lights["any"]}
    return Answer(
        question=question,
        at=at,
        before_at=before_at,
        ground=held.ground,
        sight=held,
        crimes=happened,
        chosen=chosen,
        weights=weights,
        harm_table=table,
        harm={light: _in_view(chosen, part) for light, part in lights.items()},
        in_sight={
            light: _in_sight(held, now, then, question.level, dark=light == "dark")
            for light in ("day", "dark")
        },
        counted={layer: _counted(held, layer, at, question) for layer in LAYERS},
        outside=outside,
        seen={light: held.seen(now, dark=light == "dark") for light in ("day", "dark")},
    )


def warm(*, store: Store | None = None) -> None:
    """Work out what every page of coverage needs, before anybody waits for it; nothing where there is no city."""
    try:
        store = store or default_store()
        sights.sight(store)
        crimes(store)
    except PorchlightError as error:
        log.info("coverage is not worked out ahead: %s", error)


def period(*, store: Store | None = None) -> tuple[date, date] | None:
    """The days between which there are incidents, by the city's clock; None where there are none."""
    store = store or default_store()
    span = records.incident_span(store)
    if span is None:
        return None
    zone = records.city(store).zone
    first, last, _ = span
    return first.astimezone(zone).date(), last.astimezone(zone).date()


def quarter_end(at: datetime, zone: object) -> datetime:
    """The moment at which the last complete quarter ended, by the clock of `zone`.

    >>> quarter_end(datetime(2026, 11, 23, tzinfo=UTC), UTC).isoformat()
    '2026-10-01T00:00:00+00:00'
    """
    here = at.astimezone(zone)  # type: ignore[arg-type]
    return datetime(here.year, (here.month - 1) // 3 * 3 + 1, 1, tzinfo=here.tzinfo)


def at_the_end_of(day: date, *, store: Store | None = None) -> datetime:
    """The last moment of a day, by the city's clock."""
    return datetime.combine(day, time.max, records.city(store or default_store()).zone)


def sees_since(found: Answer, cells: NDArray[np.int64]) -> datetime | None:
    """Since when a camera that counts now has been listed which sees any of some cells.

    None where none does, or where nobody recorded since when those do.
    """
    views = views_into(found, cells)
    listings = found.sight.listings
    holding = listings["camera"].isin(found.sight.camera_of_view[views]) & (listings["begins"] <= found.at)
    begins = listings.loc[holding & (listings["ends"].isna() | (listings["ends"] > found.at)), "begins"]
    return None if begins.empty else begins.min().to_pydatetime()


def views_into(found: Answer, cells: NDArray[np.int64]) -> NDArray[np.int64]:
    """The views that count and resolve any of some cells at the level asked for."""
    question, lines = found.question, found.sight.lines
    inside = np.zeros(len(found.ground.grid), dtype=bool)
    inside[cells] = True
    at_level = np.uint64(0xFFFF) << np.uint64(16 * list(optics.LEVELS).index(question.level))
    hits = np.flatnonzero(inside[lines.cell] & ((lines.day & at_level) != 0))
    views = np.unique(lines.view_of_hit[hits]).astype(np.int64)
    return views[found.sight.counting(found.at, question.layers, question.standings)[views]]


def _chosen(happened: Crimes, question: Question) -> tuple[NDArray[np.int64], int]:
    """The incidents that a question is about, and how many more lie outside the map."""
    span = happened.between(question.since, question.until)
    wanted = np.array([group_of(code) in question.groups for code in happened.codes], dtype=bool)
    first, last = question.hours
    hour = np.arange(24)
    hours = (hour >= first) & (hour <= last) if first <= last else (hour >= first) | (hour <= last)
    fits = wanted[happened.code[span]] & hours[happened.hour[span]]
    if question.light != "any":
        fits &= happened.dark[span] == (question.light == "dark")
    number = span.start + np.flatnonzero(fits)
    on_map = happened.vicinity.cell[happened.place[number]] >= 0
    return number[on_map], int((~on_map).sum())


def _in_view(chosen: Chosen, part: NDArray[np.bool_]) -> InView:
    weight = np.where(part, chosen.weight, 0.0)  # what weighs nothing changes no share and no interval
    total = weight.sum()

    def share_of(chance: NDArray[np.float64]) -> float:
        # Not by BLAS, whose threads wait for each other on a busy machine.
        return min(1.0, float(np.einsum("i,i", chance, weight) / total)) if total else float("nan")

    return InView(
        int(part.sum()),
        *weighted_share(chosen.in_view, weight),
        possible=share_of(chosen.possible),
        before=share_of(chosen.before),
    )


def _in_sight(
    held: Sight, now: NDArray[np.bool_], then: NDArray[np.bool_], level: str, *, dark: bool
) -> InSight:
    here = held.ground

    def streets() -> float:
        seen = held.seen(now, dark=dark)
        in_view = np.zeros(len(here.grid), dtype=np.uint16)
        in_view[seen.cells] = seen.samples(level)
        metres = here.streets.frame["length_m"].sum()
        return float(here.streets.seen_metres(in_view).sum() / metres) if metres else float("nan")

    return InSight(
        by_level={name: share_of_ground(here, seen) for name, seen in held.totals(now, dark=dark).items()},
        twice=share_of_ground(here, held.totals(now, twice=True, dark=dark)[level]),
        streets=held.figures.answer(("streets", asked(now), level, dark), streets),
        before=share_of_ground(here, held.totals(then, dark=dark)[level]),
    )


def share_of_ground(here: Ground, samples: int) -> float:
    """So many samples as a share of the city's public ground."""
    return samples / here.samples if here.samples else float("nan")


def _counted(held: Sight, layer: str, at: datetime, question: Question) -> Counted:
    """Devices, not views: one with two directions is one camera, and stands where the best of them does."""
    counting = held.counting(at, {layer}, question.standings)
    by_standing = held.devices(held.counting(at, {layer}, STANDINGS))
    assumed = held.views["assumed_optics"].to_numpy(dtype=bool)
    return Counted(
        listed=sum(by_standing.values()),
        by_standing=by_standing,
        assumed_optics=sum(held.devices(counting & assumed).values()),
        ground=share_of_ground(held.ground, held.totals(counting)[question.level]),
    )
