"""What is served: the pages, and the few HTTP routes beside them.

`streamlit run app.py` starts it. The script that Streamlit runs is pages/router.py and not this
file: a script with a folder pages/ beside it would have those pages served past the gate.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import re
import threading
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from analytics import viewshed
from pages.ui import layout
from workflow import city_map, health

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

INDEX = Path(st.__file__).parent / "static" / "index.html"
PUBLIC_LAYER_SECONDS = 300


def content_security_policy() -> str:
    """What the browser may load: our own origin, and Streamlit's one inline script by its hash."""
    inline = re.findall(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", INDEX.read_text(), re.DOTALL)
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" for script in inline
    )
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' 'wasm-unsafe-eval' {hashes}",
            "style-src 'self' 'unsafe-inline'",  # Streamlit's components style themselves inline
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self' data:",  # pictures laid on the map are fetched from the address they come in
            "worker-src 'self' blob:",  # MapLibre starts its workers from a blob
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


class SecurityHeaders:
    """Adds the same security headers to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.headers = [
            (name.lower().encode(), value.encode())
            for name, value in {
                "Content-Security-Policy": content_security_policy(),
                "X-Content-Type-Options": "nosniff",
                "X-Frame-Options": "DENY",
                "Referrer-Policy": "no-referrer",
                "Cross-Origin-Opener-Policy": "same-origin",
                "Permissions-Policy": "camera=(), microphone=(), geolocation=(self), payment=()",
            }.items()
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on, with the headers added as an answer starts."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                ours = {name for name, _ in self.headers}
                kept = [header for header in message["headers"] if header[0].lower() not in ours]
                message["headers"] = kept + self.headers
            await send(message)

        await self.app(scope, receive, send_with_headers)


async def healthz(_: Request) -> Response:
    """Whether the records can be read: 200 or 503, and nothing a stranger could use."""
    healthy = await run_in_threadpool(health.is_well)
    return JSONResponse({"status": "ok" if healthy else "failing"}, 200 if healthy else 503)


async def map_style(request: Request) -> Response:
    """The style of the base map."""
    theme = request.path_params["theme"]
    if theme not in city_map.STYLES:
        return Response(status_code=404)
    return Response(city_map.style_json(theme), media_type="application/json")


async def map_layer(request: Request) -> Response:
    """One public layer of the base map."""
    name = request.path_params["name"]
    if name not in city_map.LAYERS:
        return Response(status_code=404)
    if not await run_in_threadpool(health.is_well):
        return Response(status_code=503)
    body = await run_in_threadpool(_current_layer, name)
    headers = {"Content-Encoding": "gzip", "Cache-Control": f"max-age={PUBLIC_LAYER_SECONDS}"}
    return Response(body, media_type="application/geo+json", headers=headers)


def _current_layer(name: str) -> bytes:
    return _compressed_layer(name, city_map.map_version())


@lru_cache(maxsize=2 * len(city_map.LAYERS))
def _compressed_layer(name: str, _version: int) -> bytes:
    """The version only makes a new load of the layer a new question."""
    return gzip.compress(city_map.geojson(name), compresslevel=5)


@contextlib.asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Compile what pages would otherwise wait for; give the database back at the end."""
    threading.Thread(target=viewshed.warm, daemon=True).start()
    yield
    health.close()


app = st.App(
    "pages/router.py",
    routes=[
        Route("/healthz", healthz),
        Route("/map/style-{theme}.json", map_style),
        Route("/map/{name}.geojson", map_layer),
    ],
    middleware=[Middleware(SecurityHeaders)],
    lifespan=lifespan,
    on_script_error=layout.apologise,
)
