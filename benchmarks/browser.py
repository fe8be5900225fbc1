"""The map in a browser at the size of a large city: what is sent, how soon it is there, how smoothly it pans.

    python -m benchmarks.browser [--store DUCKDB_FILE --key KEY_FILE]

Without --store it makes a large synthetic city in a temporary folder first, which takes about a minute; a file
that is named is copied. It starts the app, signs in as the demo person of command staff and opens Coverage in a
Chromium that draws in software: at a desk and on a phone, on a server that has just started and on a warm one.

Usable means that the sentence, the figures and the map can be seen, counted from pressing Sign in. What is sent
is counted as it goes over the wire, from the first byte of the visit until the map stands still; a browser that
was here before keeps most of it. Pan is how many frames a second the browser drew while the mouse dragged the map,
the whole city and three steps nearer; and what a frame cost of processor time, which tells more on a busy machine.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import itertools
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psutil
from playwright.sync_api import Error, sync_playwright

from tests.browser import conftest, install, person

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator, Page, Request, WebSocket

SIZES = {"desk": person.DESK, "phone": person.PHONE}
PATIENCE_MS = 180_000
PAN_SECONDS = 3.0
COLOURS_OF_A_MAP = 8  # a canvas that is still empty has one or two
COUNT_FRAMES = """
() => {
    window.frames_drawn = [];
    const count = (now) => { window.frames_drawn.push(now); window.counting = requestAnimationFrame(count); };
    window.counting = requestAnimationFrame(count);
}
"""
STOP_COUNTING = "() => { cancelAnimationFrame(window.counting); return window.frames_drawn; }"


class Traffic:
    """How many bytes a page was sent, by kind and by address."""

    def __init__(self, page: Page) -> None:
        self.requests: list[Request] = []
        self.messages = 0
        page.on("requestfinished", self._note)
        page.on("websocket", self._listen)

    def _note(self, request: Request) -> None:
        self.requests.append(request)

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framereceived", self._count)

    def _count(self, payload: str | bytes) -> None:
        self.messages += len(payload)

    def by_kind(self) -> dict[str, int]:
        """Bytes of Streamlit's own files, of the map, of its messages, and of everything else."""
        sent: collections.Counter[str] = collections.Counter({"messages": self.messages})
        for address, size in self.by_address():
            path = urlsplit(address).path
            kind = next((name for name in ("static", "map") if path.startswith(f"/{name}/")), "other")
            sent[kind] += size
        return dict(sent)

    def by_address(self) -> Iterator[tuple[str, int]]:
        """Every answer with its size, compressed as it was sent."""
        for request in self.requests:
            if request.url.startswith("http"):
                sizes = request.sizes()
                yield request.url, sizes["responseBodySize"] + sizes["responseHeadersSize"]


def visit(browser: Browser, url: str, size: dict[str, Any], *, detail: bool) -> dict[str, Any]:
    """One visit with an empty cache: seconds until usable, bytes sent, frames a second of a pan."""
    context = browser.new_context(**size)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    traffic = Traffic(page)
    started = time.perf_counter()
    page.goto(f"{url}/coverage")
    person_box = page.get_by_role("combobox", name="Person")
    person_box.wait_for()
    shell = time.perf_counter() - started
    person_box.click()
    page.get_by_role("option", name="Command").first.click()
    started = time.perf_counter()
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_test_id("stHeading").filter(has_text="Coverage").first.wait_for()
    page.locator("h4").first.wait_for()
    sentence = time.perf_counter() - started
    page.get_by_test_id("stMetric").first.wait_for()
    chart = page.get_by_test_id("stDeckGlJsonChart")
    chart.scroll_into_view_if_needed()
    until_drawn(page, chart)
    usable = time.perf_counter() - started
    person.settled(page)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1000)
    found = {"sign-in page": shell, "sentence": sentence, "usable": usable, "sent": traffic.by_kind()}
    if detail:
        largest = sorted(traffic.by_address(), key=lambda answer: -answer[1])[:15]
        found["largest"] = largest
    found["pan"] = {"whole city": pan(page, chart)}
    for _ in range(3):
        chart.get_by_role("button", name="Zoom In").click()
        page.wait_for_timeout(800)
    page.wait_for_timeout(1500)
    found["pan"]["nearer"] = pan(page, chart)
    found["sent in the end"] = sum(traffic.by_kind().values())
    context.close()
    return found


