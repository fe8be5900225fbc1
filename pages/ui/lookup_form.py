"""What a lookup asks before it answers: why first, then where and when."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from data.errors import PorchlightError
from pages.ui import maps
from workflow import city_map, lookup, places
from workflow.lookup import Purpose

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

    from workflow.places import Place

STREETS = "streets"


class Question(NamedTuple):
    """All that a lookup needs."""

    purpose: Purpose
    place: Place
    radius_m: float
    when: datetime


def question(policy: Mapping[str, float | int | str], zone: ZoneInfo) -> Question | None:
    """The question, once all of it has been said."""
    purpose = _purpose(str(policy["reference_example"]))
    if purpose is None:
        st.info(
            "Say first what this is for: every lookup is recorded with its offence and its case or call number."
        )
        return None
    place = _place()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        now = datetime.now(zone)
        # Said once: a default that moves with the clock would undo what was chosen.
        st.session_state.setdefault("day", now.date())
        st.session_state.setdefault("time", now.time().replace(second=0, microsecond=0))
        day = st.date_input("Day", max_value=now.date(), key="day")
        clock = st.time_input("Time", step=300, key="time")
        most = int(policy["lookup_radius_max_m"])
        radius = st.slider("Radius", 25, most, min(150, most), step=25, format="%d m", key="radius")
    if place is None:
        return None
    st.caption(f":material/location_on: {place.words}")
    return Question(purpose, place, radius, datetime.combine(day, clock, zone))


def _purpose(example: str) -> Purpose | None:
    offences = lookup.offences()
    with st.container(horizontal=True):
        offence = st.selectbox(
            "Offence",
            list(offences),
            index=None,
            format_func=offences.__getitem__,
            placeholder="Choose the offence",
            key="offence",
        )
        reference = st.text_input("Case or call number", placeholder=example, key="reference")
    return Purpose(offence, reference) if offence and reference.strip() else None


def _place() -> Place | None:
    words = st.text_input(
        "Address, intersection or coordinates",
        placeholder="1200 Maple Street, or Maple St & Oak Ave, or 33.58, -85.08",
        key="place",
    )
    clicked = None
    if st.toggle("Click a street on the map instead", key="by_map"):
        event = st.pydeck_chart(
            maps.deck([maps.streets(STREETS)], city_map.bounds()),
            height=maps.MAP_PIXELS,
            on_select="rerun",
            selection_mode="single-object",
            key="street_map",
            alt="A map of the streets; a click chooses one.",
        )
        clicked = event["selection"]["objects"].get(STREETS)
    try:
        if clicked:
            return places.on_street(clicked[0]["properties"]["id"])
        if not words.strip():
            return None
        found = places.find(words)
        if len(found) == 1:
            return found[0]
        return st.radio("Which one?", found, format_func=lambda place: place.words)
    except PorchlightError as error:
        st.error(str(error), icon=":material/wrong_location:")
        return None
