"""Tencent voice against the simulated service: signed calls, refusals, keys and ends of calls."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from msgspec import structs

from alerts.channels.channel import DeliveryReport, KeyPress, LookupStatus, SendOutcome
from alerts.channels.tencent_api import TencentAccount
from alerts.channels.tencent_voice import TencentVoice, TencentVoiceSettings
from simulators.providers.faults import Fault, FaultKind
from simulators.providers.local_server import loopback_client
from simulators.providers.tencent.voice import Behaviour, TencentVoiceServer
from tests.alerts.channels.test_channels import client, delivery_with, responding
from tests.support.callbacks import pushes_to

NOW = 1_767_323_045_000
PHONE = "13800138000"
SPEECH = "滨河街道安全预警，您负责的网格有燃气报警，地址已发短信，请立即查看。接警请按一，无法到场请按二。"
ROW = delivery_with(id="k3f9x2", channel="voice", payload={"name": "voice-gas.critical", "params": {"place": "六号楼"}})


CODES = (
    ("LimitExceeded.DeliveryFrequencyLimit", SendOutcome.RATE, ""),
    ("FailedOperation.TemplateIncorrectOrUnapproved", SendOutcome.TEMPLATE, ""),
    ("FailedOperation.InsufficientBalanceInVoicePackage", SendOutcome.CONFIG, "balance"),
    ("FailedOperation.PhonenumberUnappliedOrExpired", SendOutcome.CONFIG, ""),
    ("FailedOperation.InvalidParameters", SendOutcome.CONTENT, ""),
    ("InvalidParameterValue.SdkAppidNotExist", SendOutcome.CONFIG, ""),
    ("InvalidParameterValue.CalledNumberVerifyFail", SendOutcome.RECIPIENT, ""),
    ("InvalidParameterValue.ContentLengthLimit", SendOutcome.CONTENT, ""),
    ("UnauthorizedOperation.ServiceSuspendDueToArrears", SendOutcome.CONFIG, "balance"),
    ("InternalError.SigVerificationFail", SendOutcome.CONFIG, "access"),
    ("InternalError.AccessUpstreamTimeout", SendOutcome.UNKNOWN, ""),
)
"""Documented error codes, with what they mean for a call and what an operator must mend."""


@asynccontextmanager
async def calling(**options: Any) -> AsyncIterator[tuple[TencentVoiceServer, TencentVoice]]:
    server = TencentVoiceServer(
        keys={"AKID": "secret"}, app_id="1400", templates={"4500": SPEECH}, clock=lambda: NOW, **options
    )
    async with server, loopback_client() as http:
        account = TencentAccount("AKID", "secret", server.url)
        yield server, TencentVoice(http, TencentVoiceSettings(account, "1400", {"voice-gas": "4500"}))


async def test_a_fixed_speech_is_read_three_times_and_a_key_is_pushed_before_the_end_of_the_call() -> None:
    async with calling() as (server, channel), pushes_to(channel, NOW) as pushes:
        server.callback_url, server.default = pushes.url, Behaviour.KEY_1
        result = await channel.send(ROW, NOW)
        await server.wait_until_idle()
        (call,) = server.calls
        assert (result.outcome, result.provider_id) == (SendOutcome.ACCEPTED, call.call_id)
        assert (call.phone, call.text, call.play_times, call.context) == (PHONE, SPEECH, 3, "k3f9x2")
        assert pushes.events == [
            KeyPress("1", NOW, PHONE, provider_id=call.call_id),
            DeliveryReport(True, NOW, None, call.call_id, "result 0"),
        ]
        assert (pushes.statuses, server.unconfirmed) == ([200, 200], 0)


@pytest.mark.parametrize(
    ("behaviour", "codes"),
    [
        (Behaviour.NO_ANSWER, ["result 1", "3"]),
        (Behaviour.BUSY, ["result 1", "2"]),
        (Behaviour.WRONG_NUMBER, ["result 2", "8"]),
        (Behaviour.LOST, []),
    ],
)
async def test_a_call_without_an_answer_is_reported_as_not_delivered(behaviour: Behaviour, codes: list[str]) -> None:
    async with calling() as (server, channel), pushes_to(channel, NOW) as pushes:
        server.callback_url, server.behaviours = pushes.url, {PHONE: behaviour}
        assert (await channel.send(ROW, NOW)).outcome is SendOutcome.ACCEPTED
        await server.wait_until_idle()
        reports = [event for event in pushes.events if isinstance(event, DeliveryReport)]
        assert [(report.delivered, report.code) for report in reports] == [(False, code) for code in codes]


async def test_every_documented_code_has_a_meaning() -> None:
    async with calling() as (server, channel):
        for code, outcome, problem in CODES:
            server.faults.schedule(Fault(FaultKind.REJECT, code=code))
            result = await channel.send(ROW, NOW)
            assert (result.outcome, result.problem, result.code) == (outcome, problem, code)


async def test_the_account_the_application_and_the_limits_of_a_number_are_the_vendors() -> None:
    async with calling() as (server, channel):
        assert (await channel.send(structs.replace(ROW, address="12345678901"), NOW)).outcome is SendOutcome.RECIPIENT
        assert (await channel.send(ROW, NOW)).outcome is SendOutcome.ACCEPTED
        assert (await channel.send(ROW, NOW)).outcome is SendOutcome.RATE, "two calls within 30 seconds"
        server.app_id = "1401"
        other = structs.replace(ROW, address="13800138001")
        assert (await channel.send(other, NOW)).outcome is SendOutcome.CONFIG
        server.keys = {"AKID": "rotated"}
        refused = await channel.send(other, NOW)
        assert (refused.outcome, refused.problem) == (SendOutcome.CONFIG, "access")


async def test_a_lost_answer_is_in_doubt_and_a_refused_connection_is_not() -> None:
    async with calling() as (server, channel):
        server.faults.schedule(Fault(FaultKind.SILENT))
        server.faults.schedule(Fault(FaultKind.HTTP, status=502))
        assert (await channel.send(ROW, NOW)).outcome is SendOutcome.UNKNOWN
        assert len(server.calls) == 1, "the phone rings"
        assert (await channel.send(ROW, NOW)).outcome is SendOutcome.UNKNOWN
    assert (await channel.lookup(ROW, NOW)).status is LookupStatus.UNDETERMINED
    async with loopback_client() as http:
        closed = TencentAccount("AKID", "secret", server.url)
        gone = TencentVoice(http, TencentVoiceSettings(closed, "1400", {"voice-gas": "4500"}))
        assert (await gone.send(ROW, NOW)).outcome is SendOutcome.TEMPORARY


async def test_an_answer_without_a_call_is_in_doubt_and_forged_pushes_are_no_events() -> None:
    """Contents that the real service never sends: no simulator can."""
    account = TencentAccount("AKID", "secret", "https://vms.tencentcloudapi.com")
    settings = TencentVoiceSettings(account, "1400", {"voice-gas": "4500"})

    def channel(*answers: object) -> TencentVoice:
        transport: httpx2.AsyncClient = client(responding(*answers))
        return TencentVoice(transport, settings)

    assert (await channel({"Response": {}}).send(ROW, NOW)).outcome is SendOutcome.UNKNOWN
    assert (await channel().send(structs.replace(ROW, payload={}), NOW)).outcome is SendOutcome.TEMPLATE
    assert (await channel().send(structs.replace(ROW, address="1,2"), NOW)).outcome is SendOutcome.RECIPIENT
    for push in ({"other_callback": {"callid": "1"}}, {"voicekey_callback": {"keypress": "1"}}):
        assert channel().receive({}, {}, json.dumps(push).encode(), NOW).events == ()
    assert channel().receive({}, {}, b"[]", NOW).status == 400
    assert channel().receive({}, {}, b"x" * 70_000, NOW).status == 413
