"""Voice calls of Aliyun and Tencent: requests, codes, keys and ends of calls, forged pushes."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest
from msgspec import structs

from alerts.channels.aliyun_voice import AliyunVoice, AliyunVoiceSettings
from alerts.channels.channel import DeliveryReport, KeyPress, LookupStatus, SendOutcome
from alerts.channels.tencent_api import TencentAccount
from alerts.channels.tencent_voice import TencentVoice, TencentVoiceSettings
from tests.alerts.channels.test_channels import Handler, client, delivery_with, responding

NOW = 1_767_323_045_000
PAYLOAD = {"name": "voice-gas.critical", "params": {"title": "燃气泄漏", "place": "静安里六号楼"}, "text": "..."}
ROW = delivery_with(id="k3f9x2", channel="voice", payload=PAYLOAD)
MENU = AliyunVoiceSettings(
    "AKID",
    "secret",
    {"voice-gas": "TTS_1"},
    show_number="05710000",
    menu={"1": "TTS_2", "2": "TTS_3"},
    bye="TTS_4",
)


def aliyun(handler: Handler, settings: AliyunVoiceSettings = MENU) -> AliyunVoice:
    return AliyunVoice(client(handler), settings, lambda: "1")


def tencent(handler: Handler, **changes: Any) -> TencentVoice:
    account = TencentAccount("AKID", "secret", "https://vms.tencentcloudapi.com")
    settings = TencentVoiceSettings(account, "1400", {"voice-gas": "4500"})
    return TencentVoice(client(handler), structs.replace(settings, **changes))


async def test_a_call_with_keys_names_a_text_for_each_key() -> None:
    requests: list[httpx2.Request] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        return httpx2.Response(200, json={"Code": "OK", "CallId": "116^102"})

    result = await aliyun(handler).send(ROW, NOW)
    assert (result.outcome, result.provider_id) == (SendOutcome.ACCEPTED, "116^102")
    query, headers = dict(requests[0].url.params), requests[0].headers
    assert (headers["x-acs-action"], headers["x-acs-version"]) == ("IvrCall", "2017-05-25")
    assert query == {
        "CalledNumber": "13800138000",
        "CalledShowNumber": "05710000",
        "PlayTimes": "3",
        "OutId": "k3f9x2",
        "StartCode": "TTS_1",
        "StartTtsParams": '{"title":"燃气泄漏","place":"静安里六号楼"}',
        "Timeout": "5000",
        "MenuKeyMap.1.Key": "1",
        "MenuKeyMap.1.Code": "TTS_2",
        "MenuKeyMap.2.Key": "2",
        "MenuKeyMap.2.Code": "TTS_3",
        "ByeCode": "TTS_4",
    }
    await aliyun(handler, structs.replace(MENU, show_number="")).send(ROW, NOW)
    query = dict(requests[1].url.params)
    assert requests[1].headers["x-acs-action"] == "SingleCallByTts"
    assert (query["TtsCode"], "MenuKeyMap.1.Key" in query, "CalledShowNumber" in query) == ("TTS_1", False, False)
    long = structs.replace(ROW, payload={**PAYLOAD, "params": {"place": "长" * 260}})
    await aliyun(handler, structs.replace(MENU, bye="")).send(long, NOW)
    assert dict(requests[2].url.params)["StartTtsParams"] == "{}"


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ({"Code": "isv.BUSINESS_LIMIT_CONTROL"}, SendOutcome.RATE),
        ({"Code": "isv.OUT_OF_SERVICE"}, SendOutcome.CONFIG),
        ({"Code": "isv.TTS_TEMPLATE_ILLEGAL"}, SendOutcome.TEMPLATE),
        (httpx2.ReadTimeout(""), SendOutcome.UNKNOWN),
    ],
)
async def test_an_answer_of_aliyun_is_read_by_its_code(answer: object, outcome: SendOutcome) -> None:
    assert (await aliyun(responding(answer)).send(ROW, NOW)).outcome is outcome


async def test_nothing_is_called_without_a_template_or_one_number_and_calls_have_no_lookup() -> None:
    unfiled, several = structs.replace(ROW, payload={}), structs.replace(ROW, address="1,2")
    for provider in (aliyun(responding()), tencent(responding())):
        assert (await provider.send(unfiled, NOW)).outcome is SendOutcome.TEMPLATE
        assert (await provider.send(several, NOW)).outcome is SendOutcome.RECIPIENT
        assert (await provider.lookup(ROW, NOW)).status is LookupStatus.UNDETERMINED
    assert "secret" not in repr(MENU).replace("secret=***", "")


def test_a_key_and_the_end_of_a_call_are_read_from_aliyuns_pushes() -> None:
    items = [
        {"status_code": "300000", "dtmf": "1", "out_id": "k3f9x2", "call_id": "116^102"},
        {"status_code": "200000", "out_id": "k3f9x2", "call_id": "116^102", "end_time": "2026-01-02 14:07:20"},
        {"status_code": "200003", "call_id": "116^103", "end_time": "2026-01-02 14:07:20"},
        {"status_code": "200100", "call_id": "116^103"},
        {"status_code": "200000", "end_time": "x"},
    ]
    response = aliyun(responding()).receive({}, {}, json.dumps(items).encode(), NOW)
    assert response.body == '{"code":0,"msg":"接收成功"}'.encode()
    assert response.events == (
        KeyPress("1", NOW, delivery="k3f9x2", provider_id="116^102"),
        DeliveryReport(True, NOW, "k3f9x2", "116^102", "200000"),
        DeliveryReport(False, NOW, None, "116^103", "200003"),
    )
    assert aliyun(responding()).receive({}, {}, b"{", NOW).status == 400
    assert aliyun(responding()).receive({}, {}, b"x" * 300_000, NOW).status == 413


async def test_tencent_reads_a_fixed_text_and_its_pushes_name_the_call() -> None:
    requests: list[Any] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        requests.append(json.loads(request.content))
        return httpx2.Response(200, json={"Response": {"SendStatus": {"CallId": "12582bce"}}})

    result = await tencent(handler).send(ROW, NOW)
    assert (result.outcome, result.provider_id) == (SendOutcome.ACCEPTED, "12582bce")
    assert requests[0] == {
        "TemplateId": "4500",
        "CalledNumber": "+8613800138000",
        "VoiceSdkAppid": "1400",
        "TemplateParamSet": [],
        "PlayTimes": 3,
        "SessionContext": "k3f9x2",
    }
    pushes = [
        {"voicekey_callback": {"callid": "12582bce", "keypress": "1", "mobile": "13800138000", "nationcode": "86"}},
        {"voiceprompt_callback": {"callid": "12582bce", "result": "0", "mobile": "13800138000"}},
        {"voiceprompt_callback": {"callid": "12582bce", "result": "1"}},
        {"voice_failure_callback": {"callid": "12582bce", "failure_code": 8}},
        {"other_callback": {"callid": "1"}},
        {"voicekey_callback": {"keypress": "1"}},
    ]
    events = [
        event
        for push in pushes
        for event in tencent(responding()).receive({}, {}, json.dumps(push).encode(), NOW).events
    ]
    assert events == [
        KeyPress("1", NOW, "13800138000", provider_id="12582bce"),
        DeliveryReport(True, NOW, None, "12582bce", "result 0"),
        DeliveryReport(False, NOW, None, "12582bce", "result 1"),
        DeliveryReport(False, NOW, None, "12582bce", "8"),
    ]
    assert tencent(responding()).receive({}, {}, b"[]", NOW).status == 400
    assert tencent(responding()).receive({}, {}, b"x" * 70_000, NOW).status == 413


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ({"Response": {"Error": {"Code": "LimitExceeded.DeliveryFrequencyLimit"}}}, SendOutcome.RATE),
        ({"Response": {"Error": {"Code": "FailedOperation.TemplateIncorrectOrUnapproved"}}}, SendOutcome.TEMPLATE),
        ({"Response": {}}, SendOutcome.UNKNOWN),
        (httpx2.ConnectError(""), SendOutcome.TEMPORARY),
    ],
)
async def test_an_answer_of_tencent_is_read_by_its_code(answer: object, outcome: SendOutcome) -> None:
    assert (await tencent(responding(answer)).send(ROW, NOW)).outcome is outcome
