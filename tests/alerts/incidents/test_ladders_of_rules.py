"""A ladder may belong to certain rules; then only its people are called."""

from __future__ import annotations

from typing import Any

from alerts.escalation.policy import EscalationPolicy
from alerts.escalation.policy_check import check
from domain import Ledger, Severity
from tests.alerts.incidents.scene_builders import add_property_and_clinic

SERVICE: dict[str, Any] = {
    "id": "button-service@1/b-1/1767333900000",
    "rule": "button-service",
    "hazard": "service",
    "title": "服务呼叫",
    "severity": Severity.LOW,
    "device": "b-1",
    "advice": "",
}
MEDICAL = {**SERVICE, "id": "m", "rule": "button-medical", "hazard": "person", "severity": Severity.HIGH}


def people_texted(harness: Any) -> list[str]:
    return [row.person for row in harness.deliveries() if row.channel == "sms"]


async def test_a_service_call_is_sent_to_the_property_only(harness: Any, finding: Any) -> None:
    add_property_and_clinic(harness)
    await harness.service.process_findings([finding(**SERVICE)])
    await harness.send()
    assert people_texted(harness) == ["house"]
    (text,) = [text.text for text in harness.sms_server.phones.texts_of("19900000008")]
    assert text == "【枫树社区】低危：服务呼叫，14:05，枫林苑3栋2单元402。请4小时内联系住户。回复11接单，12无法办理。"
    await harness.advance_time(3599)
    assert people_texted(harness) == ["house"]


async def test_a_call_for_a_nurse_goes_to_the_clinic_and_then_to_the_worker(harness: Any, finding: Any) -> None:
    add_property_and_clinic(harness)
    await harness.service.process_findings([finding(**MEDICAL)])
    await harness.send()
    assert people_texted(harness) == ["nurse"]
    await harness.advance_time(120)
    assert people_texted(harness) == ["nurse", "wang"]


async def test_without_clinic_staff_on_duty_the_worker_is_called_at_once(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding(**MEDICAL)])
    await harness.send()
    assert people_texted(harness) == ["wang"]


async def test_an_emergency_after_a_service_call_calls_the_worker(harness: Any, finding: Any) -> None:
    add_property_and_clinic(harness)
    await harness.service.process_findings([finding(**SERVICE)])
    emergency = {**SERVICE, "id": "sos", "rule": "button-sos", "hazard": "person", "title": "一键呼叫"}
    await harness.service.process_findings([finding(**{**emergency, "severity": Severity.CRITICAL})])
    await harness.send()
    assert people_texted(harness) == ["house"]
    assert [row.person for row in harness.deliveries(2)] == ["wang"]
    assert harness.alert(2).severity is Severity.CRITICAL


def test_a_rule_has_one_ladder_and_it_precedes_the_general_ones(policy: EscalationPolicy) -> None:
    roles = [rung.role for rung in policy.ladder(Ledger.DANGER, Severity.LOW, "button-service").rungs]
    assert roles == ["property", "community"]
    assert policy.ladder(Ledger.DANGER, Severity.LOW, "band-off-wrist").rungs[0].role == "worker"
    rule_ladder = next(ladder for ladder in policy.ladders if ladder.rules)
    duplicated = EscalationPolicy(ladders=(*policy.ladders, rule_ladder))
    assert [fault.message for fault in check(duplicated)] == [
        f"ladders 5 and {len(policy.ladders) + 1} may both apply to danger high of button-medical, "
        "and neither is more specific: keep one, or change its `when`"
    ]
