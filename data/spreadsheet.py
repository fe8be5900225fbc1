"""Cells that a spreadsheet opens as text and not as a formula."""

from __future__ import annotations

import re

FORMULA = re.compile(r"[=+\-@\t\r]")
NUMBER = re.compile(r"[+-]?\d[\d.,]*([eE][+-]?\d+)?")


def neutralised(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet would take it for a formula.

    >>> neutralised("=HYPERLINK(1)"), neutralised("-85.08"), neutralised("Oak Street")
    ("'=HYPERLINK(1)", '-85.08', 'Oak Street')
    """
    return "'" + text if FORMULA.match(text) and not NUMBER.fullmatch(text) else text


def restored(text: str) -> str:
    """The text as it was before `neutralised`.

    >>> restored("'=HYPERLINK(1)"), restored("'quoted'")
    ('=HYPERLINK(1)', "'quoted'")
    """
    return text[1:] if text.startswith("'") and FORMULA.match(text[1:]) else text
