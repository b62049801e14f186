"""Erases personal data of alerts that were finished long ago; alerts, their milestones and places stay for statistics.

Finished is closed or verified; of device health also resolved, which nobody verifies.
Alerts are visited in the order of their last change, which erasing does not alter: the place of the last one is kept
(`CURSOR`), and one that is changed again comes up again later. One that was merged into another comes up with that:
while helpers work on it, what residents said about either is needed. What staff did stays under their ids; free text of
people, names, numbers, messages, photos, and measured values of persons do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Row, and_, column, delete, func, or_, select, table, tuple_, update
from sqlalchemy.types import JSON

from alerts.alert import SETTLED_STATES, State
from domain import Instant, Ledger
from store.database.alerts.findings import FINAL_PHASES
from store.database.alerts.tables import alert_findings, alerts, deliveries, delivery_events, reply_codes, timeline
from store.database.reports.erasure import erase_words
from store.database.reports.tables import alert_photos, reports
from store.database.system import key_values

CURSOR: Final = "personal-retention"
BATCH: Final = 10
"""Alerts in one transaction: with forty messages each it holds the write lock for about 10 ms."""
WORD_MIN: Final = 2
_KEPT_FIELDS: Final = ("category",)
"""Of a case of an outside system: what statistics need."""
_CASES: Final = table("exchange_cases", column("alert"), column("fields", JSON))
"""By its name: the module of this table imports this package."""
_FINISHED: Final = [state.value for state in SETTLED_STATES if state is not State.RESOLVED]


class Erased(Struct, frozen=True):
    """Numbers of what one transaction visited and erased. `alerts` 0: nothing is left to erase."""

    alerts: int = 0
    reports: int = 0
    photos: int = 0
    messages: int = 0


def erase_personal(tx: Connection, before: Instant, now: Instant, text: str, limit: int = BATCH) -> Erased:
    """Put `text` in place of personal data of the next `limit` alerts finished and unchanged since `before`."""
    changed_at, last = key_values.get(tx, CURSOR, [0, 0])
    position = tuple_(alerts.c.updated_at, alerts.c.id)
    query = (
        select(alerts)
        .where(alerts.c.updated_at < before, _is_finished(), position > tuple_(changed_at, last))
        .where(alerts.c.merged_into.is_(None))
        .order_by(alerts.c.updated_at, alerts.c.id)
        .limit(limit)
    )
    rows = tx.execute(query).all()
    if not rows:
        return Erased()
    done = [_erase_alert(tx, row, now, text) for row in _with_merged(tx, rows)]
    key_values.put(tx, CURSOR, [rows[-1].updated_at, rows[-1].id], now)
    return Erased(len(done), *(sum(each) for each in zip(*done, strict=True)))


def _is_finished() -> ColumnElement[bool]:
    """Whether nobody needs the case any more. A danger that is resolved waits for its verifier, who has to read it; a
    health alert is resolved for good."""
    repaired = and_(alerts.c.state == State.RESOLVED.value, alerts.c.ledger == Ledger.HEALTH.value)
    return or_(alerts.c.state.in_(_FINISHED), repaired)


def _with_merged(tx: Connection, rows: Sequence[Row[Any]]) -> list[Row[Any]]:
    """These alerts, those that were merged into them, and so on."""
    found, last = list(rows), list(rows)
    while last:
        into = alerts.c.merged_into.in_([row.id for row in last])
        last = list(tx.execute(select(alerts).where(into).order_by(alerts.c.id)).all())
        found += last
    return found


def _erase_alert(tx: Connection, row: Row[Any], now: Instant, text: str) -> tuple[int, int, int]:
    written_by_reporters = select(reports.c.text, reports.c.feedback, reports.c.phone).where(reports.c.alert == row.id)
    words = [word for report in tx.execute(written_by_reporters) for word in report if word is not None]
    words += [row.description, row.vulnerable]
    erase_words(tx, row.id, [word for word in words if len(word) >= WORD_MIN], text)
    written = timeline.c.alert == row.id, timeline.c.person.is_not(None)
    tx.execute(update(timeline).where(*written).values(text=text))
    personal = {"description": text if row.description else "", "vulnerable": "", "owner_name": None}
    if row.subject_type == "person":
        personal["evidence"] = "[]"
    tx.execute(update(alerts).where(alerts.c.id == row.id).values(**personal))
    ended = alert_findings.alias("ended")
    is_over = select(ended.c.finding).where(
        ended.c.finding == alert_findings.c.finding, ended.c.phase.in_(FINAL_PHASES)
    )
    tx.execute(update(alert_findings).where(alert_findings.c.alert == row.id, is_over.exists()).values(body=None))
    tx.execute(delete(reply_codes).where(reply_codes.c.alert == row.id))
    _erase_cases(tx, row.id)
    return _erase_reports(tx, row.id, now, text), _delete_photos(tx, row.id), _erase_messages(tx, row.id, text)


def _erase_reports(tx: Connection, alert: int, now: Instant, text: str) -> int:
    blank: dict[str, Any] = dict.fromkeys(("phone", "client", "lat", "lon", "key"))
    blank |= {"text": text, "feedback": "", "erased_at": func.coalesce(reports.c.erased_at, now)}
    return tx.execute(update(reports).where(reports.c.alert == alert).values(**blank)).rowcount


def _delete_photos(tx: Connection, alert: int) -> int:
    """Their files are orphans then."""
    return tx.execute(delete(alert_photos).where(alert_photos.c.alert == alert)).rowcount


def _erase_messages(tx: Connection, alert: int, text: str) -> int:
    sent = select(deliveries.c.id).where(deliveries.c.alert == alert)
    tx.execute(update(delivery_events).where(delivery_events.c.delivery.in_(sent)).values(detail=""))
    blank = {"name": text, "address": "", "payload": {}}
    return tx.execute(update(deliveries).where(deliveries.c.alert == alert).values(**blank)).rowcount


def _erase_cases(tx: Connection, alert: int) -> None:
    of_alert = _CASES.c.alert == alert
    for (fields,) in tx.execute(select(_CASES.c.fields).where(of_alert)).all():
        kept = {name: fields[name] for name in _KEPT_FIELDS if name in fields}
        tx.execute(update(_CASES).where(of_alert).values(fields=kept))
