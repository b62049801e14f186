"""The simulated Tencent voice service refuses what the real one refuses; it is called here without our channel."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from simulators.providers.local_server import LoopbackServer
from simulators.providers.tencent.voice import Behaviour, TencentVoiceServer
from tests.support.tencent_calls import SignedCall

NOON = 1_767_326_400_000
"""2026-01-02 12:00 in Beijing."""
HOUR = 3_600_000
BODY: dict[str, Any] = {
    "TemplateId": "2",
    "CalledNumber": "+8613800138000",
    "VoiceSdkAppid": "1400",
    "TemplateParamSet": ["燃气", "六号楼"],
    "PlayTimes": 3,
    "SessionContext": "k3f9x2",
}


class Clock:
    now = NOON

    def __call__(self) -> int:
        return self.now


@pytest.fixture
async def server() -> AsyncIterator[TencentVoiceServer]:
    templates = {"1": "请立即查看手机。", "2": "{1}报警，地点{2}。"}
    async with TencentVoiceServer(keys={"AKID": "secret"}, app_id="1400", templates=templates, clock=Clock()) as voice:
        yield voice


async def call(server: TencentVoiceServer, secret: str = "secret", service: str = "vms", **changes: Any) -> Any:
    signed = SignedCall(service, "2020-09-02", "SendTtsVoice", server.clock() // 1000, secret=secret)
    return await signed.post(server.url, {**BODY, **changes})


def code_of(answer: dict[str, Any]) -> str:
    return str(answer["Error"]["Code"])


async def test_variables_are_read_in_their_places_and_the_context_is_returned(server: TencentVoiceServer) -> None:
    answer = await call(server)
    assert answer["SendStatus"] == {"CallId": server.calls[0].call_id, "SessionContext": "k3f9x2"}
    assert server.calls[0].text == "燃气报警，地点六号楼。"


async def test_a_call_that_differs_from_what_was_approved_or_signed_is_refused(server: TencentVoiceServer) -> None:
    refusals = [
        (await call(server, TemplateParamSet=[]), "FailedOperation.TemplateIncorrectOrUnapproved"),
        (await call(server, TemplateId="9"), "FailedOperation.TemplateIncorrectOrUnapproved"),
        (await call(server, CalledNumber="13800138000"), "InvalidParameterValue.CalledNumberVerifyFail"),
        (await call(server, VoiceSdkAppid="1"), "UnauthorizedOperation.VoiceSdkAppidVerifyFail"),
        (await call(server, PlayTimes=9), "FailedOperation.InvalidParameters"),
        (await call(server, secret="wrong"), "AuthFailure.SignatureFailure"),
        (await call(server, service="sms"), "AuthFailure.SignatureFailure"),
    ]
    for answer, code in refusals:
        assert code_of(answer) == code
    assert server.calls == []


async def test_one_number_is_called_thrice_a_day_and_once_a_night(server: TencentVoiceServer) -> None:
    clock = Clock()
    server.clock = clock
    over = "LimitExceeded.DeliveryFrequencyLimit"
    assert "SendStatus" in await call(server)
    clock.now += 29_000
    assert code_of(await call(server)) == over, "once in 30 seconds"
    clock.now += 1_000
    assert "SendStatus" in await call(server)
    clock.now += 60_000
    assert code_of(await call(server)) == over, "twice in 10 minutes"
    clock.now = NOON + 10 * HOUR
    assert "SendStatus" in await call(server), "22:00, the third call of the day"
    clock.now += HOUR
    assert code_of(await call(server)) == over
    clock.now = NOON + 19 * HOUR
    assert code_of(await call(server)) == over, "07:00: a new day and the same night"
    clock.now = NOON + 21 * HOUR
    assert "SendStatus" in await call(server)


async def test_a_push_without_the_documented_answer_is_counted(server: TencentVoiceServer) -> None:
    received: list[Any] = []

    async def receive(request: Request) -> JSONResponse:
        received.append(await request.json())
        return JSONResponse({"result": 1, "errmsg": "busy"})

    async with LoopbackServer(Starlette(routes=[Route("/", receive, methods=["POST"])])) as host:
        server.callback_url, server.default = host.url, Behaviour.WRONG_NUMBER
        await call(server)
        await server.wait_until_idle()
    prompt, failure = received
    assert prompt["voiceprompt_callback"]["result"] == "2"
    assert (failure["voice_failure_callback"]["failure_code"], server.unconfirmed) == (8, 2)
