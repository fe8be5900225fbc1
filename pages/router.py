"""The script that Streamlit runs: who is here, which pages they may open, and the way between them."""

from __future__ import annotations

import functools
import sys
from pathlib import Path

# Streamlit puts the folder of its script first on the path for as long as it runs. There a library's
# `import coverage` would find a page, and run it.
sys.path[:] = [place for place in sys.path if Path(place).resolve() != Path(__file__).resolve().parent]

import streamlit as st  # noqa: E402

from data.errors import PorchlightError  # noqa: E402
from pages.ui import guard, layout, session  # noqa: E402
from pages.ui.registry import FOLDER, PAGES  # noqa: E402


def main() -> None:
    """Show the page that was asked for, or the way in."""
    st.set_page_config(page_title="Porchlight", page_icon=FOLDER / "ui" / "porchlight.png", layout="wide")
    try:
        actor = session.actor()
        layout.frame(actor)
    except PorchlightError as error:
        st.title("Porchlight cannot open its records")
        st.error(str(error), icon=":material/database_off:")
        return
    allowed = guard.open_pages(actor)
    # A page that may not be opened keeps its address, so that a link leads there after signing in; the
    # file behind it is not run.
    page = st.navigation(
        [
            st.Page(
                FOLDER / page.file if page.name in allowed else functools.partial(guard.refuse, page.name),
                title=page.title,
                icon=page.icon,
                url_path=page.name,
                default=page.name == "start",
                visibility="visible" if page.name in allowed else "hidden",
            )
            for page in PAGES
        ]
    )
    try:
        page.run()
    except PorchlightError as error:
        st.error(str(error), icon=":material/block:")


main()
