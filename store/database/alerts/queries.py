"""Alerts as items of the API: filtered lists, one alert with its timeline and messages, counters.

Times are instants in ms; the console formats them, and masks names and phone numbers.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, CompoundSelect, Connection, and_, bindparam, func, or_, select, union

from alerts.alert import UNACKNOWLEDGED_STATES, Alert, State
from alerts.lifecycle.preconditions import allowed_actions
from alerts.lifecycle.second_check import is_second_check_awaited
from alerts.message import CALL_KINDS, Delivery, MessageKind
from domain import Instant, Ledger
from store.database.alerts import second_checks
from store.database.alerts.detail import case_detail
from store.database.alerts.rows import alert_of, delivery_of, entry_of
from store.database.alerts.tables import alert_findings, alerts, deliveries, timeline
from store.database.registry.tables import devices
from store.database.sql import Page, chunks, one_of, page_of


class AlertFilter(Struct, frozen=True):
    """Which alerts to list; empty fields match all. `place`: ids of a place and of all places below it.

    `not_closed_or_since`: not closed, or opened at or after this instant: what a screen shows.
    """

    state: Sequence[str] = ()
    severity: Sequence[str] = ()
    ledger: str | None = None
    kind: str | None = None
    device: str | None = None
    place: Collection[str] | None = None
    since: Instant | None = None
    until: Instant | None = None
    source: Sequence[str] = ()
    exercise: bool | None = None
    returned_to: str | None = None
    disposition: Sequence[str] = ()
    not_closed_or_since: Instant | None = None


_BY_ID = select(alerts).where(alerts.c.id.in_(bindparam("ids", expanding=True)))


def list_alerts(tx: Connection, filters: AlertFilter, limit: int, after: str | None = None) -> Page[dict[str, Any]]:
    """Newest first; `after` is the cursor of the page before."""
    query = select(alerts).where(and_(True, *filter_conditions(tx, filters)))
    if after is not None and after.isdecimal():
        query = query.where(alerts.c.id < int(after))
    rows = tx.execute(query.order_by(alerts.c.id.desc()).limit(limit + 1)).all()
    items = alert_items(tx, [alert_of(row) for row in rows])
    return page_of([(item["id"], item) for item in items], limit)


def get_alert(tx: Connection, alert_id: str) -> dict[str, Any] | None:
    """One alert as an item of a list."""
    return next(iter(get_alerts(tx, [alert_id])), None)


def get_alerts(tx: Connection, alert_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Alerts as items of a list, without those that do not exist; at most MAX_IN_LIST."""
    numbers = [int(alert_id) for alert_id in alert_ids if alert_id.isdecimal() and len(alert_id) <= 18]
    return alert_items(tx, [alert_of(row) for row in tx.execute(_BY_ID, {"ids": numbers})])


def alert_detail(tx: Connection, alert_id: str) -> dict[str, Any] | None:
    """One alert with its devices and its timeline."""
    item = get_alert(tx, alert_id)
    if item is None:
        return None
    number = int(alert_id)
    beside = {"devices": _devices_of(tx, number), "timeline": alert_timeline(tx, number)}
    return {**item, **beside, **case_detail(tx, number)}


def alert_timeline(tx: Connection, alert: int) -> list[dict[str, Any]]:
    """The timeline, oldest first."""
    rows = tx.execute(select(timeline).where(timeline.c.alert == alert).order_by(timeline.c.at, timeline.c.n))
    return [
        {
            "at": entry.at,
            "kind": entry.kind,
            "text": entry.text,
            "person": entry.person,
            "channel": entry.channel,
            "state": entry.state,
        }
        for entry in map(entry_of, rows)
    ]


def _devices_of(tx: Connection, alert: int) -> list[str]:
    """Devices whose findings opened or joined the alert, in order of the first finding."""
    of_alert = alert_findings.c.alert == alert, alert_findings.c.device.is_not(None)
    first = func.min(alert_findings.c.heard_at)
    query = select(alert_findings.c.device).where(*of_alert).group_by(alert_findings.c.device)
    return list(tx.execute(query.order_by(first, alert_findings.c.device)).scalars())


def alert_items(tx: Connection, page: Sequence[Alert]) -> list[dict[str, Any]]:
    """The API items of these alerts with the messages that called people, read in two queries; one more where the
    verification of a report by the street is awaited."""
    calls = _messages_of(tx, page, CALL_KINDS)
    asked = _messages_of(tx, [alert for alert in page if is_second_check_awaited(alert)], [MessageKind.VERIFY_STREET])
    kinds = _device_kinds(tx, {alert.device for alert in page if alert.device is not None})
    return [
        {
            **alert_item(alert, calls[alert.id]),
            "kind": kinds.get(alert.device or ""),
            "second_check": second_checks.awaited(alert, asked.get(alert.id, [])),
        }
        for alert in page
    ]


