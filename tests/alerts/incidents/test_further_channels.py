"""Incidents on channels beside SMS: dropped cards, greylisting, blocked followers, forged callbacks, dead addresses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from alerts.alert import State
from alerts.escalation.verification import Verification
from alerts.message import DeliveryState
from domain import Duty, Person, Severity, Subject
from simulators.providers.faults import Fault, FaultKind
from simulators.providers.wecom.inbox import Notice
from tests.alerts.incidents.channel_providers import MAILBOX, ChannelProviders, channel_providers
from tests.alerts.incidents.scene_builders import add_people


@pytest.fixture
async def providers(harness: Any, tmp_path: Path) -> AsyncIterator[ChannelProviders]:
    async with channel_providers(harness, tmp_path) as running:
        yield running


def worker_rung(*channels: str, fallback: tuple[str, ...] = (), wait: str = "1m") -> dict[str, Any]:
    return {"role": "worker", "channels": list(channels), "fallback": list(fallback), "wait": wait}


LEAD = {"role": "lead", "channels": ["sms"], "wait": "10m"}


async def begin(providers: ChannelProviders, finding: Any, severity: Severity = Severity.CRITICAL) -> None:
    await providers.harness.service.process_findings([finding(severity=severity)])
    await providers.harness.send()


async def test_a_card_that_wecom_dropped_silently_is_followed_by_a_text(providers: Any, finding: Any) -> None:
    """The provider answered errcode 0; the member's screen shows nothing."""
    harness = providers.harness
    for number in range(30):
        await providers.wecom.inboxes.put(
            Notice("wangfang", f"m{number}", "text", {"content": "日报"}, harness.clock())
        )
    await begin(providers, finding, Severity.MEDIUM)
    assert len(providers.wecom.inboxes.dropped) == 1
    assert [row.state for row in harness.deliveries()] == [DeliveryState.ACCEPTED]
    assert harness.texts("wang") == []

    await harness.advance_time(15 * 60)

    assert "燃气泄漏" in harness.texts("wang")[0]
    assert harness.alert().state is State.OPEN


async def test_a_person_who_answered_on_wecom_gets_no_further_text(providers: Any, finding: Any, actor: Any) -> None:
    harness = providers.harness
    await begin(providers, finding, Severity.MEDIUM)
    await harness.service.perform(1, "pass", actor("wang"))
    await harness.advance_time(15 * 60)
    assert harness.texts("wang") == []


async def test_a_token_ended_early_delays_no_card(providers: Any, finding: Any) -> None:
    await begin(providers, finding, Severity.MEDIUM)
    providers.wecom.spoil_tokens()
    harness = providers.harness
    later = {"id": "gas-alarm@1/gas-2/1", "device": "gas-2", "subject": Subject("device", "gas-2"), "place": "403"}
    await harness.service.process_findings([finding(severity=Severity.MEDIUM, **later)])
    await harness.send()
    assert len(providers.wecom.inboxes.notices_of("wangfang")) == 2
    assert not any("失败" in line or "暂未成功" in line for line in harness.timeline(2))


async def test_when_every_channel_of_a_person_fails_the_next_person_is_called(providers: Any, finding: Any) -> None:
    """The follower left, the mailbox does not exist, the webhook is gone: no wait of a minute for each."""
    providers.use_rungs("critical", worker_rung("wechat", "email", fallback=("webhook", "sms")), LEAD)
    providers.set_addresses(wechat="o-left", email="ghost@fengshu.example", webhook=providers.webhook.url, phone="")
    providers.webhook.faults.schedule(Fault(FaultKind.HTTP, status=410))
    harness = providers.harness
    await begin(providers, finding)
    assert "燃气泄漏" in harness.texts("deputy")[0], "her deputy has a phone"
    failed = {row.channel: row.code for row in harness.deliveries() if row.state is DeliveryState.FAILED}
    assert failed == {"wechat": "43004", "email": "550", "webhook": "410"}
    assert harness.clock.now - harness.alert().opened_at == 0


async def test_a_mail_that_was_greylisted_arrives_once(providers: Any, finding: Any) -> None:
    providers.use_rungs("critical", worker_rung("email", fallback=("sms",), wait="30m"), LEAD)
    providers.smtp.greylists = True
    harness = providers.harness
    await begin(providers, finding)
    assert providers.smtp.mails == []
    assert "燃气泄漏" in harness.texts("wang")[0], "the fallback does not wait for the mail server"
    for _ in range(5):
        await providers.wait_and_send(90)
    (mail,) = providers.smtp.mails_of(MAILBOX)
    assert mail["Subject"].startswith("紧急：燃气泄漏，14:05，枫林苑3栋2单元402")
    assert "邮件已发给 王芳（网格员）" in harness.timeline()


