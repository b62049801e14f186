"""One trace per critical danger, from the message to the receipt, in the JSON encoding of OTLP (opentelemetry.io).

Built afterwards from the instants that are stored anyway, so ordinary readings cost nothing. Ids only: no names, no
numbers, no addresses. Trace and span ids are derived from the alert, so a repeated export replaces and does not double.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any, Final

from alerts.alert import Alert
from alerts.message import Delivery, DeliveryState
from domain import Instant

NANOSECONDS: Final = 1_000_000
"""In the milliseconds of our instants."""
INTERNAL: Final = 1
CLIENT: Final = 3
OK: Final = 1
ERROR: Final = 2
Part = tuple[str, str, Instant, Instant, int, int, dict[str, Any]]
"""Name, key within the trace, begin, end, kind, status, facts."""
FAILED: Final = (DeliveryState.FAILED, DeliveryState.DEAD, DeliveryState.EXPIRED)


def spans_of(alert: Alert, received_at: Instant, deliveries: Sequence[Delivery], seed: str) -> list[dict[str, Any]]:
    """The spans of one danger: the whole, evaluation, each call, each receipt.

    `received_at` is when its message was received; `seed` tells this service's alerts from those of others.
    """
    trace = sha256(f"{seed} alert {alert.id} {alert.opened_at}".encode()).hexdigest()[:32]
    parts: list[Part] = [("evaluate", "", received_at, alert.opened_at, INTERNAL, OK, {})]
    parts += [part for delivery in deliveries for part in _parts_of(delivery)]
    facts = {
        "alert": alert.id,
        "rule": alert.rule,
        "hazard": alert.hazard,
        "device": alert.device,
        "place": alert.place,
    }
    end = max(end for _, _, _, end, *_ in parts)
    is_accepted = any(status == OK for name, _, _, _, _, status, _ in parts if name == "delivery")
    root = _span(trace, "", "danger", received_at, end, INTERNAL, OK if is_accepted else ERROR, "", facts)
    return [root, *(_span(trace, key, name, begin, until, kind, status, root["spanId"], attributes)
                    for name, key, begin, until, kind, status, attributes in parts)]  # fmt: skip


def _parts_of(delivery: Delivery) -> Iterator[Part]:
    """A call until its provider accepted it, and from then until its receipt."""
    facts = {
        "delivery": delivery.id,
        "channel": delivery.channel,
        "provider": delivery.provider,
        "state": delivery.state.value,
        "code": delivery.code,
        "attempts": delivery.attempts,
        "rung": delivery.rung,
    }
    status = ERROR if delivery.state in FAILED else OK
    sent_at = delivery.sent_at or delivery.created_at
    yield "delivery", delivery.id, delivery.created_at, sent_at, CLIENT, status, facts
    if delivery.sent_at is not None and delivery.receipt_at is not None:
        yield "receipt", f"{delivery.id} receipt", delivery.sent_at, delivery.receipt_at, INTERNAL, status, facts


def request_of(spans: Sequence[dict[str, Any]], service: str, version: str) -> dict[str, Any]:
    """The body of `POST /v1/traces` (ExportTraceServiceRequest)."""
    resource = {"attributes": _attributes({"service.name": service, "service.version": version})}
    return {
        "resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {"name": "fengshao"}, "spans": list(spans)}]}]
    }


def _span(
    trace: str,
    key: str,
    name: str,
    begin: Instant,
    end: Instant,
    kind: int,
    status: int,
    parent: str,
    facts: dict[str, Any],
) -> dict[str, Any]:
    span = {
        "traceId": trace,
        "spanId": sha256(f"{trace} {name} {key}".encode()).hexdigest()[:16],
        "name": name,
        "kind": kind,
        "startTimeUnixNano": str(begin * NANOSECONDS),
        "endTimeUnixNano": str(max(end, begin) * NANOSECONDS),
        "attributes": _attributes({f"fengshao.{name}": value for name, value in facts.items()}),
        "status": {"code": status},
    }
    return {**span, "parentSpanId": parent} if parent else span


def _attributes(facts: dict[str, Any]) -> list[dict[str, Any]]:
    """Without those that have no value. Whole numbers are strings in OTLP's JSON."""
    return [
        {"key": key, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": str(value)}}
        for key, value in facts.items()
        if value is not None
    ]
