"""Lists of reports, alerts that may be the same as another one, and figures of reports."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from enum import StrEnum
from statistics import median
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Connection, and_, case, func, or_, select

from alerts.alert import ACTIVE_STATES, SETTLED_STATES, Alert, AlertSource, State
from alerts.cases.proposals import WINDOW_MS
from alerts.cases.report import ANSWER_WITHIN_MS, Report
from domain import DAY, Instant, Ledger
from store.database.alerts.rows import alert_of
from store.database.alerts.tables import alerts
from store.database.reports.photos import photo_counts
from store.database.reports.repository import report_of
from store.database.reports.tables import reports, separate_alerts
from store.database.sql import Page, chunks, one_of, page_of

CANDIDATES_MAX: Final = 200


class ReportShow(StrEnum):
    """Reports by what they lack: not answered; a verification; the answer; not answered again since a complaint."""

    OPEN = "open"
    VERIFY = "verify"
    ANSWER = "answer"
    REOPENED = "reopened"
    ANSWERED = "answered"


class ReportOrder(StrEnum):
    """Newest first; or first those that are overdue, then the other unanswered ones, each the newest first."""

    NEWEST = "newest"
    URGENT = "urgent"


class ReportFilter(Struct, frozen=True):
    """Which reports to list; empty fields match all. `places`: ids of a place and of all places below it. `words`: each
    is a part of the address, the title or the number, and with `in_text` of what the resident wrote."""

    places: Collection[str] | None = None
    category: str | None = None
    state: Sequence[str] = ()
    answered: bool | None = None
    since: Instant | None = None
    until: Instant | None = None
    show: ReportShow | None = None
    words: Sequence[str] = ()
    in_text: bool = True


class ReportRow(Struct, frozen=True):
    """A report with its alert, and the alert that has its work: the same one, or the one merged into. `photos_count`:
    the photos of `alert`."""

    report: Report
    alert: Alert
    work: Alert
    photos_count: int = 0


_WORK: Final = alerts.alias("work")
"""The alert that a report's own alert was merged into."""
_WORK_STATE: Final = func.coalesce(_WORK.c.state, alerts.c.state)
_JOINED: Final = reports.join(alerts, alerts.c.id == reports.c.alert).outerjoin(
    _WORK, _WORK.c.id == alerts.c.merged_into
)
_UNANSWERED: Final = reports.c.answered_at.is_(None)
_SETTLED: Final = and_(_UNANSWERED, _WORK_STATE.in_([state.value for state in SETTLED_STATES]))
_SHOWN: Final = {
    ReportShow.OPEN: _UNANSWERED,
    ReportShow.VERIFY: and_(_SETTLED, reports.c.street_at.is_(None)),
    ReportShow.ANSWER: and_(_SETTLED, reports.c.street_at.is_not(None)),
    ReportShow.REOPENED: and_(_UNANSWERED, reports.c.reopened_at.is_not(None)),
    ReportShow.ANSWERED: reports.c.answered_at.is_not(None),
}


def list_reports(
    tx: Connection,
    filters: ReportFilter,
    limit: int,
    after: str | None = None,
    order: ReportOrder = ReportOrder.NEWEST,
    now: Instant = 0,
) -> Page[ReportRow]:
    """`after` is the cursor of the page before. What is overdue at the first page counts as overdue on all of them."""
    query = select(reports).select_from(_JOINED).where(*_conditions(tx, filters))
    if order is ReportOrder.NEWEST:
        if after is not None and after.isdecimal():
            query = query.where(reports.c.id < int(after))
        found = [report_of(row) for row in tx.execute(query.order_by(reports.c.id.desc()).limit(limit + 1))]
        return page_of([(str(row.report.id), row) for row in _with_alerts(tx, found)], limit)
    late, *position = (int(part) for part in (after or str(now - ANSWER_WITHIN_MS)).split("."))
    rank = case((reports.c.answered_at.is_not(None), 2), (reports.c.created_at < late, 0), else_=1)
    if position:
        query = query.where(or_(rank > position[0], and_(rank == position[0], reports.c.id < position[1])))
    ranked = query.add_columns(rank.label("rank")).order_by(rank, reports.c.id.desc()).limit(limit + 1)
    rows = tx.execute(ranked).all()
    listed = _with_alerts(tx, [report_of(row) for row in rows])
    return page_of([(f"{late}.{row.rank}.{one.report.id}", one) for row, one in zip(rows, listed, strict=True)], limit)


