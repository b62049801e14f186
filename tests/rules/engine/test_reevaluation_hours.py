"""Rules with hours (A11): woken when their hours begin and end, on the values that were measured last."""

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
    building_group,
    engine_of,
    finding_lines,
    rule,
    run_trial,
    shanghai_time,
)

NIGHT = "time.hour >= 23 or time.hour < 5"
WHEN = rule("night", kind="door", when=f"opened and ({NIGHT})")
ONLY = rule("night", kind="door", when="opened", only_if=NIGHT)


def door(at: int, opened: Value = True, **more: Any) -> Reading:
    return Reading("d", "door", at, at, {"opened": opened}, **more)


def opened(engine: Engine, at: int, device: Device | None = None) -> list[str]:
    engine.register([device or Device("d", "door")], at)
    engine.feed([door(at)], at)
    return []


@pytest.mark.parametrize("night", [WHEN, ONLY])
def test_a_door_that_has_stood_open_since_ten_to_eleven_is_told_at_eleven(kinds: Kinds, night: dict[str, Any]) -> None:
    findings = run_trial(kinds, [night], start="2026-01-01T22:50+08:00", readings={"opened": "true"}, until="1h")
    assert findings == ("600s begin high",)


def test_a_door_opened_at_ten_to_five_ends_at_five(kinds: Kinds) -> None:
    findings = run_trial(kinds, [WHEN], start="2026-01-01T04:50+08:00", readings={"opened": "true"}, until="1h")
    assert findings == ("0s begin high", "600s end")


def test_only_if_ends_nothing_when_its_hours_are_over(kinds: Kinds) -> None:
    findings = run_trial(kinds, [ONLY], start="2026-01-01T04:50+08:00", readings={"opened": "true"}, until="2h")
    assert findings == ("0s begin high",)


@pytest.mark.parametrize("night", [WHEN, ONLY])
def test_a_hold_begins_with_the_hours(kinds: Kinds, night: dict[str, Any]) -> None:
    held = {**night, "hold": "5m"}
    findings = run_trial(kinds, [held], start="2026-01-01T22:50+08:00", readings={"opened": "true"}, until="1h")
    assert findings == ("900s begin high",)


@pytest.mark.parametrize("night", [WHEN, ONLY])
def test_a_hold_that_is_not_over_when_the_hours_end_tells_nothing(kinds: Kinds, night: dict[str, Any]) -> None:
    held = {**night, "hold": "10m"}  # it would be over in the very minute in which the night ends
    findings = run_trial(kinds, [held], start="2026-01-01T04:50+08:00", readings={"opened": "true"}, until="2h")
    assert findings == ()


def test_the_release_runs_after_the_end_of_the_hours(kinds: Kinds) -> None:
    released = {**WHEN, "release": "1m"}
    findings = run_trial(kinds, [released], start="2026-01-01T04:50+08:00", readings={"opened": "true"}, until="20h")
    assert findings == ("0s begin high", "660s end", "65400s begin high")


def test_a_door_that_was_closed_again_tells_nothing_at_eleven(kinds: Kinds) -> None:
    findings = run_trial(kinds, [WHEN], start="2026-01-01T22:50+08:00", readings={"opened": "true false"}, until="8h")
    assert findings == ()


def test_who_does_not_wander_is_not_told_of(kinds: Kinds, books: dict[str, Rulebook]) -> None:
    """The built-in door-night: somebody who wanders, and somebody who does not."""
    start = {"name": "t", "rule": "door-night", "every": "10s", "start": "2026-01-01T22:50+08:00", "expect": []}
    findings = {"readings": {"opened": "true"}, "until": "1h"}
    trials = [{**start, **findings, "person": {"wanders": wanders}} for wanders in (True, False)]
    results = run_trials(books["home"], TrialBook.model_validate({"trials": trials}), kinds, list(books.values())[:0])
    assert [result.got for result in results] == [("600s begin medium",), ()]


def test_a_grade_may_have_hours_of_its_own(kinds: Kinds) -> None:
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
def test_whatever_speaks_of_time_is_woken(kinds: Kinds, hours: str, start: str, after_s: int) -> None:
    timed = rule("r", kind="door", when=f"opened and {hours}")
    readings = {"opened": "true", "battery_pct": "20"}
    findings = run_trial(kinds, [timed], start=start, readings=readings, person={"bedtime": 21}, until="20h")
    assert findings[0] == f"{after_s}s begin high"


