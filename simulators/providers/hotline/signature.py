"""Signatures of the platform's interface: Standard Webhooks 1.0 over id, time and body (docs/exchange.md)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Final

from domain import SECOND, Instant

_TOLERANCE_S: Final = 300


def signed_headers(secret: str, message_id: str, body: bytes, now: Instant) -> dict[str, str]:
    """The three headers of a signed request."""
    seconds = str(now // SECOND)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": seconds,
        "webhook-signature": f"v1,{_digest(secret, message_id, seconds, body)}",
    }


def is_genuine(secret: str, headers: Mapping[str, str], body: bytes, now: Instant) -> bool:
    """Whether the request was signed with this secret within five minutes."""
    seconds = headers.get("webhook-timestamp", "")
    if not seconds.isdecimal() or abs(int(seconds) - now // SECOND) > _TOLERANCE_S:
        return False
    wanted = f"v1,{_digest(secret, headers.get('webhook-id', ''), seconds, body)}"
    return wanted in headers.get("webhook-signature", "").split(" ")


def _digest(secret: str, message_id: str, seconds: str, body: bytes) -> str:
    signed = f"{message_id}.{seconds}.".encode() + body
    return base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()
