"""What is wrong or open beyond one alert: active alerts without a deadline or with one overdue, dangers that reached
nobody, and critical ones that wait for an answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, and_, or_, select, true

from alerts.alert import ACTIVE_STATES, UNACKNOWLEDGED_STATES, Alert, State
from alerts.channel_specs import LOGBOOK
from alerts.message import DANGER_KINDS, MAX_ATTEMPTS, NOT_FAILED, OVER_BUDGET, REACHED, DeliveryState
from domain import Instant, Ledger, Severity
from store.database.alerts.rows import alert_of
from store.database.alerts.tables import alerts, deliveries

_ACTIVE: Final = tuple(state.value for state in ACTIVE_STATES)
_NOT_FAILED: Final = tuple(state.value for state in NOT_FAILED)
_REACHED: Final = tuple(state.value for state in REACHED)
_UNACKNOWLEDGED: Final = tuple(state.value for state in UNACKNOWLEDGED_STATES)
_UNANSWERED: Final = (*_UNACKNOWLEDGED, State.ACKNOWLEDGED.value)


def alerts_without_next_step(tx: Connection, now: Instant, grace_ms: int) -> list[Alert]:
    """Active alerts whose state has no deadline, or of which a deadline or reminder is overdue by more than this."""
    escalates = and_(alerts.c.state.in_(_UNACKNOWLEDGED), alerts.c.returned_to.is_(None))
    without = or_(and_(escalates, alerts.c.climb_at.is_(None)), and_(~escalates, alerts.c.due_at.is_(None)))
    late = or_(without, alerts.c.wake_at < now - grace_ms)
    query = select(alerts).where(alerts.c.state.in_(_ACTIVE), late).order_by(alerts.c.id)
    return [alert_of(row) for row in tx.execute(query)]


def unnotified_alerts(tx: Connection, opened_before: Instant) -> list[Alert]:
    """Unacknowledged dangers opened before this instant of which no message reached, or may still reach, anybody.

    What is only tried on after others were called does not count (Delivery.may_reach).
    """
    expected = and_(deliveries.c.state.in_(_NOT_FAILED), deliveries.c.attempts < MAX_ATTEMPTS)
    notified = select(deliveries.c.alert).where(
        or_(deliveries.c.state.in_(_REACHED), expected, deliveries.c.code == OVER_BUDGET),
        deliveries.c.kind.in_([kind.value for kind in DANGER_KINDS]),
        deliveries.c.round == alerts.c.round,
        deliveries.c.alert == alerts.c.id,
    )
    query = select(alerts).where(
        alerts.c.state.in_(_UNACKNOWLEDGED),
        alerts.c.ledger == Ledger.DANGER.value,
        alerts.c.opened_at <= opened_before,
        ~notified.exists(),
    )
    return [alert_of(row) for row in tx.execute(query.order_by(alerts.c.id))]


def unanswered_dangers(tx: Connection, among: Sequence[int] | None = None) -> list[tuple[Alert, frozenset[str]]]:
    """Critical dangers that nobody has acknowledged, or whose owner has not arrived, without exercises, each with its
    owner and the people who were called in the present round: a call that is still in the outbox is none. `among`: of
    these alerts, at most MAX_IN_LIST."""
    concerned = and_(
        true() if among is None else alerts.c.id.in_(among),
        alerts.c.state.in_(_UNANSWERED), alerts.c.ledger == Ledger.DANGER.value,
        alerts.c.severity == Severity.CRITICAL.value, alerts.c.exercise.is_(False), alerts.c.returned_to.is_(None),
    )  # fmt: skip
    found = [alert_of(row) for row in tx.execute(select(alerts).where(concerned).order_by(alerts.c.id))]
    if not found:
        return []
    calls = and_(
        deliveries.c.alert == alerts.c.id, deliveries.c.round == alerts.c.round,
        deliveries.c.kind.in_([kind.value for kind in DANGER_KINDS]), deliveries.c.channel != LOGBOOK,
        deliveries.c.state.in_(_NOT_FAILED), deliveries.c.state != DeliveryState.PENDING.value,
    )  # fmt: skip
    query = select(deliveries.c.alert, deliveries.c.person).select_from(alerts.join(deliveries, calls)).where(concerned)
    called = {alert.id: set[str]() if alert.owner is None else {alert.owner} for alert in found}
    for number, person in tx.execute(query):
        called[number].add(person)
    return [(alert, frozenset(called[alert.id])) for alert in found]
