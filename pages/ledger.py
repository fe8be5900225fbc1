"""Ledger: is it whole, and what needs a look?"""

from __future__ import annotations

import streamlit as st

from pages.ui import formats, guard
from workflow import ledger

ABOUT = "How many owners, sites and cameras the entry is about."

actor = guard.require("ledger")
st.title("Ledger")
with st.spinner("Recomputing every hash…"):
    found = ledger.verify()
if found.problems:
    st.error(
        f"**Not verified.** {len(found.problems)} problems in {found.size:,} entries.",
        icon=":material/gpp_bad:",
    )
    for problem in found.problems:
        st.write(problem)
else:
    st.success(
        f"**Verified just now.** All {found.size:,} entries are whole.", icon=":material/verified_user:"
    )
st.caption(
    "Root of the tree: compare it with one kept elsewhere, or check a receipt with "
    "`python -m workflow.verify --receipt FILE`."
)
st.code(found.root.hex(), language=None)
entries = ledger.latest(actor)
st.subheader(f"The last {len(entries)} entries")
outcome = st.segmented_control(
    "Show",
    ["All", "done", "refused", "failed"],
    default="All",
    required=True,
    key="outcome",
    bind="query-params",
)
st.dataframe(
    entries if outcome == "All" else entries[entries["Outcome"] == outcome],
    hide_index=True,
    width="stretch",
    column_config=formats.MOMENTS | {"About": st.column_config.NumberColumn(help=ABOUT)},
)
