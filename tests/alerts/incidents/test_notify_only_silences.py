"""A notify-only silence: planned work is recorded and told for information; nobody is called until it ends."""

from __future__ import annotations

from typing import Any

from alerts.alert import State
from alerts.silence import Matchers, Silence
from domain import MINUTE, FindingPhase, Ledger, Severity
from store.database.alerts import silences
from tests.alerts.incidents.scene_builders import new_finding

GAS_WORK = Matchers(hazard="gas", place="b3")


def planned(
    harness: Any,
    minutes: int = 60,
    begins_ms: int = 0,
    notify_only: bool = True,
    matchers: Matchers = GAS_WORK,
) -> Silence:
    """A silence that only informs; of gas in building 3."""
    begin = harness.clock.now + begins_ms
    silence = Silence(
        0,
        matchers,
        begin,
        begin + minutes * MINUTE,
        "li",
        "李强",
        "燃气管道检修",
        harness.clock.now,
        notify_only=notify_only,
    )
    return harness.database.write_blocking(lambda tx: silences.create_silence(tx, silence))


async def test_a_covered_danger_is_notified_once_and_called_for_by_no_text(harness: Any, finding: Any) -> None:
    planned(harness)
    await harness.service.process_findings([new_finding(harness, finding)])
    await harness.advance_time(20 * 60)
    assert harness.texts("wang") == [
        "【枫树社区】紧急告知：燃气泄漏，14:05，枫林苑3栋2单元402。计划作业：燃气管道检修，仅告知，无需答复。"
    ]
    assert harness.texts("li") == []
    assert (harness.alert().state, harness.alert().silence) == (State.SHELVED, 1)
    await harness.service.process_findings([new_finding(harness, finding, id="again")])
    await harness.send()
    assert (len(harness.texts("wang")), harness.alert().joined) == (1, 1)


async def test_what_still_fires_when_it_ends_is_called(harness: Any, finding: Any) -> None:
    planned(harness)
    await harness.service.process_findings([new_finding(harness, finding)])
    await harness.send()
    await harness.advance_time(3_600)
    assert (harness.alert().state, harness.alert().silence) == (State.OPEN, None)
    assert "回复11接警" in harness.texts("wang")[-1]
    assert "计划作业结束，仍在报警，开始呼叫" in harness.timeline()


async def test_ending_it_early_calls_at_once(harness: Any, finding: Any) -> None:
    silence = planned(harness)
    await harness.service.process_findings([new_finding(harness, finding)])
    harness.clock.now += 5 * MINUTE
    harness.database.write_blocking(lambda tx: silences.end_silence(tx, silence.id, "li", harness.clock.now))
    await harness.service.tick(harness.clock.now)
    await harness.send()
    assert harness.alert().state is State.OPEN


async def test_what_ended_under_it_is_closed(harness: Any, finding: Any) -> None:
    planned(harness)
    fired = new_finding(harness, finding)
    await harness.service.process_findings([fired])
    await harness.send()
    await harness.service.process_findings([new_finding(harness, finding, id=fired.id, phase=FindingPhase.ENDED)])
    assert harness.alert().state is State.CLOSED
    await harness.advance_time(3_700)
    assert len(harness.texts("wang")) == 1


async def test_a_danger_that_becomes_more_severe_is_called(harness: Any, finding: Any) -> None:
    planned(harness)
    lesser = new_finding(harness, finding, severity=Severity.MEDIUM)
    await harness.service.process_findings([lesser])
    await harness.send()
    worse = new_finding(harness, finding, id=lesser.id, phase=FindingPhase.GRADED, severity=Severity.CRITICAL)
    await harness.service.process_findings([worse])
    await harness.send()
    assert harness.alert().state is State.OPEN
    assert "回复11接警" in harness.texts("wang")[-1]


async def test_it_begins_when_it_was_planned(harness: Any, finding: Any) -> None:
    planned(harness, begins_ms=10 * MINUTE)
    await harness.service.process_findings([new_finding(harness, finding)])
    assert harness.alert().state is State.OPEN
    harness.clock.now += 11 * MINUTE
    await harness.service.process_findings([new_finding(harness, finding, device="gas-9", place="404")])
    assert harness.alert(2).state is State.SHELVED


async def test_a_silence_that_holds_calls_back_comes_before_one_that_informs(harness: Any, finding: Any) -> None:
    planned(harness)
    planned(harness, notify_only=False)
    await harness.service.process_findings([new_finding(harness, finding)])
    await harness.send()
    assert harness.texts("wang") == []


async def test_another_fault_of_the_device_under_work_waits_with_the_first(harness: Any, finding: Any) -> None:
    planned(harness, matchers=Matchers(rule="battery", device="gas-1"))
    fault = {"ledger": Ledger.HEALTH, "severity": Severity.LOW, "hazard": "device"}
    await harness.service.process_findings([new_finding(harness, finding, **fault, rule="battery", title="电量低")])
    await harness.service.process_findings([new_finding(harness, finding, **fault, rule="offline", title="离线")])
    await harness.send()
    before = len(harness.deliveries())
    assert (harness.alert().state, harness.alert().joined) == (State.SHELVED, 1)
    await harness.advance_time(3_700)
    assert (harness.alert().state, harness.alert().rung) == (State.OPEN, 0)
    assert len(harness.deliveries()) > before, "when the work is over, people are called for what still holds"
