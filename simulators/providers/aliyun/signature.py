"""Checks ACS3-HMAC-SHA256 signatures of received requests, as the provider does."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

from msgspec import Struct

ALGORITHM: Final = "ACS3-HMAC-SHA256"
CLOCK_TOLERANCE_MS: Final = 15 * 60_000
_AUTHORIZATION = re.compile(
    r"ACS3-HMAC-SHA256\s+Credential=(?P<key>[^,]+),\s*SignedHeaders=(?P<names>[^,]+),\s*Signature=(?P<signature>[0-9a-f]{64})"
)
_REQUIRED_SIGNED = frozenset(
    {"host", "x-acs-action", "x-acs-version", "x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256"}
)


class Request(Struct, frozen=True):
    """A received HTTP request. Header names are in lower case; the query is decoded."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes


class Denied(Exception):
    """The API gateway denies the call: an HTTP status and the provider's code."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.status, self.code, self.message = status, code, message


def _encode(text: str) -> str:
    return quote(text, safe="-_.~")


def canonical_request(request: Request, signed: list[str]) -> str:
    """The canonical request: method, path, sorted query, signed headers, their names, hash of the body."""
    query = "&".join(f"{_encode(name)}={_encode(value)}" for name, value in sorted(request.query))
    headers = "".join(f"{name}:{request.headers[name].strip()}\n" for name in signed)
    digest = hashlib.sha256(request.body).hexdigest()
    return "\n".join([request.method, request.path or "/", query, headers, ";".join(signed), digest])


def signature(request: Request, signed: list[str], secret: str) -> str:
    """The expected signature of the request."""
    digest = hashlib.sha256(canonical_request(request, signed).encode()).hexdigest()
    return hmac.new(secret.encode(), f"{ALGORITHM}\n{digest}".encode(), hashlib.sha256).hexdigest()


def authenticate(request: Request, secrets: Mapping[str, str], now: int) -> str:
    """The access key id that signed the request. Raises `Denied`."""
    parts = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
    if parts is None:
        raise Denied(400, "IncompleteSignature", "The request signature does not conform to Aliyun standards.")
    signed = parts["names"].split(";")
    _check_headers(request, signed, now)
    secret = secrets.get(parts["key"])
    if secret is None:
        raise Denied(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
    if not hmac.compare_digest(signature(request, signed, secret), parts["signature"]):
        raise Denied(400, "SignatureDoesNotMatch", "Specified signature is not matched with our calculation.")
    return parts["key"]


def _check_headers(request: Request, signed: list[str], now: int) -> None:
    missing = sorted(_REQUIRED_SIGNED - set(signed)) + [name for name in signed if name not in request.headers]
    if missing or signed != sorted(signed):
        raise Denied(400, "IncompleteSignature", f"Signed headers are missing or unsorted: {missing or signed}")
    if request.headers["x-acs-content-sha256"] != hashlib.sha256(request.body).hexdigest():
        raise Denied(400, "InvalidContentSha256", "x-acs-content-sha256 is not the hash of the body.")
    if abs(_parse_time(request.headers["x-acs-date"]) - now) > CLOCK_TOLERANCE_MS:
        raise Denied(400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")


def _parse_time(text: str) -> int:
    try:
        time = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise Denied(400, "InvalidTimeStamp.Format", "x-acs-date is not like 2026-01-02T03:04:05Z.") from None
    return int(time.timestamp() * 1000)
