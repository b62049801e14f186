"""Rules with hours: reevaluated when their hours begin and end, on the last values."""

from __future__ import annotations

from typing import Any

import pytest

from domain import HOUR, MINUTE, Device, FindingPhase, Person, Place, Quality, Reading, Value
from domain.people import community
from rules.engine.engine import Engine
from rules.rulebook.model import Rulebook
from rules.state.device import NO_RULE_STATES
from rules.trials.model import TrialBook
from rules.trials.runner import run_trials
from tests.support.rule_builders import (
    Kinds,
    book,
    engine_of,
    finding_lines,
    rule,
    run_trial,
    shanghai_time,
)

NIGHT = "time.hour >= 23 or time.hour < 5"
IN_CONDITION = rule("night", kind="door", when=f"opened and ({NIGHT})")
IN_ONLY_IF = rule("night", kind="door", when="opened", only_if=NIGHT)


def door_reading(at: int, opened: Value = True, **more: Any) -> Reading:
    return Reading("d", "door", at, at, {"opened": opened}, **more)


def open_door(engine: Engine, at: int, device: Device | None = None) -> list[str]:
    engine.register([device or Device("d", "door")], at)
    engine.feed([door_reading(at)], at)
    return []


@pytest.mark.parametrize("night", [IN_CONDITION, IN_ONLY_IF])
def test_a_door_open_since_ten_to_eleven_is_reported_at_eleven(kinds: Kinds, night: dict[str, Any]) -> None:
    findings = run_trial(kinds, [night], start="2026-01-01T22:50+08:00", readings={"opened": "true"}, until="1h")
    assert findings == ("600s begin high",)


def test_a_door_opened_at_ten_to_five_ends_at_five(kinds: Kinds) -> None:
    findings = run_trial(kinds, [IN_CONDITION], start="2026-01-01T04:50+08:00", readings={"opened": "true"}, until="1h")
    assert findings == ("0s begin high", "600s end")


def test_only_if_ends_no_finding_when_its_hours_end(kinds: Kinds) -> None:
    findings = run_trial(kinds, [IN_ONLY_IF], start="2026-01-01T04:50+08:00", readings={"opened": "true"}, until="2h")
    assert findings == ("0s begin high",)


@pytest.mark.parametrize("night", [IN_CONDITION, IN_ONLY_IF])
def test_a_hold_begins_with_the_hours(kinds: Kinds, night: dict[str, Any]) -> None:
    held = {**night, "hold": "5m"}
    findings = run_trial(kinds, [held], start="2026-01-01T22:50+08:00", readings={"opened": "true"}, until="1h")
    assert findings == ("900s begin high",)


@pytest.mark.parametrize("night", [IN_CONDITION, IN_ONLY_IF])
def test_a_hold_that_is_not_complete_when_the_hours_end_emits_nothing(kinds: Kinds, night: dict[str, Any]) -> None:
    held = {**night, "hold": "10m"}  # it would complete in the minute in which the night ends
    findings = run_trial(kinds, [held], start="2026-01-01T04:50+08:00", readings={"opened": "true"}, until="2h")
    assert findings == ()


def test_the_release_runs_after_the_end_of_the_hours(kinds: Kinds) -> None:
    released = {**IN_CONDITION, "release": "1m"}
    findings = run_trial(kinds, [released], start="2026-01-01T04:50+08:00", readings={"opened": "true"}, until="20h")
    assert findings == ("0s begin high", "660s end", "65400s begin high")


def test_a_door_that_was_closed_again_is_not_reported_at_eleven(kinds: Kinds) -> None:
    findings = run_trial(
        kinds, [IN_CONDITION], start="2026-01-01T22:50+08:00", readings={"opened": "true false"}, until="8h"
    )
    assert findings == ()


