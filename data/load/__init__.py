from __future__ import annotations
from data.load.incident_files import load as incidents
