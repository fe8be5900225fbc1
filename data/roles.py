"""Who may do what, as a new database starts with it; from then on the table ``role_permission`` rules."""

from __future__ import annotations

ROLES = {
    "officer": "Officer",
    "supervisor": "Supervisor",
    "outreach": "Outreach",
    "command": "Command staff",
    "auditor": "Auditor",
    "administrator": "Administrator",
}

# Acts a role may do. What the public and owners may do needs no role: registering, above all.
PERMISSIONS: dict[str, tuple[str, ...]] = {
    "officer": ("lookup.search", "lookup.contact", "coverage.view"),
    "supervisor": ("lookup.search", "lookup.contact", "coverage.view", "ledger.read"),
    "outreach": ("coverage.view",),
    "command": ("coverage.view", "data.view"),
    "auditor": ("ledger.read", "coverage.view", "data.view"),
    "administrator": ("data.load", "data.view", "coverage.view"),
}
