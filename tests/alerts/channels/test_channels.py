"""Contracts of the providers: signature vectors, responses that look like success, forged callbacks."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from msgspec import structs

from alerts.channels.aliyun_api import classify as sms_class
from alerts.channels.aliyun_signature import Request, sign
from alerts.channels.aliyun_sms import AliyunSettings, AliyunSms
from alerts.channels.channel import ButtonPress, DeliveryReport, InboundText, LookupResult, LookupStatus, SendOutcome
from alerts.channels.logbook import Logbook
from alerts.channels.wecom import WeCom, WeComSettings
from alerts.channels.wecom_crypto import Envelope, InvalidEnvelope
from alerts.message import Delivery, MessageKind

NOW = 1_767_323_045_000
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
TOKEN, AES_KEY, CORP = "QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "wx5823bf96d3bd56c7"
ECHO = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="


def delivery_with(**changes: Any) -> Delivery:
    defaults = Delivery(
        id="d-01",
        key="k",
        alert=31,
        round=0,
        rung=0,
        person="wang",
        name="王芳",
        role="worker",
        channel="sms",
        kind=MessageKind.ALERT,
        priority=0,
        address="13800138000",
        payload={"template": "SMS_1", "params": {"place": "静安里6号楼2单元302"}, "card": {"task_id": "d-01"}},
        created_at=NOW,
        not_before=NOW,
        expires_at=NOW + 1,
    )
    return structs.replace(defaults, **changes)


Handler = Callable[[httpx2.Request], httpx2.Response]


def client(handler: Handler) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.MockTransport(handler))


def sms(handler: Handler) -> AliyunSms:
    return AliyunSms(client(handler), AliyunSettings("AKID", "testSecret", "滨河街道"), lambda: "1")


def responding(*bodies: object) -> Handler:
    remaining = list(bodies)

    def handler(_request: httpx2.Request) -> httpx2.Response:
        body = remaining.pop(0)
        if isinstance(body, Exception):
            raise body
        return httpx2.Response(200, content=body if isinstance(body, bytes) else json.dumps(body).encode())

    return handler


# golden vectors (facts/notifications.md section 6)


def test_the_acs3_vector_of_the_provider() -> None:
    params = {
        "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd",
        "RegionId": "cn-shanghai",
    }
    request = Request(
        "ecs.cn-shanghai.aliyuncs.com",
        "RunInstances",
        "2014-05-26",
        params,
        "2023-10-26T10:22:32Z",
        "3156853299f313e23d1673dc12e1703d",
    )
    signed = sign("YourAccessKeyId", "YourAccessKeySecret", request)
    assert signed.signature == "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    assert signed.headers["x-acs-content-sha256"] == EMPTY


def test_our_acs3_vector_of_an_sms() -> None:
    param = json.dumps({"place": "静安里6号楼2单元302", "code": "31"}, ensure_ascii=False, separators=(",", ":"))
    params = {
        "OutId": "d-01",
        "PhoneNumbers": "13800138000",
        "SignName": "滨河街道",
        "TemplateCode": "SMS_123456789",
        "TemplateParam": param,
    }
    request = Request("dysmsapi.aliyuncs.com", "SendSms", "2017-05-25", params, "2026-01-02T03:04:05Z", "0" * 31 + "1")
    signed = sign("AKID", "testSecret", request)
    assert signed.signature == "e951071e71bdf6af04e236983d65f7b6619335906af1d138717c6f1e1ccffb4a"
    assert signed.headers["Authorization"].startswith("ACS3-HMAC-SHA256 Credential=AKID,SignedHeaders=host;x-acs-a")


def test_the_wecom_vector_of_the_provider_is_decrypted() -> None:
    envelope = Envelope(TOKEN, AES_KEY, CORP)
    signature = "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3"
    assert envelope.sign("1409659589", "263014780", ECHO) == signature
    assert envelope.open(signature, "1409659589", "263014780", ECHO) == "1616140317555161061"


def test_our_wecom_vector_is_encrypted() -> None:
    envelope = Envelope(TOKEN, AES_KEY, CORP)
    sealed = envelope.seal("hello", b"0123456789abcdef")
    assert sealed == "sKqRbbiSUnDhFHOvPjtUMd2aKGsnO1wGUhhgmucZyOooAmp9WiC5uDkjoOv6eP1l5uh45DeEw9aco5AR3vyVtA=="
    signature = envelope.sign("1409659813", "1372623149", sealed)
    assert signature == "6963916188a9972dd57e779c6eb680b07cf4fa99"
    assert envelope.open(signature, "1409659813", "1372623149", sealed) == "hello"


def test_a_manipulated_envelope_is_refused() -> None:
    envelope = Envelope(TOKEN, AES_KEY, CORP)

    def open_signed(encrypted: str, opener: Envelope = envelope) -> None:
        opener.open(opener.sign("1", "2", encrypted), "1", "2", encrypted)

    with pytest.raises(InvalidEnvelope, match="signature"):
        envelope.open("0" * 40, "1", "2", ECHO)
    with pytest.raises(InvalidEnvelope, match="corp"):
        open_signed(ECHO, Envelope(TOKEN, AES_KEY, "another"))
    with pytest.raises(InvalidEnvelope, match="not an envelope"):
        open_signed("%%%")
    with pytest.raises(InvalidEnvelope, match="not an envelope"):
        open_signed(base64.b64encode(b"seven").decode())
    with pytest.raises(InvalidEnvelope, match="padding"):
        open_signed(base64.b64encode(b"x" * 32).decode())
    with pytest.raises(InvalidEnvelope, match="padding"):
        open_signed("")
    short = envelope._cipher().encryptor()
    with pytest.raises(InvalidEnvelope, match="too short"):
        open_signed(base64.b64encode(short.update(b"x" * 10 + bytes([22]) * 22) + short.finalize()).decode())
    with pytest.raises(ValueError, match="43"):
        Envelope(TOKEN, AES_KEY[:20], CORP)


# Aliyun


@pytest.mark.parametrize(
    ("response", "outcome"),
    [
        ({"Code": "OK", "BizId": "8^0"}, SendOutcome.ACCEPTED),
        ({"Code": "isv.BUSINESS_LIMIT_CONTROL"}, SendOutcome.RATE),
        ({"Code": "isv.SMS_TEMPLATE_ILLEGAL"}, SendOutcome.TEMPLATE),
        ({"Code": "isp.RAM_PERMISSION_DENY"}, SendOutcome.CONFIG),
        ({"Code": "SignatureDoesNotMatch"}, SendOutcome.CONFIG),
        ({"Code": "isv.MOBILE_NUMBER_ILLEGAL"}, SendOutcome.RECIPIENT),
        ({"Code": "isv.PARAM_NOT_SUPPORT_URL"}, SendOutcome.CONTENT),
        ({"Code": "Throttling.User"}, SendOutcome.TEMPORARY),
        ({"Code": "isp.SYSTEM_ERROR"}, SendOutcome.UNKNOWN),
        ({}, SendOutcome.UNKNOWN),
        (b"<html>bad gateway</html>", SendOutcome.UNKNOWN),
        (httpx2.ConnectError("no route"), SendOutcome.TEMPORARY),
        (httpx2.ReadTimeout("slow"), SendOutcome.UNKNOWN),
    ],
)
async def test_an_http_200_is_success_only_with_code_ok(response: object, outcome: SendOutcome) -> None:
    result = await sms(responding(response)).send(delivery_with(), NOW)
    assert result.outcome is outcome
    assert result.provider_id == ("8^0" if outcome is SendOutcome.ACCEPTED else None)


async def test_a_request_has_one_number_our_id_and_the_registered_template() -> None:
    requests: list[httpx2.Request] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        return httpx2.Response(200, json={"Code": "OK", "BizId": "1"})

    await sms(handler).send(delivery_with(), NOW)
    query = dict(requests[0].url.params)
    assert query["OutId"] == "d-01"
    assert query["PhoneNumbers"] == "13800138000"
    assert json.loads(query["TemplateParam"]) == {"place": "静安里6号楼2单元302"}
    assert requests[0].headers["x-acs-action"] == "SendSms"


def details(*items: dict[str, Any]) -> dict[str, Any]:
    return {"Code": "OK", "SmsSendDetailDTOs": {"SmsSendDetailDTO": list(items)}}


@pytest.mark.parametrize(
    ("response", "found"),
    [
        (details(), LookupResult(LookupStatus.ABSENT)),
        (details({"OutId": "x"}, {"OutId": "d-01", "SendStatus": 1}), LookupResult(LookupStatus.WAITING)),
        (
            details({"OutId": "d-01", "SendStatus": 3, "ErrCode": "DELIVERED"}),
            LookupResult(LookupStatus.DELIVERED, None, "DELIVERED"),
        ),
        (
            details({"OutId": "d-01", "SendStatus": 2, "ErrCode": "MK:1"}),
            LookupResult(LookupStatus.FAILED, None, "MK:1"),
        ),
        ({"Code": "isp.SYSTEM_ERROR"}, LookupResult(LookupStatus.UNDETERMINED, None, "isp.SYSTEM_ERROR")),
        (httpx2.ReadTimeout("slow"), LookupResult(LookupStatus.UNDETERMINED, None, "ReadTimeout")),
    ],
)
async def test_a_lookup_searches_for_our_id(response: object, found: LookupResult) -> None:
    assert await sms(responding(response)).lookup(delivery_with(), NOW) == found


def test_receipts_and_replies_are_parsed_and_other_items_ignored() -> None:
    items = [
        {"phone_number": "13800138000", "success": True, "err_code": "DELIVERED", "biz_id": "8^0", "out_id": "d-01"},
        {"phone_number": "13800138000", "success": False, "biz_id": "9^0"},
        {"phone_number": "+8613800138000", "content": "31", "send_time": "2026-01-02 14:06:10"},
        {"content": "31"},
        {"success": True},
        {"success": "true", "out_id": "d-02"},
    ]
    received = sms(responding()).receive({}, {}, json.dumps(items).encode(), NOW)
    assert (received.status, json.loads(received.body)["code"]) == (200, 0)
    assert received.events == (
        DeliveryReport(True, NOW, "d-01", "8^0", "DELIVERED"),
        DeliveryReport(False, NOW, None, "9^0"),
        InboundText("13800138000", "31", NOW),
    )


@pytest.mark.parametrize(("body", "status"), [(b"not json", 400), (b"{}", 400), (b"[" + b" " * 300_000 + b"]", 413)])
def test_an_invalid_callback_is_refused(body: bytes, status: int) -> None:
    assert sms(responding()).receive({}, {}, body, NOW).status == status


def test_secrets_are_not_printed() -> None:
    assert "testSecret" not in repr(AliyunSettings("AKID", "testSecret", "滨河街道"))
    assert "s3cret" not in repr(WeComSettings(CORP, 1, "s3cret", TOKEN, AES_KEY))
    assert sms_class("OK") is SendOutcome.ACCEPTED


# WeCom

ACCESS = {"errcode": 0, "access_token": "T1", "expires_in": 7200}


def wecom(handler: Handler) -> WeCom:
    return WeCom(client(handler), WeComSettings(CORP, 1000002, "s3cret", TOKEN, AES_KEY), lambda: NOW)


@pytest.mark.parametrize(
    ("response", "outcome"),
    [
        ({"errcode": 0, "msgid": "m1", "response_code": "rc"}, SendOutcome.ACCEPTED),
        ({"errcode": 0, "invaliduser": "someone|13800138000"}, SendOutcome.RECIPIENT),
        ({"errcode": 0, "unlicenseduser": "13800138000"}, SendOutcome.RECIPIENT),
        ({"errcode": 0, "invaliduser": ["13800138000"]}, SendOutcome.RECIPIENT),
        ({"errcode": 81013}, SendOutcome.RECIPIENT),
        ({"errcode": 60020}, SendOutcome.CONFIG),
        ({"errcode": 45009}, SendOutcome.TEMPORARY),
        ({"errcode": -1}, SendOutcome.TEMPORARY),
        ({"errcode": 45002}, SendOutcome.CONTENT),
        ({"errcode": 99999}, SendOutcome.UNKNOWN),
        ({}, SendOutcome.UNKNOWN),
        (b"bad gateway", SendOutcome.UNKNOWN),
        (httpx2.ReadTimeout("slow"), SendOutcome.UNKNOWN),
        (httpx2.ConnectError("no route"), SendOutcome.TEMPORARY),
    ],
)
async def test_errcode_zero_with_our_recipient_among_the_invalid_ones_is_a_failure(
    response: object, outcome: SendOutcome
) -> None:
    channel = wecom(responding(ACCESS, response))
    result = await channel.send(delivery_with(channel="wecom"), NOW)
    assert result.outcome is outcome
    assert (result.provider_id, result.handle) == (("m1", "rc") if outcome is SendOutcome.ACCEPTED else (None, None))
    assert (await channel.lookup(delivery_with(), NOW)).status is LookupStatus.UNDETERMINED


async def test_a_token_that_expired_early_is_fetched_once_more() -> None:
    channel = wecom(responding(ACCESS, {"errcode": 42001}, {**ACCESS, "access_token": "T2"}, {"errcode": 0}))
    assert (await channel.send(delivery_with(), NOW)).outcome is SendOutcome.ACCEPTED


async def test_a_wrong_secret_is_a_configuration_fault() -> None:
    channel = wecom(responding({"errcode": 40001, "errmsg": "invalid credential"}))
    assert (await channel.send(delivery_with(), NOW)).outcome is SendOutcome.CONFIG


async def test_an_update_of_a_card_uses_its_handle() -> None:
    requests: list[httpx2.Request] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        return httpx2.Response(200, json=ACCESS)

    change = delivery_with(ref="d-00", handle="rc", payload={"button": "已由张三接警"})
    assert (await wecom(handler).send(change, NOW)).outcome is SendOutcome.ACCEPTED
    assert requests[1].url.path == "/cgi-bin/message/update_template_card"
    body = json.loads(requests[1].content)
    assert (body["response_code"], body["button"]) == ("rc", {"replace_name": "已由张三接警"})


def sealed_query(encrypted: str, seconds: int = NOW // 1000) -> dict[str, str]:
    envelope = Envelope(TOKEN, AES_KEY, CORP)
    return {
        "msg_signature": envelope.sign(str(seconds), "n", encrypted),
        "timestamp": str(seconds),
        "nonce": "n",
    }


def push_of(inner: str, seconds: int = NOW // 1000) -> tuple[dict[str, str], bytes]:
    encrypted = Envelope(TOKEN, AES_KEY, CORP).seal(inner, b"0123456789abcdef")
    return sealed_query(encrypted, seconds), f"<xml><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>".encode()


BUTTON_PRESS = (
    "<xml><FromUserName><![CDATA[zhangsan]]></FromUserName><MsgType><![CDATA[event]]></MsgType>"
    "<Event><![CDATA[template_card_event]]></Event><EventKey><![CDATA[ack:31]]></EventKey>"
    "<ResponseCode><![CDATA[RC]]></ResponseCode></xml>"
)


def test_the_callback_address_is_verified_with_the_plain_text() -> None:
    echo = Envelope(TOKEN, AES_KEY, CORP).seal("1616140317555161061", b"0123456789abcdef")
    received = wecom(responding()).receive({}, {**sealed_query(echo), "echostr": echo}, b"", NOW)
    assert (received.status, received.body) == (200, b"1616140317555161061")


def test_a_button_press_is_parsed_and_answered_encrypted() -> None:
    query, body = push_of(BUTTON_PRESS)
    received = wecom(responding()).receive({}, query, body, NOW)
    assert received.events == (ButtonPress("zhangsan", "ack:31", NOW, "RC"),)
    assert b"<Encrypt>" in received.body
    envelope = Envelope(TOKEN, AES_KEY, CORP)
    text = received.body.decode()
    encrypted = text.split("<Encrypt><![CDATA[")[1].split("]]>")[0]
    signature = text.split("<MsgSignature><![CDATA[")[1].split("]]>")[0]
    assert "已收到" in envelope.open(signature, str(NOW // 1000), "n", encrypted)


def test_other_events_are_acknowledged_and_ignored() -> None:
    query, body = push_of("<xml><Event>enter_agent</Event></xml>")
    received = wecom(responding()).receive({}, query, body, NOW)
    assert (received.status, received.events) == (200, ())


@pytest.mark.parametrize(
    ("query", "body", "status"),
    [
        ({}, b"<xml/>", 403),
        ({"timestamp": str(NOW // 1000)}, b"<xml><Encrypt>x</Encrypt></xml>", 403),
        (*push_of(BUTTON_PRESS, NOW // 1000 - 301), 403),
        (push_of(BUTTON_PRESS)[0], b"not xml", 403),
        (push_of(BUTTON_PRESS)[0], b'<!DOCTYPE a [<!ENTITY b "c">]><xml>&b;</xml>', 403),
        (*push_of("not xml inside"), 403),
        ({}, b"x" * 70_000, 413),
    ],
)
def test_forged_and_old_callbacks_are_refused(query: dict[str, str], body: bytes, status: int) -> None:
    received = wecom(responding()).receive({}, query, body, NOW)
    assert (received.status, received.events) == (status, ())


async def test_the_logbook_accepts_every_message() -> None:
    book = Logbook()
    assert (await book.send(delivery_with(), NOW)).outcome is SendOutcome.ACCEPTED
    assert (await book.lookup(delivery_with(), NOW)).status is LookupStatus.DELIVERED
    assert book.receive({}, {}, b"", NOW).status == 404