def test_a_bedtime_that_is_a_word_wakes_nobody_and_stops_nobody(kinds: Kinds) -> None:
    timed = rule("r", kind="door", when="opened and time.hour >= person.bedtime")
    findings = run_trial(
        kinds, [timed], start="2026-01-01T20:50+08:00", readings={"opened": "true"}, person={"bedtime": "late"}
    )
    assert findings == ()


@pytest.mark.parametrize(
    ("zone", "opened_at", "told_at"),
    [
        ("Europe/Berlin", "2026-03-28T22:50:00+01:00", "2026-03-28T23:00:00+01:00"),
        ("Europe/Berlin", "2026-03-29T22:50:00+02:00", "2026-03-29T23:00:00+02:00"),  # 23 hours long
        ("Europe/Berlin", "2026-10-25T22:50:00+01:00", "2026-10-25T23:00:00+01:00"),  # 25 hours long
        ("Asia/Kolkata", "2026-01-01T22:50:00+05:30", "2026-01-01T23:00:00+05:30"),
    ],
)
def test_hours_are_those_of_the_device(kinds: Kinds, zone: str, opened_at: str, told_at: str) -> None:
    start = shanghai_time(opened_at)
    engine = engine_of(kinds, WHEN)
    opened(engine, start, Device("d", "door", attributes={"timezone": zone}))
    (begun,) = engine.tick(start + 2 * HOUR)
    assert begun.now == begun.begin == shanghai_time(told_at)


def test_the_hour_that_is_lived_twice_is_night_twice(kinds: Kinds) -> None:
    """Berlin, 2026-10-25: 02:00 to 03:00 comes twice."""
    two = rule("two", kind="door", when="opened and time.hour == 2")
    start = shanghai_time("2026-10-25T01:30:00+02:00")
    engine = engine_of(kinds, two)
    opened(engine, start, Device("d", "door", attributes={"timezone": "Europe/Berlin"}))
    assert finding_lines(engine.tick(start + 5 * HOUR), start) == ["1800 two began", "9000 two ended"]


def test_a_device_that_moves_to_another_zone_has_other_hours_from_then_on(kinds: Kinds) -> None:
    start = shanghai_time("2026-01-01T20:00")
    engine = engine_of(kinds, WHEN)
    opened(engine, start)
    engine.register([Device("d", "door", attributes={"timezone": "Asia/Tokyo"})], start + HOUR)
    assert finding_lines(engine.tick(start + 4 * HOUR), start) == ["7200 night began"]


def test_a_place_that_moves_to_another_zone_has_other_hours_from_then_on(kinds: Kinds) -> None:
    start = shanghai_time("2026-01-01T20:00")
    engine = engine_of(kinds, WHEN, registry=community(places=[Place("home", "1", "household")]))
    opened(engine, start, Device("d", "door", place="home"))
    engine.community = community(places=[Place("home", "1", "household", attributes={"timezone": "Asia/Tokyo"})])
    engine.register([], start + HOUR)
    assert finding_lines(engine.tick(start + 4 * HOUR), start) == ["7200 night began"]


def test_a_bedtime_written_later_counts_from_then_on(kinds: Kinds) -> None:
    timed = rule("r", kind="door", when="opened and time.hour >= person.bedtime")
    start, home = shanghai_time("2026-01-01T20:00"), Place("home", "1", "household")
    engine = engine_of(kinds, timed, registry=community(places=[home], people=[Person("li", "李", home="home")]))
    opened(engine, start, Device("d", "door", place="home"))
    li = Person("li", "李", home="home", attributes={"bedtime": 22})
    engine.community = community(places=[home], people=[li])
    engine.register([], start + HOUR)
    engine.feed([door(start + HOUR)], start + HOUR)
    assert finding_lines(engine.tick(start + 3 * HOUR), start) == ["7200 r began"]


# -- only what may still be believed ------------------------------------------------------------------------------


def test_a_value_that_is_too_old_to_be_believed_begins_nothing(kinds: Kinds) -> None:
    """Reporting every ten minutes, silent for seven hours: nobody knows whether the door is still open."""
    start = shanghai_time("2026-01-01T16:00")
    engine = engine_of(kinds, WHEN)
    opened(engine, start, Device("d", "door", attributes={"report_every": "10m"}))
    assert engine.tick(start + 8 * HOUR) == []
    assert engine.states["d"].pending is None
    assert engine.states["d"].rule_states is NO_RULE_STATES


