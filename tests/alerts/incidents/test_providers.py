"""Two SMS providers: one fails, hangs, refuses a template or reaches its limit, and each person has one text."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.channels.channel import DeliveryReport
from alerts.channels.providers import ProviderLimit, ProviderPlan
from domain import DAY, MINUTE, Severity, Subject
from simulators.providers.faults import Fault, FaultKind
from tests.alerts.incidents.provider_harness import send, two_providers

REFUSED = Fault(FaultKind.REJECT, code="isv.AMOUNT_NOT_ENOUGH")


def tencent_texts(harness: Any, phone: str = "19900000001") -> list[str]:
    return [text.text for text in harness.tencent.phones.texts_of(phone)]


async def test_a_refused_account_sends_this_very_message_by_the_second_provider(harness: Any, finding: Any) -> None:
    async with two_providers(harness):
        harness.sms_server.faults.schedule(REFUSED, times=3)
        await harness.service.process_findings([finding()])
        await send(harness)
        assert harness.texts("wang") == []
        (text,) = tencent_texts(harness)
        assert text.startswith("【枫树社区】紧急：燃气泄漏")
        assert "枫林苑3栋2单元402" in text
        (row,) = harness.deliveries()
        assert (row.provider, row.state.value, row.template) == ("tencent", "delivered", "gas.critical")
        assert "短信发给 王芳（网格员）改走腾讯云：通道配置有误" in harness.timeline()
        assert harness.alert(2).title == "短信（阿里云）通道故障（余额不足）"
        assert harness.alert().rung == 0, "nobody else need be woken"


async def test_an_open_breaker_sends_by_the_second_provider_within_the_same_second(harness: Any, finding: Any) -> None:
    async with two_providers(harness):
        harness.sms_server.faults.schedule(REFUSED, times=99)
        await harness.service.process_findings([finding()])
        await send(harness)
        asked = 99 - len(harness.sms_server.faults._scheduled)
        again = finding(id="gas-alarm@1/gas-2/1", device="gas-2", place="403", subject=Subject("device", "gas-2"))
        await harness.service.process_findings([again])
        await send(harness)
        assert 99 - len(harness.sms_server.faults._scheduled) == asked, "the first provider is not even asked"
        assert len(tencent_texts(harness)) == 2
        harness.sms_server.faults.clear()
        harness.clock.now += 31_000
        third = finding(id="gas-alarm@1/gas-3/1", device="gas-3", place="404", subject=Subject("device", "gas-3"))
        await harness.service.process_findings([third])
        await send(harness)
        assert len(harness.texts("wang")) == 1, "the probe succeeds, and the first provider is used again"
        assert harness.alert(2).state.value in ("closed", "resolved"), harness.timeline(2)


async def test_a_provider_down_for_ten_minutes_loses_no_text(harness: Any, finding: Any) -> None:
    async with two_providers(harness, per_number_per_day=50):
        harness.sms_server.faults.schedule(Fault(FaultKind.REJECT, code="Throttling.Api"), times=10_000)
        for number in range(10):
            subject = Subject("device", f"gas-{number}")
            at = harness.clock.now
            one = finding(
                id=f"gas-alarm@1/g{number}/1", device=subject.id, place=None, subject=subject, begin=at, at=at
            )
            await harness.service.process_findings([one])
            await send(harness)
            harness.clock.now += MINUTE
        texts = [text for text in harness.tencent.phones.texts if "燃气泄漏" in text.text]
        assert not harness.sms_server.phones.texts
        assert len(texts) >= 10
        harness.sms_server.faults.clear()


async def test_a_timeout_after_acceptance_is_one_text_not_two(harness: Any, finding: Any) -> None:
    async with two_providers(harness):
        harness.sms_server.faults.schedule(Fault(FaultKind.SILENT))
        await harness.service.process_findings([finding()])
        await send(harness)
        (row,) = harness.deliveries()
        assert row.provider == "aliyun"
        assert tencent_texts(harness) == [], "in doubt: the same provider is asked before another sends"
        await harness.advance_time(20)
        assert len(harness.texts("wang")) == 1
        assert tencent_texts(harness) == []
        assert harness.deliveries()[0].state.value == "delivered"


async def test_a_message_in_doubt_at_the_second_provider_is_never_sent_again(harness: Any, finding: Any) -> None:
    async with two_providers(harness):
        harness.tencent.hold_reports = True
        harness.sms_server.faults.schedule(REFUSED, times=99)
        harness.tencent.faults.schedule(Fault(FaultKind.SILENT))
        await harness.service.process_findings([finding()])
        await send(harness)
        for _ in range(3):
            harness.clock.now += 6_000
            await send(harness)
        assert len(tencent_texts(harness)) == 1, "its receipts do not show what is still on its way"
        assert harness.deliveries()[0].state.value == "unknown"
        await harness.tencent.release_reports()
        harness.clock.now += 6_000
        await send(harness)
        assert harness.deliveries()[0].state.value == "delivered"
        assert len(tencent_texts(harness)) == 1


async def test_a_receipt_before_the_response_is_applied_when_the_response_names_the_message(
    harness: Any, finding: Any
) -> None:
    """Tencent's receipts name only its own id, which we learn from the response."""
    async with two_providers(harness):
        harness.sms_server.faults.schedule(REFUSED)
        harness.tencent.report_first = True
        await harness.service.process_findings([finding()])
        await send(harness)
        assert harness.deliveries()[0].state.value == "delivered"


