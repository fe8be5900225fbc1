"""The synthetic city: a plausible Carrollton, Georgia, in which nobody and nothing is real."""

from __future__ import annotations

from data.synthetic.city import City, generate
from data.synthetic.write import build

__all__ = ["City", "build", "generate"]
