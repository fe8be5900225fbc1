"""Vector tiles are read by GDAL as they were meant, and are the bytes that the specification prints."""

from __future__ import annotations

import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import affinity

from workflow import vector_tile

FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def read(tile: bytes, layer: str, folder) -> list[shapely.Geometry]:
    """The shapes of a layer as GDAL reads them, y southwards again."""
    file = folder / "tile.mvt"
    file.write_bytes(tile)
    found = pyogrio.read_dataframe(file, layer=layer, CLIP="NO").geometry
    return [affinity.affine_transform(shape, [1, 0, 0, -1, 0, vector_tile.EXTENT]) for shape in found]


def written(*shapes: shapely.Geometry, name: str = "layer") -> bytes:
    return vector_tile.encode({name: np.array(shapes, object)})


@pytest.mark.parametrize(
    ("wkt", "geometry"),
    [  # the examples of section 4.3.5 of the specification, version 2.1
        ("LINESTRING (2 2, 2 10, 10 10)", [9, 4, 4, 18, 0, 16, 16, 0]),
        (
            "MULTILINESTRING ((2 2, 2 10, 10 10), (1 1, 3 5))",
            [9, 4, 4, 18, 0, 16, 16, 0, 9, 17, 17, 10, 4, 8],
        ),
        ("POLYGON ((3 6, 8 12, 20 34, 3 6))", [9, 6, 12, 18, 10, 12, 24, 44, 15]),
        (
            (
                "MULTIPOLYGON (((0 0, 10 0, 10 10, 0 10, 0 0)),"
                " ((11 11, 20 11, 20 20, 11 20, 11 11), (13 13, 13 17, 17 17, 17 13, 13 13)))"
            ),
            (
                *(9, 0, 0, 26, 20, 0, 0, 20, 19, 0, 15),
                *(9, 22, 2, 26, 18, 0, 0, 18, 17, 0, 15),
                *(9, 4, 13, 26, 0, 8, 8, 0, 0, 7, 15),
            ),
        ),
    ],
)
def test_the_examples_of_the_specification_are_written_as_it_prints_them(wkt, geometry):
    assert bytes(geometry) in written(shapely.from_wkt(wkt))


def test_a_polygon_is_turned_as_the_format_wants_it():
    ring = [(3, 6), (8, 12), (20, 34)]
    assert written(shapely.Polygon(ring[::-1])).count(bytes([15])) == 1
    hole_first = shapely.Polygon([(0, 0), (0, 9), (9, 9), (9, 0)], [[(2, 2), (4, 2), (4, 4), (2, 4)]])
    assert written(hole_first) != written(shapely.Polygon(hole_first.exterior))


coordinate = st.integers(-64, vector_tile.EXTENT + 64)
boxes = st.tuples(coordinate, coordinate, st.integers(8, 900), st.integers(8, 900), st.booleans()).map(
    lambda b: (
        shapely.box(b[0], b[1], b[0] + b[2], b[1] + b[3], ccw=b[4])
        - shapely.box(b[0] + 2, b[1] + 2, b[0] + 5, b[1] + 4)
    )
)


@FEW
@given(polygons=st.lists(boxes, min_size=1, max_size=30))
def test_polygons_with_holes_come_back_as_they_were(polygons, tmp_path):
    back = read(written(*polygons), "layer", tmp_path)
    assert len(back) == len(polygons)
    for shape, polygon in zip(back, polygons, strict=True):
        assert shape.equals(polygon)


@FEW
@given(
    lines=st.lists(
        st.lists(st.tuples(coordinate, coordinate), min_size=2, max_size=9, unique=True),
        min_size=1,
        max_size=30,
    )
)
def test_lines_come_back_point_by_point(lines, tmp_path):
    back = read(written(*map(shapely.LineString, lines)), "layer", tmp_path)
    assert [list(shape.coords) for shape in back] == lines


def test_what_vanishes_by_rounding_is_left_out_and_the_rest_stays(tmp_path):
    speck = shapely.box(7.1, 7.1, 7.3, 7.3)
    sliver = shapely.Polygon([(0, 0), (9, 0.2), (9, 0.1)])
    pinhole = shapely.Polygon([(0, 0), (9, 0), (9, 9), (0, 9)], [[(4, 4), (4.2, 4), (4.2, 4.2)]])
    dot = shapely.LineString([(1, 1), (1.1, 1.1)])
    collection = shapely.GeometryCollection(
        [shapely.Point(1, 1), shapely.MultiPolygon([shapely.box(1, 1, 5, 5)])]
    )
    back = read(written(speck, sliver, shapely.Polygon(), pinhole, dot, collection), "layer", tmp_path)
    assert [shape.area for shape in back] == [81, 16]
    assert written(speck, dot, shapely.Point(3, 3)) == b""
    assert vector_tile.encode({}) == b""


def test_each_layer_keeps_its_name(tmp_path):
    line, box = shapely.LineString([(0, 0), (9, 9)]), shapely.box(0, 0, 300, 9)
    tile = vector_tile.encode(
        {"street": np.array([line]), "empty": np.array([], object), "house": np.array([box])}
    )
    (tmp_path / "tile.mvt").write_bytes(tile)
    assert pyogrio.list_layers(tmp_path / "tile.mvt")[:, 0].tolist() == ["street", "house"]
    assert read(tile, "house", tmp_path)[0].equals(box)
