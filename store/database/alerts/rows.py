"""Converts rows of the alert tables to values of alerts/ and back."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Row

from alerts.alert import Alert, EscalationReason, Helper, Responder, SecondCheck, State, TimelineEntry
from alerts.message import Delivery, DeliveryState, MessageKind
from domain import Evidence, Ledger, Severity, Subject

_decode_evidence = msgspec.json.Decoder(tuple[Evidence, ...])
_encoder = msgspec.json.Encoder()

_AS_JSON: dict[str, Any] = {
    "passed": tuple[str, ...],
    "doors": tuple[str, ...],
    "escalation": EscalationReason,
    "helpers": tuple[Helper, ...],
    "responders": tuple[Responder, ...],
    "second_check": SecondCheck | None,
}
"""Columns that hold JSON -> the type of the field."""
_SAME_NAME = tuple(
    name
    for name in Alert.__struct_fields__
    if name not in ("id", "severity", "ledger", "state", "subject", "evidence", *_AS_JSON)
)
_DELIVERY_SAME = tuple(name for name in Delivery.__struct_fields__ if name not in ("state", "kind"))


def alert_values(alert: Alert) -> dict[str, Any]:
    """All columns but the id."""
    values = {name: getattr(alert, name) for name in _SAME_NAME}
    values["severity"], values["ledger"], values["state"] = alert.severity.value, alert.ledger.value, alert.state.value
    values["subject_type"], values["subject_id"] = alert.subject.type, alert.subject.id
    values["evidence"] = _encoder.encode(alert.evidence).decode()
    values |= {name: msgspec.to_builtins(getattr(alert, name)) for name in _AS_JSON}
    values["wake_at"] = alert.wake_at
    return values


def _columns(row: Row[Any]) -> dict[str, Any]:
    """The columns by name, read at once: a list of 500 alerts has 32,000."""
    return dict(zip(row._fields, row, strict=True))


def alert_of(row: Row[Any]) -> Alert:
    """The alert in a row."""
    columns = _columns(row)
    return Alert(
        id=columns["id"],
        severity=Severity(columns["severity"]),
        ledger=Ledger(columns["ledger"]),
        state=State(columns["state"]),
        subject=Subject(columns["subject_type"], columns["subject_id"]),
        evidence=_decode_evidence.decode(columns["evidence"]),
        **{name: msgspec.convert(columns[name], type) for name, type in _AS_JSON.items()},
        **{name: columns[name] for name in _SAME_NAME},
    )


def delivery_values(delivery: Delivery) -> dict[str, Any]:
    """All columns."""
    values = {name: getattr(delivery, name) for name in _DELIVERY_SAME}
    values["state"], values["kind"] = delivery.state.value, delivery.kind.value
    return values


def delivery_of(row: Row[Any]) -> Delivery:
    """The delivery in a row."""
    columns = _columns(row)
    return Delivery(
        state=DeliveryState(columns["state"]),
        kind=MessageKind(columns["kind"]),
        **{name: columns[name] for name in _DELIVERY_SAME},
    )


def entry_of(row: Row[Any]) -> TimelineEntry:
    """The timeline entry in a row."""
    columns = row._mapping
    return TimelineEntry(**{name: columns[name] for name in TimelineEntry.__struct_fields__})
