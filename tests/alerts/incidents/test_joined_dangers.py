"""Dangers that join an alert are notified, whatever waits, fails, is acknowledged or becomes worse in between."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from alerts.alert import Actor, ResponseSource, State
from alerts.channels.channel import SendOutcome, SendResult
from alerts.message import DeliveryState, MessageKind
from alerts.ports import Transaction
from domain import Severity, Subject
from store.database.alerts.repository import SqlAlertStore
from tests.alerts.incidents.scene_builders import wristband_finding

WANG = Actor("wang", "王芳", ResponseSource.SCREEN)
LI = Actor("li", "李强", ResponseSource.SCREEN)
HOUR = 3_600_000
WANG_PHONE = "19900000001"


async def test_an_sos_does_not_wait_for_the_morning_with_a_low_finding(harness: Any, finding: Any) -> None:
    harness.clock.now += 8 * HOUR  # 22:05
    await harness.service.process_findings([wristband_finding(harness, finding, "band-fall", "跌倒")])
    await harness.send()
    await harness.service.perform(1, "acknowledge", WANG)
    await harness.service.process_findings(
        [wristband_finding(harness, finding, "band-worn", "未佩戴", severity=Severity.LOW)]
    )
    await harness.advance_time(5)
    assert len(harness.texts("wang")) == 1, "a low finding waits for the morning"
    await harness.service.process_findings([wristband_finding(harness, finding, "band-sos", "求救")])
    await harness.send()
    assert "求救" in harness.texts("wang")[-1]


async def test_messages_about_joined_dangers_are_a_minute_apart(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([wristband_finding(harness, finding, "band-fall", "跌倒")])
    await harness.send()
    await harness.service.perform(1, "acknowledge", WANG)
    for rule in ("band-sos", "band-heart-rate"):
        await harness.service.process_findings([wristband_finding(harness, finding, rule, rule)])
        await harness.advance_time(1)
    await harness.advance_time(60)
    assert len(harness.texts("wang")) == 3
    await harness.service.process_findings([wristband_finding(harness, finding, "band-spo2", "血氧过低")])
    await harness.send()
    assert len(harness.texts("wang")) == 3
    await harness.advance_time(60)
    assert "血氧过低" in harness.texts("wang")[-1]


async def test_a_new_owner_is_notified_of_joined_dangers_not_yet_sent(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([wristband_finding(harness, finding, "band-fall", "跌倒")])
    await harness.send()
    await harness.service.process_findings([wristband_finding(harness, finding, "band-sos", "求救")])
    await harness.advance_time(2)
    await harness.service.process_findings([wristband_finding(harness, finding, "band-heart-rate", "心率异常")])
    await harness.advance_time(2)
    await harness.service.receive_text(WANG_PHONE, "11", harness.clock.now)
    await harness.advance_time(61)
    (text,) = [text for text in harness.texts("wang") if "心率异常" in text and "又报" in text]
    assert text.startswith("【枫树社区】紧急：又报心率异常，14:05，枫林苑3栋2单元402。您已接警，编号1")


async def test_a_waiting_danger_is_still_notified_after_a_raised_severity(harness: Any, finding: Any) -> None:
    for rule, title in (("band-heart-rate", "心率异常"), ("band-temp", "体温过高"), ("band-spo2", "血氧过低")):
        await harness.service.process_findings(
            [wristband_finding(harness, finding, rule, title, severity=Severity.HIGH)]
        )
        await harness.advance_time(2)
    await harness.service.process_findings([wristband_finding(harness, finding, "band-sos", "求救")])
    await harness.advance_time(59)
    texts = "".join(harness.texts("wang"))
    assert "求救" in texts
    assert "血氧过低" in texts


async def test_a_chattering_sensor_on_a_taken_alert_is_not_a_text_a_minute(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    await harness.send()
    await harness.service.perform(1, "acknowledge", WANG)
    await harness.service.perform(1, "arrive", WANG)
    for step in range(30):
        await harness.advance_time(20)
        await harness.service.process_findings(
            [finding(id=f"gas-alarm@1/gas-1/{step}", begin=harness.clock.now, now=harness.clock.now)]
        )
        await harness.send()
    repeated = [text for text in harness.texts("wang") if "又报" in text]
    assert len(repeated) == 4, "after 1, 2, 4 minutes, and so on"
    assert not any("起燃气泄漏" in text for text in repeated), "one door is one place, however often it alarms"
    await harness.advance_time(900)
    assert len([text for text in harness.texts("wang") if "又报" in text]) == 5


async def test_after_a_failed_text_of_an_sos_the_other_channel_of_the_owner_is_used(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([wristband_finding(harness, finding, "band-fall", "跌倒")])
    await harness.send()
    await harness.service.perform(1, "acknowledge", WANG)
    harness.service.escalator.outbox.enabled |= {"wecom"}
    escalator = harness.service.escalator
    reachable_channels = escalator.outbox.reachable_channels
    escalator.outbox.reachable_channels = lambda person, wanted: [
        way for way in reachable_channels(person, wanted) if way != "wecom"
    ]
    await harness.service.process_findings([wristband_finding(harness, finding, "band-sos", "求救")])
    escalator.outbox.reachable_channels = reachable_channels
    (row,) = [row for row in harness.deliveries() if row.kind is MessageKind.ADDED]
    fail(harness, row)
    assert [row.channel for row in harness.deliveries() if row.kind is MessageKind.ADDED] == ["sms", "wecom"]
    fail(harness, row)
    assert len([row for row in harness.deliveries() if row.kind is MessageKind.ADDED]) == 2, (
        "a second failure adds nothing"
    )
    assert harness.alert(1).state is State.ACKNOWLEDGED


def fail(harness: Any, row: Any) -> None:
    """Records that the provider did not deliver the message."""

    def record_failure(tx: Any) -> None:
        store = SqlAlertStore(tx)
        failed = structs.replace(row, state=DeliveryState.FAILED)
        harness.service.outcomes._on_failure(Transaction(store, harness.clock.now), row, failed, "undelivered")
        store.flush()

    harness.database.write_blocking(record_failure)


@pytest.mark.parametrize("on_site", [False, True])
async def test_an_sos_that_cannot_reach_the_owner_calls_others(harness: Any, finding: Any, on_site: bool) -> None:
    await harness.service.process_findings([wristband_finding(harness, finding, "band-fall", "跌倒")])
    await harness.send()
    await harness.service.perform(1, "acknowledge", WANG)
    if on_site:
        await harness.service.perform(1, "arrive", WANG)
    await harness.service.process_findings([wristband_finding(harness, finding, "band-sos", "求救")])
    (row,) = [row for row in harness.deliveries() if row.kind is MessageKind.ADDED]
    fail(harness, row)
    await harness.send()
    assert "求救" in harness.texts("deputy")[-1]
    assert "新增报警未能通知到王芳，改叫他人" in harness.timeline()
    assert harness.alert(1).state is State.OPEN


async def test_a_failed_summary_calls_the_next_person(harness: Any, finding: Any) -> None:
    for number in range(6):
        name = f"l{number}"
        leak = finding(id=name, rule=f"rule-{number}", hazard="water", title=f"漏水{number}", severity=Severity.HIGH,
                      subject=Subject("device", name), device=name, place="403")  # fmt: skip
        await harness.service.process_findings([leak])
        await harness.send()
    (summary,) = [row for row in harness.deliveries(6) if row.kind is MessageKind.SUMMARY]
    assert harness.texts("deputy") == []
    fail(harness, summary)
    await harness.send()
    assert "漏水5" in harness.texts("deputy")[-1]


async def test_a_person_who_returned_an_alert_is_not_notified_of_joined_dangers(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([wristband_finding(harness, finding, "band-fall", "跌倒")])
    await harness.send()
    await harness.service.perform(1, "return", WANG, reason="不是我的")
    await harness.service.process_findings([wristband_finding(harness, finding, "band-sos", "求救")])
    await harness.send()
    added = [row.person for row in harness.deliveries() if row.kind is MessageKind.ADDED]
    assert added == ["li"]


async def test_two_dangers_of_one_door_are_not_listed_as_two_places(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([wristband_finding(harness, finding, "band-fall", "跌倒")])
    await harness.send()
    await harness.service.perform(1, "acknowledge", WANG)
    for rule, title in (("band-sos", "求救"), ("band-spo2", "血氧过低"), ("band-temp", "体温过高")):
        await harness.service.process_findings([wristband_finding(harness, finding, rule, title)])
        await harness.advance_time(1)
    await harness.advance_time(60)
    expected = "【枫树社区】紧急：又报2起血氧过低、体温过高：枫林苑3栋2单元402。您已接警，编号1，请一并处置。"
    assert harness.texts("wang")[-1] == expected


async def test_a_danger_not_yet_sent_is_named_with_the_raised_severity(harness: Any, finding: Any) -> None:
    await harness.service.process_findings(
        [wristband_finding(harness, finding, "band-heart-rate", "心率异常", severity=Severity.HIGH)]
    )
    await harness.service.process_findings([wristband_finding(harness, finding, "band-sos", "求救")])
    await harness.send()
    expected = (
        "【枫树社区】紧急：求救、心率异常，14:05，枫林苑3栋2单元402。请10分钟内上门查看。回复11接警，12无法到场。"
    )
    assert harness.texts("wang") == [expected]


async def test_while_the_text_of_an_sos_is_uncertain_the_other_channel_is_used(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([wristband_finding(harness, finding, "band-fall", "跌倒")])
    await harness.send()
    await harness.service.perform(1, "acknowledge", WANG)
    await harness.service.process_findings([wristband_finding(harness, finding, "band-sos", "求救")])
    (row,) = [row for row in harness.deliveries() if row.kind is MessageKind.ADDED]
    harness.service.escalator.outbox.enabled |= {"wecom"}
    sending = structs.replace(row, state=DeliveryState.SENDING)

    def record_failure(tx: Any) -> None:
        store = SqlAlertStore(tx)
        store.update_delivery(row, sending, harness.clock.now, "leased")
        harness.service.outcomes.on_send_result(
            Transaction(store, harness.clock.now), sending, SendResult(SendOutcome.TEMPORARY)
        )
        store.flush()

    harness.database.write_blocking(record_failure)
    assert [row.channel for row in harness.deliveries() if row.kind is MessageKind.ADDED] == ["sms", "wecom"]


async def test_a_failed_text_after_the_resolution_calls_no_person(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([wristband_finding(harness, finding, "band-fall", "跌倒")])
    await harness.send()
    await harness.service.perform(1, "acknowledge", WANG)
    await harness.service.process_findings([wristband_finding(harness, finding, "band-sos", "求救")])
    (row,) = [row for row in harness.deliveries() if row.kind is MessageKind.ADDED]
    await harness.service.perform(1, "resolve", WANG)
    fail(harness, row)
    assert harness.alert(1).state is State.RESOLVED


async def test_a_person_who_declined_is_not_notified_of_waiting_dangers(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([wristband_finding(harness, finding, "band-fall", "跌倒")])
    await harness.send()
    await harness.service.perform(1, "acknowledge", WANG)
    for rule, title in (("band-sos", "求救"), ("band-spo2", "血氧过低")):
        await harness.service.process_findings([wristband_finding(harness, finding, rule, title)])
        await harness.advance_time(1)
    await harness.service.perform(1, "pass", WANG)
    await harness.advance_time(59)
    assert "血氧过低" not in "".join(harness.texts("wang"))
    assert "血氧过低" in harness.texts("deputy")[0]


async def test_dangers_that_join_a_logbook_alert_are_written_to_the_logbook(harness: Any, finding: Any) -> None:
    for rule, title in (("band-worn", "未佩戴"), ("band-battery", "电量低")):
        await harness.service.process_findings(
            [wristband_finding(harness, finding, rule, title, severity=Severity.LOW)]
        )
        await harness.send()
    kinds = [(row.channel, row.kind) for row in harness.deliveries()]
    assert ("logbook", MessageKind.ADDED) in kinds
