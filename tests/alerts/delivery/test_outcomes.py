"""What goes wrong between us and a phone: refusals, timeouts, kills, receipts out of order, closed limits."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.alert import Actor, ResponseSource
from alerts.channels.channel import DeliveryReport, LookupResult, LookupStatus
from alerts.delivery.sender import LEASE_MS
from alerts.message import DeliveryState
from domain import Person, Severity
from simulators.providers.faults import Fault, FaultKind
from tests.alerts.conftest import small_town


class Killed(BaseException):
    """kill -9, as far as a coroutine can tell."""


def states(town: Any) -> list[tuple[str, str, str]]:
    return [(row.name, row.channel, row.state.value) for row in town.deliveries()]


async def test_a_refused_number_skips_the_wait(town: Any, finding: Any) -> None:
    town.vendor.faults.schedule(Fault(FaultKind.REJECT, code="isv.MOBILE_NUMBER_ILLEGAL"))
    await town.service.process_findings([finding()])
    await town.send()
    assert town.texts("wang") == []
    assert len(town.texts("deputy")) == 1, "the deputy of the same rung is called at once"
    assert "短信发给 王芳（网格员）失败：号码或账号无效" in town.story()


async def test_a_vendor_limit_for_one_number_goes_to_the_next_person(town: Any, finding: Any) -> None:
    town.vendor.faults.schedule(Fault(FaultKind.REJECT, code="isv.BUSINESS_LIMIT_CONTROL"), times=2)
    await town.service.process_findings([finding()])
    await town.send()
    assert states(town) == [("王芳", "sms", "failed"), ("赵敏", "sms", "failed"), ("李强", "sms", "accepted")]


async def test_when_every_number_is_refused_the_top_is_not_called_as_fast_as_it_can_fail(
    town: Any, finding: Any
) -> None:
    town.vendor.faults.schedule(Fault(FaultKind.REJECT, code="isv.BUSINESS_LIMIT_CONTROL"), times=100)
    await town.service.process_findings([finding()])
    await town.send()
    assert len(town.deliveries()) == 7, "each of six people once, and the top once more"
    town.vendor.faults.clear()
    await town.pass_time(900)
    assert len(town.texts("zhou")) == 1
    assert await town.service.audit(town.clock.now) == []


async def test_a_timeout_after_the_vendor_took_it_sends_no_second_text(town: Any, finding: Any) -> None:
    town.vendor.faults.schedule(Fault(FaultKind.SILENT, accepted=True))
    await town.service.process_findings([finding()])
    await town.send()
    assert [row.state for row in town.deliveries()] == ["unknown"]
    assert "短信发给 王芳（网格员）结果不明，正在核对" in town.story()
    town.clock.now += 6_000
    await town.send()
    assert len(town.texts("wang")) == 1
    assert town.deliveries()[0].state in ("accepted", "delivered")


async def test_an_error_page_before_the_vendor_took_it_is_looked_up_and_sent_again(town: Any, finding: Any) -> None:
    town.vendor.faults.schedule(Fault(FaultKind.HTTP, status=502, accepted=False))
    await town.service.process_findings([finding()])
    await town.send()
    assert town.texts("wang") == []
    town.clock.now += 6_000
    await town.send()
    assert len(town.texts("wang")) == 1


async def test_a_vendor_out_of_reach_is_tried_again_while_the_ladder_keeps_time(town: Any, finding: Any) -> None:
    town.channels["sms"]._settings = type(town.channels["sms"]._settings)(
        "AKID", "secret", "枫树社区", "http://127.0.0.1:9"
    )
    await town.service.process_findings([finding()])
    await town.send()
    assert [row.state for row in town.deliveries()] == ["pending"]
    town.channels["sms"] = town.sms()
    town.sender._channels["sms"] = town.channels["sms"]
    town.clock.now += 2_000
    await town.send()
    assert len(town.texts("wang")) == 1


async def test_a_wrong_signature_waits_for_the_operator_and_climbs_on_time(town: Any, finding: Any) -> None:
    town.vendor.faults.schedule(Fault(FaultKind.REJECT, code="isv.SMS_SIGNATURE_ILLEGAL"), times=50)
    await town.service.process_findings([finding()])
    await town.send()
    assert "短信发给 王芳（网格员）暂未成功：通道配置有误，稍后重试" in town.story()
    assert town.alert().rung == 0, "one wrong setting must not burn the whole ladder in a second"
    assert (town.alert(2).title, town.alert(2).ledger) == ("短信通道故障", "health")
    town.vendor.faults.clear()
    town.clock.now += 30_000
    await town.send()
    assert len(town.texts("wang")) == 1
    assert town.alert(2).state == "closed", "what works again closes its own alert"


async def test_a_channel_mended_over_a_restart_closes_its_own_alert(town: Any, finding: Any) -> None:
    town.vendor.faults.schedule(Fault(FaultKind.REJECT, code="isv.SMS_SIGNATURE_ILLEGAL"), times=50)
    await town.service.process_findings([finding()])
    await town.send()
    town.end()
    town.begin()
    town.vendor.faults.clear()
    town.clock.now += 30_000
    await town.send()
    assert town.alert(2).state == "closed"


async def test_a_carrier_that_does_not_deliver_counts_as_a_failure(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding()])
    await town.send()
    first = town.deliveries()[0]
    await town.service.receive_report(DeliveryReport(False, town.clock.now, delivery=first.id, code="MK:0004"), "sms")
    await town.send()
    assert "短信发给 王芳（网格员）失败：运营商未送达" in town.story()
    assert len(town.texts("deputy")) == 1


async def test_receipts_only_move_a_message_forward(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding()])
    await town.send()
    first = town.deliveries()[0]
    good = DeliveryReport(True, town.clock.now, provider_id=first.provider_id, code="DELIVERED")
    for receipt in (good, good, DeliveryReport(False, town.clock.now, delivery=first.id, code="LATE")):
        await town.service.receive_report(receipt, "sms")
    assert town.deliveries()[0].state is DeliveryState.DELIVERED
    assert town.story().count("短信已送达 王芳（网格员）") == 1
    await town.service.receive_report(DeliveryReport(True, town.clock.now, delivery="nobody's"), "sms")
    await town.service.receive_report(DeliveryReport(True, town.clock.now, delivery=first.id), "wecom")


async def test_a_receipt_that_overtakes_the_answer_is_kept(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding()])
    send = town.channels["sms"].send

    async def overtaken(row: Any, now: int) -> Any:
        result = await send(row, now)
        await town.service.receive_report(DeliveryReport(True, now, delivery=row.id, code="DELIVERED"), "sms")
        return result

    town.channels["sms"].send = overtaken
    town.sender._channels["sms"] = town.channels["sms"]
    await town.send()
    row = town.deliveries()[0]
    assert (row.state, row.provider_id is not None) == (DeliveryState.DELIVERED, True)


async def test_a_kill_between_send_and_commit_sends_nothing_twice(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding()])
    sent = town.channels["sms"].send

    async def killed(row: Any, now: int) -> Any:
        await sent(row, now)
        raise Killed

    town.channels["sms"].send = killed
    town.sender._channels["sms"] = town.channels["sms"]
    with pytest.raises(Killed):
        await town.send()
    town.end()
    town.channels["sms"] = town.sms()
    town.begin()
    assert [row.state for row in town.deliveries()] == ["sending"]
    await town.send()
    assert len(town.texts("wang")) == 1, "its lease still runs"
    town.clock.now += LEASE_MS
    await town.send()
    assert len(town.texts("wang")) == 1
    assert town.deliveries()[0].state in ("accepted", "delivered")


async def test_a_kill_between_lease_and_send_loses_nothing(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding()])
    await town.sender._lease("sms", 8)
    town.end()
    town.begin()
    town.clock.now += LEASE_MS
    await town.send()
    assert len(town.texts("wang")) == 1


async def test_a_channel_that_breaks_is_said_aloud_and_looked_up(town: Any, finding: Any) -> None:
    async def broken(_row: Any, _now: int) -> Any:
        raise TypeError("a fault of ours")

    town.channels["sms"].send = broken
    town.sender._channels["sms"] = town.channels["sms"]
    await town.service.process_findings([finding()])
    await town.sender.send_due()
    assert [(row.state, row.code) for row in town.deliveries()] == [("unknown", "TypeError")]


async def test_a_vendor_that_never_answers_ends_as_dead_and_the_next_is_called(town: Any, finding: Any) -> None:
    town.vendor.faults.schedule(Fault(FaultKind.HTTP, status=503), times=5)
    await town.service.process_findings([finding(severity=Severity.HIGH)])
    await town.send()
    for _ in range(5):
        town.clock.now += 6_000
        await town.send()
    assert town.deliveries()[0].state is DeliveryState.DEAD
    assert "短信发给 王芳（网格员）失败：多次尝试未成功" in town.story()
    assert len(town.texts("deputy")) == 1


async def test_a_message_too_old_is_not_sent_but_the_next_is_called(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding()])
    town.clock.now += 2 * 3_600_000
    await town.sender.send_due()
    assert town.deliveries()[0].state is DeliveryState.EXPIRED


async def test_texts_that_are_not_critical_have_a_budget_for_each_phone(town: Any, finding: Any) -> None:
    for number in range(7):
        other = finding(
            id=f"f{number}",
            rule=f"rule-{number}",
            severity=Severity.HIGH,
            device=f"d{number}",
            place="402",
            subject=type(finding().subject)("device", f"d{number}"),
        )
        await town.service.process_findings([other])
        await town.send()
    assert len(town.texts("wang")) == 6, "five singly, and one text for those over the limit"
    assert "短信未发给 王芳（网格员）：短时间内已发太多，并入汇总" in town.story(6)
    assert town.texts("wang")[5].startswith("【枫树社区】告警集中：您有1条待接警，最急：燃气泄漏，枫林苑3栋2单元402。")
    await town.service.process_findings([finding()])
    await town.send()
    assert len(town.texts("wang")) == 7, "what may cost a life has no budget of ours"
    await town.pass_time(300)
    assert any("您有2条待接警" in text for text in town.texts("wang")), "the rest in the next summary"
    assert await town.service.unnotified(town.clock.now) == []


async def test_somebody_without_a_phone_is_passed_over_with_a_line(town: Any, finding: Any) -> None:
    town.people = small_town(wang=Person("wang", "王芳"))
    await town.service.process_findings([finding()])
    await town.send()
    assert "王芳（网格员）没有可用的联系方式" in town.story()
    assert (len(town.texts("deputy")), town.texts("li")) == (1, []), "the deputy of the same rung comes first"


async def test_where_nobody_of_a_rung_has_a_phone_the_next_rung_is_called_at_once(town: Any, finding: Any) -> None:
    town.people = small_town(wang=Person("wang", "王芳"), deputy=Person("deputy", "赵敏"))
    await town.service.process_findings([finding()])
    await town.send()
    assert "赵敏（网格员）没有可用的联系方式" in town.story()
    assert len(town.texts("li")) == 1


async def test_the_hundredth_open_alert_of_a_phone_gets_no_text_but_another_way(town: Any, finding: Any) -> None:
    from alerts.reply_parsing.codes import MAX_NUMBER
    from store.database.alerts.repository import SqlAlertStore

    await town.service.process_findings([finding()])

    def fill(tx: Any) -> None:
        from sqlalchemy import insert

        from store.database.alerts.tables import reply_codes

        rows = [
            {"phone": "19900000001", "number": n, "alert": 1, "person": "wang", "since": 0}
            for n in range(2, MAX_NUMBER + 1)
        ]
        tx.execute(insert(reply_codes), rows)

    town.ledger.write_blocking(fill)
    assert (
        town.ledger.write_blocking(lambda tx: SqlAlertStore(tx).assign_reply_code("19900000001", 99, "wang", 0)) is None
    )
    await town.service.process_findings(
        [finding(id="second", device="gas-2", subject=type(finding().subject)("device", "gas-2"))]
    )
    await town.send()
    assert "王芳（网格员）没有可用的联系方式" in town.story(2)
    assert len(town.texts("deputy")) == 1


@pytest.mark.parametrize(
    ("sighting", "state"),
    [
        (LookupStatus.UNDETERMINED, "unknown"),
        (LookupStatus.WAITING, "accepted"),
        (LookupStatus.DELIVERED, "delivered"),
        (LookupStatus.FAILED, "failed"),
    ],
)
async def test_a_lookup_says_what_became_of_a_message(
    town: Any, finding: Any, sighting: LookupStatus, state: str
) -> None:
    async def looked(_row: Any, _now: int) -> LookupResult:
        return LookupResult(sighting, code="LOOKED")

    town.vendor.faults.schedule(Fault(FaultKind.HTTP, status=502, accepted=False))
    await town.service.process_findings([finding()])
    await town.send()
    town.channels["sms"].lookup = looked
    town.sender._channels["sms"] = town.channels["sms"]
    town.clock.now += 6_000
    await town.sender.send_due()
    assert town.deliveries()[0].state == state
    assert town.texts("wang") == []


async def test_a_message_that_was_never_sent_is_not_sent_after_somebody_took_it(town: Any, finding: Any) -> None:
    town.vendor.faults.schedule(Fault(FaultKind.HTTP, status=502, accepted=False))
    await town.service.process_findings([finding()])
    await town.send()
    await town.service.perform("1", "acknowledge", Actor("li", "李强", ResponseSource.SCREEN))
    town.clock.now += 6_000
    await town.send()
    assert [text for text in town.texts("wang") if "燃气泄漏，14:05" in text] == []
    assert town.deliveries()[0].state is DeliveryState.SKIPPED


async def test_a_channel_that_fails_while_the_disk_is_full_is_still_told(town: Any, finding: Any) -> None:
    town.vendor.faults.schedule(Fault(FaultKind.REJECT, code="isv.SMS_SIGNATURE_ILLEGAL"), times=50)
    await town.service.process_findings([finding()])
    whole = town.sender._record_result

    def fails_once(*args: Any) -> Any:
        town.sender._record_result = whole
        whole(*args)
        raise OSError(28, "No space left on device")

    town.sender._record_result = fails_once
    with pytest.raises(OSError, match="No space"):
        await town.send()
    town.clock.now += LEASE_MS + 1
    await town.send()
    town.clock.now += 30_000
    await town.send()
    assert (town.alert(2).title, town.alert(2).ledger) == ("短信通道故障", "health")
