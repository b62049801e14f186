"""When a refusal was given another try, after a mapping was mended or a device registered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One nullable column: null is not tried again yet."""
    op.add_column("refusals", sa.Column("replayed_at", sa.BigInteger(), nullable=True))
