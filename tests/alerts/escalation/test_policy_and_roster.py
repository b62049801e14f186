"""Ladders, rosters and quiet hours."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace
from pydantic import ValidationError

from alerts.escalation.policy import EscalationPolicy, Ladder, QuietHours
from alerts.escalation.policy_check import check
from alerts.escalation.quiet_hours import end_of_quiet_hours
from alerts.roster.on_duty import on_duty
from alerts.roster.shifts import is_on_shift
from domain import Cell, Duty, Ledger, Person, Severity
from domain.people import Community, community

TZ = ZoneInfo("Asia/Shanghai")
FRIDAY_14 = int(datetime(2026, 1, 2, 14, 5, tzinfo=TZ).timestamp() * 1000)
HOUR = 3_600_000


def at(hour: int, minute: int = 0, day: int = 2) -> int:
    return int(datetime(2026, 1, day, hour, minute, tzinfo=TZ).timestamp() * 1000)


def registry_with(*duties: Duty) -> Community:
    return community(
        cells=[Cell("street", "街道", "street"), Cell("grid", "网格", "grid", "street")],
        people=[Person("a", "甲"), Person("b", "乙"), Person("c", "丙")],
        duties=duties,
    )


def names(people: list[Person]) -> list[str]:
    return [person.name for person in people]


def test_the_lowest_cell_with_a_person_on_duty_is_called() -> None:
    duties = (Duty("1", "street", "worker", "a"), Duty("2", "grid", "worker", "b"))
    assert names(on_duty(registry_with(*duties), "grid", "worker", FRIDAY_14, TZ)) == ["乙"]
    assert names(on_duty(registry_with(duties[0]), "grid", "worker", FRIDAY_14, TZ)) == ["甲"]
    assert on_duty(registry_with(duties[0]), "grid", "lead", FRIDAY_14, TZ) == []


def test_people_are_ordered_by_rank_and_name_without_duplicates() -> None:
    duties = (
        Duty("1", "grid", "worker", "a", rank=1),
        Duty("2", "grid", "worker", "b"),
        Duty("3", "grid", "worker", "b", rank=2),
        Duty("4", "grid", "worker", "nobody"),
    )
    assert names(on_duty(registry_with(*duties), "grid", "worker", FRIDAY_14, TZ)) == ["乙", "甲"]


def test_an_absence_takes_a_person_off_duty() -> None:
    duty = Duty("1", "grid", "worker", "a")
    absence = Duty("2", "grid", "worker", "a", since=at(0), until=at(0, day=3), absent=True)
    assert on_duty(registry_with(duty, absence), "grid", "worker", FRIDAY_14, TZ) == []
    assert names(on_duty(registry_with(duty, absence), "grid", "worker", at(1, day=3), TZ)) == ["甲"]


def test_a_place_without_a_cell_belongs_to_the_top_cell() -> None:
    duties = (Duty("1", "street", "street", "c"), Duty("2", "grid", "worker", "b"))
    assert names(on_duty(registry_with(*duties), None, "street", FRIDAY_14, TZ)) == ["丙"]
    assert on_duty(registry_with(*duties), None, "worker", FRIDAY_14, TZ) == []


@pytest.mark.parametrize(
    ("duty", "now", "is_on_shift_now"),
    [
        (Duty("1", "g", "worker", "a", from_minute=480, to_minute=1080), at(14), True),
        (Duty("1", "g", "worker", "a", from_minute=480, to_minute=1080), at(18), False),
        (Duty("1", "g", "worker", "a", weekdays=(5,), from_minute=480, to_minute=1080), at(14), True),
        (Duty("1", "g", "worker", "a", weekdays=(1,), from_minute=480, to_minute=1080), at(14), False),
        (Duty("1", "g", "worker", "a", from_minute=1200, to_minute=480), at(23), True),
        (Duty("1", "g", "worker", "a", from_minute=1200, to_minute=480), at(7, 59), True),
        (Duty("1", "g", "worker", "a", from_minute=1200, to_minute=480), at(12), False),
        # Friday's night shift lasts into Saturday, and Thursday's into Friday.
        (Duty("1", "g", "worker", "a", weekdays=(5,), from_minute=1200, to_minute=480), at(3, day=3), True),
        (Duty("1", "g", "worker", "a", weekdays=(5,), from_minute=1200, to_minute=480), at(3), False),
        (Duty("1", "g", "worker", "a", weekdays=(5,), from_minute=1200, to_minute=480), at(21), True),
        (Duty("1", "g", "worker", "a", since=at(15)), at(14), False),
        (Duty("1", "g", "worker", "a", until=at(14)), at(14), False),
        (Duty("1", "g", "worker", "a", since=at(13), until=at(15)), at(14), True),
    ],
)
def test_duties_apply_in_local_time(duty: Duty, now: int, is_on_shift_now: bool) -> None:
    assert is_on_shift(duty, now, TZ) is is_on_shift_now


def test_quiet_hours_end_in_the_morning() -> None:
    night = QuietHours(from_minute=1260, to_minute=480)
    assert end_of_quiet_hours(at(14), night, TZ) == at(14)
    assert end_of_quiet_hours(at(21) + 5, night, TZ) == at(8, day=3)
    assert end_of_quiet_hours(at(3, 30) + 1_234, night, TZ) == at(8)
    assert end_of_quiet_hours(at(8), night, TZ) == at(8)
    assert end_of_quiet_hours(at(3), None, TZ) == at(3)


def test_the_built_in_policy_has_a_ladder_for_every_severity(policy: EscalationPolicy) -> None:
    assert check(policy) == []
    critical = policy.ladder(Ledger.DANGER, Severity.CRITICAL)
    assert (critical.deadlines.take_ms, critical.deadlines.arrive_ms) == (60_000, 600_000)
    assert [rung.role for rung in critical.rungs] == [
        "worker",
        "lead",
        "community",
        "street",
        "department",
    ]


def test_missing_and_duplicate_ladders_are_faults(policy: EscalationPolicy) -> None:
    first = policy.ladders[0]
    duplicated = EscalationPolicy(ladders=(first, first))
    messages = [fault.message for fault in check(duplicated)]
    assert "danger critical has 2 ladders: keep one" in messages
    assert "health low has no ladder: add one" in messages


def test_a_ladder_without_a_wait_is_refused(policy: EscalationPolicy) -> None:
    fields: dict[str, Any] = {
        "ledger": "danger",
        "severities": ["critical"],
        **dict.fromkeys(("take_within", "arrive_within", "resolve_within", "verify_within", "close_within"), "1m"),
        "repeat": "500ms",
        "rungs": [{"role": "worker", "channels": ["sms"], "wait": "1m"}],
    }
    with pytest.raises(ValidationError, match="at least 1s"):
        Ladder(**fields)
    assert replace(Duty("1", "g", "worker", "a"), rank=1).rank == 1
