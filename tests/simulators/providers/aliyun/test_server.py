"""The simulated Aliyun SMS service."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from simulators.providers.aliyun.messages import Rejected
from simulators.providers.aliyun.server import AliyunSmsServer
from simulators.providers.faults import Fault, FaultKind
from simulators.providers.local_server import LoopbackServer, loopback_client
from tests.support.timeouts import LONG_TIMEOUT_S

NOW = 1_767_323_045_000  # 2026-01-02 11:04:05 in Beijing


KEYS = {"AKID": "testSecret"}


TEMPLATES = {
    "SMS_1": "紧急：烟感报警，${time}，${place}。请${limit}分钟内到场核实。回复${ok}接警，${no}无法到场。",
    "SMS_2": "已解除：${place}。",
}


VALUES = {"time": "14:05", "place": "静安里6号楼2单元302", "limit": "5", "ok": "31", "no": "32"}


class Caller:
    """A client of the vendor, signing by hand as its manual says."""

    def __init__(self, url: str) -> None:
        self.url, self.nonce = url, 0
        self.client = loopback_client()

    async def call(self, action: str, secret: str = "testSecret", key: str = "AKID", **params: str) -> httpx2.Response:
        self.nonce += 1
        return await self.client.post(**self.signed(action, secret, key, f"{self.nonce:032d}", params))

    def signed(self, action: str, secret: str, key: str, nonce: str, params: dict[str, str]) -> dict[str, Any]:
        def pct(text: str) -> str:
            return quote(text, safe="-_.~")

        empty = hashlib.sha256(b"").hexdigest()
        headers = {
            "host": self.url.removeprefix("http://"),
            "x-acs-action": action,
            "x-acs-content-sha256": empty,
            "x-acs-date": "2026-01-02T03:04:05Z",
            "x-acs-signature-nonce": nonce,
            "x-acs-version": "2017-05-25",
        }
        query = "&".join(f"{pct(name)}={pct(value)}" for name, value in sorted(params.items()))
        lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        names = ";".join(sorted(headers))
        canon = f"POST\n/\n{query}\n{lines}\n{names}\n{empty}"
        digest = hashlib.sha256(canon.encode()).hexdigest()
        sign = hmac.new(secret.encode(), f"ACS3-HMAC-SHA256\n{digest}".encode(), hashlib.sha256).hexdigest()
        headers["authorization"] = f"ACS3-HMAC-SHA256 Credential={key},SignedHeaders={names},Signature={sign}"
        return {"url": f"{self.url}/?{query}", "headers": headers}

    async def send(self, phone: str = "13800138000", **changed: str) -> httpx2.Response:
        params = {
            "PhoneNumbers": phone,
            "SignName": "枫树社区",
            "TemplateCode": "SMS_1",
            "TemplateParam": json.dumps(VALUES, ensure_ascii=False),
            "OutId": "d-01",
        }
        return await self.call("SendSms", **(params | changed))


class Listener:
    """Where the vendor pushes to. It refuses the first `refuse` pushes."""

    def __init__(self) -> None:
        self.pushed: list[dict[str, Any]] = []
        self.refuse = 0

    async def receive(self, request: Request) -> JSONResponse:
        if self.refuse:
            self.refuse -= 1
            return JSONResponse({"code": 1}, status_code=500)
        self.pushed += await request.json()
        return JSONResponse({"code": 0, "msg": "接收成功"})


@pytest.fixture
async def listener() -> AsyncIterator[tuple[Listener, str]]:
    heard = Listener()
    async with LoopbackServer(Starlette(routes=[Route("/cb", heard.receive, methods=["POST"])])) as host:
        yield heard, f"{host.url}/cb"


@pytest.fixture
async def vendor() -> AsyncIterator[AliyunSmsServer]:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    server = AliyunSmsServer(access_keys=KEYS, templates=TEMPLATES, clock=lambda: NOW, signs={"枫树社区"}, sleep=sleep)
    async with server:
        yield server


@pytest.fixture
async def caller(vendor: AliyunSmsServer) -> AsyncIterator[Caller]:
    made = Caller(vendor.url)
    yield made
    await made.client.aclose()


async def test_a_text_reaches_the_phone_and_its_receipt_the_caller(
    vendor: AliyunSmsServer, caller: Caller, listener: tuple[Listener, str]
) -> None:
    heard, vendor.callback_url = listener
    answer = (await caller.send()).json()
    assert answer["Code"] == "OK"
    text = await vendor.phones.expect("13800138000", "烟感报警", "302")
    assert text.text.startswith("【枫树社区】紧急：烟感报警，14:05，静安里6号楼2单元302。")
    await vendor.wait_until_idle()
    (report,) = heard.pushed
    assert report == {
        "phone_number": "13800138000",
        "send_time": "2026-01-02 11:04:05",
        "report_time": "2026-01-02 11:04:05",
        "success": True,
        "err_code": "DELIVERED",
        "err_msg": "用户接收成功",
        "sms_size": "1",
        "biz_id": answer["BizId"],
        "out_id": "d-01",
    }


async def test_a_reply_is_pushed_without_a_reference_to_a_message(
    vendor: AliyunSmsServer, listener: tuple[Listener, str]
) -> None:
    heard, url = listener
    vendor.uplink_url = url
    async with loopback_client() as client:
        await client.post(f"{vendor.url}/demo/phones/13800138000/reply", json={"text": "31"})
    assert [(item["phone_number"], item["content"]) for item in heard.pushed] == [("13800138000", "31")]
    assert "biz_id" not in heard.pushed[0]


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"secret": "wrong"}, 400, "SignatureDoesNotMatch"),
        ({"key": "nobody"}, 404, "InvalidAccessKeyId.NotFound"),
        ({"SignName": "别家"}, 200, "isv.SMS_SIGNATURE_ILLEGAL"),
        ({"TemplateCode": "SMS_9"}, 200, "isv.SMS_TEMPLATE_ILLEGAL"),
        ({"phone": "12345"}, 200, "isv.MOBILE_NUMBER_ILLEGAL"),
        ({"TemplateParam": "[]"}, 200, "isv.INVALID_JSON_PARAM"),
        ({"TemplateParam": "{"}, 200, "isv.INVALID_JSON_PARAM"),
        ({"TemplateParam": "{}"}, 200, "isv.TEMPLATE_MISSING_PARAMETERS"),
        ({"TemplateParam": json.dumps(VALUES | {"place": "长" * 36})}, 200, "isv.PARAM_LENGTH_LIMIT"),
        ({"TemplateParam": json.dumps(VALUES | {"place": "见 http://a.b"})}, 200, "isv.PARAM_NOT_SUPPORT_URL"),
        ({"TemplateParam": json.dumps(VALUES | {"place": "找13800138000"})}, 200, "isv.SMS_CONTENT_ILLEGAL"),
        ({"OutId": "x" * 256}, 200, "isv.PARAM_LENGTH_LIMIT"),
        ({"SignName": ""}, 400, "MissingSignName"),
    ],
)
async def test_a_faulty_call_is_refused_with_the_code_of_the_provider(
    vendor: AliyunSmsServer, caller: Caller, changed: dict[str, str], status: int, code: str
) -> None:
    answer = await caller.send(**changed)
    assert (answer.status_code, answer.json()["Code"]) == (status, code)
    assert not vendor.messages.sent


async def test_unsigned_stale_and_repeated_calls_are_refused(vendor: AliyunSmsServer, caller: Caller) -> None:
    bare = await caller.client.post(vendor.url, headers={"x-acs-action": "SendSms"})
    assert bare.json()["Code"] == "IncompleteSignature"
    once = caller.signed("SendSms", "testSecret", "AKID", "same", {})
    await caller.client.post(**once)
    assert (await caller.client.post(**once)).json()["Code"] == "SignatureNonceUsed"
    vendor.clock = lambda: NOW + 16 * 60_000
    assert (await caller.send()).json()["Code"] == "InvalidTimeStamp.Expired"


@pytest.mark.parametrize(
    ("header", "value", "code"),
    [
        ("x-acs-date", "yesterday", "InvalidTimeStamp.Format"),
        ("x-acs-content-sha256", "0" * 64, "InvalidContentSha256"),
        ("x-acs-version", "2014-05-26", "SignatureDoesNotMatch"),
        (
            "authorization",
            "ACS3-HMAC-SHA256 Credential=AKID,SignedHeaders=host,Signature=" + "0" * 64,
            "IncompleteSignature",
        ),
    ],
)
async def test_a_touched_header_is_refused(caller: Caller, header: str, value: str, code: str) -> None:
    call = caller.signed("SendSms", "testSecret", "AKID", "once", {})
    call["headers"][header] = value
    assert (await caller.client.post(**call)).json()["Code"] == code


async def test_a_nonce_may_come_again_after_a_quarter_of_an_hour(vendor: AliyunSmsServer, caller: Caller) -> None:
    once = caller.signed("SendSms", "testSecret", "AKID", "same", {})
    vendor.clock = lambda: NOW - 14 * 60_000
    await caller.client.post(**once)
    vendor.clock = lambda: NOW + 2 * 60_000
    assert (await caller.client.post(**once)).json()["Code"] == "MissingPhoneNumbers"


@pytest.mark.parametrize(
    "changed",
    [{"PhoneNumber": ""}, {"SendDate": "2026-01-02"}, {"SendDate": "20251101"}, {"PageSize": "51"}, {"PageSize": "x"}],
)
async def test_a_faulty_query_is_refused(caller: Caller, changed: dict[str, str]) -> None:
    query = {"PhoneNumber": "13800138000", "SendDate": "20260102", "PageSize": "10", "CurrentPage": "1"}
    assert (await caller.call("QuerySendDetails", **(query | changed))).json()["Code"] == "isv.INVALID_PARAMETERS"


async def test_more_than_a_thousand_numbers_in_a_call_are_too_many(caller: Caller) -> None:
    numbers = ",".join(["13800138000"] * 1001)
    assert (await caller.send(numbers)).json()["Code"] == "isv.MOBILE_COUNT_OVER_LIMIT"


async def test_the_count_of_a_number_is_forgotten_after_a_day(vendor: AliyunSmsServer) -> None:
    vendor.messages.per_number_per_day = 1
    vendor.messages.submit(["13800138000"], "枫树社区", "SMS_1", "x", "", None, NOW)
    vendor.messages.submit(["13800138000"], "枫树社区", "SMS_1", "x", "", None, NOW + 86_400_000)
    with pytest.raises(Rejected):
        vendor.messages.submit(["13800138000"], "枫树社区", "SMS_1", "x", "", None, NOW + 86_400_001)


async def test_a_text_takes_the_time_it_was_given_to_arrive_and_waits_meanwhile(
    vendor: AliyunSmsServer, caller: Caller
) -> None:
    arrive = asyncio.Event()
    vendor.delivery_s, vendor._sleep = 3.0, lambda _: arrive.wait()  # type: ignore[assignment, return-value]
    await caller.send()
    query = {"PhoneNumber": "13800138000", "SendDate": "20260102", "PageSize": "10", "CurrentPage": "1"}
    waiting = (await caller.call("QuerySendDetails", **query)).json()["SmsSendDetailDTOs"]["SmsSendDetailDTO"][0]
    assert (waiting["SendStatus"], "ErrCode" in waiting) == (1, False)
    arrive.set()
    await vendor.phones.expect("13800138000", "烟感")


async def test_an_unknown_action_is_refused(caller: Caller) -> None:
    answer = await caller.call("DeleteEverything")
    assert (answer.status_code, answer.json()["Code"]) == (404, "InvalidAction.NotFound")


async def test_the_fifty_first_text_of_a_day_is_refused_and_other_templates_have_their_own_count(
    vendor: AliyunSmsServer, caller: Caller
) -> None:
    vendor.messages.per_number_per_day = 2
    codes = [(await caller.send()).json()["Code"] for _ in range(3)]
    assert codes == ["OK", "OK", "isv.BUSINESS_LIMIT_CONTROL"]
    assert (await caller.send(TemplateCode="SMS_2")).json()["Code"] == "OK"


async def test_a_scheduled_rejection_happens_once(vendor: AliyunSmsServer, caller: Caller) -> None:
    vendor.faults.schedule(Fault(FaultKind.REJECT, "isv.OUT_OF_SERVICE"))
    assert [(await caller.send()).json()["Code"] for _ in range(2)] == ["isv.OUT_OF_SERVICE", "OK"]


async def test_an_unanswered_call_may_have_sent_the_message(vendor: AliyunSmsServer, caller: Caller) -> None:
    vendor.faults.schedule(Fault(FaultKind.SILENT))
    with pytest.raises(httpx2.ReadTimeout):
        await caller.send()
    await vendor.phones.expect("13800138000", "烟感")
    query = {"PhoneNumber": "13800138000", "SendDate": "20260102", "PageSize": "10", "CurrentPage": "1"}
    answer = (await caller.call("QuerySendDetails", **query)).json()
    (detail,) = answer["SmsSendDetailDTOs"]["SmsSendDetailDTO"]
    assert (answer["TotalCount"], detail["SendStatus"], detail["OutId"]) == (1, 3, "d-01")
    assert detail["Content"].startswith("【枫树社区】")


async def test_a_server_error_may_or_may_not_have_sent_it(vendor: AliyunSmsServer, caller: Caller) -> None:
    vendor.faults.schedule(Fault(FaultKind.HTTP, status=502))
    vendor.faults.schedule(Fault(FaultKind.HTTP, status=500, accepted=True))
    assert [(await caller.send()).status_code for _ in range(2)] == [502, 500]
    assert len(vendor.messages.sent) == 1


async def test_a_carrier_failure_is_reported_by_the_delivery_report_only(
    vendor: AliyunSmsServer, caller: Caller, listener: tuple[Listener, str]
) -> None:
    heard, vendor.callback_url = listener
    vendor.faults.schedule(Fault(FaultKind.UNDELIVERED, "MK:0001"))
    assert (await caller.send()).json()["Code"] == "OK"
    await vendor.wait_until_idle()
    assert (heard.pushed[0]["success"], heard.pushed[0]["err_code"]) == (False, "MK:0001")
    assert not vendor.phones.texts


async def test_receipts_can_be_late_doubled_and_earlier_than_the_answer(
    vendor: AliyunSmsServer, caller: Caller, listener: tuple[Listener, str]
) -> None:
    heard, vendor.callback_url = listener
    vendor.hold_reports = True
    await caller.send()
    await vendor.wait_until_idle()
    assert heard.pushed == []
    vendor.report_times = 2
    await vendor.release_reports()
    assert len(heard.pushed) == 2
    vendor.hold_reports, vendor.report_first = False, True
    await caller.send(OutId="d-02")
    assert heard.pushed[-1]["out_id"] == "d-02"


async def test_a_report_whose_push_failed_is_pushed_again(
    vendor: AliyunSmsServer, caller: Caller, listener: tuple[Listener, str]
) -> None:
    heard, vendor.callback_url = listener
    heard.refuse = 2
    await caller.send()
    async with asyncio.timeout(LONG_TIMEOUT_S):
        while not heard.pushed:
            await asyncio.sleep(0)
    assert heard.pushed[0]["out_id"] == "d-01"


async def test_the_phones_can_be_read_newest_first_page_by_page(vendor: AliyunSmsServer, caller: Caller) -> None:
    for phone in ("13800138001", "13800138002", "13800138003"):
        await caller.send(phone)
    await vendor.wait_until_idle()
    first = (await caller.client.get(f"{vendor.url}/demo/phones?limit=2")).json()
    assert [item["phone"] for item in first["items"]] == ["13800138003", "13800138002"]
    assert first["items"][0]["at"] == "2026-01-02T11:04:05.000+08:00"
    second = (await caller.client.get(f"{vendor.url}/demo/phones?cursor={first['next']}")).json()
    assert ([item["phone"] for item in second["items"]], second["next"]) == (["13800138001"], None)


async def test_waiting_for_a_text_that_never_comes_names_the_texts_of_the_phone(vendor: AliyunSmsServer) -> None:
    with pytest.raises(AssertionError, match="it shows nothing"):
        await vendor.phones.expect("13800138000", "燃气", within_s=0.01)


async def test_stopping_frees_a_call_that_was_left_unanswered() -> None:
    server = AliyunSmsServer(access_keys=KEYS, templates=TEMPLATES, clock=lambda: NOW)
    async with server:
        server.faults.schedule(Fault(FaultKind.SILENT))
        caller = Caller(server.url)
        caller.client = httpx2.AsyncClient(trust_env=False, timeout=LONG_TIMEOUT_S)  # waits for the answer
        call = asyncio.create_task(caller.send())
        await server.phones.expect("13800138000", "烟感")
    assert (await call).status_code == 500
    await caller.client.aclose()
