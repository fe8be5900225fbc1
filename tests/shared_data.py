"""Where the real data sets for trials are, for the tests that want them."""

from __future__ import annotations

from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data"


def shared(path: str) -> Path:
    """The named file below ../shared/data; skips the test, saying why, where it is absent.

    In a module's body the skip covers the whole module.
    """
    found = FOLDER / path
    if not found.exists():
        pytest.skip(f"needs {path} from ../shared/data, which is not here", allow_module_level=True)
    return found
