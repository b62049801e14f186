"""Tables of refused messages, their counts by hour, and devices that platforms announced."""

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
"""Devices that a platform announced before they were registered."""
