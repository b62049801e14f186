"""What a message says is looked at again when it leaves, and the audit is not put off by what begins again."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from alerts.alert import Actor, EscalationCause, EscalationReason, ResponseSource, State
from alerts.delivery.sender import Budget
from alerts.message import MessageKind
from alerts.messages.cards import CardRenderer
from alerts.messages.renderer import MessageContext, MessageRenderer
from domain import Severity, Subject
from tests.alerts.incidents.test_joined_dangers_are_told import band

WANG = Actor("wang", "王芳", ResponseSource.SCREEN)
LI = Actor("li", "李强", ResponseSource.SCREEN)


def leak(finding: Any, number: int) -> Any:
    name = f"l{number}"
    return finding(id=name, rule=f"rule-{number}", hazard="water", title=f"漏水{number}", severity=Severity.HIGH,
                   subject=Subject("device", name), device=name, place="403")  # fmt: skip


async def test_a_summary_names_no_alert_that_somebody_took_while_it_waited(town: Any, finding: Any) -> None:
    for number in range(9):
        await town.service.process_findings([leak(finding, number)])
        await town.send()
    assert "最急：漏水5" in town.texts("wang")[-1]
    await town.service.perform(9, "acknowledge", LI)
    await town.service.perform(8, "acknowledge", LI)
    await town.pass_time(300)
    (second,) = [text for text in town.texts("wang") if "待接警" in text][1:]
    assert "最急：漏水6" in second
    assert "您有2条待接警" in second


async def test_a_summary_of_which_everything_is_taken_is_not_sent(town: Any, finding: Any) -> None:
    for number in range(8):
        await town.service.process_findings([leak(finding, number)])
        await town.send()
    for number in range(8):
        await town.service.perform(number + 1, "acknowledge", LI)
    await town.pass_time(300)
    assert len([text for text in town.texts("wang") if "待接警" in text]) == 1


async def test_who_lost_an_alert_is_not_told_that_he_has_it(town: Any, finding: Any) -> None:
    await town.service.process_findings([band(town, finding, "band-fall", "跌倒")])
    await town.send()
    await town.service.perform(1, "acknowledge", WANG)
    await town.pass_time(580)
    await town.service.process_findings([band(town, finding, "band-sos", "求救")])
    await town.pass_time(5)
    await town.service.process_findings([band(town, finding, "band-heart-rate", "心率异常")])
    await town.pass_time(90)
    assert town.alert(1).state is State.OPEN, "he did not arrive in time"
    (text,) = [text for text in town.texts("wang") if "心率异常" in text]
    assert "您已接警" not in text


async def test_a_sensor_that_begins_again_does_not_put_off_the_audit(town: Any, finding: Any) -> None:
    town.people = structs.replace(town.people, duties=())
    for turn in range(4):
        await town.service.process_findings([finding(id=f"gas-alarm@1/gas-1/{turn}")])
        await town.pass_time(40)
    assert [alert.id for alert in await town.service.unnotified(town.clock.now)] == [1]


async def test_no_value_on_a_card_is_longer_than_wecom_shows(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding()])
    cause = EscalationReason(
        EscalationCause.RETURNED, "欧阳修远明", "这个地址不在我们网格，已经联系隔壁社区的网格员前去处理"
    )
    wording: MessageRenderer = town.service.renderer
    alert = structs.replace(town.alert(1), escalation=cause)
    card: Any = CardRenderer(wording).call_card(
        alert, MessageContext(MessageKind.ESCALATE, town.clock.now, 600_000), "t1"
    )
    assert all(len(row["value"]) <= 30 for row in card["horizontal_content_list"])
    assert any(row["value"].startswith("欧阳修远明退回：") for row in card["horizontal_content_list"])


def test_cards_about_what_joined_count_among_the_cards_of_a_minute() -> None:
    assert Budget().limits("wecom", MessageKind.ADDED, critical=True) == ((60_000, 30),)
