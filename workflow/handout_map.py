"""The map of the print: what cameras see of the city, and its worst blocks, in the city's own metres."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from PIL import Image
from reportlab.lib.colors import Color
from reportlab.lib.utils import ImageReader

from data import records
from workflow import paper
from workflow.coverage_map import level_codes, round_number
from workflow.gap_tables import told_apart

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from reportlab.pdfgen.canvas import Canvas

    from data.records import City
    from workflow.coverage import Answer
    from workflow.ground import Ground

WORST = 10
# The page's colours for light, as they look on white paper: teal from pale to deep.
LEVEL_COLOURS = {
    "detect": (150, 212, 208),
    "observe": (66, 168, 168),
    "recognise": (20, 120, 125),
    "identify": (0, 62, 76),
}
GROUND, EDGE, STREET = (Color(shade, shade, shade) for shade in (0.975, 0.55, 0.80))
WORST_EDGE, WORST_FILL = Color(0.74, 0, 0.15), Color(0.99, 0.87, 0.66)
DASHES = [2.4, 1.6]
# What print shows: finer pixels only make the file larger.
PIXELS_AN_INCH = 200
# Points of street for each square point of map. More of them would grey the paper and hide what matters.
MOST_STREETS = 0.12
# Bends of streets that are less than this, in points, are not to be seen.
BEND = 0.15
HOUSE_NUMBERS = r", \d.*$"  # that tell the segments of a street apart
NUMBER_SIZE = 7.5
ARROW_WIDTH, UNIT_WIDTH = 22.0, 34.0


class Box(NamedTuple):
    """A place on the paper, in points from its lower left corner."""

    left: float
    bottom: float
    width: float
    height: float


@dataclass(frozen=True)
class Scale:
    """Where on the paper a point of the city lies."""

    west: float
    south: float
    left: float
    bottom: float
    points_a_metre: float

    def of(self, metres: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points on the paper (n, 2) of points in the city's metres (n, 2)."""
        return (metres - (self.west, self.south)) * self.points_a_metre + (self.left, self.bottom)


def level_colour(level: str) -> Color:
    """The colour of ground that cameras see at a level."""
    return Color(*(part / 255 for part in LEVEL_COLOURS[level]))


