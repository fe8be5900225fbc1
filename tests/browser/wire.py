"""Streamlit's protocol without a browser, as an attacker would speak it.

A client says which page it wants, by its name or by the hash of a script, and sends what widgets hold;
the server answers with what the page shows.
"""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from websockets.sync.client import ClientConnection

SECONDS = 60  # the first run imports everything


class Visit:
    """One connection, which is one session of Streamlit's."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    def ask(
        self,
        *,
        page_name: str = "",
        page_hash: str = "",
        query: str = "",
        widgets: Mapping[str, object] | None = None,
        fragment: str = "",
    ) -> list[ForwardMsg]:
        """Everything the server sends for one run: the messages up to the end of the last script."""
        message = BackMsg()
        wanted = message.rerun_script
        wanted.page_name, wanted.page_script_hash = page_name, page_hash
        wanted.query_string, wanted.fragment_id = query, fragment
        for identifier, (kind, value) in (widgets or {}).items():
            held = wanted.widget_states.widgets.add()
            held.id = identifier
            setattr(held, kind, value)
        self.connection.send(message.SerializeToString())
        received: list[ForwardMsg] = []
        while True:
            frame = self.connection.recv(timeout=SECONDS)
            assert isinstance(frame, bytes)
            received.append(ForwardMsg.FromString(frame))
            if (
                received[-1].WhichOneof("type") == "script_finished"
                and received[-1].script_finished == ForwardMsg.FINISHED_SUCCESSFULLY
            ):
                return received


@contextlib.contextmanager
def visit(
    port: int, host: str = "127.0.0.1", headers: Mapping[str, str] | None = None, origin: str | None = None
) -> Iterator[Visit]:
    """A connection to the server on this machine, whatever host the client says it is for."""
    wire = socket.create_connection(("127.0.0.1", port))
    with connect(
        f"ws://{host}:{port}/_stcore/stream",
        sock=wire,
        subprotocols=["streamlit"],  # type: ignore[list-item]
        additional_headers=dict(headers or {}),
        origin=origin,  # type: ignore[arg-type]
        max_size=None,
    ) as connection:
        yield Visit(connection)


def kinds(received: list[ForwardMsg]) -> set[str]:
    """Which kinds of element a page has shown."""
    elements = (message.delta.new_element for message in received if message.HasField("delta"))
    return {kind for element in elements if (kind := element.WhichOneof("type"))}


def words(received: list[ForwardMsg]) -> str:
    """All that was sent, as text; what the browser was told of the navigation is left out."""
    return "\n".join(str(message.delta) for message in received if message.HasField("delta"))
