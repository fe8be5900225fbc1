"""Start: what waits for me?"""

from __future__ import annotations

import streamlit as st

from pages.ui import guard
from pages.ui.registry import FOLDER, PAGES
from workflow.identity import PUBLIC

actor = guard.require("start")
if actor == PUBLIC:
    st.title("Neighbours with cameras, police who ask")
    st.write(
        "Tell the police that you have a camera, and they know whom to ask when a crime happens nearby. "
        "**Registering shows nobody your video**, and you can leave at any time."
    )
    if st.button("Register a camera", type="primary", icon=":material/add_home:"):
        st.switch_page(FOLDER / "register.py")
    st.divider()
    guard.sign_in()
else:
    st.title(f"Good to see you, {actor.name}")
    allowed = guard.open_pages(actor)
    for page in PAGES:
        if page.name in allowed and page.name != "start":
            with st.container(border=True):
                st.page_link(FOLDER / page.file, label=f"**{page.title}**", icon=page.icon)
                st.caption(page.help)
