"""Plays a scenario on one device: the detector's measurements over time, with ground truth."""

from __future__ import annotations

from collections.abc import Iterator

from domain import SECOND, Instant
from simulators.events import GroundTruth, Measurement, TimedEvent
from simulators.models.gas import LEL_FRACTION, Detector, Room, detector_after, room_after
from simulators.scenario import Scenario, Step

_STEP_MS = SECOND
"""The simulation advances in whole real seconds."""
_REPEAT_ALARM_EVERY = 10
"""During an alarm every tenth report is urgent again, in case the first one was lost."""


def play_scenario(scenario: Scenario, device: str, start: Instant) -> Iterator[TimedEvent]:
    """The events of the incident in order of time; `start` is when it begins."""
    room = Room(scenario.room_m3, gas=scenario.background_pct / 100 * LEL_FRACTION)
    settings = scenario.device
    detector = Detector(set_pct=settings.set_pct, clear_pct=settings.clear_pct, delay_s=settings.delay / SECOND)
    reports = 0
    for elapsed_ms in range(0, scenario.lasts + 1, _STEP_MS):
        step = _step_at(scenario.steps, elapsed_ms)
        at = start + round(elapsed_ms / scenario.time_lapse)
        if step.at == elapsed_ms:
            yield TimedEvent(at, GroundTruth(device, step.what))
        was_alarming = detector.alarming
        room = room_after(room, _STEP_MS / SECOND, step.release_m3h, step.air_changes_h)
        detector = detector_after(detector, room.lel_pct, _STEP_MS / SECOND)
        changed = detector.alarming != was_alarming
        if changed or elapsed_ms % settings.report_every == 0:
            reports += 1
            repeats = detector.alarming and reports % _REPEAT_ALARM_EVERY == 0
            yield TimedEvent(at, _report(device, room, detector, step, urgent=changed or repeats))


def _step_at(steps: list[Step], elapsed_ms: int) -> Step:
    return next(step for step in reversed(steps) if step.at <= elapsed_ms)


def _report(device: str, room: Room, detector: Detector, step: Step, *, urgent: bool) -> Measurement:
    values = {
        "alarm": detector.alarming,
        "lel_pct": round(room.lel_pct, 1),
        "co_ppm": 1,
        "fault": False,
        "valve_closed": step.valve_closed,
    }
    return Measurement(device, values, urgent=urgent)
