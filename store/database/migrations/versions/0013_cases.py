"""For cases that no device opened: their text, their number elsewhere, and the idempotency key of the request."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Alerts of before were opened by devices: they have none of these."""
    with op.batch_alter_table("alerts") as table:
        table.add_column(sa.Column("description", sa.String(), nullable=False, server_default=""))
        table.add_column(sa.Column("reference", sa.String()))
        table.add_column(sa.Column("case_key", sa.String()))
    op.create_index("ix_alerts_reference", "alerts", ["reference"])
    op.create_index("ix_alerts_case_key", "alerts", ["case_key"], unique=True)
