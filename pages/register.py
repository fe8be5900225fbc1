"""Register: can I help, and what do I give away? One question a step, and going back loses nothing."""

from __future__ import annotations

import uuid
from typing import Any

import streamlit as st

from analytics.optics import KINDS
from data.errors import PorchlightError
from pages.ui import guard, registering
from pages.ui.camera_placer import View, place_camera
from pages.ui.registering import STEPS, choice, go, problem, text
from workflow import city_map, places, registration
from workflow.places import PlaceNotFound
from workflow.records import City
from workflow.registration import CAMERA_KINDS, OWNER_KINDS, PURPOSES, NotValid, Submission


def you(answers: dict[str, Any]) -> None:
    """Who is registering."""
    st.info(
        "**Registering shows nobody your video.** It only tells the police that your camera is there, so that "
        "they know whom to ask after a crime nearby. You can say no each time, and you can leave at any time.",
        icon=":material/videocam_off:",
    )
    choice(answers, "owner_kind", "Who are you?", OWNER_KINDS)
    text(answers, "name", "Your name", autocomplete="name")
    text(answers, "email", "E-mail", autocomplete="email", placeholder="name@example.com")
    text(answers, "phone", "Phone", autocomplete="tel", placeholder="770-555-0100")
    st.caption(
        ":material/lock: E-mail or phone, one is enough. We keep them encrypted. An officer sees them only with a "
        "case number, and each time is recorded."
    )
