"""What prints share: a typeface with every Latin letter, ink, and text that fits its place."""

from __future__ import annotations

import html
import re
import unicodedata
from importlib import resources
from typing import TYPE_CHECKING

from reportlab.lib.colors import Color
from reportlab.lib.styles import ParagraphStyle as Style
from reportlab.lib.utils import simpleSplit
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Paragraph, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reportlab.pdfgen.canvas import Canvas
    from reportlab.platypus import Flowable

REGULAR, STRONG = "SourceSansPro-Regular", "SourceSansPro-Semibold"
INK, QUIET, RULE = Color(0.11, 0.13, 0.16), Color(0.36, 0.39, 0.42), Color(0.81, 0.83, 0.85)
WARNING, WARNING_INK = Color(1, 0.93, 0.72), Color(0.36, 0.24, 0)
CELL_SIZE, HEAD_SIZE, CELL_GAP = 9.0, 8.5, 12.0
UNKNOWN = "?"


def _ready() -> frozenset[int]:
    """Makes the typeface ready; the characters it has."""
    files = resources.files("font_source_sans_pro") / "files"
    for name in (REGULAR, STRONG):
        with resources.as_file(files / f"{name}.ttf") as file:
            pdfmetrics.registerFont(TTFont(name, file))
    return frozenset(pdfmetrics.getFont(REGULAR).face.charToGlyph)


LETTERS = _ready()


def printable(text: str) -> str:
    r"""The text on one line, in characters that the typeface has.

    A letter whose accent it lacks loses the accent; what is no Latin, Greek or Cyrillic letter at all becomes
    a question mark, and never an empty box.

    >>> printable("Peña’s\nŁódź\tCafe\u0301 Ǡ 東"), printable("a\x00b")
    ('Peña’s Łódź Café A ?', 'ab')
    """
    spaced = re.sub(r"[ \t\r\n\f\v]+", " ", unicodedata.normalize("NFC", text)).strip(" ")
    return "".join(_printable(letter) for letter in spaced)


def _printable(letter: str) -> str:
    if (ord(letter) in LETTERS and letter.isprintable()) or letter == "\N{NO-BREAK SPACE}":
        return letter
    if unicodedata.category(letter).startswith("C"):
        return ""
    base = unicodedata.normalize("NFKD", letter)[0]
    return base if ord(base) in LETTERS else UNKNOWN


def width_of(text: str, size: float, font: str = REGULAR) -> float:
    """How many points wide a printable text is."""
    return pdfmetrics.stringWidth(text, font, size)


def fitted(text: str, width: float, size: float, font: str = REGULAR) -> str:
    """The printable text, cut with … where it is wider than so many points.

    >>> fitted("Main St", 100, 10), fitted("Martin Luther King Jr Boulevard", 60, 10)
    ('Main St', 'Martin Luth…')
    """
    # No text of a line needs more, and a longer one would be measured in vain.
    whole = printable(text[:1000])
    if width_of(whole, size, font) <= width:
        return whole
    room = width - width_of("…", size, font)
    kept, used = "", 0.0
    for letter in whole:
        used += width_of(letter, size, font)
        if used > room:
            break
        kept += letter
    return kept.rstrip() + "…"


def in_two_lines(text: str, width: float, size: float, font: str = REGULAR) -> str:
    r"""The printable text, broken once where it is wider than so many points, and cut where that is not enough.

    >>> in_two_lines("Martin Luther King Jr Boulevard and Georgia Avenue", 95, 10)
    'Martin Luther King Jr\nBoulevard and Geor…'
    """
    first, *rest = simpleSplit(printable(text[:1000]), font, size, width) or [""]
    return "\n".join(
        [fitted(first, width, size, font), *([fitted(" ".join(rest), width, size, font)] if rest else [])]
    )


