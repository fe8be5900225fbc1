"""What is served: the pages, and the few HTTP routes beside them.

`streamlit run app.py` starts it. The script that Streamlit runs is pages/router.py and not this
file: a script with a folder pages/ beside it would have those pages served past the gate.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import mimetypes
import re
import threading
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from analytics import viewshed
from pages.ui import layout
from workflow import city_map, coverage, health, map_tiles

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

INDEX = Path(st.__file__).parent / "static" / "index.html"
ASSETS = INDEX.parent / "static"
PUBLIC_MAP_SECONDS = 300


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


class CompressedAssets:
    """Sends Streamlit's scripts and styles compressed, which it does not: a first visit takes a third of the bytes.

    Each is compressed once, when it is first asked for, and kept.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.assets = {
            f"/static/{file.relative_to(ASSETS).as_posix()}": file
            for file in ASSETS.rglob("*")
            if file.suffix in (".js", ".css")
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer for an asset a browser takes compressed; pass everything else on."""
        file = self.assets.get(scope.get("path", "")) if scope["type"] == "http" else None
        if file is None or scope["method"] != "GET" or not self._takes_gzip(scope):
            await self.app(scope, receive, send)
            return
        headers = {
            "Content-Encoding": "gzip",
            "Vary": "Accept-Encoding",
            "Cache-Control": "public, immutable, max-age=31536000",  # its name changes with its content
        }
        media_type = mimetypes.types_map[file.suffix]
        body = await run_in_threadpool(_compressed_asset, file)
        await Response(body, media_type=media_type, headers=headers)(scope, receive, send)

    @staticmethod
    def _takes_gzip(scope: Scope) -> bool:
        return "gzip" in Headers(scope=scope).get("accept-encoding", "")


@cache
def _compressed_asset(file: Path) -> bytes:
    return gzip.compress(file.read_bytes(), compresslevel=6, mtime=0)


async def healthz(_: Request) -> Response:
    """Whether the records can be read: 200 or 503, and nothing a stranger could use."""
    healthy = await run_in_threadpool(health.is_well)
    return JSONResponse({"status": "ok" if healthy else "failing"}, 200 if healthy else 503)


async def map_tile(request: Request) -> Response:
    """One tile of the base map."""
    return await _tile_of(map_tiles.tile, request, "application/vnd.mapbox-vector-tile")


async def map_clicked(request: Request) -> Response:
    """One tile of what can be clicked of a layer of the map."""
    clicked = partial(map_tiles.clicked, request.path_params["name"])
    return await _tile_of(clicked, request, "application/geo+json")


async def _tile_of(tile: Callable[..., bytes | None], request: Request, media_type: str) -> Response:
    """The version in the address is for the browser; what is sent is always the map as it is now."""
    if not await run_in_threadpool(health.is_well):
        return Response(status_code=503)
    place = [request.path_params[name] for name in ("z", "x", "y")]
    body = await run_in_threadpool(lambda: tile(*place, city_map.map_version()))
    if body is None:
        return Response(status_code=404)
    headers = {"Content-Encoding": "gzip", "Cache-Control": f"max-age={PUBLIC_MAP_SECONDS}"}
    return Response(body, media_type=media_type, headers=headers)


def prepare() -> None:
    """Compile, and work out what every camera sees, so that no page waits for it."""
    viewshed.warm()
    coverage.warm()


@contextlib.asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Prepare what pages would otherwise wait for; give the database back at the end."""
    # Opened once, before two first visitors at the same moment could each try.
    if await run_in_threadpool(health.is_well):
        threading.Thread(target=prepare, daemon=True).start()
    yield
    health.close()


app = st.App(
    "pages/router.py",
    routes=[
        Route("/healthz", healthz),
        Route("/map/{version:int}/{z:int}/{x:int}/{y:int}.mvt", map_tile),
        Route("/map/{version:int}/{name}/{z:int}/{x:int}/{y:int}.geojson", map_clicked),
    ],
    middleware=[Middleware(SecurityHeaders), Middleware(CompressedAssets)],
    lifespan=lifespan,
    on_script_error=layout.apologise,
)
