"""Elements of our own: their scripts and styles are files, served from our own origin.

The pages' Content-Security-Policy allows no script that arrives inside the page, so Streamlit is told
where the files are; for a component that is installed as a package, a manifest would do that.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

PACKAGE = "porchlight"
FOLDER = Path(__file__).parent


def element(name: str, *, css: str | None = None, js: str | None = None) -> ComponentRenderer:
    """The element `name`, whose files are in the folder `<name>_assets` beside this module."""
    manager = get_bidi_component_manager()
    full_name = f"{PACKAGE}.{name}"
    if manager.get_component_asset_root(full_name) is None:
        manifest = ComponentManifest(PACKAGE, "1", [ComponentConfig(name, f"{name}_assets")])
        manager.register_from_manifest(manifest, FOLDER)
    return st.components.v2.component(full_name, css=css, js=js)
