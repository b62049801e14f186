"""ACS3-HMAC-SHA256 signatures as in the provider's documentation."""

from __future__ import annotations

import hashlib

from simulators.providers.aliyun import signature as acs3


def published(headers: dict[str, str], query: list[tuple[str, str]]) -> acs3.Request:
    return acs3.Request("POST", "/", tuple(query), headers, b"")


def test_the_signature_printed_in_the_vendors_manual_comes_out() -> None:
    headers = {
        "host": "ecs.cn-shanghai.aliyuncs.com",
        "x-acs-action": "RunInstances",
        "x-acs-content-sha256": hashlib.sha256(b"").hexdigest(),
        "x-acs-date": "2023-10-26T10:22:32Z",
        "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
        "x-acs-version": "2014-05-26",
    }
    query = [
        ("ImageId", "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"),
        ("RegionId", "cn-shanghai"),
    ]
    found = acs3.signature(published(headers, query), sorted(headers), "YourAccessKeySecret")
    assert found == "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"


def test_the_signature_of_a_sendsms_call_comes_out() -> None:
    headers = {
        "host": "dysmsapi.aliyuncs.com",
        "x-acs-action": "SendSms",
        "x-acs-content-sha256": hashlib.sha256(b"").hexdigest(),
        "x-acs-date": "2026-01-02T03:04:05Z",
        "x-acs-signature-nonce": "00000000000000000000000000000001",
        "x-acs-version": "2017-05-25",
    }
    query = [
        ("PhoneNumbers", "13800138000"),
        ("SignName", "滨河街道"),
        ("TemplateCode", "SMS_123456789"),
        ("TemplateParam", '{"place":"静安里6号楼2单元302","code":"31"}'),
        ("OutId", "d-01"),
    ]
    found = acs3.signature(published(headers, query), sorted(headers), "testSecret")
    assert found == "e951071e71bdf6af04e236983d65f7b6619335906af1d138717c6f1e1ccffb4a"
