"""Where a step begins: at its top, or at what is wrong with it."""

from __future__ import annotations

from pages.ui.element import element


def show_top(step: str, problem: str | None = None) -> None:
    """Scroll to the top when `step` changes, and to the error message when there is a new `problem`."""
    element("scroll", js="scroll.js")(key="scroll", data={"step": step, "problem": problem}, height=1)