def test_who_is_known_to_be_deaf_believes_longer(kinds: Kinds) -> None:
    start = shanghai_time("2026-01-01T22:00")
    engine = engine_of(kinds, WHEN)
    opened(engine, start, Device("d", "door", attributes={"report_every": "10m"}))
    engine.outage(start + MINUTE, start + 50 * MINUTE)
    assert finding_lines(engine.tick(start + HOUR), start) == ["3600 night began"]


def test_an_edge_in_an_outage_waits_for_what_the_broker_kept(kinds: Kinds) -> None:
    """Closed at 22:58, heard of after a restart at 23:01: nothing began at eleven."""
    start = shanghai_time("2026-01-01T22:50")
    engine = engine_of(kinds, WHEN)
    opened(engine, start)
    engine.outage(start + MINUTE, start + 11 * MINUTE)
    closed, now = start + 8 * MINUTE, start + 11 * MINUTE + 1000
    engine.feed([Reading("d", "door", closed, now, {"opened": False})], now)
    assert engine.tick(start + HOUR) == []


def test_what_the_device_said_before_the_edge_and_comes_after_it_takes_it_back(kinds: Kinds) -> None:
    """Closed at 22:59:50, heard at 23:00:02: what began at eleven is over, and ends no earlier than it began."""
    start = shanghai_time("2026-01-01T22:50")
    engine = engine_of(kinds, WHEN)
    opened(engine, start)
    (begun,) = engine.tick(start + 10 * MINUTE)
    closed, now = start + 10 * MINUTE - 10_000, start + 10 * MINUTE + 2000
    (ended,) = engine.feed([Reading("d", "door", closed, now, {"opened": False})], now)
    assert (begun.phase, ended.phase, ended.at) == (FindingPhase.BEGAN, FindingPhase.ENDED, begun.begin)
    assert engine.tick(start + 5 * HOUR) == []


def test_a_late_reading_that_is_newer_than_what_is_kept_counts(kinds: Kinds) -> None:
    start = shanghai_time("2026-01-01T22:50")
    engine = engine_of(kinds, WHEN)
    opened(engine, start)
    engine.feed([Reading("d", "door", start + 5000, start + 5000, {"battery_pct": 80})], start + 5000)
    engine.feed([Reading("d", "door", start + 4000, start + 6000, {"opened": False})], start + 6000)
    assert engine.tick(start + HOUR) == []


def test_a_late_reading_begins_nothing_later(kinds: Kinds) -> None:
    start = shanghai_time("2026-01-01T22:50")
    engine = engine_of(kinds, WHEN)
    engine.register([Device("d", "door")], start)
    engine.feed([door(start + 5000, opened=False)], start + 5000)
    engine.feed([Reading("d", "door", start + 4000, start + 6000, {"opened": True})], start + 6000)
    assert engine.tick(start + HOUR) == []


@pytest.mark.parametrize("doubts", [{"opened": Quality.RETAINED}, {"opened": Quality.IMPLAUSIBLE}])
def test_what_is_doubted_begins_nothing_later(kinds: Kinds, doubts: dict[str, Quality]) -> None:
    start = shanghai_time("2026-01-01T22:50")
    engine = engine_of(kinds, WHEN)
    engine.register([Device("d", "door")], start)
    engine.feed([door(start, doubts=doubts)], start)
    assert engine.tick(start + HOUR) == []


def test_a_retained_danger_of_the_night_ends_with_the_night(kinds: Kinds) -> None:
    start = shanghai_time("2026-01-01T04:50")
    engine = engine_of(kinds, WHEN)
    engine.register([Device("d", "door")], start)
    retained = {"opened": Quality.RETAINED}
    findings = engine.feed([door(start, doubts=retained)], start)
    findings += engine.feed([door(start + 1, doubts=retained)], start + 1)
    assert finding_lines([*findings, *engine.tick(start + HOUR)], start) == ["0 night began", "600 night ended"]


def test_a_test_begins_nothing_later(kinds: Kinds) -> None:
    start = shanghai_time("2026-01-01T22:50")
    engine = engine_of(kinds, WHEN)
    engine.register([Device("d", "door")], start)
    engine.feed([Reading("d", "door", start, start, {"opened": True, "test": True})], start)
    assert engine.tick(start + HOUR) == []


