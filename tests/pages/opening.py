"""Opening a page and reading it, as a person would, but without a browser."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from streamlit.testing.v1 import AppTest

from pages.ui import session
from pages.ui.registry import FOLDER
from workflow import identity

if TYPE_CHECKING:
    from workflow.identity import Actor

SECONDS = 30  # the first coverage compiles


def open_page(name: str, person: Actor | None = None) -> AppTest:
    """The page of this name, as the person finds it; None is somebody who has not signed in."""
    page = AppTest.from_file(FOLDER / "router.py", default_timeout=SECONDS)
    if person is not None:
        link = identity.make_link(person.name, person.role)  # works in every city, also where none is loaded
        page.session_state[session.TOKEN] = identity.sign_in_with_link(link)
    page.run()
    # By its address, as the browser asks for it: `switch_page` knows only pages that are files.
    page._page_hash = next(
        key for key, found in page._registered_pages.items() if found["url_pathname"] == address(name)
    )
    return page.run()


def address(name: str) -> str:
    """The last part of a page's address; the first page has none."""
    return "" if name == "start" else name


def click(page: AppTest, key: str, layer: str, properties: dict[str, Any]) -> AppTest:
    """Click an object on the map with this key, and run the page as the browser then does."""
    chart = next(element for element in page.get("deck_gl_json_chart") if key in element.proto.id)
    states = page._tree.get_widget_states()
    clicked = states.widgets.add()
    clicked.id = chart.proto.id
    selection = {"indices": {layer: [0]}, "objects": {layer: [{"properties": properties}]}}
    clicked.string_value = json.dumps({"selection": selection})
    return page._run(states)


def words(page: AppTest) -> str:
    """Everything that can be read on the page."""
    kinds = (
        "title",
        "markdown",
        "caption",
        "text",
        "error",
        "info",
        "success",
        "subheader",
        "metric",
        "code",
    )
    read = [str(getattr(element, "value", "")) for kind in kinds for element in page.get(kind)]
    read += [element.label for element in page.metric] + [element.label for element in page.button]
    return "\n".join(read)
