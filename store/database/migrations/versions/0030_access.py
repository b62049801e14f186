"""Users with passwords, stored sessions, and scope and expiry of tokens."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("place", sa.String()),
        sa.Column("person", sa.String()),
        sa.Column("password", sa.String()),
        sa.Column("must_change", sa.Boolean(), nullable=False),
        sa.Column("subject", sa.String(), unique=True),
        sa.Column("pin", sa.String()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("password_at", sa.BigInteger()),
        sa.Column("disabled_at", sa.BigInteger()),
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("user", sa.String()),
        sa.Column("person", sa.String()),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("agent", sa.String(), nullable=False),
    )
    op.create_index("ix_sessions_user", "sessions", ["user"])
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])
    with op.batch_alter_table("tokens") as table:
        table.add_column(sa.Column("name", sa.String()))
        table.add_column(sa.Column("scope", sa.String()))
        table.add_column(sa.Column("expires_at", sa.BigInteger()))
