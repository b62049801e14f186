"""Silences, the findings they cover, and which pushes of providers were taken."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Three tables."""
    serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "silences",
        sa.Column("id", serial, autoincrement=True, nullable=False),
        sa.Column("matchers", sa.JSON(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_silences")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_silences_until", "silences", ["until"], unique=False)
    op.create_table(
        "silenced_findings",
        sa.Column("finding", sa.String(), nullable=False),
        sa.Column("silence", serial, nullable=False),
        sa.Column("device", sa.String(), nullable=True),
        sa.Column("begin", sa.BigInteger(), nullable=False),
        sa.Column("told", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["silence"], ["silences.id"], name=op.f("fk_silenced_findings_silence_silences")),
        sa.PrimaryKeyConstraint("finding", name=op.f("pk_silenced_findings")),
    )
    for column in ("silence", "device", "state"):
        op.create_index(f"ix_silenced_findings_{column}", "silenced_findings", [column], unique=False)
    op.create_table(
        "taken_callbacks",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_taken_callbacks")),
    )
    op.create_index("ix_taken_callbacks_at", "taken_callbacks", ["at"], unique=False)
