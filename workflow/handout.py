"""The print of Coverage: two pages for a council, the answer with its map, and what stands behind it."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import pandas as pd
from reportlab.lib.pagesizes import letter
from reportlab.pdfgen.canvas import Canvas

from workflow import city_map, coverage_words, handout_map, paper
from workflow.coverage import LIGHTS
from workflow.coverage_words import LEVEL_WORDS, SPACE, day, percent
from workflow.handout_map import Box
from workflow.sight import LAYERS, STANDINGS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    import geopandas as gpd

    from data.records import City
    from workflow.coverage import Answer
    from workflow.coverage_words import Figure

WIDTH, HEIGHT = letter
MARGIN = 45.0
ACROSS = WIDTH - 2 * MARGIN
TOP = HEIGHT - MARGIN
FOOT = 44.0  # what a page is about ends above this
GUTTER = 20.0
HALF = (ACROSS - GUTTER) / 2
SECTION = 15.0  # between one section and the next
TITLE_SIZES = (23, 20, 18)  # of which a title has the largest that it fits in
LEGEND_HEIGHT, LEGEND_WIDTH = 80.0, 142.0

SYNTHETIC = "Synthetic data: this city, its cameras and its incidents are made up."
STANDING_HEADS = {
    "verified": "Verified",
    "stated": "Stated by\nthe owner",
    "assumed": "Assumed",
    "turning": "Pan-tilt,\nby presets",
    "unknown": "Not\nknown",
}

HEADING = paper.style(12, strong=True)
ANSWER = paper.style(14.5)
BODY = paper.style(9)
QUIET = paper.style(8.5, colour=paper.QUIET)
LABEL = paper.style(9.5, strong=True)
LEGEND = paper.style(8.5)
BULLET = paper.style(9, indent=9, after=3)


@dataclass(frozen=True)
class Print:
    """What is printed, and the canvas it is drawn on."""

    canvas: Canvas
    found: Answer
    gaps: gpd.GeoDataFrame
    worst: gpd.GeoDataFrame  # the largest of them, as `handout_map.worst_blocks` has them
    city: City
    title: str
    drawn: str  # by whom and when
    link: str | None

    def down(
        self, words: str, look: paper.Style, top: float, left: float = MARGIN, width: float = ACROSS
    ) -> float:
        """Write words from `top` down; where they end."""
        return paper.down(self.canvas, paper.paragraph(words, look), top, left, width)

    def heading(self, words: str, top: float, left: float = MARGIN, width: float = ACROSS) -> float:
        """Write a section's heading; where its content begins."""
        return self.down(words, HEADING, top, left, width) - 3


def pdf(
    found: Answer,
    gaps: gpd.GeoDataFrame,
    *,
    asked_by: str,
    link: str | None = None,
    city: City | None = None,
    drawn: date | None = None,
) -> bytes:
    """The answer as a PDF of exactly two pages of letter size, for people who do not use Porchlight.

    ``gaps`` is `workflow.gap_tables.gap_table` of the same answer, by block. ``asked_by`` is who draws it, ``link``
    the address of the view. ``city`` is that of the records and ``drawn`` is today where they are not given. The
    same arguments give the same bytes. No camera's place is drawn.
    """
    city = city or city_map.city()
    drawn = drawn or datetime.now(city.zone).date()
    file = io.BytesIO()
    canvas = Canvas(
        file, pagesize=letter, invariant=1, pageCompression=1, lang="en-US", initialFontName=paper.REGULAR
    )
    canvas.setDateFormatter(lambda *_: f"D:{drawn:%Y%m%d}000000Z")  # the clock would make each print another
    title = f"What cameras see in {paper.printable(city.name)}"
    canvas.setTitle(title)
    canvas.setAuthor(paper.printable(asked_by))
    canvas.setSubject(paper.printable(coverage_words.sentence(found)))
    canvas.setCreator("Porchlight")
    canvas.setViewerPreference("DisplayDocTitle", "true")
    by = f"Drawn by {asked_by} on {day(drawn)}"
    sheet = Print(canvas, found, gaps, handout_map.worst_blocks(gaps), city, title, by, link)
    for number, draw in enumerate((_first_page, _second_page), 1):
        if city.synthetic:
            _synthetic(canvas)
        draw(sheet)
        _foot(sheet, number)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def _synthetic(canvas: Canvas) -> None:
    """A band across the head of the page."""
    canvas.setFillColor(paper.WARNING)
    canvas.rect(0, HEIGHT - 26, WIDTH, 26, stroke=0, fill=1)
    paper.line(
        canvas,
        SYNTHETIC,
        WIDTH / 2,
        HEIGHT - 17,
        ACROSS,
        10.5,
        strong=True,
        colour=paper.WARNING_INK,
        align="middle",
    )


