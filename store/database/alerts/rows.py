"""Rows of the alert tables to the alert room's values and back. It knows columns, and no rule about them."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Row

from alerts.alert import Alert, EscalationReason, State, TimelineEntry
from alerts.message import Delivery, DeliveryState, MessageKind
from domain import Evidence, Ledger, Severity, Subject

_evidence = msgspec.json.Decoder(tuple[Evidence, ...])
_encoder = msgspec.json.Encoder()

_SAME_NAME = tuple(
    name
    for name in Alert.__struct_fields__
    if name not in ("id", "severity", "ledger", "state", "subject", "evidence", "passed", "doors", "escalation")
)
_DELIVERY_SAME = tuple(name for name in Delivery.__struct_fields__ if name not in ("state", "kind"))


def alert_values(alert: Alert) -> dict[str, Any]:
    """Every column but the id."""
    values = {name: getattr(alert, name) for name in _SAME_NAME}
    values["severity"], values["ledger"], values["state"] = alert.severity.value, alert.ledger.value, alert.state.value
    values["subject_type"], values["subject_id"] = alert.subject.type, alert.subject.id
    values["evidence"] = _encoder.encode(alert.evidence).decode()
    values["passed"], values["doors"] = list(alert.passed), list(alert.doors)
    values["escalation"] = msgspec.to_builtins(alert.escalation)
    values["wake_at"] = alert.wake_at
    return values


def alert_of(row: Row[Any]) -> Alert:
    found = row._mapping
    return Alert(
        id=found["id"],
        severity=Severity(found["severity"]),
        ledger=Ledger(found["ledger"]),
        state=State(found["state"]),
        subject=Subject(found["subject_type"], found["subject_id"]),
        evidence=_evidence.decode(found["evidence"]),
        passed=tuple(found["passed"]),
        doors=tuple(found["doors"]),
        escalation=msgspec.convert(found["escalation"], EscalationReason),
        **{name: found[name] for name in _SAME_NAME},
    )


def delivery_values(delivery: Delivery) -> dict[str, Any]:
    values = {name: getattr(delivery, name) for name in _DELIVERY_SAME}
    values["state"], values["kind"] = delivery.state.value, delivery.kind.value
    return values


def delivery_of(row: Row[Any]) -> Delivery:
    found = row._mapping
    return Delivery(
        state=DeliveryState(found["state"]),
        kind=MessageKind(found["kind"]),
        **{name: found[name] for name in _DELIVERY_SAME},
    )


def entry_of(row: Row[Any]) -> TimelineEntry:
    found = row._mapping
    return TimelineEntry(**{name: found[name] for name in TimelineEntry.__struct_fields__})
