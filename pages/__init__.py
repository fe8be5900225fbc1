"""One screen a file; router.py is the script that Streamlit runs."""
