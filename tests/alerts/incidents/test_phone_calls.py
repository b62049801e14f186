"""Phone calls: a key acknowledges, a pick-up does not; what is not heard goes to the next person."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from msgspec import structs
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from alerts.alert import State
from alerts.channels.aliyun_voice import AliyunVoice, AliyunVoiceSettings
from alerts.channels.channel import KeyPress
from alerts.escalation.policy import EscalationPolicy
from domain import MINUTE, Subject
from simulators.providers.aliyun.voice import AliyunVoiceServer, Behaviour
from simulators.providers.faults import Fault, FaultKind
from simulators.providers.local_server import LoopbackServer
from tests.alerts.conftest import SIGN, load_catalog, load_policy

WANG, DEPUTY = "19900000001", "19900000002"
CODES = {text.name: f"TTS_{number}" for number, text in enumerate(load_catalog().voice)}


def policy_of_calls() -> EscalationPolicy:
    """The ladder of critical dangers with calls only."""
    policy = load_policy()
    critical = policy.ladders[0]
    rungs = tuple(rung.model_copy(update={"channels": ("voice",)}) for rung in critical.rungs)
    calls = critical.model_copy(update={"rungs": rungs})
    return policy.model_copy(update={"ladders": (calls, *policy.ladders[1:])})


@pytest.fixture
async def calling(harness: Any) -> AsyncIterator[Any]:
    templates = {CODES[text.name]: text.text.replace("{sign}", SIGN) for text in load_catalog().voice}
    keys = {"TTS_K1": "已接警", "TTS_K2": "已记录"}
    server = AliyunVoiceServer(
        access_keys={"AKID": "secret"}, templates=templates | keys, clock=harness.clock, numbers=["05710000"]
    )

    async def callback(request: Request) -> Response:
        response = harness.channels["voice"].receive({}, {}, await request.body(), harness.clock())
        await harness.service.receive(response.events, "voice")
        return Response(response.body, response.status)

    harness.policy = policy_of_calls()
    numbers = iter(range(10_000))
    async with server, LoopbackServer(Starlette(routes=[Route("/", callback, methods=["POST"])])) as host:
        server.callback_url = host.url
        settings = AliyunVoiceSettings(
            "AKID", "secret", CODES, show_number="05710000", menu={"1": "TTS_K1", "2": "TTS_K2"}, base_url=server.url
        )
        harness.channels["voice"] = AliyunVoice(harness.client, settings, lambda: f"n{next(numbers)}")
        harness.stop()
        harness.start()
        harness.voice = server
        yield harness


async def send(harness: Any) -> None:
    """Make the calls that are due, and wait until they have ended and what follows is sent."""
    for _ in range(3):
        await harness.sender.send_due()
        await harness.voice.wait_until_idle()


async def test_a_key_acknowledges_and_the_codes_for_the_next_steps_follow(calling: Any, finding: Any) -> None:
    calling.voice.behaviours[WANG] = Behaviour.KEY_1
    await calling.service.process_findings([finding()])
    await send(calling)
    (call,) = calling.voice.calls
    assert call.text.startswith("枫树社区安全预警，燃气泄漏，地点枫林苑三栋二单元四零二")
    assert (calling.alert().state, calling.alert().owner) == (State.ACKNOWLEDGED, "wang")
    assert "王芳接警（电话按键）" in calling.timeline()
    assert "电话已送达 王芳（网格员）" in calling.timeline()


async def test_a_pick_up_alone_acknowledges_nothing(calling: Any, finding: Any) -> None:
    await calling.service.process_findings([finding()])
    await send(calling)
    assert calling.deliveries()[0].state.value == "delivered", calling.deliveries()[0]
    assert (calling.alert().state, calling.alert().owner) == (State.OPEN, None)
    await calling.advance_time(61)
    await send(calling)
    assert calling.alert().rung == 1, "the time to answer is over: the next rung is called"


async def test_key_2_calls_the_next_person_at_once_and_key_3_changes_nothing(calling: Any, finding: Any) -> None:
    calling.voice.behaviours[WANG] = Behaviour.KEY_3
    await calling.service.process_findings([finding()])
    await send(calling)
    assert [call.phone for call in calling.voice.calls] == [WANG]
    await calling.voice.press(calling.voice.calls[0], "2")
    await send(calling)
    assert [call.phone for call in calling.voice.calls] == [WANG, DEPUTY]
    assert "王芳无法到场（电话按键）" in calling.timeline()


@pytest.mark.parametrize("behaviour", [Behaviour.NO_ANSWER, Behaviour.BUSY, Behaviour.WRONG_NUMBER])
async def test_a_call_that_is_not_answered_goes_to_the_next_person_at_once(
    calling: Any, finding: Any, behaviour: Behaviour
) -> None:
    calling.voice.behaviours[WANG] = behaviour
    await calling.service.process_findings([finding()])
    await send(calling)
    assert [call.phone for call in calling.voice.calls] == [WANG, DEPUTY]
    assert "电话发给 王芳（网格员）失败：运营商未送达" in calling.timeline()


async def test_a_call_whose_end_is_not_reported_within_a_minute_goes_to_the_next_person(
    calling: Any, finding: Any
) -> None:
    calling.voice.behaviours[WANG] = Behaviour.LOST
    await calling.service.process_findings([finding()])
    await send(calling)
    calling.clock.now += MINUTE - 1
    await send(calling)
    assert len(calling.voice.calls) == 1
    calling.clock.now += 1
    await send(calling)
    assert [call.phone for call in calling.voice.calls] == [WANG, DEPUTY]
    assert "电话发给 王芳（网格员）失败：一分钟内没有接通结果" in calling.timeline()
    await calling.voice.press(calling.voice.calls[0], "1")
    assert calling.alert().owner == "wang", "a late key still acknowledges"


async def test_a_second_call_within_ninety_seconds_is_refused_by_our_own_limit(calling: Any, finding: Any) -> None:
    await calling.service.process_findings([finding()])
    await send(calling)
    again = finding(id="gas-alarm@1/gas-2/1", device="gas-2", place=None, subject=Subject("device", "gas-2"))
    await calling.service.process_findings([again])
    await send(calling)
    refused = [row for row in calling.deliveries(2) if row.address == WANG]
    assert [(row.state.value, row.outcome) for row in refused] in ([], [("failed", "rate")])
    assert sum(call.phone == WANG for call in calling.voice.calls) == 1


async def test_a_call_in_doubt_is_not_repeated(calling: Any, finding: Any) -> None:
    calling.voice.behaviours[WANG] = Behaviour.LOST
    calling.voice.faults.schedule(Fault(FaultKind.SILENT))
    await calling.service.process_findings([finding()])
    await send(calling)
    for _ in range(8):
        calling.clock.now += 6_000
        await send(calling)
    assert sum(call.phone == WANG for call in calling.voice.calls) == 1
    assert DEPUTY in [call.phone for call in calling.voice.calls]


async def test_forged_keys_change_nothing(calling: Any, finding: Any) -> None:
    await calling.service.process_findings([finding()])
    await send(calling)
    (call,) = calling.voice.calls
    forged = [
        KeyPress("1", 0, provider_id="116^999"),
        KeyPress("1", 0, delivery="x"),
        KeyPress("1", 0, phone="19900000009", provider_id=call.call_id),
        KeyPress("9", 0, provider_id=call.call_id),
    ]
    await calling.service.receive(forged, "voice")
    await calling.service.receive([KeyPress("1", 0, delivery=call.out_id)], "sms")
    assert calling.alert().owner is None
    body = json.dumps([{"dtmf": "1", "status_code": "300000"}]).encode()
    assert calling.channels["voice"].receive({}, {}, body, 0).events == ()


async def test_a_key_after_another_person_has_acknowledged_is_refused_with_the_reason(
    calling: Any, finding: Any, actor: Any
) -> None:
    await calling.service.process_findings([finding()])
    await send(calling)
    await calling.service.perform("1", "acknowledge", actor("li"))
    result = await calling.service.receive_key(KeyPress("1", 0, delivery=calling.voice.calls[0].out_id), "voice")
    assert (result.done, result.message) == (False, "已由李强14:05接警。")


async def test_a_danger_is_called_through_an_open_breaker_and_texted_in_parallel(calling: Any, finding: Any) -> None:
    """The account of the calls was refused; the second leak is called all the same, and texted at once."""
    ladder = calling.policy.ladders[0]
    rungs = tuple(rung.model_copy(update={"fallback": ("sms",)}) for rung in ladder.rungs)
    calling.policy = calling.policy.model_copy(
        update={"ladders": (ladder.model_copy(update={"rungs": rungs}), *calling.policy.ladders[1:])}
    )
    calling.stop()
    calling.start()
    calling.voice.faults.schedule(Fault(FaultKind.REJECT, code="isv.OUT_OF_SERVICE"))
    await calling.service.process_findings([finding()])
    await send(calling)
    assert calling.voice.calls == []
    calling.clock.now += 2_000
    second = finding(id="gas-alarm@1/gas-9/1", device="gas-9", place="403", subject=Subject("device", "gas-9"))
    calling.voice.default = Behaviour.LOST
    await calling.service.process_findings([second])
    await send(calling)
    assert [call.phone for call in calling.voice.calls] == [WANG]
    rows = [row for row in calling.deliveries(3) if row.person == "wang"]
    assert {row.channel for row in rows} == {"voice", "sms"}
    assert len(calling.texts("wang")) == 2, "one for each leak"


async def test_a_danger_that_joins_is_called_as_one_and_its_key_acknowledges(calling: Any, finding: Any) -> None:
    await calling.service.process_findings([finding()])
    await send(calling)
    calling.clock.now += 2 * MINUTE
    calling.voice.behaviours[WANG] = Behaviour.KEY_1
    second = finding(id="gas-level@1/gas-1/2", rule="gas-level", title="燃气浓度危险", begin=calling.clock.now)
    await calling.service.process_findings([structs.replace(second, at=calling.clock.now, now=calling.clock.now)])
    await send(calling)
    texts = [call.text for call in calling.voice.calls if call.phone == WANG]
    assert texts[-1].startswith("枫树社区安全预警，又报燃气浓度危险，地点枫林苑三栋二单元四零二，勿开关电器")
    assert (calling.alert().state, calling.alert().owner) == (State.ACKNOWLEDGED, "wang")
