"""Base maps: blocks, districts, streets, buildings and the outline of the city.

Whatever GDAL or GeoParquet reads, in any reference system. Loading a layer again replaces it; incidents
and sites are then given their blocks and districts anew, in the same transaction.
"""

from __future__ import annotations

import collections
import json
import time
import warnings
import zoneinfo
from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyogrio
import shapely
import sqlalchemy as sa

from data import schema
from data.errors import LoadError
from data.load import assignment, commit, files, places
from data.load.places import WGS84

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from data.load.reading import Progress
    from data.load.report import LoadReport
    from data.store import Store

POLYGON, LINE = "Polygon", "LineString"

# The types of geometry, as shapely numbers them: single and multiple.
LINES, POLYGONS, COLLECTION = (1, 5), (3, 6), 7


@dataclass(frozen=True)
class Layer:
    """One kind of base map: where it is kept, and what its columns are usually called."""

    table: sa.Table
    shape: str  # POLYGON or LINE
    usual: Mapping[str, Sequence[str]]  # our column -> names in files, most telling first
    noun: str
    osm_layer: str = ""
    osm_filter: str = ""


_POPULATION = (
    "pop20",
    "population",
    "total_pop",
    "pop2020",
    "pop10",
    "pop2010",
    "pop2000",
    "pop",
    "p0010001",
    "popul",
)

LAYERS = {
    "blocks": Layer(
        schema.block,
        POLYGON,
        {
            "code": ("geoid20", "geoid", "geoid10", "geo_id", "geoidfq", "blockid", "block_id", "code", "id"),
            "name": ("name20", "namelsad", "name", "namelsad20", "label"),
            "population": _POPULATION,
        },
        "blocks",
    ),
    "districts": Layer(
        schema.district,
        POLYGON,
        {
            "code": (
                "dist_num",
                "dist_numc",
                "district_n",
                "name_abb",
                "precinct",
                "beat_num",
                "code",
                "id",
                "geoid",
            ),
            "name": ("name", "dist_label", "district", "label", "namelsad", "precinct", "community"),
        },
        "districts",
    ),
    "streets": Layer(
        schema.street,
        LINE,
        {
            "name": ("fullname", "full_name", "street_name", "st_name", "name", "feanme", "label"),
            "kind": ("highway", "sha_class_label", "road_class", "class", "mtfcc", "kind", "type"),
            "left_from": ("left_from", "fraddl", "lfromadd", "lfromhn", "l_f_add", "l_from"),
            "left_to": ("left_to", "toaddl", "ltoadd", "ltohn", "l_t_add", "l_to"),
            "right_from": ("right_from", "fraddr", "rfromadd", "rfromhn", "r_f_add", "r_from"),
            "right_to": ("right_to", "toaddr", "rtoadd", "rtohn", "r_t_add", "r_to"),
            "lit": ("lit",),
        },
        "streets",
        "lines",
        "highway IS NOT NULL",
    ),
    "buildings": Layer(
        schema.building,
        POLYGON,
        {
            "land_use": ("land_use", "landuse", "use", "use_type", "building", "type"),
            "address": ("address", "full_address", "fulladdr", "addr"),
            "height_m": ("height_m", "height", "bldg_height", "heightm"),
        },
        "buildings",
        "multipolygons",
        "building IS NOT NULL",
    ),
}

#: Words for what stands on a plot, as publishers and OpenStreetMap write them.
LAND_USES = {
    "residential": "residential residence house houses detached semidetached_house apartments terrace bungalow "
    "dormitory cabin farm hut static_caravan dwelling single-family multifamily multi-family",
    "commercial": "commercial retail office shop supermarket kiosk hotel business mixed",
    "industrial": "industrial warehouse factory manufacture storage_tank works",
    "public": "public school university college kindergarten hospital church chapel cathedral mosque synagogue temple "
    "civic government museum library fire_station police train_station station transportation institutional religious",
    "other": "other garage garages carport shed roof greenhouse barn service parking",
}
_LAND_USE = {word: use for use, words in LAND_USES.items() for word in words.split()}

#: Whether a street is lit at night, as publishers and OpenStreetMap's tag ``lit`` write it. Other words ("limited",
#: hours of the day) do not tell whether it is lit at a given hour, so they leave it unknown.
LIT = {
    **dict.fromkeys(("yes", "true", "1", "24/7", "automatic", "sunset-sunrise", "dusk-dawn"), True),
    **dict.fromkeys(("no", "false", "0", "disused"), False),
}


