"""The verification of a citizen's report by the street: whom it asks, and until when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Reports of before have none: they are verified at the desk, as they were."""
    with op.batch_alter_table("alerts") as table:
        table.add_column(sa.Column("second_check", sa.JSON()))
