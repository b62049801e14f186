"""The whole way there and back: workers running, providers calling back over real HTTP on the loopback."""

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
from alerts.channels.wecom import WeCom, WeComSettings
from simulators.providers.faults import Fault, FaultKind
from simulators.providers.local_server import LoopbackServer
from simulators.providers.wecom.server import WeComServer

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
async def connected(town: Any, wecom: WeComServer) -> AsyncIterator[Any]:
    """The town with both channels, and a door that both vendors call."""
    settings = WeComSettings(CORP, 1000002, "s3cret", TOKEN, AES_KEY, base_url=wecom.url)
    town.channels["wecom"] = WeCom(town.client, settings, town.clock)
    town.end()
    town.begin()

    async def door(request: Request) -> Response:
        channel = town.channels[request.path_params["name"]]
        body = await request.body()
        got = channel.receive(dict(request.headers), dict(request.query_params), body, town.clock())
        await town.service.receive(got.events, channel.name)
        return Response(got.body, got.status, media_type=got.content_type)

    async with LoopbackServer(Starlette(routes=[Route("/{name}", door, methods=["GET", "POST"])])) as host:
        town.vendor.callback_url = f"{host.url}/sms"
        wecom.callback_url = f"{host.url}/wecom"
        yield town


async def test_the_callback_address_passes_the_vendors_check(connected: Any, wecom: WeComServer) -> None:
    await wecom.verify_callback()


async def test_a_card_and_a_text_go_out_together_and_the_receipt_comes_back(
    connected: Any, wecom: WeComServer, finding: Any
) -> None:
    await connected.service.process_findings([finding()])
    await connected.send()
    card = wecom.inboxes.notices_of("wangfang")[0]
    assert card.buttons == {"ack:1": "我去处理", "pass:1": "无法到场"}
    assert "紧急 · 燃气泄漏" in card.text
    assert "枫林苑3栋2单元402" in card.text
    assert {(row.channel, row.state.value) for row in connected.deliveries()} == {
        ("sms", "delivered"),
        ("wecom", "accepted"),
    }
    assert "短信已送达 王芳（网格员）" in connected.story()


async def test_a_button_takes_it_and_every_card_says_who(connected: Any, wecom: WeComServer, finding: Any) -> None:
    await connected.service.process_findings([finding()])
    await connected.send()
    await connected.pass_time(60)
    pressed = await wecom.press("liqiang", "ack:1")
    assert pressed.replaced == "已收到"
    await connected.send()
    assert (connected.alert().state, connected.alert().owner) == (State.ACKNOWLEDGED, "li")
    assert wecom.inboxes.notices_of("wangfang")[0].replaced == "已由李强接警"
    assert wecom.inboxes.notices_of("liqiang")[0].replaced == "已由李强接警"
    assert wecom.inboxes.notices_of("liqiang")[1].buttons == {"arrive:1": "我已到场", "resolve:1": "处置完毕"}
    assert "已由李强接警" in connected.texts("wang")[-1]
    assert "李强接警（企业微信）" in connected.story()
    assert "已把到场和处置按钮用企业微信发给 李强（网格长）" in connected.story()
    await wecom.press("liqiang", "arrive:1", times=3)
    assert connected.alert().state is State.ON_SITE
    await connected.send()
    assert wecom.inboxes.notices_of("liqiang")[2].buttons == {"resolve:1": "处置完毕"}
    await wecom.press("liqiang", "resolve:1")
    await connected.send()
    assert connected.alert().state is State.RESOLVED
    assert "李强处置完毕（企业微信）" in connected.story()


async def test_a_button_pressed_too_late_says_why_and_does_nothing(
    connected: Any, wecom: WeComServer, finding: Any
) -> None:
    await connected.service.process_findings([finding()])
    await connected.send()
    await connected.service.perform("1", "acknowledge", Actor("li", "李强", ResponseSource.SCREEN))
    refused = await connected.service.receive_press("wangfang", "ack:1", connected.clock.now)
    assert (refused.done, refused.message) == (False, "已由李强14:05接警。")
    for userid, key in (("stranger", "ack:1"), ("wangfang", "ack:9"), ("wangfang", "ack:x"), ("wangfang", "burn:1")):
        assert not (await connected.service.receive_press(userid, key, connected.clock.now)).done


async def test_a_reply_comes_back_through_the_vendor(connected: Any, finding: Any) -> None:
    await connected.service.process_findings([finding()])
    await connected.send()
    await connected.vendor.reply("19900000001", "11")
    assert connected.alert().owner == "wang"
    assert "王芳接警（短信）" in connected.story()


async def test_a_member_without_a_licence_still_gets_the_text(connected: Any, wecom: WeComServer, finding: Any) -> None:
    wecom.unlicensed.add("wangfang")
    await connected.service.process_findings([finding()])
    await connected.send()
    assert "企业微信发给 王芳（网格员）失败：号码或账号无效" in connected.story()
    assert len(connected.texts("wang")) == 1
    assert connected.alert().rung == 0, "the text is on its way: nobody else need be woken yet"


async def test_a_card_whose_answer_was_lost_is_sent_again_and_seen_once(
    connected: Any, wecom: WeComServer, finding: Any
) -> None:
    wecom.faults.schedule(Fault(FaultKind.SILENT, accepted=True))
    await connected.service.process_findings([finding()])
    await connected.send()
    connected.clock.now += 6_000
    await connected.send()
    assert len(wecom.inboxes.notices_of("wangfang")) == 1
    card = next(row for row in connected.deliveries() if row.channel == "wecom")
    assert (card.state, card.handle is not None) == ("accepted", True)


