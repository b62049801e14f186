"""Verification (核查): another person is asked, and answers by code; nobody confirms his own work."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from alerts.alert import Actor, ResponseSource, State
from alerts.escalation.verification import MANY_TEXTS
from alerts.handling.replies import ReplyStatus
from alerts.lifecycle.event import InvalidTransition
from alerts.lifecycle.separation import shared_principal
from alerts.message import DeliveryState, MessageKind
from alerts.messages.deliveries import follow_up
from domain import Person
from tests.alerts.incidents.scene_builders import add_people
from tests.alerts.incidents.test_joined_dangers import fail

WANG_PHONE, LI_PHONE, CHEN_PHONE = "19900000001", "19900000003", "19900000004"
OPERATOR = "t-operator"


def acting(person: str, name: str, principal: str) -> Actor:
    return Actor(person, name, ResponseSource.API, "operator", on_behalf=True, principal=principal)


async def resolved_by_phone(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    await harness.send()
    for text in ("11", "13", "14"):
        result = await harness.service.receive_text(WANG_PHONE, text, harness.clock.now)
        assert result.status is ReplyStatus.DONE
        harness.clock.now += 61_000
        await harness.send()


async def test_the_next_rung_is_asked_and_verifies_by_code(harness: Any, finding: Any) -> None:
    await resolved_by_phone(harness, finding)
    assert harness.alert().verifier == "li"
    assert harness.texts("li")[-1] == (
        "【枫树社区】请核查：燃气泄漏，枫林苑3栋2单元402，王芳已处置。无险情回复10，仍有险情回复11，无法核查回复12。"
    )
    unasked = await harness.service.receive_text(CHEN_PHONE, "10", harness.clock.now)
    assert unasked.status is ReplyStatus.UNKNOWN_PHONE
    result = await harness.service.receive_text(LI_PHONE, "10", harness.clock.now)
    assert (result.status, harness.alert().state) == (ReplyStatus.DONE, State.VERIFIED)
    assert "李强核查通过（短信）" in harness.timeline()


async def test_a_worker_with_a_phone_only_reports_the_disposition(harness: Any, finding: Any) -> None:
    await resolved_by_phone(harness, finding)
    assert harness.texts("wang")[-1] == (
        "【枫树社区】已记处置：燃气泄漏，枫林苑3栋2单元402。请回复结论：真实15，误报16，测试17，设备故障18，恶作剧19。"
    )
    result = await harness.service.receive_text(WANG_PHONE, "16误报", harness.clock.now)
    assert (result.status, harness.alert().disposition) == (ReplyStatus.DONE, "false_alarm")
    assert "王芳补充结论：误报（短信）" in harness.timeline()


async def test_minutes_are_no_conclusion(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    await harness.send()
    await harness.service.receive_text(WANG_PHONE, "11", harness.clock.now)
    result = await harness.service.receive_text(WANG_PHONE, "15", harness.clock.now)
    assert (result.status, harness.alert().state) == (ReplyStatus.UNCLEAR, State.ACKNOWLEDGED)


async def test_still_dangerous_reopens_and_calls_again(harness: Any, finding: Any) -> None:
    await resolved_by_phone(harness, finding)
    result = await harness.service.receive_text(LI_PHONE, "11", harness.clock.now)
    await harness.send()
    assert (result.status, harness.alert().state, harness.alert().round) == (ReplyStatus.DONE, State.OPEN, 1)
    assert "紧急：燃气泄漏" in harness.texts("wang")[-1]


async def test_silence_and_refusals_go_on_to_the_next_and_then_to_supervision(harness: Any, finding: Any) -> None:
    await resolved_by_phone(harness, finding)
    await harness.service.receive_text(LI_PHONE, "12", harness.clock.now)
    await harness.send()
    assert harness.alert().verifier == "chen"
    assert "李强无法核查（短信）" in harness.timeline()
    for person in ("sun", "zhou", "deputy"):
        await harness.advance_time(30 * 60)
        assert (harness.alert().verifier, harness.alert().state) == (person, State.RESOLVED)
    await harness.advance_time(30 * 60)
    assert harness.alert().overdue_what == "verify"
    assert "没有可以核查的人，请督办" in harness.timeline()
    await harness.advance_time(5 * 60)
    assert any("核查超时" in text for text in harness.texts("zhou"))


async def test_one_login_does_not_verify_an_alert_it_resolved_for_another(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    await harness.service.perform(1, "arrive", acting("wang", "王芳", OPERATOR))
    await harness.service.perform(1, "resolve", acting("wang", "王芳", OPERATOR))
    with pytest.raises(InvalidTransition, match="同一个登录账号"):
        await harness.service.perform(1, "verify", acting("li", "李强", OPERATOR))
    with pytest.raises(InvalidTransition, match="处置人以外的人"):
        await harness.service.perform(1, "verify", acting("li", "李强", "wang"))
    own = Actor(OPERATOR, "值班员", ResponseSource.API, "dispatcher", principal=OPERATOR)
    with pytest.raises(InvalidTransition, match="处置人以外的人"):
        await harness.service.perform(1, "verify", own)
    with pytest.raises(InvalidTransition, match="不能代办"):
        await harness.service.perform(1, "verify", acting("li", "李强", "t-other"))
    proven = Actor("li", "李强", ResponseSource.API, "operator", principal=shared_principal(OPERATOR, "li"))
    with pytest.raises(InvalidTransition, match="同一个登录账号"):
        await harness.service.perform(1, "verify", proven)
    await harness.service.perform(1, "verify", structs.replace(proven, principal=shared_principal("t-other", "li")))
    assert harness.alert().state is State.VERIFIED


async def test_a_verifier_verifies_and_concludes_by_card(harness: Any, finding: Any) -> None:
    add_people(harness, [Person("wang", "王芳", phone="19900000001", wecom="wangfang")])
    await harness.service.process_findings([finding()])
    await harness.send()
    for key in ("ack:1", "arrive:1", "resolve:1", "false_alarm:1"):
        assert (await harness.service.receive_press("wangfang", key, harness.clock.now)).done, key
    assert harness.alert().disposition == "false_alarm"
    assert not (await harness.service.receive_press("wangfang", "verify:1", harness.clock.now)).done
    assert (await harness.service.receive_press("liqiang", "verify:1", harness.clock.now)).done
    assert harness.alert().state is State.VERIFIED
    assert not (await harness.service.receive_press("liqiang", "reopen:1", harness.clock.now)).done


async def test_a_verifier_without_a_working_phone_is_passed_over(harness: Any, finding: Any) -> None:
    people = harness.people.people
    harness.people = structs.replace(harness.people, people={**people, "li": Person("li", "李强")})
    await resolved_by_phone(harness, finding)
    assert harness.alert().verifier == "chen"


async def test_a_person_asked_before_may_still_report_that_he_cannot_verify(harness: Any, finding: Any) -> None:
    await resolved_by_phone(harness, finding)
    await harness.advance_time(30 * 60)
    assert harness.alert().verifier == "chen"
    await harness.service.receive_text(LI_PHONE, "12", harness.clock.now)
    assert "李强无法核查（短信）" in harness.timeline()
    assert harness.alert().verifier == "chen", "the one asked after him has his own time to answer"


async def test_a_verifier_whose_number_is_refused_is_followed_by_the_next(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    await harness.send()
    await harness.service.perform(1, "arrive", acting("wang", "王芳", "wang"))
    await harness.send()
    harness.service.escalator.outbox.enabled |= {"wecom"}
    await harness.service.perform(1, "resolve", acting("wang", "王芳", "wang"))
    card, text = (row for row in harness.deliveries() if row.kind is MessageKind.VERIFY)
    assert {card.channel, text.channel} == {"sms", "wecom"}
    fail(harness, card)
    assert harness.alert().verifier == "li", "the other message to him is still under way"
    fail(harness, text)
    assert harness.alert().verifier == "chen"
    fail(harness, text)
    assert harness.alert().verifier == "chen", "a second receipt about the same text changes nothing"


@pytest.mark.parametrize(("texts", "asked"), [(MANY_TEXTS - 1, "li"), (MANY_TEXTS, "chen")])
async def test_a_person_with_a_dozen_texts_within_a_day_is_asked_to_verify_after_the_others(
    harness: Any, finding: Any, texts: int, asked: str
) -> None:
    await harness.service.process_findings([finding()])
    call = next(row for row in harness.deliveries() if row.channel == "sms")
    lead = structs.replace(call, person="li", address=LI_PHONE)
    rows = [follow_up(lead, f"x{n}", f"x{n}", MessageKind.STATUS, {}, harness.clock.now) for n in range(texts)]
    sent = [structs.replace(row, state=DeliveryState.DELIVERED) for row in rows]
    await harness.service.transact(lambda store: store.enqueue(sent))
    for action in ("acknowledge", "resolve"):
        await harness.service.perform(1, action, Actor("wang", "王芳", ResponseSource.SCREEN))
    assert harness.alert().verifier == asked
