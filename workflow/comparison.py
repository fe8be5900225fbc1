"""Before and after: the same question asked of other cameras."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pandas as pd

from analytics import optics
from data import records
from data.errors import PorchlightError
from data.store import Store, default_store
from workflow import city_map, coverage
from workflow import sight as sights
from workflow.acts import check
from workflow.coverage_words import percent, points
from workflow.sight import LAYERS

if TYPE_CHECKING:
    from datetime import date

    from workflow.coverage import Answer, Question
    from workflow.identity import Actor
    from workflow.sight import Sight

MOST_PROPOSED = 50


@dataclass(frozen=True)
class Proposed:
    """A camera that somebody thinks of putting up."""

    words: str  # where
    kind: str  # a key of optics.KINDS
    layer: str  # community or city
    lon: float
    lat: float
    azimuth: float | None  # None: it looks all round


def at_the_end_of(actor: Actor, question: Question, day: date, *, store: Store | None = None) -> Answer:
    """The answer to the same question, with the cameras as they were at the end of a day."""
    store = store or default_store()
    return coverage.answer(actor, replace(question, at=coverage.at_the_end_of(day, store=store)), store=store)


def with_proposed(
    actor: Actor, question: Question, proposed: tuple[Proposed, ...], *, store: Store | None = None
) -> Answer:
    """The answer to the same question if the proposed cameras were there as well, counted as stated ones.

    They are there from the moment of the question on, so the change since last quarter holds theirs too. Needs the
    act coverage.view. Raises `PorchlightError` for more than `MOST_PROPOSED` cameras, or one that cannot be.
    """
    store = store or default_store()
    check(store, actor, coverage.VIEW)
    question = question.checked()
    if len(proposed) > MOST_PROPOSED:
        raise PorchlightError(f"Propose at most {MOST_PROPOSED} cameras at once.")
    if any(camera.kind not in optics.KINDS for camera in proposed):
        raise PorchlightError(f"Choose a kind of camera: {', '.join(optics.KINDS)}.")
    if any(camera.layer not in LAYERS for camera in proposed):
        raise PorchlightError(f"Choose whose camera it is: {', '.join(LAYERS.values())}.")
    if not all(_can_be(camera) for camera in proposed):
        raise PorchlightError(
            "Choose the place of a camera on the map, and a direction from 0 to 360 degrees."
        )
    held = _with(store, sights.sight(store), proposed, question.at)
    return coverage.answer_of(store, question, held)


def _can_be(camera: Proposed) -> bool:
    on_earth = abs(camera.lon) <= 180 and abs(camera.lat) < 90
    return on_earth and (camera.azimuth is None or 0 <= camera.azimuth <= 360)


@functools.lru_cache(maxsize=4)
def _with(store: Store, held: Sight, proposed: tuple[Proposed, ...], at: datetime | None) -> Sight:
    if not proposed:
        return held
    views = pd.DataFrame(
        {
            "id": [f"proposed:{number}" for number in range(len(proposed))],
            "layer": [camera.layer for camera in proposed],
            "kind": [camera.kind for camera in proposed],
            "lon": [camera.lon for camera in proposed],
            "lat": [camera.lat for camera in proposed],
            "azimuth": pd.Series([camera.azimuth for camera in proposed], dtype=float),
            "hfov": [360.0 if camera.azimuth is None else None for camera in proposed],
            "direction_from": "stated",
        }
    ).reindex(columns=records.VIEW_COLUMNS)
    views["hfov"] = views["hfov"].astype(float)
    since = at or datetime.now(UTC)
    return held.with_more(views, since, sights.walls(store), city_map.footprints(store=store))


def figures(before: Answer, after: Answer) -> pd.DataFrame:
    """The same figures of both, and the change: shares in percentage points, amounts in their own unit."""
    rows = []
    for light, harm in after.harm.items():
        words = coverage.LIGHTS[light].lower()
        rows.append(_share(f"Harm in view, {words}", before.harm[light].share, harm.share))
    rows.append(
        _amount("Incidents expected in view", before.chosen.in_view.sum(), after.chosen.in_view.sum(), 1)
    )
    here, level = after.ground, after.question.level
    square_metres, metres = here.samples * here.sample_m2, here.streets.frame["length_m"].sum()
    for light in ("day", "dark"):
        words = coverage.LIGHTS[light].lower()
        then, now = before.in_sight[light], after.in_sight[light]
        rows.append(_share(f"Public ground in view, {words}", then.by_level[level], now.by_level[level]))
        rows.append(
            _amount(
                f"Public ground in view, {words}, m²",
                then.by_level[level] * square_metres,
                now.by_level[level] * square_metres,
            )
        )
        rows.append(_amount(f"Street in view, {words}, m", then.streets * metres, now.streets * metres))
    return pd.DataFrame(rows, columns=["Figure", "Before", "After", "Change"])


def _share(figure: str, before: float, after: float) -> tuple[str, str, str, str]:
    return figure, percent(before, 2), percent(after, 2), points(after - before, 2) or "–"


def _amount(figure: str, before: float, after: float, decimals: int = 0) -> tuple[str, str, str, str]:
    """An amount as it is counted; without streets there are no metres, and so a dash."""
    if math.isnan(before) or math.isnan(after):
        return figure, "–", "–", "–"
    return (
        figure,
        f"{before:,.{decimals}f}",
        f"{after:,.{decimals}f}",
        f"{round(after, decimals) - round(before, decimals):+,.{decimals}f}",
    )
