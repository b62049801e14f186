"""Schemas of the exchange with outside systems."""

from __future__ import annotations

from typing import Any, Literal

from alerts.alert import State
from alerts.exchange.care import CareEventType
from alerts.exchange.messages import Direction, Failure, MessageState, PushOutcome, ReceivedOutcome
from console.schemas.references import Schema, Value
from console.schemas.registry import Words
from console.timestamps import Timestamp
from domain import Severity


class ExternalCase(Schema, frozen=True, kw_only=True):
    """An alert under its number in an outside system. `state` is the last state that either side reported, in their
    words; `deadline` is the outside system's own."""

    external_id: str
    their_id: str | None
    direction: Direction
    alert: str
    alert_state: State | None
    state: str
    deadline: Timestamp | None
    fields: dict[str, Any]
    opened_at: Timestamp
    updated_at: Timestamp


class PushedCase(ExternalCase, frozen=True, kw_only=True):
    """The answer to a push of a case."""

    outcome: PushOutcome


class ReceivedState(Schema, frozen=True, kw_only=True):
    """What became of a change of state. `detail` says why it was not possible."""

    event_id: str
    external_id: str
    state: str
    outcome: ReceivedOutcome
    detail: str
    received_at: Timestamp


class FetchedMessage(Schema, frozen=True, kw_only=True):
    """A message that a system fetches: `body` is what it would be sent, in its field names. `cursor` confirms it and
    all before it; `id` is the same whenever it is fetched."""

    id: str
    cursor: str
    at: Timestamp
    body: dict[str, Any]


class OutsideSystem(Schema, frozen=True, kw_only=True):
    """A system that exchanges cases. `body`: to which an alert may be returned; null for one that only sends cases."""

    id: str
    name: Words
    body: str | None


class ExchangeTarget(Schema, frozen=True, kw_only=True):
    """A subscriber or system that messages are sent to. `failing_since`: every request since then has failed."""

    id: str
    kind: Literal["system", "subscriber"]
    name: Words
    failing_since: Timestamp | None
    last_success_at: Timestamp | None
    last_error: str
    pending: int
    dead: int
    oldest_pending_at: Timestamp | None


class ExchangeMessage(Schema, frozen=True, kw_only=True):
    """An event on its way to one target. `name`: the target's; `title`: of the alert, empty where it has none.
    `failure`: why it was not accepted, and `reason` as a sentence; `error` is the technical detail."""

    id: str
    target: str
    name: Words
    title: str
    type: str
    subject: str
    alert: str | None
    state: MessageState
    attempts: int
    status: int | None
    error: str
    failure: Failure | None
    reason: str
    created_at: Timestamp
    settled_at: Timestamp | None
    data: dict[str, Any]


class CareMeasurement(Schema, frozen=True, kw_only=True):
    """A measured value."""

    quantity: str
    value: Value | None
    unit: str
    at: str | None


class CareEvent(Schema, frozen=True, kw_only=True):
    """An event of a person who consented; times in UTC. A later event with the same id replaces an earlier one with a
    lower sequence."""

    event_id: str
    sequence: int
    person_id: str
    event_type: CareEventType
    rule: str
    severity: Severity
    occurred_at: str
    reported_at: str
    status: Literal["open", "in_progress", "resolved", "closed"]
    responded_at: str | None
    resolved_at: str | None
    outcome: str | None
    false_alarm: bool | None
    address: str
    measurements: list[CareMeasurement]
