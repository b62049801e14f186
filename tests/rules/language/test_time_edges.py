"""When hours begin and end: compared with an evaluation of every minute, in zones with unusual clock changes."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import DAY, MINUTE, Instant
from rules.language.compiler import compile_expression
from rules.language.local_calendar import calendar_value
from rules.language.nodes import AttributeRef, Binary, Constant, WindowCall
from rules.language.parser import parse
from rules.language.sun import sun_value
from rules.language.time_edges import (
    MAX_KNOWN_INTERVALS,
    Location,
    _known_intervals,
    _KnownIntervals,
    _TimeContext,
    next_edge,
    time_conditions,
    with_known_attributes,
)
from tests.support.long_form import examples
from tests.support.rule_builders import shanghai_time

ZONES = [
    ZoneInfo(name) for name in ("Asia/Shanghai", "Europe/Berlin", "Asia/Kolkata", "America/Santiago", "Africa/Cairo")
]


class ClockContext:
    def __init__(self, at: Instant, zone: ZoneInfo) -> None:
        self.at, self.zone, self.values = at, zone, dict[str, object]()

    def attribute(self, _owner: str, name: str) -> object:
        return calendar_value(self.at, self.zone, name)


def no_attribute(_attribute: AttributeRef) -> None:
    return None


@settings(max_examples=examples(60, short=30), deadline=None)
@given(
    hour=st.integers(0, 23),
    other=st.integers(0, 23),
    sign=st.sampled_from(["and", "or"]),
    zone=st.sampled_from(ZONES),
    day=st.sampled_from(
        ["2026-03-28", "2026-04-04", "2026-04-23", "2026-09-05", "2026-10-24", "2026-10-29", "2026-01-01"]
    ),
    minute=st.integers(0, 1439),
)
def test_a_time_edge_is_the_first_minute_with_another_result(
    hour: int, other: int, sign: str, zone: ZoneInfo, day: str, minute: int
) -> None:
    node = parse(f"opened and (time.hour >= {hour} {sign} time.hour < {other})")
    after = shanghai_time(f"{day}T00:00") + minute * MINUTE + 1234
    atoms = [parse(f"time.hour >= {hour}"), parse(f"time.hour < {other}")]
    edge = next_edge(time_conditions(node), no_attribute, Location(zone), after)
    tests = [compile_expression(atom) for atom in atoms]
    before = [test(ClockContext(after, zone)) for test in tests]  # type: ignore[arg-type]
    at = (after // MINUTE + 1) * MINUTE
    while [test(ClockContext(at, zone)) for test in tests] == before and at - after < 2 * DAY:  # type: ignore[arg-type]
        at += MINUTE
    assert edge == at or at - after >= 2 * DAY


def test_time_conditions_are_the_smallest_parts_about_time() -> None:
    node = parse("opened and not (time.hour >= 23 or time.workday) and x > time.minute")
    assert time_conditions(node) == (
        parse("time.hour >= 23"),
        AttributeRef("time", "workday"),
        AttributeRef("time", "minute"),
    )
    assert time_conditions(parse("opened and lel_pct > 3")) == ()
    assert next_edge((), no_attribute, Location(ZONES[0]), 0) is None


def test_known_attributes_are_replaced_by_their_values() -> None:
    node = parse("time.hour >= default(person.bedtime, 22) - -1")
    known = with_known_attributes(node, lambda _attribute: 21)
    assert isinstance(known, Binary)
    assert "bedtime" not in str(known)
    assert Constant(21) in (known.right.left.left,)  # type: ignore[union-attr]
    assert next_edge(
        time_conditions(node), no_attribute, Location(ZONES[0]), shanghai_time("2026-01-01T12:00")
    ) == shanghai_time("2026-01-01T23:00")


@pytest.mark.parametrize(
    ("condition", "after", "edge"),
    [
        ("time.weekday == 1", "2026-01-01T12:00", "2026-01-05T00:00"),
        ("time.holiday", "2026-03-01T12:00", "2026-04-04T00:00"),
        ("time.minute == 61", "2026-01-01T00:30", "2026-01-01T01:01"),
        ("time.minute == 61", "2026-01-01T01:01", "2026-01-01T01:02"),
        ("time.date >= '2026-05-01'", "2026-01-01T12:00", "2026-05-01T00:00"),
        ("time.workday and x > 1 or time.weekday == time.hour", "2026-01-01T12:00", "2026-01-02T05:00"),
        ("time.hour * 0 > 1", "2026-01-01T00:00", "2026-01-03T00:00"),  # never: checked again
    ],
)
def test_time_edges_of_days_and_minutes(condition: str, after: str, edge: str) -> None:
    assert next_edge(
        time_conditions(parse(condition)), no_attribute, Location(ZONES[0]), shanghai_time(after)
    ) == shanghai_time(edge)


def test_a_midnight_that_does_not_exist_is_where_the_clock_jumps() -> None:
    """Santiago, 2026-09-06: 23:59 is followed by 01:00."""
    santiago = ZoneInfo("America/Santiago")
    sunday = time_conditions(parse("time.weekday == 7"))
    assert next_edge(
        sunday, no_attribute, Location(santiago), shanghai_time("2026-09-05T12:00:00-04:00")
    ) == shanghai_time("2026-09-06T01:00:00-03:00")


def test_intervals_are_found_again_in_any_order_and_the_earliest_is_forgotten() -> None:
    known = _KnownIntervals()
    assert known.end_at(5) is None
    known.add(10, 20)
    known.add(30, 40)
    assert [known.end_at(at) for at in (9, 10, 19, 20, 35, 40)] == [None, 20, 20, None, 40, None]
    known.add(25, 40)
    known.add(20, 25)
    assert [known.end_at(at) for at in (10, 20, 25, 30, 39)] == [20, 25, 40, 40, 40]
    for number in range(MAX_KNOWN_INTERVALS):
        known.add(100 + 2 * number, 101 + 2 * number)
    assert [known.end_at(at) for at in (10, 25, 100, 226)] == [None, None, 101, 227]


def test_edges_asked_for_in_any_order_are_those_of_each_alone() -> None:
    atoms, start = time_conditions(parse("time.hour >= 23 or time.workday")), shanghai_time("2026-05-01T00:00")
    instants = [start + hour * 3_600_000 for hour in range(0, 24 * 9, 5)]
    alone = {}
    for at in instants:
        _known_intervals.cache_clear()
        alone[at] = next_edge(atoms, no_attribute, Location(ZONES[0]), at)
    _known_intervals.cache_clear()
    for at in sorted(instants, key=lambda one: one // 3_600_000 * 7 % 24):
        assert next_edge(atoms, no_attribute, Location(ZONES[0]), at) == alone[at]


def test_windows_are_unknown_to_the_time_context() -> None:
    assert _TimeContext(0, Location(ZONES[0])).window(WindowCall("max", "x", DAY)) is None


# -- sunlight ---------------------------------------------------------------------------------------------------------

PLACES = [(31.23, 121.47), (43.8, 87.6), (-53.2, -70.9), (69.6, 18.9)]
LIGHT = ["sun.is_dark", "sun.is_down", "sun.elevation_deg > -3", "sun.is_dark == time.workday"]


class SkyContext:
    def __init__(self, at: Instant, zone: ZoneInfo, point: tuple[float, float]) -> None:
        self.at, self.zone, self.point, self.values = at, zone, point, dict[str, object]()

    def attribute(self, owner: str, name: str) -> object:
        return sun_value(self.at, self.point, name) if owner == "sun" else calendar_value(self.at, self.zone, name)


@settings(max_examples=25, deadline=None)
@given(
    condition=st.sampled_from(LIGHT),
    point=st.sampled_from(PLACES),
    day=st.sampled_from(["2026-03-20", "2026-06-21", "2026-12-22", "2026-10-01"]),
    minute=st.integers(0, 1439),
)
def test_an_edge_of_sunlight_is_the_first_minute_with_another_result(
    condition: str, point: tuple[float, float], day: str, minute: int
) -> None:
    after = shanghai_time(f"{day}T00:00") + minute * MINUTE + 1234
    edge = next_edge(time_conditions(parse(f"opened and {condition}")), no_attribute, Location(ZONES[0], point), after)
    test = compile_expression(parse(condition))
    before, at = test(SkyContext(after, ZONES[0], point)), (after // MINUTE + 1) * MINUTE  # type: ignore[arg-type]
    while test(SkyContext(at, ZONES[0], point)) == before and at - after < DAY:  # type: ignore[arg-type]
        at += MINUTE
    assert edge == at or at - after >= DAY


def test_without_a_location_or_a_change_the_sun_is_checked_again_after_two_days() -> None:
    dark, noon = time_conditions(parse("sun.is_dark")), shanghai_time("2026-12-22T12:00")
    assert next_edge(dark, no_attribute, Location(ZONES[0]), noon) == noon + 2 * DAY
    pole = next_edge(dark, no_attribute, Location(ZONES[0], (89.0, 0.0)), noon)
    assert pole == noon + 2 * DAY
