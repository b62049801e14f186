"""An SMS provider that is down, or cannot say what it did: who hears of a leak, how soon, and how often."""

from __future__ import annotations

from typing import Any

import pytest

from domain import SECOND, Severity
from simulators.providers.faults import Fault, FaultKind
from tests.alerts.incidents.provider_harness import send, two_providers

UNAVAILABLE = Fault(FaultKind.HTTP, status=503)
BUSY = Fault(FaultKind.REJECT, code="isp.SYSTEM_ERROR")
REFUSED = Fault(FaultKind.REJECT, code="isv.AMOUNT_NOT_ENOUGH")
CALLED = ("wang", "deputy", "li", "chen", "sun")


async def run(harness: Any, seconds: int, step_s: int = 5) -> None:
    """Ticks and sends as the service does: also what becomes due between two deadlines of an alert."""
    for _ in range(seconds // step_s):
        harness.clock.now += step_s * SECOND
        await harness.service.tick(harness.clock.now)
        await harness.send()


@pytest.mark.parametrize("fault", [UNAVAILABLE, BUSY], ids=["503", "busy"])
async def test_after_ten_minutes_without_a_provider_all_who_were_called_are_texted_within_a_minute(
    harness: Any, finding: Any, fault: Fault
) -> None:
    harness.sms_server.faults.schedule(fault, 100_000)
    await harness.service.process_findings([finding()])
    await run(harness, 600, 20)
    assert [harness.texts(person) for person in CALLED] == [[]] * 5
    assert "短信发给 王芳（网格员）失败：多次尝试未成功" in harness.timeline(), "others were called in her place"
    assert [one.id for one in await harness.service.unnotified(harness.clock.now)] == [1], "and the audit reports it"
    harness.sms_server.faults.clear()
    await run(harness, 60, 10)
    assert [sum("燃气泄漏" in text for text in harness.texts(person)) for person in CALLED] == [1] * 5
    await harness.service.receive_text("19900000001", "11", harness.clock.now)
    await run(harness, 60, 10)
    assert (harness.alert().owner, await harness.service.unnotified(harness.clock.now)) == ("wang", [])
    assert [sum("回复11接警" in text for text in harness.texts(person)) for person in CALLED] == [1] * 5


async def test_a_lesser_danger_is_given_up_after_five_attempts(harness: Any, finding: Any) -> None:
    harness.sms_server.faults.schedule(BUSY, 100_000)
    await harness.service.process_findings([finding(severity=Severity.HIGH)])
    await run(harness, 90, 10)
    assert harness.deliveries()[0].state.value == "dead"


async def test_a_critical_call_that_no_provider_can_account_for_is_sent_once_more_and_the_timeline_reports_it(
    harness: Any, finding: Any
) -> None:
    """Tencent took it and never answered; its receipts are lost. Nobody can say whether the text arrived."""
    async with two_providers(harness):
        harness.tencent.hold_reports = True
        harness.sms_server.faults.schedule(REFUSED, times=1)
        harness.tencent.faults.schedule(Fault(FaultKind.SILENT))
        await harness.service.process_findings([finding()])
        await send(harness)
        await run(harness, 60, 10)
        everywhere = [
            *harness.tencent.phones.texts_of("19900000001"),
            *harness.sms_server.phones.texts_of("19900000001"),
        ]
        assert sum("紧急：燃气泄漏" in text.text for text in everywhere) == 1
        await run(harness, 300)
        everywhere = [
            *harness.tencent.phones.texts_of("19900000001"),
            *harness.sms_server.phones.texts_of("19900000001"),
        ]
        assert sum("紧急：燃气泄漏" in text.text for text in everywhere) == 2
        assert harness.timeline().count("短信发给 王芳（网格员）查不到是否送达，再发一次，对方可能收到两条") == 1


def calls_of_wang(harness: Any) -> int:
    """First calls on her phone, by either provider."""
    phones = (harness.tencent.phones, harness.sms_server.phones)
    return sum("紧急：燃气泄漏" in text.text for network in phones for text in network.texts_of("19900000001"))
