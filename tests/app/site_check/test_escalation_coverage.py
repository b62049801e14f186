"""Hours at which a danger would coverage no person, by roster, channels and ladders."""

from __future__ import annotations

from datetime import date

from app.config.catalog import load_ladders
from app.site_check.escalation_coverage import EscalationCoverage
from domain import DAY, Cell, Duty, Person
from domain.people import community
from domain.rosters import Handover, Rotation, RotationLayer, Shift
from tests.support.site_files import NOW, TZ

PEOPLE = [Person("a", "甲", "19900000001"), Person("b", "乙", wecom="yi"), Person("c", "丙")]

CELLS = [Cell("street", "街道", "street"), Cell("grid", "网格", "grid", "street")]


def gaps(*duties: Duty, cell: str | None = "grid", channels: tuple[str, ...] = ("sms",)) -> dict[str, str]:
    """By ladder: when nobody can be coverageed."""
    coverage = EscalationCoverage(community([], CELLS, PEOPLE, duties), channels, NOW, TZ)
    uncovered = coverage.gaps(load_ladders(), [cell])
    return {ladder: gap.hours for gap in uncovered for ladder in gap.ladders}


def critical(*duties: Duty, cell: str | None = "grid", channels: tuple[str, ...] = ("sms",)) -> str | None:
    return gaps(*duties, cell=cell, channels=channels).get("danger critical")


def test_hours_without_a_shift_are_named() -> None:
    day = Duty("1", "grid", "worker", "a", from_minute=480, to_minute=1200)
    assert critical() == "at any hour"
    assert critical(Duty("1", "street", "department", "a")) is None
    assert critical(Duty("1", "street", "department", "a"), cell=None) is None
    assert critical(Duty("1", "grid", "worker", "a"), cell=None) == "at any hour"
    assert critical(day) == "every day 20:00-08:00; 2026-12-06 (Sun) 20:00-00:00"
    weekdays = Duty("1", "grid", "worker", "a", weekdays=(1, 2, 3, 4, 5))
    assert critical(weekdays) == "Sat 00:00 to Mon 00:00"
    until = Duty("1", "grid", "worker", "a", until=NOW + 3 * DAY)
    assert critical(until) == "2026-11-26 (Thu) 10:00 to Mon 00:00"


def test_a_person_on_duty_without_an_address_or_on_leave_hides_those_of_cells_above() -> None:
    above, here = Duty("1", "street", "worker", "a"), Duty("2", "grid", "worker", "c")
    assert critical(above, here) == "at any hour"
    assert critical(above, Duty("2", "grid", "worker", "b")) == "at any hour"
    assert critical(above, Duty("2", "grid", "worker", "b"), channels=("sms", "wecom")) is None
    assert critical(above, here, channels=()) is None  # a logbook is everybody's where there is nothing else
    leave = Duty("3", "street", "lead", "a", since=NOW + DAY, until=NOW + 2 * DAY, absent=True)
    assert critical(above, leave) == "2026-11-24 (Tue) 10:00 to Wed 10:00"
    assert critical(above, Duty("4", "grid", "worker", "nobody")) is None


def test_many_hours_are_summarised() -> None:
    lines = [
        Duty(str(hour), "grid", "worker", "a", from_minute=hour * 60, to_minute=hour * 60 + 30) for hour in range(24)
    ]
    hours = critical(*lines)
    assert hours is not None
    assert hours.endswith("more times")


def test_a_district_is_checked_in_a_moment() -> None:
    cells = [Cell(f"g{n}", "格", "grid", "street") for n in range(401)]
    people = [Person(f"p{n}", "人", f"199{n:08}") for n in range(1_308)]
    shifts = ((480, 1200), (1200, 480), (0, 1440))
    duties = [
        Duty(str(n), f"g{n % 400}", "worker", f"p{n}", from_minute=shifts[n % 3][0], to_minute=shifts[n % 3][1])
        for n in range(1_308)
    ]
    coverage = EscalationCoverage(community([], [*CELLS, *cells], people, duties), ("sms",), NOW, TZ)
    uncovered = coverage.gaps(load_ladders(), [cell.id for cell in cells])
    assert [gap.cell for gap in uncovered if "danger critical" in gap.ladders] == ["g400"]


def test_a_line_for_one_hazard_does_not_cover_other_dangers() -> None:
    assert critical(Duty("1", "grid", "worker", "a", hazards=("fire",))) == "at any hour"


def test_the_turns_of_a_rotation_cover_their_hours() -> None:
    shift = Shift("白", 480, 720)
    layer = RotationLayer(0, (("a",), ("b",)), (shift,), Handover(date(2026, 11, 1), 0, 1))
    rotation = Rotation("r", "轮班", ("grid",), "worker", (layer,))

    def hours(*channels: str) -> str:
        people = community([], CELLS, PEOPLE, rotations=[rotation])
        (gap, *_) = EscalationCoverage(people, channels, NOW, TZ).gaps(load_ladders(), ["grid"])
        return gap.hours

    assert hours("sms", "wecom") == "every day 20:00-08:00; 2026-12-06 (Sun) 20:00-00:00"
    assert "2026-11-23" not in hours("sms", "wecom")
    assert hours("sms") != hours("sms", "wecom")  # of every other day's person no telephone is known
