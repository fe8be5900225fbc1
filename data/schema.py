"""The records: every table of the store, written once for DuckDB and PostgreSQL.

Three conventions hold throughout:

- Geometry is WKB in WGS 84 (longitude, latitude); points are plain ``lon`` and ``lat`` columns.
- Times are timezone-aware UTC.
- A column whose name ends in ``_sealed`` holds ciphertext from `data.vault`; nothing personal is
  kept in any other column.

There are no foreign keys: DuckDB refuses to update a row that another row refers to, so the
queries of `data.audit` hold the references together on both engines.
"""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()

Moment = sa.DateTime(timezone=True)
Identifier = sa.String(32)  # a random UUID in hexadecimal: cannot be guessed, tells nothing


# What this department is -------------------------------------------------------------------

city = sa.Table(
    "city",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),  # always 1
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("timezone", sa.Text, nullable=False),  # IANA name, such as America/New_York
    sa.Column("crs", sa.Text, nullable=False),  # projected, metres, such as EPSG:32616
    sa.Column("outline", sa.LargeBinary),  # WKB; missing until one is loaded
    sa.Column("synthetic", sa.Boolean, nullable=False),
    sa.Column("seed", sa.BigInteger),  # of the synthetic city
)

setting = sa.Table(
    "setting",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),  # JSON
)

