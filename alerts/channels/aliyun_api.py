"""Calls of Aliyun's RPC style API: signed query, empty body, and an error code that stands in HTTP 200."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import httpx2
import msgspec

from alerts.channels.aliyun_signature import Request, sign
from alerts.channels.channel import SendOutcome
from domain import Instant

_RATE: Final = ("BUSINESS_LIMIT_CONTROL", "DAY_LIMIT_CONTROL", "MONTH_LIMIT_CONTROL", "VOICE_LIMIT")
_TEMPLATE: Final = ("SMS_TEMPLATE_ILLEGAL", "TEMPLATE_ILLEGAL", "TTS_TEMPLATE_ILLEGAL", "VOICE_TEMPLATE_ILLEGAL")
_CONFIG: Final = (
    "OUT_OF_SERVICE",
    "AMOUNT_NOT_ENOUGH",
    "SMS_SIGNATURE_ILLEGAL",
    "SMS_SIGNATURE_SCENE_ILLEGAL",
    "SIGN_STATE_ILLEGAL",
    "SIGN_NAME_ILLEGAL",
    "DENY_IP_RANGE",
    "RAM_PERMISSION_DENY",
    "ACCOUNT_NOT_EXISTS",
    "ACCOUNT_ABNORMAL",
    "PRODUCT_UN_SUBSCRIPT",
    "PRODUCT_UNSUBSCRIBE",
    "CALLED_SHOW_NUMBER",
    "SignatureDoesNotMatch",
    "InvalidAccessKeyId",
    "Forbidden",
)
_RECIPIENT: Final = ("MOBILE_NUMBER_ILLEGAL", "INVALID_PHONE_NUMBER", "BLACK_LIST", "CALLED_NUMBER_ILLEGAL")
_PROBLEMS: Final = {
    "balance": ("OUT_OF_SERVICE", "AMOUNT_NOT_ENOUGH"),
    "signature": ("SMS_SIGNATURE", "SIGN_"),
    "network": ("DENY_IP_RANGE",),
    "access": ("RAM_PERMISSION_DENY", "SignatureDoesNotMatch", "InvalidAccessKeyId", "Forbidden", "ACCOUNT_"),
}


class AliyunApi:
    """One product of an account, in one version."""

    def __init__(
        self,
        client: httpx2.AsyncClient,
        key_id: str,
        secret: str,
        base_url: str,
        version: str,
        nonce: Callable[[], str],
    ) -> None:
        self._client, self._key_id, self._secret = client, key_id, secret
        self._base_url, self._version, self._nonce = base_url, version, nonce
        self._host = httpx2.URL(base_url).netloc.decode()

    async def call(self, action: str, params: Mapping[str, str], now: Instant) -> dict[str, Any]:
        """The answer; an unreadable one has the code of its HTTP status. Raises HTTPError."""
        date = datetime.fromtimestamp(now / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        request = Request(self._host, action, self._version, params, date, self._nonce())
        signed = sign(self._key_id, self._secret, request)
        response = await self._client.post(f"{self._base_url}/?{signed.query}", headers=signed.headers)
        try:
            return msgspec.json.decode(response.content, type=dict[str, Any])
        except msgspec.DecodeError:
            # Only the response is lost: an error page of a gateway does not show whether the message was accepted.
            return {"Code": f"HTTP {response.status_code}"}


def classify(code: str) -> SendOutcome:
    """Aliyun's code as a SendOutcome; an unknown code may mean that it was sent.

    >>> classify("OK"), classify("isv.BUSINESS_LIMIT_CONTROL"), classify("isp.SYSTEM_ERROR")
    (<SendOutcome.ACCEPTED: 'accepted'>, <SendOutcome.RATE: 'rate'>, <SendOutcome.UNKNOWN: 'unknown'>)
    >>> classify("isv.SMS_TEMPLATE_ILLEGAL"), classify("isv.PARAM_LENGTH_LIMIT")
    (<SendOutcome.TEMPLATE: 'template'>, <SendOutcome.CONTENT: 'content'>)
    """
    if code == "OK":
        return SendOutcome.ACCEPTED
    plain = _plain(code)
    if plain.startswith("Throttling"):
        return SendOutcome.TEMPORARY
    for names, outcome in (
        (_RATE, SendOutcome.RATE),
        (_TEMPLATE, SendOutcome.TEMPLATE),
        (_CONFIG, SendOutcome.CONFIG),
        (_RECIPIENT, SendOutcome.RECIPIENT),
    ):
        if plain.startswith(names):
            return outcome
    return SendOutcome.CONTENT if code.startswith("isv.") else SendOutcome.UNKNOWN


def problem_of(code: str) -> str:
    """What an operator must mend, as a key of the text catalog; empty when it is none of these.

    >>> problem_of("isv.AMOUNT_NOT_ENOUGH"), problem_of("isv.DENY_IP_RANGE"), problem_of("OK")
    ('balance', 'network', '')
    """
    return next((problem for problem, names in _PROBLEMS.items() if _plain(code).startswith(names)), "")


def _plain(code: str) -> str:
    return code.removeprefix("isv.").removeprefix("isp.")
