"""What is sent to a target, and what its response means. Pure.

A subscriber gets CloudEvents; an outside system gets JSON in its own field names. Both are signed by Standard Webhooks
(alerts/channels/cloudevents.py): over id, time of sending and the exact bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import msgspec
from msgspec import Struct

from alerts.channels.cloudevents import CloudEvent, encode, sign
from alerts.exchange.mapping import OutField, SystemMapping
from alerts.exchange.messages import SYSTEM_PREFIX, OutgoingMessage
from alerts.exchange.retries import Response, parse_retry_after
from domain import Instant, Severity
from domain.secret import Secret

JSON: Final = "application/json; charset=utf-8"
_SEQUENCE_DIGITS: Final = 16
_ERROR_MAX: Final = 200


PhotoUrl = Callable[[int, Instant], str]


class Request(Struct, frozen=True):
    """One HTTP POST."""

    url: str
    headers: dict[str, str]
    body: bytes


class Target(Protocol):
    """Where messages go."""

    @property
    def id(self) -> str: ...

    def request(self, message: OutgoingMessage, now: Instant) -> Request:
        """The request of a message; its body is the same at every attempt."""
        ...

    def read(self, status: int, headers: Mapping[str, str], body: bytes) -> Response:
        """What a response means."""
        ...


class WebhookTarget(Struct, frozen=True):
    """A subscriber. `source` is the CloudEvents source of this site; `secrets` sign, the first being the newest."""

    id: str
    url: str
    source: str
    secrets: tuple[Secret, ...]

    def request(self, message: OutgoingMessage, now: Instant) -> Request:
        """The event in CloudEvents 1.0 structured mode. `sequence` grows with every event of the site."""
        event = message.event
        body = encode(
            CloudEvent(
                id=event_id(message),
                source=self.source,
                type=event.type,
                time=event.at,
                data=event.data,
                subject=event.subject,
                extensions={"sequence": f"{event.n:0{_SEQUENCE_DIGITS}}"},
            )
        )
        return Request(self.url, sign(event_id(message), body, _revealed(self.secrets), now), body)

    def read(self, status: int, headers: Mapping[str, str], body: bytes) -> Response:
        """Every 2xx accepts it (CloudEvents HTTP webhook 1.0, section 2.3)."""
        return read_status(status, headers, body)


class SystemTarget(Struct, frozen=True):
    """An outside system; `system` is its id in site.yaml, `site` the name by which it knows us. `photo_url` makes the
    signed URL of a photo, valid from an instant on; without it no photo is referred to."""

    system: str
    url: str
    site: str
    mapping: SystemMapping
    secrets: tuple[Secret, ...]
    photo_url: PhotoUrl | None = None

    @property
    def id(self) -> str:
        return SYSTEM_PREFIX + self.system

    def request(self, message: OutgoingMessage, now: Instant) -> Request:
        """A report of a state, or a case that is handed over, in their field names."""
        body = msgspec.json.encode(self.fields(message))
        headers = sign(event_id(message), body, _revealed(self.secrets), now) | {"Content-Type": JSON}
        return Request(self.url, headers, body)

    def fields(self, message: OutgoingMessage) -> dict[str, Any]:
        """The message in their field names."""
        handover = message.event.data.get("report") == "handed_over"
        names = self.mapping.report.handover if handover else self.mapping.report.fields
        return {name: self._value(field, message) for name, field in names.items()}

    def read(self, status: int, headers: Mapping[str, str], body: bytes) -> Response:
        """HTTP 2xx and, where the mapping names fields, their values."""
        response = read_status(status, headers, body)
        if not response.accepted or not self.mapping.report.accepted:
            return response
        values = _json_object(body)
        for name, accepted in self.mapping.report.accepted.items():
            if values.get(name) not in accepted:
                error = f"{name}: {values.get(name)!r}, not one of {', '.join(map(repr, accepted))}"
                return Response(False, status, error[:_ERROR_MAX], body, refused=True)
        return response

    def their_id(self, body: bytes) -> str | None:
        """The number that they gave a case, in their response to a hand-over."""
        values = _json_object(body)
        found = (values[name] for name in self.mapping.report.their_id if isinstance(values.get(name), str | int))
        return next((str(value)[:128] for value in found if str(value)), None)

    def _value(self, field: OutField, message: OutgoingMessage) -> Any:
        data, event = message.event.data, message.event
        if field in ("at", "opened_at", "deadline"):
            instant = {"at": event.at, "opened_at": _instant(data["opened_at"])}.get(
                field, _instant(data["deadline_at"])
            )
            return None if instant is None else self._local(instant)
        if field == "photos":
            return [] if self.photo_url is None else [self.photo_url(photo, event.at) for photo in data["photos"]]
        if field in ("lat", "lon", "admin_code", "address"):
            return data["location"][_LOCATION_NAMES.get(field, field)]
        if field == "urgency":
            return self.mapping.report.urgencies.get(Severity(data["severity"]), data["severity"])
        if field == "external_id":
            return data["their_id"] or data["external_id"]
        values = {"event_id": event_id(message), "sequence": event.n, "site": self.site}
        return values.get(field, data.get(field, ""))

    def _local(self, at: Instant) -> str:
        return datetime.fromtimestamp(at / 1000, UTC).astimezone(self.mapping.zone).strftime("%Y-%m-%d %H:%M:%S")


_TIMES: Final = {"opened_at": "opened_at", "deadline": "deadline_at"}
_LOCATION_NAMES: Final = {"lat": "latitude", "lon": "longitude"}


def event_id(message: OutgoingMessage) -> str:
    """The id of an event, the same at every attempt and for every target."""
    return f"fengshao-{message.event.n}"


def read_status(status: int, headers: Mapping[str, str], body: bytes) -> Response:
    """What an HTTP status means. A redirect is not followed: the event would go where nobody configured it."""
    if 200 <= status < 300:
        return Response(True, status, body=body)
    wait_ms = parse_retry_after({name.lower(): value for name, value in headers.items()}.get("retry-after", ""))
    return Response(False, status, f"HTTP {status}", body, wait_ms)


def _revealed(secrets: Sequence[Secret]) -> list[str]:
    return [secret.reveal() for secret in secrets]


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}


def _instant(text: str | None) -> Instant | None:
    return None if text is None else int(datetime.fromisoformat(text).timestamp() * 1000)
