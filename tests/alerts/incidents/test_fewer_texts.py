"""A night with many dangers: each text on a phone changes what somebody does; no more than ten come in ten minutes."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.alert import Actor, ResponseSource, State
from alerts.handling.finding_status import FindingStatus
from alerts.message import MessageKind
from domain import MINUTE, Severity, Subject
from tests.alerts.conftest import AlertHarness

WANG = Actor("wang", "王芳", ResponseSource.SCREEN)
LI = Actor("li", "李强", ResponseSource.SCREEN)
WANG_PHONE, DEPUTY_PHONE = "19900000001", "19900000002"


def danger(harness: AlertHarness, finding: Any, number: int, **changes: Any) -> Any:
    """A danger of its own each time: another rule, another device."""
    now, device = harness.clock.now, f"d{number}"
    own = {
        "id": f"rule-{number}@1/{device}/{now}", "rule": f"rule-{number}", "hazard": "street", "title": f"险情{number}",
        "device": device, "subject": Subject("device", device), "place": ("402", "403", "404", "405")[number % 4],
        "begin": now, "at": now, "now": now,
    }  # fmt: skip
    return finding(**{**own, **changes})


async def call(harness: AlertHarness, finding: Any, numbers: range) -> None:
    for number in numbers:
        await harness.service.process_findings([danger(harness, finding, number)])
    await harness.send()


def texts_with(harness: AlertHarness, person: str, words: str) -> list[str]:
    return [text for text in harness.texts(person) if words in text]


async def test_of_a_tenth_critical_danger_the_next_person_is_called_at_once(
    harness: AlertHarness, finding: Any
) -> None:
    """Nobody is at ten dangers. His phone has all of them, the tenth and the eleventh in one text."""
    await call(harness, finding, range(11))
    assert len(texts_with(harness, "wang", "紧急：险情")) == 9
    (summary,) = texts_with(harness, "wang", "待接警")
    assert "您有2条待接警，最急：险情10" in summary
    assert [len(texts_with(harness, "deputy", f"险情{number}，")) for number in (8, 9, 10)] == [0, 1, 1]
    assert await harness.service.unnotified(harness.clock.now) == []


async def test_who_may_stand_down_from_several_doors_reads_it_in_one_text(harness: AlertHarness, finding: Any) -> None:
    await call(harness, finding, range(4))
    for number in (1, 2, 3, 4):
        await harness.service.perform(number, "acknowledge", LI)
        await harness.send()
    assert len(texts_with(harness, "wang", "已由李强接警")) == 1
    await harness.advance_time(120)
    assert texts_with(harness, "wang", "已有人接警") == [
        "【枫树社区】以下3处已有人接警，您不用再去：枫林苑3栋2单元403、404、405。"
    ]
    rows = [row for row in harness.deliveries(4) if row.kind is MessageKind.ACKNOWLEDGED and row.person == "wang"]
    assert {row.code for row in rows if row.channel == "sms"} == {"combined"}


async def test_the_text_that_it_is_dealt_with_replaces_the_waiting_one_about_the_owner(
    harness: AlertHarness, finding: Any
) -> None:
    await call(harness, finding, range(2))
    await harness.advance_time(5)
    for number in (1, 2):
        await harness.service.perform(number, "arrive", LI)
        await harness.send()
    await harness.service.perform(2, "resolve", LI, disposition="real")
    await harness.advance_time(300)
    (read,) = texts_with(harness, "wang", "险情1，")[1:]
    assert read.startswith("【枫树社区】已处置：险情1，")


async def test_a_waiting_text_about_the_owner_is_dropped_when_the_owner_declines(
    harness: AlertHarness, finding: Any
) -> None:
    """Nobody may read that a danger is in good hands which it is not."""
    await call(harness, finding, range(2))
    for number in (1, 2):
        await harness.service.perform(number, "acknowledge", LI)
        await harness.send()
    await harness.service.perform(2, "pass", LI)
    await harness.advance_time(120)
    assert texts_with(harness, "wang", "已由李强接警：险情1") == []
    assert texts_with(harness, "wang", "已有人接警") == []


async def test_a_reply_that_crossed_the_news_is_not_answered_with_the_same_news(
    harness: AlertHarness, finding: Any
) -> None:
    await call(harness, finding, range(1))
    await harness.advance_time(5)
    await harness.service.perform(1, "acknowledge", LI)
    await harness.send()
    await harness.service.receive_text(WANG_PHONE, "11", harness.clock.now)
    await harness.advance_time(60)
    assert len(texts_with(harness, "wang", "已由李强")) == 1
    assert any("11" in line for line in harness.timeline())


async def test_who_takes_three_at_once_gets_the_codes_of_the_later_ones_in_one_text(
    harness: AlertHarness, finding: Any
) -> None:
    await call(harness, finding, range(3))
    for code in ("11", "21", "31"):
        await harness.service.receive_text(WANG_PHONE, code, harness.clock.now)
        await harness.send()
    await harness.advance_time(60)
    (first,), (others,) = (texts_with(harness, "wang", words) for words in ("已由王芳接警", "您已接警"))
    assert first.endswith("到场回复13，处置完回复：真实15，误报16，其他14。")
    assert others == (
        "【枫树社区】您已接警2处：枫林苑3栋2单元403、404。到场逐处回复23、33，处置完末位3改4，真实改5，误报改6。"
    )
    await harness.service.receive_text(WANG_PHONE, "33", harness.clock.now)
    assert harness.alert(3).state is State.ON_SITE
    await harness.service.receive_text(WANG_PHONE, "36", harness.clock.now)
    assert (harness.alert(3).state, harness.alert(3).disposition) == (State.RESOLVED, "false_alarm")


async def test_at_night_no_person_is_asked_to_verify_what_is_over(harness: AlertHarness, finding: Any) -> None:
    await harness.advance_time(8 * 3600)  # 22:05
    await call(harness, finding, range(2))
    harness.service.due_alerts.status_of = lambda *_: FindingStatus.OVER
    for number in (1, 2):
        await harness.service.perform(number, "arrive", WANG)
        await harness.service.perform(number, "resolve", WANG, disposition="real")
    await harness.advance_time(8 * 3600)
    assert texts_with(harness, "li", "请核查") == []
    await harness.advance_time(3600)  # 07:05
    (asked,) = texts_with(harness, "li", "请核查")
    assert asked.startswith("【枫树社区】请核查2处：")


async def test_a_worker_on_site_is_reminded_once_that_it_still_fires(harness: AlertHarness, finding: Any) -> None:
    """He stands before it. When he does not report it as dealt with, his deadline reminds him, and the supervisors."""
    await call(harness, finding, range(1))
    harness.service.due_alerts.status_of = lambda *_: FindingStatus.ACTIVE
    await harness.service.perform(1, "arrive", WANG)
    await harness.advance_time(115 * 60)
    assert len(texts_with(harness, "wang", "仍在报警")) == 1
    assert len(texts_with(harness, "zhou", "仍在报警")) == 1


async def test_a_person_called_hours_ago_is_not_notified_of_the_present_owner(
    harness: AlertHarness, finding: Any
) -> None:
    """The night's worker dealt with it and went home; in the morning it goes on, and another takes it."""
    await call(harness, finding, range(1))
    harness.service.due_alerts.status_of = lambda *_: FindingStatus.ACTIVE
    await harness.advance_time(65)
    await harness.service.perform(1, "arrive", LI)
    await harness.advance_time(3600)
    await harness.service.perform(1, "resolve", LI)
    before = len(harness.texts("deputy"))
    while harness.alert().state is State.RESOLVED:
        await harness.advance_time(60)
    await harness.service.perform(1, "acknowledge", WANG)
    await harness.advance_time(300)
    assert len(harness.texts("deputy")) == before


