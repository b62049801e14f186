"""Tables of the exchange with outside systems."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from store.database.metadata import InstantColumn, Serial, metadata

exchange_events = Table(
    "exchange_events",
    metadata,
    Column("n", Serial, primary_key=True, autoincrement=True),
    Column("type", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("alert", Serial, index=True),
    Column("at", InstantColumn, nullable=False),
    Column("data", JSON, nullable=False),
    sqlite_autoincrement=True,
)

exchange_messages = Table(
    "exchange_messages",
    metadata,
    Column("n", Serial, primary_key=True, autoincrement=True),
    Column("event", Serial, ForeignKey("exchange_events.n"), nullable=False),
    Column("target", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("state", String, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", InstantColumn, nullable=False),
    Column("not_before", InstantColumn, nullable=False),
    Column("settled_at", InstantColumn),
    Column("status", Integer),
    Column("error", String, nullable=False),
    Column("failure", String),
    UniqueConstraint("event", "target"),
    sqlite_autoincrement=True,
)
Index(None, exchange_messages.c.target, exchange_messages.c.state, exchange_messages.c.subject, exchange_messages.c.n)
Index(None, exchange_messages.c.target, exchange_messages.c.state, exchange_messages.c.n)
Index(None, exchange_messages.c.state, exchange_messages.c.settled_at)

exchange_targets = Table(
    "exchange_targets",
    metadata,
    Column("id", String, primary_key=True),
    Column("failing_since", InstantColumn),
    Column("last_success_at", InstantColumn),
    Column("last_error", String, nullable=False),
)

exchange_cases = Table(
    "exchange_cases",
    metadata,
    Column("system", String, primary_key=True),
    Column("external_id", String, primary_key=True),
    Column("alert", Serial, nullable=False, index=True),
    Column("direction", String, nullable=False),
    Column("their_id", String, index=True),
    Column("digest", String, nullable=False),
    Column("fields", JSON, nullable=False),
    Column("their_deadline", InstantColumn),
    Column("state", String, nullable=False),
    Column("their_version", InstantColumn, nullable=False),
    Column("opened_at", InstantColumn, nullable=False),
    Column("updated_at", InstantColumn, nullable=False),
)

exchange_received = Table(
    "exchange_received",
    metadata,
    Column("system", String, primary_key=True),
    Column("event_id", String, primary_key=True),
    Column("external_id", String, nullable=False),
    Column("state", String, nullable=False),
    Column("version", InstantColumn, nullable=False),
    Column("received_at", InstantColumn, nullable=False, index=True),
    Column("outcome", String, nullable=False),
    Column("detail", String, nullable=False),
)
