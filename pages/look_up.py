"""Look up: who may have footage of this?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from data.errors import PorchlightError
from pages.ui import guard, lookup_form, maps
from workflow import candidates, city_map, lookup

if TYPE_CHECKING:
    from workflow.candidates import Candidate
    from workflow.lookup import Lookup

ASSUMPTIONS = (
    "It may have happened anywhere on the open ground within 20 m of the place, so a camera counts for the part of that "
    "ground it sees, times the chance that it worked, still keeps that time, and its owner agrees. The dark is not counted."
)
FOUND, CONTACTS = "look_up_found", "look_up_contacts"


def show(rank: int, camera: Candidate, answer: Lookup) -> None:
    """One camera: why it is here, how long its footage lasts, and whom to ask."""
    with st.container(border=True, gap="small"):
        st.markdown(f"**{rank}. {camera.title}**, {camera.distance_m:.0f} m away. {camera.why}.")
        urgency = f"{camera.urgency}."
        st.markdown(f":red[:material/alarm: **{urgency}**]" if camera.is_urgent else urgency)
        if camera.chance_words:  # where there is no chance, the words above or below say why
            chance, _, factors = camera.chance_words.partition(": ")
            st.caption(f"**{chance}:** {factors}.")
        contacts = st.session_state[CONTACTS]
        if camera.camera_id in contacts:
            contact = contacts[camera.camera_id]
            st.text("\n".join(contact.lines))
            with st.container(horizontal=True):
                if contact.phone:
                    st.link_button("Call", contact.phone_link, icon=":material/call:")
                if contact.email:
                    st.link_button("Write", contact.email_link, icon=":material/mail:")
            st.caption(f"Recorded as entry {contact.ledger_position} of the ledger.")
        elif camera.layer != "community":
            st.caption("One of the city's own: ask the camera room.")
        elif not camera.may_be_asked:
            st.caption("The owner does not wish to be asked.")
        elif st.button(
            "Show whom to ask", key=f"contact {camera.camera_id}", icon=":material/contact_phone:"
        ):
            try:
                contacts[camera.camera_id] = lookup.contact(actor, answer.id, camera.camera_id)
                st.rerun()
            except PorchlightError as error:
                st.error(str(error), icon=":material/block:")


actor = guard.require("look_up")
st.title("Look up")
with st.expander("**Why, where and when**", expanded=FOUND not in st.session_state):
    question = lookup_form.question(lookup.policy(), city_map.city().zone)
    find = st.button(
        "Find cameras", type="primary", icon=":material/search:", disabled=question is None, width="stretch"
    )
if find and question is not None:
    st.session_state.pop(FOUND, None)
    st.session_state[CONTACTS] = {}
    try:
        asked = (question.purpose, question.place, question.radius_m, question.when)
        st.session_state[FOUND] = question, lookup.cameras_near(actor, *asked)
        st.rerun()
    except PorchlightError as error:
        st.error(str(error), icon=":material/block:")
if FOUND not in st.session_state:
    st.stop()

question, answer = st.session_state[FOUND]
st.markdown(f"#### {lookup.summary(answer)}")
any_footage = candidates.any_footage(answer.cameras)
if any(camera.share_in_view for camera in answer.cameras):
    st.markdown(f"**{any_footage.words}.**", help=ASSUMPTIONS)
st.caption(
    (f"{any_footage.counted}  \n" if any_footage.cameras else "")
    + f"{question.place.words}, within {question.radius_m:.0f} m, {question.when:%d %B %Y, %H:%M}. "
    f"Recorded as entry {answer.ledger_position} of the ledger."
    + (f" {answer.not_shown} more cameras, farther down the list, are not shown." if answer.not_shown else "")
)
beside, listed = st.columns([2, 3], gap="medium")
with beside:
    around = candidates.bounds(question.place, question.radius_m)
    drawn = maps.lookup(answer.cameras, question.place, question.radius_m)
    st.pydeck_chart(
        maps.deck([maps.labels(city_map.street_labels(around)), *drawn], around, maps.BESIDE_PIXELS),
        height=maps.BESIDE_PIXELS,
        key="look_up_map",
        alt="A map of the place and the cameras around it, numbered as in the list.",
    )
    maps.camera_legend()
with listed:
    ranked = list(enumerate(answer.cameras, start=1))
    for rank, camera in ranked:
        if camera.may_have_seen:
            show(rank, camera, answer)
    others = [(rank, camera) for rank, camera in ranked if not camera.may_have_seen]
    if others:
        more = f"{len(others)} more" if len(others) < len(ranked) else f"All {len(others)}"
        with st.expander(
            f"{more} stand near, but do not see the place or have been overwritten",
            expanded=len(others) == len(ranked),
        ):
            for rank, camera in others:
                show(rank, camera, answer)
