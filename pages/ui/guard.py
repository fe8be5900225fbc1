"""The gate: who may open which page. Every page calls `require` before anything else."""

from __future__ import annotations

import streamlit as st

from data.errors import PorchlightError
from pages.ui import session
from pages.ui.registry import PAGES, Page
from workflow import identity
from workflow.identity import PUBLIC, Actor

LINK_PARAMETER = "sign_in"


def require(name: str) -> Actor:
    """Who is here, if they may open the page of this name; anybody else sees why not, and nothing more."""
    page = next(page for page in PAGES if page.name == name)
    actor = session.actor()
    if page.act is None:
        return actor or PUBLIC
    if actor is None:
        sign_in(page)
        st.stop()
    if page.act not in identity.acts_of(actor):
        st.title(page.title)
        st.error(f"Your role ({actor.title.lower()}) does not open this page.", icon=":material/block:")
        st.stop()
    return actor


def refuse(name: str) -> None:
    """What stands at the address of a page that may not be opened."""
    require(name)


def open_pages(actor: Actor | None) -> frozenset[str]:
    """The names of the pages this person may open."""
    acts = identity.acts_of(actor) if actor else frozenset()
    return frozenset(page.name for page in PAGES if page.act is None or page.act in acts)


def sign_in(page: Page | None = None) -> None:
    """Ask who is here: by link, or by choosing a person in the synthetic city."""
    token = st.query_params.pop(LINK_PARAMETER, None)
    if token is not None:
        try:
            session.begin(identity.sign_in_with_link(token))
            st.rerun()
        except PorchlightError as error:
            st.error(str(error), icon=":material/link_off:")
    st.title("Sign in" if page is None else f"Sign in to open {page.title}")
    people = identity.demo_people() if session.from_this_computer() else []
    if not people:
        st.write("Open the sign-in link that your administrator made for you. It works once, for 15 minutes.")
        return
    st.write("This is the synthetic city: choose whom to be. Nobody here is real.")
    labels = {f"{person.title}: {person.name}": person.id for person in people}
    with st.form("sign_in", border=False):
        label = st.selectbox("Person", list(labels))
        if st.form_submit_button("Sign in", type="primary", icon=":material/login:"):
            try:
                session.begin(identity.sign_in_as_demo(labels[label], from_this_computer=True))
            except PorchlightError as error:
                st.error(str(error))
            else:
                st.rerun()
