"""Table of the milestones of alerts: one row each, from which the statistics of a period are computed."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, String, Table

from store.database.metadata import InstantColumn, Serial, metadata

alert_milestones = Table(
    "alert_milestones",
    metadata,
    Column("alert", Serial, ForeignKey("alerts.id"), primary_key=True, autoincrement=False),
    Column("opened_at", InstantColumn, nullable=False, index=True),
    Column("role", String),
    Column("acknowledged_at", InstantColumn),
    Column("arrived_at", InstantColumn),
    Column("resolved_at", InstantColumn),
    Column("verified_at", InstantColumn),
    Column("closed_at", InstantColumn),
)
"""`role` is that of the person who acknowledged first. `resolved_at` and later are empty again after a reopening."""