def load(
    kind: str,
    path: str | Path,
    store: Store,
    *,
    columns: Mapping[str, str] | None = None,
    actor: str = "command line",
    role: str = "system",
    progress: Progress | None = None,
) -> LoadReport:
    """Replace a layer (blocks, districts, streets or buildings) by the one in a file.

    `columns` names the file's column for one of ours, where its name is not a usual one. Raises `LoadError`.
    """
    started = time.monotonic()
    layer = LAYERS[kind]
    path = files.existing(path)
    say = progress or (lambda _: None)
    say(f"reading {kind}")
    frame = read(path, layer)
    wanted = _chosen(frame, layer, columns or {}, path)
    shapes = _repaired(frame.geometry.to_numpy(), layer.shape)
    missing = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    if missing.all():
        raise LoadError(f"{path.name} holds no {layer.noun}. Nothing was changed.")
    reasons = np.where(frame.geometry.isna() | frame.geometry.is_empty, "no geometry", "wrong geometry")
    rows = _rows(frame[~missing], shapes[~missing], layer, wanted)
    refused = _refused(frame[missing], reasons[missing], kind)
    counted_reasons = dict(sorted(collections.Counter(row["reason"] for row in refused).items()))
    say("writing")

    def work(connection: sa.Connection) -> commit.Counted:
        load_id = commit.next_load(connection)
        same = _stored(connection, layer).equals(rows)
        if not same:
            _replace(store, connection, layer, rows)
            if kind in ("blocks", "districts"):
                assignment.assign_all(store, connection)
        commit.keep_refused(connection, refused, load_id)
        counted = commit.Counted(
            kind,
            path.name,
            kind,
            len(frame),
            0 if same else rows.num_rows,
            rows.num_rows if same else 0,
            counted_reasons,
        )
        commit.record(
            connection, load_id, counted, files.fingerprint(path), actor=actor, role=role, started=started
        )
        return counted

    counted = store.write(work)
    return commit.report(store, counted, [], started)


def load_city(
    path: str | Path,
    store: Store,
    *,
    name: str,
    timezone: str,
    actor: str = "command line",
    role: str = "system",
) -> LoadReport:
    """The city this store is about: its outline (all areas in the file together), name and time zone."""
    started = time.monotonic()
    path = files.existing(path)
    if timezone not in zoneinfo.available_timezones():
        raise LoadError(f"'{timezone}' is no time zone. Write one such as America/New_York.")
    if not name.strip():
        raise LoadError("The city has no name. Write it after --name.")
    frame = read(path, LAYERS["districts"])
    shapes = _repaired(frame.geometry.to_numpy(), POLYGON)
    usable = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    if not usable.any():
        raise LoadError(f"{path.name} holds no outline. Name a file with the area of the city.")
    outline = shapely.union_all(shapes[usable])
    middle = outline.centroid
    crs = places.metric_crs(np.array([middle.x]), np.array([middle.y]))
    city = {"name": name.strip(), "timezone": timezone, "crs": crs, "outline": shapely.to_wkb(outline)}

    def work(connection: sa.Connection) -> commit.Counted:
        before = connection.execute(sa.select(schema.city)).mappings().first()
        if before and before["synthetic"]:
            raise LoadError(
                "This store holds the synthetic city. Name another database in DATABASE_URL for a real one."
            )
        same = before is not None and all(before[column] == value for column, value in city.items())
        if before is None:
            connection.execute(schema.city.insert().values(id=1, synthetic=False, **city))
        elif not same:
            connection.execute(schema.city.update().values(**city))
        used, left_out = int(usable.sum()), int((~usable).sum())
        counted = commit.Counted(
            "city",
            path.name,
            "city",
            len(frame),
            0 if same else used,
            used if same else 0,
            {"no geometry": left_out} if left_out else {},
        )
        load_id = commit.next_load(connection)
        commit.record(
            connection, load_id, counted, files.fingerprint(path), actor=actor, role=role, started=started
        )
        return counted

    counted = store.write(work)
    return commit.report(store, counted, [], started)


