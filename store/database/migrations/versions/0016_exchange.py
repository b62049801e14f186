"""Events, messages, cases and answers of the exchange with outside systems; alerts by their last change."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Five tables and an index."""
    serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_index("ix_alerts_ledger_updated_at_id", "alerts", ["ledger", "updated_at", "id"])
    op.create_table(
        "exchange_events",
        sa.Column("n", serial, autoincrement=True, nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("alert", serial, nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_exchange_events")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_exchange_events_alert", "exchange_events", ["alert"])
    _create_messages(serial)
    op.create_table(
        "exchange_targets",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("failing_since", sa.BigInteger(), nullable=True),
        sa.Column("last_success_at", sa.BigInteger(), nullable=True),
        sa.Column("last_error", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exchange_targets")),
    )
    _create_cases(serial)
    op.create_table(
        "exchange_received",
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("system", "event_id", name=op.f("pk_exchange_received")),
    )
    op.create_index("ix_exchange_received_received_at", "exchange_received", ["received_at"])


def _create_messages(serial: sa.types.TypeEngine[int]) -> None:
    op.create_table(
        "exchange_messages",
        sa.Column("n", serial, autoincrement=True, nullable=False),
        sa.Column("event", serial, nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=False),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event"], ["exchange_events.n"], name=op.f("fk_exchange_messages_event_exchange_events")
        ),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_exchange_messages")),
        sa.UniqueConstraint("event", "target", name=op.f("uq_exchange_messages_event_target")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_exchange_messages_target_state_subject_n", "exchange_messages", ["target", "state", "subject", "n"]
    )
    op.create_index("ix_exchange_messages_target_state_n", "exchange_messages", ["target", "state", "n"])
    op.create_index("ix_exchange_messages_state_settled_at", "exchange_messages", ["state", "settled_at"])


def _create_cases(serial: sa.types.TypeEngine[int]) -> None:
    op.create_table(
        "exchange_cases",
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("alert", serial, nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("their_id", sa.String(), nullable=True),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("their_deadline", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("their_version", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("system", "external_id", name=op.f("pk_exchange_cases")),
    )
    for column in ("alert", "their_id"):
        op.create_index(f"ix_exchange_cases_{column}", "exchange_cases", [column])
