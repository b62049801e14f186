"""One text for what may wait: requests to verify, and what is overdue, of one person and some hours."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from alerts.alert import Actor, ResponseSource, State
from alerts.escalation import verification
from alerts.handling.finding_status import FindingStatus
from alerts.handling.replies import ReplyStatus
from alerts.message import DeliveryState, MessageKind
from domain import HOUR, MINUTE, Finding, FindingPhase, Ledger, Severity, Subject
from tests.alerts.conftest import AlertHarness

WANG = Actor("wang", "王芳", ResponseSource.SCREEN)
DEPUTY = Actor("deputy", "何静", ResponseSource.SCREEN)
LI_PHONE = "19900000003"


async def high_dangers(harness: AlertHarness, finding: Any, *doors: str) -> None:
    """A lesser danger behind each door, called one by one."""
    for door in doors:
        await harness.service.process_findings([danger_at(finding, door)])
        await harness.send()


def danger_at(finding: Any, door: str) -> Finding:
    device = f"gas-{door}"
    found: Finding = finding(
        id=f"gas-alarm@1/{device}/1",
        severity=Severity.HIGH,
        subject=Subject("device", device),
        device=device,
        place=door,
    )
    return found


async def dealt_with(harness: AlertHarness, *alerts: int) -> None:
    harness.service.due_alerts.status_of = lambda *_: FindingStatus.OVER
    for alert in alerts:
        await harness.service.perform(alert, "arrive", WANG)
        await harness.service.perform(alert, "resolve", WANG, disposition="real")
        await harness.advance_time(60)


def texts_with(harness: AlertHarness, person: str, words: str) -> list[str]:
    return [text for text in harness.texts(person) if words in text]


async def test_what_is_to_be_verified_within_an_hour_is_one_text_with_a_code_for_each_door(
    harness: AlertHarness, finding: Any
) -> None:
    await high_dangers(harness, finding, "402", "403", "404")
    await dealt_with(harness, 1, 2, 3)
    assert len(texts_with(harness, "li", "请核查")) == 1
    await harness.advance_time(3600)
    asked = "【枫树社区】请核查2处：枫林苑3栋2单元403、404。无险情逐处回复20、30，有险情末位0改1。"
    assert texts_with(harness, "li", "请核查")[1:] == [asked]
    rows = [row for row in harness.deliveries(3) if row.kind is MessageKind.VERIFY and row.channel == "sms"]
    assert [(row.state, row.code) for row in rows] == [(DeliveryState.SKIPPED, "combined")]
    assert any("合为一条" in line for line in harness.timeline(3))
    verified = await harness.service.receive_text(LI_PHONE, "20", harness.clock.now)
    worse = await harness.service.receive_text(LI_PHONE, "31", harness.clock.now)
    assert (verified.status, harness.alert(2).state) == (ReplyStatus.DONE, State.VERIFIED)
    assert (worse.status, harness.alert(3).state) == (ReplyStatus.DONE, State.OPEN)


async def test_a_text_asks_for_three_doors_at_most_and_the_next_follows(
    harness: AlertHarness, finding: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "MANY_TEXTS", 99)
    await high_dangers(harness, finding, "402", "403", "404")
    await harness.advance_time(11 * 60)
    await high_dangers(harness, finding, "405")
    await harness.advance_time(11 * 60)
    await high_dangers(harness, finding, "u2")
    await dealt_with(harness, 1, 2, 3, 4, 5)
    await harness.advance_time(3600)
    await harness.advance_time(180)
    three, last = texts_with(harness, "li", "请核查")[1:]
    assert "请核查3处：" in three
    assert "请核查：燃气泄漏，" in last


async def test_a_critical_danger_is_verified_half_an_hour_after_the_last_text_at_most(
    harness: AlertHarness, finding: Any
) -> None:
    await high_dangers(harness, finding, "402", "403")
    await dealt_with(harness, 1, 2)
    third = finding(place="404", device="gas-404", subject=Subject("device", "gas-404"))
    await harness.service.process_findings([third])
    await harness.send()
    await dealt_with(harness, 3)
    assert len(texts_with(harness, "li", "请核查")) == 1
    await harness.advance_time(27 * 60)
    asked = texts_with(harness, "li", "请核查")
    assert len(asked) == 2
    assert asked[1].startswith("【枫树社区】请核查2处：枫林苑3栋2单元404、403。")


async def unreported(harness: AlertHarness, finding: Any) -> None:
    """王芳 is at three doors, where all is over, and reports nothing for four hours."""
    await high_dangers(harness, finding, "402", "403", "404")
    for number, door in enumerate(("402", "403", "404"), 1):
        await harness.service.perform(number, "arrive", WANG)
        over = danger_at(finding, door)
        await harness.service.process_findings([structs.replace(over, phase=FindingPhase.ENDED, at=harness.clock.now)])
    await harness.advance_time(4 * 3600)
    await harness.advance_time(600)


async def test_what_is_overdue_after_the_danger_is_one_text_in_four_hours(harness: AlertHarness, finding: Any) -> None:
    await unreported(harness, finding)
    assert len(texts_with(harness, "wang", "未办结，处置完回复")) == 3
    (first,) = texts_with(harness, "sun", "督办")
    assert "枫林苑3栋2单元402，办结超时10分钟。责任人王芳" in first
    await harness.advance_time(4 * 3600)
    assert texts_with(harness, "sun", "督办")[1:] == [
        "【枫树社区】督办：您有3项超时未办结，最急：燃气泄漏，枫林苑3栋2单元403、404、402，责任人王芳。请督促处置，详情见工作台。"
    ]


async def test_a_supervisor_is_not_notified_of_what_was_done_meanwhile(harness: AlertHarness, finding: Any) -> None:
    await unreported(harness, finding)
    for number in (1, 2):
        await harness.service.perform(number, "resolve", WANG, disposition="real")
    await harness.advance_time(4 * 3600 + 300)
    (late,) = texts_with(harness, "sun", "督办")[1:]
    assert "枫林苑3栋2单元404，办结超时4小时" in late


async def test_the_owner_is_reminded_with_a_code_before_others_are_notified(
    harness: AlertHarness, finding: Any
) -> None:
    await harness.service.process_findings([finding()])
    await harness.send()
    await harness.service.perform(1, "arrive", WANG)
    await harness.advance_time(2 * 3600)
    assert harness.texts("wang")[-1] == (
        "【枫树社区】紧急超时：燃气泄漏，枫林苑3栋2单元402。您接警已2小时未办结，处置完回复14。"
    )
    assert [harness.texts(person) for person in ("li", "chen", "sun", "zhou")] == [[], [], [], []]
    assert "已提醒 王芳 报告处置结果" in harness.timeline()


async def test_of_a_repair_the_next_rung_is_notified_when_the_reminder_did_not_help(
    harness: AlertHarness, finding: Any
) -> None:
    fault = finding(rule="gas-fault", ledger=Ledger.HEALTH, severity=Severity.HIGH, title="燃气报警器故障")
    await harness.service.process_findings([fault])
    await harness.send()
    await harness.service.perform(1, "arrive", Actor("fix", "吴师傅", ResponseSource.SCREEN))
    await harness.advance_time(25 * 3600)
    assert {row.person for row in harness.deliveries() if row.kind is MessageKind.OVERDUE} == {"fix"}
    await harness.advance_time(25 * 3600)
    assert {row.person for row in harness.deliveries() if row.kind is MessageKind.OVERDUE} == {"fix", "chen"}


async def test_who_has_read_that_a_colleague_has_it_gets_no_text_when_it_is_dealt_with(
    harness: AlertHarness, finding: Any
) -> None:
    await harness.service.process_findings([finding()])
    await harness.send()
    await harness.advance_time(30)
    await harness.service.perform(1, "acknowledge", DEPUTY)
    await harness.advance_time(60)
    read = harness.texts("wang")
    assert "已由何静接警" in read[-1]
    await harness.service.perform(1, "arrive", DEPUTY)
    await harness.service.perform(1, "resolve", DEPUTY, disposition="real")
    await harness.advance_time(60)
    assert harness.texts("wang") == read


async def test_who_was_called_for_what_another_dealt_with_at_once_may_stand_down(
    harness: AlertHarness, finding: Any
) -> None:
    await harness.service.process_findings([finding()])
    await harness.send()
    await harness.service.perform(1, "arrive", DEPUTY)
    await harness.service.perform(1, "resolve", DEPUTY, disposition="real")
    await harness.advance_time(60)
    assert "已处置：燃气泄漏，枫林苑3栋2单元402" in harness.texts("wang")[-1]


async def test_what_a_person_found_to_be_no_danger_is_called_again_later(harness: AlertHarness, finding: Any) -> None:
    """A meter that goes on reporting no use: after 30 minutes it was called again, all night."""
    pauses = list[int]()
    for severity, disposition in (
        (Severity.HIGH, "real"),
        (Severity.HIGH, "false_alarm"),
        (Severity.CRITICAL, "false_alarm"),
    ):
        number = len(pauses) + 1
        device = f"meter-{number}"
        danger = finding(
            id=f"x@1/{device}/1", severity=severity, device=device, subject=Subject("device", device), hazard="water",
            rule="water-no-use", place=str(401 + number),
        )  # fmt: skip
        await harness.service.process_findings([danger])
        await harness.send()
        harness.service.due_alerts.status_of = lambda *_: FindingStatus.ACTIVE
        await harness.service.perform(number, "arrive", WANG)
        await harness.service.perform(number, "resolve", WANG, disposition=disposition)
        since = harness.clock.now
        while harness.alert(number).state is State.RESOLVED:
            await harness.advance_time(300)
        pauses.append((harness.clock.now - since) // MINUTE)
    assert pauses == [30, 120, 10]
    assert pauses[1] * MINUTE < 24 * HOUR
