"""Aliyun's ACS3-HMAC-SHA256 request signature. Pure."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from msgspec import Struct

ALGORITHM: Final = "ACS3-HMAC-SHA256"


class SignedRequest(Struct, frozen=True):
    """The query as signed, and the headers to send with it."""

    query: str
    headers: dict[str, str]
    signature: str


class Request(Struct, frozen=True):
    """What is signed: RPC style, parameters in the query, empty body."""

    host: str
    action: str
    version: str
    params: Mapping[str, str]
    date: str
    nonce: str


def sign(key_id: str, secret: str, request: Request) -> SignedRequest:
    """The signature over method, query, headers and the hash of the empty body."""
    body_hash = hashlib.sha256(b"").hexdigest()
    headers = {
        "host": request.host,
        "x-acs-action": request.action,
        "x-acs-content-sha256": body_hash,
        "x-acs-date": request.date,
        "x-acs-signature-nonce": request.nonce,
        "x-acs-version": request.version,
    }
    query = "&".join(f"{_escape(name)}={_escape(value)}" for name, value in sorted(request.params.items()))
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    canonical = "\n".join(["POST", "/", query, lines, names, body_hash])
    to_sign = f"{ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    credential = f"{ALGORITHM} Credential={key_id},SignedHeaders={names},Signature={signature}"
    return SignedRequest(query, {**headers, "Authorization": credential}, signature)


def _escape(value: str) -> str:
    return quote(value, safe="-_.~")
