"""Progress of a long load, on the standard error output."""

from __future__ import annotations

import sys
import time

SECONDS_BETWEEN = 1.0


class OnStandardError:
    """Says what a load is doing, at most once a second, so that a quick load says nothing."""

    def __init__(self) -> None:
        self._said = time.monotonic()

    def __call__(self, words: str) -> None:
        """Say `words`, if it is time to."""
        if time.monotonic() - self._said >= SECONDS_BETWEEN:
            self._said = time.monotonic()
            print(f"{words} ...", file=sys.stderr, flush=True)
