"""Whose finding was heard: an alert is found by every device that joined it. Null for what was heard before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One nullable column, and its index."""
    op.add_column("alert_findings", sa.Column("device", sa.String(), nullable=True))
    op.create_index("ix_alert_findings_device", "alert_findings", ["device"], unique=False)
