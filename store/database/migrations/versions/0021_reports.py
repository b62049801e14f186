"""Reports of citizens, photos of alerts, pairs of alerts that were kept apart, and codes of places."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Four tables."""
    _create_reports()
    op.create_table(
        "alert_photos",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("alert", _SERIAL, nullable=False),
        sa.Column("report", _SERIAL),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String()),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["alert"], ["alerts.id"], name=op.f("fk_alert_photos_alert_alerts")),
        sa.ForeignKeyConstraint(["report"], ["reports.id"], name=op.f("fk_alert_photos_report_reports")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_photos")),
        sqlite_autoincrement=True,
    )
    for column in ("alert", "report", "digest", "at"):
        op.create_index(f"ix_alert_photos_{column}", "alert_photos", [column])
    op.create_table(
        "separate_alerts",
        sa.Column("alert", _SERIAL, autoincrement=False, nullable=False),
        sa.Column("other", _SERIAL, autoincrement=False, nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["alert"], ["alerts.id"], name=op.f("fk_separate_alerts_alert_alerts")),
        sa.ForeignKeyConstraint(["other"], ["alerts.id"], name=op.f("fk_separate_alerts_other_alerts")),
        sa.PrimaryKeyConstraint("alert", "other", name=op.f("pk_separate_alerts")),
    )
    op.create_index("ix_separate_alerts_other", "separate_alerts", ["other"])
    op.create_table(
        "place_codes",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_place_codes")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_place_codes_place", "place_codes", ["place"])


def _create_reports() -> None:
    op.create_table(
        "reports",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("alert", _SERIAL, nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.String()),
        sa.Column("place_source", sa.String(), nullable=False),
        sa.Column("lat", sa.Float()),
        sa.Column("lon", sa.Float()),
        sa.Column("phone", sa.String()),
        sa.Column("client", sa.String()),
        sa.Column("key", sa.String()),
        sa.Column("community_by", sa.String()),
        sa.Column("community_at", sa.BigInteger()),
        sa.Column("street_by", sa.String()),
        sa.Column("street_at", sa.BigInteger()),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("answered_by", sa.String()),
        sa.Column("answered_at", sa.BigInteger()),
        sa.Column("satisfied", sa.Boolean()),
        sa.Column("feedback", sa.String(), nullable=False),
        sa.Column("feedback_at", sa.BigInteger()),
        sa.Column("reopened_at", sa.BigInteger()),
        sa.Column("erased_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["alert"], ["alerts.id"], name=op.f("fk_reports_alert_alerts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports")),
        sa.UniqueConstraint("key", name=op.f("uq_reports_key")),
        sqlite_autoincrement=True,
    )
    for column in ("number", "alert", "created_at"):
        op.create_index(f"ix_reports_{column}", "reports", [column])
    for column in ("client", "place", "phone"):
        op.create_index(f"ix_reports_{column}_created_at", "reports", [column, "created_at"])
