"""A duty may hold for alerts of some hazards only, and on some types of days only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Empty lists: every hazard, every day, as before."""
    op.add_column("duties", sa.Column("hazards", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("duties", sa.Column("days", sa.JSON(), nullable=False, server_default="[]"))
