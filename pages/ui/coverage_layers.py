"""What the map of Coverage shows: one picture, what lies over it, and what its colours mean."""

from __future__ import annotations

import base64
import io
import json
import zlib
from typing import TYPE_CHECKING

import pydeck as pdk
from PIL import Image

from analytics import coverage
from pages.ui import maps
from workflow import coverage_map
from workflow.coverage_words import LEVEL_WORDS
from workflow.sight import LAYERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import geopandas as gpd
    import numpy as np
    from numpy.typing import NDArray

    from analytics.grid import Grid
    from workflow.coverage import Answer

PICTURES = ("Coverage", "Gaps", "Incidents", "Chance of footage")
CHANGE = "Change"
OVERLAYS = ("City cameras and plate readers", "Districts")
# Gained and lost differ in lightness as well as in hue, so that they can be told apart without colours.
CHANGE_COLOURS = {
    "In view before and after": (120, 130, 140, 150),
    "Gained": (0, 158, 115, 235),
    "Lost": (213, 94, 0, 235),
}
CHANCE_COLOURS = {
    "light": (
        (222, 235, 247, 170),
        (158, 202, 225, 200),
        (107, 174, 214, 220),
        (49, 130, 189, 235),
        (8, 69, 148, 245),
    ),
    "dark": (
        (22, 48, 84, 190),
        (33, 84, 140, 210),
        (66, 133, 196, 225),
        (133, 186, 232, 240),
        (214, 234, 250, 250),
    ),
}
WORST_SHOWN = 10

TITLES = {
    "Coverage": "A camera can show",
    "Gaps": "Unseen harm of the block, at least (95\u00a0%)",
    "Incidents": "Incidents",
    "Chance of footage": "Chance that a camera has footage of 24 h ago",
    CHANGE: "Between the two",
}

Colours = dict[str, tuple[int, int, int, int]]


def levels(found: Answer) -> tuple[pdk.Layer, Colours]:
    """How sharply cameras see."""
    shades = maps.LEVEL_COLOURS[maps.theme()]
    codes = coverage_map.level_codes(found.ground, found.seen[found.main_light])
    legend = {LEVEL_WORDS[name]: shades[name] for name in LEVEL_WORDS}
    return painted(found.ground.grid, codes, list(legend.values()), found.ground.crs), legend


def gaps(found: Answer, table: gpd.GeoDataFrame) -> tuple[pdk.Layer, Colours]:
    """Where the blocks with the most unseen harm are."""
    codes, edges = coverage_map.block_codes(found, table)
    legend = _from(edges, found.harm_table.unit)
    return painted(found.ground.grid, codes, list(legend.values()), found.ground.crs), legend


def incidents(found: Answer) -> tuple[pdk.Layer, Colours]:
    """Where incidents were recorded."""
    grid, codes, edges = coverage_map.crime_codes(found)
    legend = _from(edges, f"in {grid.cell:.0f} m squares")
    return painted(grid, codes, list(legend.values()), found.ground.crs), legend


def chance(found: Answer, chances: NDArray[np.float64]) -> tuple[pdk.Layer, Colours]:
    """How likely it is that somebody has footage."""
    shades = CHANCE_COLOURS[maps.theme()]
    steps = (0.0, *coverage_map.CHANCES)
    legend = {
        f"{low * 100:.0f} to {high * 100:.0f}\u00a0%": colour
        for low, high, colour in zip(steps, (*steps[1:], 1.0), shades, strict=True)
    }
    codes = coverage_map.chance_codes(found, chances)
    return painted(found.ground.grid, codes, shades, found.ground.crs), legend


def change(before: Answer, after: Answer) -> tuple[pdk.Layer, Colours]:
    """What came into view, and what went out of it."""
    codes = coverage_map.change_codes(before, after)
    return painted(after.ground.grid, codes, list(CHANGE_COLOURS.values()), after.ground.crs), CHANGE_COLOURS


def bounds(found: Answer) -> tuple[float, float, float, float]:
    """West, south, east and north of the city's ground, in degrees."""
    return coverage.picture_bounds(found.ground.grid, found.ground.crs)


def _from(edges: Sequence[float], unit: str) -> Colours:
    return {
        f"{edge:,.10g} or more {unit}": colour
        for edge, colour in zip(edges, maps.CRIME_COLOURS[-len(edges) :] if edges else (), strict=True)
    }


def painted(grid: Grid, codes: NDArray[np.uint8], colours: Sequence[Sequence[int]], crs: str) -> pdk.Layer:
    """A picture in which code 0 is clear and code k has the k-th colour, as small as such a picture can be."""
    pixels, bounds = coverage_map.laid_out(grid, codes, crs)
    image = Image.fromarray(pixels, "P")
    palette = [(0, 0, 0, 0), *map(tuple, colours)]
    image.putpalette([part for colour in palette for part in colour[:3]])
    file = io.BytesIO()
    # Most of a picture is clear: runs of the same pixel are nearly all there is to save, and soonest found.
    image.save(
        file,
        "PNG",
        transparency=bytes(colour[3] for colour in palette),
        compress_level=3,
        compress_type=zlib.Z_RLE,
        bits=4,
    )
    address = "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
    return pdk.Layer(
        "BitmapLayer",
        data=None,
        # A bare string would be read as an expression.
        image=pdk.types.String(address),
        bounds=list(bounds),
        # Cells stay squares when one comes near, and small ones do not vanish from afar.
        texture_parameters={"minFilter": "linear", "magFilter": "nearest"},
    )


def overlays(found: Answer, chosen: Sequence[str]) -> list[pdk.Layer]:
    """What lies over the picture: the city's own cameras, districts."""
    drawn = []
    if OVERLAYS[1] in chosen:
        drawn.append(_lines("districts", coverage_map.outlines(found, "district"), (110, 90, 160, 230), 2))
    if OVERLAYS[0] in chosen:
        drawn += _devices(found)
    return drawn


def worst(found: Answer, table: gpd.GeoDataFrame, of: str) -> pdk.Layer:
    """The places with the largest gaps, outlined."""
    ids = table.index[table["gap"] > 0][:WORST_SHOWN]
    return _lines(
        "worst", coverage_map.outlines(found, of, ids), (189, 0, 38, 255), 3 if of == "street" else 2
    )


def _lines(name: str, frame: gpd.GeoDataFrame, colour: tuple[int, int, int, int], width: int) -> pdk.Layer:
    return pdk.Layer(
        "GeoJsonLayer",
        id=name,
        data=json.loads(frame.to_json()),
        filled=False,
        stroked=True,
        get_line_color=list(colour),
        line_width_min_pixels=width,
        get_line_width=1,
    )


def _devices(found: Answer) -> list[pdk.Layer]:
    """City cameras as dots, plate readers as squares: told apart by more than their colour."""
    devices = coverage_map.devices(found)
    drawn = []
    for layer, sign in (("city", "●"), ("alpr", "■")):
        rows = devices[devices["layer"] == layer]
        drawn.append(
            pdk.Layer(
                "TextLayer",
                [{"place": [row.lon, row.lat], "text": sign} for row in rows.itertuples()],
                get_position="place",
                get_text="text",
                get_size=14,
                get_color=[*maps.LAYER_COLOURS[layer], 255],
                character_set=pdk.types.String("●■"),
            )
        )
    return drawn


def device_legend() -> Mapping[str, tuple[int, int, int, int]]:
    """Whose devices the signs are."""
    return {
        f"{sign} {LAYERS[layer]}": (*maps.LAYER_COLOURS[layer], 255)
        for layer, sign in (("city", "●"), ("alpr", "■"))
    }
