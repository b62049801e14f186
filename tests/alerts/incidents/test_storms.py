"""Alarm floods on a real database: one alert that names every joined device."""

from __future__ import annotations

from typing import Any

from alerts.alert import Actor, ResponseSource
from alerts.handling.intake import Disposition
from alerts.handling.joining import GROUP_CRITICAL_AFTER, GROUP_WINDOW_MS
from domain import Evidence, Place, Severity, Subject
from domain.people import community
from store.database.alerts.queries import AlertFilter, list_alerts


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


async def test_three_hundred_detectors_of_one_building_in_a_minute_are_five_texts_and_one_a_minute_with_the_others(
    harness: Any, finding: Any
) -> None:
    """A provider sends some fifty texts a day to one number: a text for each would leave none for the next danger."""
    homes = [Place(f"h{n}", f"{n // 20 + 1:02}{n % 20 + 1:02}", "household", "u2") for n in range(300)]
    town = harness.people
    harness.people = community(
        places=[*town.places.values(), *homes],
        cells=town.cells.values(),
        people=town.people.values(),
        duties=town.duties,
    )
    for second in range(0, 60, 6):
        await harness.service.process_findings(
            [smoke(finding, number) for number in range(second * 5, second * 5 + 30)]
        )
        await harness.advance_time(6)
    shown = harness.database.write_blocking(lambda tx: list_alerts(tx, AlertFilter(), 1000)).items
    assert len(shown) == GROUP_CRITICAL_AFTER
    assert (harness.alert().joined, len(harness.alert().doors)) == (295, 295), "every door is on the page"
    single = [text for text in harness.texts("wang") if "又报" not in text]
    assert [len(single), "枫林苑3栋2单元0101。见明火拨119" in single[0]] == [5, True]
    joined = [text.partition("：")[2] for text in harness.texts("wang")[5:]]
    assert joined == [
        "又报25起烟雾报警：枫林苑3栋2单元0106、0107、0108等。请10分钟内到场。回复11接警，12无法到场。",
        "又报270起烟雾报警：枫林苑3栋2单元0211、0212、0213等。请10分钟内到场。回复11接警，12无法到场。",
    ]
    await harness.service.perform(1, "acknowledge", Actor("wang", "王芳", ResponseSource.SCREEN))
    await harness.advance_time(60)
    assert len(harness.texts("wang")) == 7, "she was sent every door before"
    assert (await harness.service.audit(harness.clock.now), await harness.service.unnotified(harness.clock.now)) == (
        [],
        [],
    )


def smoke(finding: Any, number: int) -> Any:
    """Smoke in a flat of its own."""
    return finding(
        id=f"smoke-alarm@1/s{number}/1",
        rule="smoke-alarm",
        hazard="fire",
        title="烟雾报警",
        device=f"s{number}",
        subject=Subject("device", f"s{number}"),
        place=f"h{number}",
        advice="见明火拨119",
    )
