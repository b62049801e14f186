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
