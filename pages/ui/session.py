"""Who is at this screen: the one place that touches the keys of st.session_state for it."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

import streamlit as st

from workflow import identity

if TYPE_CHECKING:
    from workflow.identity import Actor

TOKEN = "session_token"  # noqa: S105  the name of a key, not a secret


def actor() -> Actor | None:
    """Who is signed in here, checked against the session's row at every run."""
    return identity.who(st.session_state.get(TOKEN))


def begin(token: str) -> None:
    """Keep the token of a session that has just begun, and forget what anybody before was shown in this tab."""
    st.session_state.clear()
    st.session_state[TOKEN] = token


def end() -> None:
    """Sign out, and forget everything this browser tab was shown."""
    identity.sign_out(st.session_state.get(TOKEN, ""))
    st.session_state.clear()


def from_this_computer() -> bool:
    """Whether the browser is on the machine that serves it, with nothing in between.

    Streamlit gives no address for a visitor on loopback. A proxy on this machine would look the same,
    so a request that says it was forwarded does not count, nor does one for another host name.
    """
    headers = st.context.headers
    if any(headers.get(name) for name in ("X-Forwarded-For", "Forwarded", "X-Real-Ip")):
        return False
    host = (headers.get("Host") or "").rsplit(":", 1)[0].strip("[]")
    return _is_loopback(st.context.ip_address) and _is_loopback(host)


def _is_loopback(address: str | None) -> bool:
    if address is None or address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
