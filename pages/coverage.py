"""Coverage: what do we see, and what don't we?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from data.errors import PorchlightError
from pages.ui import coverage_filters, coverage_parts, guard, proposing
from workflow import comparison, coverage, coverage_words, gap_tables

if TYPE_CHECKING:
    from pages.ui.coverage_filters import Asked
    from workflow.coverage import Answer
    from workflow.identity import Actor


def answers(actor: Actor, asked: Asked) -> tuple[Answer, Answer | None]:
    """The answer, and the one before it where two are compared."""
    with st.spinner("Working out what every camera sees past the buildings…"):
        now = coverage.answer(actor, asked.question)
        if asked.compare == "earlier":
            return now, comparison.at_the_end_of(actor, asked.question, asked.earlier)
    if asked.compare == "proposed":
        cameras = proposing.proposed()
        return (comparison.with_proposed(actor, asked.question, cameras), now) if cameras else (now, None)
    return now, None


def show_answer(found: Answer) -> None:
    """One sentence and three figures."""
    st.markdown(f"#### {coverage_words.sentence(found)}")
    with st.container(horizontal=True):
        for figure in coverage_words.figures(found):
            st.metric(
                figure.label,
                figure.value,
                figure.change,
                delta_color="normal" if figure.changed else "off",
                delta_arrow="auto" if figure.changed else "off",
                delta_description=figure.since,
                border=True,
                help=figure.help,
            )
    st.caption(" ".join(coverage_words.caveats(found)))


def main(actor: Actor) -> None:
    """The page from its question to its files."""
    st.title("Coverage")
    # The answer stands first, also on a phone, though the filters must be read before it is known.
    top, middle = st.container(), st.container()
    with middle:
        span = coverage.period()
        if not span:
            st.info("No incidents are loaded yet. Load a crime export: `python -m data.load incidents FILE`.")
            return
        asked = coverage_filters.asked(span)
        if asked is None:
            return
        try:
            found, before = answers(actor, asked)
        except PorchlightError as error:
            st.error(str(error))
            return
    with top:
        show_answer(found)
    if before is not None:
        st.dataframe(comparison.figures(before, found), hide_index=True)
    tables = {"block": gap_tables.gap_table(found, "block")}
    chosen = coverage_parts.show_map(found, before, tables)
    if chosen is not None:
        of, place_id = chosen
        if of not in tables:
            tables[of] = gap_tables.gap_table(found, of)
        coverage_parts.show_card(found, of, place_id, tables[of])
    coverage_parts.show_gaps(actor, found, tables)
    with st.expander("Which cameras count, and how much ground they see"):
        st.dataframe(coverage_words.counted_table(found), hide_index=True, width="stretch")
        st.dataframe(coverage_words.ground_table(found), hide_index=True, width="stretch")


person = guard.require("coverage")
main(person)
