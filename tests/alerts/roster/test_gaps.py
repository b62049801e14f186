"""Gaps: hours that the roster plans for somebody and nobody works."""

from __future__ import annotations

from datetime import date

from alerts.roster.gaps import RosterGaps, by_community, gaps_for_cell, roster_gaps
from alerts.roster.schedule import RosterSchedule
from domain import DAY, HOUR, Duty, Instant
from domain.people import Community
from domain.rosters import OverrideKind
from tests.alerts.roster.roster_builders import TZ, at, layer, override, rotation, site

NOW = at(11, 29, 7)
DAY_WORKER = Duty("1", "g1", "worker", "a", from_minute=480, to_minute=1200)


def gaps(community: Community) -> list[tuple[str, str, Instant, Instant, list[str]]]:
    return [
        (gap.cell, gap.role, gap.begin, gap.end, [one.person for one in gap.missing])
        for gap in roster_gaps(community, NOW, TZ)
    ]


def test_the_leave_of_the_only_worker_is_a_gap_at_the_hours_of_the_line() -> None:
    leave = override("x", "a", None, at(12, 1), at(12, 3), OverrideKind.LEAVE, leave="年假")
    assert gaps(site(DAY_WORKER, overrides=[leave])) == [
        ("g1", "worker", at(12, day, 8), at(12, day, 20), ["a"]) for day in (1, 2)
    ]
    (first, _) = roster_gaps(site(DAY_WORKER, overrides=[leave]), NOW, TZ)
    assert first.missing[0].override == leave


def test_a_deputy_a_substitute_or_a_worker_of_the_cell_above_fills_it() -> None:
    leave = override("x", "a", None, at(12, 1), at(12, 3), OverrideKind.LEAVE)
    assert gaps(site(DAY_WORKER, Duty("2", "g1", "worker", "b", rank=1), overrides=[leave])) == []
    assert gaps(site(DAY_WORKER, Duty("2", "c", "worker", "b"), overrides=[leave])) == []
    assert gaps(site(DAY_WORKER, overrides=[leave, override("y", "a", "b", at(12, 1), at(12, 3))])) == []
    half = override("y", "a", "b", at(12, 1), at(12, 2))
    assert gaps(site(DAY_WORKER, overrides=[leave, half])) == [("g1", "worker", at(12, 2, 8), at(12, 2, 20), ["a"])]


def test_hours_without_a_line_are_no_gap() -> None:
    assert gaps(site()) == gaps(site(DAY_WORKER)) == []


def test_an_absence_written_as_a_line_is_a_gap_too() -> None:
    absence = Duty("2", "street", "street", "a", since=at(12, 1, 18), until=at(12, 2), absent=True)
    assert gaps(site(DAY_WORKER, absence)) == [("g1", "worker", at(12, 1, 18), at(12, 1, 20), ["a"])]


def test_a_roster_written_month_by_month_has_a_gap_when_the_next_month_is_not_written() -> None:
    november = Duty("1", "g1", "worker", "a", since=at(11, 1), until=at(12, 1))
    december = Duty("2", "g1", "worker", "b", since=at(12, 1), until=at(12, 5))
    assert gaps(site(november)) == [("g1", "worker", at(12, 1), NOW + 14 * DAY, [])]
    assert gaps(site(november, december)) == [("g1", "worker", at(12, 5), NOW + 14 * DAY, [])]
    assert gaps(site(Duty("1", "g1", "worker", "a", until=NOW - 15 * DAY))) == []


def test_the_gaps_of_a_cell_are_computed_at_the_first_question_only() -> None:
    leave = override("x", "a", None, at(12, 1), at(12, 3), OverrideKind.LEAVE)
    community, until = site(DAY_WORKER, overrides=[leave]), NOW + 7 * DAY
    found = RosterGaps(RosterSchedule(community, NOW, until, TZ), community, NOW, until, TZ)
    assert len(found.of("g1", "worker")) == 2
    assert found.of("g1", "worker") is found.of("g1", "worker")


def test_the_end_of_a_reinforcement_is_no_gap() -> None:
    reinforcement = Duty("2", "g1", "worker", "b", since=at(12, 1), until=at(12, 2), from_minute=1200, to_minute=480)
    assert gaps(site(DAY_WORKER, reinforcement)) == []
    assert gaps(site(reinforcement, rotations=[rotation(layer("a", start=date(2026, 1, 1)))])) == []


