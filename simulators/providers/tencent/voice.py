"""A simulated Tencent Cloud voice service (vms 2020-09-02, SendTtsVoice): signed calls, limits by number, pushes.

Written from the provider's documentation (51558 SendTtsVoice, 37725 voiceprompt_callback, 37726 voicekey_callback, 6532
voice_failure_callback, 38004 error codes): a template may have the variables {1}, {2}, and a call that differs from
what was approved is refused; limits by number are stricter at night; pushes name the call and nothing else of ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from domain import MINUTE, SECOND, Instant
from simulators.providers.faults import Fault, FaultKind
from simulators.providers.provider_server import ProviderServer
from simulators.providers.tencent.gateway import ApiError, answer, read_call, refused

_VERSION: Final = "2020-09-02"
_BEIJING: Final = timezone(timedelta(hours=8))
_PLACE: Final = re.compile(r"\{(\d+)\}")
_PLAY_TIMES_MAX: Final = 3
_DURATION_S: Final = 12
_NIGHT: Final = (22, 8)
"""Hours of the day in Beijing between which a number is called once."""


class Behaviour(StrEnum):
    """What becomes of a call. The last three name the reason with which it ends."""

    KEY_1 = "1"
    KEY_2 = "2"
    KEY_3 = "3"
    PICKS_UP = "接听"
    NO_ANSWER = "无人接听"
    BUSY = "用户忙"
    WRONG_NUMBER = "空号"
    LOST = "lost"
    """Nothing of the call is reported."""


_KEYS: Final = (Behaviour.KEY_1, Behaviour.KEY_2, Behaviour.KEY_3)
_FAILURES: Final = {Behaviour.NO_ANSWER: ("1", 3), Behaviour.BUSY: ("1", 2), Behaviour.WRONG_NUMBER: ("2", 8)}
"""`result` of voiceprompt_callback, and `failure_code` of voice_failure_callback."""


class TencentCall(Struct):
    """One call as it was heard."""

    call_id: str
    phone: str
    text: str
    play_times: int
    context: str
    at: Instant


class TencentVoiceServer(ProviderServer):
    """The service on a loopback port. `behaviours`: phone -> what its owner does, else `default`.

    `per_day` and `per_night` are the limits of a number as the account has them.
    """

    def __init__(
        self,
        *,
        keys: Mapping[str, str],
        app_id: str,
        templates: Mapping[str, str],
        clock: Callable[[], Instant],
        callback_url: str | None = None,
        per_day: int = 3,
        per_night: int = 1,
    ) -> None:
        super().__init__(Starlette(routes=[Route("/", self._call, methods=["POST"])]))
        self.keys, self.app_id, self.templates, self.clock = dict(keys), app_id, dict(templates), clock
        self.callback_url, self.per_day, self.per_night = callback_url, per_day, per_night
        self.behaviours: dict[str, Behaviour] = {}
        self.default = Behaviour.PICKS_UP
        self.calls: list[TencentCall] = []
        self.unconfirmed = 0
        """Pushes that were not answered with result 0."""

    async def press(self, call: TencentCall, key: str) -> None:
        """A key during a call: voicekey_callback."""
        await self._push("voicekey_callback", call, {"keypress": key})

    async def _call(self, request: Request) -> Response:
        try:
            action, body = await read_call(request, self.keys, "vms", _VERSION, self.clock())
            if action != "SendTtsVoice":
                raise ApiError("InvalidAction")
            return await self._start(request, body)
        except ApiError as error:
            return refused(error)

    async def _start(self, request: Request, body: Mapping[str, Any]) -> Response:
        fault = self.faults.next()
        if fault is not None and fault.kind is FaultKind.REJECT:
            raise ApiError(fault.code)
        if fault is not None and fault.kind is FaultKind.HTTP and not fault.accepted:
            return Response("bad gateway", fault.status)
        call = self._accept(body)
        self._host.start_job(self._ring(call))
        return await self._answer(request, call, fault)

    async def _answer(self, request: Request, call: TencentCall, fault: Fault | None) -> Response:
        if fault is not None and fault.kind is FaultKind.SILENT:
            await self._leave_unanswered(request)
        if fault is not None and fault.kind in (FaultKind.HTTP, FaultKind.SILENT):
            return Response("bad gateway", fault.status)
        return answer(SendStatus={"CallId": call.call_id, "SessionContext": call.context})

    def _accept(self, body: Mapping[str, Any]) -> TencentCall:
        if body.get("VoiceSdkAppid") != self.app_id:
            raise ApiError("UnauthorizedOperation.VoiceSdkAppidVerifyFail")
        number, template = str(body.get("CalledNumber") or ""), self.templates.get(str(body.get("TemplateId")))
        if not re.fullmatch(r"\+861[3-9]\d{9}", number):
            raise ApiError("InvalidParameterValue.CalledNumberVerifyFail")
        params = [str(param) for param in body.get("TemplateParamSet") or ()]
        if template is None or len(set(_PLACE.findall(template))) != len(params):
            raise ApiError("FailedOperation.TemplateIncorrectOrUnapproved")
        times = body.get("PlayTimes", 2)
        if times not in range(1, _PLAY_TIMES_MAX + 1):
            raise ApiError("FailedOperation.InvalidParameters")
        phone = number.removeprefix("+86")
        self._check_limits(phone)
        text = _PLACE.sub(lambda match: params[int(match[1]) - 1], template)
        call_id = f"12582bce-{len(self.calls):012}"
        call = TencentCall(call_id, phone, text, times, str(body.get("SessionContext") or ""), self.clock())
        self.calls.append(call)
        return call

    def _check_limits(self, phone: str) -> None:
        now = self.clock()
        own = [call.at for call in self.calls if call.phone == phone]
        night = _night(now)
        is_over = (
            any(now - at < 30 * SECOND for at in own)
            or sum(now - at < 10 * MINUTE for at in own) >= 2
            or sum(_local(at).date() == _local(now).date() for at in own) >= self.per_day
            or (night is not None and sum(_night(at) == night for at in own) >= self.per_night)
        )
        if is_over:
            raise ApiError("LimitExceeded.DeliveryFrequencyLimit")

    async def _ring(self, call: TencentCall) -> None:
        behaviour = self.behaviours.get(call.phone, self.default)
        if behaviour is Behaviour.LOST:
            return
        if behaviour in _KEYS:
            await self.press(call, behaviour.value)
        result, code = _FAILURES.get(behaviour, ("0", None))
        start_s = call.at // SECOND
        times = {"start_calltime": str(start_s), "end_calltime": str(start_s + _DURATION_S)}
        accepted = {"accept_time": str(start_s) if result == "0" else "", "fee": "1" if result == "0" else "0"}
        await self._push("voiceprompt_callback", call, {"result": result, **accepted, **times})
        if code is not None:
            reason = {"failure_code": code, "failure_reason": behaviour.value}
            await self._push("voice_failure_callback", call, reason)

    async def _push(self, name: str, call: TencentCall, fields: Mapping[str, object]) -> None:
        if self.callback_url is None:
            return
        item = {"call_from": "", "callid": call.call_id, "mobile": call.phone, "nationcode": "86", **fields}
        response = await self._callback_client.post(self.callback_url, json={name: item})
        if response.status_code != 200 or response.json() != {"result": 0, "errmsg": "OK"}:
            self.unconfirmed += 1


def _local(at: Instant) -> datetime:
    return datetime.fromtimestamp(at / SECOND, _BEIJING)


def _night(at: Instant) -> str | None:
    """The night that this instant belongs to, by the date of its evening; None by day."""
    local = _local(at)
    if local.hour >= _NIGHT[0]:
        return local.date().isoformat()
    return (local - timedelta(days=1)).date().isoformat() if local.hour < _NIGHT[1] else None
