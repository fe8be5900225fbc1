"""Where the rows of a file are: every way of writing a place becomes longitude and latitude in WGS 84."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyproj
import shapely
from numpy.typing import NDArray

from data.errors import LoadError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from data.load.formats.description import Position
    from data.load.reading import Column, Staged

Floats = NDArray[np.float64]

WGS84 = "EPSG:4326"

# Nearer to 0, 0 than this in both coordinates (a tenth of a metre) nobody means a place.
ZERO = 1e-6

_HEXADECIMAL = r"^\s*0[01][0-9A-Fa-f]{40,}\s*$"
_PAIR = r"^\s*\(?\s*(?P<lat>-?[0-9.]+)\s*[,;]\s*(?P<lon>-?[0-9.]+)\s*\)?\s*$"


@dataclass(frozen=True)
class Places:
    """Longitude and latitude by row number; nan where the row names no place on Earth."""

    lon: Floats
    lat: Floats
    zero: NDArray[np.bool_]  # the row says 0, 0 and nothing better

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which rows name a place."""
        return np.isfinite(self.lon)


def locate(staged: Staged, positions: Sequence[Position]) -> Places:
    """Where each row of ``raw`` is, by the first of `positions` that names a place on Earth."""
    size = (staged.connection.execute("SELECT max(row) FROM raw").fetchall()[0][0] or 0) + 1
    lon, lat = np.full(size, np.nan), np.full(size, np.nan)
    zero = np.zeros(size, bool)
    for position in positions:
        if not all(staged.column(name) for name in position.columns):
            continue
        rows, x, y = _coordinates(staged, position)
        zero[rows[(np.abs(x) < ZERO) & (np.abs(y) < ZERO)]] = True
        wanted = ~np.isfinite(lon[rows]) & ~((np.abs(x) < ZERO) & (np.abs(y) < ZERO)) & np.isfinite(x + y)
        rows = rows[wanted]
        x, y = to_wgs84(x[wanted], y[wanted], position.crs)
        on_earth = np.isfinite(x + y) & (np.abs(x) <= 180) & (np.abs(y) <= 90)
        lon[rows[on_earth]], lat[rows[on_earth]] = x[on_earth], y[on_earth]
    return Places(lon, lat, zero & ~np.isfinite(lon))


def to_wgs84(x: Floats, y: Floats, crs: str) -> tuple[Floats, Floats]:
    """Coordinates of any reference system as longitude and latitude; what cannot be converted is infinite."""
    if crs == WGS84 or not len(x):
        return x, y
    return transformer(crs, WGS84).transform(x, y)


def transformer(source: str, target: str) -> pyproj.Transformer:
    """The conversion from one reference system to another, always in the order x, y."""
    try:
        return pyproj.Transformer.from_crs(source, target, always_xy=True)
    except pyproj.exceptions.CRSError:
        raise LoadError(f"There is no reference system '{source}'. Write one such as EPSG:4326.") from None


def metric_crs(lon: Floats, lat: Floats) -> str:
    """The UTM zone of these places.

    >>> metric_crs(np.array([-85.08]), np.array([33.58]))
    'EPSG:32616'
    """
    zone = int(np.clip((np.median(lon) + 180) // 6 + 1, 1, 60))
    return f"EPSG:{(32600 if np.median(lat) >= 0 else 32700) + zone}"


def _coordinates(staged: Staged, position: Position) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Row numbers and coordinates as they stand in the file."""
    if position.geometry:
        return _from_geometry(staged, staged.need(position.geometry))
    lon, lat = staged.need(position.lon), staged.need(position.lat)
    found = staged.connection.execute(
        f"SELECT row, try_cast({lon.raw} AS DOUBLE) AS x, try_cast({lat.raw} AS DOUBLE) AS y FROM raw "
        "WHERE x IS NOT NULL AND y IS NOT NULL"
    ).fetchnumpy()
    return found["row"], np.asarray(found["x"]), np.asarray(found["y"])


def _from_geometry(staged: Staged, column: Column) -> tuple[NDArray[np.int64], Floats, Floats]:
    found = staged.connection.execute(
        f"SELECT row, {column.raw} AS geometry FROM raw WHERE {column.raw} IS NOT NULL"
    ).to_arrow_table()
    values = found["geometry"].combine_chunks()
    shapes = np.full(len(values), None, object)
    if pa.types.is_binary(values.type) or pa.types.is_large_binary(values.type):
        shapes = shapely.from_wkb(values.to_numpy(zero_copy_only=False), on_invalid="ignore")
    else:
        text = values.to_numpy(zero_copy_only=False)
        hexadecimal = pc.match_substring_regex(values, _HEXADECIMAL).to_numpy(zero_copy_only=False)
        pair = pc.match_substring_regex(values, _PAIR.replace("?P<lat>", "").replace("?P<lon>", ""))
        paired = pair.to_numpy(zero_copy_only=False)
        shapes[hexadecimal] = shapely.from_wkb(
            np.char.strip(text[hexadecimal].astype(str)), on_invalid="ignore"
        )
        words = ~hexadecimal & ~paired
        shapes[words] = shapely.from_wkt(text[words], on_invalid="ignore")
        numbers = pc.extract_regex(values.filter(pair), _PAIR)
        y, x = (pc.struct_field(numbers, name).to_numpy(zero_copy_only=False) for name in ("lat", "lon"))
        shapes[paired] = shapely.points(_floats(x), _floats(y))
    centre = shapely.centroid(shapes)
    return found["row"].to_numpy(), shapely.get_x(centre), shapely.get_y(centre)


def _floats(texts: NDArray[np.object_]) -> Floats:
    """Numbers of texts such as 1.5; nan for what only looks like one, such as 1.2.3."""
    numbers = pc.match_substring_regex(pa.array(texts, pa.string()), r"^-?(\d+\.?\d*|\.\d+)$")
    return np.where(numbers.to_numpy(zero_copy_only=False), texts, "nan").astype(float)
