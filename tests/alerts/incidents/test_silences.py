"""Silences: covered findings call no person; those still active at the end are sent then, with their real time."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from alerts.handling.intake import Disposition
from alerts.silence import HeldState, Matchers, Silence
from domain import FindingPhase, Severity, Subject
from store.database.alerts import silences
from store.database.alerts.repository import SqlAlertStore

HOUR = 3_600_000


def create_silence(harness: Any, **changes: Any) -> Silence:
    now = harness.clock.now
    defaults = Silence(0, Matchers(place="402"), now, now + HOUR, "li", "李强", "燃气管道检修", now)
    return harness.database.write_blocking(lambda tx: silences.create_silence(tx, structs.replace(defaults, **changes)))


def held_state(harness: Any, finding: str) -> Any:
    return harness.database.write_blocking(lambda tx: SqlAlertStore(tx).held_finding(finding)).state


async def test_a_silenced_finding_calls_no_person_and_is_sent_when_the_silence_ends(harness: Any, finding: Any) -> None:
    create_silence(harness)
    (outcome,) = await harness.service.process_findings([finding()])
    await harness.send()
    assert (outcome.disposition, outcome.alert, harness.texts("wang")) == (Disposition.SILENCED, None, [])
    assert await harness.service.next_wake() == harness.clock.now + HOUR
    await harness.advance_time(3_600)
    assert harness.texts("wang")[0].startswith("【枫树社区】紧急：燃气泄漏，14:05（迟报60分钟），枫林苑3栋2单元402。")
    assert held_state(harness, finding().id) is HeldState.RELEASED
    assert (await harness.service.process_findings([finding()]))[0].disposition is Disposition.REPEATED


async def test_a_finding_that_ended_during_a_silence_is_not_sent(harness: Any, finding: Any) -> None:
    create_silence(harness)
    await harness.service.process_findings([finding()])
    (outcome,) = await harness.service.process_findings([finding(phase=FindingPhase.ENDED)])
    assert (outcome.disposition, held_state(harness, finding().id)) == (Disposition.SILENCED, HeldState.ENDED)
    assert (await harness.service.process_findings([finding()]))[0].disposition is Disposition.SILENCED
    await harness.advance_time(3_601)
    assert harness.texts("wang") == []


async def test_a_danger_elsewhere_or_before_the_silence_is_sent(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    create_silence(harness)
    await harness.service.process_findings([finding(phase=FindingPhase.STALE)])
    await harness.service.process_findings(
        [finding(id="b", place="403", device="gas-2", subject=Subject("device", "gas-2"))]
    )
    assert (harness.alert(1).stale, harness.alert(2).place) == (True, "403")


async def test_a_held_danger_with_a_severity_outside_its_silence_is_sent(harness: Any, finding: Any) -> None:
    create_silence(harness, matchers=Matchers(place="402", severity=Severity.HIGH))
    high_finding = finding(severity=Severity.HIGH, title="燃气浓度偏高")
    await harness.service.process_findings([high_finding])
    critical_finding = structs.replace(
        high_finding, phase=FindingPhase.GRADED, severity=Severity.CRITICAL, at=harness.clock.now + 1
    )
    await harness.service.process_findings([critical_finding])
    await harness.send()
    assert harness.texts("wang")[0].startswith("【枫树社区】紧急：")
    assert held_state(harness, high_finding.id) is HeldState.RELEASED


@pytest.mark.parametrize("is_covered_again", [False, True])
async def test_a_silence_ended_early_releases_its_findings_unless_another_covers_them(
    harness: Any, finding: Any, is_covered_again: bool
) -> None:
    first = create_silence(harness)
    await harness.service.process_findings([finding()])
    if is_covered_again:
        create_silence(harness, until=harness.clock.now + 2 * HOUR)
    harness.database.write_blocking(lambda tx: silences.end_silence(tx, first.id, "li", harness.clock.now + 60_000))
    harness.clock.now += 60_000
    await harness.service.tick(harness.clock.now)
    await harness.send()
    assert len(harness.texts("wang")) == (0 if is_covered_again else 1)
