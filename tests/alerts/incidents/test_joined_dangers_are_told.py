"""A further danger of a story reaches its person: whatever waits, fails, is taken or becomes worse in between."""

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
from tests.alerts.incidents.scene import band

WANG = Actor("wang", "王芳", ResponseSource.SCREEN)
LI = Actor("li", "李强", ResponseSource.SCREEN)
HOUR = 3_600_000
WANG_PHONE = "19900000001"


async def test_an_sos_is_not_held_until_morning_with_a_low_finding_that_waits_for_it(town: Any, finding: Any) -> None:
    town.clock.now += 8 * HOUR  # 22:05
    await town.service.process_findings([band(town, finding, "band-fall", "跌倒")])
    await town.send()
    await town.service.perform(1, "acknowledge", WANG)
    await town.service.process_findings([band(town, finding, "band-worn", "未佩戴", severity=Severity.LOW)])
    await town.pass_time(5)
    assert len(town.texts("wang")) == 1, "what is low waits for the morning"
    await town.service.process_findings([band(town, finding, "band-sos", "求救")])
    await town.send()
    assert "求救" in town.texts("wang")[-1]


async def test_two_messages_about_what_joined_are_a_minute_apart(town: Any, finding: Any) -> None:
    await town.service.process_findings([band(town, finding, "band-fall", "跌倒")])
    await town.send()
    await town.service.perform(1, "acknowledge", WANG)
    for rule in ("band-sos", "band-heart-rate"):
        await town.service.process_findings([band(town, finding, rule, rule)])
        await town.pass_time(1)
    await town.pass_time(60)
    assert len(town.texts("wang")) == 3
    await town.service.process_findings([band(town, finding, "band-spo2", "血氧过低")])
    await town.send()
    assert len(town.texts("wang")) == 3
    await town.pass_time(60)
    assert "血氧过低" in town.texts("wang")[-1]


async def test_who_takes_an_alert_still_hears_of_what_joined_and_had_not_left_yet(town: Any, finding: Any) -> None:
    await town.service.process_findings([band(town, finding, "band-fall", "跌倒")])
    await town.send()
    await town.service.process_findings([band(town, finding, "band-sos", "求救")])
    await town.pass_time(2)
    await town.service.process_findings([band(town, finding, "band-heart-rate", "心率异常")])
    await town.pass_time(2)
    await town.service.receive_text(WANG_PHONE, "11", town.clock.now)
    await town.pass_time(61)
    (told,) = [text for text in town.texts("wang") if "心率异常" in text and "又报" in text]
    assert told.startswith("【枫树社区】紧急：又报心率异常，14:05，枫林苑3栋2单元402。您已接警，编号1")


async def test_a_danger_waiting_to_be_told_survives_that_another_becomes_worse(town: Any, finding: Any) -> None:
    for rule, title in (("band-heart-rate", "心率异常"), ("band-temp", "体温过高"), ("band-spo2", "血氧过低")):
        await town.service.process_findings([band(town, finding, rule, title, severity=Severity.HIGH)])
        await town.pass_time(2)
    await town.service.process_findings([band(town, finding, "band-sos", "求救")])
    await town.pass_time(59)
    texts = "".join(town.texts("wang"))
    assert "求救" in texts
    assert "血氧过低" in texts


async def test_a_sensor_that_flaps_at_a_taken_alert_is_not_a_text_a_minute(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding()])
    await town.send()
    await town.service.perform(1, "acknowledge", WANG)
    await town.service.perform(1, "arrive", WANG)
    for turn in range(30):
        await town.pass_time(20)
        await town.service.process_findings(
            [finding(id=f"gas-alarm@1/gas-1/{turn}", begin=town.clock.now, now=town.clock.now)]
        )
        await town.send()
    again = [text for text in town.texts("wang") if "又报" in text]
    assert len(again) == 4, "after 1, 2, 4 minutes, and so on"
    assert not any("起燃气泄漏" in text for text in again), "one door is one place, however often it is heard"
    await town.pass_time(900)
    assert len([text for text in town.texts("wang") if "又报" in text]) == 5