def test_what_only_happened_does_not_happen_again_at_eleven(kinds: Kinds) -> None:
    sos = rule("r", kind="wristband", event="sos", only_if=NIGHT, release="1m")
    fall = rule("r", kind="wristband", when=f"fall and ({NIGHT})")
    for momentary in (sos, fall):
        readings = {"sos": "true", "fall": "true"}
        findings = run_trial(kinds, [momentary], start="2026-01-01T22:50+08:00", readings=readings, until="2h")
        assert findings == ()


def test_a_device_that_fell_silent_in_the_night_ends_with_the_night(kinds: Kinds) -> None:
    """Silence is no recovery, but by day the open door is no danger whatever it says."""
    start = shanghai_time("2026-01-01T23:30")
    engine = engine_of(kinds, WHEN)
    findings: list[str] = []
    engine.register([Device("d", "door", attributes={"report_every": "10m"})], start)
    findings += finding_lines(engine.feed([door(start)], start), start)
    findings += finding_lines(engine.tick(start + 8 * HOUR), start)
    assert findings == ["0 night began", "2400 night stale", "19800 night ended"]


def test_of_a_silent_device_nothing_begins_anew_and_nothing_is_heard(kinds: Kinds) -> None:
    """STALE and the hours begin again: nobody heard the device."""
    lasting = rule("r", kind="door", when="opened", grades=[{"severity": "critical", "when": "time.hour >= 23"}])
    start = shanghai_time("2026-01-01T20:00")
    engine = engine_of(kinds, lasting)
    engine.register([Device("d", "door", attributes={"report_every": "10m"})], start)
    engine.feed([door(start)], start)
    assert finding_lines(engine.tick(start + 8 * HOUR), start) == ["2400 r stale"]


def test_the_night_of_a_batch_is_judged_like_the_night_it_tells_of(kinds: Kinds) -> None:
    """Twelve hours heard in the morning, the last word at 22:50: it stood open from eleven to five."""
    start = shanghai_time("2026-01-01T20:00")
    engine = engine_of(kinds, WHEN)
    engine.register([Device("d", "door", attributes={"report_every": "12h"})], start)
    now = shanghai_time("2026-01-02T08:00")
    batch = [Reading("d", "door", start + n * HOUR + 50 * MINUTE, now, {"opened": n == 2}) for n in range(3)]
    engine.feed(batch, now)
    findings = [(finding.phase, finding.at) for finding in engine.tick(now + 1)]
    assert findings == [
        (FindingPhase.BEGAN, shanghai_time("2026-01-01T23:00")),
        (FindingPhase.ENDED, shanghai_time("2026-01-02T05:00")),
    ]


def test_a_window_says_what_it_said_with_the_last_reading(kinds: Kinds) -> None:
    burst = rule("r", kind="water_meter", when="increase(volume_m3, 1h) > 0.5", only_if="time.hour >= 23")
    volumes = "0 1 2 2.7"
    findings = run_trial(kinds, [burst], every="30m", start="2026-01-01T21:15+08:00", readings={"volume_m3": volumes})
    assert findings == ("6300s begin high",)


def test_a_value_of_another_type_is_trouble_and_not_the_end(kinds: Kinds) -> None:
    start = shanghai_time("2026-01-01T22:50")
    timed = rule("r", kind="gas_alarm", when="lel_pct > 5 and (time.hour >= 23 or time.hour < 5) or co_ppm > 5")
    engine = engine_of(kinds, timed)
    engine.register([Device("g", "gas_alarm")], start)
    engine.feed([Reading("g", "gas_alarm", start, start, {"lel_pct": "much", "co_ppm": 1})], start)
    assert engine.state.type_errors["r"] >= 1
    assert engine.states["g"].pending is None
    assert engine.tick(start + HOUR) == []


# -- silence, lives, groups, chatter ------------------------------------------------------------------------------


def test_a_silence_is_told_when_its_hours_begin(kinds: Kinds) -> None:
    silent = rule("r", absent={"after": "20m"}, only_if="time.hour >= 23")
    findings = run_trial(kinds, [silent], start="2026-01-01T22:30+08:00", readings={"alarm": "false"}, until="4h")
    assert findings == ("1800s begin high",)


