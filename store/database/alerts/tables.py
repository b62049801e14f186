"""Tables of alerts, their findings and timelines, the outbox with its event log, and reply codes."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table

from store.database.metadata import InstantColumn, Serial, metadata

alerts = Table(
    "alerts",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("rule", String, nullable=False),
    Column("title", String, nullable=False),
    Column("hazard", String, nullable=False),
    Column("severity", String, nullable=False),
    Column("ledger", String, nullable=False),
    Column("state", String, nullable=False),
    Column("subject_type", String, nullable=False),
    Column("subject_id", String, nullable=False),
    Column("device", String),
    Column("place", String),
    Column("building", String),
    Column("cell", String),
    Column("address", String, nullable=False),
    Column("advice", String, nullable=False),
    Column("evidence", String, nullable=False),
    Column("started_at", InstantColumn, nullable=False),
    Column("opened_at", InstantColumn, nullable=False),
    Column("updated_at", InstantColumn, nullable=False),
    Column("late_ms", InstantColumn, nullable=False),
    Column("stale", Boolean, nullable=False),
    Column("recovered_at", InstantColumn),
    Column("owner", String),
    Column("owner_name", String),
    Column("taken_at", InstantColumn),
    Column("handler", String),
    Column("passed", JSON, nullable=False),
    Column("round", Integer, nullable=False),
    Column("rung", Integer, nullable=False),
    Column("climb_at", InstantColumn),
    Column("due_at", InstantColumn),
    Column("wake_at", InstantColumn, index=True),
    Column("joined", Integer, nullable=False),
    Column("state_since", InstantColumn, nullable=False),
    Column("danger_at", InstantColumn, nullable=False),
    Column("ladder_rule", String, nullable=False),
    Column("doors", JSON, nullable=False),
    Column("escalation", JSON, nullable=False),
    Column("source", String, nullable=False, server_default="device"),
    Column("exercise", Boolean, nullable=False, server_default="0"),
    Column("returned_to", String),
    Column("returns", Integer, nullable=False, server_default="0"),
    Column("disposition", String),
    Column("merged_into", BigInteger),
    Column("handler_principal", String),
    Column("verifier", String),
    Column("shelvings", Integer, nullable=False, server_default="0"),
    Column("overdue_since", InstantColumn, index=True),
    Column("overdue_what", String, nullable=False, server_default=""),
    Column("overdue_count", Integer, nullable=False, server_default="0"),
    Column("supervise_at", InstantColumn),
    Column("order_until", InstantColumn),
    Column("verify_at", InstantColumn),
    Column("realarm_at", InstantColumn),
    Column("silence", BigInteger),
    Column("description", String, nullable=False, server_default=""),
    Column("reference", String, index=True),
    Column("case_key", String),
    Column("helpers", JSON, nullable=False, server_default="[]"),
    Column("people_needed", Integer, nullable=False, server_default="1"),
    Column("responders", JSON, nullable=False, server_default="[]"),
    Column("vulnerability", Integer, nullable=False, server_default="0"),
    Column("vulnerable", String, nullable=False, server_default=""),
    Column("second_check", JSON),
    sqlite_autoincrement=True,
)
Index("ix_alerts_case_key", alerts.c.case_key, unique=True)
Index(None, alerts.c.merged_into)
Index(None, alerts.c.device, alerts.c.state)
Index(None, alerts.c.rule, alerts.c.subject_id, alerts.c.state)
Index(None, alerts.c.building, alerts.c.state)
Index(None, alerts.c.state, alerts.c.id)
Index(None, alerts.c.ledger, alerts.c.updated_at, alerts.c.id)
Index(None, alerts.c.subject_type, alerts.c.subject_id, alerts.c.state)

alert_findings = Table(
    "alert_findings",
    metadata,
    Column("finding", String, primary_key=True),
    Column("phase", String, primary_key=True),
    Column("at", InstantColumn, primary_key=True, autoincrement=False),
    Column("alert", Serial, ForeignKey("alerts.id"), index=True),
    Column("severity", String, nullable=False),
    Column("heard_at", InstantColumn, nullable=False),
    Column("device", String, index=True),
    Column("body", String),
)

Index(None, alert_findings.c.phase, alert_findings.c.heard_at)

timeline = Table(
    "timeline",
    metadata,
    Column("n", Serial, primary_key=True, autoincrement=True),
    Column("alert", Serial, ForeignKey("alerts.id"), nullable=False, index=True),
    Column("at", InstantColumn, nullable=False),
    Column("kind", String, nullable=False),
    Column("text", String, nullable=False),
    Column("person", String),
    Column("channel", String),
    Column("state", String),
    Column("delivery", String),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("n", Serial, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("key", String, nullable=False, unique=True),
    Column("alert", Serial, ForeignKey("alerts.id"), index=True),
    Column("round", Integer, nullable=False),
    Column("rung", Integer, nullable=False),
    Column("person", String, nullable=False),
    Column("name", String, nullable=False),
    Column("role", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("address", String, nullable=False),
    Column("payload", JSON, nullable=False),
    Column("state", String, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", InstantColumn, nullable=False),
    Column("not_before", InstantColumn, nullable=False),
    Column("expires_at", InstantColumn, nullable=False),
    Column("lease_until", InstantColumn),
    Column("provider_id", String, index=True),
    Column("handle", String),
    Column("ref", String),
    Column("outcome", String),
    Column("code", String),
    Column("sent_at", InstantColumn),
    Column("receipt_at", InstantColumn),
    Column("provider", String),
    Column("template", String),
    sqlite_autoincrement=True,
)
Index(None, deliveries.c.channel, deliveries.c.state, deliveries.c.not_before)
Index(None, deliveries.c.created_at)
Index(None, deliveries.c.address, deliveries.c.channel, deliveries.c.sent_at)
Index(None, deliveries.c.address, deliveries.c.channel, deliveries.c.created_at)
Index(None, deliveries.c.provider, deliveries.c.sent_at)

delivery_events = Table(
    "delivery_events",
    metadata,
    Column("n", Serial, primary_key=True, autoincrement=True),
    Column("delivery", String, nullable=False, index=True),
    Column("at", InstantColumn, nullable=False),
    Column("from_state", String, nullable=False),
    Column("to_state", String, nullable=False),
    Column("code", String),
    Column("detail", String, nullable=False),
)

reply_codes = Table(
    "reply_codes",
    metadata,
    Column("phone", String, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("alert", Serial, ForeignKey("alerts.id"), nullable=False, index=True),
    Column("person", String, nullable=False),
    Column("since", InstantColumn, nullable=False),
)
