"""Register: can I help, and what do I give away? One question a step, and going back loses nothing."""

from __future__ import annotations

import uuid
from typing import Any

import streamlit as st

from analytics.optics import KINDS
from data.errors import PorchlightError
from pages.ui import guard, registering, scroll
from pages.ui.camera_placer import View, place_camera
from pages.ui.registering import ANSWERS, STEPS, choice, go, problem, text
from workflow import city_map, registration
from workflow.registration import CAMERA_KINDS, OWNER_KINDS, PURPOSES, NotValid

Answers = dict[str, Any]


def you(answers: Answers) -> None:
    """Who registers."""
    st.info(registering.PROMISE, icon=":material/videocam_off:")
    choice(answers, "owner_kind", "Who are you?", OWNER_KINDS)
    text(answers, "name", "Your name", autocomplete="name")
    text(answers, "email", "E-mail", autocomplete="email", placeholder="name@example.com")
    text(answers, "phone", "Phone", autocomplete="tel", placeholder="770-555-0100")
    st.caption(registering.CONTACT_HINT)


def where(answers: Answers) -> None:
    """Where the camera is: words first, then the dot on the map."""
    words = text(
        answers,
        "address",
        "Address of the camera",
        placeholder="12 Maple St",
        autocomplete="street-address",
        help="A corner (Maple St & Oak Ave) or coordinates (33.58, -85.08) will do as well.",
    ).strip()
    if words != answers.get("searched", ""):
        registering.search(answers, words)
        st.rerun()
    for other in answers.get("alternatives", ()):
        take = {"register address": other}
        st.button(other, icon=":material/location_on:", on_click=st.session_state.update, args=(take,))
    found = answers.get("found", [])
    if len(found) > 1:
        names = {place.words: place for place in found}
        before = answers["place"].words if answers.get("place") else None
        index = list(names).index(before) if before in names else None
        chosen = st.radio("Which one is it?", list(names), index, key=f"register which {words}")
        if chosen is not None and chosen != before:
            answers |= {"place": names[chosen], "view": View()}
    if answers.get("place"):
        st.write("**Where does the camera hang?** Drag the dot there, or tap the spot.")
        view = place_camera(
            registering.around(answers), answers["view"], key=f"spot {answers['place']}", turning=False
        )
        answers["view"] = view._replace(azimuth=answers["view"].azimuth)


def camera(answers: Answers) -> None:
    """Which camera, and which way it looks."""
    hints = [registering.KIND_HINTS[kind] for kind in CAMERA_KINDS]
    kind = choice(answers, "camera_kind", "Which kind of camera?", CAMERA_KINDS, hints)
    if kind != "indoor":
        choice(answers, "outdoor", "Is it outside or inside?", registering.PLACES)
    direction = choice(answers, "direction", "Which way does it look?", registering.DIRECTIONS)
    if kind and direction in ("shown", "round"):
        optics = KINDS[kind]
        answers["view"] = place_camera(
            registering.around(answers),
            answers["view"],
            key=f"view {answers['place']}",
            turning=True,
            hfov=360.0 if direction == "round" else optics.hfov,
            range_m=optics.range_m("detect"),
            outdoor=kind != "indoor" and answers.get("outdoor") is not False,
        )
        st.caption(registering.VIEW_HINT)
    problem(answers, "azimuth", "hfov")


def footage(answers: Answers) -> None:
    """How long footage is kept, and what is in it. Nothing needs an answer."""
    st.write("This helps an officer to ask in time. Leave open what you don't know.")
    choice(answers, "retention_hours", "How long does it keep what it records?", registering.KEPT)
    choice(answers, "storage", "Where is that kept?", registering.STORED)
    choice(answers, "night_vision", "Does it see at night?", registering.SURE)
    choice(answers, "audio", "Does it record sound?", registering.SURE)


