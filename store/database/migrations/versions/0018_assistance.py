"""Who assists at an alert, how many responsible people it needs and who they are, and how vulnerable those concerned
are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Alerts of before had one responsible person and no helpers."""
    with op.batch_alter_table("alerts") as table:
        table.add_column(sa.Column("helpers", sa.JSON(), nullable=False, server_default="[]"))
        table.add_column(sa.Column("people_needed", sa.Integer(), nullable=False, server_default="1"))
        table.add_column(sa.Column("responders", sa.JSON(), nullable=False, server_default="[]"))
        table.add_column(sa.Column("vulnerability", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("vulnerable", sa.String(), nullable=False, server_default=""))