async def test_a_refused_template_is_sent_as_fixed_text_and_reported(harness: Any, finding: Any) -> None:
    async with two_providers(harness, {"tencent": ProviderPlan(fallback_template="fixed")}):
        harness.sms_server.faults.schedule(REFUSED)
        del harness.tencent.templates["gas.critical"]
        await harness.service.process_findings([finding()])
        await send(harness)
        assert tencent_texts(harness) == ["【枫树社区】您有告警，内容未能发出，请立即打开工作台或致电值班室。"]
        assert "短信发给 王芳（网格员）改发固定文字：模板未通过审核" in harness.timeline()
        assert harness.alert(3).title == "短信（腾讯云）模板未通过（gas.critical）"


async def test_a_used_up_budget_goes_to_the_next_provider_and_critical_alerts_have_a_reserve(
    harness: Any, finding: Any
) -> None:
    plans = {"aliyun": ProviderPlan(limits=(ProviderLimit(DAY, 3),))}
    async with two_providers(harness, plans, per_number_per_day=50):
        for number in range(3):
            harness.clock.now += MINUTE
            subject = Subject("device", f"gas-{number}")
            one = finding(
                id=f"gas-high@1/g{number}/1", severity=Severity.HIGH, device=subject.id, place=None, subject=subject
            )
            await harness.service.process_findings([one])
            await send(harness)
        rows = [harness.deliveries(number)[0].provider for number in (1, 2, 3)]
        assert rows == ["aliyun", "aliyun", "tencent"]
        harness.clock.now += MINUTE
        await harness.service.process_findings([finding()])
        await send(harness)
        assert harness.deliveries(4)[0].provider == "aliyun", "the last of the day is kept for what may cost a life"


async def test_no_provider_with_room_is_a_failure_and_the_next_person_is_called(harness: Any, finding: Any) -> None:
    none = ProviderPlan(limits=(ProviderLimit(DAY, 0),))
    async with two_providers(harness, {"aliyun": none, "tencent": none}):
        await harness.service.process_findings([finding()])
        await send(harness)
        row = harness.deliveries()[0]
        assert (row.state.value, row.outcome, row.code) == ("failed", "rate", "budget")
        assert "短信发给 王芳（网格员）失败：超过发送限额" in harness.timeline()
        assert harness.alert().rung > 0


async def test_missing_receipts_are_reported_by_the_other_provider(harness: Any, finding: Any) -> None:
    async with two_providers(harness, {"aliyun": ProviderPlan(receipts=True)}):
        harness.sms_server.hold_reports = True
        for number in range(5):
            subject = Subject("device", f"gas-{number}")
            one = finding(id=f"gas-alarm@1/g{number}/1", device=subject.id, place=f"{number}", subject=subject)
            await harness.service.process_findings([one])
            await send(harness)
        harness.clock.now += 15 * MINUTE
        await harness.service.tick(harness.clock.now)
        await send(harness)
        found = [alert for alert in range(6, 9) if "回执" in "".join(harness.timeline(alert))]
        assert len(found) == 1
        assert harness.alert(found[0]).title == "短信（阿里云）收不到送达回执"
        sent = [row for row in harness.deliveries(found[0]) if row.channel == "sms"]
        assert {row.provider for row in sent} <= {"tencent"}
        await harness.sms_server.release_reports()
        await harness.service.tick(harness.clock.now)
        assert harness.alert(found[0]).state.value == "closed"


async def test_a_reply_through_the_second_provider_acknowledges(harness: Any, finding: Any) -> None:
    async with two_providers(harness):
        harness.sms_server.faults.schedule(REFUSED, times=5)
        await harness.service.process_findings([finding()])
        await send(harness)
        await harness.tencent.reply("19900000001", "11")
        assert harness.alert().owner == "wang"


