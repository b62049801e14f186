"""Voice calls of Aliyun: requests, codes, keys and ends of calls, forged pushes."""

from __future__ import annotations

import json

import httpx2
import pytest
from msgspec import structs

from alerts.channels.aliyun_voice import AliyunVoice, AliyunVoiceSettings
from alerts.channels.channel import DeliveryReport, KeyPress, LookupStatus, SendOutcome
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
    provider = aliyun(responding())
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
