"""Tencent Cloud's API 3.0 gateway: who calls, and whether the request is signed. From the provider's documentation."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse

from domain import MINUTE, SECOND, Instant

REQUEST_ID: Final = "a0aabda6-cf91-4f3e-a81f-9198114a2279"
_CLOCK_WINDOW_MS: Final = 5 * MINUTE
_AUTHORIZATION: Final = re.compile(
    r"TC3-HMAC-SHA256 Credential=([^/]+)/(\d{4}-\d\d-\d\d)/([a-z]+)/tc3_request, "
    r"SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})"
)


class ApiError(Exception):
    """The whole call is refused."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(code)
        self.code, self.message = code, message or code


def authenticate(headers: Mapping[str, str], body: bytes, keys: Mapping[str, str], service: str, now: Instant) -> None:
    """Raises ApiError unless the request is signed by a known account, now, for this service."""
    match = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    if match is None:
        raise ApiError("AuthFailure.InvalidAuthorization")
    key_id, day, scope, names, given = match.groups()
    if key_id not in keys:
        raise ApiError("AuthFailure.SecretIdNotFound")
    timestamp = headers.get("x-tc-timestamp", "")
    if not timestamp.isdecimal() or abs(int(timestamp) * SECOND - now) > _CLOCK_WINDOW_MS:
        raise ApiError("AuthFailure.SignatureExpire")
    is_same_day = day == datetime.fromtimestamp(int(timestamp), UTC).date().isoformat()
    if scope != service or not is_same_day or not {"content-type", "host"} <= set(names.split(";")):
        raise ApiError("AuthFailure.SignatureFailure")
    lines = "".join(f"{name}:{headers.get(name, '').strip().lower()}\n" for name in names.split(";"))
    canonical = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    to_sign = (
        f"TC3-HMAC-SHA256\n{timestamp}\n{day}/{service}/tc3_request\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    )
    signing = _mac(_mac(_mac(f"TC3{keys[key_id]}".encode(), day), service), "tc3_request")
    if not hmac.compare_digest(_mac(signing, to_sign).hex(), given):
        raise ApiError("AuthFailure.SignatureFailure", "The provided credentials could not be validated.")


def _mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


async def read_call(
    request: Request, keys: Mapping[str, str], service: str, version: str, now: Instant
) -> tuple[str, dict[str, Any]]:
    """Action and parameters of a signed call. Raises ApiError."""
    body = await request.body()
    headers = {name.lower(): value for name, value in request.headers.items()}
    authenticate(headers, body, keys, service, now)
    if headers.get("x-tc-version") != version:
        raise ApiError("NoSuchVersion")
    return headers.get("x-tc-action", ""), json.loads(body)


def answer(**content: object) -> JSONResponse:
    """The envelope of every answer."""
    return JSONResponse({"Response": {**content, "RequestId": REQUEST_ID}})


def refused(error: ApiError) -> JSONResponse:
    """An error of the whole call: HTTP 200 all the same."""
    return answer(Error={"Code": error.code, "Message": error.message})
