"""Deletes reports, photos and decisions of alerts that are deleted, in the transaction that deletes the alerts."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, or_, select, update

from domain import DAY, Instant
from store.database.reports.tables import alert_photos, reports, separate_alerts

CLIENT_KEPT_MS = DAY
"""The digest of a sender's address serves the daily limit and nothing else."""


def delete_of_alerts(tx: Connection, ids: Sequence[int]) -> None:
    """Delete what belongs to these alerts. Files of photos are orphans then."""
    of_reports = select(reports.c.id).where(reports.c.alert.in_(ids))
    either = or_(separate_alerts.c.alert.in_(ids), separate_alerts.c.other.in_(ids))
    tx.execute(delete(separate_alerts).where(either))
    tx.execute(delete(alert_photos).where(or_(alert_photos.c.alert.in_(ids), alert_photos.c.report.in_(of_reports))))
    tx.execute(delete(reports).where(reports.c.alert.in_(ids)))


def forget_clients(tx: Connection, now: Instant) -> int:
    """Delete the digests of addresses that no limit needs any more; returns how many."""
    old = reports.c.client.is_not(None), reports.c.created_at < now - CLIENT_KEPT_MS
    return tx.execute(update(reports).where(*old).values(client=None)).rowcount
