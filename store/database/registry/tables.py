"""Tables of the registry. References to places, cells and people are not enforced by the database: imports come in any
order, and a device may outlive its place."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Float, ForeignKey, Index, Integer, String, Table

from store.database.metadata import InstantColumn, metadata

places = Table(
    "places",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("level", String, nullable=False),
    Column("parent", String),
    Column("cell", String),
    Column("lon", Float),
    Column("lat", Float),
    Column("datum", String, nullable=False),
    Column("attributes", JSON, nullable=False),
)

cells = Table(
    "cells",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("level", String, nullable=False),
    Column("parent", String),
)

people = Table(
    "people",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("phone", String),
    Column("wecom", String),
    Column("home", String),
    Column("attributes", JSON, nullable=False),
    Column("addresses", JSON, nullable=False),
)

duties = Table(
    "duties",
    metadata,
    Column("id", String, primary_key=True),
    Column("cell", String, nullable=False),
    Column("role", String, nullable=False),
    Column("person", String, nullable=False),
    Column("rank", Integer, nullable=False),
    Column("weekdays", JSON, nullable=False),
    Column("from_minute", Integer, nullable=False),
    Column("to_minute", Integer, nullable=False),
    Column("since", InstantColumn),
    Column("until", InstantColumn),
    Column("absent", Boolean, nullable=False),
    Column("hazards", JSON, nullable=False),
    Column("days", JSON, nullable=False),
)

rotations = Table(
    "rotations",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("cells", JSON, nullable=False),
    Column("role", String, nullable=False),
    Column("layers", JSON, nullable=False),
    Column("hazards", JSON, nullable=False),
    Column("since", InstantColumn),
    Column("until", InstantColumn),
)

overrides = Table(
    "roster_overrides",
    metadata,
    Column("id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("person", String, nullable=False),
    Column("since", InstantColumn, nullable=False),
    Column("until", InstantColumn, nullable=False),
    Column("substitute", String),
    Column("cell", String),
    Column("role", String),
    Column("leave", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("made_by", String, nullable=False),
    Column("made_at", InstantColumn, nullable=False),
    Column("swap", String, index=True),
)

swaps = Table(
    "roster_swaps",
    metadata,
    Column("id", String, primary_key=True),
    Column("asker", String, nullable=False),
    Column("other", String, nullable=False),
    Column("since", InstantColumn, nullable=False),
    Column("until", InstantColumn, nullable=False),
    Column("expires_at", InstantColumn, nullable=False),
    Column("back_since", InstantColumn),
    Column("back_until", InstantColumn),
    Column("cell", String),
    Column("role", String),
    Column("reason", String, nullable=False),
    Column("state", String, nullable=False),
    Column("proposed_at", InstantColumn, nullable=False),
    Column("proposed_by", String, nullable=False),
    Column("answered_at", InstantColumn),
    Column("answered_by", String, nullable=False),
    Column("answer_reason", String, nullable=False),
)

calendar_links = Table(
    "calendar_links",
    metadata,
    Column("token", String, primary_key=True),
    Column("person", String, nullable=False, index=True),
    Column("made_at", InstantColumn, nullable=False),
    Column("made_by", String, nullable=False),
)
"""Links by which a person subscribes to the calendar of his shifts; `token` is its SHA-256."""

devices = Table(
    "devices",
    metadata,
    Column("id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("model", String),
    Column("place", String),
    Column("attributes", JSON, nullable=False),
    Column("created_at", InstantColumn, nullable=False),
    Column("updated_at", InstantColumn, nullable=False),
)
Index(None, devices.c.created_at, devices.c.id)
Index(None, devices.c.place)

identities = Table(
    "identities",
    metadata,
    Column("platform", String, primary_key=True),
    Column("identity", String, primary_key=True),
    Column("device", String, ForeignKey("devices.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("ordinal", Integer, nullable=False),
)

edits = Table(
    "registry_edits",
    metadata,
    Column("shelf", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("deleted", Boolean, nullable=False),
    Column("at", InstantColumn, nullable=False),
)
