"""Alerts that were merged into another one are found by it."""

from __future__ import annotations

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_alerts_merged_into", "alerts", ["merged_into"])