@pytest.mark.parametrize("with_context", [False, True])
async def test_a_forged_receipt_of_an_unknown_message_changes_nothing(
    harness: Any, finding: Any, with_context: bool
) -> None:
    async with two_providers(harness):
        await harness.service.process_findings([finding()])
        await send(harness)
        before = harness.deliveries()
        forged = DeliveryReport(False, harness.clock.now, delivery="x" if with_context else None, provider_id="5000:1")
        for _ in range(40):
            await harness.service.receive_report(forged, "sms")
        assert harness.deliveries() == before


async def test_after_a_restart_breakers_are_closed_and_every_provider_is_asked_again(
    harness: Any, finding: Any
) -> None:
    async with two_providers(harness):
        harness.sms_server.faults.schedule(REFUSED)
        await harness.service.process_findings([finding()])
        await send(harness)
        assert harness.service.outcomes.router.is_open("sms", "aliyun")
        harness.stop()
        harness.start()
        assert not harness.service.outcomes.router.is_open("sms", "aliyun")
        counts = harness.service.outcomes.router.outcomes
        assert not counts


async def test_while_both_providers_refuse_messages_wait_and_one_probe_each_half_minute_is_sent(
    harness: Any, finding: Any
) -> None:
    async with two_providers(harness, per_number_per_day=50):
        harness.sms_server.faults.schedule(REFUSED, times=99)
        harness.tencent.faults.schedule(Fault(FaultKind.REJECT, code="FailedOperation.InsufficientBalance"), times=99)
        for number in range(4):
            subject = Subject("device", f"gas-{number}")
            one = finding(
                id=f"gas-high@1/g{number}/1",
                severity=Severity.HIGH,
                device=subject.id,
                place=f"4{number}",
                subject=subject,
            )
            await harness.service.process_findings([one])
            await send(harness)
        asked = len(harness.sms_server.faults._scheduled)
        harness.clock.now += 30_000
        await send(harness)
        assert asked - len(harness.sms_server.faults._scheduled) == 1
        held = [row for alert in range(1, 9) for row in harness.deliveries(alert) if row.outcome == "breaker"]
        assert len(held) >= 2
        assert {row.state.value for row in held} == {"pending"}
        for row in held:
            assert [line for line in harness.timeline(row.alert) if "通道故障，已暂停" in line] != []
        harness.sms_server.faults.clear()
        harness.clock.now += 30_000
        await send(harness)
        harness.clock.now += 30_000
        await send(harness)
        assert len(harness.texts("sun")) == 4, "all that waited is sent once the provider answers again"


async def test_an_open_breaker_never_holds_a_critical_danger(harness: Any, finding: Any) -> None:
    """The only provider has refused the account; a second later it works again, and a second flat leaks gas."""
    harness.sms_server.faults.schedule(REFUSED, times=2)
    await harness.service.process_findings([finding()])
    await harness.send()
    assert harness.service.outcomes.router.is_open("sms", "sms")
    harness.sms_server.faults.clear()
    harness.clock.now += 1_000
    at = harness.clock.now
    second = finding(
        id="gas-alarm@1/gas-9/1", device="gas-9", place="403", subject=Subject("device", "gas-9"), begin=at, at=at
    )
    await harness.service.process_findings([second])
    await harness.send()
    assert len(harness.texts("wang")) == 1, "in the same second: the message itself is the probe"
    assert not harness.service.outcomes.router.is_open("sms", "sms")
    assert harness.clock.now == at


async def test_both_providers_with_open_breakers_are_tried_in_the_same_second(harness: Any, finding: Any) -> None:
    async with two_providers(harness, per_number_per_day=50):
        balance = Fault(FaultKind.REJECT, code="FailedOperation.InsufficientBalance")
        harness.sms_server.faults.schedule(REFUSED, times=99)
        harness.tencent.faults.schedule(balance, times=99)
        await harness.service.process_findings([finding()])
        await send(harness)
        router = harness.service.outcomes.router
        assert router.is_open("sms", "aliyun")
        assert router.is_open("sms", "tencent")
        harness.tencent.faults.clear()
        again = finding(id="gas-alarm@1/gas-2/1", device="gas-2", place="403", subject=Subject("device", "gas-2"))
        await harness.service.process_findings([again])
        await send(harness)
        assert len(tencent_texts(harness)) == 1
        assert not router.is_open("sms", "tencent")
