"""When each alert reached the steps of its handling, in one row; and indexes for the statistics of a period."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Alerts of before get their instants from their timelines."""
    op.create_table(
        "alert_milestones",
        sa.Column("alert", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, autoincrement=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.String()),
        sa.Column("acknowledged_at", sa.BigInteger()),
        sa.Column("arrived_at", sa.BigInteger()),
        sa.Column("resolved_at", sa.BigInteger()),
        sa.Column("verified_at", sa.BigInteger()),
        sa.Column("closed_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["alert"], ["alerts.id"], name=op.f("fk_alert_milestones_alert_alerts")),
        sa.PrimaryKeyConstraint("alert", name=op.f("pk_alert_milestones")),
    )
    op.execute(
        "INSERT INTO alert_milestones (alert, opened_at, acknowledged_at, arrived_at, resolved_at, verified_at, "
        "closed_at, role) SELECT a.id, a.opened_at, "
        "(SELECT min(t.at) FROM timeline t WHERE t.alert = a.id AND t.kind = 'acknowledge'), "
        "(SELECT min(t.at) FROM timeline t WHERE t.alert = a.id AND t.kind = 'arrive'), "
        "CASE WHEN a.state IN ('resolved', 'verified', 'closed') THEN "
        "(SELECT max(t.at) FROM timeline t WHERE t.alert = a.id AND t.kind = 'resolve') END, "
        "CASE WHEN a.state IN ('verified', 'closed') THEN "
        "(SELECT max(t.at) FROM timeline t WHERE t.alert = a.id AND t.kind = 'verify') END, "
        "CASE WHEN a.state = 'closed' THEN a.state_since END, "
        "(SELECT d.role FROM deliveries d WHERE d.alert = a.id AND d.person = a.owner ORDER BY d.n LIMIT 1) "
        "FROM alerts a"
    )
    op.create_index("ix_alert_milestones_opened_at", "alert_milestones", ["opened_at"])
    op.create_index("ix_alert_findings_phase_heard_at", "alert_findings", ["phase", "heard_at"])
    op.create_index("ix_deliveries_created_at", "deliveries", ["created_at"])