def read(path: Path, layer: Layer) -> gpd.GeoDataFrame:
    """The features of a file in WGS 84. Raises `LoadError`."""
    osm = path.suffix.lower() in (".pbf", ".osm")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # GDAL's remarks on the file's own oddities
            if files.kind(path) == "parquet":
                frame = gpd.read_parquet(path)
            elif osm:
                frame = pyogrio.read_dataframe(
                    path, layer=layer.osm_layer or "multipolygons", where=layer.osm_filter, on_invalid="fix"
                )
            else:
                frame = pyogrio.read_dataframe(path, on_invalid="fix")
    except (
        pyogrio.errors.DataSourceError,
        pyogrio.errors.DataLayerError,
        pyogrio.errors.GeometryError,
        pa.ArrowException,
        ValueError,
        OSError,
    ) as reason:
        if isinstance(reason, LoadError):
            raise
        first = (str(reason).splitlines() or ["unreadable"])[0]
        raise LoadError(f"{path.name} is no map file that can be read ({first}).") from None
    if not isinstance(frame, gpd.GeoDataFrame):
        raise LoadError(f"{path.name} holds no geometry. Name a map file, such as GeoJSON or GeoPackage.")
    if not len(frame):
        raise LoadError(f"{path.name} holds no {layer.noun}. Nothing was changed.")
    bounds = frame.total_bounds
    if frame.crs is None:
        if np.isfinite(bounds).all() and np.abs(bounds).max() > 360:
            raise LoadError(
                f"{path.name} does not say its reference system. Add it (a .prj file, or in the export)."
            )
        return frame.set_crs(WGS84)
    return frame.to_crs(WGS84)


def _chosen(frame: gpd.GeoDataFrame, layer: Layer, columns: Mapping[str, str], path: Path) -> dict[str, str]:
    """Our column -> the file's column."""
    there = {str(name).lower(): str(name) for name in frame.columns if str(name) != frame.geometry.name}
    chosen = {}
    for ours, usual in layer.usual.items():
        if found := next((there[name] for name in usual if name in there), None):
            chosen[ours] = found
    for ours, theirs in columns.items():
        if ours not in layer.usual:
            raise LoadError(f"'{ours}' is no column of {layer.noun}. Use: {', '.join(layer.usual)}.")
        if theirs.lower() not in there:
            raise LoadError(
                f"{path.name} has no column '{theirs}'. Its columns are: {', '.join(there.values())}."
            )
        chosen[ours] = there[theirs.lower()]
    return chosen


def _repaired(shapes: NDArray[np.object_], shape: str) -> NDArray[np.object_]:
    """Valid two-dimensional shapes of the wanted kind; None where nothing of it is left."""
    kept: NDArray[np.object_] = shapely.force_2d(shapes)
    if shape == LINE:
        kept[~np.isin(shapely.get_type_id(kept), LINES)] = None
        return shapely.line_merge(kept)
    kept[~np.isin(shapely.get_type_id(kept), (*POLYGONS, COLLECTION))] = None
    invalid = ~shapely.is_missing(kept) & ~shapely.is_valid(kept)
    kept[invalid] = shapely.make_valid(kept[invalid], method="structure", keep_collapsed=False)
    kept[~np.isin(shapely.get_type_id(kept), POLYGONS)] = None
    return kept


def _rows(
    frame: gpd.GeoDataFrame, shapes: NDArray[np.object_], layer: Layer, chosen: Mapping[str, str]
) -> pa.Table:
    """The rows of the layer's table, numbered from 1 in the order of the file."""
    values = {ours: frame[theirs].reset_index(drop=True) for ours, theirs in chosen.items()}
    number = pd.Series(np.arange(1, len(frame) + 1))
    tags = frame["other_tags"].reset_index(drop=True) if "other_tags" in frame else None
    columns: dict[str, pa.Array] = {"id": pa.array(number, pa.int32())}
    for ours in layer.usual:
        found = values.get(ours)
        if ours in ("population", "height_m"):
            columns[ours] = pa.array(_numbers(found, len(frame)), pa.float64())
        elif ours in ("left_from", "left_to", "right_from", "right_to"):
            house = _numbers(found, len(frame))
            # Publishers write 0 where a side of the street has no numbers.
            columns[ours] = pa.array(house.where(house > 0).round().astype("Int32"), pa.int32())
        elif ours == "lit":
            said = _words(_tag(tags, "lit") if found is None and tags is not None else found, len(frame))
            columns[ours] = pa.array(said.str.lower().map(LIT), pa.bool_(), from_pandas=True)
        else:
            columns[ours] = pa.array(_words(found, len(frame)), pa.string())
    if "code" in layer.usual:
        code = columns["code"].to_pandas()
        if "code" not in chosen:
            code = _census_code(frame)
        code = code.fillna(number.astype(str))
        columns["code"] = pa.array(code, pa.string())
        columns["name"] = pa.array(columns["name"].to_pandas().fillna(code), pa.string())
    if "land_use" in layer.usual:
        use = columns["land_use"].to_pandas().str.lower().str.strip()
        columns["land_use"] = pa.array(use.map(_LAND_USE), pa.string())
        if tags is not None:
            columns |= _from_tags(tags, columns)
    columns["geometry"] = pa.array(shapely.to_wkb(shapes), pa.binary())
    ordered = [column.name for column in layer.table.columns]
    return pa.table({name: columns[name] for name in ordered})


