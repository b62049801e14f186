"""Where an alert comes from, whom it was returned to, what it turned out to be, what it was merged into, who is asked
to verify it, what is overdue, and when it is told again. A silence may inform while it holds the calls back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Alerts of before come from devices, are no exercise, and nothing of them is overdue."""
    with op.batch_alter_table("alerts") as table:
        table.add_column(sa.Column("source", sa.String(), nullable=False, server_default="device"))
        table.add_column(sa.Column("exercise", sa.Boolean(), nullable=False, server_default="0"))
        table.add_column(sa.Column("returned_to", sa.String()))
        table.add_column(sa.Column("returns", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("disposition", sa.String()))
        table.add_column(sa.Column("merged_into", sa.BigInteger()))
        table.add_column(sa.Column("handler_principal", sa.String()))
        table.add_column(sa.Column("verifier", sa.String()))
        table.add_column(sa.Column("shelvings", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("overdue_since", sa.BigInteger()))
        table.add_column(sa.Column("overdue_what", sa.String(), nullable=False, server_default=""))
        table.add_column(sa.Column("overdue_count", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("supervise_at", sa.BigInteger()))
        table.add_column(sa.Column("realarm_at", sa.BigInteger()))
        table.add_column(sa.Column("silence", sa.BigInteger()))
    op.create_index("ix_alerts_overdue_since", "alerts", ["overdue_since"])
    with op.batch_alter_table("silences") as table:
        table.add_column(sa.Column("notify_only", sa.Boolean(), nullable=False, server_default="0"))