def _messages_of(tx: Connection, page: Sequence[Alert], kinds: Collection[MessageKind]) -> dict[int, list[Delivery]]:
    """The messages of these kinds by alert, oldest first."""
    found: dict[int, list[Delivery]] = {alert.id: [] for alert in page}
    for ids in chunks(list(found)):
        of_kind = deliveries.c.alert.in_(ids), deliveries.c.kind.in_([kind.value for kind in kinds])
        for row in tx.execute(select(deliveries).where(*of_kind).order_by(deliveries.c.n)):
            found[row.alert].append(delivery_of(row))
    return found


def _device_kinds(tx: Connection, ids: Collection[str]) -> dict[str, str]:
    """The kind of each registered device among these."""
    kinds: dict[str, str] = {}
    for part in chunks(sorted(ids)):
        rows = tx.execute(select(devices.c.id, devices.c.kind).where(devices.c.id.in_(part)))
        kinds |= {row.id: row.kind for row in rows}
    return kinds


def alert_item(alert: Alert, calls: Sequence[Delivery]) -> dict[str, Any]:
    """One alert as plain values. The key `told` lists the people called, with the state of each message."""
    return {
        "id": str(alert.id),
        "rule": alert.rule,
        "title": alert.title,
        "hazard": alert.hazard,
        "severity": alert.severity.value,
        "ledger": alert.ledger.value,
        "state": alert.state.value,
        "device": alert.device,
        "place": alert.place,
        "subject": {"type": alert.subject.type, "id": alert.subject.id},
        "address": alert.address,
        "advice": alert.advice,
        "started_at": alert.started_at,
        "opened_at": alert.opened_at,
        "updated_at": alert.updated_at,
        "late_ms": alert.late_ms,
        "stale": alert.stale,
        "recovered": alert.recovered_at is not None,
        "recovered_at": alert.recovered_at,
        "owner": {"id": alert.owner, "name": alert.owner_name} if alert.owner is not None else None,
        "taken_at": alert.taken_at,
        "deadline": deadline(alert),
        "next_step_at": alert.wake_at,
        "joined": alert.joined,
        "source": alert.source,
        "exercise": alert.exercise,
        "returned_to": alert.returned_to,
        "disposition": alert.disposition,
        "merged_into": None if alert.merged_into is None else str(alert.merged_into),
        "verifier": alert.verifier,
        "overdue": overdue(alert),
        "description": alert.description,
        "reference": alert.reference,
        "helpers": [
            {"id": one.person, "name": one.name, "role": one.role, "at": one.at, "arrived_at": one.arrived_at}
            for one in alert.helping
        ],
        "people_needed": alert.people_needed,
        "responders": [{"id": one.person, "name": one.name, "at": one.at} for one in alert.responders],
        "vulnerability": alert.vulnerability,
        "told": [
            {
                "person": row.person,
                "name": row.name,
                "role": row.role,
                "channel": row.channel,
                "provider": None if row.provider == row.channel else row.provider,
                "state": row.state.value,
                "at": row.sent_at or row.created_at,
            }
            for row in calls
        ],
        "evidence": [msgspec.to_builtins(line) for line in alert.evidence],
        "allowed": list(allowed_actions(alert)),
    }


_NEXT_ACTION = {
    State.OPEN: "take",
    State.RETURNED: "take",
    State.ACKNOWLEDGED: "arrive",
    State.ON_SITE: "resolve",
}


def deadline(alert: Alert) -> dict[str, Any] | None:
    """The next action a person owes, and its deadline; None when there is none."""
    action = _NEXT_ACTION.get(alert.state)
    return {"what": action, "at": alert.due_at} if action is not None and alert.due_at is not None else None


def overdue(alert: Alert) -> dict[str, Any] | None:
    """The deadline that passed first and is still owed, since when, and how many passed; None without one."""
    if alert.overdue_since is None:
        return None
    return {"what": alert.overdue_what, "since": alert.overdue_since, "count": alert.overdue_count}


def alerts_of_finding(tx: Connection, finding: str) -> list[str]:
    """Ids of the alerts that this finding opened or joined."""
    query = select(alert_findings.c.alert).where(alert_findings.c.finding == finding).distinct()
    return [str(alert) for alert in tx.execute(query).scalars() if alert is not None]


