"""Alerts, what was heard, their story, the outbox with its trail, reply codes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables in the order in which they refer to each other."""
    _alerts()
    _findings()
    _timeline()
    _deliveries()
    _delivery_events()
    _reply_codes()


def _serial() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", _serial(), autoincrement=True, nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("hazard", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("ledger", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("subject_type", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("device", sa.String(), nullable=True),
        sa.Column("place", sa.String(), nullable=True),
        sa.Column("building", sa.String(), nullable=True),
        sa.Column("cell", sa.String(), nullable=True),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("advice", sa.String(), nullable=False),
        sa.Column("evidence", sa.String(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("late_ms", sa.BigInteger(), nullable=False),
        sa.Column("stale", sa.Boolean(), nullable=False),
        sa.Column("recovered_at", sa.BigInteger(), nullable=True),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("owner_name", sa.String(), nullable=True),
        sa.Column("taken_at", sa.BigInteger(), nullable=True),
        sa.Column("handler", sa.String(), nullable=True),
        sa.Column("passed", sa.JSON(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.Column("climb_at", sa.BigInteger(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("wake_at", sa.BigInteger(), nullable=True),
        sa.Column("joined", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alerts_building_state", "alerts", ["building", "state"], unique=False)
    op.create_index("ix_alerts_device_state", "alerts", ["device", "state"], unique=False)
    op.create_index("ix_alerts_rule_subject_id_state", "alerts", ["rule", "subject_id", "state"], unique=False)
    op.create_index("ix_alerts_state_id", "alerts", ["state", "id"], unique=False)
    op.create_index("ix_alerts_wake_at", "alerts", ["wake_at"], unique=False)


def _findings() -> None:
    op.create_table(
        "alert_findings",
        sa.Column("finding", sa.String(), nullable=False),
        sa.Column("phase", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("alert", _serial(), nullable=True),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("heard_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["alert"], ["alerts.id"], name="fk_alert_findings_alert_alerts"),
        sa.PrimaryKeyConstraint("finding", "phase", "at", name="pk_alert_findings"),
    )
    op.create_index("ix_alert_findings_alert", "alert_findings", ["alert"], unique=False)


def _timeline() -> None:
    op.create_table(
        "timeline",
        sa.Column("n", _serial(), autoincrement=True, nullable=False),
        sa.Column("alert", _serial(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=True),
        sa.Column("channel", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=True),
        sa.Column("delivery", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["alert"], ["alerts.id"], name="fk_timeline_alert_alerts"),
        sa.PrimaryKeyConstraint("n", name="pk_timeline"),
    )
    op.create_index("ix_timeline_alert", "timeline", ["alert"], unique=False)


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("n", _serial(), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("alert", _serial(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("provider_id", sa.String(), nullable=True),
        sa.Column("handle", sa.String(), nullable=True),
        sa.Column("ref", sa.String(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("receipt_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["alert"], ["alerts.id"], name="fk_deliveries_alert_alerts"),
        sa.PrimaryKeyConstraint("n", name="pk_deliveries"),
        sa.UniqueConstraint("id", name="uq_deliveries_id"),
        sa.UniqueConstraint("key", name="uq_deliveries_key"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_deliveries_address_channel_sent_at", "deliveries", ["address", "channel", "sent_at"], unique=False
    )
    op.create_index("ix_deliveries_alert", "deliveries", ["alert"], unique=False)
    op.create_index(
        "ix_deliveries_channel_state_not_before", "deliveries", ["channel", "state", "not_before"], unique=False
    )
    op.create_index("ix_deliveries_provider_id", "deliveries", ["provider_id"], unique=False)


def _delivery_events() -> None:
    op.create_table(
        "delivery_events",
        sa.Column("n", _serial(), autoincrement=True, nullable=False),
        sa.Column("delivery", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("from_state", sa.String(), nullable=False),
        sa.Column("to_state", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("detail", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("n", name="pk_delivery_events"),
    )
    op.create_index("ix_delivery_events_delivery", "delivery_events", ["delivery"], unique=False)


def _reply_codes() -> None:
    op.create_table(
        "reply_codes",
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("alert", _serial(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["alert"], ["alerts.id"], name="fk_reply_codes_alert_alerts"),
        sa.PrimaryKeyConstraint("phone", "number", name="pk_reply_codes"),
    )
    op.create_index("ix_reply_codes_alert", "reply_codes", ["alert"], unique=False)
