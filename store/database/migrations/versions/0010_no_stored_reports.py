"""Deletes the daily reports that were stored in the settings: nothing read them, and nothing removed them."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One row a day under `report/<day number>`."""
    op.execute("DELETE FROM settings WHERE key LIKE 'report/%'")