def _foot(sheet: Print, number: int) -> None:
    canvas, base = sheet.canvas, FOOT - 17
    room = ACROSS - 80
    canvas.setStrokeColor(paper.RULE)
    canvas.setLineWidth(0.5)
    canvas.line(MARGIN, FOOT - 6, WIDTH - MARGIN, FOOT - 6)
    words = f"This view: {sheet.link}" if sheet.link else f"Porchlight · {sheet.title}"
    paper.line(canvas, words, MARGIN, base, room, 8, colour=paper.QUIET)
    paper.line(canvas, f"Page {number} of 2", WIDTH - MARGIN, base, 80, 8, colour=paper.QUIET, align="right")
    if sheet.link:
        canvas.linkURL(sheet.link, (MARGIN, base - 3, MARGIN + room, base + 9), relative=0)


# The first page: the answer, its figures, the map ---------------------------------------------


def _first_page(sheet: Print) -> None:
    canvas, found = sheet.canvas, sheet.found
    size = next(
        (size for size in TITLE_SIZES if paper.width_of(sheet.title, size, paper.STRONG) <= ACROSS), 16
    )
    paper.line(canvas, sheet.title, MARGIN, TOP - 19, ACROSS, size, strong=True)
    paper.line(
        canvas, f"{_incidents_of(found)} · {sheet.drawn}", MARGIN, TOP - 36, ACROSS, 10, colour=paper.QUIET
    )
    top = sheet.down(coverage_words.sentence(found), ANSWER, TOP - 50)
    interval, _ = _interval_and_limits(found)
    if interval:
        top = sheet.down(interval, QUIET, top - 4)
    top = _figures(sheet, top - 12) - 12
    bottom = FOOT + LEGEND_HEIGHT
    box = Box(MARGIN, bottom, ACROSS, top - bottom)
    places = handout_map.draw(canvas, found, sheet.worst, sheet.city, box)
    _legend(sheet, places)


def _incidents_of(found: Answer) -> str:
    return f"Incidents of {day(found.question.since)} to {day(found.question.until)}"


def _interval_and_limits(found: Answer) -> tuple[str | None, list[str]]:
    """Of the caveats that with the interval, where there were incidents, and those that say what is not meant."""
    said = coverage_words.caveats(found)[1:]  # the period stands under the title
    overall = next(iter(found.harm.values()))
    return (said[0], said[1:]) if overall.incidents else (None, said)


def _figures(sheet: Print, top: float) -> float:
    """The figures side by side; where the longest of them ends."""
    figures = coverage_words.figures(sheet.found)
    width = (ACROSS - GUTTER * (len(figures) - 1)) / len(figures)
    return min(
        _figure(sheet, figure, MARGIN + number * (width + GUTTER), top, width)
        for number, figure in enumerate(figures)
    )


def _figure(sheet: Print, figure: Figure, left: float, top: float, width: float) -> float:
    """A figure with its change, over its denominator and interval."""
    canvas = sheet.canvas
    canvas.setStrokeColor(paper.INK)
    canvas.setLineWidth(1)
    canvas.line(left, top, left + width, top)
    below = sheet.down(figure.label, LABEL, top - 5, left, width)
    paper.line(canvas, figure.value, left, below - 23, width, 24, strong=True)
    if figure.change is not None:
        beside = left + paper.width_of(figure.value, 24, paper.STRONG) + 8
        room = left + width - beside
        paper.line(canvas, figure.change, beside, below - 13, room, 9, strong=figure.changed)
        paper.line(canvas, figure.since, beside, below - 23, room, 8.5, colour=paper.QUIET)
    return sheet.down(figure.help, QUIET, below - 29, left, width)


def _legend(sheet: Print, places: handout_map.Scale) -> None:
    """What the colours and lines mean, the scale, and what is not on the map."""
    canvas, top = sheet.canvas, FOOT + LEGEND_HEIGHT - 6
    light = LIGHTS[sheet.found.main_light].lower()
    paper.line(canvas, f"A camera can show, {light}:", MARGIN, top - 9, LEGEND_WIDTH, 8.5, strong=True)
    for number, (level, words) in enumerate(LEVEL_WORDS.items()):
        x, y = MARGIN + number % 2 * LEGEND_WIDTH, top - 22 - number // 2 * 12
        canvas.setFillColor(handout_map.level_colour(level))
        canvas.rect(x, y - 1, 11, 8, stroke=0, fill=1)
        asked = level == sheet.found.question.level
        paper.line(canvas, words, x + 15, y, LEGEND_WIDTH - 18, 8.5, strong=asked)
    handout_map.scale_bar(canvas, places, WIDTH - MARGIN, top - 4, 140)
    beside = 0.0
    if len(sheet.worst):
        beside = 15.0
        handout_map.worst_sample(canvas, MARGIN, top - 51, certain=bool(sheet.worst["certain"].all()))
    sheet.down(_about_map(sheet), LEGEND, top - 42, MARGIN + beside, ACROSS - beside)


