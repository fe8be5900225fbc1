"""The picture in which an owner puts the camera on its wall and turns it: streets, houses, dot and view."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from pages.ui.element import element

RADIUS_M = 60.0  # from the address to the edge of the picture
REACH_M = 40.0  # how far from the address the camera may be put


class View(NamedTuple):
    """Where the camera is, in metres east and north of the address, and where the middle of its view points.

    The azimuth is in degrees clockwise from north; None until somebody has turned the camera.
    """

    x: float = 0.0
    y: float = 0.0
    azimuth: float | None = None


def place_camera(
    around: dict[str, list[Any]],
    view: View,
    *,
    key: str,
    turning: bool,
    hfov: float = 360.0,
    range_m: float = 0.0,
    outdoor: bool = True,
) -> View:
    """Show the picture and answer where the camera has been put and turned.

    `around` is what `workflow.places.surroundings` answers. Not `turning`, the dot alone is shown; a
    camera with a `hfov` of 360 degrees has a circle and nothing to turn. The view reaches `range_m` and
    is cut at walls; an `outdoor` camera drawn inside a house counts as mounted on its wall.
    """
    show = element("camera_placer", css="placer.css", js="placer.js")
    start = {"view": view._asdict()}
    data = {
        "radius": RADIUS_M,
        "reach": REACH_M,
        "turning": turning,
        "hfov": hfov,
        "range": range_m,
        "outdoor": outdoor,
        **around,
        **start,
    }
    answer = show(key=key, data=data, default=start, on_view_change=lambda: None)
    return _sound(answer["view"], view)


def _sound(answer: Any, otherwise: View) -> View:
    """What the browser sent, as far as it can be true: anybody may send anything."""
    try:
        x, y = float(answer["x"]), float(answer["y"])
        azimuth = None if answer["azimuth"] is None else float(answer["azimuth"]) % 360
    except (TypeError, ValueError, KeyError):
        return otherwise
    if not all(math.isfinite(number) for number in (x, y, azimuth or 0.0)):
        return otherwise
    return View(min(max(x, -REACH_M), REACH_M), min(max(y, -REACH_M), REACH_M), azimuth)
