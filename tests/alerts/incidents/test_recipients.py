"""Recipients: an unreachable assignee, a cancelled call, an acknowledgement at night."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from alerts.alert import Actor, ResponseSource
from alerts.escalation.policy import EscalationPolicy, QuietHours
from domain import Ledger, Person, Severity
from tests.alerts.incidents.scene_builders import add_people

WANG = Actor("wang", "王芳", ResponseSource.SCREEN)
LI = Actor("li", "李强", ResponseSource.SCREEN)


async def test_an_alert_assigned_to_a_person_without_a_phone_calls_the_rung_at_once(harness: Any, finding: Any) -> None:
    add_people(harness, [Person("mute", "周某")])
    await harness.service.process_findings([finding()])
    await harness.send()
    await harness.service.perform(1, "assign", LI, to="mute")
    await harness.send()
    assert len(harness.texts("wang")) == 2


async def test_a_colleague_with_a_cancelled_call_is_called_when_the_owner_declines(harness: Any, finding: Any) -> None:
    harness.people = structs.replace(
        harness.people,
        duties=tuple(
            structs.replace(duty, rank=0) if duty.person == "deputy" else duty for duty in harness.people.duties
        ),
    )
    await harness.service.process_findings([finding()])
    await harness.service.perform(1, "acknowledge", WANG)
    await harness.send()
    assert harness.texts("deputy") == [], "cancelled before it was sent"
    await harness.service.perform(1, "pass", WANG)
    await harness.send()
    assert len(harness.texts("deputy")) == 1
    assert harness.texts("li") == []


async def test_an_owner_at_night_gets_the_reply_codes_at_once(harness: Any, finding: Any) -> None:
    escalator = harness.service.escalator
    night = QuietHours(from_minute=1260, to_minute=480)
    ladders = [
        ladder.model_copy(update={"quiet": night}) if ladder.severities else ladder
        for ladder in escalator.choice.policy.ladders
    ]
    escalator.choice.policy = EscalationPolicy(ladders=ladders)
    high = escalator.choice.policy.ladder(Ledger.DANGER, Severity.HIGH, "gas-alarm")
    assert high.quiet == night
    await harness.service.process_findings([finding(severity=Severity.HIGH)])
    await harness.send()
    harness.clock.now += 8 * 3_600_000  # 22:05
    await harness.service.receive_text("19900000001", "11", harness.clock.now)
    await harness.send()
    assert harness.texts("wang")[-1].startswith("【枫树社区】已由王芳接警")
