"""What became of the last message of the self-test, and its stored result."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import structs
from sqlalchemy import Connection, select

from alerts.alert import CANARY_RULE
from alerts.cases.canary import CanaryResult
from alerts.message import CALL_KINDS, DeliveryState
from domain import Instant
from store.database.alerts.tables import alert_findings, alerts, deliveries
from store.database.system import key_values

_KEY: Final = "canary"
_CALLS: Final = [kind.value for kind in CALL_KINDS]


def trace_canary(tx: Connection, published_at: Instant) -> tuple[int | None, CanaryResult]:
    """The alert of the message published at an instant, and how far it came."""
    own = alerts.c.rule == CANARY_RULE, alerts.c.opened_at >= published_at
    alert = tx.execute(select(alerts).where(*own).order_by(alerts.c.id.desc()).limit(1)).first()
    if alert is None:
        return None, CanaryResult(published_at)
    first = select(alert_findings.c.heard_at).where(alert_findings.c.alert == alert.id)
    received = tx.execute(first.order_by(alert_findings.c.heard_at).limit(1)).scalar()
    calls = select(deliveries).where(deliveries.c.alert == alert.id, deliveries.c.kind.in_(_CALLS))
    rows = list(tx.execute(calls.order_by(deliveries.c.n)))
    sent = min((row.sent_at for row in rows if row.sent_at is not None), default=None)
    delivered = [row for row in rows if row.state == DeliveryState.DELIVERED.value]
    arrived = min((row.receipt_at or row.sent_at for row in delivered), default=None)
    channel = next((row.channel for row in rows if row.sent_at is not None), "")
    steps = ("received_ms", received), ("opened_ms", alert.opened_at), ("sent_ms", sent), ("delivered_ms", arrived)
    times = {name: max(0, at - published_at) for name, at in steps if at is not None}
    return alert.id, structs.replace(CanaryResult(published_at, channel=channel), **times)


def save_canary(tx: Connection, result: CanaryResult) -> None:
    """Keep the result as the last one."""
    key_values.put(tx, _KEY, msgspec.to_builtins(result), result.at)


def last_canary(tx: Connection) -> CanaryResult | None:
    """The last result; None before the first self-test."""
    stored: Any = key_values.get(tx, _KEY)
    return None if stored is None else msgspec.convert(stored, CanaryResult)
