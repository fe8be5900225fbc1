"""Blocks, the faces between streets, and the districts they make up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from data.synthetic.streets import PRECISION

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from data.synthetic.layout import Layout

SMALLEST = 1500.0  # square metres: a smaller face joins the neighbour it shares most of its edge with
CENTRAL_METRES = 950.0

#: Code, name and the bearings (degrees) between which a district lies; the first holds the centre.
DISTRICTS = (
    ("1", "Central", None),
    ("2", "North", (-52, 55)),
    ("3", "East", (55, 147)),
    ("4", "South", (147, 229)),
    ("5", "West", (229, 308)),
)


def blocks(layout: Layout, streets: pd.DataFrame) -> pd.DataFrame:
    """The faces between streets, railway, creeks, shore and city limits, as the table ``block`` has them.

    Beside the table's columns: ``district_id``. Population is filled in by `data.synthetic.buildings`.
    """
    edges = [*streets["geometry"], layout.outline.exterior, layout.lake.exterior, *layout.cuts]
    lines = shapely.get_parts(shapely.union_all(np.array(edges, object), grid_size=PRECISION))
    faces = shapely.get_parts(shapely.polygonize(lines))
    outline = shapely.set_precision(layout.outline, PRECISION).buffer(0.5)
    faces = faces[shapely.contains_properly(outline, faces)]
    faces = _without_slivers(faces)

    middle = shapely.point_on_surface(faces)
    x, y = shapely.get_x(middle), shapely.get_y(middle)
    bearing = np.degrees(np.arctan2(x, y)) % 360
    district = np.ones(len(faces), int)
    for number, (_, _, between) in enumerate(DISTRICTS[1:], start=2):
        district[(bearing - between[0]) % 360 < between[1] - between[0]] = number
    district[np.hypot(x, y) < CENTRAL_METRES] = 1

    # Numbered within a district from its middle outwards, as census blocks are: 1001, 1002, ...
    order = np.lexsort((np.hypot(x, y), district))
    faces, district = faces[order], district[order]
    serial = pd.Series(district).groupby(district).cumcount().to_numpy() + 1
    return pd.DataFrame(
        {
            "id": np.arange(1, len(faces) + 1),
            "code": [f"{one}{number:03d}" for one, number in zip(district, serial, strict=True)],
            "name": _names(faces, streets, layout),
            "population": 0.0,
            "geometry": faces,
            "district_id": district,
        }
    )


def districts(blocks: pd.DataFrame) -> pd.DataFrame:
    """The districts, as the table ``district`` has them: each the union of its blocks."""
    rows = [
        (
            number,
            code,
            name,
            shapely.union_all(blocks["geometry"][blocks["district_id"] == number], grid_size=PRECISION),
        )
        for number, (code, name, _) in enumerate(DISTRICTS, start=1)
    ]
    return pd.DataFrame(rows, columns=["id", "code", "name", "geometry"])


def _without_slivers(faces: NDArray[np.object_]) -> NDArray[np.object_]:
    """The faces with those too small to be a block given to a neighbour."""
    while (small := np.flatnonzero(shapely.area(faces) < SMALLEST)).size:
        one = small[np.argmin(shapely.area(faces[small]))]
        shared = shapely.length(shapely.intersection(faces[one], faces))
        shared[one] = 0
        other = int(np.argmax(shared))
        faces[other] = shapely.union(faces[one], faces[other])
        faces = np.delete(faces, one)
    return faces


def _names(faces: NDArray[np.object_], streets: pd.DataFrame, layout: Layout) -> list[str]:
    """Each face by the two streets it has most of."""
    lines = streets["geometry"].to_numpy()
    face, line = shapely.STRtree(lines).query(faces, "dwithin", 0.1)
    shared = pd.DataFrame(
        {
            "face": face,
            "name": streets["name"].to_numpy()[line],
            "metres": shapely.length(shapely.intersection(faces[face], lines[line])),
        }
    )
    shared = shared.groupby(["face", "name"], as_index=False)["metres"].sum()
    shared = shared[shared["metres"] > 1].sort_values(
        ["face", "metres", "name"], ascending=[True, False, True]
    )
    both = shared.groupby("face")["name"].agg(lambda names: " and ".join(list(names)[:2]))
    lake = shapely.contains_properly(layout.lake.buffer(5), shapely.point_on_surface(faces))
    return [
        "Lake" if wet else both.get(number, "Outskirts")
        for number, wet in zip(range(len(faces)), lake, strict=True)
    ]


def containing(areas: NDArray[np.object_], points: NDArray[np.object_]) -> NDArray[np.int64]:
    """For each point the position of the area that contains it (the lowest where it lies on an edge); -1 for none."""
    point, area = shapely.STRtree(areas).query(points, "intersects")
    answer = np.full(len(points), len(areas))
    np.minimum.at(answer, point, area)
    return np.where(answer == len(areas), -1, answer)
