"""Loading files: what a publisher exports becomes rows of the store, and nothing of it is lost.

Every function answers a `LoadReport` and raises `data.errors.LoadError`, with one clear sentence, for a file
that cannot be used at all. The same from the command line: ``python -m data.load``.
"""

from __future__ import annotations

from functools import partial

from data.load.agency_files import load as agency_cameras
from data.load.incident_files import load as incidents
from data.load.layer_files import load as _layer
from data.load.layer_files import load_city as city
from data.load.registry_files import load as cameras
from data.load.report import REASONS, LoadReport

blocks = partial(_layer, "blocks")
districts = partial(_layer, "districts")
streets = partial(_layer, "streets")
buildings = partial(_layer, "buildings")

__all__ = [
    "REASONS",
    "LoadReport",
    "agency_cameras",
    "blocks",
    "buildings",
    "cameras",
    "city",
    "districts",
    "incidents",
    "streets",
]
