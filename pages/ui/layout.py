"""What stands on every page: the synthetic banner, and who is signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import session
from workflow import city_map

if TYPE_CHECKING:
    from workflow.identity import Actor


def frame(actor: Actor | None) -> None:
    """The banner above the page and the person beside it."""
    city = city_map.city_or_none()
    if city is not None and city.synthetic:
        st.caption(
            f":material/science: **Synthetic data.** This {city.name} is made up: its streets, people, crimes and "
            "cameras do not exist."
        )
    with st.sidebar:
        if actor is not None:
            st.caption(f"Signed in as **{actor.name}**, {actor.title.lower()}")
            st.button("Sign out", icon=":material/logout:", on_click=session.end, width="stretch")


def apologise(_: Exception) -> bool:
    """What is shown where a page failed for a reason of ours; the log has the rest."""
    st.error(
        "Something went wrong on our side. Try again; if it happens again, call your administrator.",
        icon=":material/error:",
    )
    return True