class ReportCounts(Struct, frozen=True):
    """How many reports match, how many of them are overdue, and how many there are by what they lack."""

    total: int
    late: int
    by_show: dict[ReportShow, int]


def count_reports(tx: Connection, filters: ReportFilter, now: Instant) -> ReportCounts:
    """`by_show` counts the reports of the same places and period, whatever else is asked for."""
    late = func.sum(case((and_(_UNANSWERED, reports.c.created_at < now - ANSWER_WITHIN_MS), 1), else_=0))
    matching = select(func.count(), late).select_from(_JOINED).where(*_conditions(tx, filters))
    total, overdue = tx.execute(matching).one()
    sums = [func.sum(case((condition, 1), else_=0)) for condition in _SHOWN.values()]
    everywhere = ReportFilter(places=filters.places, since=filters.since, until=filters.until)
    counts = tx.execute(select(*sums).select_from(_JOINED).where(*_conditions(tx, everywhere))).one()
    by_show = {show: int(count or 0) for show, count in zip(_SHOWN, counts, strict=True)}
    return ReportCounts(int(total), int(overdue or 0), by_show)


def get_report(tx: Connection, report: int) -> ReportRow | None:
    """One report with its alerts."""
    row = tx.execute(select(reports).where(reports.c.id == report)).first()
    return None if row is None else _with_alerts(tx, [report_of(row)])[0]


def report_of_alert(tx: Connection, alert: int) -> Report | None:
    """The report that opened an alert."""
    row = tx.execute(select(reports).where(reports.c.alert == alert).order_by(reports.c.id)).first()
    return None if row is None else report_of(row)


def candidates(tx: Connection, alert: Alert) -> list[tuple[Alert, Report | None]]:
    """Active alerts opened within WINDOW_MS of this one, with their reports; one of each pair is a report."""
    query = select(alerts).where(
        alerts.c.state.in_([state.value for state in ACTIVE_STATES]),
        alerts.c.ledger == Ledger.DANGER.value,
        alerts.c.opened_at.between(alert.opened_at - WINDOW_MS, alert.opened_at + WINDOW_MS),
        alerts.c.id != alert.id,
    )
    if alert.source != AlertSource.REPORT.value:
        query = query.where(alerts.c.source == AlertSource.REPORT.value)
    found = [alert_of(row) for row in tx.execute(query.order_by(alerts.c.id.desc()).limit(CANDIDATES_MAX))]
    return [(one, _report_if_any(tx, one)) for one in found]


def separate_from(tx: Connection, alert: int) -> set[int]:
    """Alerts that a person decided not to be about the same thing as this one."""
    return set(tx.execute(select(separate_alerts.c.other).where(separate_alerts.c.alert == alert)).scalars())


class ReportFigures(Struct, frozen=True):
    """Figures of the reports made in a period. Times are medians in ms; None without a value."""

    received: int
    by_category: dict[str, int]
    settled: int
    verified_by_community: int
    verified_by_street: int
    answered: int
    closed: int
    merged: int
    reopened: int
    satisfied: int
    dissatisfied: int
    overdue: int
    anonymous: int
    answer_ms_median: int | None


