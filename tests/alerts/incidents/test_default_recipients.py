"""Who is notified beside the rungs by the built-in ladders: what a street office asks for."""

from __future__ import annotations

from typing import Any

from domain import Duty, Person, Severity
from tests.alerts.incidents.scene_builders import add_people, wristband_finding

NURSE, GAS, CHEN = "19900000022", "19900000019", "19900000004"


def sent(harness: Any, phone: str) -> list[str]:
    return [text.text.removeprefix("【枫树社区】") for text in harness.sms_server.phones.texts_of(phone)]


def with_bodies(harness: Any, **resident: Any) -> None:
    add_people(
        harness,
        [
            Person("gas", "市燃气公司", phone=GAS),
            Person("nurse", "孙护士", phone=NURSE),
            Person("e1", "赵某", home="402", attributes=resident),
        ],
        [Duty("g", "street", "gas_company", "gas"), Duty("n", "community", "clinic", "nurse")],
    )


async def test_gas_informs_the_gas_company_and_nothing_else_does(harness: Any, finding: Any) -> None:
    """Row 1."""
    with_bodies(harness)
    await harness.service.process_findings([finding()])
    await harness.service.process_findings([finding(id="2", rule="smoke-alarm", hazard="fire", title="烟雾报警")])
    await harness.send()
    assert sent(harness, GAS) == ["紧急告知：燃气泄漏，14:05，枫林苑3栋2单元402。社区已通知网格员王芳，请贵单位知悉。"]
    assert sent(harness, CHEN) == []


async def test_a_band_notifies_the_clinic_and_the_worker_at_once(harness: Any, finding: Any) -> None:
    """Row 6: no worker reads that nobody answered."""
    with_bodies(harness)
    await harness.service.process_findings([wristband_finding(harness, finding, "band-fall", "疑似跌倒", place="402")])
    await harness.send()
    assert sent(harness, NURSE) == ["紧急：疑似跌倒，14:05，枫林苑3栋2单元402。请配合处置。能去回复11，不去回复12。"]
    assert harness.texts("wang")[0].startswith("【枫树社区】紧急：疑似跌倒")
    await harness.service.receive_text(NURSE, "11", harness.clock.now)
    assert harness.alert().owner is None, "the clinic assists; the worker is still called"


async def test_a_pressed_key_that_joins_a_heart_rate_still_reaches_the_clinic_once(harness: Any, finding: Any) -> None:
    with_bodies(harness)
    heart = wristband_finding(harness, finding, "band-heart-rate", "心率异常", place="402", severity=Severity.HIGH)
    await harness.service.process_findings([heart])
    await harness.service.process_findings(
        [wristband_finding(harness, finding, "band-sos", "一键呼救", place="402", severity=Severity.CRITICAL)]
    )
    await harness.send()
    assert len({row.alert for row in harness.deliveries(1)}) == 1
    assert 1 <= len(sent(harness, NURSE)) <= 2
    assert "一键呼救" in sent(harness, NURSE)[-1]


async def test_fire_where_a_person_cannot_leave_alone_notifies_the_community_at_once(
    harness: Any, finding: Any
) -> None:
    """Row 14: and the alert says how much they depend on help, and why."""
    with_bodies(harness, age=83, lives_alone=True)
    await harness.service.process_findings([finding(rule="smoke-alarm", hazard="fire", title="烟雾报警")])
    await harness.send()
    assert sent(harness, CHEN) == ["紧急：烟雾报警，14:05，枫林苑3栋2单元402。请配合处置。能去回复11，不去回复12。"]
    alert = harness.alert()
    assert (alert.vulnerability, alert.vulnerable) == (5, "年龄83、独居")


async def test_a_service_key_goes_to_the_provider_of_the_service(harness: Any, finding: Any) -> None:
    """Row 12: the meal key; the property is the next rung."""
    add_people(harness, [Person("meal", "助餐点", phone="19900000031")], [Duty("m", "community", "service", "meal")])
    meal = {"rule": "button-meal", "hazard": "service", "title": "助餐呼叫", "severity": Severity.LOW, "advice": ""}
    await harness.service.process_findings([finding(**meal)])
    await harness.send()
    (text,) = sent(harness, "19900000031")
    assert text.startswith("低危：助餐呼叫，14:05，枫林苑3栋2单元402。请2小时内联系住户。")
