"""Coverage: what do we see, and what don't we?"""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from analytics import coverage as pictures
from analytics import optics
from data.errors import PorchlightError
from pages.ui import formats, guard, maps
from workflow import coverage

LEVEL_WORDS = {
    "detect": "that something moves (detect)",
    "observe": "what happens (observe)",
    "recognise": "somebody one knows (recognise)",
    "identify": "who a stranger is (identify)",
}
BLOCKS = "blocks"

actor = guard.require("coverage")
st.title("Coverage")

span = coverage.period()
with st.container(horizontal=True, vertical_alignment="bottom"):
    layers = st.pills(
        "Cameras",
        list(coverage.LAYERS),
        selection_mode="multi",
        default=list(coverage.LAYERS),
        format_func=coverage.LAYERS.__getitem__,
        key="cameras",
        bind="query-params",
    )
    level = st.selectbox(
        "A camera must show",
        list(optics.LEVELS),
        index=list(optics.LEVELS).index("observe"),
        format_func=LEVEL_WORDS.__getitem__,
        help="Levels of IEC 62676-4: 25, 62.5, 125 and 250 pixels a metre.",
        key="level",
        bind="query-params",
    )
    if span:
        first, last = span
        days = st.date_input(
            "Incidents of",
            (max(first, last - timedelta(days=364)), last),
            min_value=first,
            max_value=last,
            key="days",
            bind="query-params",
        )
with_assumed = st.toggle(
    "Count directions that were assumed, too",
    key="assumed",
    bind="query-params",
    help="An assumed direction was worked out from other facts and not stated by anybody. It normally counts for nothing.",
)
if not span:
    st.info("No incidents are loaded yet. Load a crime export: `python -m data.load incidents FILE`.")
    st.stop()
if len(days) != 2:
    st.info("Choose the last day as well.")
    st.stop()

try:
    with st.spinner("Working out what every camera sees past the buildings…"):
        city = coverage.city_coverage(
            actor, *days, level=level, layers=frozenset(layers), with_assumed=with_assumed
        )
except PorchlightError as error:
    st.error(str(error))
    st.stop()

seen, counted = city.incidents, city.counted
st.markdown(f"#### {coverage.sentence(city, frozenset(layers), LEVEL_WORDS[level])}")
stated = sum(counted[layer].stated for layer in layers)
listed = sum(counted[layer].listed for layer in layers)
# Where no camera counts there is no share to have an interval.
interval = (
    f"; 95 % interval {formats.share(seen.low, 1)} to {formats.share(seen.high, 1)}"
    if stated or seen.in_view
    else ""
)
st.caption(
    f"{formats.day(city.since)} to {formats.day(city.until)}{interval}. Where a camera could see is not where "
    "footage exists: it may have been off, overwritten or never asked for. Published places are exact to about a "
    "block." + (f" {city.outside:,} more incidents lie outside the map." if city.outside else "")
)
with st.container(horizontal=True):
    st.metric("Incidents in view", f"{seen.in_view:,} of {seen.incidents:,}", border=True)
    st.metric("The city's ground in view", formats.share(city.ground_in_view, 1), border=True)
    st.metric(
        "Cameras that count",
        f"{stated:,} of {listed:,}",
        border=True,
        help="A camera counts when its direction was verified or stated by its owner, or it looks all round.",
    )

shown = st.segmented_control(
    "On the map",
    ["Coverage", "Crime", "Both"],
    default="Coverage",
    label_visibility="collapsed",
    required=True,
    key="map",
    bind="query-params",
)
drawn = []
crs, grid = city.ground.crs, city.ground.grid
if shown != "Coverage":
    crime_grid, counts = city.crime
    steps = formats.steps(counts)
    colours = maps.with_nothing(maps.CRIME_COLOURS[: len(steps)])
    rgba = pictures.picture(crime_grid, counts, steps, colours, crs)
    drawn.append(maps.picture(rgba, pictures.picture_bounds(crime_grid, crs)))
if shown != "Crime":
    colours = maps.with_nothing(maps.LEVEL_COLOURS[maps.theme()].values())
    rgba = pictures.picture(grid, city.best_px_per_m, list(optics.LEVELS.values()), colours, crs)
    drawn.append(maps.picture(rgba, pictures.picture_bounds(grid, crs)))
drawn.append(maps.blocks(BLOCKS))
event = st.pydeck_chart(
    maps.deck(drawn, pictures.picture_bounds(grid, crs)),
    height=maps.MAP_PIXELS,
    on_select="rerun",
    selection_mode="single-object",
    key="coverage_map",
    alt="A map of the city with what its cameras can see, and where crime was recorded.",
)
if shown != "Crime":
    level_colours = maps.LEVEL_COLOURS[maps.theme()]
    maps.legend("A camera can show", {LEVEL_WORDS[name]: level_colours[name] for name in optics.LEVELS})
if shown != "Coverage":
    maps.legend(
        f"Incidents in {city.crime[0].cell:.0f} m squares",
        {f"{step:.0f} or more": colour for step, colour in zip(steps, maps.CRIME_COLOURS, strict=False)},
    )

chosen = event["selection"]["objects"].get(BLOCKS)
if chosen:
    block = city.blocks.loc[chosen[0]["properties"]["id"]]
    st.subheader(block["name"])
    with st.container(horizontal=True):
        st.metric("Incidents in view", f"{block['in_view']:,} of {block['incidents']:,}", border=True)
        st.metric("Ground in view", formats.share(block["ground_in_view"], 1), border=True)
else:
    st.caption("Click a block on the map for its numbers.")

st.subheader("Which cameras count")
st.dataframe(coverage.counted_table(city.counted), hide_index=True, width="stretch")
st.subheader("Blocks with the most crime out of view")
st.dataframe(coverage.blocks_table(city), hide_index=True, width="stretch", height=390)
st.download_button(
    "All blocks (CSV)",
    coverage.blocks_csv(city),
    file_name=f"coverage {city.since} to {city.until}.csv",
    mime="text/csv",
    icon=":material/download:",
    on_click="ignore",
)
