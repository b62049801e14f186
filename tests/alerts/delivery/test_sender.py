"""The outbox sender with real HTTP: running workers, and providers that call back on the loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import pytest
from msgspec import structs
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from alerts.alert import Actor, ResponseSource, State
from alerts.channel_specs import PersonLimits
from alerts.channels.wecom import WeCom, WeComSettings
from alerts.delivery.budget import Budget
from alerts.delivery.sender import OutboxSender
from alerts.message import DeliveryState
from simulators.providers.faults import Fault, FaultKind
from simulators.providers.local_server import LoopbackServer
from simulators.providers.wecom.server import WeComServer
from tests.support.timeouts import LONG_TIMEOUT_S

TOKEN, AES_KEY, CORP = "QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "wx5823bf96d3bd56c7"


@pytest.fixture
async def wecom(clock: Any) -> AsyncIterator[WeComServer]:
    server = WeComServer(
        corp_id=CORP,
        secret="s3cret",
        agent_id=1000002,
        token=TOKEN,
        aes_key=AES_KEY,
        members=["wangfang", "liqiang"],
        clock=clock,
    )
    async with server:
        yield server


@pytest.fixture
async def connected_harness(harness: Any, wecom: WeComServer) -> AsyncIterator[Any]:
    """The harness with both channels, and an endpoint that both providers call back."""
    settings = WeComSettings(CORP, 1000002, "s3cret", TOKEN, AES_KEY, base_url=wecom.url)
    harness.channels["wecom"] = WeCom(harness.client, settings, harness.clock)
    harness.stop()
    harness.start()

    async def callback(request: Request) -> Response:
        channel = harness.channels[request.path_params["name"]]
        body = await request.body()
        response = channel.receive(dict(request.headers), dict(request.query_params), body, harness.clock())
        await harness.service.receive(response.events, channel.name)
        return Response(response.body, response.status, media_type=response.content_type)

    async with LoopbackServer(Starlette(routes=[Route("/{name}", callback, methods=["GET", "POST"])])) as host:
        harness.sms_server.callback_url = f"{host.url}/sms"
        wecom.callback_url = f"{host.url}/wecom"
        yield harness


async def test_the_callback_address_passes_the_check_of_the_provider(
    connected_harness: Any, wecom: WeComServer
) -> None:
    await wecom.verify_callback()


async def test_a_card_and_a_text_go_out_together_and_the_receipt_comes_back(
    connected_harness: Any, wecom: WeComServer, finding: Any
) -> None:
    await connected_harness.service.process_findings([finding()])
    await connected_harness.send()
    card = wecom.inboxes.notices_of("wangfang")[0]
    assert card.buttons == {"ack:1": "我去处理", "pass:1": "无法到场"}
    assert "紧急 · 燃气泄漏" in card.text
    assert "枫林苑3栋2单元402" in card.text
    assert {(row.channel, row.state.value) for row in connected_harness.deliveries()} == {
        ("sms", "delivered"),
        ("wecom", "accepted"),
    }
    assert "短信已送达 王芳（网格员）" in connected_harness.timeline()


async def test_a_button_acknowledges_and_every_card_shows_the_owner(
    connected_harness: Any, wecom: WeComServer, finding: Any
) -> None:
    await connected_harness.service.process_findings([finding()])
    await connected_harness.send()
    await connected_harness.advance_time(60)
    pressed = await wecom.press("liqiang", "ack:1")
    assert pressed.replaced == "已收到"
    await connected_harness.send()
    assert (connected_harness.alert().state, connected_harness.alert().owner) == (State.ACKNOWLEDGED, "li")
    assert wecom.inboxes.notices_of("wangfang")[0].replaced == "已由李强接警"
    assert wecom.inboxes.notices_of("liqiang")[0].replaced == "已由李强接警"
    assert wecom.inboxes.notices_of("liqiang")[1].buttons == {"arrive:1": "我已到场", "resolve:1": "处置完毕"}
    assert "已由李强接警" in connected_harness.texts("wang")[-1]
    assert "李强接警（企业微信）" in connected_harness.timeline()
    assert "已把到场和处置按钮用企业微信发给 李强（网格长）" in connected_harness.timeline()
    await wecom.press("liqiang", "arrive:1", times=3)
    assert connected_harness.alert().state is State.ON_SITE
    await connected_harness.send()
    assert wecom.inboxes.notices_of("liqiang")[2].buttons == {"resolve:1": "处置完毕"}
    await wecom.press("liqiang", "resolve:1")
    await connected_harness.send()
    assert connected_harness.alert().state is State.RESOLVED
    assert "李强处置完毕（企业微信）" in connected_harness.timeline()


async def test_a_late_button_press_is_refused_with_a_reason(
    connected_harness: Any, wecom: WeComServer, finding: Any
) -> None:
    await connected_harness.service.process_findings([finding()])
    await connected_harness.send()
    await connected_harness.service.perform("1", "acknowledge", Actor("li", "李强", ResponseSource.SCREEN))
    refused = await connected_harness.service.receive_press("wangfang", "ack:1", connected_harness.clock.now)
    assert (refused.done, refused.message) == (False, "已由李强14:05接警。")
    for userid, key in (("stranger", "ack:1"), ("wangfang", "ack:9"), ("wangfang", "ack:x"), ("wangfang", "burn:1")):
        assert not (await connected_harness.service.receive_press(userid, key, connected_harness.clock.now)).done


async def test_a_reply_is_received_through_the_provider(connected_harness: Any, finding: Any) -> None:
    await connected_harness.service.process_findings([finding()])
    await connected_harness.send()
    await connected_harness.sms_server.reply("19900000001", "11")
    assert connected_harness.alert().owner == "wang"
    assert "王芳接警（短信）" in connected_harness.timeline()


async def test_a_member_without_a_licence_still_gets_the_text(
    connected_harness: Any, wecom: WeComServer, finding: Any
) -> None:
    wecom.unlicensed.add("wangfang")
    await connected_harness.service.process_findings([finding()])
    await connected_harness.send()
    assert "企业微信发给 王芳（网格员）失败：号码或账号无效" in connected_harness.timeline()
    assert len(connected_harness.texts("wang")) == 1
    assert connected_harness.alert().rung == 0, "the text is on its way: nobody else need be woken yet"


async def test_a_card_whose_response_was_lost_is_sent_again_and_shown_once(
    connected_harness: Any, wecom: WeComServer, finding: Any
) -> None:
    wecom.faults.schedule(Fault(FaultKind.SILENT, accepted=True))
    await connected_harness.service.process_findings([finding()])
    await connected_harness.send()
    connected_harness.clock.now += 6_000
    await connected_harness.send()
    assert len(wecom.inboxes.notices_of("wangfang")) == 1
    card = next(row for row in connected_harness.deliveries() if row.channel == "wecom")
    assert (card.state, card.handle is not None) == ("accepted", True)


async def test_an_update_of_a_card_in_transit_waits_for_it(
    connected_harness: Any, wecom: WeComServer, finding: Any
) -> None:
    wecom.faults.schedule(Fault(FaultKind.SILENT, accepted=True))
    await connected_harness.service.process_findings([finding()])
    await connected_harness.send()
    await connected_harness.service.perform("1", "acknowledge", Actor("li", "李强", ResponseSource.SCREEN))
    await connected_harness.send()
    assert wecom.inboxes.notices_of("wangfang")[0].replaced is None
    for _ in range(4):
        connected_harness.clock.now += 2_000
        await connected_harness.send()
    assert wecom.inboxes.notices_of("wangfang")[0].replaced == "已由李强接警"


async def test_an_update_of_a_card_that_was_never_sent_is_dropped(
    connected_harness: Any, wecom: WeComServer, finding: Any
) -> None:
    wecom.faults.schedule(Fault(FaultKind.HTTP, status=502, accepted=False))
    await connected_harness.service.process_findings([finding()])
    await connected_harness.send()
    await connected_harness.service.perform("1", "acknowledge", Actor("li", "李强", ResponseSource.SCREEN))
    wecom.members.discard("wangfang")
    wecom.spoil_tokens()
    for _ in range(5):
        connected_harness.clock.now += 6_000
        await connected_harness.send()
    assert "企业微信未发给 王芳（网格员）：原卡片已不能更新" in connected_harness.timeline()


async def test_a_medium_danger_is_sent_as_a_card_and_as_a_text_only_if_that_fails(
    connected_harness: Any, wecom: WeComServer, finding: Any
) -> None:
    from domain import Severity

    await connected_harness.service.process_findings([finding(severity=Severity.MEDIUM)])
    await connected_harness.send()
    assert connected_harness.texts("wang") == []
    wecom.faults.schedule(Fault(FaultKind.REJECT, code="81013"))
    await connected_harness.advance_time(1_800)
    assert len(connected_harness.texts("li")) == 1, "his card failed: the text takes its place"


async def test_the_daily_digest_is_a_plain_text_of_the_application(
    connected_harness: Any, wecom: WeComServer, finding: Any
) -> None:
    from domain import Ledger, Person, Severity

    fix = Person("fix", "吴师傅", phone="19900000007", wecom="liqiang")
    people = {**connected_harness.people.people, "fix": fix}
    connected_harness.people = structs.replace(connected_harness.people, people=people)
    await connected_harness.service.process_findings(
        [finding(ledger=Ledger.HEALTH, severity=Severity.LOW, title="电量低", rule="x")]
    )
    await connected_harness.send()
    assert await connected_harness.service.send_digest(connected_harness.clock.now) == 1
    await connected_harness.send()
    assert "设备日报：待检修1项" in wecom.inboxes.notices_of("liqiang")[0].text


async def test_workers_send_at_once_and_a_hanging_provider_blocks_only_itself(
    connected_harness: Any, wecom: WeComServer, finding: Any
) -> None:
    connected_harness.sms_server.faults.schedule(Fault(FaultKind.SILENT, accepted=True))
    running = asyncio.create_task(connected_harness.sender.run())
    try:
        await connected_harness.service.process_findings([finding()])
        await wait_until(lambda: len(wecom.inboxes.notices_of("wangfang")) == 1)
        await wait_until(lambda: all(row.state != "sending" for row in connected_harness.deliveries()))
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_cards_over_the_limit_of_the_provider_wait_for_the_next_minute(
    connected_harness: Any, wecom: WeComServer, finding: Any
) -> None:
    for n in range(32):  # each of a rule of its own: more of one rule in one building would join
        subject = type(finding().subject)("device", f"d{n}")
        await connected_harness.service.process_findings(
            [finding(id=f"f{n}", rule=f"rule-{n}", device=f"d{n}", subject=subject)]
        )
        await connected_harness.send()
    assert len(wecom.inboxes.notices_of("wangfang")) == 29, "one less than the provider's limit: its clock is not ours"
    assert wecom.inboxes.dropped == []
    assert len(connected_harness.texts("wang")) == 10, "nine calls and a summary: decision 0091"
    connected_harness.clock.now += 61_000
    await connected_harness.send()
    assert len(wecom.inboxes.notices_of("wangfang")) == 32
    assert wecom.inboxes.dropped == []


async def test_cards_that_are_due_together_do_not_pass_the_limit_together(
    connected_harness: Any, wecom: WeComServer, finding: Any
) -> None:
    """Eight are sent at once; the eighth must count the seven that are still on their way."""
    for n in range(34):
        subject = type(finding().subject)("device", f"d{n}")
        await connected_harness.service.process_findings(
            [finding(id=f"f{n}", rule=f"rule-{n}", device=f"d{n}", subject=subject)]
        )
    await connected_harness.send()
    assert len(wecom.inboxes.notices_of("wangfang")) == 29
    assert wecom.inboxes.dropped == []


async def test_more_messages_than_one_batch_are_all_sent_once(connected_harness: Any, finding: Any) -> None:
    connected_harness.sender._budget = Budget({"sms": PersonLimits()})
    running = asyncio.create_task(connected_harness.sender.run())
    try:
        for n in range(30):
            subject = type(finding().subject)("device", f"d{n}")
            await connected_harness.service.process_findings(
                [finding(id=f"f{n}", rule=f"rule-{n}", device=f"d{n}", subject=subject)]
            )
        await wait_until(lambda: len(connected_harness.texts("wang")) == 30, 20.0)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    assert len(set(connected_harness.texts("wang"))) == 30


async def test_a_failing_database_stops_no_worker(
    connected_harness: Any, wecom: WeComServer, finding: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alerts.delivery.sender.MAX_SLEEP_S", 0.02)
    transact, broken = connected_harness.sender._transact, 3

    async def fail_at_first(work: Callable[[Any], Any], *, urgent: bool = False) -> Any:
        nonlocal broken
        if broken:
            broken -= 1
            raise OSError("disk full")
        return await transact(work, urgent=urgent)

    await connected_harness.service.process_findings([finding()])
    connected_harness.sender._transact = fail_at_first
    running = asyncio.create_task(connected_harness.sender.run())
    try:
        await wait_until(lambda: len(wecom.inboxes.notices_of("wangfang")) == 1)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def wait_until(condition: Callable[[], bool], seconds: float = LONG_TIMEOUT_S) -> None:
    """A bounded wait on a condition of a real server."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