async def test_an_owner_whose_phone_refuses_the_text_of_an_sos_is_told_by_his_other_channel(
    town: Any, finding: Any
) -> None:
    await town.service.process_findings([band(town, finding, "band-fall", "跌倒")])
    await town.send()
    await town.service.perform(1, "acknowledge", WANG)
    town.service.escalator.outbox.enabled |= {"wecom"}
    dispatch = town.service.escalator
    plain = dispatch.outbox.reachable_channels
    dispatch.outbox.reachable_channels = lambda person, wanted: [way for way in plain(person, wanted) if way != "wecom"]
    await town.service.process_findings([band(town, finding, "band-sos", "求救")])
    dispatch.outbox.reachable_channels = plain
    (row,) = [row for row in town.deliveries() if row.kind is MessageKind.ADDED]
    fail(town, row)
    assert [row.channel for row in town.deliveries() if row.kind is MessageKind.ADDED] == ["sms", "wecom"]
    fail(town, row)
    assert len([row for row in town.deliveries() if row.kind is MessageKind.ADDED]) == 2, (
        "a second failure adds nothing"
    )
    assert town.alert(1).state is State.ACKNOWLEDGED


def fail(town: Any, row: Any) -> None:
    """The provider says that the message was not delivered."""

    def work(tx: Any) -> None:
        book = SqlAlertStore(tx)
        lost = structs.replace(row, state=DeliveryState.FAILED)
        town.service.outcomes._on_failure(Transaction(book, town.clock.now), row, lost, "undelivered")
        book.flush()

    town.ledger.write_blocking(work)


@pytest.mark.parametrize("on_site", [False, True])
async def test_an_owner_who_cannot_be_told_of_an_sos_is_not_the_only_one_asked(
    town: Any, finding: Any, on_site: bool
) -> None:
    await town.service.process_findings([band(town, finding, "band-fall", "跌倒")])
    await town.send()
    await town.service.perform(1, "acknowledge", WANG)
    if on_site:
        await town.service.perform(1, "arrive", WANG)
    await town.service.process_findings([band(town, finding, "band-sos", "求救")])
    (row,) = [row for row in town.deliveries() if row.kind is MessageKind.ADDED]
    fail(town, row)
    await town.send()
    assert "求救" in town.texts("deputy")[-1]
    assert "新增报警未能通知到王芳，改叫他人" in town.story()
    assert town.alert(1).state is State.OPEN


async def test_a_summary_that_fails_leaves_its_calls_to_the_next_person(town: Any, finding: Any) -> None:
    for number in range(6):
        name = f"l{number}"
        one = finding(id=name, rule=f"rule-{number}", hazard="water", title=f"漏水{number}", severity=Severity.HIGH,
                      subject=Subject("device", name), device=name, place="403")  # fmt: skip
        await town.service.process_findings([one])
        await town.send()
    (summary,) = [row for row in town.deliveries(6) if row.kind is MessageKind.SUMMARY]
    assert town.texts("deputy") == []
    fail(town, summary)
    await town.send()
    assert "漏水5" in town.texts("deputy")[-1]


async def test_who_returned_an_alert_is_not_told_of_what_joins_it(town: Any, finding: Any) -> None:
    await town.service.process_findings([band(town, finding, "band-fall", "跌倒")])
    await town.send()
    await town.service.perform(1, "return", WANG, reason="不是我的")
    await town.service.process_findings([band(town, finding, "band-sos", "求救")])
    await town.send()
    added = [row.person for row in town.deliveries() if row.kind is MessageKind.ADDED]
    assert added == ["li"]