async def test_news_for_a_card_still_under_way_waits_for_it(connected: Any, wecom: WeComServer, finding: Any) -> None:
    wecom.faults.schedule(Fault(FaultKind.SILENT, accepted=True))
    await connected.service.process_findings([finding()])
    await connected.send()
    await connected.service.perform("1", "acknowledge", Actor("li", "李强", ResponseSource.SCREEN))
    await connected.send()
    assert wecom.inboxes.notices_of("wangfang")[0].replaced is None
    for _ in range(4):
        connected.clock.now += 2_000
        await connected.send()
    assert wecom.inboxes.notices_of("wangfang")[0].replaced == "已由李强接警"


async def test_news_for_a_card_that_never_went_out_is_not_sent(
    connected: Any, wecom: WeComServer, finding: Any
) -> None:
    wecom.faults.schedule(Fault(FaultKind.HTTP, status=502, accepted=False))
    await connected.service.process_findings([finding()])
    await connected.send()
    await connected.service.perform("1", "acknowledge", Actor("li", "李强", ResponseSource.SCREEN))
    wecom.members.discard("wangfang")
    wecom.spoil_tokens()
    for _ in range(5):
        connected.clock.now += 6_000
        await connected.send()
    assert "企业微信未发给 王芳（网格员）：原卡片已不能更新" in connected.story()


async def test_a_medium_danger_is_a_card_and_a_text_only_where_that_fails(
    connected: Any, wecom: WeComServer, finding: Any
) -> None:
    from domain import Severity

    await connected.service.process_findings([finding(severity=Severity.MEDIUM)])
    await connected.send()
    assert connected.texts("wang") == []
    wecom.faults.schedule(Fault(FaultKind.REJECT, code="81013"))
    await connected.pass_time(1_800)
    assert len(connected.texts("li")) == 1, "his card failed: the text takes its place"


async def test_the_daily_digest_is_a_plain_text_of_the_application(
    connected: Any, wecom: WeComServer, finding: Any
) -> None:
    from domain import Ledger, Person, Severity

    fix = Person("fix", "吴师傅", phone="19900000007", wecom="liqiang")
    people = {**connected.people.people, "fix": fix}
    connected.people = structs.replace(connected.people, people=people)
    await connected.service.process_findings(
        [finding(ledger=Ledger.HEALTH, severity=Severity.LOW, title="电量低", rule="x")]
    )
    await connected.send()
    assert await connected.service.send_digest(connected.clock.now) == 1
    await connected.send()
    assert "设备日报：待检修1项" in wecom.inboxes.notices_of("liqiang")[0].text


async def test_the_workers_send_at_once_and_a_stuck_vendor_blocks_only_itself(
    connected: Any, wecom: WeComServer, finding: Any
) -> None:
    connected.vendor.faults.schedule(Fault(FaultKind.SILENT, accepted=True))
    running = asyncio.create_task(connected.sender.run())
    try:
        await connected.service.process_findings([finding()])
        await within(lambda: len(wecom.inboxes.notices_of("wangfang")) == 1)
        await within(lambda: all(row.state != "sending" for row in connected.deliveries()))
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_cards_the_vendor_would_drop_without_a_word_wait_for_the_next_minute(
    connected: Any, wecom: WeComServer, finding: Any
) -> None:
    for n in range(32):
        subject = type(finding().subject)("device", f"d{n}")
        await connected.service.process_findings([finding(id=f"f{n}", device=f"d{n}", subject=subject)])
        await connected.send()
    assert len(wecom.inboxes.notices_of("wangfang")) == 30
    assert wecom.inboxes.dropped == []
    assert len(connected.texts("wang")) == 32
    connected.clock.now += 61_000
    await connected.send()
    assert len(wecom.inboxes.notices_of("wangfang")) == 32
    assert wecom.inboxes.dropped == []


async def test_more_messages_than_fit_at_once_all_go_out_once(connected: Any, finding: Any) -> None:
    running = asyncio.create_task(connected.sender.run())
    try:
        for n in range(30):
            subject = type(finding().subject)("device", f"d{n}")
            await connected.service.process_findings([finding(id=f"f{n}", device=f"d{n}", subject=subject)])
        await within(lambda: len(connected.texts("wang")) == 30, 20.0)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    assert len(set(connected.texts("wang"))) == 30


async def test_a_ledger_that_cannot_write_stops_no_worker(
    connected: Any, wecom: WeComServer, finding: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alerts.delivery.sender.MAX_SLEEP_S", 0.02)
    transact, broken = connected.sender._transact, 3

    async def sometimes(work: Callable[[Any], Any]) -> Any:
        nonlocal broken
        if broken:
            broken -= 1
            raise OSError("disk full")
        return await transact(work)

    await connected.service.process_findings([finding()])
    connected.sender._transact = sometimes
    running = asyncio.create_task(connected.sender.run())
    try:
        await within(lambda: len(wecom.inboxes.notices_of("wangfang")) == 1)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def within(holds: Callable[[], bool], seconds: float = 5.0) -> None:
    """A bounded wait on a condition of a real server."""
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.01)


async def test_acceptance_by_a_provider_is_reported_with_its_time(
    connected: Any, wecom: WeComServer, finding: Any
) -> None:
    accepted: list[tuple[str, str, int]] = []
    connected.sender._on_accepted = lambda row, at: accepted.append((row.channel, row.kind.value, at - row.created_at))
    await connected.service.process_findings([finding()])
    connected.clock.now += 3_000
    wecom.faults.schedule(Fault(FaultKind.REJECT, code="81013"))
    await connected.send()
    assert accepted == [("sms", "alert", 3_000)]
