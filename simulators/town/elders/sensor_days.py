"""The reports of door magnets, motion sensors and buttons of one home over one day.

A door reports when it is opened and closed. A passive infrared sensor reports that someone moves, and that the room has
been quiet for a minute or two; a person at home passes it every 5 to 30 minutes (ours, unverified). All report their
state by their plan, and a button its battery.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import itemgetter
from random import Random
from typing import Final

from domain import DAY, MINUTE, Instant, Value
from simulators.events import Measurement, TimedEvent
from simulators.models.daily_life import Activity, DayPlan
from simulators.models.device_behaviour import battery_pct, heartbeat_jitter, heartbeat_phase
from simulators.town.elders.courses import Course, active
from simulators.town.elders.homes import Home, HomeDevice

_QUIET: Final = frozenset({Activity.SLEEP, Activity.OUT, Activity.BATH})
_Change = tuple[Instant, bool]


def sensor_events(
    home: Home, plan: DayPlan, day: Instant, seed: int, courses: Sequence[Course]
) -> Iterator[TimedEvent]:
    """The reports of the day in order of time."""
    openings = [change for pair in plan.door_openings for change in ((day + pair[0], True), (day + pair[1], False))]
    openings += _openings_of_courses(courses, day)
    reports: list[tuple[Instant, str, dict[str, Value]]] = []
    for door in home.doors:
        reports += _of_device(door, "opened", _undisturbed(sorted(openings), courses), day)
    for number, motion in enumerate(home.motions):
        random = Random(f"{seed}/motion/{home.person}/{number}/{day}")
        changes = list(_motion(plan, day, random))
        reports += _of_device(motion, "occupied", _undisturbed(changes, courses), day)
    for button in home.buttons:
        reports += _of_device(button, "", [], day)
    reports.sort(key=itemgetter(0))
    for at, device, values in reports:
        yield TimedEvent(at, Measurement(device, values))


def _motion(plan: DayPlan, day: Instant, random: Random) -> Iterator[_Change]:
    """Pairs of moved and quiet, while awake and at home."""
    for span in plan.spans:
        if span.activity in _QUIET:
            continue
        at = span.start + round(random.random() * (2 * MINUTE if span.activity is not Activity.HOME else 15 * MINUTE))
        while at < span.end:
            until = at + round(random.uniform(1.2, 6.0) * MINUTE)
            if until >= DAY:
                return
            yield day + at, True
            yield day + until, False
            at = until + round(random.uniform(5.0, 30.0) * MINUTE)


def _undisturbed(changes: Sequence[_Change], courses: Sequence[Course]) -> list[_Change]:
    """Changes outside the courses that keep a person from the door and the sensor. One that had begun ends."""
    if not courses:
        return list(changes)
    kept: list[_Change] = []
    state = False
    for at, value in changes:
        course = active(courses, at)
        hindered = course is not None and (course.still or course.away or course.walk_m_s is not None)
        own = course is not None and course.walk_m_s is not None and at < course.begin + MINUTE
        if value != state and (not hindered or not value or own):
            kept.append((at, value))
            state = value
    return kept


def _openings_of_courses(courses: Sequence[Course], day: Instant) -> Iterator[_Change]:
    """Whoever wanders off opens the door; so do those who bring help at the end of a course."""
    for course in courses:
        if course.walk_m_s is not None and day <= course.begin < day + DAY:
            yield course.begin, True
            yield course.begin + 20_000, False
        if (course.still or course.walk_m_s is not None) and day <= course.end < day + DAY - MINUTE:
            yield course.end, True
            yield course.end + 15_000, False


def _of_device(
    device: HomeDevice, quantity: str, changes: Sequence[_Change], day: Instant
) -> Iterator[tuple[Instant, str, dict[str, Value]]]:
    """The changes of the day and the reports by plan, which repeat the state."""
    battery = battery_pct(device.key, day, device.behaviour.battery_days or 730)
    for at, value in changes:
        yield at, device.id, {quantity: value, "battery_pct": battery}
    for at in _by_plan(device, day):
        values: dict[str, Value] = {"battery_pct": battery}
        if quantity:
            values = {quantity: _state_at(changes, at), "battery_pct": battery}
        yield at, device.id, values


def _by_plan(device: HomeDevice, day: Instant) -> Iterator[Instant]:
    every, phase = device.behaviour.report_ms, heartbeat_phase(device.key, device.behaviour.report_ms)
    turn = (day - phase) // every
    while (at := turn * every + phase + heartbeat_jitter(device.key, turn)) < day + DAY:
        if at >= day:
            yield at
        turn += 1


def _state_at(changes: Sequence[_Change], at: Instant) -> bool:
    state = False
    for instant, value in changes:
        if instant > at:
            break
        state = value
    return state