_COUNTS: Final = {
    "received": func.count(),
    "settled": func.sum(case((alerts.c.state.in_(["resolved", "verified", "closed"]), 1), else_=0)),
    "verified_by_community": func.sum(
        case((or_(reports.c.community_at.is_not(None), alerts.c.state == State.VERIFIED.value), 1), else_=0)
    ),
    "verified_by_street": func.sum(case((reports.c.street_at.is_not(None), 1), else_=0)),
    "answered": func.sum(case((reports.c.answered_at.is_not(None), 1), else_=0)),
    "closed": func.sum(case(((alerts.c.state == State.CLOSED.value) & reports.c.answered_at.is_not(None), 1), else_=0)),
    "merged": func.sum(case((alerts.c.merged_into.is_not(None), 1), else_=0)),
    "reopened": func.sum(case((reports.c.reopened_at.is_not(None), 1), else_=0)),
    "satisfied": func.sum(case((reports.c.satisfied.is_(True), 1), else_=0)),
    "dissatisfied": func.sum(case((reports.c.satisfied.is_(False), 1), else_=0)),
    "anonymous": func.sum(case((reports.c.phone.is_(None), 1), else_=0)),
}


def report_figures(tx: Connection, filters: ReportFilter, now: Instant) -> ReportFigures:
    """Figures of the reports that match. Overdue: not answered three days after they were made."""
    joined = reports.join(alerts, alerts.c.id == reports.c.alert)
    conditions = _conditions(tx, filters)
    counts = tx.execute(select(*_COUNTS.values()).select_from(joined).where(*conditions)).one()
    by_category = select(reports.c.category, func.count()).select_from(joined).where(*conditions)
    waits = select(reports.c.answered_at - reports.c.created_at).select_from(joined)
    answered = list(tx.execute(waits.where(*conditions, reports.c.answered_at.is_not(None))).scalars())
    late = reports.c.answered_at.is_(None), reports.c.created_at < now - 3 * DAY
    overdue = select(func.count()).select_from(joined).where(*conditions, *late)
    return ReportFigures(
        **{name: int(count or 0) for name, count in zip(_COUNTS, counts, strict=True)},
        by_category={row[0]: int(row[1]) for row in tx.execute(by_category.group_by(reports.c.category))},
        overdue=int(tx.execute(overdue).scalar_one()),
        answer_ms_median=round(median(answered)) if answered else None,
    )


def _conditions(tx: Connection, filters: ReportFilter) -> list[Any]:
    conditions: list[Any] = []
    if filters.places is not None:
        conditions.append(one_of(tx, reports.c.place, filters.places))
    if filters.category is not None:
        conditions.append(reports.c.category == filters.category)
    if filters.state:
        conditions.append(alerts.c.state.in_(list(filters.state)))
    if filters.answered is not None:
        conditions.append(reports.c.answered_at.is_not(None) if filters.answered else reports.c.answered_at.is_(None))
    if filters.show is not None:
        conditions.append(_SHOWN[filters.show])
    if filters.since is not None:
        conditions.append(reports.c.created_at >= filters.since)
    if filters.until is not None:
        conditions.append(reports.c.created_at < filters.until)
    conditions += _word_conditions(filters)
    return conditions


def _word_conditions(filters: ReportFilter) -> Iterator[Any]:
    for word in filters.words:
        texts = (alerts.c.address, alerts.c.title, reports.c.number, *((reports.c.text,) if filters.in_text else ()))
        yield or_(*(text.icontains(word, autoescape=True) for text in texts))


def _with_alerts(tx: Connection, found: Sequence[Report]) -> list[ReportRow]:
    own = _alerts(tx, {report.alert for report in found})
    merged = _alerts(tx, {alert.merged_into for alert in own.values() if alert.merged_into is not None})
    counts = photo_counts(tx, own)
    return [
        ReportRow(
            report,
            own[report.alert],
            merged.get(own[report.alert].merged_into or 0, own[report.alert]),
            counts.get(report.alert, 0),
        )
        for report in found
    ]


def _alerts(tx: Connection, ids: Collection[int]) -> dict[int, Alert]:
    rows = [row for part in chunks(sorted(ids)) for row in tx.execute(select(alerts).where(alerts.c.id.in_(part)))]
    return {row._mapping["id"]: alert_of(row) for row in rows}


def _report_if_any(tx: Connection, alert: Alert) -> Report | None:
    return report_of_alert(tx, alert.id) if alert.source == AlertSource.REPORT.value else None
