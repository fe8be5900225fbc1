"""Everything that can be set from outside: (name, default, help).

Environment variables say where things are; the policy of a department is data, in the table
``setting``, and its names and defaults are here too. A test holds docs/settings.md to this list.
"""

from __future__ import annotations

import json
import os
from typing import Any, NamedTuple

import sqlalchemy as sa

from data import schema
from data.errors import PorchlightError


class Setting(NamedTuple):
    """One thing that can be set."""

    name: str
    default: Any
    help: str


ENVIRONMENT = (
    Setting(
        "DATABASE_URL",
        "duckdb:///var/porchlight.duckdb",
        "The store: a DuckDB file or a PostgreSQL database.",
    ),
    Setting(
        "PORCHLIGHT_KEY_FILE", "var/porchlight.key", "The key of the vault; keep it apart from the database."
    ),
)

POLICY = (
    Setting(
        "reference_pattern",
        r"(?i)(CFS|[A-Z]{0,4})[- ]?\d{2,4}[- ]?\d{3,8}",
        "What a case or call number looks like: a regular expression that matches the whole of it.",
    ),
    Setting("reference_example", "26-001234", "A case or call number shown as an example beside the field."),
    Setting("lookup_radius_max_m", 800.0, "The largest radius an officer may search, in metres."),
    Setting("lookup_window_max_days", 90, "How many days back an officer may search."),
    Setting("lookup_cameras_max", 50, "The most cameras one lookup answers with, the best first."),
    Setting(
        "registrations_per_hour_max",
        200,
        "The most cameras that the public form takes in an hour, from all together.",
    ),
    Setting("consent_months", 12, "How long a consent lasts before its owner is asked again."),
    Setting("coverage_cell_m", 10.0, "The side of a cell of the coverage grid, in metres."),
    Setting(
        "levels_px_per_m",
        {"detect": 25, "observe": 62.5, "recognise": 125, "identify": 250},
        "Pixels a metre that each level of sharpness asks for; docs/optics.md says where these come from.",
    ),
    Setting(
        "harm_table",
        "georgia",
        "How much each offence weighs: georgia (days of prison in Georgia's code) or count (each weighs 1).",
    ),
    Setting(
        "location_error_m",
        30.0,
        "How far published places lie from where it happened, in metres: half of them less, half more.",
    ),
    Setting("street_lamp_reach_m", 15.0, "How far to each side of a lit street its lamps light, in metres."),
    Setting(
        "footage_working_share",
        0.9,
        "The share of cameras that are assumed to work, between 0 and 1, until answers tell more.",
    ),
    Setting(
        "footage_working_prior_requests",
        10,
        "How many answers of owners that assumption weighs as much as.",
    ),
    Setting(
        "footage_willing_share",
        0.7,
        "The share of requests that owners are assumed to agree to, between 0 and 1, until answers tell more.",
    ),
    Setting(
        "footage_willing_prior_requests",
        10,
        "How many answered requests that assumption weighs as much as.",
    ),
    Setting(
        "footage_months",
        24,
        "How many months back answered requests count towards the chance of footage.",
    ),
)


def environment(name: str) -> str:
    """The value of an environment setting, or its default."""
    default = {setting.name: setting.default for setting in ENVIRONMENT}[name]
    return os.environ.get(name) or default


def metres(connection: sa.Connection, name: str, least: float, most: float) -> float:
    """As `policy`, for a length in metres; `PorchlightError` says what to set where it makes no sense."""
    value = policy(connection, name)
    if not (isinstance(value, int | float) and least <= value <= most):  # not a number compares false
        raise PorchlightError(
            f"The setting {name} is {value!r}: set it to a number of metres from {least:g} to {most:g}."
        )
    return float(value)


def policy(connection: sa.Connection, name: str) -> Any:
    """The department's value of a policy setting, or its default."""
    default = {setting.name: setting.default for setting in POLICY}[name]
    value = connection.execute(
        sa.select(schema.setting.c.value).where(schema.setting.c.name == name)
    ).scalar()
    return default if value is None else json.loads(value)
