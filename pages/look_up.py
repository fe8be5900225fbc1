"""Look up: who may have footage of this?"""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from data.errors import PorchlightError
from pages.ui import guard, maps
from workflow import city_map, lookup, places

FOUND, CONTACTS, PLACE = "look_up_found", "look_up_contacts", "look_up_place"
STREETS = "streets"

actor = guard.require("look_up")
st.title("Look up")
city, policy = city_map.city(), lookup.policy()

st.subheader("Why")
offence = st.selectbox(
    "Offence",
    list(lookup.offences()),
    index=None,
    format_func=lookup.offences().get,
    placeholder="Choose the offence",
    key="offence",
)
reference = st.text_input("Case or call number", placeholder=policy["reference_example"], key="reference")
if not offence or not reference.strip():
    st.info("Say first what this is for: every lookup is recorded with its offence and its case or call number.")
    st.stop()

st.subheader("Where and when")
words = st.text_input(
    "Address, intersection or coordinates",
    placeholder="1200 Maple Street, or Maple St & Oak Ave, or 33.58, -85.08",
    key="place",
)
with st.expander("Or click a street on the map", icon=":material/touch_app:"):
    event = st.pydeck_chart(
        maps.deck([maps.streets(STREETS)], city_map.bounds()),
        height=360,
        on_select="rerun",
        selection_mode="single-object",
        key="street_map",
        alt="A map of the streets; a click chooses one.",
    )
    clicked = event["selection"]["objects"].get(STREETS)
place = None
try:
    if words.strip():
        found_places = places.find(words)
        place = found_places[0]
        if len(found_places) > 1:
            place = st.radio("Which one?", found_places, format_func=lambda one: one.words)
    elif clicked:
        place = places.on_street(clicked[0]["properties"]["id"])
except PorchlightError as error:
    st.error(str(error), icon=":material/wrong_location:")
with st.container(horizontal=True, vertical_alignment="bottom"):
    now = datetime.now(city.zone)
    day = st.date_input("Day", now.date(), max_value=now.date(), key="day")
    clock = st.time_input("Time", now.time().replace(second=0, microsecond=0), step=300, key="time")
    radius = st.slider(
        "Radius", 25, int(policy["lookup_radius_max_m"]), 150, step=25, format="%d m", key="radius"
    )
if place is not None:
    st.caption(f":material/location_on: {place.words}")
if st.button("Find cameras", type="primary", icon=":material/search:", disabled=place is None, width="stretch"):
    st.session_state.pop(FOUND, None)
    st.session_state[CONTACTS] = {}
    try:
        when = datetime.combine(day, clock, city.zone)
        answer = lookup.cameras_near(actor, lookup.Purpose(offence, reference), place, radius, when)
        st.session_state[FOUND], st.session_state[PLACE] = answer, (place, radius)
    except PorchlightError as error:
        st.error(str(error), icon=":material/block:")

answer = st.session_state.get(FOUND)
if answer is None:
    st.stop()
place, radius = st.session_state[PLACE]
st.divider()
st.markdown(f"#### {lookup.summary(answer)}")
st.caption(f"{place.words}, within {radius} m. Recorded as entry {answer.ledger_position} of the ledger.")
left, right = st.columns([3, 2])
with right:
    st.pydeck_chart(
        maps.deck(maps.lookup(answer.cameras, place, radius), lookup.bounds(place, radius)),
        height=520,
        key="look_up_map",
        alt="A map of the place and the cameras around it, numbered as in the list.",
    )
    maps.camera_legend()
with left:
    for rank, camera in enumerate(answer.cameras, start=1):
        with st.container(border=True):
            st.markdown(f"**{rank}. {camera.title}**, {camera.distance_m:.0f} m away  \n{camera.why}.")
            urgency = f"{camera.urgency}."
            st.markdown(f":red[:material/alarm: **{urgency}**]" if camera.is_urgent else urgency)
            contact = st.session_state[CONTACTS].get(camera.camera_id)
            if contact is not None:
                st.text("\n".join(contact.lines))
                st.caption(f"Recorded as entry {contact.ledger_position} of the ledger; the owner can see it.")
            elif camera.layer != "community":
                st.caption("A city camera: ask the camera room.")
            elif not camera.may_be_asked:
                st.caption("The owner does not wish to be asked.")
            elif st.button("Show whom to ask", key=f"contact {camera.camera_id}", icon=":material/contact_phone:"):
                try:
                    contact = lookup.contact(actor, answer.id, camera.camera_id)
                    st.session_state[CONTACTS][camera.camera_id] = contact
                    st.rerun()
                except PorchlightError as error:
                    st.error(str(error), icon=":material/block:")