async def test_a_follower_who_blocked_the_account_is_called_by_the_next_channel(providers: Any, finding: Any) -> None:
    providers.use_rungs("critical", worker_rung("wechat", fallback=("sms",)), LEAD)
    providers.wechat.blocked.add("o-wang")
    harness = providers.harness
    await begin(providers, finding)
    assert harness.texts("wang") == []
    event = providers.wechat.finish_event(providers.wechat._unreported[0])
    body, query = providers.wechat.sealed(event)
    answer = harness.channels["wechat"].receive({}, query, body, harness.clock())
    await harness.service.receive(answer.events, "wechat")
    await harness.send()
    assert "燃气泄漏" in harness.texts("wang")[0]


async def test_a_forged_callback_changes_nothing(providers: Any, finding: Any) -> None:
    harness = providers.harness
    await begin(providers, finding)
    press = providers.wecom.callback.click_event("wangfang", "ack:1", "t", "code")
    forged = (
        ("wecom", press.encode(), {}),
        ("wecom", press.encode(), {"msg_signature": "0" * 40, "timestamp": str(harness.clock() // 1000), "nonce": "1"}),
        ("wechat", b"<xml><Event>TEMPLATESENDJOBFINISH</Event><MsgID>1</MsgID><Status>success</Status></xml>", {}),
        ("email", b"{}", {}),
        ("webhook", b"{}", {}),
        ("wecom_robot", b"{}", {}),
    )
    for channel, body, query in forged:
        answer = harness.channels[channel].receive({}, query, body, harness.clock())
        assert (answer.status in (403, 404), answer.events) == (True, ())
    assert harness.alert().state is State.OPEN


async def test_each_channel_shows_who_acknowledged_and_that_it_was_resolved(
    providers: Any, finding: Any, actor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # His deputy had no message yet and would be asked to verify.
    monkeypatch.setattr(Verification, "_load", lambda *_: (True, 0))
    channels = ("wecom", "wecom_robot", "wechat", "email", "webhook")
    providers.use_rungs("critical", worker_rung(*channels), LEAD)
    harness = providers.harness
    await begin(providers, finding)
    await harness.service.perform(1, "acknowledge", actor("li"))
    await harness.send()
    await harness.service.perform(1, "arrive", actor("li"))
    await harness.service.perform(1, "resolve", actor("li"))
    await harness.send()

    card, text, question = providers.wecom.inboxes.notices_of("wangfang")
    assert (card.replaced, text.kind) == ("已由李强接警", "text")
    assert text.text.startswith("已处置：燃气泄漏，枫林苑3栋2单元402")
    assert "核查无险情" in question.text
    mails = providers.smtp.mails_of(MAILBOX)
    beginnings = ["紧急：燃气泄漏", "已由李强接警：", "已处置：燃气泄", "请核查：燃气泄"]
    assert [mail["Subject"][:7] for mail in mails] == beginnings
    assert {mail["References"] for mail in mails} == {"<alert-1@fengshu.example>"}
    states = [message.values["phrase4"] for message in providers.wechat.messages]
    assert states == ["待接警", "已接警", "已处置", "待核查"]
    kinds = [one.event["type"].rpartition(".")[2] for one in providers.webhook.events]
    assert kinds[:2] == ["alert", "taken"]
    assert sorted(kinds[2:]) == ["clear", "verify"], "both are of one moment and sent side by side"
    group = providers.robot.messages_of("key-of-grid")
    assert ["燃气泄漏" in text for text in group] == [True] * 4
    assert "已由李强接警" in group[1]


async def test_a_storm_in_a_group_becomes_a_summary_and_no_refusal(providers: Any, finding: Any) -> None:
    providers.use_rungs("high", worker_rung("wecom_robot", wait="30m"), LEAD)
    harness = providers.harness
    for number in range(30):
        one = finding(
            id=f"r{number}@1/d{number}/1",
            rule=f"r{number}",
            hazard=f"h{number}",
            device=f"d{number}",
            place="403",
            severity=Severity.HIGH,
            now=harness.clock.now,
        )
        await harness.service.process_findings([one])
        await harness.send()
    shown = providers.robot.messages_of("key-of-grid")
    assert len(shown) == 9
    assert "条待接警" in shown[-1]
    assert all(row.code != "45009" for number in range(1, 31) for row in harness.deliveries(number))


async def test_a_group_is_informed_beside_the_worker_and_its_silence_stops_nothing(
    providers: Any, finding: Any
) -> None:
    """One robot for a grid: a person of its own, on a duty whose role the rung informs."""
    harness = providers.harness
    recipients = [
        {"role": "worker", "channels": ["sms"]},
        {"role": "patrol", "channels": ["wecom_robot"], "responsibility": "inform"},
    ]
    providers.use_rungs("critical", {"wait": "1m", "recipients": recipients}, LEAD)
    group = Person("group", "第一网格群", addresses={"wecom_robot": "grid"})
    add_people(harness, [group], [Duty("20", "grid", "patrol", "group")])
    await begin(providers, finding)
    assert len(harness.texts("wang")) == 1
    (shown,) = providers.robot.messages_of("key-of-grid")
    assert "燃气泄漏" in shown
    await harness.advance_time(60)
    assert "燃气泄漏" in harness.texts("li")[0], "the lead is called as if there were no group"
    assert harness.alert().state is State.OPEN
