"""CloudEvents 1.0 in JSON (structured mode), and their signatures by Standard Webhooks 1.0. Pure.

An event is signed over its id, the time of sending and the exact bytes of the body, so that a receiver can refuse
forged, changed and repeated requests. Receivers of other products can verify it with any Standard Webhooks library.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from msgspec import Struct, field

from domain import MINUTE, SECOND, Instant

CONTENT_TYPE: Final = "application/cloudevents+json; charset=utf-8"
SPEC_VERSION: Final = "1.0"
MAX_EVENT_BYTES: Final = 64 * 1024
"""CloudEvents 1.0, Size Limits: intermediaries must forward events up to 64 KiB."""
MIN_SECRET_BYTES: Final = 24
"""Standard Webhooks 1.0: a symmetric secret has 24 to 64 bytes."""
CLOCK_WINDOW_MS: Final = 5 * MINUTE
_PREFIX: Final = "whsec_"
_VERSION: Final = "v1,"
_ATTRIBUTES: Final = frozenset(
    ("specversion", "id", "source", "type", "time", "subject", "datacontenttype", "dataschema", "data", "data_base64")
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EXTENSION: Final = re.compile(r"[a-z0-9]{1,20}", re.ASCII)


class InvalidEvent(Exception):
    """The body is not a CloudEvents 1.0 event in JSON, or not one that we read; says which attribute and why."""


class InvalidSignature(Exception):
    """The request was not signed by a holder of the secret, or too long ago."""


class CloudEvent(Struct, frozen=True):
    """One event. `source` is a URI reference that with `id` identifies it; `type` is a reverse DNS name like
    `cn.fengshao.alert.opened`. `data` is a JSON object. `extensions` are further context attributes.
    """

    id: str
    source: str
    type: str
    time: Instant
    data: dict[str, Any]
    subject: str = ""
    dataschema: str = ""
    extensions: dict[str, str] = field(default_factory=dict)


def encode(event: CloudEvent) -> bytes:
    """The event in the JSON event format. Raises InvalidEvent for attributes that the specification does not allow."""
    _check(event)
    optional = {"subject": event.subject, "dataschema": event.dataschema}
    body = {
        "specversion": SPEC_VERSION,
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "time": _rfc3339(event.time),
        "datacontenttype": "application/json",
        **{name: value for name, value in optional.items() if value},
        **event.extensions,
        "data": event.data,
    }
    encoded = msgspec.json.encode(body)
    if len(encoded) > MAX_EVENT_BYTES:
        raise InvalidEvent(f"the event has {len(encoded)} bytes: at most {MAX_EVENT_BYTES} are forwarded everywhere")
    return encoded


def decode(body: bytes) -> CloudEvent:
    """The event in a body of the JSON event format. Raises InvalidEvent."""
    if len(body) > MAX_EVENT_BYTES:
        raise InvalidEvent(f"the body has {len(body)} bytes: at most {MAX_EVENT_BYTES} are read")
    try:
        read = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidEvent(f"the body is no JSON object: {error}") from error
    if read.get("specversion") != SPEC_VERSION:
        raise InvalidEvent(f'specversion: write "{SPEC_VERSION}"')
    if not isinstance(read.get("data"), dict):
        raise InvalidEvent("data: write a JSON object (data_base64 is not read)")
    event = CloudEvent(
        id=_text(read, "id"),
        source=_text(read, "source"),
        type=_text(read, "type"),
        time=_instant(read),
        data=read["data"],
        subject=_text(read, "subject", required=False),
        dataschema=_text(read, "dataschema", required=False),
        extensions={name: _extension(name, value) for name, value in read.items() if name not in _ATTRIBUTES},
    )
    _check(event)
    return event


def sign(event_id: str, body: bytes, secrets: Sequence[str], now: Instant) -> dict[str, str]:
    """The headers of a signed request: content type, Standard Webhooks headers, and the id as idempotency key.

    With several secrets the request bears a signature of each: so a secret can be exchanged without a gap.
    """
    seconds = str(now // SECOND)
    signatures = " ".join(_VERSION + _signature(event_id, seconds, body, secret) for secret in secrets)
    return {
        "Content-Type": CONTENT_TYPE,
        "Idempotency-Key": event_id,
        "webhook-id": event_id,
        "webhook-timestamp": seconds,
        "webhook-signature": signatures,
    }


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: Instant) -> str:
    """The id of a request that one of these secrets signed within five minutes. Raises InvalidSignature.

    Whether an id was received before is for the caller to check.
    """
    named = {name.lower(): value for name, value in headers.items()}
    event_id, seconds = named.get("webhook-id", ""), named.get("webhook-timestamp", "")
    if not event_id or not re.fullmatch(r"[0-9]{1,12}", seconds, re.ASCII):
        raise InvalidSignature("webhook-id or webhook-timestamp is missing")
    if abs(int(seconds) * SECOND - now) > CLOCK_WINDOW_MS:
        raise InvalidSignature("webhook-timestamp is more than five minutes from our clock")
    given = [item.removeprefix(_VERSION) for item in named.get("webhook-signature", "").split() if _is_v1(item)]
    wanted = [_signature(event_id, seconds, body, secret) for secret in secrets]
    # Every pair is compared, so that the time taken does not show which secret is nearly right.
    matches = [hmac.compare_digest(one.encode(), other.encode()) for one in given for other in wanted]
    if not any(matches):
        raise InvalidSignature("webhook-signature does not match")
    return event_id


def secret_fault(secret: str) -> str | None:
    """Why this is no secret to sign with, or None.

    >>> secret_fault("short")
    'has 5 bytes: write at least 24, for example whsec_ and 32 random bytes in base64'
    """
    try:
        size = len(_key(secret))
    except InvalidSignature as error:
        return str(error)
    if size >= MIN_SECRET_BYTES:
        return None
    return f"has {size} bytes: write at least {MIN_SECRET_BYTES}, for example whsec_ and 32 random bytes in base64"


def _is_v1(signature: str) -> bool:
    return signature.startswith(_VERSION)


def _signature(event_id: str, seconds: str, body: bytes, secret: str) -> str:
    signed = f"{event_id}.{seconds}.".encode() + body
    return base64.b64encode(hmac.new(_key(secret), signed, hashlib.sha256).digest()).decode()


def _key(secret: str) -> bytes:
    """`whsec_` and base64, as Standard Webhooks writes it, or any other text as it stands."""
    if not secret.startswith(_PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidSignature("after whsec_ stands no base64: copy the whole secret") from error


def _check(event: CloudEvent) -> None:
    for name in ("id", "source", "type"):
        if not getattr(event, name):
            raise InvalidEvent(f"{name}: write a text that is not empty")
    for name in event.extensions:
        if not _EXTENSION.fullmatch(name) or name in _ATTRIBUTES:
            raise InvalidEvent(f"{name}: an attribute has 1 to 20 lower-case letters and digits")


def _text(read: Mapping[str, Any], name: str, required: bool = True) -> str:
    value = read.get(name)
    if value is None and not required:
        return ""
    if not isinstance(value, str):
        raise InvalidEvent(f"{name}: write a text")
    return value


def _extension(name: str, value: object) -> str:
    """CloudEvents types of context attributes: text, number and boolean, here in their canonical text form."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int):
        return str(value)
    raise InvalidEvent(f"{name}: an attribute is a text, a whole number or a boolean")


def _instant(read: Mapping[str, Any]) -> Instant:
    try:
        at = msgspec.convert(_text(read, "time"), datetime)
    except msgspec.ValidationError as error:
        raise InvalidEvent("time: write RFC 3339 with an offset, like 2026-01-02T14:05:00+08:00") from error
    if at.tzinfo is None:
        raise InvalidEvent("time: write the offset too, like 2026-01-02T14:05:00+08:00")
    return (at - _EPOCH) // timedelta(milliseconds=1)


def _rfc3339(at: Instant) -> str:
    moment = _EPOCH + timedelta(milliseconds=at)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
