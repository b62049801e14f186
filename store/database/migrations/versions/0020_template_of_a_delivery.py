"""The template of a message, and an index for what a provider has carried: limits of providers are counted by them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One column and one index."""
    with op.batch_alter_table("deliveries") as table:
        table.add_column(sa.Column("template", sa.String(), nullable=True))
    op.create_index("ix_deliveries_provider_sent_at", "deliveries", ["provider", "sent_at"], unique=False)
