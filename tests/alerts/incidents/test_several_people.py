"""Alerts that need two responsible people: the calls go on until both are on it."""

from __future__ import annotations

from typing import Any

from alerts.alert import Actor, EscalationCause, ResponseSource, State
from alerts.message import MessageKind
from tests.alerts.incidents.test_assist_and_inform import HERE, SIGN, accepted, set_ladder

WANG, DEPUTY, LI = "19900000001", "19900000002", "19900000003"
LI_ACTOR = Actor("li", "李强", ResponseSource.SCREEN)


async def open_for_two(harness: Any, finding: Any) -> None:
    set_ladder(harness, people_needed=2)
    await harness.service.process_findings([finding()])
    await harness.send()
    await harness.service.receive_text(WANG, "11", harness.clock.now)
    await harness.send()


async def test_the_calls_go_on_until_two_people_are_on_it(harness: Any, finding: Any) -> None:
    await open_for_two(harness, finding)
    alert = harness.alert()
    assert (alert.state, alert.owner, alert.people_missing) == (State.ACKNOWLEDGED, "wang", 1)
    assert "还需1人" in harness.timeline()
    assert harness.texts("wang")[-1].startswith(f"{SIGN}已由王芳接警")
    await harness.advance_time(31)
    assert len(harness.texts("deputy")) == 1
    await harness.advance_time(31)
    assert harness.texts("li")[-1].startswith(f"{SIGN}紧急升级：燃气泄漏，14:05，枫林苑3栋2单元402，还需1人")
    await harness.service.receive_text(LI, "11", harness.clock.now)
    await harness.send()
    alert = harness.alert()
    assert [one.person for one in alert.responders] == ["wang", "li"]
    assert (alert.owner, alert.people_missing, alert.climb_at) == ("wang", 0, None)
    assert harness.texts("deputy")[-1].startswith(f"{SIGN}已由王芳、李强接警：{HERE}")
    texts = len(harness.texts("chen"))
    await harness.advance_time(300)
    assert len(harness.texts("chen")) == texts == 0


async def test_the_others_called_are_asked_once_more(harness: Any, finding: Any) -> None:
    set_ladder(harness, people_needed=2)
    await harness.service.process_findings([finding()])
    await harness.advance_time(31)
    await harness.service.receive_text(WANG, "11", harness.clock.now)
    await harness.send()
    assert harness.texts("deputy")[-1] == f"{SIGN}王芳已接警，还需1人：{HERE}。能到场回复11，不能回复12。"
    await harness.service.receive_text(DEPUTY, "11", harness.clock.now)
    assert harness.alert().people_missing == 0
    assert (await harness.service.receive_text(LI, "11", harness.clock.now)).alert is None


async def test_when_one_of_two_leaves_a_replacement_is_called_at_once(harness: Any, finding: Any) -> None:
    await open_for_two(harness, finding)
    await harness.service.perform(1, "acknowledge", LI_ACTOR)
    assert harness.alert().people_missing == 0
    await harness.service.receive_text(WANG, "12", harness.clock.now)
    await harness.send()
    alert = harness.alert()
    assert (alert.state, alert.owner, alert.people_missing) == (State.ACKNOWLEDGED, "li", 1)
    assert alert.escalation.cause is EscalationCause.MORE_NEEDED
    assert len(harness.texts("deputy")) == 1


async def test_an_owner_who_does_not_arrive_in_time_is_replaced_as_always(harness: Any, finding: Any) -> None:
    await open_for_two(harness, finding)
    await harness.service.perform(1, "acknowledge", LI_ACTOR)
    await harness.advance_time(601)
    alert = harness.alert()
    assert (alert.state, alert.owner, alert.responders) == (State.OPEN, None, ())


async def test_the_same_person_twice_counts_once(harness: Any, finding: Any) -> None:
    await open_for_two(harness, finding)
    await harness.service.receive_text(WANG, "11", harness.clock.now)
    assert harness.alert().people_missing == 1
    await harness.service.perform(1, "arrive", Actor("wang", "王芳", ResponseSource.SCREEN))
    alert = harness.alert()
    assert (alert.state, alert.people_missing) == (State.ON_SITE, 1)
    assert alert.wake_at == alert.climb_at


async def test_a_colleague_with_a_card_keeps_its_buttons_while_one_more_is_needed(harness: Any, finding: Any) -> None:
    """A card is not updated to "taken" while its recipient may still take it; a phone is asked once more by text."""
    harness.service.escalator.outbox.enabled |= {"wecom"}
    both = [{"role": role, "channels": [channel]} for role, channel in (("worker", "sms"), ("lead", "wecom"))]
    set_ladder(harness, people_needed=2, rungs=[{"wait": "1m", "recipients": both}])
    await harness.service.process_findings([finding()])
    harness.database.write_blocking(lambda tx: accepted(harness, tx, "li"))
    await harness.send()
    await harness.service.receive_text(WANG, "11", harness.clock.now)
    assert [row.kind for row in harness.deliveries() if row.person == "li"] == [MessageKind.ALERT]
    assert (await harness.service.receive_press("liqiang", "ack:1", harness.clock.now)).done
    assert harness.alert().people_missing == 0


async def test_three_people_are_needed_and_each_one_counts(harness: Any, finding: Any) -> None:
    set_ladder(harness, people_needed=3)
    await harness.service.process_findings([finding()])
    await harness.service.perform(1, "acknowledge", Actor("wang", "王芳", ResponseSource.SCREEN))
    await harness.service.perform(1, "acknowledge", LI_ACTOR)
    assert (harness.alert().people_missing, harness.alert().climb_at is None) == (1, False)
    await harness.service.perform(1, "acknowledge", Actor("chen", "陈静", ResponseSource.SCREEN))
    assert (harness.alert().people_missing, harness.alert().climb_at) == (0, None)
