"""The schedule as intervals agrees with who is on duty at each instant."""

from __future__ import annotations

from itertools import pairwise
from time import process_time

from hypothesis import given
from hypothesis import strategies as st

from alerts.roster.on_duty import on_duty_ranked
from alerts.roster.schedule import RosterSchedule, Segment
from domain import DAY, HOUR, MINUTE, Cell, Duty, Person
from domain.people import Community, community
from domain.rosters import Override, OverrideKind, Shift
from tests.alerts.roster.roster_builders import TZ, at, layer, override, rotation, site

START = at(11, 30)


def spans(segments: list[Segment]) -> list[tuple[int, int, list[str]]]:
    return [
        ((one.begin - START) // HOUR, (one.end - START) // HOUR, [held.person.id for held in one.people])
        for one in segments
    ]


def test_shifts_leave_and_a_swap_are_intervals_with_their_reasons() -> None:
    early, late = Duty("1", "g1", "worker", "a", to_minute=720), Duty("2", "g1", "worker", "b", from_minute=720)
    leave = override("3", "b", None, START + 13 * HOUR, START + 20 * HOUR, OverrideKind.LEAVE, leave="病假")
    cover = override("4", "b", "c", START + 18 * HOUR, START + 22 * HOUR)
    found = RosterSchedule(site(early, late, overrides=[leave, cover]), START, START + DAY, TZ).segments("g1", "worker")
    assert spans(found) == [(0, 12, ["a"]), (12, 13, ["b"]), (13, 18, []), (18, 22, ["c"]), (22, 24, ["b"])]
    assert [one.id for one in found[3].people[0].overrides] == ["4"]


def test_where_the_grid_has_no_worker_the_community_above_it_answers() -> None:
    grid, above = Duty("1", "g1", "worker", "a", from_minute=480, to_minute=1200), Duty("2", "c", "worker", "b")
    found = RosterSchedule(site(grid, above), START, START + DAY, TZ).segments("g1", "worker")
    assert spans(found) == [(0, 8, ["b"]), (8, 20, ["a"]), (20, 24, ["b"])]


def test_the_whole_period_is_covered_also_without_a_roster() -> None:
    assert spans(RosterSchedule(site(), START, START + DAY, TZ).segments("g1", "worker")) == [(0, 24, [])]


people, minutes = st.sampled_from("abcd"), st.integers(0, 1439)
duties = st.lists(
    st.builds(
        Duty,
        st.uuids().map(str),
        st.sampled_from(("g1", "c", "street")),
        st.just("worker"),
        people,
        rank=st.integers(0, 1),
        weekdays=st.sampled_from(((), (1,), (2, 3))),
        from_minute=minutes,
        to_minute=minutes,
        since=st.none() | st.integers(0, 48).map(lambda hour: START + hour * HOUR),
        absent=st.booleans(),
        hazards=st.sampled_from(((), (), ("fire",))),
    ),
    max_size=5,
)
changes = st.lists(
    st.builds(
        lambda who, to, begin, length, kind: override(
            f"{who}{to}{begin}", who, to, START + begin * HOUR, START + (begin + length) * HOUR, kind
        ),
        people,
        st.none() | people,
        st.integers(-5, 60),
        st.integers(1, 30),
        st.sampled_from(OverrideKind),
    ),
    max_size=3,
)


@given(
    duties, changes, st.sampled_from((None, "fire")), st.lists(st.integers(0, 3 * 1440 - 1), min_size=5, max_size=20)
)
def test_the_schedule_agrees_with_the_escalation_at_every_minute(
    lines: list[Duty], overrides: list[Override], hazard: str | None, when: list[int]
) -> None:
    turns = rotation(layer("ab", Shift("夜", 1300, 500), minute=60), cells=("g1",))
    community = site(*lines, rotations=[turns], overrides=overrides)
    segments = RosterSchedule(community, START, START + 3 * DAY, TZ).segments("g1", "worker", hazard)
    assert segments[0].begin == START
    assert segments[-1].end == START + 3 * DAY
    assert all(first.end == second.begin for first, second in pairwise(segments))
    for minute in when:
        now = START + minute * MINUTE
        segment = next(one for one in segments if one.begin <= now < one.end)
        planned = [(held.rank, held.person) for held in segment.people]
        assert planned == on_duty_ranked(community, "g1", "worker", now, TZ, hazard)


def district(grids: int) -> Community:
    """A district of three lines a grid: two workers by day and night, and a deputy."""
    cells = [Cell("root", "区", "district"), *(Cell(f"g{n}", f"网格{n}", "grid", "root") for n in range(grids))]
    lines = [
        Duty(f"{n}-{name}", f"g{n}", "worker", f"p{n}-{name}", rank, (), *hours)
        for n in range(grids)
        for name, rank, hours in (("day", 0, (480, 1200)), ("night", 0, (1200, 480)), ("deputy", 1, (0, 1440)))
    ]
    return community((), cells, [Person(line.person, "张三") for line in lines], lines)


def test_a_district_of_1308_duties_has_its_schedule_of_two_weeks_in_time() -> None:
    people = district(436)
    began = process_time()
    schedule = RosterSchedule(people, START, START + 14 * DAY, TZ)
    count = sum(len(schedule.segments(f"g{n}", "worker")) for n in range(436))
    assert count == 436 * 29
    assert process_time() - began < 3, "processor time; some 0.2 s"


def test_the_hours_of_a_cell_are_computed_once() -> None:
    schedule = RosterSchedule(site(Duty("1", "c", "worker", "b")), at(12, 1), at(12, 2), TZ)
    assert schedule.segments("g1", "worker") is schedule.segments("g1", "worker", "gas"), "no line is for a hazard"
