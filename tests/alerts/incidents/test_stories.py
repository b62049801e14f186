"""Storms on a real ledger: one alert with all who joined it, each by name."""

from __future__ import annotations

from typing import Any

from alerts.handling.grouping import GROUP_WINDOW_MS
from alerts.handling.intake import Disposition
from domain import Evidence, Severity, Subject


def stranger(finding: Any, number: int, **changes: Any) -> Any:
    """A danger of a device that nobody registered."""
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


async def test_two_hundred_strangers_are_one_story_and_the_first_is_told_at_once(town: Any, finding: Any) -> None:
    first = await town.service.process_findings([stranger(finding, 0)])
    await town.send()
    sent = len(town.deliveries())
    rest = await town.service.process_findings([stranger(finding, number) for number in range(1, 200)])

    assert (first[0].disposition, {one.disposition for one in rest}) == (Disposition.OPENED, {Disposition.JOINED})
    assert {one.alert for one in rest} == {1}
    assert (town.alert().joined, len(town.deliveries())) == (199, sent + 1)
    await town.send()
    assert "又报199起" in town.texts("sun")[-1]
    joined = "未登记设备报警（zigbee2mqtt:storm199）并入本告警：同为未登记设备，位置未登记，zigbee2mqtt尾号storm199"
    assert joined in town.story()


async def test_a_stranger_after_the_storm_or_of_another_rule_is_its_own_story(town: Any, finding: Any) -> None:
    await town.service.process_findings([stranger(finding, 0)])
    town.clock.now += GROUP_WINDOW_MS + 1
    (later,) = await town.service.process_findings([stranger(finding, 1, now=town.clock.now)])
    (known,) = await town.service.process_findings([finding(rule="unknown-device-danger")])

    assert (later.disposition, known.disposition) == (Disposition.OPENED, Disposition.OPENED)


async def test_a_retained_danger_opens_with_its_label(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding(evidence=(Evidence("alarm", True), Evidence("retained", True)))])

    assert town.story()[0] == "紧急：燃气泄漏，枫林苑3栋2单元402（保留消息，时间不明）"