def test_only_the_door_of_a_person_who_wanders_is_reported(kinds: Kinds, books: dict[str, Rulebook]) -> None:
    """The built-in rule door-night, for a resident who wanders and for one who does not."""
    start = {"name": "t", "rule": "door-night", "every": "10s", "start": "2026-01-01T22:50+08:00", "expect": []}
    findings = {"readings": {"opened": "true"}, "until": "1h"}
    trials = [{**start, **findings, "person": {"wanders": wanders}} for wanders in (True, False)]
    results = run_trials(books["home"], TrialBook.model_validate({"trials": trials}), kinds, list(books.values())[:0])
    assert [result.got for result in results] == [("600s begin medium",), ()]


def test_a_grade_may_have_its_own_hours(kinds: Kinds) -> None:
    graded = rule("r", kind="door", when="opened", grades=[{"severity": "critical", "when": "time.hour >= 23"}])
    findings = run_trial(kinds, [graded], start="2026-01-01T22:50+08:00", readings={"opened": "true"}, until="3h")
    assert findings == ("0s begin high", "600s grade critical", "4200s grade high")


@pytest.mark.parametrize(
    ("hours", "start", "after_s"),
    [
        ("time.minute >= 1365", "2026-01-01T22:40+08:00", 300),  # 22:45
        ("time.minute == 1361", "2026-01-01T22:40+08:00", 60),  # one minute long
        ("time.weekday >= 6", "2026-01-09T23:50+08:00", 600),
        ("time.workday", "2026-01-03T23:50+08:00", 600),  # 2026-01-04 is a Sunday on which people work
        ("time.holiday and time.hour >= 9", "2026-09-30T22:00+08:00", 11 * 3600),
        ("not time.holiday", "2026-10-07T23:59+08:00", 60),
        ("time.hour >= default(person.bedtime, 22)", "2026-01-01T20:50+08:00", 600),
        ("time.hour > 23 - 1", "2026-01-01T22:50+08:00", 600),
        ("battery_pct >= time.hour", "2026-01-01T23:50+08:00", 600),
    ],
)
def test_every_condition_about_time_is_reevaluated(kinds: Kinds, hours: str, start: str, after_s: int) -> None:
    timed = rule("r", kind="door", when=f"opened and {hours}")
    report_minutes = {"opened": "true", "battery_pct": "20"}
    findings = run_trial(kinds, [timed], start=start, readings=report_minutes, person={"bedtime": 21}, until="20h")
    assert findings[0] == f"{after_s}s begin high"


def test_a_bedtime_that_is_no_number_is_ignored(kinds: Kinds) -> None:
    timed = rule("r", kind="door", when="opened and time.hour >= person.bedtime")
    findings = run_trial(
        kinds, [timed], start="2026-01-01T20:50+08:00", readings={"opened": "true"}, person={"bedtime": "late"}
    )
    assert findings == ()


@pytest.mark.parametrize(
    ("zone", "opened_at", "reported_at"),
    [
        ("Europe/Berlin", "2026-03-28T22:50:00+01:00", "2026-03-28T23:00:00+01:00"),
        ("Europe/Berlin", "2026-03-29T22:50:00+02:00", "2026-03-29T23:00:00+02:00"),  # 23 hours long
        ("Europe/Berlin", "2026-10-25T22:50:00+01:00", "2026-10-25T23:00:00+01:00"),  # 25 hours long
        ("Asia/Kolkata", "2026-01-01T22:50:00+05:30", "2026-01-01T23:00:00+05:30"),
    ],
)
def test_hours_are_in_the_time_zone_of_the_device(kinds: Kinds, zone: str, opened_at: str, reported_at: str) -> None:
    start = shanghai_time(opened_at)
    engine = engine_of(kinds, IN_CONDITION)
    open_door(engine, start, Device("d", "door", attributes={"timezone": zone}))
    (begun,) = engine.tick(start + 2 * HOUR)
    assert begun.now == begun.begin == shanghai_time(reported_at)


def test_the_rule_applies_in_both_occurrences_of_a_repeated_hour(kinds: Kinds) -> None:
    """Berlin, 2026-10-25: 02:00 to 03:00 comes twice."""
    two = rule("two", kind="door", when="opened and time.hour == 2")
    start = shanghai_time("2026-10-25T01:30:00+02:00")
    engine = engine_of(kinds, two)
    open_door(engine, start, Device("d", "door", attributes={"timezone": "Europe/Berlin"}))
    assert finding_lines(engine.tick(start + 5 * HOUR), start) == ["1800 two began", "9000 two ended"]


