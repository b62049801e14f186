"""One recipient a message. A registry had `@all` as a worker's WeCom account: alarms would have gone to all."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from alerts.channels.aliyun_sms import AliyunSettings, AliyunSms
from alerts.channels.channel import SendOutcome
from alerts.channels.wecom import WeCom, WeComSettings
from app.config.csv_files import InvalidCells
from app.config.registry_files import parse_person
from console.views.records import PERSON
from tests.alerts.channels.test_channels import AES_KEY, CORP, NOW, TOKEN, delivery_with

MANY_USERS = ["@all", "@ALL", "zhangsan|lisi", "zhangsan|", "|", "a,b", "", " ", "zhang san", "zhangsan\n", "张三"]
MANY_PHONES = [
    "13800138000,13900139000",
    "13800138000|1",
    "",
    " ",
    "１３８００１３８０００",
    "13800138000\n",
    "@all",
    "138-0013-8000",
]


def refuse_request(request: httpx2.Request) -> httpx2.Response:
    raise AssertionError(f"sent to {request.url}")


@pytest.mark.parametrize("address", MANY_USERS)
async def test_a_card_to_several_recipients_is_never_sent(address: str) -> None:
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(refuse_request)) as client:
        channel = WeCom(client, WeComSettings(CORP, 1, "s3cret", TOKEN, AES_KEY), lambda: NOW)
        for change in ({}, {"ref": "d-00", "handle": "rc", "payload": {"button": "x"}}):
            result = await channel.send(delivery_with(channel="wecom", address=address, **change), NOW)
            assert result.outcome is SendOutcome.RECIPIENT


@pytest.mark.parametrize("address", MANY_PHONES)
async def test_a_text_to_several_recipients_is_never_sent(address: str) -> None:
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(refuse_request)) as client:
        channel = AliyunSms(client, AliyunSettings("k", "s", "枫树"), lambda: "1")
        assert (await channel.send(delivery_with(address=address), NOW)).outcome is SendOutcome.RECIPIENT


@pytest.mark.parametrize(
    ("field", "address"),
    [*(("wecom", address) for address in MANY_USERS), *(("phone", address) for address in MANY_PHONES)],
)
def test_registries_refuse_addresses_of_several_recipients(field: str, address: str) -> None:
    row: dict[str, Any] = {"id": "w-1", "name": "张三", field: address}
    with pytest.raises(ValueError, match=r"not one person's WeCom userid|not a phone number"):
        PERSON.validate_python(row)
    with pytest.raises(InvalidCells, match=field):
        parse_person(row)