async def test_acceptance_by_a_provider_is_reported_with_its_time(
    connected_harness: Any, wecom: WeComServer, finding: Any
) -> None:
    accepted: list[tuple[str, str, int]] = []
    connected_harness.sender._on_accepted = lambda row, at: accepted.append(
        (row.channel, row.kind.value, at - row.created_at)
    )
    await connected_harness.service.process_findings([finding()])
    connected_harness.clock.now += 3_000
    wecom.faults.schedule(Fault(FaultKind.REJECT, code="81013"))
    await connected_harness.send()
    assert accepted == [("sms", "alert", 3_000)]


async def test_what_a_machine_may_not_send_at_the_moment_is_due_again_at_once(harness: Any, finding: Any) -> None:
    """The ledger's server was slow: the lease was renewed a moment too late, and the call waited for 13 seconds."""
    valid = False
    harness.sender = OutboxSender(
        harness.sender._transact, harness.channels, harness.service.outcomes, harness.clock, may_send=lambda: valid
    )
    await harness.service.process_findings([finding()])
    await harness.send()
    assert harness.texts("wang") == []
    assert [(row.state, row.attempts) for row in harness.deliveries()] == [(DeliveryState.PENDING, 0)]
    valid = True
    harness.clock.now += 500
    await harness.send()
    assert len(harness.texts("wang")) == 1
    assert harness.deliveries()[0].attempts == 1


async def test_a_message_whose_reply_was_lost_is_given_back_only_when_the_provider_never_had_it(
    harness: Any, finding: Any
) -> None:
    harness.sms_server.faults.schedule(Fault(FaultKind.SILENT, accepted=True))
    await harness.service.process_findings([finding()])
    await harness.send()
    harness.sender = OutboxSender(
        harness.sender._transact, harness.channels, harness.service.outcomes, harness.clock, may_send=lambda: False
    )
    harness.clock.now += 6_000
    await harness.send()
    assert len(harness.texts("wang")) == 1
    assert harness.deliveries()[0].state in (DeliveryState.ACCEPTED, DeliveryState.DELIVERED)
