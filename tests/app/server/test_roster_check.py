"""Gaps of the roster as health alerts: one for each community, updated, and ended when filled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from app.config.catalog import load_roles
from app.pipeline.self_monitoring import SelfMonitoring
from app.server.roster_check import RosterCheck
from domain import DAY, Duty, Finding, FindingPhase, Subject
from domain.rosters import OverrideKind
from tests.alerts.roster.roster_builders import TZ, at, override, site

NOW = at(11, 29, 7)
WORKER, OTHER = Duty("1", "g1", "worker", "a"), Duty("2", "g2", "worker", "b")
LEAVE = override("x", "a", None, at(12, 1), at(12, 2), OverrideKind.LEAVE, leave="年假")
SICK = override("y", "b", None, at(12, 5), at(12, 6), OverrideKind.LEAVE, leave="病假")


class Roster:
    """A registry whose roster a test changes, and the findings that the check reports."""

    def __init__(self) -> None:
        self.registry: Any = SimpleNamespace(community=site())
        self.findings: list[Finding] = []
        self.monitoring = SelfMonitoring(self._apply)
        self.check = RosterCheck(self.registry, self.monitoring, load_roles(), TZ, lambda: NOW)

    async def _apply(self, work: Callable[[], Sequence[Finding]]) -> None:
        self.findings.extend(work())

    async def checked(self, community: Any, now: int = NOW) -> list[Finding]:
        """The findings after the roster became this one."""
        self.registry.community = community
        await self.check.check(now)
        return await self.reported()

    async def reported(self) -> list[Finding]:
        follower = asyncio.create_task(self.monitoring.run())
        while self.monitoring._queue.qsize():
            await asyncio.sleep(0)
        follower.cancel()
        found, self.findings = self.findings, []
        return found


@pytest.fixture
def roster() -> Roster:
    return Roster()


async def test_a_leave_without_substitute_opens_one_alert_of_the_community_and_ends_when_filled(roster: Roster) -> None:
    (began,) = await roster.checked(site(WORKER, OTHER, overrides=[LEAVE]))
    assert (began.rule, began.phase, began.subject) == ("roster-gap", FindingPhase.BEGAN, Subject("cell", "c"))
    assert [line.value for line in began.evidence] == [
        "第一网格网格员：12月1日 00:00 至 12月2日 00:00 无人值班（a师傅年假，无人顶班）"
    ]
    assert await roster.checked(site(WORKER, OTHER, overrides=[LEAVE]), NOW + 1) == []

    (changed,) = await roster.checked(site(WORKER, OTHER, overrides=[LEAVE, SICK]), NOW + 2)
    assert (changed.id, changed.phase, len(changed.evidence)) == (began.id, FindingPhase.GRADED, 2)

    cover = [override("z", who, "e", at(12, 1), at(12, 6)) for who in "ab"]
    (ended,) = await roster.checked(site(WORKER, OTHER, overrides=[LEAVE, SICK, *cover]), NOW + 3)
    assert (ended.id, ended.phase) == (began.id, FindingPhase.ENDED)


async def test_two_communities_have_an_alert_each_and_many_gaps_are_counted(roster: Roster) -> None:
    street = Duty("3", "street", "street", "a", from_minute=480, to_minute=540)
    long = override("x", "a", None, at(12, 1), at(12, 9), OverrideKind.LEAVE)
    found = await roster.checked(site(WORKER, street, overrides=[long]))
    assert {finding.subject.id: len(finding.evidence) for finding in found} == {"c": 1, "street": 6}
    assert found[1].evidence[-1].value == "另有3处"


async def test_a_site_without_a_roster_is_not_checked(roster: Roster) -> None:
    assert await roster.checked(site()) == []
    await roster.checked(site(WORKER, overrides=[LEAVE]))
    (ended,) = await roster.checked(site())
    assert ended.phase is FindingPhase.ENDED


async def test_after_a_restart_the_alert_goes_on(roster: Roster) -> None:
    (began,) = await roster.checked(site(WORKER, overrides=[LEAVE]))
    restarted = Roster()
    restarted.monitoring.restore([began.id], NOW + DAY // 2)
    (again,) = await restarted.checked(site(WORKER, overrides=[LEAVE]), NOW + DAY // 2)
    assert (again.id, again.phase, again.begin) == (began.id, FindingPhase.GRADED, NOW)
    assert (await restarted.checked(site(WORKER), NOW + DAY))[0].phase is FindingPhase.ENDED


async def test_a_change_of_the_registry_is_followed_and_a_failure_does_not_end_it(
    roster: Roster, caplog: pytest.LogCaptureFixture
) -> None:
    task = asyncio.create_task(roster.check.run())
    roster.registry.community = None
    roster.check.request()
    while "gaps of the roster not computed" not in caplog.text:
        await asyncio.sleep(0)
    roster.registry.community = site(WORKER, overrides=[LEAVE])
    roster.check.request()
    while not roster.monitoring._queue.qsize():
        await asyncio.sleep(0.001)
    task.cancel()
    assert len(await roster.reported()) == 1


async def test_reasons_are_told_for_absences_covers_and_the_end_of_a_roster(roster: Roster) -> None:
    absent = Duty("3", "street", "street", "a", since=at(12, 1), until=at(12, 2), absent=True)
    both = [
        override("1", "a", "c", at(12, 3), at(12, 4)),
        override("2", "c", None, at(12, 3), at(12, 4), OverrideKind.LEAVE),
    ]
    dated = Duty("4", "g2", "department", "b", until=at(12, 10), hazards=("fire",))
    (began,) = await roster.checked(site(WORKER, absent, dated, overrides=both))
    assert [str(line.value).partition("无人值班")[2] for line in began.evidence] == [
        "（a师傅不在岗，无人顶班）",
        "（a师傅已换人，顶班的c师傅也不在岗）",
        "（排班到此为止，请补排）",
    ]
    assert "第二网格部门（fire）" in str(began.evidence[2].value)


async def test_a_change_of_devices_alone_has_nothing_computed(roster: Roster) -> None:
    """The gaps of a district take fifteen seconds of a processor; every registered device had asked for them."""
    await roster.checked(site(WORKER, overrides=[LEAVE]))

    roster.check.request()
    assert not roster.check._requested.is_set()

    roster.registry.community = site(WORKER)
    roster.check.request()
    assert roster.check._requested.is_set()