def _about_map(sheet: Print) -> str:
    """The outlined blocks in words, and what the map lacks."""
    found, worst = sheet.found, sheet.worst
    certain, number = int(worst["certain"].sum()), len(worst)
    said = []
    if not len(found.ground.blocks):
        said.append("No blocks are loaded, so none is outlined.")
    elif not number:
        said.append("No block has harm out of view, so none is outlined.")
    else:
        said.append(f"Outlined: {_largest(number)} with the most harm out of view, numbered as on page 2.")
        if certain == number:
            said.append("Chance alone could not have ranked others here.")
        elif certain:
            said.append("Dashed: chance alone could have ranked another here. Solid: it could not.")
        else:
            said.append("Dashed: chance alone could have ranked others here.")
    if sheet.city.outline is None:
        said.append("The city's outline is not loaded: the map shows the ground of its blocks.")
    if not found.seen[found.main_light].once.any():
        said.append("No camera that counts sees any of the ground.")
    return " ".join(said)


def _largest(number: int) -> str:
    """So many blocks in words.

    >>> _largest(1), _largest(10)
    ('the block', 'the 10 blocks')
    """
    return "the block" if number == 1 else f"the {number} blocks"


# The second page: gaps, cameras, ground, and what it does not say ------------------------------


def _second_page(sheet: Print) -> None:
    """All sections; the names of blocks have two lines where that leaves room for what follows them."""
    trial = replace(sheet, canvas=Canvas(io.BytesIO()))
    _sections(sheet, name_lines=2 if _sections(trial, name_lines=2) >= 0 else 1)


def _sections(sheet: Print, *, name_lines: int) -> float:
    """Draw the sections from the top; how many points are left below them."""
    about = f"{sheet.title} · {_incidents_of(sheet.found)}"
    paper.line(sheet.canvas, about, MARGIN, TOP - 3, ACROSS, 9, colour=paper.QUIET)
    top = _gaps(sheet, TOP - 14, name_lines) - SECTION
    top = _cameras(sheet, top) - SECTION
    top = min(_ground(sheet, top), _asked(sheet, top)) - SECTION
    return _not_said(sheet, top) - FOOT


def _gaps(sheet: Print, top: float, name_lines: int) -> float:
    """The largest gaps as a table, and how to read their ranks."""
    top = sheet.heading("Where harm happens that no camera sees", top)
    if sheet.worst.empty:
        return sheet.down(
            "No gap can be named: there are no blocks, or none has harm out of view.", BODY, top
        )
    unit = sheet.found.harm_table.unit
    heads = ["", "Block", "Incidents", "Expected\nin view", f"Unseen harm,\n{unit}", f"95{SPACE}% interval", "Rank could be", "Ground\nin view"]  # fmt: skip
    shown = coverage_words.gaps_shown(sheet.worst.drop(columns="certain"), sheet.found)
    rows = [
        [
            str(number),
            row["Place"],
            f"{row['Incidents']:,}",
            f"{row['Expected in view']:,.1f}",
            _amount(row[f"Unseen harm, {unit}"]),
            f"{_amount(row['Low'])} to {_amount(row['High'])}",
            _ranks(row["Rank at best"], row["Rank at worst"]),
            percent(row["Ground in view, %"] / 100),
        ]
        for number, row in enumerate(shown.to_dict("records"), 1)
    ]
    table = paper.table(heads, rows, ACROSS, names=1, name_lines=name_lines)
    top = paper.down(sheet.canvas, table, top, MARGIN, ACROSS)
    return sheet.down(coverage_words.about_ranks(sheet.gaps, len(sheet.gaps)), QUIET, top - 3)


def _amount(value: float) -> str:
    """A rounded amount, with thousands apart and no decimal that says nothing.

    >>> _amount(16327.0), _amount(7.5), _amount(3.0)
    ('16,327', '7.5', '3')
    """
    return f"{value:,.1f}".removesuffix(".0")


