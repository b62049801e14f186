"""Tencent Cloud's TC3-HMAC-SHA256 request signature. Pure."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from msgspec import Struct

ALGORITHM: Final = "TC3-HMAC-SHA256"


class Call(Struct, frozen=True):
    """What is signed: the exact bytes of the body, and headers with lower-case names. `timestamp` is in seconds."""

    service: str
    payload: bytes
    timestamp: int
    headers: Mapping[str, str]


def signature(secret: str, call: Call) -> str:
    """The hex signature over method, headers and the hash of the body, by a key of the day and service."""
    names = _names(call)
    lines = "".join(f"{name}:{call.headers[name].strip().lower()}\n" for name in sorted(call.headers))
    canonical = "\n".join(["POST", "/", "", lines, names, hashlib.sha256(call.payload).hexdigest()])
    day, scope = _scope(call)
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = "\n".join([ALGORITHM, str(call.timestamp), scope, hashed])
    key = f"TC3{secret}".encode()
    for part in (day, call.service, "tc3_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()


def authorization(secret_id: str, secret: str, call: Call) -> str:
    """The value of the header Authorization."""
    credential = f"{secret_id}/{_scope(call)[1]}"
    return f"{ALGORITHM} Credential={credential}, SignedHeaders={_names(call)}, Signature={signature(secret, call)}"


def _names(call: Call) -> str:
    return ";".join(sorted(call.headers))


def _scope(call: Call) -> tuple[str, str]:
    day = datetime.fromtimestamp(call.timestamp, UTC).strftime("%Y-%m-%d")
    return day, f"{day}/{call.service}/tc3_request"
