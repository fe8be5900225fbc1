"""How far a camera resolves what it looks at.

Sharpness is counted in picture elements (pixels) a metre, across the picture, at the distance of what is
looked at. The four levels are those of IEC 62676-4:2014, section 6.7, written as pixels a metre. They
speak of pixels alone: rain, a dirty lens or strong compression only take away from them. In the dark a
camera sees what its own light reaches, and there with no more pixels than by day.

docs/optics.md lists the kinds of camera with their figures and sources, and what is left out here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, overload

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

#: Pixels a metre that each level of the standard asks for, from the coarsest to the finest.
LEVELS: Mapping[str, float] = MappingProxyType(
    {"detect": 25.0, "observe": 62.5, "recognise": 125.0, "identify": 250.0}
)

#: No camera is believed beyond this. A long lens has the pixels for more, but at street level parked
#: vehicles, trees, the slope of the ground and the air itself hide people long before a longer range ends.
MAX_RANGE_M = 200.0

#: From here on a lens is taken to bend the picture: a flat picture stretches without limit towards 180
#: degrees, so the makers of wide lenses give each degree the same number of pixels instead.
WIDE_DEGREES = 100.0


@dataclass(frozen=True)
class Optics:
    """What is assumed about cameras of one kind whose owner did not state it."""

    label: str
    hfov: float  # horizontal field of view, degrees
    width_px: int  # width of the picture, pixels
    night_m: float  # metres that its own light (infrared or floodlight) reaches in the dark; 0 without one

    def range_m(self, level: str = "observe", levels: Mapping[str, float] = LEVELS) -> float:
        """Metres within which this camera resolves the named level where there is light.

        >>> round(KINDS["turret"].range_m("detect"), 1)
        61.0
        """
        return float(min(range_m(pixels_of(level, levels), self.width_px, self.hfov), MAX_RANGE_M))


#: Assumed optics by kind of camera: middling values of common products of the last ten years, rounded, with
#: the reach of the weaker lights among them. They are assumptions, so what follows from them is shown as assumed.
KINDS: Mapping[str, Optics] = MappingProxyType(
    {
        "doorbell": Optics("Doorbell camera", 150.0, 1536, 5.0),
        "bullet": Optics("Bullet camera", 85.0, 2560, 30.0),
        "dome": Optics("Dome camera", 95.0, 2560, 30.0),
        "turret": Optics("Turret camera", 80.0, 2560, 30.0),
        "4k": Optics("4K bullet or turret camera", 95.0, 3840, 30.0),
        "ptz": Optics("Pan-tilt-zoom camera, at its widest", 60.0, 1920, 50.0),
        "floodlight": Optics("Floodlight camera", 130.0, 1920, 10.0),
        "indoor": Optics("Indoor camera", 110.0, 1920, 5.0),
        "other": Optics("Other camera", 90.0, 1920, 10.0),
        "city": Optics("City street camera", 60.0, 1920, 0.0),
        "alpr": Optics("Licence plate reader", 30.0, 1920, 20.0),
    }
)

#: Kinds that pan: of the directions such a camera is set to, it looks in one at a time.
TURNING = frozenset({"ptz"})


def pixels_of(level: str, levels: Mapping[str, float] = LEVELS) -> float:
    """Pixels a metre that the named level asks for.

    >>> pixels_of("recognise")
    125.0
    """
    if level not in levels:
        raise ValueError(f"There is no level {level!r}: use one of {', '.join(levels)}.")
    return levels[level]


def checked_levels(levels: Mapping[str, float]) -> Mapping[str, float]:
    """The levels in their order, where a department sets pixels a metre of its own.

    >>> dict(checked_levels({"identify": 500, "detect": 25, "observe": 62.5, "recognise": 125}))
    {'detect': 25.0, 'observe': 62.5, 'recognise': 125.0, 'identify': 500.0}

    Raises ValueError unless there is a finite number above zero for each of the four, each above the one before.
    """
    wanted = (
        f"Give pixels a metre for exactly these levels, each more than the one before: {', '.join(LEVELS)}."
    )
    if not isinstance(levels, Mapping) or set(levels) != set(LEVELS):
        raise ValueError(wanted)
    pixels = [levels[name] for name in LEVELS]
    if not all(isinstance(one, int | float) and math.isfinite(one) for one in pixels):
        raise ValueError(wanted)
    if not all(lower < higher for lower, higher in pairwise([0, *pixels])):
        raise ValueError(wanted)
    return MappingProxyType({name: float(one) for name, one in zip(LEVELS, pixels, strict=True)})


@overload
def range_m(level_px_per_m: float, width_px: float, hfov_deg: float) -> float: ...
@overload
def range_m(level_px_per_m: ArrayLike, width_px: ArrayLike, hfov_deg: ArrayLike) -> NDArray[np.float64]: ...
def range_m(level_px_per_m, width_px, hfov_deg):
    """Metres within which a camera gives at least so many pixels a metre.

    Below 100 degrees the lens is rectilinear (a flat picture): ``width / (2 * level * tan(hfov / 2))``.
    From there on it is equidistant (the same pixels for each degree): ``width / (level * hfov in radians)``.
    Arguments are numbers or arrays that broadcast; numbers give a float, arrays an array of float64.

    >>> round(range_m(250, 1920, 90), 2)
    3.84
    >>> range_m([25, 250], 1920, 90).round(2).tolist()
    [38.4, 3.84]

    Raises ValueError when a level or width is not above zero or a field of view is not in (0, 360].
    """
    return _metres_times_pixels(width_px, hfov_deg, level_px_per_m, "A level in pixels a metre")


@overload
def px_per_m(distance_m: float, width_px: float, hfov_deg: float) -> float: ...
@overload
def px_per_m(distance_m: ArrayLike, width_px: ArrayLike, hfov_deg: ArrayLike) -> NDArray[np.float64]: ...
def px_per_m(distance_m, width_px, hfov_deg):
    """Pixels a metre that a camera gives at a distance in metres: the inverse of `range_m`.

    >>> round(px_per_m(3.84, 1920, 90), 6)
    250.0

    Raises ValueError when a distance or width is not above zero or a field of view is not in (0, 360].
    """
    return _metres_times_pixels(width_px, hfov_deg, distance_m, "A distance in metres")


def _metres_times_pixels(
    width_px: ArrayLike, hfov_deg: ArrayLike, divisor: ArrayLike, name: str
) -> float | NDArray[np.float64]:
    """Distance times sharpness is constant for a camera, so one formula serves both directions."""
    width = np.asarray(width_px, dtype=float)
    hfov = np.asarray(hfov_deg, dtype=float)
    by = np.asarray(divisor, dtype=float)
    if not np.all((by > 0) & np.isfinite(by)):
        raise ValueError(f"{name} must be a finite number above zero.")
    if not np.all((width > 0) & np.isfinite(width)):
        raise ValueError("A picture's width in pixels must be a finite number above zero.")
    if not np.all((hfov > 0) & (hfov <= 360)):
        raise ValueError("A horizontal field of view must be above 0 and at most 360 degrees.")
    radians = np.radians(hfov)
    # The flat formula is evaluated at 90 degrees where it does not apply, so that no tangent overflows.
    flat = 2 * np.tan(np.where(hfov < WIDE_DEGREES, radians, np.pi / 2) / 2)
    answer = width / (by * np.where(hfov < WIDE_DEGREES, flat, radians))
    return float(answer) if answer.ndim == 0 else answer


def completed(
    cameras: pd.DataFrame, level: str = "observe", levels: Mapping[str, float] = LEVELS
) -> pd.DataFrame:
    """The cameras with what their owners left out filled in, and how far each one resolves a level.

    ``cameras`` has a column ``kind`` (a key of `KINDS`) and may have ``azimuth`` (degrees clockwise from
    north), ``hfov`` (degrees), ``width_px`` and ``night_vision`` (true or false), each with values missing.
    The answer is a copy with ``azimuth``, ``hfov`` and ``width_px`` as float64 columns and four more:

    - ``range_m``, metres within which it resolves the level where there is light, at most `MAX_RANGE_M`;
    - ``assumed_optics``, true where the field of view or the width is the kind's and not the owner's;
    - ``night_m``, metres to which it sees in the dark by its own light, at most `MAX_RANGE_M`: 0 where it has
      no night vision, else the kind's, also where nobody said. In the dark it resolves the level within the
      smaller of ``range_m`` and ``night_m``;
    - ``assumed_night``, true where ``night_m`` is the kind's.

    A camera with no stated azimuth gets the range 0 unless it looks all round: a direction that nobody
    stated is never counted as coverage.

    >>> import pandas as pd
    >>> cameras = pd.DataFrame({"kind": ["turret"] * 2, "azimuth": [90.0, None], "night_vision": [None, False]})
    >>> completed(cameras, "detect").iloc[:, -4:].round(1)
       range_m  assumed_optics  night_m  assumed_night
    0     61.0            True     30.0           True
    1      0.0            True      0.0          False

    Raises ValueError for an unknown level or kind, or a stated value that no camera can have.
    """
    pixels = pixels_of(level, levels)
    if "kind" not in cameras:
        raise ValueError("The cameras have no column 'kind': add it, with one of " + ", ".join(KINDS) + ".")
    unknown = sorted({str(kind) for kind in cameras["kind"].unique() if kind not in KINDS})
    if unknown:
        raise ValueError(f"Unknown kinds of camera: {', '.join(unknown)}. Use one of {', '.join(KINDS)}.")

    hfov, width, azimuth, night_vision = (
        _numbers(cameras, name) for name in ("hfov", "width_px", "azimuth", "night_vision")
    )
    if np.isinf(azimuth).any():
        raise ValueError("An azimuth must be a finite number of degrees, or missing.")
    if not np.isin(night_vision[~np.isnan(night_vision)], (0, 1)).all():
        raise ValueError("Night vision must be true or false, or missing.")
    assumed = np.isnan(hfov) | np.isnan(width)
    hfov = np.where(np.isnan(hfov), _of_kind(cameras, "hfov"), hfov)
    width = np.where(np.isnan(width), _of_kind(cameras, "width_px"), width)
    reach = np.minimum(range_m(np.full(len(cameras), pixels), width, hfov), MAX_RANGE_M)
    blind = night_vision == 0
    return cameras.assign(
        azimuth=azimuth,
        hfov=hfov,
        width_px=width,
        range_m=np.where(np.isnan(azimuth) & (hfov < 360), 0.0, reach),
        assumed_optics=assumed,
        night_m=np.where(blind, 0.0, np.minimum(_of_kind(cameras, "night_m"), MAX_RANGE_M)),
        assumed_night=~blind,
    )


def _of_kind(cameras: pd.DataFrame, name: str) -> NDArray[np.float64]:
    """What is assumed of each camera's kind."""
    return (
        cameras["kind"].map({kind: getattr(optics, name) for kind, optics in KINDS.items()}).to_numpy(float)
    )


def _numbers(cameras: pd.DataFrame, name: str) -> NDArray[np.float64]:
    """A column as float64 with NaN where missing; all missing where there is no such column."""
    if name not in cameras:
        return np.full(len(cameras), np.nan)
    return cameras[name].to_numpy(dtype=float, na_value=np.nan)