staff = sa.Table(
    "staff",
    metadata,
    sa.Column("id", Identifier, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
)

role_permission = sa.Table(
    "role_permission",
    metadata,
    sa.Column("role", sa.Text, primary_key=True),
    sa.Column("act", sa.Text, primary_key=True),
)

session = sa.Table(
    "session",
    metadata,
    sa.Column("token_hash", sa.String(64), primary_key=True),  # SHA-256 of the token
    sa.Column("staff_id", Identifier, nullable=False),
    sa.Column("started_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("revoked_at", Moment),
)

sign_in_link = sa.Table(
    "sign_in_link",
    metadata,
    sa.Column("token_hash", sa.String(64), primary_key=True),  # SHA-256 of the token
    sa.Column("staff_id", Identifier, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("used_at", Moment),
)


# The map ------------------------------------------------------------------------------------

district = sa.Table(
    "district",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("geometry", sa.LargeBinary, nullable=False),
)

block = sa.Table(
    "block",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("population", sa.Double),
    sa.Column("geometry", sa.LargeBinary, nullable=False),
)

street = sa.Table(
    "street",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text),
    sa.Column("kind", sa.Text),
    # House numbers along the line from its first to its last point; missing where not known.
    sa.Column("left_from", sa.Integer),
    sa.Column("left_to", sa.Integer),
    sa.Column("right_from", sa.Integer),
    sa.Column("right_to", sa.Integer),
    sa.Column("geometry", sa.LargeBinary, nullable=False),
    sa.Column("lit", sa.Boolean),  # whether lamps light it at night; missing where not known
)

building = sa.Table(
    "building",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("land_use", sa.Text),  # residential, commercial, industrial, public, other
    sa.Column("address", sa.Text),
    sa.Column("height_m", sa.Double),
    sa.Column("geometry", sa.LargeBinary, nullable=False),
)


# What happened ------------------------------------------------------------------------------

incident = sa.Table(
    "incident",
    metadata,
    sa.Column("source", sa.Text, nullable=False),  # which publisher's format
    sa.Column("source_key", sa.Text, nullable=False),  # the publisher's own key, or one made from the row
    sa.Column("content_hash", sa.BigInteger, nullable=False),  # changes when the publisher corrects the row
    sa.Column("load_id", sa.BigInteger, nullable=False),
    sa.Column("case_number", sa.Text),
    sa.Column("offence_code", sa.Text, nullable=False),  # NIBRS, such as 23F
    sa.Column("offence_text", sa.Text, nullable=False),  # the publisher's words
    sa.Column("occurred_at", Moment, nullable=False),
    sa.Column("occurred_until", Moment),  # where only a span is known
    sa.Column("address", sa.Text),  # as published: a hundred block or an intersection
    sa.Column("lon", sa.Double, nullable=False),
    sa.Column("lat", sa.Double, nullable=False),
    sa.Column("block_id", sa.Integer),
    sa.Column("district_id", sa.Integer),
    sa.PrimaryKeyConstraint("source", "source_key"),
)

load = sa.Table(
    "load",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.Text, nullable=False),  # incidents, cameras, blocks, ...
    sa.Column("file_name", sa.Text, nullable=False),
    sa.Column("file_hash", sa.String(64), nullable=False),  # SHA-256
    sa.Column("format", sa.Text, nullable=False),
    sa.Column("finished_at", Moment, nullable=False),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("accepted", sa.BigInteger, nullable=False),
    sa.Column("duplicates", sa.BigInteger, nullable=False),
    sa.Column("quarantined", sa.BigInteger, nullable=False),
    sa.Column("reasons", sa.Text, nullable=False),  # JSON: reason -> rows
    sa.Column("seconds", sa.Double, nullable=False),
)

quarantine = sa.Table(
    "quarantine",
    metadata,
    sa.Column("row_hash", sa.String(32), primary_key=True),  # of kind and raw: a row is kept once
    sa.Column("load_id", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("source_key", sa.Text),  # where the row had one: a mended row with this key clears it
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("raw_sealed", sa.LargeBinary),  # registry rows: they hold personal data
    sa.Column("raw", sa.Text),  # all other rows: JSON of the columns as they came
)


# The registry -------------------------------------------------------------------------------

owner = sa.Table(
    "owner",
    metadata,
    sa.Column("id", Identifier, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),  # resident, business, neighbourhood
    sa.Column("name_sealed", sa.LargeBinary, nullable=False),
    sa.Column("email_sealed", sa.LargeBinary),
    sa.Column("phone_sealed", sa.LargeBinary),
    sa.Column("best_hours", sa.Text),
    sa.Column("contact_verified_at", Moment),
    sa.Column("registered_at", Moment, nullable=False),
    sa.Column("withdrawn_at", Moment),
)

site = sa.Table(
    "site",
    metadata,
    sa.Column("id", Identifier, primary_key=True),
    sa.Column("owner_id", Identifier, nullable=False),
    sa.Column("address_sealed", sa.LargeBinary, nullable=False),
    sa.Column("land_use", sa.Text),
    sa.Column("block_id", sa.Integer),
    sa.Column("district_id", sa.Integer),
)

camera = sa.Table(
    "camera",
    metadata,
    sa.Column("id", Identifier, primary_key=True),
    sa.Column("source", sa.Text, nullable=False),  # 'form', or the registry file's format
    sa.Column("source_key", sa.Text),
    sa.Column("owner_id", Identifier, nullable=False),
    sa.Column("site_id", Identifier, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),  # a key of analytics.optics.KINDS
    sa.Column("lon", sa.Double, nullable=False),
    sa.Column("lat", sa.Double, nullable=False),
    sa.Column("azimuth", sa.Double),  # missing: nobody stated it, so it covers nothing
    sa.Column("hfov", sa.Double),  # missing: the kind's assumed value is used and said
    sa.Column("width_px", sa.Integer),
    sa.Column("direction_from", sa.Text, nullable=False),  # verified, stated, assumed, unknown
    sa.Column("outdoor", sa.Boolean),
    sa.Column("night_vision", sa.Boolean),
    sa.Column("audio", sa.Boolean),
    sa.Column("retention_hours", sa.Double),  # missing: not stated
    sa.Column("storage", sa.Text),  # card, recorder, cloud
    sa.Column("registered_at", Moment, nullable=False),
    sa.Column("withdrawn_at", Moment),
)

consent = sa.Table(
    "consent",
    metadata,
    sa.Column("camera_id", Identifier, nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),  # list, ask, live
    sa.Column("terms_version", sa.Text, nullable=False),
    sa.Column("given_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("withdrawn_at", Moment),
    sa.PrimaryKeyConstraint("camera_id", "purpose", "given_at"),
)

stream = sa.Table(
    "stream",
    metadata,
    sa.Column("id", Identifier, primary_key=True),
    sa.Column("camera_id", Identifier, nullable=False),
    sa.Column("address_sealed", sa.LargeBinary, nullable=False),
)

agency_camera = sa.Table(
    "agency_camera",
    metadata,
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("source_key", sa.Text, nullable=False),
    sa.Column("content_hash", sa.BigInteger, nullable=False),
    sa.Column("load_id", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),  # 'city' (CCTV) or 'alpr' (plate reader)
    sa.Column("name", sa.Text),
    sa.Column("operator", sa.Text),
    sa.Column("lon", sa.Double, nullable=False),
    sa.Column("lat", sa.Double, nullable=False),
    # JSON list of azimuths, one for each direction the device looks in; [] where nobody stated one.
    sa.Column("azimuths", sa.Text, nullable=False),
    sa.Column("hfov", sa.Double),
    sa.Column("width_px", sa.Integer),
    sa.Column("direction_from", sa.Text, nullable=False),  # verified, stated, assumed, unknown
    sa.Column("direction_text", sa.Text),  # as published
    sa.Column("retention_hours", sa.Double),
    sa.Column("installed_on", sa.Date),
    # Whether it pans: its azimuths are then presets, of which it looks at one at a time. Missing: not known.
    sa.Column("turns", sa.Boolean),
    sa.PrimaryKeyConstraint("source", "source_key"),
)


# What the police did ------------------------------------------------------------------------

lookup = sa.Table(
    "lookup",
    metadata,
    sa.Column("id", Identifier, primary_key=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("staff_id", Identifier, nullable=False),
    sa.Column("offence_code", sa.Text, nullable=False),
    sa.Column("reference", sa.Text, nullable=False),  # case or call number
    sa.Column("place_sealed", sa.LargeBinary, nullable=False),  # JSON: words, lon, lat
    sa.Column("radius_m", sa.Double, nullable=False),
    sa.Column("occurred_at", Moment, nullable=False),
    sa.Column("cameras", sa.Integer, nullable=False),
    sa.Column("ledger_position", sa.BigInteger, nullable=False),
)

lookup_camera = sa.Table(
    "lookup_camera",
    metadata,
    sa.Column("lookup_id", Identifier, primary_key=True),
    sa.Column("camera_id", Identifier, primary_key=True),
    sa.Column("rank", sa.Integer, nullable=False),
)

footage_request = sa.Table(
    "footage_request",
    metadata,
    sa.Column("id", Identifier, primary_key=True),
    sa.Column("lookup_id", Identifier, nullable=False),
    sa.Column("camera_id", Identifier, nullable=False),
    sa.Column("staff_id", Identifier, nullable=False),
    sa.Column("requested_at", Moment, nullable=False),
    sa.Column("status", sa.Text, nullable=False),  # open, provided, declined, gone, expired, cancelled
    sa.Column("answered_at", Moment),
)

evidence_outcome = sa.Table(
    "evidence_outcome",
    metadata,
    sa.Column("footage_request_id", Identifier, primary_key=True),
    # received, viewed, usable, used, identification, arrest, charge, exclusion
    sa.Column("outcome", sa.Text, primary_key=True),
    sa.Column("staff_id", Identifier, nullable=False),
    sa.Column("at", Moment, nullable=False),
)


# The ledger ---------------------------------------------------------------------------------

ledger_entry = sa.Table(
    "ledger_entry",
    metadata,
    sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("leaf", sa.LargeBinary, nullable=False),  # canonical JSON, exactly what is hashed
    sa.Column("leaf_hash", sa.LargeBinary, nullable=False),
)

# Opens the salted commitments of a leaf. Deleting these rows forgets who an entry was about
# without touching the leaf.
ledger_subject = sa.Table(
    "ledger_subject",
    metadata,
    sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("salt", sa.LargeBinary, nullable=False),
)

checkpoint = sa.Table(
    "checkpoint",
    metadata,
    sa.Column("size", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("root", sa.LargeBinary, nullable=False),
    sa.Column("peaks", sa.LargeBinary, nullable=False),  # roots of the perfect subtrees, 32 bytes each
    sa.Column("at", Moment, nullable=False),
)
