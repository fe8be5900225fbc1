"""Which way a device looks, from whatever its publisher wrote.

What is understood:

- degrees clockwise from north, ``180`` or ``62.5``; from -360 to 360, so -30 is 330 and 360 is 0;
- compass points, ``N``, ``nnw``, ``southeast``;
- a sector, ``338-23``: clockwise from the first to the second, so its middle is 0.5 and its width 45;
- several of these, separated by ``;`` or ``,``;
- the direction of traffic, ``NB`` to ``NWB`` (northbound to north-westbound). Cameras beside a road take
  the vehicles that have passed, so the camera is taken to look the way the traffic goes. That is an
  assumption and is marked as one.

Everything else (``forward``, which is relative to a road we do not have, ``11:00``, ``456754844848946``) states no
direction: the text is kept, and the device covers nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_POINTS = ("N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW")
_COMPASS = {point: at * 22.5 for at, point in enumerate(_POINTS)}
_WORDS = {"NORTH": "N", "SOUTH": "S", "EAST": "E", "WEST": "W"}
_NUMBER = r"[+-]?\d{1,3}(?:\.\d+)?"
_DEGREES = re.compile(rf"({_NUMBER})\s*(?:°|deg(?:rees)?)?", re.IGNORECASE)
_SECTOR = re.compile(rf"({_NUMBER})\s*-\s*({_NUMBER})")


@dataclass(frozen=True)
class Directions:
    """Where a device looks: degrees clockwise from north, each once, in the order they were written."""

    azimuths: tuple[float, ...]
    hfov: float | None  # the width of the narrowest sector, where sectors were given
    origin: str  # stated, assumed or unknown


def understood(text: str | None) -> Directions:
    """The directions that `text` states.

    >>> understood("338-23")
    Directions(azimuths=(0.5,), hfov=45.0, origin='stated')
    >>> understood("355;175").azimuths
    (355.0, 175.0)
    >>> understood("NB")
    Directions(azimuths=(0.0,), hfov=None, origin='assumed')
    >>> understood("forward")
    Directions(azimuths=(), hfov=None, origin='unknown')
    """
    azimuths: list[float] = []
    widths: list[float] = []
    assumed = False
    for part in re.split(r"[;,]", text or ""):
        azimuth, width, by_traffic = _one(part.strip())
        if azimuth is None:
            continue
        if azimuth not in azimuths:
            azimuths.append(azimuth)
        if width is not None:
            widths.append(width)
        assumed = assumed or by_traffic
    if not azimuths:
        return Directions((), None, "unknown")
    return Directions(tuple(azimuths), min(widths, default=None), "assumed" if assumed else "stated")


def _one(part: str) -> tuple[float | None, float | None, bool]:
    """Azimuth, width, and whether it was told from the direction of traffic."""
    if match := _DEGREES.fullmatch(part):
        degrees = float(match.group(1))
        return (degrees % 360 if abs(degrees) <= 360 else None), None, False
    if match := _SECTOR.fullmatch(part):
        start, end = float(match.group(1)), float(match.group(2))
        if max(abs(start), abs(end)) > 360:
            return None, None, False
        width = 360.0 if abs(end - start) == 360 else (end - start) % 360
        return (start + width / 2) % 360, width or None, False
    word = part.upper()
    for name, letter in _WORDS.items():
        word = word.replace(name, letter)
    if word in _COMPASS:
        return _COMPASS[word], None, False
    if word.removesuffix("B") in _COMPASS and word.endswith("B"):
        return _COMPASS[word.removesuffix("B")], None, True
    return None, None, False
