"""For which platform a token may push readings; null is for all."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One nullable column."""
    op.add_column("tokens", sa.Column("platform", sa.String(), nullable=True))
