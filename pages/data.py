"""Data: what is loaded, how fresh, what was refused?"""

from __future__ import annotations

import streamlit as st

from pages.ui import formats, guard
from workflow import sources

actor = guard.require("data")
st.title("Data")
loads, refused = sources.loads(actor), sources.refused(actor)
if loads.empty:
    st.markdown("#### Nothing has been loaded from a file yet.")
    st.caption("Load a crime export with `python -m data.load incidents FILE`; docs/loading.md has the rest.")
else:
    newest = loads.iloc[0]
    st.markdown(
        f"#### {len(loads):,} files loaded, the last on {newest['When (UTC)']:%d %B %Y}. "
        f"{refused['Rows'].sum():,} rows wait in quarantine."
    )
    st.dataframe(loads, hide_index=True, width="stretch", column_config=formats.MOMENTS)
if not refused.empty:
    st.subheader("In quarantine, by what is wrong")
    st.dataframe(refused, hide_index=True, width="stretch")
    st.caption(
        "Take them out, mend them and load them again: `python -m data.load quarantine export --out FILE`."
    )
