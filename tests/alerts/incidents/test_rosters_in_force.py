"""Rosters in incidents: a leave, a swap, a public holiday, a make-up workday, a night shift at the end of a month."""

from __future__ import annotations

from datetime import date
from typing import Any

from msgspec import structs

from alerts.alert import State
from alerts.roster.gaps import roster_gaps
from domain import DAY, HOUR, DayType, Duty, Evidence, Finding, FindingPhase, Instant, Subject
from domain.findings import own_finding
from domain.people import Community
from domain.rosters import DAY_MINUTES, Handover, Override, OverrideKind, Rotation, RotationLayer, Shift, Swap
from tests.alerts.roster.roster_builders import TZ, at

OFFICE = {"from_minute": 480, "to_minute": 1080}
NOON = at(12, 1, 12)
WITHOUT_WORKERS: tuple[str, ...] = ("1", "2")


def rostered(community: Community, *duties: Duty, **changes: Any) -> Community:
    """The small community with other workers."""
    others = [duty for duty in community.duties if duty.id not in WITHOUT_WORKERS]
    return structs.replace(community, duties=(*duties, *others), **changes)


def overridden(*overrides: Override) -> dict[str, tuple[Override, ...]]:
    return {person: tuple(one for one in overrides if one.person == person) for person in {o.person for o in overrides}}


async def leak(harness: Any, finding: Any, now: Instant) -> None:
    """A gas leak at this instant, of another device each time."""
    harness.clock.now, device = now, f"gas-{now}"
    began = finding(id=f"gas-alarm@1/{device}/{now}", begin=now, at=now, now=now, device=device)
    await harness.service.process_findings([structs.replace(began, subject=Subject("device", device))])
    await harness.send()


def called(harness: Any) -> list[str]:
    return [who for who in ("wang", "deputy", "li", "chen") if harness.texts(who)]


async def test_the_leave_of_the_only_worker_is_a_gap_and_the_escalation_goes_on_at_once(
    harness: Any, finding: Any
) -> None:
    now = at(12, 1, 12)
    leave = Override("1", OverrideKind.LEAVE, "wang", now - HOUR, now + DAY, leave="病假")
    harness.people = rostered(harness.people, Duty("1", "grid", "worker", "wang"), overrides_of=overridden(leave))
    (gap,) = roster_gaps(harness.people, now - 2 * DAY, TZ)
    assert (gap.cell, gap.role, gap.begin, gap.end) == ("grid", "worker", leave.since, leave.until)
    await leak(harness, finding, now)
    assert called(harness) == ["li"]
    assert any("网格员无人在岗" in line for line in harness.timeline())


async def test_after_a_swap_the_other_worker_is_called_and_the_one_who_swapped_is_not(
    harness: Any, finding: Any
) -> None:
    now = at(12, 1, 12)
    swap = Swap("s", "wang", "deputy", now - HOUR, now + HOUR, now - HOUR)
    harness.people = rostered(
        harness.people, Duty("1", "grid", "worker", "wang"), overrides_of=overridden(*swap.overrides(now - DAY, "t"))
    )
    await leak(harness, finding, now)
    assert called(harness) == ["deputy"]


async def test_on_a_public_holiday_the_holiday_line_is_called_and_on_a_makeup_saturday_the_office(
    harness: Any, finding: Any
) -> None:
    office = Duty("1", "grid", "worker", "wang", days=(DayType.WORKDAY,), **OFFICE)
    holiday = Duty("2", "grid", "worker", "deputy", days=(DayType.REST_DAY,))
    harness.people = rostered(harness.people, office, holiday)
    await leak(harness, finding, at(10, 1, 10))  # Thursday, National Day
    assert called(harness) == ["deputy"]
    await leak(harness, finding, at(10, 10, 10))  # Saturday, a workday in place of the holiday
    assert len(harness.texts("wang")) == 1


async def test_the_night_shift_at_the_end_of_a_month_is_called_until_it_is_relieved_in_the_morning(
    harness: Any, finding: Any
) -> None:
    shifts = (Shift("白", 480, 720), Shift("夜", 1200, 720))
    layer = RotationLayer(0, (("wang",), ("deputy",), ("chen",)), shifts, Handover(date(2026, 11, 30), 480, 1))
    harness.people = rostered(harness.people, rotations=(Rotation("r", "两班倒", ("grid",), "worker", (layer,)),))
    await leak(harness, finding, at(1, 1, 3, year=2027))  # the night that began on 31 December
    assert called(harness) == ["wang"]
    await leak(harness, finding, at(1, 1, 9, year=2027))
    assert called(harness) == ["wang", "chen"]


async def test_a_hole_between_two_shifts_lasts_to_the_minute(harness: Any, finding: Any) -> None:
    early, late = (
        Duty("1", "grid", "worker", "wang", from_minute=480, to_minute=720),
        Duty("2", "grid", "worker", "deputy", from_minute=780, to_minute=DAY_MINUTES),
    )
    harness.people = rostered(harness.people, early, late)
    await leak(harness, finding, at(12, 1, 12, 30))
    assert called(harness) == ["li"]
    await harness.advance_time(36 * 60)
    assert harness.texts("deputy"), "the shift that began at 13:00 is called with the next step"


async def test_the_department_for_fire_is_called_for_fire_only(harness: Any, finding: Any) -> None:
    fire = Duty("1", "grid", "worker", "deputy", hazards=("fire",))
    general = Duty("2", "grid", "worker", "wang")
    harness.people = rostered(harness.people, fire, general)
    await leak(harness, finding, at(12, 1, 12))
    assert called(harness) == ["wang"]


async def test_the_alert_about_gaps_belongs_to_its_community_and_names_the_present_gaps(harness: Any) -> None:
    def report(phase: FindingPhase, at: Instant, *lines: str) -> Finding:
        evidence = tuple(Evidence("缺岗", line, at=at) for line in lines)
        subject = Subject("cell", "community")
        return own_finding(
            "roster-gap", subject, NOON, title="无人值班", advice="请补排", phase=phase, at=at, evidence=evidence
        )

    harness.clock.now = NOON
    await harness.service.process_findings([report(FindingPhase.BEGAN, NOON, "网格员：12月3日")])
    await harness.send()
    alert = harness.alert()
    assert (alert.cell, alert.address, [line.value for line in alert.evidence]) == (
        "community",
        "社区",
        ["网格员：12月3日"],
    )
    assert [row.name for row in harness.deliveries()] == ["陈静"]
    assert "未来" not in harness.texts("chen")[0]

    harness.clock.now = NOON + HOUR
    both = ("网格员：12月3日", "网格长：12月5日")
    await harness.service.process_findings([report(FindingPhase.GRADED, NOON + HOUR, *both)])
    assert [line.value for line in harness.alert().evidence] == list(both)
    await harness.service.process_findings([report(FindingPhase.ENDED, NOON + 2 * HOUR)])
    assert harness.alert().state is State.CLOSED
