"""What can be computed: arrays and frames in, frames out. No database, no network, no Streamlit."""