def _ranks(best: int, worst: int) -> str:
    """Which ranks a place may hold.

    >>> _ranks(2, 1045), _ranks(1, 1)
    ('2 to 1,045', '1')
    """
    return f"{best:,}" if best == worst else f"{best:,} to {worst:,}"


def _cameras(sheet: Print, top: float) -> float:
    """Cameras of each layer, how their directions are known, and what they see alone."""
    top = sheet.heading("Cameras, and how it is known which way they look", top)
    counted = sheet.found.counted
    if not any(one.listed for one in counted.values()):
        return sheet.down("No camera is listed yet.", BODY, top)
    heads = ["", "Listed", *(STANDING_HEADS[standing] for standing in STANDINGS), "Lens\nassumed", "Ground in\nview alone"]  # fmt: skip
    rows = [
        [
            LAYERS[layer],
            f"{one.listed:,}",
            *(f"{one.by_standing[standing]:,}" for standing in STANDINGS),
            f"{one.assumed_optics:,}",
            percent(one.ground, 2),
        ]
        for layer, one in counted.items()
    ]
    table = paper.table(heads, rows, ACROSS)
    return paper.down(sheet.canvas, table, top, MARGIN, ACROSS)


def _ground(sheet: Print, top: float) -> float:
    """Shares of public ground at each level, and of street metres."""
    top = sheet.heading("Public ground in view", top, MARGIN, HALF)
    level, lights = sheet.found.question.level, [sheet.found.in_sight[light] for light in ("day", "dark")]
    rows = [
        [words, *(percent(light.by_level[name], 2) for light in lights)]
        for name, words in LEVEL_WORDS.items()
    ]
    table = paper.table(["A camera can show", LIGHTS["day"], LIGHTS["dark"]], rows, HALF)
    top = paper.down(sheet.canvas, table, top, MARGIN, HALF)
    more = f"At the level asked for ({level}) two cameras or more see {_by_light(light.twice for light in lights)}"
    if len(sheet.found.ground.streets):
        more += f"; of street metres {_by_light(light.streets for light in lights)} are in view"
    return sheet.down(f"{more}.", QUIET, top - 3, MARGIN, HALF)


def _by_light(shares: Iterable[float]) -> str:
    r"""Two shares in words.

    >>> _by_light([0.5, 0.25])
    '50.00\xa0% by day and 25.00\xa0% in the dark'
    """
    day_share, dark_share = shares
    return f"{percent(day_share, 2)} by day and {percent(dark_share, 2)} in the dark"


def _asked(sheet: Print, top: float) -> float:
    """The filters in words, the harm table, and how old the data are; beside the ground."""
    found, left = sheet.found, MARGIN + HALF + GUTTER
    top = sheet.heading("What was asked", top, left, HALF)
    elsewhere = {coverage_words.sentence(found), *coverage_words.caveats(found)}
    said = [note for note in coverage_words.notes(found) if note not in elsewhere]
    if len(found.crimes):
        last = pd.Timestamp(found.crimes.moment[-1], tz="UTC").tz_convert(found.crimes.zone)
        said.append(f"Incidents are loaded up to {day(last.date())}.")
    for note in said:
        top = sheet.down(note, BODY, top - 1.5, left, HALF)
    return top


def _not_said(sheet: Print, top: float) -> float:
    """What a reader might take from this that it does not say, in two columns."""
    top = sheet.heading("What this does not say", top)
    said = [paper.paragraph(each, BULLET, bullet="•") for each in _limits(sheet.found)]
    half = (len(said) + 1) // 2
    columns = paper.in_columns([said[:half], said[half:]], HALF, GUTTER)
    return paper.down(sheet.canvas, columns, top, MARGIN, ACROSS)


def _limits(found: Answer) -> list[str]:
    question = found.question
    counted = [found.counted[layer] for layer in question.layers]
    counting = sum(one.by_standing[standing] for one in counted for standing in question.standings)
    said = [
        *_interval_and_limits(found)[1],
        "Registering a camera gives nobody a view through it. Its owner is asked for footage, and may say no.",
        "Nothing here says that a camera prevented a crime or brought one about, nor that more of them would.",
        "Only incidents that were reported and recorded are counted.",
    ]
    if counting:
        assumed = sum(one.assumed_optics for one in counted)
        said.append(
            f"Of the {counting:,} cameras that count, the lens of {assumed:,} is not known: that of their kind is assumed."
        )
    if found.harm_table.name != "count":
        said.append(
            "How much harm an offence does is read from one table; another would rank blocks otherwise."
        )
    return said
