"""Tables of the house itself: refusals, checkpoints, settings, timetable jobs, audit trail, access tokens."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table, UniqueConstraint

from store.database.metadata import InstantColumn, Serial, metadata

refusals = Table(
    "refusals",
    metadata,
    Column("n", Serial, primary_key=True, autoincrement=True),
    Column("lane", String, nullable=False),
    Column("pos", BigInteger, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("at", InstantColumn, nullable=False),
    Column("source", String, nullable=False),
    Column("topic", String, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("reason", String, nullable=False),
    Column("detail", String, nullable=False),
    Column("platform", String),
    Column("identity", String),
    Column("danger", Boolean, nullable=False),
    Column("proposed_kind", String),
    Column("replayed_at", InstantColumn),
    UniqueConstraint("lane", "pos", "ordinal"),
)
Index(None, refusals.c.at, refusals.c.n)

refusal_counts = Table(
    "refusal_counts",
    metadata,
    Column("source", String, primary_key=True),
    Column("reason", String, primary_key=True),
    Column("hour", InstantColumn, primary_key=True, autoincrement=False),
    Column("kept", Integer, nullable=False),
    Column("counted", Integer, nullable=False),
)

described = Table(
    "described",
    metadata,
    Column("platform", String, primary_key=True),
    Column("identity", String, primary_key=True),
    Column("identities", JSON, nullable=False),
    Column("hints", JSON, nullable=False),
    Column("vendor", String),
    Column("model", String),
    Column("name", String),
    Column("first_at", InstantColumn, nullable=False),
    Column("last_at", InstantColumn, nullable=False),
)
"""Devices that a platform described before anybody registered them."""

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
)
