"""Photos of alerts: rows to show, files that are referred to, and retention."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select

from alerts.alert import SETTLED_STATES
from alerts.cases.report import Photo, PhotoPurpose
from domain import Instant
from store.database.alerts.tables import alerts
from store.database.reports.tables import alert_photos
from store.database.sql import chunks


def photos_of_alert(tx: Connection, alert: int) -> list[Photo]:
    """The photos of an alert, oldest first."""
    query = select(alert_photos).where(alert_photos.c.alert == alert).order_by(alert_photos.c.id)
    return [_photo_of(row) for row in tx.execute(query)]


def photos_for_reporter(tx: Connection, report: int) -> list[Photo]:
    """What the reporter may see: his own photos and those of the answer."""
    shown = [PhotoPurpose.REPORT.value, PhotoPurpose.ANSWER.value]
    query = select(alert_photos).where(alert_photos.c.report == report, alert_photos.c.purpose.in_(shown))
    return [_photo_of(row) for row in tx.execute(query.order_by(alert_photos.c.id))]


def get_photo(tx: Connection, photo: int) -> Photo | None:
    """One photo."""
    row = tx.execute(select(alert_photos).where(alert_photos.c.id == photo)).first()
    return None if row is None else _photo_of(row)


def count_photos(tx: Connection, alert: int) -> int:
    """The number of photos of an alert."""
    return len(tx.execute(select(alert_photos.c.id).where(alert_photos.c.alert == alert)).all())


def photo_counts(tx: Connection, alert_ids: Collection[int]) -> dict[int, int]:
    """The number of photos of each of these alerts that has any."""
    counts: dict[int, int] = {}
    for part in chunks(sorted(alert_ids)):
        query = select(alert_photos.c.alert, func.count()).where(alert_photos.c.alert.in_(part))
        counts |= {int(alert): int(count) for alert, count in tx.execute(query.group_by(alert_photos.c.alert))}
    return counts


def referenced_digests(tx: Connection, digests: Collection[str]) -> set[str]:
    """Those of these digests that a photo has."""
    found: set[str] = set()
    for part in chunks(sorted(digests)):
        found |= set(tx.execute(select(alert_photos.c.digest).where(alert_photos.c.digest.in_(part))).scalars())
    return found


def delete_expired(tx: Connection, before: Instant, limit: int) -> int:
    """Delete up to `limit` photos older than an instant whose alert is settled; returns how many. Their files are
    orphans then."""
    settled = select(alerts.c.id).where(alerts.c.state.in_([state.value for state in SETTLED_STATES]))
    query = select(alert_photos.c.id).where(alert_photos.c.at < before, alert_photos.c.alert.in_(settled))
    ids: Sequence[int] = list(tx.execute(query.limit(limit)).scalars())
    tx.execute(delete(alert_photos).where(alert_photos.c.id.in_(ids)))
    return len(ids)


def _photo_of(row: Row[Any]) -> Photo:
    values = {name: row._mapping[name] for name in Photo.__struct_fields__}
    return Photo(**{**values, "purpose": PhotoPurpose(values["purpose"])})
