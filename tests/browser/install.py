"""`python -m tests.browser.install`: see to it that there is a Chromium for the tests.

One that is on the machine is used. Otherwise it comes from apt where that is allowed (root), else from
Playwright's own installer.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def installed() -> str | None:
    """The Chromium on this machine, if there is one."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


def playwrights_own() -> bool:
    """Whether Playwright has brought a Chromium of its own."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return Path(playwright.chromium.executable_path).exists()


def main() -> int:
    """Install one if there is none; the answer is the exit code."""
    if installed() or playwrights_own():
        return 0
    print("Installing a Chromium for the tests.", flush=True)
    if hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], env=environment, check=True)
        packages = ["chromium", "fonts-dejavu-core"]
        subprocess.run(
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages],
            env=environment,
            check=True,
        )
    else:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
