"""The parts of Coverage below its answer: the map, the card of a place, and the table of gaps with its files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from data.errors import PorchlightError
from pages.ui import coverage_layers, formats, maps
from workflow import coverage_files, coverage_words, gap_tables, place_card
from workflow.gap_tables import PLACES

if TYPE_CHECKING:
    import geopandas as gpd

    from workflow.coverage import Answer
    from workflow.identity import Actor

BLOCKS, STREETS = "blocks", "streets"
ROWS_SHOWN = 1000


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
