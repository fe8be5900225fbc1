"""A real server and a real Chromium. No test here may let the browser ask another host for anything."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from data.store import Store, open_store
from tests import small_town
from tests.browser import install

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROJECT = Path(__file__).resolve().parents[2]
START_SECONDS = 60
PATIENCE_MS = 15_000  # a loaded machine is slow, not wrong
FLAGS = [
    "--use-angle=swiftshader",  # maps need WebGL, and a test machine has no graphics card
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LOCAL = ("127.0.0.1", "localhost", "")  # blob: and data: have no host


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Server:
    """Porchlight as it is served, on a port and a store of its own: a DuckDB file unless another is named."""

    file: Path
    key_file: Path
    store_url: str | None = None
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where the browser finds it."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """All that the server has printed."""
        return self.file.with_suffix(".log").read_text(errors="replace")

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.launch()
        self._wait(self._is_well)

    def start_cold(self) -> None:
        """Start it and wait until it listens, without asking it for anything."""
        self.launch()
        self._wait(self._listens)

    def launch(self) -> None:
        """Start it; it may take a while to listen."""
        environment = os.environ | {
            "DATABASE_URL": self.store_url or f"duckdb:///{self.file}",
            "PORCHLIGHT_KEY_FILE": str(self.key_file),
        }
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(self.port)]
        with self.file.with_suffix(".log").open("ab") as log:
            self.process = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=log, stderr=log)

    def _wait(self, until: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process is not None and self.process.poll() is None:
            if until():
                return
            time.sleep(0.1)
        self.stop()
        pytest.fail(f"The server did not start:\n{self.log}")

    def _is_well(self) -> bool:
        with contextlib.suppress(urllib.error.URLError, OSError):
            urllib.request.urlopen(f"{self.url}/healthz", timeout=5).close()  # noqa: S310 - our own address
            return True
        return False

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        """Stop it; the file can then be opened from here."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None

    @contextlib.contextmanager
    def records(self) -> Iterator[Store]:
        """The store the server has written. The server is stopped meanwhile, since DuckDB serves one process."""
        self.stop()
        store = open_store(f"duckdb:///{self.file}", self.key_file)
        try:
            yield store
        finally:
            store.close()
            self.start()


@pytest.fixture(scope="session")
def town(duckdb_template: Path, key_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DuckDB file with the small town in it, to be copied."""
    file = tmp_path_factory.mktemp("town") / "town.duckdb"
    shutil.copy(duckdb_template, file)
    store = open_store(f"duckdb:///{file}", key_file)
    small_town.build(store)
    store.close()
    return file


@pytest.fixture(scope="module")
def server(town: Path, key_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on a fresh copy of the small town, one for each test file."""
    file = tmp_path_factory.mktemp("server") / "porchlight.duckdb"
    shutil.copy(town, file)
    running = Server(file, key_file)
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The machine's Chromium, else Playwright's own."""
    expect.set_options(timeout=PATIENCE_MS)
    as_root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=install.installed(), args=FLAGS + as_root)
        yield opened
        opened.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Call it with the options of a browser context (viewport, color_scheme) for a page in one of its own.

    When the test is over, no page may have asked another host for anything, nor broken our
    Content-Security-Policy.
    """
    contexts: list[BrowserContext] = []
    strangers: list[str] = []
    violations: list[str] = []

    def note_host(address: str) -> None:
        if (urlsplit(address).hostname or "") not in LOCAL:
            strangers.append(address)

    def forget_blocked(address: str, reason: str | None) -> None:
        if reason == "csp" and address in strangers:
            strangers.remove(address)  # it never left the browser; the console has the violation

    def note_message(text: str) -> None:
        if "Content Security Policy" in text:
            violations.append(text)

    def open_one(**options: object) -> Page:
        context = browser.new_context(**options)  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: note_host(request.url))
        page.on("requestfailed", lambda request: forget_blocked(request.url, request.failure))
        page.on("websocket", lambda socket: note_host(socket.url))
        page.on("console", lambda message: note_message(message.text))
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert not strangers
    assert not violations


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    """A page at the width of a desk."""
    return open_page(viewport={"width": 1280, "height": 900})
