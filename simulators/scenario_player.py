"""A score played in one kitchen: what happens, what the detector says and when. It knows nothing of other homes."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from domain import SECOND, Instant
from simulators.models.gas import LEL_FRACTION, Detector, Room, flow, sense
from simulators.scenario import Act, Score
from simulators.wire import Utterance

_STEP_MS = SECOND
"""The physics advances in whole real seconds."""
_SAY_AGAIN_EVERY = 10
"""While it alarms, every tenth report also goes out as an alarm: a lost first one must not stay lost."""


class Happened(Struct, frozen=True):
    """Ground truth: what was the case, whoever noticed."""

    device: str
    what: str


class Moment(Struct, frozen=True):
    """One thing at one instant of the demo."""

    at: Instant
    fact: Utterance | Happened


def perform(score: Score, device: str, start: Instant) -> Iterator[Moment]:
    """The incident from its first to its last report, in order."""
    room = Room(score.room_m3, gas=score.background_pct / 100 * LEL_FRACTION)
    plan = score.device
    detector = Detector(set_pct=plan.set_pct, clear_pct=plan.clear_pct, delay_s=plan.delay / SECOND)
    reports = 0
    for real in range(0, score.lasts + 1, _STEP_MS):
        act = _act_at(score.acts, real)
        at = start + round(real / score.time_lapse)
        if act.at == real:
            yield Moment(at, Happened(device, act.what))
        was_alarming = detector.alarming
        room = flow(room, _STEP_MS / SECOND, act.release_m3h, act.air_changes_h)
        detector = sense(detector, room.lel_pct, _STEP_MS / SECOND)
        changed = detector.alarming != was_alarming
        if changed or real % plan.report_every == 0:
            reports += 1
            again = detector.alarming and reports % _SAY_AGAIN_EVERY == 0
            yield Moment(at, _report(device, room, detector, act, urgent=changed or again))


def _act_at(acts: list[Act], real_ms: int) -> Act:
    return next(act for act in reversed(acts) if act.at <= real_ms)


def _report(device: str, room: Room, detector: Detector, act: Act, *, urgent: bool) -> Utterance:
    values = {
        "alarm": detector.alarming,
        "lel_pct": round(room.lel_pct, 1),
        "co_ppm": 1,
        "fault": False,
        "valve_closed": act.valve_closed,
    }
    return Utterance(device, values, urgent=urgent)
