"""The pages as a table: navigation, guard, docs and tests all loop over it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).resolve().parents[1]


class Page(NamedTuple):
    """One screen. `act` says who may open it: the roles that hold the act; None means everybody."""

    file: str
    title: str
    icon: str
    act: str | None
    help: str

    @property
    def name(self) -> str:
        """The last part of the page's address."""
        return self.file.removesuffix(".py")


PAGES = (
    Page("start.py", "Start", ":material/home:", None, "What waits for you, and where to go."),
    Page(
        "register.py",
        "Register a camera",
        ":material/add_home:",
        None,
        "Tell the police that your camera exists. Registering shows nobody your video.",
    ),
    Page(
        "look_up.py",
        "Look up",
        ":material/search:",
        "lookup.search",
        "Find the cameras that may have seen a crime, and whom to ask.",
    ),
    Page(
        "coverage.py",
        "Coverage",
        ":material/visibility:",
        "coverage.view",
        "What the city's and its people's cameras can see, and what they cannot.",
    ),
    Page(
        "ledger.py",
        "Ledger",
        ":material/receipt_long:",
        "ledger.read",
        "Every access to the registry, and the proof that none is missing.",
    ),
    Page(
        "data.py",
        "Data",
        ":material/database:",
        "data.view",
        "What is loaded, how fresh it is, and what was refused.",
    ),
)
