"""Smoke and fire in one room: the fire, the smoke alarm, the people who put it out. And a fire panel.

A stand-alone smoke alarm wakes every ten seconds, reports its alarm at once and again every five minutes, and reports
that it is over; heat above 120 °C destroys it (ours, unverified).
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from domain import SECOND, Value
from simulators.models.smoke import (
    NOMINAL_OD_M,
    Fire,
    SmokeDetector,
    ceiling_c,
    heat_kw,
    od_after,
    smoke_detector_after,
)
from simulators.town.plays import Play, Report, Truth

SAMPLE_S: Final = 10
LONGEST_LAG_S: Final = 50
NOTIFY_WITHIN_S: Final = 60
"""Ours: from the latest alarm of a working detector until a person on duty is notified."""
_REPEAT_S: Final = 300
_DESTROYED_C: Final = 120.0
_LONGEST_S: Final = 3 * 3600


class SmokeRoom(Struct, frozen=True):
    """A room, or a part of a stairwell, with a smoke alarm.

    `reached_s` is how long the smoke takes to get there, `part` how much of it does. `hot`: the fire is in this room.
    """

    device: str
    volume_m3: float = 40.0
    threshold_m: float = NOMINAL_OD_M
    lag_s: float = 25.0
    reached_s: int = 0
    part: float = 1.0
    hot: bool = True
    measures_heat: bool = False


class Blaze(Struct, frozen=True):
    """A fire and its end. `out_s`: put out, or the pan taken off; then the window is opened."""

    what: str
    fire: Fire
    out_s: int = 1500
    air_changes_h: float = 0.7
    then_air_changes_h: float = 10.0


class _Situation(Struct):
    """The state of the simulation."""

    detector: SmokeDetector
    od_m: float = 0.0
    danger_at: int | None = None
    alarm: bool = False
    reported_at: int = 0


def play_smoke(room: SmokeRoom, blaze: Blaze) -> Play:
    """The play of one room. The smoke at the nominal threshold decides until when to notify, not the device."""
    now = _Situation(SmokeDetector(room.threshold_m, room.lag_s))
    reports: list[Report] = []
    elapsed = 0
    while elapsed < _LONGEST_S:
        elapsed += 1
        _advance(now, room, blaze, elapsed)
        celsius = ceiling_c(heat_kw(blaze.fire, elapsed)) if room.hot and elapsed < blaze.out_s else 20.0
        if elapsed % SAMPLE_S == 0:
            reports += _sampled(now, room, elapsed, celsius)
        if celsius > _DESTROYED_C and now.alarm:
            elapsed = max(elapsed, blaze.out_s)
            break
        if elapsed > blaze.out_s + SAMPLE_S and not now.alarm and now.od_m < room.threshold_m / 2:
            break
    notify_s = None if now.danger_at is None else now.danger_at + LONGEST_LAG_S + SAMPLE_S + NOTIFY_WITHIN_S
    return Play(
        tuple(reports),
        elapsed * SECOND,
        None if notify_s is None else notify_s * SECOND,
        (Truth(0, room.device, blaze.what),) if room.hot else (),
    )


def _advance(now: _Situation, room: SmokeRoom, blaze: Blaze, elapsed: int) -> None:
    burning = room.reached_s <= elapsed < blaze.out_s
    changes = blaze.air_changes_h if elapsed < blaze.out_s else blaze.then_air_changes_h
    fire = blaze.fire if burning else Fire(None, 0.0)
    now.od_m = od_after(now.od_m, fire, elapsed - room.reached_s, room.volume_m3 / room.part, changes, 1.0)
    now.detector = smoke_detector_after(now.detector, now.od_m, 1.0)
    if now.danger_at is None and now.od_m >= NOMINAL_OD_M:
        now.danger_at = elapsed


def _sampled(now: _Situation, room: SmokeRoom, elapsed: int, celsius: float) -> list[Report]:
    changed = now.detector.alarming != now.alarm
    if not changed and not (now.alarm and elapsed - now.reported_at >= _REPEAT_S):
        return []
    now.alarm, now.reported_at = now.detector.alarming, elapsed
    values: dict[str, Value] = {"alarm": now.alarm, "fault": False}
    if room.measures_heat:
        values["temp_c"] = round(min(celsius, 150.0))
    return [Report(elapsed * SECOND, room.device, values, changed)]


def play_panel(device: str, first_alarm_ms: int, ends_ms: int, delay_ms: int = 10 * SECOND) -> Play:
    """A fire panel that its detectors trigger; it is reset when the fire is out."""
    alarm: dict[str, Value] = {"alarm": True, "fault": False}
    reset: dict[str, Value] = {"alarm": False, "fault": False}
    began = first_alarm_ms + delay_ms
    ended = max(ends_ms, began + 60 * SECOND)
    return Play((Report(began, device, alarm, urgent=True), Report(ended, device, reset, urgent=True)), ended)
