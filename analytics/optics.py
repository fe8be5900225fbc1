"""How far a camera resolves what it looks at.

Sharpness is counted in picture elements (pixels) a metre, across the picture, at the distance of what is
looked at. The four levels are those of IEC 62676-4:2014, section 6.7, written as pixels a metre. They
speak of pixels alone: darkness, rain, a dirty lens or strong compression only take away from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, overload

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

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

    def range_m(self, level: str = "observe") -> float:
        """Metres within which this camera resolves the named level.

        >>> round(KINDS["turret"].range_m("detect"), 1)
        61.0
        """
        return float(min(range_m(pixels_of(level), self.width_px, self.hfov), MAX_RANGE_M))


#: Assumed optics by kind of camera: middling values of common products of the last ten years, rounded, and
#: never better than the typical device. They are assumptions, so what follows from them is shown as assumed.
KINDS: Mapping[str, Optics] = MappingProxyType(
    {
        "doorbell": Optics("Doorbell camera", 150.0, 1536),
        "bullet": Optics("Bullet camera", 85.0, 2560),
        "dome": Optics("Dome camera", 95.0, 2560),
        "turret": Optics("Turret camera", 80.0, 2560),
        "ptz": Optics("Pan-tilt-zoom camera, at its widest", 60.0, 1920),
        "floodlight": Optics("Floodlight camera", 130.0, 1920),
        "indoor": Optics("Indoor camera", 110.0, 1920),
        "other": Optics("Other camera", 90.0, 1920),
        "city": Optics("City street camera", 60.0, 1920),
        "alpr": Optics("Licence plate reader", 30.0, 1920),
    }
)


def pixels_of(level: str) -> float:
    """Pixels a metre that the named level asks for.

    >>> pixels_of("recognise")
    125.0
    """
    if level not in LEVELS:
        raise ValueError(f"There is no level {level!r}: use one of {', '.join(LEVELS)}.")
    return LEVELS[level]


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


def completed(cameras: pd.DataFrame, level: str = "observe") -> pd.DataFrame:
    """The cameras with what their owners left out filled in, and how far each one resolves a level.

    ``cameras`` has a column ``kind`` (a key of `KINDS`) and may have ``azimuth`` (degrees clockwise from
    north), ``hfov`` (degrees) and ``width_px``, each with values missing. The answer is a copy with
    ``azimuth``, ``hfov`` and ``width_px`` as float64 columns and two more: ``range_m``, metres, at most
    `MAX_RANGE_M`, and ``assumed_optics``, true where the field of view or the width is the kind's and not
    the owner's.

    A camera with no stated azimuth gets the range 0 unless it looks all round: a direction that nobody
    stated is never counted as coverage.

    >>> import pandas as pd
    >>> cameras = pd.DataFrame({"kind": ["turret", "turret"], "azimuth": [90.0, None]})
    >>> completed(cameras, "detect")[["azimuth", "hfov", "range_m", "assumed_optics"]].round(1)
       azimuth  hfov  range_m  assumed_optics
    0     90.0  80.0     61.0            True
    1      NaN  80.0      0.0            True

    Raises ValueError for an unknown level or kind, or a stated value that no camera can have.
    """
    pixels = pixels_of(level)
    if "kind" not in cameras:
        raise ValueError("The cameras have no column 'kind': add it, with one of " + ", ".join(KINDS) + ".")
    unknown = sorted({str(kind) for kind in cameras["kind"].unique() if kind not in KINDS})
    if unknown:
        raise ValueError(f"Unknown kinds of camera: {', '.join(unknown)}. Use one of {', '.join(KINDS)}.")

    hfov, width, azimuth = (_numbers(cameras, name) for name in ("hfov", "width_px", "azimuth"))
    if np.isinf(azimuth).any():
        raise ValueError("An azimuth must be a finite number of degrees, or missing.")
    assumed = np.isnan(hfov) | np.isnan(width)
    kind = cameras["kind"]
    hfov = np.where(np.isnan(hfov), kind.map({k: o.hfov for k, o in KINDS.items()}).to_numpy(float), hfov)
    width = np.where(
        np.isnan(width), kind.map({k: o.width_px for k, o in KINDS.items()}).to_numpy(float), width
    )
    reach = np.minimum(range_m(np.full(len(cameras), pixels), width, hfov), MAX_RANGE_M)
    return cameras.assign(
        azimuth=azimuth,
        hfov=hfov,
        width_px=width,
        range_m=np.where(np.isnan(azimuth) & (hfov < 360), 0.0, reach),
        assumed_optics=assumed,
    )


def _numbers(cameras: pd.DataFrame, name: str) -> NDArray[np.float64]:
    """A column as float64 with NaN where missing; all missing where there is no such column."""
    if name not in cameras:
        return np.full(len(cameras), np.nan)
    return cameras[name].to_numpy(dtype=float, na_value=np.nan)
