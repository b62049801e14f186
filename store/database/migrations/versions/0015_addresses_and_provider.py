"""Further addresses of a person, and which provider carried a message."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two columns."""
    with op.batch_alter_table("people") as table:
        table.add_column(sa.Column("addresses", sa.JSON(), nullable=False, server_default="{}"))
    with op.batch_alter_table("deliveries") as table:
        table.add_column(sa.Column("provider", sa.String(), nullable=True))