@pytest.mark.parametrize(("severity", "separate"), [(Severity.CRITICAL, 5), (Severity.HIGH, 3), (Severity.MEDIUM, 1)])
async def test_manholes_of_one_street_are_called_singly_until_there_are_many(
    harness: AlertHarness, finding: Any, severity: Severity, separate: int
) -> None:
    for number in range(1, separate + 3):
        about = {"rule": "manhole-flooded", "hazard": "manhole", "title": "井水满溢", "place": "yuan"}
        await harness.service.process_findings(
            [danger(harness, finding, number, severity=severity, **about, id=f"manhole-flooded@1/d{number}/1")]
        )
        await harness.advance_time(5)
    calls = [text for text in harness.texts("wang") if "又报" not in text and "井水满溢" in text]
    assert len(calls) >= separate
    await harness.advance_time(2 * MINUTE // 1000)
    opened = [number for number in range(1, separate + 3) if _exists(harness, number)]
    assert len(opened) == separate
    spread = texts_with(harness, "li", "险情扩大") + texts_with(harness, "chen", "险情扩大")
    assert bool(spread) == (severity is not Severity.MEDIUM)


async def test_manholes_that_rise_behind_a_flood_front_join_its_alert(harness: AlertHarness, finding: Any) -> None:
    about = {"hazard": "manhole", "place": "yuan"}
    front = {"rule": "manhole-flood-front", "title": "沿线水位上涨", "severity": Severity.HIGH}
    await harness.service.process_findings(
        [danger(harness, finding, 1, **about, **front, id="manhole-flood-front@1/l/1")]
    )
    await harness.advance_time(10)
    await harness.service.perform(1, "acknowledge", WANG)
    await harness.service.perform(1, "arrive", WANG)
    rising = {"rule": "manhole-rising", "title": "井水快速上涨", "severity": Severity.MEDIUM}
    for number in range(2, 7):
        found = danger(harness, finding, number, **about, **rising, id=f"manhole-rising@1/d{number}/1")
        await harness.service.process_findings([found])
        await harness.advance_time(10 * MINUTE // 1000)
    assert not _exists(harness, 2)
    texts = [text for text in harness.texts("wang") if "井水快速上涨" in text]
    assert len(texts) == 2, "the first, and after half an hour what rose meanwhile"
    assert all("又报" in text for text in texts), texts


def _exists(harness: AlertHarness, number: int) -> bool:
    try:
        return harness.alert(number) is not None
    except AssertionError:
        return False
