"""Alerts as the API shows them: pages with filters, one alert with its story, counters. Instants stay whole numbers.

It reads and changes nothing; names and phones are masked, and times spelt, by the console.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from alerts.alert import ACTIVE_STATES, UNACKNOWLEDGED_STATES, Alert, State
from alerts.lifecycle.advance import allowed_actions
from alerts.message import CALL_KINDS, Delivery
from domain import Instant
from store.database.alerts.rows import alert_of, delivery_of, entry_of
from store.database.alerts.tables import alert_findings, alerts, deliveries, delivery_events, timeline
from store.database.registry.tables import devices
from store.database.sql import Page, chunks, page_of


class AlertFilter(Struct, frozen=True):
    """What to show. `place` is a place and everything under it, as ids; the caller knows the tree."""

    state: Sequence[str] = ()
    severity: Sequence[str] = ()
    ledger: str | None = None
    kind: str | None = None
    device: str | None = None
    place: Sequence[str] | None = None
    since: Instant | None = None
    until: Instant | None = None


def list_alerts(tx: Connection, wanted: AlertFilter, limit: int, after: str | None = None) -> Page[dict[str, Any]]:
    """Newest first; `after` is the cursor of the page before."""
    found = select(alerts).where(and_(True, *_conditions(wanted)))
    if after is not None and after.isdecimal():
        found = found.where(alerts.c.id < int(after))
    rows = tx.execute(found.order_by(alerts.c.id.desc()).limit(limit + 1)).all()
    items = alert_items(tx, [alert_of(row) for row in rows])
    return page_of([(item["id"], item) for item in items], limit)


def get_alert(tx: Connection, alert_id: str) -> dict[str, Any] | None:
    """One alert as a list shows it."""
    alert = _alert_by_id(tx, alert_id)
    return None if alert is None else alert_items(tx, [alert])[0]


def alert_detail(tx: Connection, alert_id: str) -> dict[str, Any] | None:
    """One alert with its whole story."""
    found = get_alert(tx, alert_id)
    if found is None:
        return None
    return {**found, "devices": _devices_of(tx, int(alert_id)), "timeline": alert_timeline(tx, int(alert_id))}


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
    """Every device whose findings opened or joined it, in the order heard."""
    mine = alert_findings.c.alert == alert, alert_findings.c.device.is_not(None)
    first = func.min(alert_findings.c.heard_at)
    found = select(alert_findings.c.device).where(*mine).group_by(alert_findings.c.device)
    return list(tx.execute(found.order_by(first, alert_findings.c.device)).scalars())


def alert_items(tx: Connection, found: Sequence[Alert]) -> list[dict[str, Any]]:
    """The API items of some alerts, with whom they told, in two queries."""
    told: dict[int, list[Delivery]] = {alert.id: [] for alert in found}
    calls = [kind.value for kind in CALL_KINDS]
    for some in chunks(list(told)):
        mine = select(deliveries).where(deliveries.c.alert.in_(some), deliveries.c.kind.in_(calls))
        for row in tx.execute(mine.order_by(deliveries.c.n)):
            delivery = delivery_of(row)
            told[delivery.alert].append(delivery)
    kinds = _device_kinds(tx, {alert.device for alert in found if alert.device is not None})
    return [{**alert_item(alert, told[alert.id]), "kind": kinds.get(alert.device or "")} for alert in found]


def _device_kinds(tx: Connection, of: Collection[str]) -> dict[str, str]:
    """The kind of each of these devices, as far as they are registered."""
    found: dict[str, str] = {}
    for some in chunks(sorted(of)):
        rows = tx.execute(select(devices.c.id, devices.c.kind).where(devices.c.id.in_(some)))
        found |= {row.id: row.kind for row in rows}
    return found


def alert_item(alert: Alert, told: Sequence[Delivery]) -> dict[str, Any]:
    """One alert as a dict of plain values."""
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
        "told": [
            {
                "person": row.person,
                "name": row.name,
                "role": row.role,
                "channel": row.channel,
                "state": row.state.value,
                "at": row.sent_at or row.created_at,
            }
            for row in told
        ],
        "evidence": [msgspec.to_builtins(one) for one in alert.evidence],
        "allowed": list(allowed_actions(alert)),
    }


_WAITS_FOR = {
    State.OPEN: "take",
    State.RETURNED: "take",
    State.ACKNOWLEDGED: "arrive",
    State.ON_SITE: "resolve",
}


def deadline(alert: Alert) -> dict[str, Any] | None:
    """What is owed next, and by when."""
    what = _WAITS_FOR.get(alert.state)
    return {"what": what, "at": alert.due_at} if what is not None and alert.due_at is not None else None


def alerts_of_finding(tx: Connection, finding: str) -> list[str]:
    """The alerts that this finding opened or joined."""
    mine = select(alert_findings.c.alert).where(alert_findings.c.finding == finding).distinct()
    return [str(alert) for alert in tx.execute(mine).scalars() if alert is not None]


def alerts_of_device(tx: Connection, device: str, since: Instant, until: Instant) -> list[dict[str, Any]]:
    """The alerts that this device opened or joined in these hours, and when it did."""
    mine = alert_findings.c.device == device, alert_findings.c.heard_at.between(since, until)
    first = func.min(alert_findings.c.heard_at)
    told = select(alert_findings.c.alert, first).where(*mine).group_by(alert_findings.c.alert)
    heard = {alert: at for alert, at in tx.execute(told) if alert is not None}
    own = alerts.c.device == device, alerts.c.opened_at.between(since, until)
    found = tx.execute(select(alerts).where(or_(and_(*own), alerts.c.id.in_(list(heard)))).order_by(alerts.c.id))
    return [
        {
            "alert": str(row.id),
            "title": row.title,
            "joined": row.device != device,
            "at": heard.get(row.id, row.opened_at),
        }
        for row in found
    ]


def findings_of_alert(tx: Connection, alert_id: str) -> list[dict[str, Any]]:
    """What was heard for this alert, oldest first."""
    mine = select(alert_findings).where(alert_findings.c.alert == int(alert_id)).order_by(alert_findings.c.heard_at)
    return [
        {"finding": row.finding, "phase": row.phase, "severity": row.severity, "heard_at": row.heard_at}
        for row in tx.execute(mine)
    ]


def deliveries_of_alert(tx: Connection, alert_id: str) -> list[dict[str, Any]]:
    """Every message of this alert with its trail: the answer to "why was I (not) told?"."""
    rows = [delivery_of(row) for row in tx.execute(select(deliveries).where(deliveries.c.alert == int(alert_id)))]
    trail: dict[str, list[dict[str, Any]]] = {row.id: [] for row in rows}
    for some in chunks(list(trail)):
        steps = select(delivery_events).where(delivery_events.c.delivery.in_(some)).order_by(delivery_events.c.n)
        for step in tx.execute(steps):
            trail[step.delivery].append(
                {"at": step.at, "from": step.from_state, "to": step.to_state, "code": step.code, "detail": step.detail}
            )
    return [
        {
            "id": row.id,
            "kind": row.kind.value,
            "person": row.person,
            "name": row.name,
            "role": row.role,
            "channel": row.channel,
            "state": row.state.value,
            "code": row.code,
            "created_at": row.created_at,
            "sent_at": row.sent_at,
            "receipt_at": row.receipt_at,
            "text": row.payload.get("text"),
            "trail": trail[row.id],
        }
        for row in rows
    ]


def counters(tx: Connection) -> dict[str, Any]:
    """How many stand where, and how old the oldest call is that has not left."""
    states = tx.execute(select(alerts.c.state, func.count()).group_by(alerts.c.state)).all()
    sent = tx.execute(
        select(deliveries.c.channel, deliveries.c.state, func.count()).group_by(
            deliveries.c.channel, deliveries.c.state
        )
    ).all()
    waiting = select(func.min(deliveries.c.not_before)).where(deliveries.c.state == "pending")
    untaken = select(func.count()).where(alerts.c.state.in_([state.value for state in UNACKNOWLEDGED_STATES]))
    return {
        "alerts": {row[0]: row[1] for row in states},
        "untaken": tx.execute(untaken).scalar_one(),
        "deliveries": [{"channel": channel, "state": state, "count": count} for channel, state, count in sent],
        "oldest_pending_at": tx.execute(waiting).scalar(),
    }


def open_alerts(tx: Connection) -> list[dict[str, Any]]:
    """Everything that still needs a person, worst first: the wall."""
    states = [state.value for state in ACTIVE_STATES]
    found = [alert_of(row) for row in tx.execute(select(alerts).where(alerts.c.state.in_(states)))]
    return alert_items(tx, sorted(found, key=lambda alert: (alert.severity.rank, -alert.opened_at)))


def _alert_by_id(tx: Connection, alert_id: str) -> Alert | None:
    if not alert_id.isdecimal() or len(alert_id) > 18:
        return None
    row = tx.execute(select(alerts).where(alerts.c.id == int(alert_id))).first()
    return None if row is None else alert_of(row)


def _conditions(wanted: AlertFilter) -> list[ColumnElement[bool]]:
    several = ((alerts.c.state, wanted.state), (alerts.c.severity, wanted.severity))
    conditions: list[ColumnElement[bool]] = [column.in_(list(values)) for column, values in several if values]
    if wanted.ledger is not None:
        conditions.append(alerts.c.ledger == wanted.ledger)
    if wanted.device is not None:
        joined = select(alert_findings.c.alert).where(alert_findings.c.device == wanted.device)
        conditions.append(or_(alerts.c.device == wanted.device, alerts.c.id.in_(joined)))
    if wanted.since is not None:
        conditions.append(alerts.c.opened_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(alerts.c.opened_at < wanted.until)
    if wanted.kind is not None:
        conditions.append(alerts.c.device.in_(select(devices.c.id).where(devices.c.kind == wanted.kind)))
    if wanted.place is not None:
        conditions.append(or_(False, *(alerts.c.place.in_(list(some)) for some in chunks(list(wanted.place)))))
    return conditions