def test_who_spoke_again_before_the_hours_is_not_told_silent(kinds: Kinds) -> None:
    silent = rule("r", absent={"after": "20m"}, only_if="time.hour >= 23")
    findings = run_trial(
        kinds, [silent], every="25m", start="2026-01-01T22:30+08:00", readings={"alarm": "false false"}, until="10m"
    )
    assert findings == ()


def silent(engine: Engine, *readings: int, until: int, start: int) -> list[str]:
    """A door that is heard at these minutes after the start, and then no more."""
    found = engine.register([Device("d", "door", attributes={"report_every": "1d"})], start)
    for minute in readings:
        found += engine.feed([door(start + minute * MINUTE, opened=False)], start + minute * MINUTE)
    return finding_lines(found + engine.tick(start + until * MINUTE), start)


SILENT = rule("silent", kind="door", absent={"after": "20m"}, only_if="time.hour >= 22")


def test_a_silence_after_one_that_was_held_back_is_told_in_time_and_not_a_day_later(kinds: Kinds) -> None:
    """Missed at 21:50, before its hours; heard at 21:55; missed again at 22:15."""
    findings = silent(engine_of(kinds, SILENT), 0, 25, until=60, start=shanghai_time("2026-01-01T21:30"))
    assert findings == ["2700 silent began"]


def test_a_start_after_a_crash_judges_no_silence_by_the_hour_at_which_it_was_held_back(kinds: Kinds) -> None:
    """Before ten a cause held it back, after ten its hours do: with the cause gone, it must not be told for 21:50."""
    start, early = shanghai_time("2026-01-01T21:30"), "time.hour < 22 and not finding.cause"
    rules = [rule("silent", kind="door", absent={"quantity": "battery_pct", "after": "20m"}, only_if=early)]
    rules.append(rule("cause", kind="door", when="opened"))
    for crashes in (False, True):
        engine = engine_of(kinds, *rules)
        engine.register([Device("d", "door", attributes={"report_every": "1d"})], start)
        engine.feed([door(start)], start)
        findings = engine.feed([door(start + 35 * MINUTE, opened=False)], start + 35 * MINUTE)
        if crashes:
            snapshot, engine = engine.snapshot(), engine_of(kinds, *rules)
            engine.restore(snapshot)
            engine.register([Device("d", "door", attributes={"report_every": "1d"})], start + 36 * MINUTE)
        assert finding_lines(findings + engine.tick(start + HOUR), start) == ["2100 cause ended"]


@pytest.mark.parametrize("also_by_week", [False, True])
def test_a_silence_that_was_held_back_is_told_when_the_registry_says_otherwise(
    kinds: Kinds, also_by_week: bool
) -> None:
    """Its resident is registered as alone after it was missed: nobody waits for the next evening."""
    start, home = shanghai_time("2026-01-01T22:00"), Place("h", "101", "household")
    watched = rule("silent", kind="door", absent={"after": "20m"}, only_if="time.hour >= 22 and person.alone")
    weekly = rule("weekly", kind="door", absent={"after": "25m"}, only_if="time.hour >= 22")
    rules = [watched, weekly] if also_by_week else [watched]
    engine = engine_of(kinds, *rules, registry=community(places=[home], people=[Person("p", "王", home="h")]))
    device = Device("d", "door", place="h", attributes={"report_every": "1d"})
    engine.register([device], start)
    assert engine.tick(start + 21 * MINUTE) == []
    alone = Person("p", "王", home="h", attributes={"alone": True})
    engine.community = community(places=[home], people=[alone])
    findings = engine.register([device], start + 22 * MINUTE) + engine.tick(start + 22 * MINUTE)
    assert finding_lines(findings, start) == ["1320 silent began"]


def test_a_silence_that_is_due_when_the_registry_changes_is_told_as_of_when_it_was_due(kinds: Kinds) -> None:
    """The one held back is looked at with it."""
    start = shanghai_time("2026-01-01T21:30")
    other = rule("other", kind="door", absent={"after": "25m"})
    engine = engine_of(kinds, SILENT, other)
    device = Device("d", "door", attributes={"report_every": "1d"})
    engine.register([device], start)
    assert engine.tick(start + 24 * MINUTE) == []
    assert engine.register([device], start + 26 * MINUTE) == []
    assert finding_lines(engine.tick(start + HOUR), start) == ["1500 other began", "1800 silent began"]


