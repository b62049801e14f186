"""Signatures and templates that are not approved are found before a text needs them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any

from alerts.channels.aliyun_signature import Request, sign
from alerts.channels.sms_preflight import aliyun_faults, tencent_faults
from simulators.providers.aliyun.server import AliyunSmsServer
from simulators.providers.local_server import loopback_client

NOW = 1_767_333_900_000
TEXTS = {"SMS_1": "紧急：${title}，${place}。", "SMS_2": "已处置：${title}，${place}。"}


async def test_aliyun_is_asked_about_the_signature_and_each_template() -> None:
    nonces = count()
    server = AliyunSmsServer(access_keys={"AKID": "secret"}, templates=TEXTS, clock=lambda: NOW, signs={"枫树社区"})
    async with server, loopback_client(1.0) as client:

        def calls(secret: str = "secret") -> Any:
            async def call(action: str, params: Mapping[str, str]) -> dict[str, Any]:
                host = server.url.removeprefix("http://")
                request = Request(host, action, "2017-05-25", params, "2026-01-02T06:05:00Z", f"n{next(nonces)}")
                signed = sign("AKID", secret, request)
                response = await client.post(f"{server.url}/?{signed.query}", headers=signed.headers)
                answer: dict[str, Any] = response.json()
                return answer

            return call

        async def faults(*templates: str, name: str = "枫树社区", secret: str = "secret") -> list[str]:
            found = await aliyun_faults(calls(secret), name, templates)
            return [f"{fault.problem} {fault.detail}" for fault in found]

        assert await faults("SMS_1", "SMS_2") == []
        server.in_review = {"SMS_2", "枫树社区"}
        assert await faults("SMS_1", "SMS_2", "SMS_9") == [
            "aliyun.signature 枫树社区: 审核中",
            "aliyun.template SMS_2: 审核中",
            "aliyun.template SMS_9: isv.SMS_TEMPLATE_ILLEGAL",
        ]
        assert await faults(name="别家") == ["aliyun.signature 别家: isv.SMS_SIGNATURE_ILLEGAL"]
        assert await faults("SMS_1", secret="wrong") == ["aliyun.access SignatureDoesNotMatch"]
        assert server.phones.texts_of("19900000001") == []


async def test_tencent_is_asked_about_the_signature_and_each_template() -> None:
    """Answers as the provider's page shows them."""
    signs = [{"SignId": 1, "SignName": "枫树社区", "StatusCode": 0, "ReviewReply": ""}]
    states = {1110: 0, 1111: -1}

    async def call(action: str, body: Mapping[str, Any]) -> dict[str, Any]:
        if action == "DescribeSmsSignList":
            return {"DescribeSignListStatusSet": signs, "RequestId": "r"}
        assert (action, body["International"]) == ("DescribeSmsTemplateList", 0)
        found = [one for one in body["TemplateIdSet"] if one in states]
        items = [{"TemplateId": one, "StatusCode": states[one], "ReviewReply": "变量相邻"} for one in found]
        return {"DescribeTemplateStatusSet": items, "RequestId": "r"}

    async def denied(_action: str, _body: Mapping[str, Any]) -> dict[str, Any]:
        return {"Error": {"Code": "AuthFailure.SignatureFailure"}}

    assert await tencent_faults(call, "枫树社区", ["1110"]) == []
    found = await tencent_faults(call, "别家", ["1110", "1111", "1112", "x"])
    assert [f"{fault.problem} {fault.detail}" for fault in found] == [
        "tencent.signature 别家: 没有找到",
        "tencent.template 1111: 未通过 变量相邻",
        "tencent.template 1112: 没有找到",
        "tencent.template x: 没有找到",
    ]
    assert [fault.problem for fault in await tencent_faults(denied, "枫树社区", ["1110"])] == ["tencent.access"]