def test_a_new_time_zone_of_a_device_applies_from_then_on(kinds: Kinds) -> None:
    start = shanghai_time("2026-01-01T20:00")
    engine = engine_of(kinds, IN_CONDITION)
    open_door(engine, start)
    engine.register([Device("d", "door", attributes={"timezone": "Asia/Tokyo"})], start + HOUR)
    assert finding_lines(engine.tick(start + 4 * HOUR), start) == ["7200 night began"]


def test_a_new_time_zone_of_a_place_applies_from_then_on(kinds: Kinds) -> None:
    start = shanghai_time("2026-01-01T20:00")
    engine = engine_of(kinds, IN_CONDITION, registry=community(places=[Place("home", "1", "household")]))
    open_door(engine, start, Device("d", "door", place="home"))
    engine.community = community(places=[Place("home", "1", "household", attributes={"timezone": "Asia/Tokyo"})])
    engine.register([], start + HOUR)
    assert finding_lines(engine.tick(start + 4 * HOUR), start) == ["7200 night began"]


def test_a_bedtime_set_later_applies_from_then_on(kinds: Kinds) -> None:
    timed = rule("r", kind="door", when="opened and time.hour >= person.bedtime")
    start, home = shanghai_time("2026-01-01T20:00"), Place("home", "1", "household")
    engine = engine_of(kinds, timed, registry=community(places=[home], people=[Person("li", "李", home="home")]))
    open_door(engine, start, Device("d", "door", place="home"))
    li = Person("li", "李", home="home", attributes={"bedtime": 22})
    engine.community = community(places=[home], people=[li])
    engine.register([], start + HOUR)
    engine.feed([door_reading(start + HOUR)], start + HOUR)
    assert finding_lines(engine.tick(start + 3 * HOUR), start) == ["7200 r began"]


# -- age and quality of the last values ---------------------------------------------------------------------------


def test_a_value_that_is_too_old_begins_no_finding(kinds: Kinds) -> None:
    """Reporting every ten minutes, silent for seven hours: whether the door is still open is unknown."""
    start = shanghai_time("2026-01-01T16:00")
    engine = engine_of(kinds, IN_CONDITION)
    open_door(engine, start, Device("d", "door", attributes={"report_every": "10m"}))
    assert engine.tick(start + 8 * HOUR) == []
    assert engine.states["d"].pending is None
    assert engine.states["d"].rule_states is NO_RULE_STATES


def test_a_value_stays_valid_longer_by_the_time_of_an_outage(kinds: Kinds) -> None:
    start = shanghai_time("2026-01-01T22:00")
    engine = engine_of(kinds, IN_CONDITION)
    open_door(engine, start, Device("d", "door", attributes={"report_every": "10m"}))
    engine.outage(start + MINUTE, start + 50 * MINUTE)
    assert finding_lines(engine.tick(start + HOUR), start) == ["3600 night began"]


def test_a_time_edge_in_an_outage_waits_for_the_backlog_of_the_broker(kinds: Kinds) -> None:
    """Closed at 22:58, received after a restart at 23:01: nothing began at eleven."""
    start = shanghai_time("2026-01-01T22:50")
    engine = engine_of(kinds, IN_CONDITION)
    open_door(engine, start)
    engine.outage(start + MINUTE, start + 11 * MINUTE)
    closed, now = start + 8 * MINUTE, start + 11 * MINUTE + 1000
    engine.feed([Reading("d", "door", closed, now, {"opened": False})], now)
    assert engine.tick(start + HOUR) == []


def test_a_reading_from_before_a_time_edge_that_arrives_after_it_ends_the_finding(kinds: Kinds) -> None:
    """Closed at 22:59:50, received at 23:00:02: the finding of eleven ends, no earlier than it began."""
    start = shanghai_time("2026-01-01T22:50")
    engine = engine_of(kinds, IN_CONDITION)
    open_door(engine, start)
    (begun,) = engine.tick(start + 10 * MINUTE)
    closed, now = start + 10 * MINUTE - 10_000, start + 10 * MINUTE + 2000
    (ended,) = engine.feed([Reading("d", "door", closed, now, {"opened": False})], now)
    assert (begun.phase, ended.phase, ended.at) == (FindingPhase.BEGAN, FindingPhase.ENDED, begun.begin)
    assert engine.tick(start + 5 * HOUR) == []


