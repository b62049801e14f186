"""Whose call it is knows the rule: a ladder may belong to what certain rules find, and then nobody else is told."""

from __future__ import annotations

from typing import Any

from alerts.escalation.policy import EscalationPolicy, check
from domain import Ledger, Role, Severity
from tests.alerts.incidents.scene import with_property_and_clinic

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


def told(town: Any) -> list[str]:
    return [row.person for row in town.deliveries() if row.channel == "sms"]


async def test_a_call_for_service_is_told_to_the_property_and_to_nobody_else(town: Any, finding: Any) -> None:
    with_property_and_clinic(town)
    await town.service.process_findings([finding(**SERVICE)])
    await town.send()
    assert told(town) == ["house"]
    (text,) = [one.text for one in town.vendor.phones.texts_of("19900000008")]
    assert text == "【枫树社区】低危：服务呼叫，14:05，枫林苑3栋2单元402。请4小时内联系住户。回复11接单，12无法办理。"
    await town.pass_time(3599)
    assert told(town) == ["house"]


async def test_a_call_for_a_nurse_goes_to_the_clinic_and_then_to_the_worker(town: Any, finding: Any) -> None:
    with_property_and_clinic(town)
    await town.service.process_findings([finding(**MEDICAL)])
    await town.send()
    assert told(town) == ["nurse"]
    await town.pass_time(120)
    assert told(town) == ["nurse", "wang"]


async def test_where_the_clinic_has_nobody_on_duty_the_worker_is_called_at_once(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding(**MEDICAL)])
    await town.send()
    assert told(town) == ["wang"]


async def test_an_emergency_after_a_call_for_service_calls_the_worker(town: Any, finding: Any) -> None:
    with_property_and_clinic(town)
    await town.service.process_findings([finding(**SERVICE)])
    emergency = {**SERVICE, "id": "sos", "rule": "button-sos", "hazard": "person", "title": "一键呼叫"}
    await town.service.process_findings([finding(**{**emergency, "severity": Severity.CRITICAL})])
    await town.send()
    assert told(town) == ["house"]
    assert [row.person for row in town.deliveries(2)] == ["wang"]
    assert town.alert(2).severity is Severity.CRITICAL


def test_a_rule_has_one_ladder_of_its_own_and_it_comes_first(ladders: EscalationPolicy) -> None:
    roles = [rung.role for rung in ladders.ladder(Ledger.DANGER, Severity.LOW, "button-service").rungs]
    assert roles == [Role.PROPERTY, Role.COMMUNITY]
    assert ladders.ladder(Ledger.DANGER, Severity.LOW, "band-off-wrist").rungs[0].role is Role.WORKER
    own = next(one for one in ladders.ladders if one.rules)
    twice = EscalationPolicy(ladders=(*ladders.ladders, own))
    assert [fault.message for fault in check(twice)] == [
        "button-medical has 2 ladders of its own for danger high: keep one"
    ]
