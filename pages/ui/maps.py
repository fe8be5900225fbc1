"""Map layers: our own base map, what can be clicked on it, cameras. Nothing comes from another host."""

from __future__ import annotations

import html
import math
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pydeck as pdk
import streamlit as st

from workflow import city_map, map_tiles
from workflow.coverage import LAYERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workflow.candidates import Candidate
    from workflow.city_map import Label
    from workflow.places import Place

# How high maps are; all are wider than that, except on a phone.
MAP_PIXELS = 560
BESIDE_PIXELS = 380
PHONE_PIXELS = 340  # how wide they are there

# Coverage levels: one hue in four steps, from "something moves" to "this is who it was", away from the ground.
LEVEL_COLOURS = {
    "light": {
        "detect": (120, 200, 195, 190),
        "observe": (60, 165, 165, 215),
        "recognise": (15, 120, 125, 235),
        "identify": (0, 68, 82, 250),
    },
    "dark": {
        "detect": (18, 98, 104, 215),
        "observe": (36, 142, 142, 230),
        "recognise": (96, 196, 190, 240),
        "identify": (205, 247, 240, 250),
    },
}
# Gaps and crime run from yellow to red.
CRIME_COLOURS = ((254, 217, 118, 120), (253, 141, 60, 160), (240, 59, 32, 190), (150, 0, 38, 215))
# Whose camera it is: Okabe and Ito's colours, which colour-blind people tell apart.
LAYER_COLOURS = {"community": (0, 158, 115), "city": (0, 114, 178), "alpr": (213, 94, 0)}


def theme() -> str:
    """Light or dark, as the reader chose it."""
    return "dark" if st.context.theme.type == "dark" else "light"


def deck(
    layers: Sequence[pdk.Layer], bounds: tuple[float, float, float, float], pixels: int = MAP_PIXELS
) -> pdk.Deck:
    """A map of our own that shows `bounds` (west, south, east, north) in so many pixels."""
    west, south, east, north = bounds
    latitude = (south + north) / 2
    # At zoom z the whole world is 512 * 2^z pixels wide; a degree of latitude is longer than one of longitude.
    across = max(east - west, (north - south) / math.cos(math.radians(latitude)))
    on_phone = "Mobile" in (st.context.headers.get("User-Agent") or "")
    zoom = math.log2(min(pixels, PHONE_PIXELS if on_phone else pixels) / 512 * 360 / across)
    return pdk.Deck(
        layers=list(layers),
        initial_view_state=pdk.ViewState(
            longitude=(west + east) / 2, latitude=latitude, zoom=zoom, min_zoom=zoom - 2, pitch=0, bearing=0
        ),
        map_provider="carto",
        map_style=city_map.style_address(theme(), _origin()),
    )


def _origin() -> str:
    """Where the reader's browser has this page from."""
    parts = urlsplit(st.context.url or "")
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def blocks(layer_id: str) -> pdk.Layer:
    """The blocks, each to be clicked once the map is near enough to tell them apart."""
    # The base map draws them. Said of the part that fills them, for else Streamlit would paint the clicked one black.
    unseen = {"polygons-fill": {"getFillColor": [0, 0, 0, 1]}}
    return _clicked(layer_id, "block", [255, 200, 0, 70], stroked=False, filled=True, _sub_layer_props=unseen)


def streets(layer_id: str) -> pdk.Layer:
    """The streets, each to be clicked once the map is near enough to tell them apart."""
    return _clicked(
        layer_id,
        "street",
        [255, 200, 0, 200],
        stroked=True,
        get_line_color=[120, 130, 140, 120],
        line_width_min_pixels=4,
    )


def _clicked(layer_id: str, layer: str, highlight: Sequence[int], **look: object) -> pdk.Layer:
    """What can be clicked of one layer of the base map: a click tells the feature, which has its id."""
    return pdk.Layer(
        "TileLayer",
        id=layer_id,
        data=pdk.types.String(city_map.clicked_address(layer)),
        # Tiles of one zoom, as soon as the map comes within half a step of the one before.
        min_zoom=map_tiles.CLICKED_ZOOM,
        max_zoom=map_tiles.CLICKED_ZOOM,
        zoom_offset=1,
        pickable=True,
        auto_highlight=True,
        highlight_color=highlight,
        **look,
    )


def labels(names: Sequence[Label]) -> pdk.Layer:
    """The names of streets along them."""
    ink = [200, 206, 212] if theme() == "dark" else [50, 58, 64]
    return pdk.Layer(
        "TextLayer",
        [{"place": [name.lon, name.lat], "text": name.text, "angle": name.angle} for name in names],
        get_position="place",
        get_text="text",
        get_angle="angle",
        get_size=12,
        get_color=ink,
        font_family=pdk.types.String("sans-serif"),
        # Beyond ASCII the layer must be told which letters to draw.
        character_set=pdk.types.String("auto"),
    )


def lookup(cameras: Sequence[Candidate], place: Place, radius_m: float) -> list[pdk.Layer]:
    """The place with its radius, and the cameras around it with what they see, numbered as in the list."""
    ink = [235, 240, 242] if theme() == "dark" else [28, 37, 41]
    rows = [
        {
            "place": [camera.lon, camera.lat],
            "view": list(camera.view),
            "colour": LAYER_COLOURS[camera.layer],
            "fill": [*LAYER_COLOURS[camera.layer], 90 if camera.share_in_view else 35],
            "rank": str(rank),
        }
        for rank, camera in enumerate(cameras, start=1)
    ]
    here = [{"place": [place.lon, place.lat]}]
    return [
        pdk.Layer(
            "ScatterplotLayer",
            here,
            get_position="place",
            get_radius=radius_m,
            filled=False,
            stroked=True,
            get_line_color=[*ink, 120],
            line_width_min_pixels=1,
        ),
        pdk.Layer("PolygonLayer", rows, get_polygon="view", get_fill_color="fill", stroked=False),
        pdk.Layer(
            "ScatterplotLayer",
            rows,
            get_position="place",
            get_fill_color="colour",
            get_radius=4,
            radius_min_pixels=9,
            radius_max_pixels=14,
        ),
        pdk.Layer(
            "TextLayer", rows, get_position="place", get_text="rank", get_size=12, get_color=[255, 255, 255]
        ),
        pdk.Layer(
            "ScatterplotLayer",
            here,
            get_position="place",
            get_fill_color=[230, 60, 30],
            get_line_color=[255, 255, 255],
            stroked=True,
            get_radius=3,
            radius_min_pixels=7,
            line_width_min_pixels=2,
        ),
    ]


def camera_legend() -> None:
    """Whose cameras the colours are."""
    legend("Cameras", {LAYERS[layer]: (*colour, 255) for layer, colour in LAYER_COLOURS.items()})


def legend(title: str, colours: Mapping[str, Sequence[int]]) -> None:
    """What the colours of a picture mean."""
    swatches = "".join(
        f'<span style="white-space:nowrap;margin-right:1rem"><span style="display:inline-block;width:.8em;height:.8em;'
        f'border-radius:2px;margin-right:.35em;background:rgba({red},{green},{blue},{alpha / 255:.2f})"></span>'
        f"{html.escape(words)}</span>"
        for words, (red, green, blue, alpha) in colours.items()
    )
    st.html(f'<div style="font-size:.85rem"><b>{html.escape(title)}</b>&ensp;{swatches}</div>')
