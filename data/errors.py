"""What can go wrong in a way that a person can mend.

The message of each is one clear sentence, or two: what is wrong, and what to do. Commands print it
and pages show it as it stands; every other exception is a defect of ours.
"""

from __future__ import annotations


class PorchlightError(ValueError):
    """Something a person can mend; the message tells them how."""


class StoreError(PorchlightError):
    """The database cannot be opened or written."""


class VaultError(PorchlightError):
    """The key is missing or wrong, or a sealed value was tampered with."""


class LoadError(PorchlightError):
    """A file cannot be read at all, or is of no known format."""
