"""Returned to a chosen body: it is asked, takes the alert or gives it back, and its silence is not the end."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.alert import Actor, ResponseSource, State
from alerts.lifecycle.event import InvalidField, InvalidTransition
from alerts.message import MessageKind
from domain import Duty, Person, Subject
from simulators.providers.faults import Fault, FaultKind
from tests.alerts.incidents.scene_builders import add_people, use_every_reply_code
from tests.alerts.incidents.test_joined_dangers import fail

WANG = Actor("wang", "王芳", ResponseSource.SCREEN)
LI = Actor("li", "李强", ResponseSource.SCREEN)
DISPATCHER = Actor("li", "李强", ResponseSource.SCREEN, role="dispatcher")
CHEN_PHONE = "19900000004"
NOT_OURS = "属燃气管网，请社区联系"


async def returned_to(harness: Any, finding: Any, to: str, **more: Any) -> None:
    await harness.service.process_findings([finding()])
    await harness.send()
    await harness.service.perform(1, "return", WANG, reason=NOT_OURS, to=to, **more)
    await harness.send()


async def test_the_body_is_asked_and_takes_it_by_code(harness: Any, finding: Any) -> None:
    await returned_to(harness, finding, "community")
    assert (harness.alert().state, harness.alert().returned_to) == (State.RETURNED, "community")
    (asked,) = harness.texts("chen")
    assert "紧急转办：燃气泄漏" in asked
    assert "王芳退回：属燃气管网，请社区联系" in asked
    assert "受理回复11" in asked
    assert len(asked) <= 70
    await harness.advance_time(600)
    assert harness.texts("li") == [], "while the body has time to answer, nobody else is called"
    await harness.service.receive_text(CHEN_PHONE, "11", harness.clock.now)
    assert (harness.alert().state, harness.alert().owner, harness.alert().returned_to) == (
        State.ACKNOWLEDGED,
        "chen",
        None,
    )
    assert "王芳转交社区，原因：属燃气管网，请社区联系" in harness.timeline()


async def test_the_body_gives_it_back_and_the_next_rung_learns_who_refused(harness: Any, finding: Any) -> None:
    await returned_to(harness, finding, "community")
    await harness.service.receive_text(CHEN_PHONE, "12", harness.clock.now)
    await harness.send()
    assert (harness.alert().state, harness.alert().returned_to) == (State.OPEN, None)
    assert "陈静退回" in harness.texts("li")[-1]
    with pytest.raises(InvalidTransition, match="没有转交给任何单位"):
        await harness.service.perform(1, "back", LI, reason="不是我们的")


async def test_a_body_that_does_not_answer_loses_it_and_supervisors_learn_that(harness: Any, finding: Any) -> None:
    await returned_to(harness, finding, "community")
    await harness.advance_time(15 * 60)
    alert = harness.alert()
    assert (alert.state, alert.returned_to, alert.overdue_what) == (State.OPEN, None, "answer")
    assert "社区未受理" in harness.texts("li")[-1]
    assert "社区未受理，重新呼叫" in harness.timeline()
    await harness.advance_time(5 * 60)
    assert any("转办受理超时" in text for text in harness.texts("zhou"))


async def test_a_person_or_an_outside_system_may_be_the_body_with_a_deadline_of_its_own(
    harness: Any, finding: Any
) -> None:
    harness.service.processor.case_effects.handover.outside = lambda: {"hotline": "12345热线"}
    until = harness.clock.now + 86_400_000
    await returned_to(harness, finding, "hotline", until=until)
    assert (harness.alert().returned_to, harness.alert().next_deadline) == ("hotline", until)
    outside = Actor("hotline", "12345热线", ResponseSource.API)
    await harness.service.perform(1, "return", outside, reason="已转派，三日内办结", to="hotline", until=until + 1)
    assert (harness.alert().due_at, harness.alert().returns) == (until + 1, 1)
    await harness.service.perform(1, "back", outside, reason="不属于城市管理范围")
    await harness.service.perform(1, "return", LI, reason="请到现场", to="chen")
    await harness.send()
    assert harness.alert().returned_to == "chen"
    assert "李强退回：请到现场" in harness.texts("chen")[-1]


async def test_ping_pong_ends_with_the_supervisors(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    await harness.send()
    chen = Actor("chen", "陈静", ResponseSource.SCREEN)
    for _ in range(3):
        await harness.service.perform(1, "return", WANG, reason="不归我管", to="community")
        await harness.service.perform(1, "back", chen, reason="也不归我管")
    await harness.send()
    assert any("多次退转，请指定承办方" in text for text in harness.texts("zhou"))
    with pytest.raises(InvalidTransition, match="已多次转交又退回"):
        await harness.service.perform(1, "return", WANG, reason="不归我管", to="community")
    await harness.service.perform(1, "return", DISPATCHER, reason="指定社区承办", to="community")
    assert harness.alert().returned_to == "community"


async def test_an_unreachable_body_is_refused_and_the_alert_is_unchanged(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    with pytest.raises(InvalidTransition, match="无人在岗"):
        await harness.service.perform(1, "return", WANG, reason="请卫生站上门", to="clinic")
    with pytest.raises(InvalidField) as unknown:
        await harness.service.perform(1, "return", WANG, reason="请上门", to="no-such-body")
    assert unknown.value.field == "to"
    assert harness.alert().state is State.OPEN


async def test_a_body_whose_text_cannot_be_delivered_is_passed_over_at_once(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    await harness.send()
    harness.sms_server.faults.schedule(Fault(FaultKind.REJECT, code="isv.MOBILE_NUMBER_ILLEGAL"))
    await harness.service.perform(1, "return", WANG, reason=NOT_OURS, to="community")
    await harness.send()
    assert harness.alert().state is State.OPEN
    assert "社区未受理" in harness.texts("li")[-1]


async def test_an_owner_is_notified_of_an_expired_acknowledgement_with_the_reason(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    await harness.send()
    await harness.service.perform(1, "acknowledge", WANG)
    await harness.advance_time(600)
    assert harness.texts("wang")[-1] == (
        "【枫树社区】您的接警已失效：燃气泄漏，枫林苑3栋2单元402，10分钟内未到场，已改叫他人。仍能到场请回复11接警。"
    )
    await harness.service.receive_text("19900000001", "11", harness.clock.now)
    assert harness.alert().owner == "wang"
    await harness.service.perform(1, "assign", DISPATCHER, to="chen")
    await harness.send()
    assert "已由李强另行指派" in harness.texts("wang")[-1]


async def test_a_body_whose_codes_are_all_in_use_is_refused_and_nothing_has_changed(harness: Any, finding: Any) -> None:
    """A text without a code could not be answered: the danger stays with those who have it."""
    await harness.service.process_findings([finding()])
    await harness.service.process_findings([finding(id="2", device="gas-2", subject=Subject("device", "gas-2"))])
    harness.database.write_blocking(lambda tx: use_every_reply_code(tx, CHEN_PHONE, "chen"))
    with pytest.raises(InvalidTransition, match="无人在岗"):
        await harness.service.perform(2, "return", WANG, reason=NOT_OURS, to="community")
    assert (harness.alert(2).state, harness.alert(2).returned_to) == (State.OPEN, None)


async def test_only_the_body_that_was_asked_gives_an_alert_back(harness: Any, finding: Any) -> None:
    await returned_to(harness, finding, "community")
    await harness.service.perform(1, "pass", LI)
    assert (harness.alert().state, harness.alert().returned_to) == (State.RETURNED, "community")
    assert harness.alert().passed == ("wang", "li")
    await harness.service.perform(1, "pass", Actor("chen", "陈静", ResponseSource.SCREEN))
    assert (harness.alert().state, harness.alert().returned_to) == (State.OPEN, None)


async def test_while_a_second_text_to_the_body_is_under_way_a_failed_one_changes_nothing(
    harness: Any, finding: Any
) -> None:
    deputy = Person("deputy", "赵敏", phone="19900000002")
    add_people(harness, [deputy], [Duty("c2", "community", "community", "deputy")])
    await returned_to(harness, finding, "community")
    first, second = (row for row in harness.deliveries() if row.kind is MessageKind.HANDOVER)
    fail(harness, first)
    assert harness.alert().returned_to == "community", "the other one of the body may still answer"
    fail(harness, second)
    assert (harness.alert().state, harness.alert().returned_to) == (State.OPEN, None)
    fail(harness, second)
    assert harness.alert().state is State.OPEN, "a receipt that comes once more finds it with the ladder"
