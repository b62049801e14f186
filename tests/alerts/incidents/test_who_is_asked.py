"""Nobody is skipped: who was assigned and cannot be reached, whose call was called off, who answers at night."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from alerts.alert import Actor, ResponseSource
from alerts.escalation.policy import EscalationPolicy, QuietHours
from domain import Ledger, Person, Severity
from tests.alerts.incidents.scene import with_people

WANG = Actor("wang", "王芳", ResponseSource.SCREEN)
LI = Actor("li", "李强", ResponseSource.SCREEN)


async def test_an_alert_assigned_to_a_person_without_a_phone_calls_the_rung_at_once(town: Any, finding: Any) -> None:
    with_people(town, [Person("mute", "周某")])
    await town.service.process_findings([finding()])
    await town.send()
    await town.service.perform(1, "assign", LI, to="mute")
    await town.send()
    assert len(town.texts("wang")) == 2


async def test_a_colleague_whose_call_was_called_off_is_called_when_the_one_who_took_it_passes(
    town: Any, finding: Any
) -> None:
    town.people = structs.replace(
        town.people,
        duties=tuple(structs.replace(duty, rank=0) if duty.person == "deputy" else duty for duty in town.people.duties),
    )
    await town.service.process_findings([finding()])
    await town.service.perform(1, "acknowledge", WANG)
    await town.send()
    assert town.texts("deputy") == [], "called off before it left"
    await town.service.perform(1, "pass", WANG)
    await town.send()
    assert len(town.texts("deputy")) == 1
    assert town.texts("li") == []


async def test_who_takes_a_low_alert_at_night_gets_his_codes_at_night(town: Any, finding: Any) -> None:
    dispatch = town.service.escalator
    night = QuietHours(from_minute=1260, to_minute=480)
    plain = [one.model_copy(update={"quiet": night}) if one.severities else one for one in dispatch.policy.ladders]
    dispatch.policy = EscalationPolicy(ladders=plain)
    high = dispatch.policy.ladder(Ledger.DANGER, Severity.HIGH, "gas-alarm")
    assert high.quiet == night
    await town.service.process_findings([finding(severity=Severity.HIGH)])
    await town.send()
    town.clock.now += 8 * 3_600_000  # 22:05
    await town.service.receive_text("19900000001", "11", town.clock.now)
    await town.send()
    assert town.texts("wang")[-1].startswith("【枫树社区】已由王芳接警")
