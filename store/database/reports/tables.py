"""Tables of reports, of photos of alerts, of pairs of alerts that were kept apart, and of the codes of places."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, String, Table

from store.database.metadata import InstantColumn, Serial, metadata

reports = Table(
    "reports",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("number", String, nullable=False, index=True),
    Column("alert", Serial, ForeignKey("alerts.id"), nullable=False, index=True),
    Column("category", String, nullable=False),
    Column("text", String, nullable=False),
    Column("created_at", InstantColumn, nullable=False, index=True),
    Column("place", String),
    Column("place_source", String, nullable=False),
    Column("lat", Float),
    Column("lon", Float),
    Column("phone", String),
    Column("client", String),
    Column("key", String, unique=True),
    Column("community_by", String),
    Column("community_at", InstantColumn),
    Column("street_by", String),
    Column("street_at", InstantColumn),
    Column("answer", String, nullable=False),
    Column("answered_by", String),
    Column("answered_at", InstantColumn),
    Column("satisfied", Boolean),
    Column("feedback", String, nullable=False),
    Column("feedback_at", InstantColumn),
    Column("reopened_at", InstantColumn),
    Column("erased_at", InstantColumn),
    sqlite_autoincrement=True,
)
Index(None, reports.c.client, reports.c.created_at)
Index(None, reports.c.place, reports.c.created_at)
Index(None, reports.c.phone, reports.c.created_at)

alert_photos = Table(
    "alert_photos",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("alert", Serial, ForeignKey("alerts.id"), nullable=False, index=True),
    Column("report", Serial, ForeignKey("reports.id"), index=True),
    Column("purpose", String, nullable=False),
    Column("digest", String, nullable=False, index=True),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("size", Integer, nullable=False),
    Column("at", InstantColumn, nullable=False, index=True),
    Column("by", String),
    Column("by_name", String, nullable=False),
    sqlite_autoincrement=True,
)

separate_alerts = Table(
    "separate_alerts",
    metadata,
    Column("alert", Serial, ForeignKey("alerts.id"), primary_key=True, autoincrement=False),
    Column("other", Serial, ForeignKey("alerts.id"), primary_key=True, autoincrement=False, index=True),
    Column("by", String, nullable=False),
    Column("at", InstantColumn, nullable=False),
)

place_codes = Table(
    "place_codes",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("place", String, nullable=False, index=True),
    Column("created_at", InstantColumn, nullable=False),
    Column("created_by", String, nullable=False),
    Column("revoked_at", InstantColumn),
    sqlite_autoincrement=True,
)
