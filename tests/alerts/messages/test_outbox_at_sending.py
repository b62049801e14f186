"""The content of a message is updated when it is sent; the audit is not postponed by repeated findings."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from alerts.alert import Actor, EscalationCause, EscalationReason, ResponseSource, State
from alerts.delivery.sender import Budget
from alerts.message import MessageKind
from alerts.messages.cards import CardRenderer
from alerts.messages.renderer import MessageContext, MessageRenderer
from domain import Severity, Subject
from tests.alerts.incidents.scene_builders import wristband_finding

WANG = Actor("wang", "王芳", ResponseSource.SCREEN)
LI = Actor("li", "李强", ResponseSource.SCREEN)


def leak(finding: Any, number: int) -> Any:
    name = f"l{number}"
    return finding(id=name, rule=f"rule-{number}", hazard="water", title=f"漏水{number}", severity=Severity.HIGH,
                   subject=Subject("device", name), device=name, place="403")  # fmt: skip


async def test_a_summary_omits_alerts_acknowledged_while_it_waited(harness: Any, finding: Any) -> None:
    for number in range(9):
        await harness.service.process_findings([leak(finding, number)])
        await harness.send()
    assert "最急：漏水5" in harness.texts("wang")[-1]
    await harness.service.perform(9, "acknowledge", LI)
    await harness.service.perform(8, "acknowledge", LI)
    await harness.advance_time(300)
    (second,) = [text for text in harness.texts("wang") if "待接警" in text][1:]
    assert "最急：漏水6" in second
    assert "您有2条待接警" in second


async def test_a_summary_without_open_alerts_is_not_sent(harness: Any, finding: Any) -> None:
    for number in range(8):
        await harness.service.process_findings([leak(finding, number)])
        await harness.send()
    for number in range(8):
        await harness.service.perform(number + 1, "acknowledge", LI)
    await harness.advance_time(300)
    assert len([text for text in harness.texts("wang") if "待接警" in text]) == 1


async def test_a_former_owner_is_not_addressed_as_owner(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([wristband_finding(harness, finding, "band-fall", "跌倒")])
    await harness.send()
    await harness.service.perform(1, "acknowledge", WANG)
    await harness.advance_time(580)
    await harness.service.process_findings([wristband_finding(harness, finding, "band-sos", "求救")])
    await harness.advance_time(5)
    await harness.service.process_findings([wristband_finding(harness, finding, "band-heart-rate", "心率异常")])
    await harness.advance_time(90)
    assert harness.alert(1).state is State.OPEN, "the owner did not arrive in time"
    lapsed, text = [text for text in harness.texts("wang") if "心率异常" in text]
    assert "您已接警" not in text
    assert "接警已失效" in lapsed, lapsed


async def test_a_repeated_finding_does_not_postpone_the_audit(harness: Any, finding: Any) -> None:
    harness.people = structs.replace(harness.people, duties=())
    for number in range(4):
        await harness.service.process_findings([finding(id=f"gas-alarm@1/gas-1/{number}")])
        await harness.advance_time(40)
    assert [alert.id for alert in await harness.service.unnotified(harness.clock.now)] == [1]


async def test_values_of_a_card_are_within_the_limit_of_wecom(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    escalation = EscalationReason(
        EscalationCause.RETURNED, "欧阳修远明", "这个地址不在我们网格，已经联系隔壁社区的网格员前去处理"
    )
    renderer: MessageRenderer = harness.service.renderer
    alert = structs.replace(harness.alert(1), escalation=escalation)
    card: Any = CardRenderer(renderer).call_card(
        alert, MessageContext(MessageKind.ESCALATE, harness.clock.now, 600_000), "t1"
    )
    assert all(len(row["value"]) <= 30 for row in card["horizontal_content_list"])
    assert any(row["value"].startswith("欧阳修远明退回：") for row in card["horizontal_content_list"])


def test_cards_about_joined_dangers_count_in_the_budget_of_a_minute() -> None:
    assert Budget().limits("wecom", MessageKind.ADDED, critical=True) == ((60_000, 29), (3_600_000, 980))
