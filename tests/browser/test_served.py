"""What is served beside the pages: health, headers, and a public map with nothing private in it."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import urllib.error
import urllib.request

import psycopg
import pytest

from data.store import open_store
from tests import small_town
from tests.browser import wire
from tests.browser.conftest import Server
from tests.conftest import create_database
from tests.people import EMAIL, NAME, PHONE, register_camera
from workflow import identity

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
# The tiles that the middle of the small town is on.
TILE = "/map/0/14/4319/6567.mvt"
CLICKED = "/map/0/block/13/2159/3283.geojson"


@pytest.fixture(scope="module")
def server(town, key_file, tmp_path_factory):
    """A server of the small town, in which a camera is registered."""
    file = tmp_path_factory.mktemp("served") / "porchlight.duckdb"
    shutil.copy(town, file)
    store = open_store(f"duckdb:///{file}", key_file)
    register_camera(store, 5, 5, azimuth=225)
    store.close()
    running = Server(file, key_file)
    running.start()
    yield running
    running.stop()


def get(server, path: str, **headers: str):
    """Status, headers and body of an answer, whatever the status."""
    request = urllib.request.Request(server.url + path, headers=headers)  # noqa: S310 - our own address
    try:
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/look_up",
        "/healthz",
        TILE,
        CLICKED,
        "/map/0/none/13/0/0.geojson",
        "/media/none",
        "/_stcore/health",
        "/_stcore/host-config",
        "/static/none.js",
        "/app.py",
    ],
)
def test_every_answer_carries_the_security_headers(server, path):
    _, headers, _ = get(server, path)
    for name, value in HEADERS.items():
        assert headers.get_all(name) == [value]
    (policy,) = headers.get_all("Content-Security-Policy")
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert not re.search(r"https?:|\*|'unsafe-eval'", policy), "no other host, and no eval"
    assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]


def test_health_is_a_word_and_nothing_a_stranger_could_use(server):
    status, _, body = get(server, "/healthz")
    assert (status, json.loads(body)) == (200, {"status": "ok"})


@pytest.mark.parametrize(
    ("path", "media_type"), [(TILE, "application/vnd.mapbox-vector-tile"), (CLICKED, "application/geo+json")]
)
def test_a_tile_is_sent_compressed_and_kept_for_some_minutes(server, path, media_type):
    status, headers, body = get(server, path)
    assert status == 200
    assert headers["Content-Type"] == media_type
    assert headers["Content-Encoding"] == "gzip"
    assert headers["Cache-Control"] == "max-age=300"
    assert len(gzip.decompress(body)) > 300, "the town is on it"


@pytest.mark.parametrize(
    "path", ["/map/0/16/0/0.mvt", "/map/0/3/8/0.mvt", "/map/0/building/13/2159/3283.geojson"]
)
def test_a_tile_that_cannot_be_is_404(server, path):
    assert get(server, path)[0] == 404


def test_scripts_and_styles_are_sent_compressed_to_whoever_takes_that(server):
    _, _, page = get(server, "/")
    assets = re.findall(rb'(?:src|href)="\./(static/[^"]+\.(?:js|css))"', page)
    assert assets
    for asset in assets:
        path = f"/{asset.decode()}"
        _, headers, plain = get(server, path)
        assert headers["Content-Encoding"] is None
        _, headers, body = get(server, path, **{"Accept-Encoding": "gzip, br"})
        assert headers["Content-Encoding"] == "gzip"
        assert "immutable" in headers["Cache-Control"]
        assert headers["Vary"] == "Accept-Encoding"
        assert gzip.decompress(body) == plain


@pytest.mark.parametrize("path", [TILE, CLICKED, "/healthz", "/"])
def test_nothing_private_is_in_what_everybody_may_fetch(server, path):
    _, headers, body = get(server, path)
    text = (gzip.decompress(body) if headers["Content-Encoding"] == "gzip" else body).decode(errors="replace")
    lon, lat = small_town.lon_lat(5, 5)
    for private in (
        NAME,
        EMAIL,
        PHONE,
        "251 Maple St",
        "351 Maple St",
        "Ana Reyes",
        f"{lon:.6f}",
        f"{lat:.6f}",
    ):
        assert private not in text


@pytest.mark.parametrize(
    "layer", ["camera", "owner", "site", "incident", "district", "../camera", "block/../owner", ""]
)
def test_no_other_table_is_a_map_layer(server, layer):
    status, headers, _ = get(server, CLICKED.replace("block", layer))
    assert status >= 400 or headers["Content-Type"].startswith("text/html"), "at most the shell of the pages"


def test_a_database_that_is_gone_is_503_and_a_sentence(postgresql, postgresql_template, key_file, tmp_path):
    create_database(postgresql, "test_gone", postgresql_template)
    url = postgresql.set(database="test_gone").render_as_string(hide_password=False)
    store = open_store(url, key_file)
    small_town.build(store)
    link = identity.make_link("Dana Fields", "command", store=store)
    store.close()
    running = Server(tmp_path / "unused", key_file, url)
    running.start()
    try:
        with wire.visit(running.port) as visitor:
            assert "No incidents are loaded yet" in wire.words(
                visitor.ask(page_name="coverage", query=f"sign_in={link}")
            )
            with psycopg.connect(postgresql.render_as_string(hide_password=False), autocommit=True) as server:
                server.execute("DROP DATABASE test_gone WITH (FORCE)")
            status, headers, body = get(running, "/healthz")
            assert (status, json.loads(body)) == (503, {"status": "failing"})
            assert headers["X-Frame-Options"] == "DENY"
            assert get(running, TILE)[0] == 503
            received = visitor.ask(page_name="coverage")
            assert "Something went wrong on our side." in wire.words(received)
            assert "exception" not in wire.kinds(received)
            assert "test_gone" not in "".join(map(str, received))
    finally:
        running.stop()