def test_a_late_reading_newer_than_the_last_value_counts(kinds: Kinds) -> None:
    start = shanghai_time("2026-01-01T22:50")
    engine = engine_of(kinds, IN_CONDITION)
    open_door(engine, start)
    engine.feed([Reading("d", "door", start + 5000, start + 5000, {"battery_pct": 80})], start + 5000)
    engine.feed([Reading("d", "door", start + 4000, start + 6000, {"opened": False})], start + 6000)
    assert engine.tick(start + HOUR) == []


def test_a_late_reading_older_than_the_last_value_begins_no_finding(kinds: Kinds) -> None:
    start = shanghai_time("2026-01-01T22:50")
    engine = engine_of(kinds, IN_CONDITION)
    engine.register([Device("d", "door")], start)
    engine.feed([door_reading(start + 5000, opened=False)], start + 5000)
    engine.feed([Reading("d", "door", start + 4000, start + 6000, {"opened": True})], start + 6000)
    assert engine.tick(start + HOUR) == []


@pytest.mark.parametrize("doubts", [{"opened": Quality.RETAINED}, {"opened": Quality.IMPLAUSIBLE}])
def test_a_doubtful_value_begins_no_finding_later(kinds: Kinds, doubts: dict[str, Quality]) -> None:
    start = shanghai_time("2026-01-01T22:50")
    engine = engine_of(kinds, IN_CONDITION)
    engine.register([Device("d", "door")], start)
    engine.feed([door_reading(start, doubts=doubts)], start)
    assert engine.tick(start + HOUR) == []


def test_a_retained_danger_of_the_night_ends_with_the_night(kinds: Kinds) -> None:
    start = shanghai_time("2026-01-01T04:50")
    engine = engine_of(kinds, IN_CONDITION)
    engine.register([Device("d", "door")], start)
    retained = {"opened": Quality.RETAINED}
    findings = engine.feed([door_reading(start, doubts=retained)], start)
    findings += engine.feed([door_reading(start + 1, doubts=retained)], start + 1)
    assert finding_lines([*findings, *engine.tick(start + HOUR)], start) == ["0 night began", "600 night ended"]


def test_a_self_test_begins_no_finding_later(kinds: Kinds) -> None:
    start = shanghai_time("2026-01-01T22:50")
    engine = engine_of(kinds, IN_CONDITION)
    engine.register([Device("d", "door")], start)
    engine.feed([Reading("d", "door", start, start, {"opened": True, "test": True})], start)
    assert engine.tick(start + HOUR) == []


def test_an_event_is_not_repeated_when_the_hours_begin(kinds: Kinds) -> None:
    sos = rule("r", kind="wristband", event="sos", only_if=NIGHT, release="1m")
    fall = rule("r", kind="wristband", when=f"fall and ({NIGHT})")
    for momentary in (sos, fall):
        report_minutes = {"sos": "true", "fall": "true"}
        findings = run_trial(kinds, [momentary], start="2026-01-01T22:50+08:00", readings=report_minutes, until="2h")
        assert findings == ()


def test_the_finding_of_a_silent_device_ends_with_the_night(kinds: Kinds) -> None:
    """Silence is no recovery, but by day an open door is no danger."""
    start = shanghai_time("2026-01-01T23:30")
    engine = engine_of(kinds, IN_CONDITION)
    findings: list[str] = []
    engine.register([Device("d", "door", attributes={"report_every": "10m"})], start)
    findings += finding_lines(engine.feed([door_reading(start)], start), start)
    findings += finding_lines(engine.tick(start + 8 * HOUR), start)
    assert findings == ["0 night began", "2400 night stale", "19800 night ended"]