def test_a_silence_that_was_held_back_is_told_when_its_rule_no_longer_asks_for_hours(kinds: Kinds) -> None:
    start, always = shanghai_time("2026-01-01T21:30"), {**SILENT, "only_if": "time.hour >= 21"}
    engine = engine_of(kinds, SILENT)
    engine.register([Device("d", "door", attributes={"report_every": "1d"})], start)
    engine.tick(start + 25 * MINUTE)
    findings = engine.reload([book(always)], start + 26 * MINUTE) + engine.tick(start + 26 * MINUTE)
    assert finding_lines(findings, start) == ["1560 silent began"]


def test_a_life_that_is_over_is_told_when_its_hours_begin(kinds: Kinds) -> None:
    over = rule("r", expires={"on": "expires_on"}, only_if="time.hour >= 9", ledger="health")
    findings = run_trial(
        kinds,
        [over],
        start="2026-01-02T01:00+08:00",
        device={"expires_on": "2026-01-01"},
        readings={"alarm": "false"},
        until="12h",
    )
    assert findings == (f"{8 * 3600}s begin high",)


def building(**strips: str) -> dict[str, Any]:
    return {
        name: {"kind": "gas_alarm", "household": name, "readings": {"alarm": written}}
        for name, written in strips.items()
    }


def test_a_building_is_told_when_its_hours_begin(kinds: Kinds) -> None:
    many = building_group("x", only_if="time.hour >= 23")
    findings = run_trial(
        kinds, [many, rule("x", when="alarm")], start="2026-01-01T22:50+08:00", devices=building(a="true", b="true")
    )
    assert findings == ("600s begin high",)


def test_a_building_that_recovered_before_its_hours_is_not_told(kinds: Kinds) -> None:
    many = building_group("x", only_if="time.hour >= 23")
    devices = building(a="true _x5 false", b="true _x5 false")
    findings = run_trial(kinds, [many, rule("x", when="alarm")], start="2026-01-01T22:50+08:00", devices=devices)
    assert findings == ()


def test_a_building_for_which_one_edge_of_two_has_passed_is_still_held_back(kinds: Kinds) -> None:
    many = building_group("x", only_if="time.hour >= 23 and time.minute >= 23:30")
    devices = building(a="true", b="true")
    findings = run_trial(kinds, [many, rule("x", when="alarm")], start="2026-01-01T22:50+08:00", devices=devices)
    assert findings == ("2400s begin high",)


def test_chatter_outside_its_hours_is_not_told(kinds: Kinds) -> None:
    often = rule("r", kind="any", chatter={"times": 3, "within": "1m"}, only_if="time.hour >= 23", release="1d")
    x = rule("x", when="alarm")
    for start, told in (("T22:00", ()), ("T23:00", ("40s begin high",))):
        readings = {"alarm": "true false true false true false"}
        findings = run_trial(kinds, [often, x], kind="gas_alarm", start=f"2026-01-01{start}+08:00", readings=readings)
        assert findings == told


# -- cheap --------------------------------------------------------------------------------------------------------


def test_a_device_for_which_the_hours_make_no_difference_has_no_timer_and_remembers_nothing(kinds: Kinds) -> None:
    start = shanghai_time("2026-01-01T12:00")
    engine = Engine([book(WHEN, rule("hot", when="lel_pct > 50 and time.hour >= 22"))], kinds, community())
    engine.register([Device("d", "door"), Device("g", "gas_alarm")], start)
    engine.feed([door(start, opened=False)], start)
    engine.feed([Reading("g", "gas_alarm", start, start, {"lel_pct": 3})], start)
    assert engine.next_timer() is None
    assert [state.pending for state in engine.states.values()] == [None, None]
    assert all(state.rule_states is NO_RULE_STATES for state in engine.states.values())


def test_a_device_that_reports_an_open_door_every_minute_owes_one_look(kinds: Kinds) -> None:
    start = shanghai_time("2026-01-01T12:00")
    engine = engine_of(kinds, WHEN)
    opened(engine, start)
    for n in range(1, 60):
        engine.feed([door(start + n * MINUTE)], start + n * MINUTE)
    assert [wake[0] for wake in engine.state.timers.heap] == [shanghai_time("2026-01-01T23:00")]
    engine.feed([door(start + HOUR, opened=False)], start + HOUR)
    assert engine.states["d"].rule_states is NO_RULE_STATES
    assert engine.tick(start + 20 * HOUR) == []
