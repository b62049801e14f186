"""Planned work calls nobody; what still stands when the silence ends is told then, with its real time."""

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


def plan(town: Any, **changes: Any) -> Silence:
    now = town.clock.now
    plain = Silence(0, Matchers(place="402"), now, now + HOUR, "li", "李强", "燃气管道检修", now)
    return town.ledger.write_blocking(lambda tx: silences.create_silence(tx, structs.replace(plain, **changes)))


def held(town: Any, finding: str) -> Any:
    return town.ledger.write_blocking(lambda tx: SqlAlertStore(tx).held_finding(finding)).state


async def test_what_a_silence_covers_calls_nobody_and_is_told_when_it_ends(town: Any, finding: Any) -> None:
    plan(town)
    (outcome,) = await town.service.process_findings([finding()])
    await town.send()
    assert (outcome.disposition, outcome.alert, town.texts("wang")) == (Disposition.SILENCED, None, [])
    assert await town.service.next_wake() == town.clock.now + HOUR
    await town.pass_time(3_600)
    assert town.texts("wang")[0].startswith("【枫树社区】紧急：燃气泄漏，14:05（迟报60分钟），枫林苑3栋2单元402。")
    assert held(town, finding().id) is HeldState.RELEASED
    assert (await town.service.process_findings([finding()]))[0].disposition is Disposition.REPEATED


async def test_what_began_and_ended_under_a_silence_is_told_to_nobody(town: Any, finding: Any) -> None:
    plan(town)
    await town.service.process_findings([finding()])
    (over,) = await town.service.process_findings([finding(phase=FindingPhase.ENDED)])
    assert (over.disposition, held(town, finding().id)) == (Disposition.SILENCED, HeldState.ENDED)
    assert (await town.service.process_findings([finding()]))[0].disposition is Disposition.SILENCED
    await town.pass_time(3_601)
    assert town.texts("wang") == []


async def test_a_danger_elsewhere_or_before_the_silence_is_told(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding()])
    plan(town)
    await town.service.process_findings([finding(phase=FindingPhase.STALE)])
    await town.service.process_findings(
        [finding(id="b", place="403", device="gas-2", subject=Subject("device", "gas-2"))]
    )
    assert (town.alert(1).stale, town.alert(2).place) == (True, "403")


async def test_a_held_danger_that_becomes_worse_than_its_silence_may_cover_is_told(town: Any, finding: Any) -> None:
    plan(town, matchers=Matchers(place="402", severity=Severity.HIGH))
    mild = finding(severity=Severity.HIGH, title="燃气浓度偏高")
    await town.service.process_findings([mild])
    worse = structs.replace(mild, phase=FindingPhase.GRADED, severity=Severity.CRITICAL, at=town.clock.now + 1)
    await town.service.process_findings([worse])
    await town.send()
    assert town.texts("wang")[0].startswith("【枫树社区】紧急：")
    assert held(town, mild.id) is HeldState.RELEASED


@pytest.mark.parametrize("again", [False, True])
async def test_a_silence_that_is_ended_early_releases_what_it_holds_unless_another_covers_it(
    town: Any, finding: Any, again: bool
) -> None:
    first = plan(town)
    await town.service.process_findings([finding()])
    if again:
        plan(town, until=town.clock.now + 2 * HOUR)
    town.ledger.write_blocking(lambda tx: silences.end_silence(tx, first.id, "li", town.clock.now + 60_000))
    town.clock.now += 60_000
    await town.service.tick(town.clock.now)
    await town.send()
    assert len(town.texts("wang")) == (0 if again else 1)
