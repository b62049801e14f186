"""Tables of journal positions, checkpoints, settings, scheduled jobs, the audit trail and access tokens."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, Index, LargeBinary, String, Table

from store.database.metadata import InstantColumn, Serial, metadata

cursors = Table(
    "cursors",
    metadata,
    Column("reader", String, primary_key=True),
    Column("lane", String, primary_key=True),
    Column("pos", BigInteger, nullable=False),
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("name", String, primary_key=True),
    Column("cursor", JSON, nullable=False),
    Column("saved_at", InstantColumn, nullable=False),
    Column("state", LargeBinary, nullable=False),
)

settings = Table(
    "settings",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", JSON, nullable=False),
    Column("updated_at", InstantColumn, nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    Column("name", String, primary_key=True),
    Column("schedule", String, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("last_run_at", InstantColumn),
    Column("last_outcome", String),
)

audit = Table(
    "audit",
    metadata,
    Column("n", Serial, primary_key=True, autoincrement=True),
    Column("at", InstantColumn, nullable=False, index=True),
    Column("actor", String, nullable=False),
    Column("action", String, nullable=False),
    Column("detail", JSON, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", String, primary_key=True),
    Column("hash", String, nullable=False, unique=True),
    Column("role", String, nullable=False),
    Column("person", String),
    Column("place", String),
    Column("created_at", InstantColumn, nullable=False),
    Column("revoked_at", InstantColumn),
    Column("platform", String),
    Column("people", JSON),
)

versions = Table(
    "versions",
    metadata,
    Column("n", Serial, primary_key=True, autoincrement=True),
    Column("kind", String, nullable=False),
    Column("version", String, nullable=False),
    Column("at", InstantColumn, nullable=False),
)
Index(None, versions.c.kind, versions.c.at)