def test_the_leave_in_a_rotation_is_a_gap_of_the_turns_of_that_person() -> None:
    turns = rotation(layer("abc", start=date(2026, 11, 29)), cells=("g1", "g2"))
    leave = override("x", "b", None, at(11, 30), at(12, 2), OverrideKind.LEAVE)
    assert gaps(site(rotations=[turns], overrides=[leave])) == [
        (cell, "worker", at(11, 30), at(12, 1), ["b"]) for cell in ("g1", "g2")
    ]


def test_a_rotation_that_ends_leaves_a_gap_after_it() -> None:
    turns = rotation(layer("a", start=date(2026, 1, 1)), until=at(12, 10))
    assert gaps(site(rotations=[turns])) == [("g1", "worker", at(12, 10), NOW + 14 * DAY, [])]


def test_a_missing_person_for_one_hazard_is_a_gap_unless_a_general_line_takes_the_place() -> None:
    fire = Duty("1", "street", "department", "a", hazards=("fire",))
    leave = override("x", "a", None, NOW, NOW + HOUR, OverrideKind.LEAVE)
    (gap,) = roster_gaps(site(fire, overrides=[leave]), NOW, TZ)
    assert (gap.hazards, gap.begin, gap.end) == (("fire",), NOW, NOW + HOUR)
    general = Duty("2", "street", "department", "b")
    assert gaps(site(fire, general, overrides=[leave])) == []


def test_gaps_are_gathered_by_community_or_by_the_outermost_cell() -> None:
    leave = override("x", "a", None, at(12, 1), at(12, 2), OverrideKind.LEAVE)
    above = Duty("9", "street", "street", "a")
    community = site(DAY_WORKER, Duty("2", "g2", "worker", "a"), above, overrides=[leave])
    found = by_community(community, roster_gaps(community, NOW, TZ))
    assert {cell: sorted({gap.cell for gap in held}) for cell, held in found.items()} == {
        "c": ["g1", "g2"],
        "street": ["street"],
    }


def test_a_line_of_a_cell_that_does_not_exist_is_no_gap() -> None:
    assert gaps(site(Duty("1", "elsewhere", "worker", "nobody"))) == []


def test_a_cell_has_the_gaps_of_the_cells_above_it_in_the_hours_in_which_it_has_no_worker() -> None:
    above = Duty("2", "c", "worker", "b")
    leave = [override(who, who, None, at(12, 1), at(12, 2), OverrideKind.LEAVE) for who in "ab"]
    fire = Duty("3", "c", "worker", "b", hazards=("fire",))
    community = site(DAY_WORKER, above, fire, overrides=leave)
    found = roster_gaps(community, NOW, TZ, at(12, 3), {"g1", "c"})
    shown = list(gaps_for_cell(community, found, "g1", "worker", [(at(12, 1, 6), at(12, 1, 9))]))
    assert [(gap.cell, gap.begin, gap.end, gap.hazards) for gap in shown] == [
        ("g1", at(12, 1, 8), at(12, 1, 9), ()),
        ("c", at(12, 1, 6), at(12, 1, 9), ()),
        ("c", at(12, 1), at(12, 2), ("fire",)),
    ]
    assert {gap.cell for gap in roster_gaps(community, NOW, TZ, at(12, 3), {"c"})} == {"c"}


def test_a_gap_for_one_hazard_does_not_hide_that_the_cell_above_has_no_worker_at_all() -> None:
    above, fire = Duty("2", "c", "worker", "b"), Duty("3", "g1", "worker", "a", hazards=("fire",))
    leave = [override(who, who, None, at(12, 1), at(12, 2), OverrideKind.LEAVE) for who in "ab"]
    community = site(above, fire, overrides=leave)
    found = roster_gaps(community, NOW, TZ, at(12, 3), {"g1", "c"})
    shown = list(gaps_for_cell(community, found, "g1", "worker", [(at(12, 1, 6), at(12, 1, 9))]))
    assert [(gap.cell, gap.begin, gap.end, gap.hazards) for gap in shown] == [
        ("g1", at(12, 1), at(12, 2), ("fire",)),
        ("c", at(12, 1, 6), at(12, 1, 9), ()),
    ]


def test_the_same_hours_without_a_worker_are_one_gap_for_the_cell_that_is_nearest() -> None:
    above = Duty("2", "c", "worker", "b")
    leave = [override(who, who, None, at(12, 1), at(12, 2), OverrideKind.LEAVE) for who in "ab"]
    community = site(Duty("1", "g1", "worker", "a"), above, overrides=leave)
    found = roster_gaps(community, NOW, TZ, at(12, 3), {"g1", "c"})
    shown = list(gaps_for_cell(community, found, "g1", "worker", [(at(12, 1), at(12, 2))]))
    assert [(gap.cell, gap.begin, gap.end) for gap in shown] == [("g1", at(12, 1), at(12, 2))]
