"""Tables of the values that a history server refused, and of their counts by day."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, UniqueConstraint

from store.database.metadata import InstantColumn, Serial, metadata

history_refusals = Table(
    "history_refusals",
    metadata,
    Column("n", Serial, primary_key=True, autoincrement=True),
    Column("refused_at", InstantColumn, nullable=False),
    Column("device", String, nullable=False),
    Column("quantity", String, nullable=False),
    Column("at", InstantColumn, nullable=False),
    Column("value", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("sentence", String, nullable=False),
    UniqueConstraint("device", "quantity", "at", "reason"),
)
Index(None, history_refusals.c.refused_at, history_refusals.c.n)

history_refusal_counts = Table(
    "history_refusal_counts",
    metadata,
    Column("reason", String, primary_key=True),
    Column("day", InstantColumn, primary_key=True, autoincrement=False),
    Column("kept", Integer, nullable=False),
    Column("counted", Integer, nullable=False),
)
"""`day`: its beginning, UTC. `kept` are in history_refusals, `counted` are beyond the limit of the day."""
