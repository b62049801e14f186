"""Values that the history server refused, and their counts by day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from store.database.metadata import Serial

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "history_refusals",
        sa.Column("n", Serial, primary_key=True, autoincrement=True),
        sa.Column("refused_at", sa.BigInteger(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("quantity", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("sentence", sa.String(), nullable=False),
        sa.UniqueConstraint("device", "quantity", "at", "reason"),
    )
    op.create_index("ix_history_refusals_refused_at_n", "history_refusals", ["refused_at", "n"])
    op.create_table(
        "history_refusal_counts",
        sa.Column("reason", sa.String(), primary_key=True),
        sa.Column("day", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("kept", sa.Integer(), nullable=False),
        sa.Column("counted", sa.Integer(), nullable=False),
    )
