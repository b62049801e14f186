"""Dangers that overtake a backlog: in any order of arrival, and with all arrivals at once, the findings are those of a
day on which every reading arrives in time.
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
from tests.support.long_form import examples

T0 = 1_767_225_600_000
DEVICE = Device("gas-1", "gas_alarm")
BAND = Device("band-1", "wristband")
COUNTED = (FindingPhase.BEGAN, FindingPhase.ENDED)

ALARMS = st.lists(
    st.tuples(st.sampled_from([1, 5, 20, 59, 60, 61, 90, 300, 4_000]), st.booleans()), min_size=1, max_size=60
)
"""Seconds after the last reading, and whether the alarm is on."""


CALLS = st.lists(
    st.tuples(st.sampled_from([1, 20, 30, 59, 60, 61, 119, 121, 4_000]), st.sampled_from([True, True, False])),
    min_size=1,
    max_size=40,
)
"""Seconds after the last reading, and whether the SOS button is pressed."""
CUTS = st.lists(st.sampled_from([1, 3, 8, 30]), min_size=1, max_size=3)


def gas_readings(steps: list[tuple[int, bool]]) -> list[Reading]:
    """Readings that arrive when they are measured. The concentration follows the alarm."""
    readings, at = [], T0
    for gap, alarm in steps:
        at += gap * SECOND
        values: dict[str, Value] = {"alarm": alarm, "lel_pct": 30 if alarm else 2, "fault": False}
        readings.append(Reading("gas-1", "gas_alarm", at, at, values))
    return readings


EngineFactory = Callable[[], Engine]


@pytest.fixture(scope="session")
def engine(books: dict[str, Rulebook], kinds: dict[str, Kind]) -> EngineFactory:
    """Returns a new engine at each call."""

    used_kinds = {
        name: kinds[name] for name in (DEVICE.kind, BAND.kind, "gateway")
    }  # an engine compiles every rule for each

    def build() -> Engine:
        new_engine = Engine([books["gas"], books["device"], books["wristband"]], used_kinds, community())
        new_engine.register([DEVICE, BAND], T0)
        return new_engine

    return build


def begins_and_ends(findings: list[Finding]) -> list[tuple[str, str]]:
    """Begins and ends of the rules evaluated in event time; absence is evaluated by arrival."""
    by_arrival = ("device-offline", "device-flapping")
    found = [
        finding
        for finding in findings
        if finding.phase in COUNTED and finding.rule not in (*by_arrival, "band-fall-still")
    ]
    return sorted((finding.id, finding.phase.value) for finding in found)


def findings_in_time(engine: EngineFactory, readings: list[Reading]) -> list[tuple[str, str]]:
    engine_in_time = engine()
    findings = [finding for reading in readings for finding in engine_in_time.feed([reading], reading.received)]
    return begins_and_ends(findings + engine_in_time.tick(readings[-1].received + 12 * HOUR))


def delayed(readings: list[Reading]) -> list[Reading]:
    """The same, after an outage: all arrive within a few milliseconds."""
    start = readings[-1].at + HOUR
    return [
        Reading(reading.device, reading.kind, reading.at, start + number, reading.values)
        for number, reading in enumerate(readings)
    ]


def findings_overtaken(
    engine: EngineFactory, readings: list[Reading], cuts: list[int], crash: bool
) -> list[tuple[str, str]]:
    """The findings when the dangers of each batch overtake the rest of it, all arriving at once."""
    late, late_engine = delayed(readings), engine()
    findings, start = list[Finding](), 0
    while start < len(late):
        batch = late[start : start + cuts[start % len(cuts)]]
        start += len(batch)
        dangers = [reading for reading in batch if any(reading.values.get(bit) for bit in ("alarm", "fall", "sos"))]
        rest = [reading for reading in batch if reading not in dangers]
        for part, ahead in ((dangers, True), (rest, False)):
            findings += late_engine.feed(part, late[-1].received, watermark=late[0].received, ahead_of_backlog=ahead)
            if crash:
                snapshot, late_engine = late_engine.snapshot(), engine()
                late_engine.restore(snapshot)
    return begins_and_ends(findings + late_engine.tick(late[-1].received + 12 * HOUR))


@settings(max_examples=examples(80, short=20), deadline=None)
@given(steps=ALARMS, cuts=CUTS, crash=st.booleans())
def test_dangers_that_overtake_a_backlog_change_no_finding(
    engine: EngineFactory, steps: list[tuple[int, bool]], cuts: list[int], crash: bool
) -> None:
    readings = gas_readings(steps)
    assert findings_overtaken(engine, readings, cuts, crash) == findings_in_time(engine, readings)


def band_readings(steps: list[tuple[int, dict[str, Value]]]) -> list[Reading]:
    readings, at = [], T0
    for gap, values in steps:
        at += gap * SECOND
        readings.append(Reading("band-1", "wristband", at, at, values))
    return readings


@settings(max_examples=examples(80, short=20), deadline=None)
@given(steps=CALLS, cuts=CUTS, crash=st.booleans())
def test_sos_calls_that_overtake_a_backlog_change_no_finding(
    engine: EngineFactory, steps: list[tuple[int, bool]], cuts: list[int], crash: bool
) -> None:
    readings = band_readings([(gap, {"sos": pressed}) for gap, pressed in steps])
    assert findings_overtaken(engine, readings, cuts, crash) == findings_in_time(engine, readings)


def test_cancelling_a_fall_does_not_cancel_a_newer_one_that_overtook_it(engine: EngineFactory) -> None:
    readings = band_readings([(1, {"fall": True}), (1, {"fall": False}), (1, {"fall": True})])
    findings = findings_overtaken(engine, readings, [3], False)
    assert findings == findings_in_time(engine, readings)
    assert len([finding for finding, _ in findings if finding.startswith("band-fall@")]) == 2


@settings(max_examples=examples(80, short=20), deadline=None)
@given(steps=ALARMS, together=st.booleans())
def test_a_day_that_arrives_at_once_gives_the_findings_of_a_day(
    engine: EngineFactory, steps: list[tuple[int, bool]], together: bool
) -> None:
    readings = gas_readings(steps)
    late, late_engine = delayed(readings), engine()
    batches = [late] if together else [[reading] for reading in late]
    findings = [finding for batch in batches for finding in late_engine.feed(batch, batch[-1].received)]
    assert begins_and_ends(findings + late_engine.tick(late[-1].received + 12 * HOUR)) == findings_in_time(
        engine, readings
    )