def alerts_of_device(tx: Connection, device: str, since: Instant, until: Instant) -> list[dict[str, Any]]:
    """Alerts that this device opened or joined in a period, with the time of its first finding."""
    of_device = alert_findings.c.device == device, alert_findings.c.heard_at.between(since, until)
    first = func.min(alert_findings.c.heard_at)
    joined = select(alert_findings.c.alert, first).where(*of_device).group_by(alert_findings.c.alert)
    joined_at = {alert: at for alert, at in tx.execute(joined) if alert is not None}
    own = alerts.c.device == device, alerts.c.opened_at.between(since, until)
    query = select(alerts).where(or_(and_(*own), alerts.c.id.in_(list(joined_at)))).order_by(alerts.c.id)
    return [
        {
            "alert": str(row.id),
            "title": row.title,
            "joined": row.device != device,
            "at": joined_at.get(row.id, row.opened_at),
        }
        for row in tx.execute(query)
    ]


def findings_of_alert(tx: Connection, alert_id: str) -> list[dict[str, Any]]:
    """Recorded phases of the findings of an alert, oldest first."""
    query = select(alert_findings).where(alert_findings.c.alert == int(alert_id)).order_by(alert_findings.c.heard_at)
    return [
        {"finding": row.finding, "phase": row.phase, "severity": row.severity, "heard_at": row.heard_at}
        for row in tx.execute(query)
    ]


def counters(tx: Connection) -> dict[str, Any]:
    """Numbers of alerts and messages by state, and when the oldest unsent message became due."""
    states = tx.execute(select(alerts.c.state, func.count()).group_by(alerts.c.state)).all()
    sent = tx.execute(
        select(deliveries.c.channel, deliveries.c.state, func.count()).group_by(
            deliveries.c.channel, deliveries.c.state
        )
    ).all()
    waiting = select(func.min(deliveries.c.not_before)).where(deliveries.c.state == "pending")
    unacknowledged = select(func.count()).where(alerts.c.state.in_([state.value for state in UNACKNOWLEDGED_STATES]))
    return {
        "alerts": {row[0]: row[1] for row in states},
        "untaken": tx.execute(unacknowledged).scalar_one(),
        "deliveries": [{"channel": channel, "state": state, "count": count} for channel, state, count in sent],
        "oldest_pending_at": tx.execute(waiting).scalar(),
    }


def oldest_unsent(tx: Connection) -> Instant | None:
    """When the message that waits longest became due; None when none waits."""
    due = tx.execute(select(func.min(deliveries.c.not_before)).where(deliveries.c.state == "pending")).scalar()
    return None if due is None else int(due)


def filter_conditions(tx: Connection, filters: AlertFilter) -> list[ColumnElement[bool]]:
    """Conditions on the table of alerts."""
    several = (
        (alerts.c.state, filters.state),
        (alerts.c.severity, filters.severity),
        (alerts.c.source, filters.source),
        (alerts.c.disposition, filters.disposition),
    )
    equal = (
        (alerts.c.ledger, filters.ledger),
        (alerts.c.exercise, filters.exercise),
        (alerts.c.returned_to, filters.returned_to),
    )
    conditions: list[ColumnElement[bool]] = [column.in_(list(values)) for column, values in several if values]
    conditions += [column == value for column, value in equal if value is not None]
    if filters.device is not None:
        joined = select(alert_findings.c.alert).where(alert_findings.c.device == filters.device)
        conditions.append(or_(alerts.c.device == filters.device, alerts.c.id.in_(joined)))
    if filters.since is not None:
        conditions.append(alerts.c.opened_at >= filters.since)
    if filters.until is not None:
        conditions.append(alerts.c.opened_at < filters.until)
    if filters.not_closed_or_since is not None:
        conditions.append(alerts.c.id.in_(_not_closed_or_since(filters.not_closed_or_since)))
    if filters.kind is not None:
        conditions.append(alerts.c.device.in_(select(devices.c.id).where(devices.c.kind == filters.kind)))
    if filters.place is not None:
        conditions.append(one_of(tx, alerts.c.place, filters.place))
    return conditions


def _not_closed_or_since(since: Instant) -> CompoundSelect[Any]:
    """Ids, by two indexes: of the states, and of the last update, which is not before the opening."""
    states = [state.value for state in State if state is not State.CLOSED]
    books = [ledger.value for ledger in Ledger]
    opened = alerts.c.ledger.in_(books), alerts.c.updated_at >= since, alerts.c.opened_at >= since
    return union(select(alerts.c.id).where(alerts.c.state.in_(states)), select(alerts.c.id).where(*opened))