async def test_two_dangers_of_one_door_are_not_told_as_two_places(town: Any, finding: Any) -> None:
    await town.service.process_findings([band(town, finding, "band-fall", "跌倒")])
    await town.send()
    await town.service.perform(1, "acknowledge", WANG)
    for rule, title in (("band-sos", "求救"), ("band-spo2", "血氧过低"), ("band-temp", "体温过高")):
        await town.service.process_findings([band(town, finding, rule, title)])
        await town.pass_time(1)
    await town.pass_time(60)
    told = "【枫树社区】紧急：又报2起血氧过低、体温过高：枫林苑3栋2单元402。您已接警，编号1，请一并处置。"
    assert town.texts("wang")[-1] == told


async def test_what_nobody_heard_of_before_it_became_worse_is_named_with_it(town: Any, finding: Any) -> None:
    await town.service.process_findings([band(town, finding, "band-heart-rate", "心率异常", severity=Severity.HIGH)])
    await town.service.process_findings([band(town, finding, "band-sos", "求救")])
    await town.send()
    told = "【枫树社区】紧急：求救、心率异常，14:05，枫林苑3栋2单元402。请10分钟内上门查看。回复11接警，12无法到场。"
    assert town.texts("wang") == [told]


async def test_while_the_text_of_an_sos_is_in_doubt_the_other_channel_speaks(town: Any, finding: Any) -> None:
    await town.service.process_findings([band(town, finding, "band-fall", "跌倒")])
    await town.send()
    await town.service.perform(1, "acknowledge", WANG)
    await town.service.process_findings([band(town, finding, "band-sos", "求救")])
    (row,) = [row for row in town.deliveries() if row.kind is MessageKind.ADDED]
    town.service.escalator.outbox.enabled |= {"wecom"}
    sending = structs.replace(row, state=DeliveryState.SENDING)

    def work(tx: Any) -> None:
        book = SqlAlertStore(tx)
        book.update_delivery(row, sending, town.clock.now, "leased")
        town.service.outcomes.on_send_result(
            Transaction(book, town.clock.now), sending, SendResult(SendOutcome.TEMPORARY)
        )
        book.flush()

    town.ledger.write_blocking(work)
    assert [row.channel for row in town.deliveries() if row.kind is MessageKind.ADDED] == ["sms", "wecom"]


async def test_a_text_that_fails_after_the_case_was_resolved_calls_nobody(town: Any, finding: Any) -> None:
    await town.service.process_findings([band(town, finding, "band-fall", "跌倒")])
    await town.send()
    await town.service.perform(1, "acknowledge", WANG)
    await town.service.process_findings([band(town, finding, "band-sos", "求救")])
    (row,) = [row for row in town.deliveries() if row.kind is MessageKind.ADDED]
    await town.service.perform(1, "resolve", WANG)
    fail(town, row)
    assert town.alert(1).state is State.RESOLVED


async def test_who_passed_an_alert_on_is_not_told_of_what_had_waited_for_him(town: Any, finding: Any) -> None:
    await town.service.process_findings([band(town, finding, "band-fall", "跌倒")])
    await town.send()
    await town.service.perform(1, "acknowledge", WANG)
    for rule, title in (("band-sos", "求救"), ("band-spo2", "血氧过低")):
        await town.service.process_findings([band(town, finding, rule, title)])
        await town.pass_time(1)
    await town.service.perform(1, "pass", WANG)
    await town.pass_time(59)
    assert "血氧过低" not in "".join(town.texts("wang"))
    assert "血氧过低" in town.texts("deputy")[0]


async def test_what_joins_an_alert_of_the_logbook_stands_in_the_logbook(town: Any, finding: Any) -> None:
    for rule, title in (("band-worn", "未佩戴"), ("band-battery", "电量低")):
        await town.service.process_findings([band(town, finding, rule, title, severity=Severity.LOW)])
        await town.send()
    kinds = [(row.channel, row.kind) for row in town.deliveries()]
    assert ("logbook", MessageKind.ADDED) in kinds
