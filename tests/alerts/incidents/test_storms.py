"""Alarm floods on a real database: one alert that names every joined device."""

from __future__ import annotations

from typing import Any

from alerts.handling.intake import Disposition
from alerts.handling.joining import GROUP_WINDOW_MS
from domain import Evidence, Severity, Subject


def unregistered_danger(finding: Any, number: int, **changes: Any) -> Any:
    """A danger of an unregistered device."""
    name = f"zigbee2mqtt:storm{number:03}"
    return finding(
        id=f"unknown-device-danger@1/{name}/1",
        rule="unknown-device-danger",
        title="未登记设备报警",
        hazard="unknown",
        severity=Severity.HIGH,
        subject=Subject("device", name),
        device=None,
        place=None,
        **changes,
    )


async def test_two_hundred_unregistered_devices_are_one_alert_and_the_first_is_sent_at_once(
    harness: Any, finding: Any
) -> None:
    first = await harness.service.process_findings([unregistered_danger(finding, 0)])
    await harness.send()
    sent = len(harness.deliveries())
    rest = await harness.service.process_findings([unregistered_danger(finding, number) for number in range(1, 200)])

    assert (first[0].disposition, {outcome.disposition for outcome in rest}) == (
        Disposition.OPENED,
        {Disposition.JOINED},
    )
    assert {outcome.alert for outcome in rest} == {1}
    assert (harness.alert().joined, len(harness.deliveries())) == (199, sent + 1)
    await harness.send()
    assert "又报199起" in harness.texts("sun")[-1]
    joined = "未登记设备报警（zigbee2mqtt:storm199）并入本告警：同为未登记设备，位置未登记，zigbee2mqtt尾号storm199"
    assert joined in harness.timeline()


async def test_an_unregistered_device_after_the_flood_or_of_another_rule_opens_its_own_alert(
    harness: Any, finding: Any
) -> None:
    await harness.service.process_findings([unregistered_danger(finding, 0)])
    harness.clock.now += GROUP_WINDOW_MS + 1
    (later,) = await harness.service.process_findings([unregistered_danger(finding, 1, now=harness.clock.now)])
    (known,) = await harness.service.process_findings([finding(rule="unknown-device-danger")])

    assert (later.disposition, known.disposition) == (Disposition.OPENED, Disposition.OPENED)


async def test_a_retained_danger_opens_with_its_label(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding(evidence=(Evidence("alarm", True), Evidence("retained", True)))])

    assert harness.timeline()[0] == "紧急：燃气泄漏，枫林苑3栋2单元402（保留消息，时间不明）"
