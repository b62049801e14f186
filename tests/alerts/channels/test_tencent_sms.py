"""Tencent SMS: signature vectors, codes of the call and of the number, receipts and replies pushed and pulled."""

from __future__ import annotations

import doctest
import json
from typing import Any

import httpx2
import pytest
from msgspec import structs

from alerts.channels import payloads, tencent_api
from alerts.channels.channel import DeliveryReport, InboundText, LookupResult, LookupStatus, SendOutcome
from alerts.channels.tencent_api import TencentAccount
from alerts.channels.tencent_signature import Call, authorization, signature
from alerts.channels.tencent_sms import TencentSms, TencentSmsSettings
from tests.alerts.channels.test_channels import Handler, client, delivery_with, responding

NOW = 1_767_323_045_000
ACCOUNT = TencentAccount("AKID", "testSecret", "https://sms.tencentcloudapi.com")
PAYLOAD = {"name": "gas.critical", "params": {"place": "静安里6号楼2单元302", "ok": "31"}, "text": "【滨河街道】..."}
ROW = delivery_with(payload=PAYLOAD)


def tencent(handler: Handler, **changes: Any) -> TencentSms:
    settings = TencentSmsSettings(ACCOUNT, "1400000000", "滨河街道", {"gas": "1110"})
    return TencentSms(client(handler), structs.replace(settings, **changes))


def test_the_examples_hold() -> None:
    assert doctest.testmod(tencent_api).failed == doctest.testmod(payloads).failed == 0
    assert "testSecret" not in repr(ACCOUNT)


def test_the_tc3_vector_of_the_provider() -> None:
    payload = b'{"Limit": 1, "Filters": [{"Values": ["\\u672a\\u547d\\u540d"], "Name": "instance-name"}]}'
    headers = {"content-type": "application/json; charset=utf-8", "host": "cvm.tencentcloudapi.com"}
    call = Call("cvm", payload, 1_551_113_065, headers)
    expected = "72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168"
    assert signature("Gu5t9xGARNpq86cd98joQYCN3EXAMPLE", call) == expected


async def test_our_tc3_vector_of_an_sms_and_the_request_that_carries_it() -> None:
    """The vector is over the body with its keys in this order, without spaces."""
    requests: list[httpx2.Request] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        status = {"SerialNo": "5000:1", "Code": "Ok", "SessionContext": "d-01"}
        return httpx2.Response(200, json={"Response": {"SendStatusSet": [status]}})

    result = await tencent(handler).send(ROW, NOW)
    assert (result.outcome, result.provider_id) == (SendOutcome.ACCEPTED, "5000:1")
    (request,) = requests
    assert json.loads(request.content) == {
        "PhoneNumberSet": ["+8613800138000"],
        "SmsSdkAppId": "1400000000",
        "SignName": "滨河街道",
        "TemplateId": "1110",
        "TemplateParamSet": ["静安里6号楼2单元302", "31"],
        "SessionContext": "d-01",
    }
    signed = {
        "content-type": "application/json; charset=utf-8",
        "host": "sms.tencentcloudapi.com",
        "x-tc-action": "SendSms",
    }
    call = Call("sms", request.content, 1_767_323_045, signed)
    assert request.headers["Authorization"] == authorization("AKID", "testSecret", call)
    assert (request.headers["X-TC-Action"], request.headers["X-TC-Timestamp"]) == ("SendSms", "1767323045")
    assert signature("testSecret", call) == "01365c3f0f3d624ff2c281caf4836be240e41df5acb01192159c1d64efcfc965"


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ({"Error": {"Code": "AuthFailure.SignatureFailure"}}, SendOutcome.CONFIG),
        ({"Error": {"Code": "RequestLimitExceeded"}}, SendOutcome.TEMPORARY),
        ({"Error": {"Code": "InternalError.Timeout"}}, SendOutcome.UNKNOWN),
        ({"SendStatusSet": [{"Code": "LimitExceeded.PhoneNumberDailyLimit"}]}, SendOutcome.RATE),
        ({"SendStatusSet": [{"Code": "FailedOperation.SignatureIncorrectOrUnapproved"}]}, SendOutcome.CONFIG),
        ({"SendStatusSet": [{"Code": "FailedOperation.InsufficientBalanceInSmsPackage"}]}, SendOutcome.CONFIG),
        ({"SendStatusSet": [{"Code": "FailedOperation.TemplateIncorrectOrUnapproved"}]}, SendOutcome.TEMPLATE),
        ({"SendStatusSet": [{"Code": "FailedOperation.ContainSensitiveWord"}]}, SendOutcome.CONTENT),
        ({"SendStatusSet": [{"Code": "FailedOperation.PhoneNumberInBlacklist"}]}, SendOutcome.RECIPIENT),
        ({"SendStatusSet": [{"Code": "InvalidParameterValue.IncorrectPhoneNumber"}]}, SendOutcome.RECIPIENT),
        ({"SendStatusSet": [{"Code": "Something.New"}]}, SendOutcome.UNKNOWN),
        ({"SendStatusSet": []}, SendOutcome.UNKNOWN),
    ],
)
async def test_an_http_200_is_success_only_with_code_ok_of_the_number(body: object, outcome: SendOutcome) -> None:
    result = await tencent(responding({"Response": body})).send(ROW, NOW)
    assert (result.outcome, result.provider_id) == (outcome, None)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (httpx2.ConnectError("no route"), SendOutcome.TEMPORARY),
        (httpx2.ReadTimeout("slow"), SendOutcome.UNKNOWN),
        (b"<html>bad gateway</html>", SendOutcome.UNKNOWN),
        ({"no": {}}, SendOutcome.UNKNOWN),
    ],
)
async def test_a_lost_answer_is_in_doubt(answer: object, outcome: SendOutcome) -> None:
    assert (await tencent(responding(answer)).send(ROW, NOW)).outcome is outcome


