"""Dangers pass a backlog: whatever overtakes what, and however arrivals are pressed together, it is judged like a quiet
day.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import HOUR, SECOND, Device, Finding, FindingPhase, Reading, Value
from domain.kind import Kind
from domain.people import community
from rules.engine.engine import Engine
from rules.rulebook.model import Rulebook

pytestmark = pytest.mark.no_cover

T0 = 1_767_225_600_000
DEVICE = Device("gas-1", "gas_alarm")
BAND = Device("band-1", "wristband")
COUNTED = (FindingPhase.BEGAN, FindingPhase.ENDED)

ALARMS = st.lists(
    st.tuples(st.sampled_from([1, 5, 20, 59, 60, 61, 90, 300, 4_000]), st.booleans()), min_size=1, max_size=60
)
"""So many seconds after the last word, and whether the device cries."""


CALLS = st.lists(
    st.tuples(st.sampled_from([1, 20, 30, 59, 60, 61, 119, 121, 4_000]), st.sampled_from([True, True, False])),
    min_size=1,
    max_size=40,
)
"""So many seconds after the last word, and whether somebody calls for help."""
CUTS = st.lists(st.sampled_from([1, 3, 8, 30]), min_size=1, max_size=3)


def said(steps: list[tuple[int, bool]]) -> list[Reading]:
    """As the device meant it: each arrives when it was measured. Concentration follows the alarm."""
    readings, at = [], T0
    for gap, crying in steps:
        at += gap * SECOND
        values: dict[str, Value] = {"alarm": crying, "lel_pct": 30 if crying else 2, "fault": False}
        readings.append(Reading("gas-1", "gas_alarm", at, at, values))
    return readings


Town = Callable[[], Engine]


@pytest.fixture(scope="session")
def engine(books: dict[str, Rulebook], kinds: dict[str, Kind]) -> Town:
    """A fresh engine whenever it is called."""

    ours = {name: kinds[name] for name in (DEVICE.kind, BAND.kind, "gateway")}  # an engine compiles every rule for each

    def build() -> Engine:
        fresh = Engine([books["gas"], books["device"], books["wristband"]], ours, community())
        fresh.register([DEVICE, BAND], T0)
        return fresh

    return build


def found(findings: list[Finding]) -> list[tuple[str, str]]:
    """Beginnings and ends of what is judged in event time; who is silent is judged by arrival."""
    by_arrival = ("device-offline", "device-flapping")
    told = [
        finding
        for finding in findings
        if finding.phase in COUNTED and finding.rule not in (*by_arrival, "band-fall-still")
    ]
    return sorted((finding.id, finding.phase.value) for finding in told)


def of_a_quiet_day(engine: Town, readings: list[Reading]) -> list[tuple[str, str]]:
    quiet = engine()
    findings = [finding for reading in readings for finding in quiet.feed([reading], reading.received)]
    return found(findings + quiet.tick(readings[-1].received + 12 * HOUR))


def pressed(readings: list[Reading]) -> list[Reading]:
    """The same, after an outage: all arrive within a moment."""
    start = readings[-1].at + HOUR
    return [Reading(one.device, one.kind, one.at, start + number, one.values) for number, one in enumerate(readings)]


def overtaken(engine: Town, readings: list[Reading], cuts: list[int], crash: bool) -> list[tuple[str, str]]:
    """What is found when the dangers of each piece pass the rest of it, all arriving within a moment."""
    late, town = pressed(readings), engine()
    findings, start = list[Finding](), 0
    while start < len(late):
        batch = late[start : start + cuts[start % len(cuts)]]
        start += len(batch)
        dangers = [reading for reading in batch if any(reading.values.get(bit) for bit in ("alarm", "fall", "sos"))]
        rest = [reading for reading in batch if reading not in dangers]
        for part, ahead in ((dangers, True), (rest, False)):
            findings += town.feed(part, late[-1].received, watermark=late[0].received, ahead_of_backlog=ahead)
            if crash:
                snapshot, town = town.snapshot(), engine()
                town.restore(snapshot)
    return found(findings + town.tick(late[-1].received + 12 * HOUR))


@settings(max_examples=80, deadline=None)
@given(steps=ALARMS, cuts=CUTS, crash=st.booleans())
def test_dangers_that_overtake_a_backlog_change_no_finding(
    engine: Town, steps: list[tuple[int, bool]], cuts: list[int], crash: bool
) -> None:
    readings = said(steps)
    assert overtaken(engine, readings, cuts, crash) == of_a_quiet_day(engine, readings)


def of_the_band(steps: list[tuple[int, dict[str, Value]]]) -> list[Reading]:
    readings, at = [], T0
    for gap, values in steps:
        at += gap * SECOND
        readings.append(Reading("band-1", "wristband", at, at, values))
    return readings


@settings(max_examples=80, deadline=None)
@given(steps=CALLS, cuts=CUTS, crash=st.booleans())
def test_calls_for_help_that_overtake_a_backlog_are_the_calls_of_a_quiet_day(
    engine: Town, steps: list[tuple[int, bool]], cuts: list[int], crash: bool
) -> None:
    readings = of_the_band([(gap, {"sos": pressed_now}) for gap, pressed_now in steps])
    assert overtaken(engine, readings, cuts, crash) == of_a_quiet_day(engine, readings)


def test_taking_back_a_fall_does_not_take_back_the_newer_one_that_overtook_it(engine: Town) -> None:
    readings = of_the_band([(1, {"fall": True}), (1, {"fall": False}), (1, {"fall": True})])
    findings = overtaken(engine, readings, [3], False)
    assert findings == of_a_quiet_day(engine, readings)
    assert len([finding for finding, _ in findings if finding.startswith("band-fall@")]) == 2


@settings(max_examples=80, deadline=None)
@given(steps=ALARMS, together=st.booleans())
def test_a_day_that_arrives_in_one_moment_is_judged_like_a_day(
    engine: Town, steps: list[tuple[int, bool]], together: bool
) -> None:
    readings = said(steps)
    late, town = pressed(readings), engine()
    batches = [late] if together else [[one] for one in late]
    findings = [finding for batch in batches for finding in town.feed(batch, batch[-1].received)]
    assert found(findings + town.tick(late[-1].received + 12 * HOUR)) == of_a_quiet_day(engine, readings)