def worst_blocks(gaps: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The blocks with the largest gaps, and whether each is ``certain`` to be among them."""
    # One that only borrowed its gap from the others is no place to point at.
    worst = gaps[(gaps["gap"] > 0) & (gaps["unseen_harm"] > 0)].head(WORST)
    return worst.assign(certain=told_apart(worst, WORST).astype(bool))


def draw(canvas: Canvas, found: Answer, worst: gpd.GeoDataFrame, city: City, box: Box) -> Scale:
    """Draw the map in the middle of a box, north up, and say at which scale."""
    here = found.ground
    west, south, east, north = here.grid.bounds
    scale = min(box.width / (east - west), box.height / (north - south))
    width, height = (east - west) * scale, (north - south) * scale
    left, bottom = box.left + (box.width - width) / 2, box.bottom + (box.height - height) / 2
    places = Scale(west, south, left, bottom, scale)
    canvas.saveState()
    canvas.setLineJoin(1)
    canvas.setLineCap(1)
    _outline(canvas, city, here.crs, places, fill=True)
    # Below what cameras see, whose colours say how sharply.
    canvas.setFillColor(WORST_FILL)
    _polygons(canvas, worst.geometry.to_numpy(), places, fill=True, stroke=False)
    _streets(canvas, here, places, MOST_STREETS * width * height)
    _picture(canvas, found, Box(left, bottom, width, height))
    _outline(canvas, city, here.crs, places, fill=False)
    _worst(canvas, worst, places)
    canvas.restoreState()
    return places


def _outline(canvas: Canvas, city: City, crs: str, places: Scale, *, fill: bool) -> None:
    if city.outline is None:
        return
    outline = (
        gpd.GeoSeries([city.outline], crs=records.WGS84).to_crs(crs).simplify(BEND / places.points_a_metre)
    )
    canvas.setFillColor(GROUND)
    canvas.setStrokeColor(EDGE)
    canvas.setLineWidth(0.7)
    _polygons(canvas, outline.to_numpy(), places, fill=fill, stroke=not fill)


def _polygons(
    canvas: Canvas, shapes: NDArray[np.object_], places: Scale, *, fill: bool, stroke: bool
) -> None:
    """Polygons with their holes, as one path."""
    if not len(shapes):
        return
    path = canvas.beginPath()
    for ring in shapely.get_rings(shapely.get_parts(shapes)):
        corners = places.of(shapely.get_coordinates(ring)).tolist()
        path.moveTo(*corners[0])
        for corner in corners[1:-1]:
            path.lineTo(*corner)
        path.close()
    canvas.drawPath(path, fill=fill, stroke=stroke, fillMode=0)


def main_streets(frame: gpd.GeoDataFrame, most_metres: float) -> gpd.GeoDataFrame:
    """The segments of the longest streets that together have so many metres; a street is what has one name.

    ``frame`` has ``name`` (with its house numbers or without, or missing) and ``length_m``.

    >>> names = ["Long St, 1 to 99", "Long St, 101 to 199", "Short St", None]
    >>> frame = gpd.GeoDataFrame({"name": names, "length_m": [100.0, 100.0, 150.0, 20.0]})
    >>> main_streets(frame, 270)["name"].tolist(), len(main_streets(frame, 350)), len(main_streets(frame, 400))
    (['Long St, 1 to 99', 'Long St, 101 to 199'], 3, 4)
    """
    metres = frame["length_m"].to_numpy(dtype=float)
    if metres.sum() <= most_metres:
        return frame
    street = (
        frame["name"].fillna("").astype(str).str.replace(HOUSE_NUMBERS, "", regex=True).to_numpy(dtype=object)
    )
    # One without a name stands for itself.
    length = np.where(street == "", metres, frame.groupby(street)["length_m"].transform("sum"))
    order = np.lexsort([np.arange(len(frame)), street, -length])
    return frame.iloc[np.sort(order[np.cumsum(metres[order]) <= most_metres])]


def _streets(canvas: Canvas, here: Ground, places: Scale, most_points: float) -> None:
    """The streets; of too many for the paper, the main ones."""
    drawn = main_streets(here.streets.frame, most_points / places.points_a_metre)
    lines = shapely.simplify(shapely.get_parts(drawn.geometry.to_numpy()), BEND / places.points_a_metre)
    corners, line = shapely.get_coordinates(lines, return_index=True)
    if not len(corners):
        return
    begins = np.diff(line, prepend=-1) != 0
    path = canvas.beginPath()
    for (x, y), begin in zip(places.of(corners).tolist(), begins.tolist(), strict=True):
        (path.moveTo if begin else path.lineTo)(x, y)
    canvas.setStrokeColor(STREET)
    canvas.setLineWidth(0.3)
    canvas.drawPath(path)


def _picture(canvas: Canvas, found: Answer, box: Box) -> None:
    """How sharply cameras see each cell, as a picture no finer than print shows."""
    here = found.ground
    codes = level_codes(here, found.seen[found.main_light])
    if not codes.any():
        return
    palette = np.array(
        [(255, 255, 255, 0), *((*colour, 255) for colour in LEVEL_COLOURS.values())], dtype=np.uint8
    )
    image = Image.fromarray(palette[codes.reshape(here.grid.shape)[::-1]])
    finest = [math.ceil(side / 72 * PIXELS_AN_INCH) for side in (box.width, box.height)]
    if image.width > finest[0]:
        # Each pixel takes the mean of its cells: so no ground is gained, and none is lost.
        image = image.resize((finest[0], finest[1]), Image.Resampling.BOX)
    canvas.drawImage(ImageReader(image), *box, mask="auto")


def _worst(canvas: Canvas, worst: gpd.GeoDataFrame, places: Scale) -> None:
    """The worst blocks' edges, numbered as in their table."""
    canvas.setLineWidth(0.9)
    canvas.setStrokeColor(WORST_EDGE)
    for certain, some in worst.groupby("certain"):
        canvas.setDash([] if certain else DASHES)
        _polygons(canvas, some.geometry.to_numpy(), places, fill=False, stroke=True)
    canvas.setDash([])
    for number, spot in enumerate(_spots(worst, places), 1):
        _number(canvas, str(number), *spot)


def _spots(worst: gpd.GeoDataFrame, places: Scale) -> list[tuple[float, float]]:
    """Where each block's number stands: beside it, on the first side where no block and no number is in its way."""
    boxes = places.of(worst.geometry.bounds.to_numpy().reshape(-1, 2)).reshape(-1, 4)
    taken = [shapely.box(*box) for box in boxes]
    spots = []
    for number, (west, south, east, north) in enumerate(boxes, 1):
        width, height = paper.width_of(str(number), NUMBER_SIZE, paper.STRONG), NUMBER_SIZE * 0.66
        middle, centre = (west + east - width) / 2, (south + north - height) / 2
        sides = [(east + 2, centre), (west - 2 - width, centre), (middle, north + 2.5), (middle, south - 2.5 - height),
                 (east + 2, north + 2), (west - 2 - width, north + 2), (east + 2, south - 2 - height)]  # fmt: skip
        labels = [shapely.box(x - 1, y - 1, x + width + 1, y + height + 1) for x, y in sides]
        free = [not shapely.intersects(label, taken).any() for label in labels]
        # Where all is taken, on the first side.
        chosen = free.index(True) if any(free) else 0
        taken.append(labels[chosen])
        spots.append(sides[chosen])
    return spots


def _number(canvas: Canvas, text: str, x: float, y: float) -> None:
    """A small number that can be read on anything."""
    width = paper.width_of(text, NUMBER_SIZE, paper.STRONG)
    canvas.setFillColor(Color(1, 1, 1, 0.85))
    canvas.roundRect(x - 1.2, y - 1.2, width + 2.4, NUMBER_SIZE * 0.66 + 2.4, 1.5, stroke=0, fill=1)
    canvas.setFillColor(WORST_EDGE)
    canvas.setFont(paper.STRONG, NUMBER_SIZE)
    canvas.drawString(x, y, text)


# Beside the map -------------------------------------------------------------------------------


def worst_sample(canvas: Canvas, x: float, y: float, *, certain: bool) -> None:
    """How worst blocks are outlined, 11 points wide."""
    canvas.saveState()
    canvas.setLineWidth(0.9)
    canvas.setStrokeColor(WORST_EDGE)
    canvas.setFillColor(WORST_FILL)
    canvas.setDash([] if certain else DASHES)
    canvas.rect(x + 0.5, y - 0.5, 10, 7, stroke=1, fill=1)
    canvas.restoreState()


def scale_bar(canvas: Canvas, places: Scale, right: float, top: float, most: float) -> None:
    """A bar in kilometres and one in miles, and where north is, up to `most` points wide and as high as 28."""
    canvas.saveState()
    canvas.setStrokeColor(paper.INK)
    canvas.setFillColor(paper.INK)
    canvas.setLineWidth(0.8)
    bars = []
    for unit, metres in (("km", 1000.0), ("mi", 1609.344)):
        length = round_number((most - ARROW_WIDTH - UNIT_WIDTH) / places.points_a_metre / metres)
        bars.append((f"{length:g} {unit}", length * metres * places.points_a_metre))
    left = right - ARROW_WIDTH - UNIT_WIDTH - max(wide for _, wide in bars)
    for row, (words, wide) in enumerate(bars):
        y = top - 8 - row * 14
        ends = [(x, y - 2, x, y + 2) for x in (left, left + wide)]
        canvas.lines([(left, y, left + wide, y), *ends])
        canvas.setFont(paper.REGULAR, 8.5)
        canvas.drawString(left + wide + 4, y - 2.5, words)
    arrow = canvas.beginPath()
    arrow.moveTo(right - 7, top - 2)
    arrow.lineTo(right - 2.5, top - 15)
    arrow.lineTo(right - 7, top - 12)
    arrow.lineTo(right - 11.5, top - 15)
    arrow.close()
    canvas.drawPath(arrow, stroke=0, fill=1)
    canvas.setFont(paper.STRONG, 8)
    canvas.drawCentredString(right - 7, top - 24, "N")
    canvas.restoreState()
