"""When hours begin and end: held against a walk through every minute, in zones whose clocks change at odd times."""

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
from rules.language.time_edges import Location, _TimeContext, next_edge, time_conditions, with_known_attributes
from tests.support.rule_builders import shanghai_time

ZONES = [
    ZoneInfo(name) for name in ("Asia/Shanghai", "Europe/Berlin", "Asia/Kolkata", "America/Santiago", "Africa/Cairo")
]


class Clock:
    def __init__(self, at: Instant, zone: ZoneInfo) -> None:
        self.at, self.zone, self.values = at, zone, dict[str, object]()

    def attribute(self, _owner: str, name: str) -> object:
        return calendar_value(self.at, self.zone, name)


def nothing(_attribute: AttributeRef) -> None:
    return None


@settings(max_examples=60, deadline=None)
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
def test_an_edge_is_the_first_minute_with_another_answer(
    hour: int, other: int, sign: str, zone: ZoneInfo, day: str, minute: int
) -> None:
    node = parse(f"opened and (time.hour >= {hour} {sign} time.hour < {other})")
    after = shanghai_time(f"{day}T00:00") + minute * MINUTE + 1234
    atoms = [parse(f"time.hour >= {hour}"), parse(f"time.hour < {other}")]
    edge = next_edge(time_conditions(node), nothing, Location(zone), after)
    said = [compile_expression(atom) for atom in atoms]
    before = [judge(Clock(after, zone)) for judge in said]  # type: ignore[arg-type]
    at = (after // MINUTE + 1) * MINUTE
    while [judge(Clock(at, zone)) for judge in said] == before and at - after < 2 * DAY:  # type: ignore[arg-type]
        at += MINUTE
    assert edge == at or at - after >= 2 * DAY


def test_time_is_found_in_the_smallest_parts() -> None:
    node = parse("opened and not (time.hour >= 23 or time.workday) and x > time.minute")
    assert time_conditions(node) == (
        parse("time.hour >= 23"),
        AttributeRef("time", "workday"),
        AttributeRef("time", "minute"),
    )
    assert time_conditions(parse("opened and lel_pct > 3")) == ()
    assert next_edge((), nothing, Location(ZONES[0]), 0) is None


def test_what_is_written_down_stands_in_place_of_its_name() -> None:
    node = parse("time.hour >= default(person.bedtime, 22) - -1")
    known = with_known_attributes(node, lambda _one: 21)
    assert isinstance(known, Binary)
    assert "bedtime" not in str(known)
    assert Constant(21) in (known.right.left.left,)  # type: ignore[union-attr]
    assert next_edge(
        time_conditions(node), nothing, Location(ZONES[0]), shanghai_time("2026-01-01T12:00")
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
        ("time.hour * 0 > 1", "2026-01-01T00:00", "2026-01-03T00:00"),  # never: looked at again
    ],
)
def test_edges_of_days_and_minutes(condition: str, after: str, edge: str) -> None:
    assert next_edge(
        time_conditions(parse(condition)), nothing, Location(ZONES[0]), shanghai_time(after)
    ) == shanghai_time(edge)


def test_a_midnight_that_does_not_exist_is_when_the_clock_jumps_over_it() -> None:
    """Santiago, 2026-09-06: 23:59 is followed by 01:00."""
    santiago = ZoneInfo("America/Santiago")
    sunday = time_conditions(parse("time.weekday == 7"))
    assert next_edge(sunday, nothing, Location(santiago), shanghai_time("2026-09-05T12:00:00-04:00")) == shanghai_time(
        "2026-09-06T01:00:00-03:00"
    )


def test_the_clock_alone_measures_nothing() -> None:
    assert _TimeContext(0, Location(ZONES[0])).window(WindowCall("max", "x", DAY)) is None


# -- the light --------------------------------------------------------------------------------------------------------

PLACES = [(31.23, 121.47), (43.8, 87.6), (-53.2, -70.9), (69.6, 18.9)]
LIGHT = ["sun.is_dark", "sun.is_down", "sun.elevation_deg > -3", "sun.is_dark == time.workday"]


class Sky:
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
def test_an_edge_of_the_light_is_the_first_minute_with_another_answer(
    condition: str, point: tuple[float, float], day: str, minute: int
) -> None:
    after = shanghai_time(f"{day}T00:00") + minute * MINUTE + 1234
    edge = next_edge(time_conditions(parse(f"opened and {condition}")), nothing, Location(ZONES[0], point), after)
    judge = compile_expression(parse(condition))
    before, at = judge(Sky(after, ZONES[0], point)), (after // MINUTE + 1) * MINUTE  # type: ignore[arg-type]
    while judge(Sky(at, ZONES[0], point)) == before and at - after < DAY:  # type: ignore[arg-type]
        at += MINUTE
    assert edge == at or at - after >= DAY


def test_where_nobody_knows_the_place_or_nothing_changes_it_is_looked_at_again_after_two_days() -> None:
    dark, noon = time_conditions(parse("sun.is_dark")), shanghai_time("2026-12-22T12:00")
    assert next_edge(dark, nothing, Location(ZONES[0]), noon) == noon + 2 * DAY
    pole = next_edge(dark, nothing, Location(ZONES[0], (89.0, 0.0)), noon)
    assert pole == noon + 2 * DAY
