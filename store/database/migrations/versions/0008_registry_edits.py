"""Which records of the registry were changed over the API, so that a site's files do not undo it at the next start."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One row a record. What stands in the registry today is as the files say, as far as anybody knows."""
    op.create_table(
        "registry_edits",
        sa.Column("shelf", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shelf", "id", name=op.f("pk_registry_edits")),
    )