def _numbers(found: pd.Series | None, length: int) -> pd.Series:
    if found is None:
        return pd.Series(np.full(length, np.nan))
    numbers = pd.to_numeric(found, errors="coerce").astype(float)
    return numbers.where(np.isfinite(numbers) & (numbers >= 0))


def _words(found: pd.Series | None, length: int) -> pd.Series:
    if found is None:
        return pd.Series([None] * length, dtype="object")
    if pd.api.types.is_float_dtype(found):
        found = found.astype("Int64")  # a number that names something has no fraction
    words = found.astype("string").str.strip()
    return words.where(words != "").astype("object").where(words.notna(), None)


def _census_code(frame: gpd.GeoDataFrame) -> pd.Series:
    """The census' code put together, where its parts stand in columns of their own."""
    parts = [part for part in ("state", "county", "tract", "blkgrp", "block") if part in frame]
    if not {"state", "county", "tract"} <= set(parts):
        return pd.Series([None] * len(frame), dtype="object")
    texts = [frame[part].astype("string").reset_index(drop=True) for part in parts]
    code = texts[0].str.cat(texts[1:])
    return code.where(~code.duplicated(keep=False)).astype("object")


def _tag(tags: pd.Series, name: str) -> pd.Series:
    """The values of one of OpenStreetMap's tags that have no column of their own."""
    return tags.astype("string").str.extract(rf'"{name}"=>"((?:[^"\\]|\\.)*)"', expand=False)


def _from_tags(tags: pd.Series, columns: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
    """Address and height of OpenStreetMap's buildings, from the tags that have no column."""
    address = (_tag(tags, "addr:housenumber") + " " + _tag(tags, "addr:street")).astype("object")
    metres = _numbers(
        _tag(tags, "height").str.extract(r"^([\d.]+)", expand=False).astype("object"), len(tags)
    )
    floors = _numbers(_tag(tags, "building:levels").astype("object"), len(tags)) * 3.0
    height = columns["height_m"].to_pandas().astype(float).fillna(metres).fillna(floors)
    return {
        "address": pa.array(address.where(address.notna(), None), pa.string()),
        "height_m": pa.array(height, pa.float64(), from_pandas=True),
    }


def _refused(frame: gpd.GeoDataFrame, reasons: NDArray[np.str_], kind: str) -> list[dict[str, str]]:
    """Features without a usable shape, as rows of the quarantine."""
    own = pd.DataFrame(frame.drop(columns=frame.geometry.name))
    raw = [json.dumps(record, default=str, ensure_ascii=False) for record in own.to_dict("records")]
    return [
        {"kind": kind, "source": kind, "reason": str(reason), "raw": text}
        for reason, text in zip(reasons, raw, strict=True)
    ]


def _stored(connection: sa.Connection, layer: Layer) -> pa.Table:
    """The layer as it is now."""
    rows = connection.execute(sa.select(layer.table).order_by(layer.table.c.id)).all()
    names = [column.name for column in layer.table.columns]
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    types = {
        "id": pa.int32(),
        "geometry": pa.binary(),
        "population": pa.float64(),
        "height_m": pa.float64(),
        "lit": pa.bool_(),
    }
    numbers = ("left_from", "left_to", "right_from", "right_to")
    return pa.table(
        {
            name: pa.array(column, pa.int32() if name in numbers else types.get(name, pa.string()))
            for name, column in zip(names, columns, strict=True)
        }
    )


def _replace(store: Store, connection: sa.Connection, layer: Layer, rows: pa.Table) -> None:
    """The rows become the whole layer.

    Ids that stay are updated in place: DuckDB does not let one transaction delete a key and insert it again.
    """
    table = layer.table.name
    commit.stage_rows(store, connection, "staged_layer", rows)
    content = [name for name in rows.column_names if name != "id"]
    new = ", ".join(f"{name} = staged.{name}" for name in content)
    names = ", ".join(rows.column_names)
    for statement in (
        f"UPDATE {table} SET {new} FROM staged_layer AS staged WHERE {table}.id = staged.id",
        f"DELETE FROM {table} WHERE id > (SELECT max(id) FROM staged_layer)",
        (
            f"INSERT INTO {table} ({names}) SELECT {names} FROM staged_layer AS staged "
            f"WHERE NOT EXISTS (SELECT 1 FROM {table} WHERE {table}.id = staged.id)"
        ),
        "DROP TABLE staged_layer",
    ):
        connection.execute(sa.text(statement))
