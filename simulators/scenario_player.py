"""A scenario played in one kitchen: what happens, what the detector says and when. It knows nothing of other homes."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from domain import SECOND, Instant
from simulators.models.gas import LEL_FRACTION, Detector, Room, detector_after, room_after
from simulators.scenario import Scenario, Step
from simulators.wire import Measurement

_STEP_MS = SECOND
"""The physics advances in whole real seconds."""
_REPEAT_ALARM_EVERY = 10
"""While it alarms, every tenth report also goes out as an alarm: a lost first one must not stay lost."""


class GroundTruth(Struct, frozen=True):
    """Ground truth: what was the case, whoever noticed."""

    device: str
    what: str


class TimedEvent(Struct, frozen=True):
    """One thing at one instant of the demo."""

    at: Instant
    event: Measurement | GroundTruth


def play_scenario(scenario: Scenario, device: str, start: Instant) -> Iterator[TimedEvent]:
    """The incident from its first to its last report, in order."""
    room = Room(scenario.room_m3, gas=scenario.background_pct / 100 * LEL_FRACTION)
    plan = scenario.device
    detector = Detector(set_pct=plan.set_pct, clear_pct=plan.clear_pct, delay_s=plan.delay / SECOND)
    reports = 0
    for real in range(0, scenario.lasts + 1, _STEP_MS):
        step = _step_at(scenario.steps, real)
        at = start + round(real / scenario.time_lapse)
        if step.at == real:
            yield TimedEvent(at, GroundTruth(device, step.what))
        was_alarming = detector.alarming
        room = room_after(room, _STEP_MS / SECOND, step.release_m3h, step.air_changes_h)
        detector = detector_after(detector, room.lel_pct, _STEP_MS / SECOND)
        changed = detector.alarming != was_alarming
        if changed or real % plan.report_every == 0:
            reports += 1
            again = detector.alarming and reports % _REPEAT_ALARM_EVERY == 0
            yield TimedEvent(at, _report(device, room, detector, step, urgent=changed or again))


def _step_at(steps: list[Step], real_ms: int) -> Step:
    return next(step for step in reversed(steps) if step.at <= real_ms)


def _report(device: str, room: Room, detector: Detector, step: Step, *, urgent: bool) -> Measurement:
    values = {
        "alarm": detector.alarming,
        "lel_pct": round(room.lel_pct, 1),
        "co_ppm": 1,
        "fault": False,
        "valve_closed": step.valve_closed,
    }
    return Measurement(device, values, urgent=urgent)
