"""When the present state of an alert began, which danger its words and its ladder come from, which doors joined it, and
why its ladder climbed last. Deliveries are found by person, channel and time of writing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Alerts of before are taken to be in their state since they last changed, and to be about what opened them."""
    with op.batch_alter_table("alerts") as table:
        table.add_column(sa.Column("state_since", sa.BigInteger(), nullable=False, server_default="0"))
        table.add_column(sa.Column("danger_at", sa.BigInteger(), nullable=False, server_default="0"))
        table.add_column(sa.Column("ladder_rule", sa.String(), nullable=False, server_default=""))
        table.add_column(sa.Column("doors", sa.JSON(), nullable=False, server_default="[]"))
        table.add_column(sa.Column("escalation", sa.JSON(), nullable=False, server_default='{"cause": "unanswered"}'))
    op.execute("UPDATE alerts SET state_since = updated_at, danger_at = started_at, ladder_rule = rule")
    op.create_index("ix_alerts_subject_type_subject_id_state", "alerts", ["subject_type", "subject_id", "state"])
    op.create_index("ix_deliveries_address_channel_created_at", "deliveries", ["address", "channel", "created_at"])
