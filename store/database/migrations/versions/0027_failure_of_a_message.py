"""Why a message to an outside system was not accepted, as one of a fixed list."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("exchange_messages", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.add_column(sa.Column("failure", sa.String()))
