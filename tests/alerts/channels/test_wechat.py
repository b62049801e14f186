"""The channel of WeChat service accounts, against a server that behaves as documented."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from alerts.channels.channel import DeliveryReport, LookupStatus, SendOutcome
from alerts.channels.wechat import WeChat, WeChatSettings
from simulators.providers.faults import Fault, FaultKind
from simulators.providers.local_server import loopback_client
from simulators.providers.wechat.server import WeChatServer
from tests.support.alerts import delivery_of

NOW = 1_767_333_900_000
KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
PAGE = "https://grid.example/m/signed"


class Account:
    """The provider, our channel, and the time of both."""

    def __init__(self, server: WeChatServer, channel: WeChat) -> None:
        self.server, self.channel, self.now = server, channel, NOW

    async def send(self, number: int = 1, to: str = "o-wang", **payload: Any) -> tuple[SendOutcome, str]:
        payload = {"template": "TID", "data": {"thing1": "燃气泄漏"}, "url": PAGE, **payload}
        row = delivery_of(31, number, NOW, channel="wechat", address=to, payload=payload)
        result = await self.channel.send(row, self.now)
        return result.outcome, result.code

    def receive(self, body: bytes, query: dict[str, str], now: int = NOW) -> tuple[int, tuple[Any, ...]]:
        answer = self.channel.receive({}, query, body, now)
        return answer.status, answer.events


@pytest.fixture
async def account() -> AsyncIterator[Account]:
    server = WeChatServer(
        app_id="wx1",
        secret="s3cret",
        token="t",
        aes_key=KEY,
        followers={"o-wang", "o-li"},
        former_followers={"o-left"},
        templates={"TID": "告警：{{thing1.DATA}}"},
        clock=lambda: running.now,
    )
    async with server, loopback_client() as client:
        settings = WeChatSettings("wx1", "s3cret", "t", KEY, server.url)
        assert "s3cret" not in repr(settings)
        running = Account(server, WeChat(client, settings, lambda: running.now))
        yield running


async def test_a_follower_is_sent_a_message_that_opens_the_alert_page(account: Account) -> None:
    assert await account.send() == (SendOutcome.ACCEPTED, "0")
    assert await account.send(2, "o-li", url="") == (SendOutcome.ACCEPTED, "0")
    assert [(message.text, message.url) for message in account.server.messages] == [
        ("燃气泄漏", PAGE),
        ("燃气泄漏", ""),
    ]
    assert (await account.channel.lookup(delivery_of(31, 1, NOW), NOW)).status is LookupStatus.UNDETERMINED


@pytest.mark.parametrize(
    ("to", "payload", "expected"),
    [
        ("o-left", {}, (SendOutcome.RECIPIENT, "43004")),
        ("o-unknown", {}, (SendOutcome.RECIPIENT, "40003")),
        ("o-a,o-b", {}, (SendOutcome.RECIPIENT, "not one openid")),
        ("o-wang", {"template": "X"}, (SendOutcome.CONFIG, "40037")),
        ("o-wang", {"data": {"thing1": "长" * 21}}, (SendOutcome.CONTENT, "47003")),
    ],
)
async def test_a_refusal_is_of_the_recipient_the_configuration_or_the_content(
    account: Account, to: str, payload: dict[str, Any], expected: tuple[SendOutcome, str]
) -> None:
    assert await account.send(1, to, **payload) == expected


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (Fault(FaultKind.REJECT, "43101"), SendOutcome.RECIPIENT),
        (Fault(FaultKind.REJECT, "45009"), SendOutcome.RATE),
        (Fault(FaultKind.REJECT, "-1"), SendOutcome.TEMPORARY),
        (Fault(FaultKind.REJECT, "99999"), SendOutcome.UNKNOWN),
        (Fault(FaultKind.HTTP, status=502), SendOutcome.UNKNOWN),
    ],
)
async def test_an_answer_is_what_its_errcode_states(account: Account, fault: Fault, outcome: SendOutcome) -> None:
    account.server.faults.schedule(fault)
    assert (await account.send())[0] is outcome


async def test_after_a_lost_answer_the_message_is_sent_again_and_arrives_once(account: Account) -> None:
    account.server.faults.schedule(Fault(FaultKind.SILENT))
    assert (await account.send())[0] is SendOutcome.UNKNOWN
    assert await account.send() == (SendOutcome.ACCEPTED, "0")
    assert len(account.server.messages) == 1


async def test_a_token_ended_early_is_fetched_again(account: Account) -> None:
    assert await account.send(1) == (SendOutcome.ACCEPTED, "0")
    account.server.spoil_token()
    assert await account.send(2) == (SendOutcome.ACCEPTED, "0")
    assert account.server.tokens_given == 2


async def test_a_wrong_secret_and_an_address_that_is_not_listed_are_faults_of_configuration(account: Account) -> None:
    account.server.secret = "changed"
    assert await account.send() == (SendOutcome.CONFIG, "40125")
    account.server.secret, account.server.is_ip_trusted = "s3cret", False
    assert await account.send() == (SendOutcome.CONFIG, "40164")


async def test_the_event_of_a_message_is_its_receipt(account: Account) -> None:
    account.server.blocked.add("o-li")
    assert await account.send(1) == (SendOutcome.ACCEPTED, "0")
    assert await account.send(2, "o-li") == (SendOutcome.ACCEPTED, "0")
    for message, report in (
        (account.server.messages[0], DeliveryReport(True, NOW, None, "200228332", "success")),
        (account.server._unreported[1], DeliveryReport(False, NOW, None, "200228333", "failed:user block")),
    ):
        assert account.receive(*account.server.sealed(account.server.finish_event(message))) == (200, (report,))
    other = "<xml><Event><![CDATA[unsubscribe]]></Event></xml>"
    assert account.receive(*account.server.sealed(other)) == (200, ())


async def test_a_forged_old_or_unencrypted_callback_is_refused(account: Account) -> None:
    event = "<xml><Event>TEMPLATESENDJOBFINISH</Event><MsgID>1</MsgID><Status>success</Status></xml>"
    body, query = account.server.sealed(event)
    assert account.receive(body, query)[0] == 200
    assert account.receive(event.encode(), query) == (403, ())
    assert account.receive(body, query | {"msg_signature": "0" * 40}) == (403, ())
    assert account.receive(body, query | {"nonce": "other"}) == (403, ())
    assert account.receive(body, query, NOW + 301_000) == (403, ())
    assert account.receive(body, query | {"timestamp": "now"}) == (403, ())
    assert account.receive(b"x" * 70_000, query) == (413, ())
    bomb, sealed_query = account.server.sealed('<!DOCTYPE a [<!ENTITY b "c">]><xml>&b;</xml>')
    assert account.receive(bomb, sealed_query) == (403, ())


async def test_the_address_of_callbacks_is_verified(account: Account) -> None:
    _, query = account.server.sealed("x")
    answer = account.channel.receive({}, query | {"echostr": "5837397576201334"}, b"", NOW)
    assert (answer.status, answer.body) == (200, b"5837397576201334")
    assert account.receive(b"", query | {"signature": "0" * 40, "echostr": "x"}) == (403, ())