def consents(answers: Answers) -> None:
    """What the owner agrees to: three choices, none made beforehand."""
    st.write("Tick what you agree to. You can take back each one at any time.")
    agreed = answers.setdefault("consents", set())
    for purpose, words in PURPOSES.items():
        st.session_state.setdefault(f"register {purpose}", purpose in agreed)
        with st.container(border=True, gap=None):
            ticked = st.checkbox(f"**{words}**", key=f"register {purpose}")
            st.caption(registering.CONSENT_HINTS[purpose])
        (agreed.add if ticked else agreed.discard)(purpose)
    problem(answers, "consents")


def check(answers: Answers) -> None:
    """Everything once more, each part with a way back to it."""
    st.write("Is everything right? Nothing has been sent yet.")
    for step, lines in registering.summary(answers).items():
        with st.container(border=True), st.container(horizontal=True, vertical_alignment="top"):
            with st.container(width="stretch", gap=None):
                st.markdown(f"**{STEPS[step - 1]}**")
                for line in lines:
                    st.text(line)
            if st.button("Change", key=f"change {step}", type="tertiary", icon=":material/edit:"):
                go(answers, step)
    problem(answers, "", "token")


def next_step(answers: Answers) -> None:
    """On to the next step, or send, if what this one asks for is there."""
    step: int = answers["step"]
    try:
        registering.check_step(answers, city_map.city())
        if step == len(STEPS):
            answers["confirmation"] = registration.register(registering.submission(answers))
    except NotValid as error:
        go(answers, registering.STEP_OF.get(error.field, step), error)
    except PorchlightError as error:
        go(answers, step, NotValid("", str(error)))
    go(answers, step + 1)


def done(answers: Answers) -> None:
    """What was agreed, until when, how to leave, and the files to keep."""
    confirmation, city = answers["confirmation"], city_map.city()
    until = registering.day(confirmation.expires_at.astimezone(city.zone))
    words = registering.plain(confirmation, city.zone, city.name)
    st.header("Thank you. Your camera is registered.")
    st.write(f"It is registered until **{until}**; before that day we ask you again. This is your reference:")
    st.code(confirmation.reference, language=None)
    for title, chosen in (("You agreed to this", True), ("You did not agree to this", False)):
        lines = [f"- {PURPOSES[key]}" for key in PURPOSES if (key in confirmation.consents) is chosen]
        if lines:
            st.markdown("\n".join([f"**{title}**", *lines]))
    st.markdown("**If you change your mind**\n\n" + " ".join(registering.LEAVE))
    with st.container(horizontal=True):
        st.download_button("Save this page", words, "porchlight-camera.txt", icon=":material/description:")
        st.download_button(
            "Save the receipt",
            confirmation.receipt,
            "porchlight-receipt.json",
            icon=":material/receipt_long:",
        )
    st.divider()
    with st.container(horizontal=True):
        if st.button("Register another camera", icon=":material/add_home:"):
            st.session_state[ANSWERS] = registering.another(answers)
            st.rerun()
        if st.button("Finish", icon=":material/check:", help="Forgets what you typed on this device."):
            del st.session_state[ANSWERS]
            st.rerun()


guard.require("register")
form = (you, where, camera, footage, consents, check)
answers = st.session_state.setdefault(ANSWERS, {"step": 1, "token": uuid.uuid4().hex})
step = answers["step"]
with st.container(horizontal_alignment="center"), st.container(width=640):
    if city_map.city_or_none() is None:
        st.info(
            "Registration is not open yet: the map of the town has not been loaded.",
            icon=":material/schedule:",
        )
    elif step > len(form):
        scroll.show_top("done")
        done(answers)
    else:
        scroll.show_top(str(step), answers.get("problem", (None, None))[1])
        st.progress(step / len(form), text=f"Step {step} of {len(form)}")
        st.header(registering.TITLES[step - 1])
        form[step - 1](answers)
        with st.container(horizontal=True):
            if step > 1 and st.button("Back", icon=":material/arrow_back:", width="stretch"):
                go(answers, step - 1)
            label, icon = ("Next", "arrow_forward") if step < len(form) else ("Send", "send")
            if st.button(label, type="primary", icon=f":material/{icon}:", width="stretch"):
                next_step(answers)
