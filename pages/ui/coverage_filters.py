"""What a reader of Coverage asks: the filters, kept in the address so that a view can be shared."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

import streamlit as st

from analytics import optics
from data.offences import GROUPS
from workflow.coverage import LIGHTS, Question
from workflow.coverage_words import LEVEL_WORDS
from workflow.sight import COUNTED, LAYERS, STANDINGS

GROUP_LABELS = {key: group.label for key, group in GROUPS.items()}
COMPARISONS = {"none": "Nothing", "earlier": "An earlier day", "proposed": "Proposed cameras"}


class Asked(NamedTuple):
    """The question, and what its answer is to be compared with."""

    question: Question
    compare: str  # a key of COMPARISONS
    earlier: date


def asked(span: tuple[date, date]) -> Asked | None:
    """The filters and what they say; None while a period has no last day yet."""
    first, last = span
    with st.container(horizontal=True, vertical_alignment="bottom"):
        light = st.segmented_control(
            "Light",
            list(LIGHTS),
            default="any",
            required=True,
            format_func=LIGHTS.__getitem__,
            key="light",
            bind="query-params",
        )
        level = st.selectbox(
            "A camera must show",
            list(optics.LEVELS),
            index=list(optics.LEVELS).index("observe"),
            format_func=LEVEL_WORDS.__getitem__,
            help="The levels of IEC 62676-4; docs/optics.md says what each asks for.",
            key="level",
            bind="query-params",
            width=270,
        )
        days = st.date_input(
            "Incidents of",
            (max(first, last - timedelta(days=364)), last),
            min_value=first,
            max_value=last,
            key="days",
            bind="query-params",
            width=230,
        )
        with st.popover("Cameras and offences", icon=":material/tune:"):
            layers, standings, groups, hours = _finer()
        compare = st.selectbox(
            "Compare with",
            list(COMPARISONS),
            format_func=COMPARISONS.__getitem__,
            key="compare",
            bind="query-params",
            width=180,
        )
        earlier = last - timedelta(days=365)
        if compare == "earlier":
            earlier = st.date_input(
                "Cameras as they were on",
                earlier,
                max_value=last,
                key="earlier",
                bind="query-params",
                width=200,
            )
    if len(days) != 2:
        st.info("Choose the last day as well.")
        return None
    question = Question(*days, level, light, layers, standings, groups, hours)
    return Asked(question, compare, earlier)


def _finer() -> tuple[frozenset[str], frozenset[str], frozenset[str], tuple[int, int]]:
    """Which cameras count, which offences, and at which hours."""
    layers = st.pills(
        "Cameras",
        list(LAYERS),
        selection_mode="multi",
        default=list(LAYERS),
        format_func=LAYERS.__getitem__,
        key="cameras",
        bind="query-params",
    )
    standings = st.pills(
        "Directions that count",
        [name for name in STANDINGS if name != "unknown"],
        selection_mode="multi",
        default=[name for name in STANDINGS if name in COUNTED],
        format_func=STANDINGS.__getitem__,
        help="An assumed direction was worked out from other facts. A pan-tilt camera looks at one preset at a time.",
        key="directions",
        bind="query-params",
    )
    groups = st.pills(
        "Offences",
        list(GROUP_LABELS),
        selection_mode="multi",
        default=list(GROUP_LABELS),
        format_func=GROUP_LABELS.__getitem__,
        key="offences",
        bind="query-params",
    )
    hours = st.slider("Hours of the day", 0, 23, (0, 23), format="%d h", key="hours", bind="query-params")
    return frozenset(layers), frozenset(standings), frozenset(groups), hours
