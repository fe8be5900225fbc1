"""Coverage in words and tables, as the page, the files and the print say it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from data.offences import GROUPS
from workflow.coverage import LIGHTS
from workflow.gap_tables import FEWEST_STEADIED, told_apart
from workflow.sight import LAYERS, STANDINGS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    import geopandas as gpd

    from workflow.coverage import Answer
    from workflow.place_card import Card

LEVEL_WORDS = {
    "detect": "that something moves (detect)",
    "observe": "what happens (observe)",
    "recognise": "somebody one knows (recognise)",
    "identify": "who a stranger is (identify)",
}
NO_POINTS = "0.0\u00a0points"
SPACE = "\u00a0"  # keeps a number and its unit on one line


def percent(value: float, decimals: int = 1) -> str:
    r"""A share as per cent; a dash where there was nothing to share.

    >>> percent(0.2345), percent(0.0004), percent(float("nan"))
    ('23.4\xa0%', '<0.1\xa0%', '–')
    """
    if math.isnan(value):
        return "–"
    least = 10.0 ** -(decimals + 2)
    if 0 < value < least:
        return f"<{least * 100:.{decimals}f}{SPACE}%"
    return f"{value * 100:.{decimals}f}{SPACE}%"


def points(value: float, decimals: int = 1) -> str | None:
    r"""A difference of two shares in percentage points; None where there is nothing to compare.

    >>> points(0.0062), points(-0.00001), points(float("nan"))
    ('+0.6\xa0points', '0.0\xa0points', None)
    """
    if math.isnan(value):
        return None
    rounded = round(value * 100, decimals)
    return f"{rounded:+.{decimals}f}{SPACE}points" if rounded else NO_POINTS


def day(value: date) -> str:
    """A day in words.

    >>> from datetime import date
    >>> day(date(2026, 3, 5))
    '5 March 2026'
    """
    return f"{value.day} {value:%B %Y}"


def measure(found: Answer) -> str:
    """What is shared: harm, or incidents where each counts the same."""
    return "harm" if found.harm_table.name != "count" else "recorded incidents"


def sentence(found: Answer) -> str:
    """The answer in words: the share of harm where a camera can show what was asked for."""
    question = found.question
    what = LEVEL_WORDS[question.level]
    incidents = sum(
        part.incidents for light, part in found.harm.items() if light != "any" or len(found.harm) == 1
    )
    if not incidents:
        return "No such incident was recorded in this period."
    listed = sum(found.counted[layer].listed for layer in question.layers)
    if not listed:
        return "No camera is listed yet, so nothing is in view."
    overall = next(iter(found.harm.values()))
    if not any(
        found.counted[layer].by_standing[standing]
        for layer in question.layers
        for standing in question.standings
    ):
        return (
            f"Nobody has stated which way {'the camera looks' if listed == 1 else f'the {listed:,} cameras look'}, so none counts: at most "
            f"{percent(overall.possible)} of {_denominator(found, incidents)} happened where one could show {what}."
        )
    share = f"A camera could show {what} at {percent(overall.share)} of {_denominator(found, incidents)}"
    if len(found.harm) == 1:
        return f"{share}, {LIGHTS[question.light].lower()}."
    by_light = [
        f"{percent(found.harm[light].share)} {LIGHTS[light].lower()}"
        for light in ("day", "dark")
        if found.harm[light].incidents
    ]
    return f"{share}: {' and '.join(by_light)}."


class Figure(NamedTuple):
    """One of the figures that are seen first."""

    label: str
    value: str
    change: str | None  # since the end of the last complete quarter; None where there is nothing to compare
    changed: bool  # by as much as the change shows
    since: str
    help: str


def figures(found: Answer) -> list[Figure]:
    """Harm in view in each light, and public ground in view, each with its change since last quarter."""
    since = f"since {day(found.before_at.date())}"
    told = []
    for light, harm in found.harm.items():
        if light == "any" and len(found.harm) > 1:
            continue
        change = points(harm.share - harm.before)
        told.append(
            Figure(
                f"{measure(found).capitalize()} in view, {LIGHTS[light].lower()}",
                percent(harm.share),
                change,
                change != NO_POINTS,
                since,
                f"Of {harm.incidents:,} incidents. 95{SPACE}% interval {percent(harm.low)} to {percent(harm.high)}. "
                "The change is the cameras' alone: the incidents are the same."
                if harm.incidents
                else "No such incident was recorded in this period.",
            )
        )
    light, level = found.main_light, found.question.level
    ground = found.in_sight[light]
    change = points(ground.by_level[level] - ground.before)
    told.append(
        Figure(
            f"Public ground in view, {LIGHTS[light].lower()}",
            percent(ground.by_level[level]),
            change,
            change != NO_POINTS,
            since,
            f"Of {found.ground.samples * found.ground.sample_m2 / 1e6:,.1f} km² of streets and open ground, without "
            f"buildings. {percent(ground.streets)} of street metres; two cameras or more see {percent(ground.twice)} "
            "of the ground.",
        )
    )
    return told


def _denominator(found: Answer, incidents: int) -> str:
    if found.harm_table.name == "count":
        return f"{incidents:,} recorded incidents"
    return f"the harm of {incidents:,} recorded incidents"


def caveats(found: Answer) -> list[str]:
    """What a reader must know beside the answer: period, interval, bound, and what it does not say."""
    question, overall = found.question, next(iter(found.harm.values()))
    said = [f"Incidents of {day(question.since)} to {day(question.until)}."]
    if overall.incidents:
        said.append(
            f"95{SPACE}% interval {percent(overall.low)} to {percent(overall.high)}; at most "
            f"{percent(overall.possible)} if every assumed or unknown direction were as good as it could be."
        )
    said.append(
        "An incident counts by the share of the public ground around its published place that is in view, since "
        "published places are rough."
    )
    said.append(
        "Where a camera could see is not where footage exists: it may be off, overwritten, or never asked for."
    )
    if found.ground.lit is None:
        said.append("No street lights are loaded: in the dark only a camera's own light counts.")
    if found.outside:
        said.append(f"{found.outside:,} more incidents lie outside the map.")
    return said


def notes(found: Answer) -> list[str]:
    """The question and the caveats, to go with every file that is taken away."""
    question = found.question
    named: dict[str, tuple[frozenset[str], Mapping[str, str]]] = {
        "Cameras": (question.layers, LAYERS),
        "Directions that count": (question.standings, STANDINGS),
        "Offences": (question.groups, {key: group.label for key, group in GROUPS.items()}),
    }
    return [
        sentence(found),
        *caveats(found),
        f"A camera must show {LEVEL_WORDS[question.level]}: {found.sight.levels[question.level]:g} pixels a metre.",
        f"Light: {LIGHTS[question.light].lower()}. Hours: {question.hours[0]}:00 to {question.hours[1]}:59.",
        *(
            f"{name}: {'all' if chosen >= set(words) else ', '.join(words[key] for key in words if key in chosen)}."
            for name, (chosen, words) in named.items()
        ),
        f"Harm: {found.harm_table.title}, in {found.harm_table.unit}. {found.harm_table.source}",
        f"Cameras as of {found.at:%Y-%m-%d %H:%M} UTC.",
    ]


def gaps_shown(table: gpd.GeoDataFrame, found: Answer) -> gpd.GeoDataFrame:
    """The table of gaps with headings for people, rounded to what can be known."""
    unit = found.harm_table.unit
    return table.reset_index(drop=True).pipe(
        lambda rows: rows.assign(
            **{
                "Place": rows["name"],
                "Incidents": rows["incidents"],
                "Expected in view": rows["in_view"].round(1),
                f"Unseen harm, {unit}": rows["gap"].round(_decimals(rows["gap"])),
                "Low": rows["low"].round(_decimals(rows["gap"])),
                "High": rows["high"].round(_decimals(rows["gap"])),
                "Rank at best": rows["rank_low"],
                "Rank at worst": rows["rank_high"],
                "Ground in view, %": (rows["in_sight"] * 100).round(1),
            }
        ).drop(columns=[name for name in table.columns if name != "geometry"])
    )


def with_name(shown: gpd.GeoDataFrame, wanted: str) -> gpd.GeoDataFrame:
    """The rows of `gaps_shown` whose place has these words in its name, in any case; all for no words."""
    names = shown["Place"].astype(str).str.casefold()
    holds = np.ones(len(shown), dtype=bool)
    for word in wanted.casefold().split():
        holds &= names.str.contains(word, regex=False).to_numpy()
    return shown[holds]


def _decimals(amounts: pd.Series) -> int:
    """Whole numbers, unless all are small."""
    return 0 if np.nanmax(amounts.to_numpy(dtype=float), initial=0) >= 100 else 1


def about_ranks(table: pd.DataFrame, shown: int) -> str:
    """How to read the ranks, and how many places can be told apart from the rest."""
    ranked = int(table["rank_low"].notna().sum())
    said = [
        f"The ranks hold together with 95{SPACE}% confidence: two places whose ranks overlap cannot be told apart."
    ]
    if ranked >= FEWEST_STEADIED:
        worst = max(ranked // 10, 1)
        apart = int(told_apart(table, worst).sum())
        said = [
            f"Unseen harm is steadied: a place with few incidents borrows from all {ranked:,}.",
            *said,
            f"{apart:,} {'are' if apart > 1 else 'is'} for certain among the worst tenth ({worst:,})."
            if apart
            else f"None is for certain among the worst tenth ({worst:,}).",
        ]
    if len(table) > shown:
        said.append(f"The {shown:,} largest are shown; the files have all.")
    return " ".join(said)


def place_sentence(found: Answer, row: pd.Series, card: Card) -> str:
    """One place in words: its unseen harm with interval and ranks, its incidents, and since when it is seen."""
    unit = found.harm_table.unit
    said = [
        f"**{row['in_view']:,.0f} of {row['incidents']:,} incidents** are expected to have been in view."
        if row["incidents"]
        else "No such incident was recorded here in this period."
    ]
    if not math.isnan(row["gap"]):
        said.append(
            f"Unseen harm {row['gap']:,.0f} {unit} ({row['low']:,.0f} to {row['high']:,.0f}), "
            f"rank {row['rank_low']} to {row['rank_high']}."
        )
    if card.cameras.empty:
        said.append("No camera that counts sees any of it.")
    elif card.since is None:
        said.append("A camera that counts sees some of it; nobody recorded since when.")
    else:
        said.append(f"A camera that counts has seen some of it since {day(card.since)}.")
    return " ".join(said)


def counted_table(found: Answer) -> pd.DataFrame:
    """How many cameras of each layer there are, how their directions are known, and what they see alone."""
    counted = {LAYERS[layer]: found.counted[layer] for layer in LAYERS}
    return pd.DataFrame(
        {
            "Cameras": list(counted),
            "Listed": [one.listed for one in counted.values()],
            **{
                STANDINGS[standing]: [one.by_standing[standing] for one in counted.values()]
                for standing in STANDINGS
            },
            "Optics assumed": [one.assumed_optics for one in counted.values()],
            "Ground in view alone, %": [round(one.ground * 100, 2) for one in counted.values()],
        }
    )


def ground_table(found: Answer) -> pd.DataFrame:
    """Shares of public ground in view at each level, by day and in the dark."""
    return pd.DataFrame(
        {
            "A camera can show": list(LEVEL_WORDS.values()),
            **{
                f"{LIGHTS[light]}, %": [
                    round(found.in_sight[light].by_level[level] * 100, 2) for level in LEVEL_WORDS
                ]
                for light in ("day", "dark")
            },
        }
    )