def line(
    canvas: Canvas,
    text: str,
    x: float,
    y: float,
    room: float,
    size: float,
    *,
    strong: bool = False,
    colour: Color = INK,
    align: str = "left",
) -> None:
    """One line of text on the line at `y`, cut to its room; `x` is its left, its middle or its right end."""
    font = STRONG if strong else REGULAR
    shown = fitted(text, room, size, font)
    canvas.setFillColor(colour)
    canvas.setFont(font, size)
    draw = {"left": canvas.drawString, "middle": canvas.drawCentredString, "right": canvas.drawRightString}[
        align
    ]
    draw(x, y, shown)


def style(
    size: float, *, strong: bool = False, colour: Color = INK, indent: float = 0, after: float = 0
) -> Style:
    """How a paragraph looks: with an indent that holds its bullet, and so much room after it."""
    return Style(
        f"{size} {strong}",
        fontName=STRONG if strong else REGULAR,
        fontSize=size,
        leading=size * 1.25,
        textColor=colour,
        leftIndent=indent,
        spaceAfter=after,
        bulletFontName=REGULAR,
        bulletFontSize=size,
        # A word that is longer than its line is broken, and does not run into the margin.
        splitLongWords=1,
    )


def paragraph(text: str, look: Style, *, bullet: str | None = None) -> Paragraph:
    """Text that is broken into lines; nothing in it is taken for markup."""
    return Paragraph(html.escape(printable(text), quote=False), look, bulletText=bullet)


def table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], across: float, *, names: int = 0, name_lines: int = 1
) -> Table:
    """A table of text, `across` points wide: what names each row is in column `names`, right of it are numbers.

    Numbers have the room they need. Names have the rest, in one line or two, and are cut to fit.
    """
    widths = [
        CELL_GAP
        + max(
            *(width_of(line, HEAD_SIZE, STRONG) for line in heads[column].split("\n")),
            *(width_of(row[column], CELL_SIZE) for row in rows),
        )
        for column in range(len(heads))
    ]
    widths[names] += across - sum(widths)
    fit = in_two_lines if name_lines == 2 else fitted
    cells = [[*row[:names], fit(row[names], widths[names] - 4, CELL_SIZE), *row[names + 1 :]] for row in rows]
    look = [
        ("FONT", (0, 0), (-1, -1), REGULAR, CELL_SIZE, 10.8),
        ("FONT", (0, 0), (-1, 0), STRONG, HEAD_SIZE, 9.8),
        ("TEXTCOLOR", (0, 0), (-1, -1), INK),
        ("ALIGN", (0, 0), (names, -1), "LEFT"),
        ("ALIGN", (names + 1, 0), (-1, -1), "RIGHT"),
        ("VALIGN", (0, 0), (-1, 0), "BOTTOM"),
        ("VALIGN", (0, 1), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 1.8),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2.2),
        ("LINEBELOW", (0, 0), (-1, 0), 0.8, INK),
        ("LINEBELOW", (0, 1), (-1, -1), 0.3, RULE),
    ]
    return Table([list(heads), *cells], colWidths=widths, style=look)


def in_columns(columns: Sequence[list[Flowable]], width: float, gutter: float) -> Table:
    """Columns side by side."""
    cells = [cell for column in columns for cell in (column, "")][:-1]
    widths = [size for _ in columns for size in (width, gutter)][:-1]
    no_padding = [(f"{side}PADDING", (0, 0), (-1, -1), 0) for side in ("LEFT", "RIGHT", "TOP", "BOTTOM")]
    return Table(
        [cells],
        colWidths=widths,
        style=[("FONT", (0, 0), (-1, -1), REGULAR), ("VALIGN", (0, 0), (-1, -1), "TOP"), *no_padding],
    )


def down(canvas: Canvas, what: Flowable, top: float, left: float, width: float) -> float:
    """Draw something from `top` down; where it ends."""
    _, height = what.wrapOn(canvas, width, top)
    what.drawOn(canvas, left, top - height)
    return top - height
