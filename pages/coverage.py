"""Coverage: what do we see, and what don't we?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from data.errors import PorchlightError
from pages.ui import coverage_filters, coverage_layers, formats, guard, maps, proposing
from workflow import comparison, coverage, coverage_files, coverage_words, gap_tables, place_card
from workflow.gap_tables import PLACES

if TYPE_CHECKING:
    import geopandas as gpd

    from pages.ui.coverage_filters import Asked
    from workflow.coverage import Answer
    from workflow.identity import Actor

BLOCKS, STREETS = "blocks", "streets"
ROWS_SHOWN = 1000


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


def show_map(
    found: Answer, before: Answer | None, tables: dict[str, gpd.GeoDataFrame]
) -> tuple[str, int] | None:
    """The map, and which block or street was clicked on it."""
    pictures = [*coverage_layers.PICTURES, *([coverage_layers.CHANGE] if before else [])]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        picture = st.segmented_control(
            "On the map", pictures, default=pictures[-1] if before else pictures[0], required=True,
            key="map" if before is None else "map_compared", wrap=True, bind="query-params",
        )  # fmt: skip
        over = st.pills(
            "Over it", coverage_layers.OVERLAYS, selection_mode="multi", key="over", bind="query-params"
        )
        clicked = st.segmented_control(
            "A click chooses",
            ["Blocks", "Streets"],
            default="Blocks",
            required=True,
            key="clicks",
            bind="query-params",
        )
    if picture == "Gaps":
        layer, legend = coverage_layers.gaps(found, tables["block"])
    elif picture == "Incidents":
        layer, legend = coverage_layers.incidents(found)
    elif picture == "Chance of footage":
        layer, legend = coverage_layers.chance(found, coverage_files.chances(found))
    elif picture == coverage_layers.CHANGE and before is not None:
        layer, legend = coverage_layers.change(before, found)
    else:
        layer, legend = coverage_layers.levels(found)
    drawn = [layer, *coverage_layers.overlays(found, over)]
    if picture == "Gaps":
        drawn.append(coverage_layers.worst(found, tables["block"], "block"))
    drawn.append(maps.blocks(BLOCKS) if clicked == "Blocks" else maps.streets(STREETS))
    event = st.pydeck_chart(
        maps.deck(drawn, coverage_layers.bounds(found)),
        height=maps.MAP_PIXELS,
        on_select="rerun",
        selection_mode="single-object",
        key="coverage_map",
        alt=f"A map of the city: {picture.lower()}.",
    )
    maps.legend(coverage_layers.TITLES[picture], legend)
    if coverage_layers.OVERLAYS[0] in over:
        maps.legend("Whose", coverage_layers.device_legend())
    for layer_id, of in ((BLOCKS, "block"), (STREETS, "street")):
        chosen = event["selection"]["objects"].get(layer_id)
        if chosen:
            return of, int(chosen[0]["properties"]["id"])
    st.caption(f"Click one of the {clicked.lower()} for its card; in a large city come nearer first.")
    return None


def show_card(found: Answer, of: str, place_id: int, table: gpd.GeoDataFrame) -> None:
    """What is seen of a place, by which kinds of cameras, and which crimes were not."""
    try:
        card = place_card.card(found, of, place_id)
    except PorchlightError as error:
        st.error(str(error))  # a tile of an older map was clicked
        return
    row = table.loc[place_id]
    with st.container(border=True):
        st.subheader(row["name"] or "A street without a name")
        st.markdown(coverage_words.place_sentence(found, row, card))
        left, middle, right = st.columns(3)
        left.caption(f"{'Street metres' if of == 'street' else 'Public ground'} in view")
        left.dataframe(card.in_sight, hide_index=True)
        middle.caption("Cameras that see some of it")
        middle.dataframe(card.cameras, hide_index=True, placeholder="None")
        right.caption("Incidents")
        right.dataframe(card.unseen, hide_index=True, placeholder="None")


def show_gaps(actor: Actor, found: Answer, tables: dict[str, gpd.GeoDataFrame]) -> None:
    """The table of gaps, and all of it as a file."""
    st.subheader("Where harm happens that no camera sees")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        of = st.segmented_control(
            "By",
            list(PLACES),
            default="block",
            required=True,
            format_func=PLACES.__getitem__,
            key="by",
            bind="query-params",
        )
        wanted = st.text_input("Find a place", placeholder="Part of its name", key="find", width=260)
    if of not in tables:
        tables[of] = gap_tables.gap_table(found, of)
    shown = coverage_words.gaps_shown(tables[of], found)
    st.dataframe(
        coverage_words.with_name(shown, wanted).drop(columns="geometry").head(ROWS_SHOWN),
        hide_index=True,
        width="stretch",
        height=390,
        column_config=formats.columns(shown),
        placeholder="No place has such a name.",
    )
    st.caption(coverage_words.about_ranks(tables[of], ROWS_SHOWN))
    with st.container(horizontal=True):
        for file in coverage_files.files(actor, found, of, shown):
            st.download_button(
                file.label,
                file.content,
                file_name=file.name,
                mime=file.mime,
                icon=":material/download:",
                on_click="ignore",
            )


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
    chosen = show_map(found, before, tables)
    if chosen is not None:
        of, place_id = chosen
        if of not in tables:
            tables[of] = gap_tables.gap_table(found, of)
        show_card(found, of, place_id, tables[of])
    show_gaps(actor, found, tables)
    with st.expander("Which cameras count, and how much ground they see"):
        st.dataframe(coverage_words.counted_table(found), hide_index=True, width="stretch")
        st.dataframe(coverage_words.ground_table(found), hide_index=True, width="stretch")


person = guard.require("coverage")
main(person)
