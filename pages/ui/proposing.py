"""Cameras that somebody thinks of putting up: where, which kind, and which way they would look."""

from __future__ import annotations

from typing import Any

import streamlit as st

from analytics.optics import KINDS
from data.errors import PorchlightError
from pages.ui.camera_placer import View, place_camera
from workflow import city_map, places
from workflow.comparison import MOST_PROPOSED, Proposed
from workflow.sight import LAYERS

PROPOSED = "coverage_proposed"  # the one key of the session
PICTURE_PIXELS = 420
WHOSE = ("community", "city")


def proposed() -> tuple[Proposed, ...]:
    """The cameras proposed so far, after a chance to add one or to start again."""
    st.session_state.setdefault(PROPOSED, ())
    with st.container(border=True):
        st.markdown("**Which cameras would you put up?**")
        _add()
        for number, camera in enumerate(st.session_state[PROPOSED]):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"{number + 1}. {KINDS[camera.kind].label}, {camera.words}")
                st.button(
                    "Take it away",
                    icon=":material/delete:",
                    key=f"proposed away {number}",
                    on_click=_take_away,
                    args=(number,),
                )
    return st.session_state[PROPOSED]


def _add() -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        words = st.text_input(
            "Where", placeholder="Maple St & Oak Ave, or 1200 Maple Street", key="proposed where"
        )
        kind = st.selectbox(
            "Kind", list(KINDS), format_func=lambda key: KINDS[key].label, key="proposed kind"
        )
        layer = st.selectbox("Whose", WHOSE, format_func=LAYERS.__getitem__, key="proposed whose")
    if not words.strip():
        return
    try:
        found = places.find(words)
    except PorchlightError as error:
        st.error(str(error), icon=":material/wrong_location:")
        return
    place = found[0] if len(found) == 1 else st.radio("Which one?", found, format_func=lambda one: one.words)
    optics = KINDS[kind]
    with st.container(width=PICTURE_PIXELS):
        view = place_camera(
            _around(place.lon, place.lat, city_map.map_version()),
            View(),
            key=f"proposed view {place.words} {kind}",
            turning=True,
            hfov=optics.hfov,
            range_m=optics.range_m("detect"),
        )
    st.caption("Drag the dot to its wall or pole, then turn the view.")
    if st.button(
        "Add this camera", icon=":material/add_a_photo:", type="primary", disabled=view.azimuth is None
    ):
        lon, lat = places.moved(place.lon, place.lat, view.x, view.y)
        if len(st.session_state[PROPOSED]) >= MOST_PROPOSED:
            st.error(f"Propose at most {MOST_PROPOSED} cameras at once.")
            return
        st.session_state[PROPOSED] += (Proposed(place.words, kind, layer, lon, lat, view.azimuth),)
        st.rerun()


def _take_away(number: int) -> None:
    held = st.session_state[PROPOSED]
    st.session_state[PROPOSED] = held[:number] + held[number + 1 :]


@st.cache_data(max_entries=200, show_spinner=False)
def _around(lon: float, lat: float, _version: int) -> dict[str, list[Any]]:
    return places.surroundings(lon, lat)
