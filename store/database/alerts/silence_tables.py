"""Tables of silences, the findings they hold, and provider callbacks already processed."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, ForeignKey, String, Table

from store.database.metadata import InstantColumn, Serial, metadata

silences = Table(
    "silences",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("matchers", JSON, nullable=False),
    Column("since", InstantColumn, nullable=False),
    Column("until", InstantColumn, nullable=False, index=True),
    Column("by", String, nullable=False),
    Column("by_name", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("created_at", InstantColumn, nullable=False),
    Column("ended_at", InstantColumn),
    Column("ended_by", String),
    Column("notify_only", Boolean, nullable=False, server_default="0"),
    sqlite_autoincrement=True,
)

silenced_findings = Table(
    "silenced_findings",
    metadata,
    Column("finding", String, primary_key=True),
    Column("silence", Serial, ForeignKey("silences.id"), nullable=False, index=True),
    Column("device", String, index=True),
    Column("begin", InstantColumn, nullable=False),
    Column("told", String, nullable=False),
    Column("at", InstantColumn, nullable=False),
    Column("state", String, nullable=False, index=True),
    Column("settled_at", InstantColumn),
)
"""`told` is the finding in phase `began`, as JSON."""

taken_callbacks = Table(
    "taken_callbacks",
    metadata,
    Column("key", String, primary_key=True),
    Column("at", InstantColumn, nullable=False, index=True),
)
