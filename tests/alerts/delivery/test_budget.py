"""One phone in ten minutes: ten texts, and what matters less leaves room for calls of critical dangers."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from alerts.alert import Actor, ResponseSource
from alerts.channel_specs import OverLimit
from alerts.delivery.budget import Budget, Rank, rank_of
from alerts.message import DeliveryState, MessageKind
from alerts.ports import Transaction
from domain import MINUTE, Severity, Subject
from tests.alerts.conftest import AlertHarness
from tests.alerts.incidents.test_assist_and_inform import COMMUNITY, WORKER, rung, set_ladder

WANG = Actor("wang", "王芳", ResponseSource.SCREEN)
LI = Actor("li", "李强", ResponseSource.SCREEN)


def danger(harness: AlertHarness, finding: Any, number: int, severity: Severity = Severity.CRITICAL) -> Any:
    """A danger of its own each time: another rule, another device."""
    now, device = harness.clock.now, f"d{number}"
    subject = Subject("device", device)
    place = ("402", "403", "404", "405")[number % 4]
    return finding(
        id=f"rule-{number}@1/{device}/{now}",
        rule=f"rule-{number}",
        hazard="street",
        title=f"险情{number}",
        severity=severity,
        device=device,
        subject=subject,
        place=place,
        begin=now,
        at=now,
        now=now,
    )


async def call(harness: AlertHarness, finding: Any, numbers: range, severity: Severity = Severity.CRITICAL) -> None:
    for number in numbers:
        await harness.service.process_findings([danger(harness, finding, number, severity)])
    await harness.send()


@pytest.mark.parametrize(
    ("kind", "critical", "rank"),
    [
        (MessageKind.ALERT, True, Rank.VITAL),
        (MessageKind.ADDED, True, Rank.SUMMARY),
        (MessageKind.SUMMARY, False, Rank.SUMMARY),
        (MessageKind.ASSIST, True, Rank.VITAL),
        (MessageKind.ASSIST, False, Rank.OWN_CASE),
        (MessageKind.ALERT, False, Rank.CALL),
        (MessageKind.OWNED, True, Rank.OWN_CASE),
        (MessageKind.VERIFY, True, Rank.OWN_CASE),
        (MessageKind.REALARM, True, Rank.OWN_CASE),
        (MessageKind.ACKNOWLEDGED, True, Rank.OWN_CASE),
        (MessageKind.RESOLVED, True, Rank.NEWS),
        (MessageKind.SUPERVISE, True, Rank.NEWS),
    ],
)
def test_what_may_fill_the_phone(kind: MessageKind, critical: bool, rank: Rank) -> None:
    assert rank_of(kind, critical) is rank
    limits = Budget().together("sms", kind, critical)
    assert limits == ((10 * MINUTE, 10 - rank),)


def test_what_is_needed_for_a_case_waits_and_the_rest_is_summarised() -> None:
    budget = Budget()
    assert budget.over_together("sms", MessageKind.OWNED) is OverLimit.WAIT
    assert budget.over_together("sms", MessageKind.ACKNOWLEDGED) is OverLimit.WAIT
    assert budget.over_together("sms", MessageKind.RESOLVED) is OverLimit.SUMMARY
    assert budget.over_together("sms", MessageKind.ALERT) is OverLimit.SUMMARY
    assert budget.over_together("sms", MessageKind.ALERT, critical=True) is OverLimit.NEXT_PERSON
    assert budget.over_together("sms", MessageKind.ADDED, critical=True) is OverLimit.WAIT
    assert budget.over_together("sms", MessageKind.SUMMARY) is OverLimit.WAIT
    assert rank_of(MessageKind.SUMMARY, critical=False, variant="news") is Rank.NEWS
    assert budget.together("wecom", MessageKind.ACKNOWLEDGED, critical=False) == ()


async def test_lesser_calls_leave_room_for_critical_ones_and_become_a_summary(
    harness: AlertHarness, finding: Any
) -> None:
    await call(harness, finding, range(8))
    await call(harness, finding, range(8, 11), Severity.HIGH)
    assert harness.texts("wang")[8:] == [
        "【枫树社区】告警集中：您有3条待接警，最急：险情10，枫林苑3栋2单元404。回复131接警，132无法到场，其余见工作台。"
    ]
    await call(harness, finding, range(11, 12))
    assert "紧急：险情11" not in harness.texts("wang")[-1], "the ninth text was the summary"
    assert "险情11" in harness.texts("deputy")[-1]
    assert await harness.service.unnotified(harness.clock.now) == []


async def test_who_is_asked_to_assist_in_a_critical_danger_is_asked_whatever_came_before(
    harness: AlertHarness, finding: Any
) -> None:
    set_ladder(harness, rungs=[rung(WORKER, COMMUNITY)])
    await call(harness, finding, range(8))
    assert [number for number in range(8) if any(f"险情{number}，" in text for text in harness.texts("chen"))] == [
        *range(8)
    ]
    await call(harness, finding, range(8, 10))
    await harness.advance_time(11 * 60)
    assert [any(f"险情{number}，" in text for text in harness.texts("chen")) for number in (8, 9)] == [True, True]


async def test_that_others_have_it_waits_for_room_and_is_one_text_with_the_doors(
    harness: AlertHarness, finding: Any
) -> None:
    """Eight texts are on his phone when colleagues arrive: what he reads next is where he need not go."""
    await call(harness, finding, range(8))
    for number in range(1, 5):
        await harness.service.perform(number, "arrive", LI)
    await harness.send()
    assert len(harness.texts("wang")) == 8
    await harness.advance_time(11 * 60)
    assert "【枫树社区】以下4处已有人接警，您不用再去：枫林苑3栋2单元402、403、404、405。" in harness.texts("wang")


async def test_a_summary_for_a_helper_names_no_door_but_that_of_the_newest(harness: AlertHarness, finding: Any) -> None:
    """Volunteers are asked about a building; what others of them do elsewhere is none of their business."""
    await call(harness, finding, range(2))
    bundles, alerts = harness.service.escalator.bundles, [harness.alert(1), harness.alert(2)]
    for kind, address in (
        (MessageKind.HELPED, alerts[0].address),
        (MessageKind.ACKNOWLEDGED, "枫林苑3栋2单元402、403"),
    ):
        row = structs.replace(harness.deliveries(1)[0], kind=kind, code="budget", state=DeliveryState.SKIPPED)

        def summarise(store: Any, row: Any = row) -> None:
            tx = Transaction(store, harness.clock.now)
            store.enqueue([structs.replace(row, id=f"x-{row.kind}", key=f"x-{row.kind}", alert=2)])
            bundles.enqueue_summary(tx, alerts[0], row)

        await harness.service.transact(summarise)
        summary = [row for row in harness.deliveries(1) if row.kind is MessageKind.SUMMARY][-1]
        assert address in str(summary.payload["text"])
        assert ("、403" in str(summary.payload["text"])) == (kind is MessageKind.ACKNOWLEDGED)


async def test_the_codes_of_an_owned_alert_wait_two_minutes_at_most(harness: AlertHarness, finding: Any) -> None:
    await call(harness, finding, range(8))
    await harness.service.receive_text("19900000001", "11", harness.clock.now)
    await harness.send()
    assert len(harness.texts("wang")) == 8
    await harness.advance_time(2 * 60)
    assert harness.texts("wang")[-1].endswith("到场回复13，处置完回复：真实15，误报16，其他14。")
