"""Calls of Tencent Cloud's API 3.0: signed JSON, and an error that stands in HTTP 200."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import httpx2
import msgspec
from msgspec import Struct

from alerts.channels.channel import SendOutcome
from alerts.channels.tencent_signature import Call, authorization
from domain import SECOND, Instant

CONTENT_TYPE: Final = "application/json; charset=utf-8"
PUSH_ANSWER: Final = b'{"result":0,"errmsg":"OK"}'


class TencentAccount(Struct, frozen=True):
    """One account. `base_url` is the vendor's, or that of a compatible server."""

    secret_id: str
    secret_key: str
    base_url: str
    region: str = "ap-guangzhou"

    def __repr__(self) -> str:
        return f"TencentAccount(secret_id={self.secret_id!r}, secret_key=***)"


class TencentApi:
    """One service (`sms`, `vms`) of an account, in one version."""

    def __init__(self, client: httpx2.AsyncClient, account: TencentAccount, service: str, version: str) -> None:
        self._client, self._account, self._service, self._version = client, account, service, version
        self._host = httpx2.URL(account.base_url).netloc.decode()

    async def call(self, action: str, body: Mapping[str, Any], now: Instant) -> dict[str, Any]:
        """The content of `Response`; an unreadable answer has the error code of its HTTP status. Raises HTTPError."""
        payload = msgspec.json.encode(body)
        signed = {"content-type": CONTENT_TYPE, "host": self._host, "x-tc-action": action}
        call = Call(self._service, payload, now // SECOND, signed)
        headers = {
            "Authorization": authorization(self._account.secret_id, self._account.secret_key, call),
            "Content-Type": CONTENT_TYPE,
            "Host": self._host,
            "X-TC-Action": action,
            "X-TC-Version": self._version,
            "X-TC-Region": self._account.region,
            "X-TC-Timestamp": str(call.timestamp),
        }
        response = await self._client.post(self._account.base_url, content=payload, headers=headers)
        try:
            return msgspec.json.decode(response.content, type=dict[str, dict[str, Any]])["Response"]
        except (msgspec.DecodeError, KeyError):
            # Only the response is lost: an error page of a gateway does not show whether the message was accepted.
            return {"Error": {"Code": f"HTTP {response.status_code}"}}


_BY_PREFIX: Final = (
    ("LimitExceeded", SendOutcome.RATE),
    ("RequestLimitExceeded", SendOutcome.TEMPORARY),
    ("AuthFailure", SendOutcome.CONFIG),
    ("UnauthorizedOperation", SendOutcome.CONFIG),
    ("UnsupportedOperation", SendOutcome.CONFIG),
    ("ResourceInsufficient", SendOutcome.CONFIG),
    ("FailedOperation.SignatureIncorrectOrUnapproved", SendOutcome.CONFIG),
    ("FailedOperation.InsufficientBalanceInSmsPackage", SendOutcome.CONFIG),
    ("FailedOperation.InsufficientBalance", SendOutcome.CONFIG),
    ("FailedOperation.PhonenumberUnappliedOrExpired", SendOutcome.CONFIG),
    ("FailedOperation.FailResolvePacket", SendOutcome.CONTENT),
    ("FailedOperation.InvalidJsonParameters", SendOutcome.CONTENT),
    ("FailedOperation.InvalidParameters", SendOutcome.CONTENT),
    ("FailedOperation.JsonParseFail", SendOutcome.CONTENT),
    ("FailedOperation.Template", SendOutcome.TEMPLATE),
    ("InvalidParameterValue.TemplateParameter", SendOutcome.CONTENT),
    ("FailedOperation.ContainSensitiveWord", SendOutcome.CONTENT),
    ("FailedOperation.PhoneNumberInBlacklist", SendOutcome.RECIPIENT),
    ("FailedOperation.PhoneNumberParseFail", SendOutcome.RECIPIENT),
    ("FailedOperation.CalledNumber", SendOutcome.RECIPIENT),
    ("InvalidParameterValue.IncorrectPhoneNumber", SendOutcome.RECIPIENT),
    ("InvalidParameterValue.CalledNumber", SendOutcome.RECIPIENT),
    ("InvalidParameterValue.SdkAppIdNotExist", SendOutcome.CONFIG),
    ("InvalidParameterValue.SdkAppidNotExist", SendOutcome.CONFIG),
    ("InvalidParameterValue", SendOutcome.CONTENT),
    ("InvalidParameter", SendOutcome.CONTENT),
    ("MissingParameter", SendOutcome.CONTENT),
    ("InternalError.RequestTimeException", SendOutcome.CONFIG),
    ("InternalError.RestApiInterfaceNotExist", SendOutcome.CONFIG),
    ("InternalError.SigVerificationFail", SendOutcome.CONFIG),
)
_PROBLEMS: Final = (
    ("FailedOperation.InsufficientBalance", "balance"),
    ("UnauthorizedOperation.ServiceSuspendDueToArrears", "balance"),
    ("ResourceInsufficient", "balance"),
    ("FailedOperation.SignatureIncorrectOrUnapproved", "signature"),
    ("UnauthorizedOperation.RequestIpNotInWhitelist", "network"),
    ("AuthFailure", "access"),
    ("InternalError.SigVerificationFail", "access"),
    ("UnauthorizedOperation", "access"),
)


def classify(code: str) -> SendOutcome:
    """Tencent's code as a SendOutcome; an unknown code, or an internal error, may mean that it was sent.

    >>> classify("Ok"), classify("LimitExceeded.PhoneNumberDailyLimit"), classify("InternalError.Timeout")
    (<SendOutcome.ACCEPTED: 'accepted'>, <SendOutcome.RATE: 'rate'>, <SendOutcome.UNKNOWN: 'unknown'>)
    """
    if code == "Ok":
        return SendOutcome.ACCEPTED
    return next((outcome for prefix, outcome in _BY_PREFIX if code.startswith(prefix)), SendOutcome.UNKNOWN)


def problem_of(code: str) -> str:
    """What an operator must mend, as a key of the text catalog; empty when it is none of these.

    >>> problem_of("AuthFailure.SignatureFailure"), problem_of("LimitExceeded.AppDailyLimit")
    ('access', '')
    """
    return next((problem for prefix, problem in _PROBLEMS if code.startswith(prefix)), "")


def error_code(answer: Mapping[str, Any]) -> str:
    """The code of an error of the whole call; empty without one."""
    error = answer.get("Error")
    return str(error.get("Code") or "unknown") if isinstance(error, Mapping) else ""


def e164(phone: str) -> str:
    """
    >>> e164("13800138000"), e164("+85251234567")
    ('+8613800138000', '+85251234567')
    """
    return phone if phone.startswith("+") else f"+86{phone}"