def until_drawn(page: Page, chart: Locator) -> None:
    """Wait until there is a map to be seen."""
    chart.locator("canvas").first.wait_for()
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while time.monotonic() < deadline:
        try:
            drawn = person.pixels(chart).reshape(-1, 3)
        except Error:  # the page put it anew
            drawn = None
        if drawn is not None and len({tuple(pixel) for pixel in drawn[::37]}) >= COLOURS_OF_A_MAP:
            return
        page.wait_for_timeout(50)
    raise TimeoutError("The map was never drawn.")


def pan(page: Page, chart: Locator) -> dict[str, float]:
    """Drag the map to and fro for a few seconds and count the frames."""
    box = chart.bounding_box()
    if box is None:
        raise RuntimeError("The map is gone.")
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    reach = min(box["width"], box["height"]) / 3
    page.mouse.move(x, y)
    page.wait_for_timeout(300)
    page.mouse.down()
    page.evaluate(COUNT_FRAMES)
    began, step, spent = time.perf_counter(), 0, processor_seconds()
    while time.perf_counter() - began < PAN_SECONDS:
        step += 1
        turn = abs((step / 20 + 1) % 4 - 2) - 1  # from -1 to 1 and back in 80 moves
        page.mouse.move(x + reach * turn, y + reach * turn / 2)
        page.wait_for_timeout(8)
    frames = page.evaluate(STOP_COUNTING)
    spent = processor_seconds() - spent
    page.mouse.up()
    deltas = [later - earlier for earlier, later in itertools.pairwise(frames)]
    return {
        "frames a second": 1000 * len(deltas) / sum(deltas),
        "slowest in 20 (ms)": statistics.quantiles(deltas, n=20)[-1],
        "processor a frame (ms)": 1000 * spent / len(deltas),
    }


def processor_seconds() -> float:
    """What the processes of the browser have used so far, on all cores."""
    spent = 0.0
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):  # it may have just ended
            if any(argument.startswith("--type=") for argument in process.cmdline()):
                times = process.cpu_times()
                spent += times.user + times.system
    return spent


def tell(name: str, found: dict[str, Any]) -> None:
    """Print what one visit found."""
    total = sum(found["sent"].values())
    kinds = ", ".join(f"{kind} {size / 1e6:.2f}" for kind, size in sorted(found["sent"].items()))
    print(
        f"{name:>12}: sentence {found['sentence']:.1f} s, usable {found['usable']:.1f} s; "
        f"sent {total / 1e6:.2f} MB ({kinds}), {found['sent in the end'] / 1e6:.2f} MB in the end"
    )
    for where, figures in found["pan"].items():
        print(f"{'':>14}pan, {where}: " + ", ".join(f"{what} {value:.0f}" for what, value in figures.items()))
    sys.stdout.flush()
    for address, size in found.get("largest", ()):
        print(f"{'':>14}{size / 1e3:9.1f} kB  {urlsplit(address).path}")


def large_city(folder: Path) -> tuple[Path, Path]:
    """A large synthetic city in a file of its own, and its key."""
    file, key = folder / "large.duckdb", folder / "large.key"
    environment = os.environ | {"DATABASE_URL": f"duckdb:///{file}", "PORCHLIGHT_KEY_FILE": str(key)}
    subprocess.run([sys.executable, "-m", "data.synthetic", "--large"], env=environment, check=True)
    return file, key


def main(arguments: list[str] | None = None) -> None:
    """Make or copy the city, serve it, visit it, print."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.browser", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--store", type=Path, help="a DuckDB file with a large synthetic city; it is copied")
    parser.add_argument("--key", type=Path, help="its key file")
    parser.add_argument("--detail", action="store_true", help="name the largest answers, too")
    options = parser.parse_args([] if arguments is None else arguments)
    if (options.store is None) != (options.key is None):
        parser.error("--store and --key go together")
    if not (install.installed() or install.playwrights_own()):
        print("Left out: there is no Chromium. Get one: python -m tests.browser.install")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.store:
            file = Path(shutil.copy(options.store, folder))
            key = Path(shutil.copy(options.key, folder))
        else:
            file, key = large_city(folder)
        measure(file, key, detail=options.detail)


def measure(file: Path, key: Path, *, detail: bool) -> None:
    """Serve the city and visit it at each size, cold and warm."""
    as_root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    server = conftest.Server(file, key)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=install.installed(), args=conftest.FLAGS + as_root
        )
        server.start()
        try:
            for warmth in ("cold", "warm"):
                for size, options in SIZES.items():
                    if warmth == "cold" and size != "desk":
                        continue
                    tell(f"{size} {warmth}", visit(browser, server.url, options, detail=detail))
        finally:
            server.stop()
            browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
