"""Signatures and templates that are not approved are found before a text needs them."""

from __future__ import annotations

from itertools import count

from alerts.channels.aliyun_sms import AliyunSettings, AliyunSms
from alerts.channels.preflight import Preflighted, PreflightScope
from alerts.channels.tencent_api import TencentAccount
from alerts.channels.tencent_sms import TencentSms, TencentSmsSettings
from simulators.providers.aliyun.server import AliyunSmsServer
from simulators.providers.local_server import loopback_client
from simulators.providers.tencent.sms import TencentSmsServer

NOW = 1_767_333_900_000
TEXTS = {"SMS_1": "紧急：${title}，${place}。", "SMS_2": "已处置：${title}，${place}。"}


async def faults(provider: Preflighted, *templates: str) -> list[str]:
    found = await provider.preflight(PreflightScope(templates={f"gas.{code}": code for code in templates}), NOW)
    return [f"{fault.problem} {fault.detail}" for fault in found]


async def test_aliyun_is_asked_about_the_signature_and_each_template() -> None:
    nonces = count()
    server = AliyunSmsServer(access_keys={"AKID": "secret"}, templates=TEXTS, clock=lambda: NOW, signs={"枫树社区"})
    async with server, loopback_client() as client:

        def provider(sign: str = "枫树社区", secret: str = "secret", fallback: str = "") -> AliyunSms:
            settings = AliyunSettings("AKID", secret, sign, server.url, fallback_template=fallback)
            return AliyunSms(client, settings, lambda: f"n{next(nonces)}")

        assert await faults(provider(), "SMS_1", "SMS_2") == []
        server.in_review = {"SMS_2", "枫树社区"}
        assert await faults(provider(fallback="SMS_9"), "SMS_1", "SMS_2") == [
            "aliyun.signature 枫树社区: 审核中",
            "aliyun.template SMS_2: 审核中",
            "aliyun.template SMS_9: isv.SMS_TEMPLATE_ILLEGAL",
        ]
        assert await faults(provider("别家")) == ["aliyun.signature 别家: isv.SMS_SIGNATURE_ILLEGAL"]
        assert await faults(provider(secret="wrong"), "SMS_1") == ["aliyun.access SignatureDoesNotMatch"]
        settings = AliyunSettings("AKID", "secret", "枫树社区", server.url, {"gas.SMS_1": "SMS_7"})
        server.in_review = set()
        own = AliyunSms(client, settings, lambda: f"n{next(nonces)}")
        assert await faults(own, "SMS_1", "SMS_2") == ["aliyun.template SMS_7: isv.SMS_TEMPLATE_ILLEGAL"]
        assert not server.phones.texts


async def test_tencent_is_asked_about_the_signature_and_each_template() -> None:
    server = TencentSmsServer(
        keys={"AKID": "secret"},
        app_id="1400",
        templates={"1": "{1}。", "2": "{1}。"},
        clock=lambda: NOW,
        signs=["枫树社区"],
    )
    async with server, loopback_client() as client:

        def provider(sign: str = "枫树社区", secret: str = "secret", **templates: str) -> TencentSms:
            account = TencentAccount("AKID", secret, server.url)
            return TencentSms(client, TencentSmsSettings(account, "1400", sign, templates, "2"))

        assert await faults(provider(gas="1"), "any") == []
        server.in_review = {"2"}
        assert await faults(provider("别家", gas="9", fire="x"), "any") == [
            "tencent.signature 别家: 没有找到",
            "tencent.template 2: 审核中",
            "tencent.template 9: 没有找到",
            "tencent.template x: 没有找到",
        ]
        assert await faults(provider(gas="9")) == [], "without templates only the signature is asked about"
        assert await faults(provider(secret="wrong"), "any") == ["tencent.access AuthFailure.SignatureFailure"]
