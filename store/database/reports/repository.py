"""`ReportStore` of alerts/cases/ports.py on SQL, in the transaction of the alert store."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeVar

from msgspec import structs
from sqlalchemy import Connection, Integer, Row, and_, bindparam, func, insert, select, update

from alerts.alert import State
from alerts.cases.ports import ReportStore
from alerts.cases.report import LimitCheck, Photo, PhotoPurpose, PlaceSource, Report
from alerts.cases.reporter_message import recipient_id
from alerts.message import DeliveryState
from alerts.ports import AlertStore
from domain import Instant
from store.database.alerts.repository import SqlAlertStore
from store.database.alerts.tables import alerts, deliveries, timeline
from store.database.reports.erasure import erase_words
from store.database.reports.tables import alert_photos, reports, separate_alerts

T = TypeVar("T")

_FIELDS = Report.__struct_fields__
_REOPENING_KINDS = ("reopen", "persists", "worsened")
"""Timeline entries after which an earlier verification no longer holds."""
_UNANSWERED = (
    select(reports)
    .join(alerts, alerts.c.id == reports.c.alert)
    .where(
        reports.c.answered_at.is_(None),
        alerts.c.state == State.CLOSED.value,
        alerts.c.updated_at < bindparam("settled_before"),
    )
    .order_by(reports.c.id)
    .limit(bindparam("most", type_=Integer))
)
"""Built once: it is asked at every deadline."""


class SqlReportStore:
    """The report store of one transaction. Methods: see alerts/cases/ports.py."""

    def __init__(self, tx: Connection) -> None:
        self._tx = tx

    def add_report(self, report: Report) -> Report:
        key = self._tx.execute(insert(reports), _values(report)).inserted_primary_key
        assert key is not None
        return structs.replace(report, id=int(key[0]))

    def save_report(self, report: Report) -> None:
        self._tx.execute(update(reports).where(reports.c.id == report.id).values(**_values(report)))

    def report(self, report: int) -> Report | None:
        row = self._tx.execute(select(reports).where(reports.c.id == report)).first()
        return None if row is None else report_of(row)

    def report_by_key(self, key: str) -> Report | None:
        row = self._tx.execute(select(reports).where(reports.c.key == key)).first()
        return None if row is None else report_of(row)

    def wait_of(self, check: LimitCheck, now: Instant) -> int:
        recent = reports.c.created_at > now - check.window_ms
        same = and_(recent, reports.c[check.column] == check.value) if check.column else recent
        query = select(reports.c.created_at).where(same).order_by(reports.c.created_at.desc())
        oldest = self._tx.execute(query.offset(check.limit - 1).limit(1)).scalar()
        return 0 if oldest is None else max(1, oldest + check.window_ms - now)

    def verified(self, alert: int) -> tuple[str | None, Instant] | None:
        of_alert = timeline.c.alert == alert
        reopened = select(func.coalesce(func.max(timeline.c.n), 0)).where(
            of_alert, timeline.c.kind.in_(_REOPENING_KINDS)
        )
        query = select(timeline.c.person, timeline.c.at).where(
            of_alert, timeline.c.kind == "verify", timeline.c.n > reopened.scalar_subquery()
        )
        row = self._tx.execute(query.order_by(timeline.c.n.desc())).first()
        return None if row is None else (row.person, row.at)

    def unanswered(self, settled_before: Instant, limit: int) -> list[Report]:
        rows = self._tx.execute(_UNANSWERED, {"settled_before": settled_before, "most": limit})
        return [report_of(row) for row in rows]

    def add_photos(self, photos: Sequence[Photo]) -> None:
        if photos:
            self._tx.execute(insert(alert_photos), [_photo_values(photo) for photo in photos])

    def record_separate(self, alert: int, other: int, by: str, now: Instant) -> None:
        for one, beside in ((alert, other), (other, alert)):
            pair = and_(separate_alerts.c.alert == one, separate_alerts.c.other == beside)
            if self._tx.execute(select(separate_alerts.c.at).where(pair)).first() is None:
                self._tx.execute(insert(separate_alerts), {"alert": one, "other": beside, "by": by, "at": now})

    def reports_of_phone(self, phone: str) -> list[Report]:
        return [report_of(row) for row in self._tx.execute(select(reports).where(reports.c.phone == phone))]

    def erase_personal_data(self, report: Report, words: Sequence[str], text: str, now: Instant) -> None:
        own = and_(alert_photos.c.report == report.id, alert_photos.c.purpose == PhotoPurpose.REPORT.value)
        self._tx.execute(alert_photos.delete().where(own))
        sent = and_(deliveries.c.alert == report.alert, deliveries.c.person == recipient_id(report))
        unsent = and_(sent, deliveries.c.state == DeliveryState.PENDING.value)
        skipped = {"state": DeliveryState.SKIPPED.value, "outcome": "skipped", "code": "settled"}
        self._tx.execute(update(deliveries).where(unsent).values(**skipped))
        self._tx.execute(update(deliveries).where(sent).values(address="", payload={}))
        erase_words(self._tx, report.alert, words, text)
        self.save_report(
            structs.replace(
                report, text=text, phone=None, client=None, lat=None, lon=None, feedback="", key=None, erased_at=now
            )
        )


def _values(report: Report) -> dict[str, Any]:
    """All columns but the id."""
    values = {name: getattr(report, name) for name in _FIELDS if name != "id"}
    return {**values, "place_source": report.place_source.value}


def report_of(row: Row[Any]) -> Report:
    """The report in a row."""
    values = {name: row._mapping[name] for name in _FIELDS}
    return Report(**{**values, "place_source": PlaceSource(values["place_source"])})


def _photo_values(photo: Photo) -> dict[str, Any]:
    values = structs.asdict(photo)
    del values["id"]
    return {**values, "purpose": photo.purpose.value}


class _Writer(Protocol):
    """The part of a database that `ReportTransactions` uses."""

    def write(self, work: Callable[[Connection], T], /) -> Awaitable[T]: ...


class ReportTransactions:
    """`ReportTransact` of alerts/cases/ports.py on a database."""

    def __init__(self, database: _Writer) -> None:
        self._database = database

    def __call__(self, work: Callable[[AlertStore, ReportStore], T]) -> Awaitable[T]:
        def within(tx: Connection) -> T:
            store = SqlAlertStore(tx)
            result = work(store, SqlReportStore(tx))
            store.flush()
            return result

        return self._database.write(within)
