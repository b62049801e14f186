"""Failures of sending: refusals, timeouts, crashes, receipts out of order, limits."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from msgspec import structs

from alerts.alert import Actor, ResponseSource
from alerts.channels.channel import DeliveryReport, LookupResult, LookupStatus, SendOutcome, SendResult
from alerts.channels.providers import chain_of
from alerts.delivery.sender import LEASE_MS
from alerts.message import DeliveryState, MessageKind
from alerts.ports import Transaction
from domain import Person, Severity
from simulators.providers.faults import Fault, FaultKind
from store.database.alerts.repository import SqlAlertStore
from tests.alerts.conftest import small_community
from tests.alerts.incidents.scene_builders import use_every_reply_code


class Killed(BaseException):
    """Ends a coroutine as kill -9 would."""


def states(harness: Any) -> list[tuple[str, str, str]]:
    return [(row.name, row.channel, row.state.value) for row in harness.deliveries()]


async def test_after_a_refused_number_the_next_person_is_called_at_once(harness: Any, finding: Any) -> None:
    harness.sms_server.faults.schedule(Fault(FaultKind.REJECT, code="isv.MOBILE_NUMBER_ILLEGAL"))
    await harness.service.process_findings([finding()])
    await harness.send()
    assert harness.texts("wang") == []
    assert len(harness.texts("deputy")) == 1, "the deputy of the same rung is called at once"
    assert "短信发给 王芳（网格员）失败：号码或账号无效" in harness.timeline()


async def test_a_provider_limit_for_one_number_calls_the_next_person(harness: Any, finding: Any) -> None:
    harness.sms_server.faults.schedule(Fault(FaultKind.REJECT, code="isv.BUSINESS_LIMIT_CONTROL"), times=2)
    await harness.service.process_findings([finding()])
    await harness.send()
    assert states(harness) == [("王芳", "sms", "failed"), ("赵敏", "sms", "failed"), ("李强", "sms", "accepted")]


async def test_when_every_number_is_refused_the_last_rung_is_not_called_in_a_loop(harness: Any, finding: Any) -> None:
    harness.sms_server.faults.schedule(Fault(FaultKind.REJECT, code="isv.BUSINESS_LIMIT_CONTROL"), times=100)
    await harness.service.process_findings([finding()])
    await harness.send()
    assert len(harness.deliveries()) == 7, "each of six people once, and the top once more"
    harness.sms_server.faults.clear()
    await harness.advance_time(900)
    assert len(harness.texts("zhou")) == 1
    assert await harness.service.audit(harness.clock.now) == []


async def test_a_timeout_after_acceptance_sends_no_second_text(harness: Any, finding: Any) -> None:
    harness.sms_server.faults.schedule(Fault(FaultKind.SILENT, accepted=True))
    await harness.service.process_findings([finding()])
    await harness.send()
    assert [row.state for row in harness.deliveries()] == ["unknown"]
    assert "短信发给 王芳（网格员）结果不明，正在核对" in harness.timeline()
    harness.clock.now += 6_000
    await harness.send()
    assert len(harness.texts("wang")) == 1
    assert harness.deliveries()[0].state in ("accepted", "delivered")


async def test_an_error_before_acceptance_is_looked_up_and_sent_again(harness: Any, finding: Any) -> None:
    harness.sms_server.faults.schedule(Fault(FaultKind.HTTP, status=502, accepted=False))
    await harness.service.process_findings([finding()])
    await harness.send()
    assert harness.texts("wang") == []
    harness.clock.now += 6_000
    await harness.send()
    assert len(harness.texts("wang")) == 1


async def test_an_unreachable_provider_is_retried_while_the_ladder_goes_on(harness: Any, finding: Any) -> None:
    harness.channels["sms"]._settings = type(harness.channels["sms"]._settings)(
        "AKID", "secret", "枫树社区", "http://127.0.0.1:9"
    )
    await harness.service.process_findings([finding()])
    await harness.send()
    assert [row.state for row in harness.deliveries()] == ["pending"]
    harness.channels["sms"] = harness.sms()
    harness.sender._chains["sms"] = chain_of("sms", harness.channels["sms"])
    harness.clock.now += 2_000
    await harness.send()
    assert len(harness.texts("wang")) == 1


async def test_a_wrong_signature_waits_for_the_operator_and_escalates_on_time(harness: Any, finding: Any) -> None:
    harness.sms_server.faults.schedule(Fault(FaultKind.REJECT, code="isv.SMS_SIGNATURE_ILLEGAL"), times=50)
    await harness.service.process_findings([finding()])
    await harness.send()
    assert "短信发给 王芳（网格员）暂未成功：通道配置有误，稍后重试" in harness.timeline()
    assert harness.alert().rung == 0, "one wrong setting must not burn the whole ladder in a second"
    assert (harness.alert(2).title, harness.alert(2).ledger) == ("短信通道故障（签名未通过）", "health")
    harness.sms_server.faults.clear()
    harness.clock.now += 30_000
    await harness.send()
    assert len(harness.texts("wang")) == 1
    assert harness.alert(2).state == "closed", "what works again closes its own alert"


async def test_a_channel_repaired_during_a_restart_closes_its_own_alert(harness: Any, finding: Any) -> None:
    harness.sms_server.faults.schedule(Fault(FaultKind.REJECT, code="isv.SMS_SIGNATURE_ILLEGAL"), times=50)
    await harness.service.process_findings([finding()])
    await harness.send()
    harness.stop()
    harness.start()
    harness.sms_server.faults.clear()
    harness.clock.now += 30_000
    await harness.send()
    assert harness.alert(2).state == "closed"


async def test_a_carrier_that_does_not_deliver_counts_as_a_failure(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    await harness.send()
    first = harness.deliveries()[0]
    await harness.service.receive_report(
        DeliveryReport(False, harness.clock.now, delivery=first.id, code="MK:0004"), "sms"
    )
    await harness.send()
    assert "短信发给 王芳（网格员）失败：运营商未送达" in harness.timeline()
    assert len(harness.texts("deputy")) == 1


async def test_receipts_only_move_a_message_forward(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    await harness.send()
    first = harness.deliveries()[0]
    good = DeliveryReport(True, harness.clock.now, provider_id=first.provider_id, code="DELIVERED")
    for receipt in (good, good, DeliveryReport(False, harness.clock.now, delivery=first.id, code="LATE")):
        await harness.service.receive_report(receipt, "sms")
    assert harness.deliveries()[0].state is DeliveryState.DELIVERED
    assert harness.timeline().count("短信已送达 王芳（网格员）") == 1
    await harness.service.receive_report(DeliveryReport(True, harness.clock.now, delivery="nobody's"), "sms")
    await harness.service.receive_report(DeliveryReport(True, harness.clock.now, delivery=first.id), "wecom")


async def test_a_receipt_that_overtakes_the_response_is_kept(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    send = harness.channels["sms"].send

    async def send_after_report(row: Any, now: int) -> Any:
        result = await send(row, now)
        await harness.service.receive_report(DeliveryReport(True, now, delivery=row.id, code="DELIVERED"), "sms")
        return result

    harness.channels["sms"].send = send_after_report
    harness.sender._chains["sms"] = chain_of("sms", harness.channels["sms"])
    await harness.send()
    row = harness.deliveries()[0]
    assert (row.state, row.provider_id is not None) == (DeliveryState.DELIVERED, True)


async def test_a_crash_between_send_and_commit_sends_nothing_twice(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    send = harness.channels["sms"].send

    async def send_and_crash(row: Any, now: int) -> Any:
        await send(row, now)
        raise Killed

    harness.channels["sms"].send = send_and_crash
    harness.sender._chains["sms"] = chain_of("sms", harness.channels["sms"])
    with pytest.raises(Killed):
        await harness.send()
    harness.stop()
    harness.channels["sms"] = harness.sms()
    harness.start()
    assert [row.state for row in harness.deliveries()] == ["sending"]
    await harness.send()
    assert len(harness.texts("wang")) == 1, "its lease still runs"
    harness.clock.now += LEASE_MS
    await harness.send()
    assert len(harness.texts("wang")) == 1
    assert harness.deliveries()[0].state in ("accepted", "delivered")


async def test_a_crash_between_lease_and_send_loses_nothing(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    await harness.sender._lease("sms", 8)
    harness.stop()
    harness.start()
    harness.clock.now += LEASE_MS
    await harness.send()
    assert len(harness.texts("wang")) == 1


async def test_an_exception_of_a_channel_is_recorded_and_looked_up(harness: Any, finding: Any) -> None:
    async def broken(_row: Any, _now: int) -> Any:
        raise TypeError("a fault of ours")

    harness.channels["sms"].send = broken
    harness.sender._chains["sms"] = chain_of("sms", harness.channels["sms"])
    await harness.service.process_findings([finding()])
    await harness.sender.send_due()
    assert [(row.state, row.code) for row in harness.deliveries()] == [("unknown", "TypeError")]


async def test_after_repeated_failures_a_delivery_is_dead_and_the_next_person_is_called(
    harness: Any, finding: Any
) -> None:
    harness.sms_server.faults.schedule(Fault(FaultKind.HTTP, status=503), times=5)
    await harness.service.process_findings([finding(severity=Severity.HIGH)])
    await harness.send()
    for _ in range(5):
        harness.clock.now += 6_000
        await harness.send()
    assert harness.deliveries()[0].state is DeliveryState.DEAD
    assert "短信发给 王芳（网格员）失败：多次尝试未成功" in harness.timeline()
    assert harness.texts("deputy") == [], "the breaker is open: the provider is asked again by one message each 30 s"
    harness.clock.now += 30_000
    await harness.send()
    assert len(harness.texts("deputy")) == 1


async def test_an_expired_message_is_not_sent(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    harness.clock.now += 2 * 3_600_000
    await harness.sender.send_due()
    assert harness.deliveries()[0].state is DeliveryState.EXPIRED


async def test_texts_that_are_not_critical_have_a_budget_for_each_phone(harness: Any, finding: Any) -> None:
    for number in range(7):
        other = finding(
            id=f"f{number}",
            rule=f"rule-{number}",
            severity=Severity.HIGH,
            device=f"d{number}",
            place="402",
            subject=type(finding().subject)("device", f"d{number}"),
        )
        await harness.service.process_findings([other])
        await harness.send()
    assert len(harness.texts("wang")) == 6, "five singly, and one text for those over the limit"
    assert "短信未发给 王芳（网格员）：短时间内已发太多，并入汇总" in harness.timeline(6)
    assert harness.texts("wang")[5].startswith(
        "【枫树社区】告警集中：您有1条待接警，最急：燃气泄漏，枫林苑3栋2单元402。"
    )
    await harness.service.process_findings([finding()])
    await harness.send()
    assert len(harness.texts("wang")) == 7, "what may cost a life has no budget of ours"
    await harness.advance_time(300)
    assert any("您有2条待接警" in text for text in harness.texts("wang")), "the rest in the next summary"
    assert await harness.service.unnotified(harness.clock.now) == []


async def test_a_person_without_a_phone_is_skipped_with_a_line_in_the_timeline(harness: Any, finding: Any) -> None:
    harness.people = small_community(wang=Person("wang", "王芳"))
    await harness.service.process_findings([finding()])
    await harness.send()
    assert "王芳（网格员）没有可用的联系方式" in harness.timeline()
    assert (len(harness.texts("deputy")), harness.texts("li")) == (1, []), "the deputy of the same rung comes first"


async def test_a_rung_without_any_phone_calls_the_next_rung_at_once(harness: Any, finding: Any) -> None:
    harness.people = small_community(wang=Person("wang", "王芳"), deputy=Person("deputy", "赵敏"))
    await harness.service.process_findings([finding()])
    await harness.send()
    assert "赵敏（网格员）没有可用的联系方式" in harness.timeline()
    assert len(harness.texts("li")) == 1


async def test_without_a_free_reply_code_another_person_is_called(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    harness.database.write_blocking(lambda tx: use_every_reply_code(tx, "19900000001", "wang"))
    assert (
        harness.database.write_blocking(lambda tx: SqlAlertStore(tx).assign_reply_code("19900000001", 99, "wang", 0))
        is None
    )
    await harness.service.process_findings(
        [finding(id="second", device="gas-2", subject=type(finding().subject)("device", "gas-2"))]
    )
    await harness.send()
    assert "王芳（网格员）没有可用的联系方式" in harness.timeline(2)
    assert len(harness.texts("deputy")) == 1


@pytest.mark.parametrize(
    ("lookup_status", "state"),
    [
        (LookupStatus.UNDETERMINED, "unknown"),
        (LookupStatus.WAITING, "accepted"),
        (LookupStatus.DELIVERED, "delivered"),
        (LookupStatus.FAILED, "failed"),
    ],
)
async def test_a_lookup_decides_the_state_of_a_delivery(
    harness: Any, finding: Any, lookup_status: LookupStatus, state: str
) -> None:
    async def lookup(_row: Any, _now: int) -> LookupResult:
        return LookupResult(lookup_status, code="LOOKED")

    harness.sms_server.faults.schedule(Fault(FaultKind.HTTP, status=502, accepted=False))
    await harness.service.process_findings([finding()])
    await harness.send()
    harness.channels["sms"].lookup = lookup
    harness.sender._chains["sms"] = chain_of("sms", harness.channels["sms"])
    harness.clock.now += 6_000
    await harness.sender.send_due()
    assert harness.deliveries()[0].state == state
    assert harness.texts("wang") == []


async def test_a_message_that_failed_is_not_sent_after_an_acknowledgement(harness: Any, finding: Any) -> None:
    harness.sms_server.faults.schedule(Fault(FaultKind.HTTP, status=502, accepted=False))
    await harness.service.process_findings([finding()])
    await harness.send()
    await harness.service.perform("1", "acknowledge", Actor("li", "李强", ResponseSource.SCREEN))
    harness.clock.now += 6_000
    await harness.send()
    assert [text for text in harness.texts("wang") if "燃气泄漏，14:05" in text] == []
    assert harness.deliveries()[0].state is DeliveryState.SKIPPED


async def test_a_channel_fault_while_the_disk_is_full_is_still_reported(harness: Any, finding: Any) -> None:
    harness.sms_server.faults.schedule(Fault(FaultKind.REJECT, code="isv.SMS_SIGNATURE_ILLEGAL"), times=50)
    await harness.service.process_findings([finding()])
    record_result = harness.sender._record_result

    def record_and_fail_once(*args: Any) -> Any:
        harness.sender._record_result = record_result
        record_result(*args)
        raise OSError(28, "No space left on device")

    harness.sender._record_result = record_and_fail_once
    with pytest.raises(OSError, match="No space"):
        await harness.send()
    harness.clock.now += LEASE_MS + 1
    await harness.send()
    harness.clock.now += 30_000
    await harness.send()
    assert (harness.alert(2).title, harness.alert(2).ledger) == ("短信通道故障（签名未通过）", "health")


async def test_a_text_in_doubt_uses_no_other_channel_after_the_alert_was_taken(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    (row,) = harness.deliveries()
    sending = structs.replace(row, state=DeliveryState.SENDING)
    await harness.service.perform(1, "acknowledge", Actor("li", "李强", ResponseSource.SCREEN))
    harness.service.escalator.outbox.enabled |= {"wecom"}

    def time_out(tx: Any) -> None:
        store = SqlAlertStore(tx)
        store.update_delivery(row, sending, harness.clock.now, "leased")
        harness.service.outcomes.on_send_result(
            Transaction(store, harness.clock.now), sending, SendResult(SendOutcome.UNKNOWN)
        )
        store.flush()

    harness.database.write_blocking(time_out)
    assert [one.channel for one in harness.deliveries() if one.person == "wang" and one.kind is MessageKind.ALERT] == [
        "sms"
    ]


def lease_of_wang(harness: Any, store: Any) -> Any:
    now = harness.clock.now
    return next(row for row in store.lease_deliveries("sms", now, now + LEASE_MS, 9) if row.person == "wang")


def attempt_of_wang(harness: Any, outcome: SendOutcome, store: Any) -> None:
    leased = lease_of_wang(harness, store)
    harness.service.outcomes.on_send_result(Transaction(store, harness.clock.now), leased, SendResult(outcome))


async def test_others_are_called_for_a_critical_call_whose_fifth_attempt_ended_with_a_crash(
    harness: Any, finding: Any
) -> None:
    """Attempts are counted when they begin: after the crash the sixth is the first that is known to have failed."""
    await harness.service.process_findings([finding()])

    attempt = partial(attempt_of_wang, harness, SendOutcome.TEMPORARY)
    for _ in range(4):
        await harness.service.transact(attempt)
        harness.clock.now += 60_000
    await harness.service.transact(partial(lease_of_wang, harness))
    harness.clock.now += LEASE_MS + 1
    assert [row.person for row in harness.deliveries()] == ["wang"]
    await harness.service.transact(attempt)
    assert [(row.person, row.attempts) for row in harness.deliveries()] == [("wang", 6), ("deputy", 0)]
    harness.clock.now += 15_000
    await harness.service.transact(attempt)
    assert harness.timeline().count("短信发给 王芳（网格员）失败：多次尝试未成功") == 1


async def test_a_critical_call_in_doubt_is_sent_once_more_also_when_the_tenth_attempt_ended_with_a_crash(
    harness: Any, finding: Any
) -> None:
    await harness.service.process_findings([finding()])
    states = []
    for number in range(1, 16):
        if number == 10:
            await harness.service.transact(partial(lease_of_wang, harness))
        else:
            outcome = SendOutcome.CONFIG if number == 13 else SendOutcome.UNKNOWN
            await harness.service.transact(partial(attempt_of_wang, harness, outcome))
        states.append(harness.deliveries()[0].state.value)
        harness.clock.now += 30_000
    assert states[9:] == ["sending", "pending", "unknown", "pending", "unknown", "unknown"]
    lines = harness.timeline()
    assert lines.count("短信发给 王芳（网格员）查不到是否送达，再发一次，对方可能收到两条") == 1
    assert lines.count("短信发给 王芳（网格员）失败：多次尝试未成功") == 1
