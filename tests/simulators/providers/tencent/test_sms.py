"""The simulated Tencent SMS service refuses what the real one refuses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from simulators.providers.faults import Fault, FaultKind
from simulators.providers.local_server import LoopbackServer, loopback_client
from simulators.providers.tencent.sms import TencentSmsServer
from tests.support.tencent_calls import SignedCall

NOW = 1_767_323_045_000
PHONE = "+8613800138000"


@pytest.fixture
async def server() -> AsyncIterator[TencentSmsServer]:
    sms = TencentSmsServer(
        keys={"AKID": "secret"},
        app_id="1400",
        templates={"1": "{1}，{2}。"},
        clock=lambda: NOW,
        signs=["滨河"],
    )
    async with sms:
        yield sms


async def call(
    server: TencentSmsServer,
    action: str,
    body: dict[str, Any],
    secret: str = "secret",
    key: str = "AKID",
    late_s: int = 0,
) -> dict[str, Any]:
    signed = SignedCall("sms", "2021-01-11", action, NOW // 1000 - late_s, key, secret)
    return await signed.post(server.url, body)


def message(**changes: Any) -> dict[str, Any]:
    body = {
        "PhoneNumberSet": [PHONE],
        "SmsSdkAppId": "1400",
        "SignName": "滨河",
        "TemplateId": "1",
        "TemplateParamSet": ["3栋", "31"],
        "SessionContext": "d-01",
    }
    return {**body, **changes}


async def test_a_signed_call_sends_one_text_with_its_variables_in_order(server: TencentSmsServer) -> None:
    answer = await call(server, "SendSms", message())
    await server.wait_until_idle()
    assert answer["SendStatusSet"][0]["Code"] == "Ok"
    assert [text.text for text in server.phones.texts_of("13800138000")] == ["【滨河】3栋，31。"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"secret": "wrong"}, "AuthFailure.SignatureFailure"),
        ({"key": "other"}, "AuthFailure.SecretIdNotFound"),
        ({"late_s": 600}, "AuthFailure.SignatureExpire"),
    ],
)
async def test_a_call_that_is_not_signed_by_the_account_now_is_refused(
    server: TencentSmsServer, changes: dict[str, Any], code: str
) -> None:
    assert (await call(server, "SendSms", message(), **changes))["Error"]["Code"] == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"TemplateId": "9"}, "FailedOperation.TemplateIncorrectOrUnapproved"),
        ({"TemplateParamSet": ["1"]}, "InvalidParameterValue.TemplateParameterFormatError"),
        ({"PhoneNumberSet": ["138"]}, "InvalidParameterValue.IncorrectPhoneNumber"),
    ],
)
async def test_a_number_is_refused_by_itself(server: TencentSmsServer, changes: dict[str, Any], code: str) -> None:
    assert (await call(server, "SendSms", message(**changes)))["SendStatusSet"][0]["Code"] == code


async def test_two_texts_a_day_and_the_same_one_once_in_thirty_seconds(server: TencentSmsServer) -> None:
    assert (await call(server, "SendSms", message()))["SendStatusSet"][0]["Code"] == "Ok"
    repeated = (await call(server, "SendSms", message()))["SendStatusSet"][0]["Code"]
    assert repeated == "LimitExceeded.PhoneNumberThirtySecondLimit"
    assert (await call(server, "SendSms", message(TemplateParamSet=["4栋", "1"])))["SendStatusSet"][0]["Code"] == "Ok"
    third = (await call(server, "SendSms", message(TemplateParamSet=["5栋", "1"])))["SendStatusSet"][0]["Code"]
    assert third == "LimitExceeded.PhoneNumberDailyLimit"
    assert (await call(server, "SendSms", message(SignName="别人")))["Error"]["Code"].startswith("FailedOperation.Sign")
    assert (await call(server, "SendSms", message(SmsSdkAppId="1")))["Error"]["Code"].startswith(
        "UnauthorizedOperation"
    )


async def test_receipts_and_replies_are_pulled_once(server: TencentSmsServer) -> None:
    server.pulled = True
    server.faults.schedule(Fault(FaultKind.UNDELIVERED))
    await call(server, "SendSms", message())
    await server.wait_until_idle()
    await server.reply("13800138000", "31")
    pull = {"SmsSdkAppId": "1400", "Limit": 100}
    (receipt,) = (await call(server, "PullSmsSendStatus", pull))["PullSmsSendStatusSet"]
    assert (receipt["ReportStatus"], receipt["SessionContext"]) == ("FAIL", "d-01")
    assert (await call(server, "PullSmsSendStatus", pull))["PullSmsSendStatusSet"] == []
    assert (await call(server, "PullSmsReplyStatus", pull))["PullSmsReplyStatusSet"][0]["ReplyContent"] == "31"
    by_number = {"SmsSdkAppId": "1400", "PhoneNumber": PHONE, "BeginTime": NOW // 1000 - 60, "Offset": 0, "Limit": 10}
    found = (await call(server, "PullSmsSendStatusByPhoneNumber", by_number))["PullSmsSendStatusSet"]
    assert [item["SerialNo"] for item in found] == [receipt["SerialNo"]]
    assert (await call(server, "Nothing", pull))["Error"]["Code"] == "InvalidAction"


async def test_a_push_that_is_not_answered_with_result_0_is_repeated_twice(server: TencentSmsServer) -> None:
    pushed: list[Any] = []

    async def callback(request: Request) -> JSONResponse:
        pushed.append(await request.json())
        return JSONResponse({"result": 1})

    async with LoopbackServer(Starlette(routes=[Route("/", callback, methods=["POST"])])) as host:
        server.callback_url = host.url
        await call(server, "SendSms", message())
        await server.wait_until_idle()
    assert len(pushed) == 3
    assert pushed[0][0]["report_status"] == "SUCCESS"


async def test_an_unsigned_request_is_refused(server: TencentSmsServer) -> None:
    async with loopback_client() as client:
        answer = await client.post(server.url, json=message())
    assert answer.json()["Response"]["Error"]["Code"] == "AuthFailure.InvalidAuthorization"
