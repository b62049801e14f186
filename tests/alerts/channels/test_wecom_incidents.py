"""WeCom against a server that behaves as documented: tokens ended early, refused members, long labels, lost answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from alerts.channels.channel import SendOutcome
from alerts.channels.wecom import WeCom, WeComSettings
from simulators.providers.faults import Fault, FaultKind
from simulators.providers.local_server import loopback_client
from simulators.providers.wecom.server import WeComServer
from tests.support.alerts import delivery_of

NOW = 1_767_333_900_000
ACCOUNT = {"corp_id": "wx5823bf96d3bd56c7", "secret": "s3cret", "agent_id": 1000002, "token": "QDG6eK"}
KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"


class Corp:
    """The provider, our channel, and the time of both."""

    def __init__(self, server: WeComServer, channel: WeCom) -> None:
        self.server, self.channel, self.now = server, channel, NOW

    async def send(self, number: int = 1, to: str = "zhangsan", **payload: Any) -> tuple[SendOutcome, str]:
        row = delivery_of(31, number, NOW, channel="wecom", address=to, payload=payload or {"card": card(f"t{number}")})
        result = await self.channel.send(row, self.now)
        return result.outcome, result.code


def card(task: str, **more: Any) -> dict[str, Any]:
    return {
        "card_type": "button_interaction",
        "task_id": task,
        "main_title": {"title": "紧急 · 燃气泄漏", "desc": "枫林苑3栋2单元402"},
        "button_list": [{"text": "我去处理", "style": 1, "key": "ack:31"}],
        **more,
    }


@pytest.fixture
async def corp() -> AsyncIterator[Corp]:
    server = WeComServer(
        **ACCOUNT,
        aes_key=KEY,
        members={"zhangsan", "lisi"},
        unlicensed={"lisi"},
        clock=lambda: running.now,
        callback_url="http://127.0.0.1:9/",
    )
    async with server, loopback_client() as client:
        settings = WeComSettings(**ACCOUNT, aes_key=KEY, base_url=server.url)
        running = Corp(server, WeCom(client, settings, lambda: running.now))
        yield running


async def test_a_token_ended_early_is_replaced_once_for_all_senders(corp: Corp) -> None:
    assert (await corp.send(0))[0] is SendOutcome.ACCEPTED
    corp.server.spoil_tokens()
    outcomes = await asyncio.gather(*(corp.send(number) for number in range(1, 9)))
    assert {outcome for outcome, _ in outcomes} == {SendOutcome.ACCEPTED}
    assert len(corp.server.inboxes.notices_of("zhangsan")) == 9
    assert corp.server.tokens_given == 2


async def test_members_who_do_not_exist_or_have_no_licence_are_refused_by_name_of_the_list(corp: Corp) -> None:
    assert await corp.send(1, "lisi") == (SendOutcome.RECIPIENT, "unlicenseduser")
    assert await corp.send(2, "wangwu") == (SendOutcome.RECIPIENT, "81013")


async def test_a_label_of_the_site_that_is_too_long_does_not_lose_the_card(corp: Corp) -> None:
    long = card("t9", horizontal_content_list=[{"keyname": "要求到场的时限", "value": "5分钟内"}])
    assert await corp.send(card=long) == (SendOutcome.ACCEPTED, "0")
    assert "要求到场的 5分钟内" in corp.server.inboxes.notices[0].text
    assert await corp.send(text="长" * 1000) == (SendOutcome.ACCEPTED, "0")


async def test_an_answer_lost_in_a_long_outage_is_not_a_second_card_and_not_a_refusal(corp: Corp) -> None:
    corp.server.faults.schedule(Fault(FaultKind.SILENT))
    assert (await corp.send())[0] is SendOutcome.UNKNOWN
    corp.now += 100 * 60_000
    assert await corp.send() == (SendOutcome.ACCEPTED, "0")
    assert len(corp.server.inboxes.notices_of("zhangsan")) == 1


@pytest.mark.parametrize(("errcode", "outcome"), [(60020, SendOutcome.CONFIG), (45009, SendOutcome.TEMPORARY)])
async def test_a_refused_token_is_reported_with_its_own_code(corp: Corp, errcode: int, outcome: SendOutcome) -> None:
    corp.server.token_faults.schedule(Fault(FaultKind.REJECT, str(errcode)))
    assert await corp.send() == (outcome, str(errcode))
