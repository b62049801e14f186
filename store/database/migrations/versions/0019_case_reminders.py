"""The deadline of a supervision order, when the next person is asked to verify, and findings whole, as they began."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Findings recorded before have no body: they cannot be split off."""
    with op.batch_alter_table("alerts") as table:
        table.add_column(sa.Column("order_until", sa.BigInteger()))
        table.add_column(sa.Column("verify_at", sa.BigInteger()))
    with op.batch_alter_table("alert_findings") as table:
        table.add_column(sa.Column("body", sa.String()))