def test_a_stale_finding_is_not_resumed_when_the_hours_begin(kinds: Kinds) -> None:
    """The hours begin while the finding is stale: the device has not reported."""
    lasting = rule("r", kind="door", when="opened", grades=[{"severity": "critical", "when": "time.hour >= 23"}])
    start = shanghai_time("2026-01-01T20:00")
    engine = engine_of(kinds, lasting)
    engine.register([Device("d", "door", attributes={"report_every": "10m"})], start)
    engine.feed([door_reading(start)], start)
    assert finding_lines(engine.tick(start + 8 * HOUR), start) == ["2400 r stale"]


def test_a_night_received_in_one_batch_is_evaluated_as_live(kinds: Kinds) -> None:
    """Twelve hours received in the morning, the last reading at 22:50: the door was open from eleven to five."""
    start = shanghai_time("2026-01-01T20:00")
    engine = engine_of(kinds, IN_CONDITION)
    engine.register([Device("d", "door", attributes={"report_every": "12h"})], start)
    now = shanghai_time("2026-01-02T08:00")
    batch = [Reading("d", "door", start + n * HOUR + 50 * MINUTE, now, {"opened": n == 2}) for n in range(3)]
    engine.feed(batch, now)
    findings = [(finding.phase, finding.at) for finding in engine.tick(now + 1)]
    assert findings == [
        (FindingPhase.BEGAN, shanghai_time("2026-01-01T23:00")),
        (FindingPhase.ENDED, shanghai_time("2026-01-02T05:00")),
    ]


def test_a_window_keeps_its_value_of_the_last_reading(kinds: Kinds) -> None:
    burst = rule("r", kind="water_meter", when="increase(volume_m3, 1h) > 0.5", only_if="time.hour >= 23")
    volumes = "0 1 2 2.7"
    findings = run_trial(kinds, [burst], every="30m", start="2026-01-01T21:15+08:00", readings={"volume_m3": volumes})
    assert findings == ("6300s begin high",)


def test_a_value_of_another_type_is_counted_and_stops_nothing(kinds: Kinds) -> None:
    start = shanghai_time("2026-01-01T22:50")
    timed = rule("r", kind="gas_alarm", when="lel_pct > 5 and (time.hour >= 23 or time.hour < 5) or co_ppm > 5")
    engine = engine_of(kinds, timed)
    engine.register([Device("g", "gas_alarm")], start)
    engine.feed([Reading("g", "gas_alarm", start, start, {"lel_pct": "much", "co_ppm": 1})], start)
    assert engine.state.type_errors["r"] >= 1
    assert engine.states["g"].pending is None
    assert engine.tick(start + HOUR) == []


# -- cost ---------------------------------------------------------------------------------------------------------


def test_a_device_that_the_hours_do_not_concern_has_no_timer_and_no_saved_inputs(kinds: Kinds) -> None:
    start = shanghai_time("2026-01-01T12:00")
    engine = Engine([book(IN_CONDITION, rule("hot", when="lel_pct > 50 and time.hour >= 22"))], kinds, community())
    engine.register([Device("d", "door"), Device("g", "gas_alarm")], start)
    engine.feed([door_reading(start, opened=False)], start)
    engine.feed([Reading("g", "gas_alarm", start, start, {"lel_pct": 3})], start)
    assert engine.next_timer() is None
    assert [state.pending for state in engine.states.values()] == [None, None]
    assert all(state.rule_states is NO_RULE_STATES for state in engine.states.values())


def test_a_door_reported_open_every_minute_has_one_timer(kinds: Kinds) -> None:
    start = shanghai_time("2026-01-01T12:00")
    engine = engine_of(kinds, IN_CONDITION)
    open_door(engine, start)
    for n in range(1, 60):
        engine.feed([door_reading(start + n * MINUTE)], start + n * MINUTE)
    assert [timer[0] for timer in engine.state.timers.heap] == [shanghai_time("2026-01-01T23:00")]
    engine.feed([door_reading(start + HOUR, opened=False)], start + HOUR)
    assert engine.states["d"].rule_states is NO_RULE_STATES
    assert engine.tick(start + 20 * HOUR) == []