async def test_without_an_id_of_the_template_or_with_two_numbers_nothing_is_sent() -> None:
    unfiled = structs.replace(ROW, payload={**PAYLOAD, "name": "fire.high"})
    assert (await tencent(responding()).send(unfiled, NOW)).outcome is SendOutcome.TEMPLATE
    assert (await tencent(responding()).send(structs.replace(ROW, address="1,2"), NOW)).outcome is SendOutcome.RECIPIENT
    fixed = structs.replace(ROW, payload={**PAYLOAD, "fixed": "固定文字"})
    requests: list[Any] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        requests.append(json.loads(request.content))
        return httpx2.Response(200, json={"Response": {"SendStatusSet": [{"Code": "Ok", "SerialNo": "1"}]}})

    await tencent(handler, fallback_template="99").send(fixed, NOW)
    assert (requests[0]["TemplateId"], requests[0]["TemplateParamSet"]) == ("99", [])


async def test_a_lookup_finds_finished_messages_and_absence_proves_nothing() -> None:
    items = [
        {"SessionContext": "other", "SerialNo": "5000:9", "ReportStatus": "SUCCESS"},
        {"SessionContext": "d-01", "SerialNo": "5000:1", "ReportStatus": "FAIL", "Description": "UNDELIV"},
    ]
    channel = tencent(
        responding({"Response": {"PullSmsSendStatusSet": items}}, {"Response": {}}, httpx2.ReadTimeout(""))
    )
    assert await channel.lookup(ROW, NOW) == LookupResult(LookupStatus.FAILED, "5000:1", "UNDELIV")
    assert (await channel.lookup(ROW, NOW)).status is LookupStatus.UNDETERMINED
    assert (await channel.lookup(ROW, NOW)).status is LookupStatus.UNDETERMINED
    by_serial = tencent(responding({"Response": {"PullSmsSendStatusSet": [items[0]]}}))
    known = structs.replace(ROW, provider_id="5000:9")
    assert (await by_serial.lookup(known, NOW)).status is LookupStatus.DELIVERED


def test_receipts_and_replies_are_read_and_anything_else_is_ignored() -> None:
    receipt = {"mobile": "13800138000", "report_status": "SUCCESS", "errmsg": "DELIVRD", "sid": "5000:1", "ext": "d-01"}
    failed = {**receipt, "report_status": "FAIL", "ext": ""}
    body = json.dumps([receipt, failed, {"sid": "1"}, {"report_status": "SUCCESS"}]).encode()
    response = tencent(responding()).receive({}, {}, body, NOW)
    assert (response.status, response.body) == (200, b'{"result":0,"errmsg":"OK"}')
    assert response.events == (
        DeliveryReport(True, NOW, "d-01", "5000:1", "DELIVRD"),
        DeliveryReport(False, NOW, None, "5000:1", "DELIVRD"),
    )
    reply = {"extend": "", "mobile": "13800138000", "nationcode": "86", "sign": "", "text": "31", "time": 1767323170}
    (event,) = tencent(responding()).receive({}, {}, json.dumps(reply).encode(), NOW).events
    assert event == InboundText("13800138000", "31", NOW, "1767323170:31")
    assert tencent(responding()).receive({}, {}, b"x", NOW).status == 400
    assert tencent(responding()).receive({}, {}, b"x" * 300_000, NOW).status == 413


async def test_replies_and_receipts_are_fetched_where_nothing_can_call_us() -> None:
    reply = {"SubscriberNumber": "13800138000", "ReplyContent": "31", "ReplyTime": 1}
    receipt = {"SubscriberNumber": "13800138000", "SerialNo": "5000:1", "ReportStatus": "SUCCESS", "SessionContext": ""}
    channel = tencent(
        responding({"Response": {"PullSmsReplyStatusSet": [reply]}}, {"Response": {"PullSmsSendStatusSet": [receipt]}})
    )
    events = await channel.poll(NOW)
    assert [type(event) for event in events] == [InboundText, DeliveryReport]
    assert await tencent(responding(httpx2.ConnectError(""), httpx2.ConnectError(""))).poll(NOW) == []
