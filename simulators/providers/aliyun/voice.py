"""A simulated Aliyun voice service (dyvmsapi 2017-05-25): signed calls, limits by number, keys and ends of calls.

Written from the provider's documentation (facts/notifications.md 1.7): SingleCallByTts cannot hear keys, IvrCall can;
failed calls count against the limits of the called number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from domain import DAY, HOUR, MINUTE, Instant
from simulators.providers.aliyun import signature
from simulators.providers.aliyun.messages import Rejected, render
from simulators.providers.aliyun.templates import beijing_time
from simulators.providers.faults import FaultKind
from simulators.providers.provider_server import ProviderServer

_VERSION: Final = "2017-05-25"
_LIMITS: Final = ((MINUTE, 1), (HOUR, 5), (DAY, 20))


class Behaviour(StrEnum):
    """What the called person does; a key is pressed only where the call can hear it."""

    KEY_1 = "1"
    KEY_2 = "2"
    KEY_3 = "3"
    PICKS_UP = "picks up"
    NO_ANSWER = "no answer"
    BUSY = "busy"
    WRONG_NUMBER = "wrong number"
    LOST = "lost"
    """The end of the call is never reported."""


_ENDS: Final = {
    Behaviour.NO_ANSWER: "200003",
    Behaviour.BUSY: "200002",
    Behaviour.WRONG_NUMBER: "200004",
}


class PhoneCall(Struct):
    """One call as it was heard."""

    call_id: str
    phone: str
    text: str
    out_id: str
    at: Instant
    has_keypad_menu: bool
    keys: tuple[str, ...] = ()


class AliyunVoiceServer(ProviderServer):
    """The service on a loopback port. `behaviours`: phone -> what its owner does, else `default`."""

    def __init__(
        self,
        *,
        access_keys: Mapping[str, str],
        templates: Mapping[str, str],
        clock: Callable[[], Instant],
        numbers: Sequence[str] = (),
        callback_url: str | None = None,
    ) -> None:
        super().__init__(Starlette(routes=[Route("/", self._call, methods=["POST"])]))
        self.access_keys, self.templates, self.clock = dict(access_keys), dict(templates), clock
        self.numbers, self.callback_url = tuple(numbers), callback_url
        self.behaviours: dict[str, Behaviour] = {}
        self.default = Behaviour.PICKS_UP
        self.calls: list[PhoneCall] = []

    async def press(self, call: PhoneCall, key: str) -> None:
        """A key during a call: VoiceCallReport."""
        await self._push(
            {
                "status_code": "300000",
                "smart_status_code": "ANSWERED",
                "dtmf": key,
                "status_time": beijing_time(self.clock()),
                "out_id": call.out_id,
                "call_id": call.call_id,
            }
        )

    async def _call(self, request: Request) -> Response:
        body = await request.body()
        try:
            received = signature.Request(
                request.method,
                request.url.path,
                tuple(request.query_params.multi_items()),
                {name.lower(): value for name, value in request.headers.items()},
                body,
            )
            signature.authenticate(received, self.access_keys, self.clock())
            return await self._start(request, dict(received.query), received.headers["x-acs-action"])
        except signature.Denied as denied:
            return JSONResponse({"Code": denied.code, "Message": denied.message}, status_code=denied.status)
        except Rejected as rejected:
            return JSONResponse({"Code": rejected.code, "Message": rejected.message})

    async def _start(self, request: Request, query: Mapping[str, str], action: str) -> Response:
        fault = self.faults.next()
        if fault is not None and fault.kind is FaultKind.REJECT:
            raise Rejected(fault.code, fault.code)
        if fault is not None and fault.kind is FaultKind.HTTP:
            return Response("bad gateway", fault.status)
        call = self._accept(query, action)
        self._host.start_job(self._ring(call))
        if fault is not None and fault.kind is FaultKind.SILENT:
            await self._leave_unanswered(request)
        return JSONResponse({"Code": "OK", "Message": "OK", "CallId": call.call_id, "RequestId": "D9CB3933"})

    def _accept(self, query: Mapping[str, str], action: str) -> PhoneCall:
        is_ivr = action == "IvrCall"
        code, params = ("StartCode", "StartTtsParams") if is_ivr else ("TtsCode", "TtsParam")
        if is_ivr:
            self._check_menu(query)
        phone, out_id = query.get("CalledNumber", ""), query.get("OutId", "")
        if not re.fullmatch(r"1[3-9]\d{9}", phone):
            raise Rejected("isv.MOBILE_NUMBER_ILLEGAL", "号码格式非法")
        if not 1 <= len(out_id.encode()) <= 15:
            raise Rejected("isv.INVALID_PARAMETERS", "OutId 1 到 15 字节")
        if query.get(code, "") not in self.templates:
            raise Rejected("isv.TTS_TEMPLATE_ILLEGAL", "未找到文本转语音模板")
        if len(query.get(params, "")) >= 250:
            raise Rejected("isv.TEMPLATE_PARAMS_ILLEGAL", "模板变量过长")
        now = self.clock()
        for span, most in _LIMITS:
            if sum(call.phone == phone and now - call.at < span for call in self.calls) >= most:
                raise Rejected("isv.BUSINESS_LIMIT_CONTROL", "触发流控")
        text = render(self.templates[query[code]], query.get(params, "{}"))
        call = PhoneCall(f"116{len(self.calls):06}^102", phone, text, out_id, now, is_ivr)
        self.calls.append(call)
        return call

    def _check_menu(self, query: Mapping[str, str]) -> None:
        if query.get("CalledShowNumber") not in self.numbers:
            raise Rejected("isv.CALLED_SHOW_NUMBER_NOT_EXISTS", "显号不存在")
        if "MenuKeyMap.1.Key" not in query:
            raise Rejected("isv.INVALID_MENU_KEY_MAP", "按键映射不合法")

    async def _ring(self, call: PhoneCall) -> None:
        behaviour = self.behaviours.get(call.phone, self.default)
        if behaviour is Behaviour.LOST:
            return
        if behaviour in (Behaviour.KEY_1, Behaviour.KEY_2, Behaviour.KEY_3) and call.has_keypad_menu:
            call.keys = (*call.keys, behaviour.value)
            await self.press(call, behaviour.value)
        at = beijing_time(self.clock())
        await self._push(
            {
                "call_id": call.call_id,
                "out_id": call.out_id,
                "start_time": at,
                "end_time": at,
                "duration": "12",
                "status_code": _ENDS.get(behaviour, "200000"),
                "status_msg": behaviour.value,
                "dtmf": "".join(call.keys),
            }
        )

    async def _push(self, item: Mapping[str, Any]) -> None:
        if self.callback_url is not None:
            await self._callback_client.post(self.callback_url, json=[item])
