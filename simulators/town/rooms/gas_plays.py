"""Gas and carbon monoxide in one kitchen: the room, the detector, its valve, and the people who open the window.

Release rates: a household burner of 3 to 4.5 kW passes 0.3 to 0.45 m³/h (methane, 9.97 kWh/m³), a torn hose 1.5 to
2.7 m³/h, a pinhole 0.05 to 0.09, a wok range of 30 to 60 kW 3 to 6 m³/h. Air changes: 0.3 to 1 per hour with windows
closed, 15 with open windows, 20 with a hood. All are of the usual order (ours, unverified).

Detector: delay 15 to 60 s (2026 edition of GB 15322, domain facts B.1), set-point 6 to 12 %LEL (of a household range of
5 to 25, unverified), scale to 100 %LEL, valve shut some seconds after the alarm (unverified). In alarm it reports every
minute, otherwise every hour and when the level has changed by 5 %LEL.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from domain import SECOND, Value
from simulators.models.carbon_monoxide import Dose, dose_after, ppm_after
from simulators.models.gas import LEL_FRACTION, Detector, Room, detector_after, room_after
from simulators.town.plays import Play, Report, Truth

STANDARD_DELAY_S: Final = 60
"""The longest delay the standard allows a detector."""
NOTIFY_WITHIN_S: Final = 60
"""Ours: from the latest alarm of a detector until a person on duty is notified."""
_REPEAT_S: Final = 60
_HEARTBEAT_S: Final = 3600
_REPORTED_CHANGE_PCT: Final = 5.0
_SCALE_PCT: Final = 100.0
_FLAMMABLE_PCT: Final = (100.0, 300.0)


class Kitchen(Struct, frozen=True):
    """A room with a detector. `sensitivity` below 1 is that of a poisoned sensor."""

    device: str
    volume_m3: float = 12.0
    set_pct: float = 8.0
    delay_s: float = 20.0
    has_valve: bool = True
    measures_co: bool = True
    sensitivity: float = 1.0


class Stairs(Struct, frozen=True):
    """A stairwell with a leak, whose air enters the kitchens at `exchange_h` times their volume per hour."""

    release_m3h: float
    volume_m3: float = 120.0
    air_changes_h: float = 1.5
    exchange_h: float = 0.4


class Release(Struct, frozen=True):
    """What is released, and how people and devices end it. Times: seconds from the begin, `respond_s` from the alarm.

    `stops_s`: it ends by itself (a boil-over is noticed and lit again). `ignites_pct`: a spark at this level burns the
    gas and the detector. `behind_valve`: the valve of the detector shuts it off.
    """

    what: str
    gas_m3h: float = 0.0
    co_m3h: float = 0.0
    air_changes_h: float = 0.5
    stops_s: float = 1e9
    respond_s: float = 900.0
    then_air_changes_h: float = 15.0
    ignites_pct: float = 1e9
    behind_valve: bool = True
    stairs: Stairs | None = None


class _Situation(Struct):
    """The state of the simulation."""

    room: Room
    detector: Detector
    stairs: Room
    ppm: float = 1.0
    dose: Dose = Dose()
    alarm: bool = False
    alarm_at: float = 1e9
    notify_at: int | None = None
    burnt: bool = False
    reported_pct: float = 0.0
    reported_at: float = -1e9


def play_gas(kitchen: Kitchen, release: Release, longest_s: int = 4 * 3600, step_s: int = 1) -> Play:
    """The play of one kitchen. It ends two minutes after all is clear, or after `longest_s`.

    The true level decides until when to notify, not the sensitivity of the detector: the standard's longest delay and
    `NOTIFY_WITHIN_S` after the set-point is reached; carbon monoxide is a dose, which holds its delay itself.
    """
    now = _Situation(
        Room(kitchen.volume_m3, 0.005 * LEL_FRACTION),
        Detector(kitchen.set_pct, kitchen.set_pct * 0.6, kitchen.delay_s),
        Room(release.stairs.volume_m3 if release.stairs else 1.0),
    )
    reports: list[Report] = []
    truths = [Truth(0, kitchen.device, release.what)]
    clear_s = 0
    elapsed = 0
    while elapsed <= longest_s and clear_s < 120:
        was = (now.alarm, _valve_closed(kitchen, now, elapsed - step_s))
        if elapsed:
            _advance(now, kitchen, release, elapsed, step_s)
        changed = was != (now.alarm, _valve_closed(kitchen, now, elapsed))
        if changed or _is_due(now, elapsed):
            reports.append(_report(kitchen, now, elapsed, changed))
        if now.burnt:
            truths.append(Truth(elapsed * SECOND, kitchen.device, "燃气爆燃"))
            break
        clear_s = clear_s + step_s if _is_clear(now, release, elapsed) else 0
        elapsed += step_s
    notify_ms = None if now.notify_at is None else now.notify_at * SECOND
    return Play(tuple(reports), elapsed * SECOND, notify_ms, tuple(truths))


def _advance(now: _Situation, kitchen: Kitchen, release: Release, elapsed: int, step_s: int) -> None:
    responded = elapsed >= now.alarm_at + release.respond_s
    shut = release.behind_valve and _valve_closed(kitchen, now, elapsed)
    is_open = not responded and not shut and elapsed < release.stops_s
    changes = release.then_air_changes_h if responded or elapsed >= release.stops_s else release.air_changes_h
    gas_m3h = release.gas_m3h * is_open
    if release.stairs is not None:
        leak = release.stairs.release_m3h * (not responded)
        now.stairs = room_after(now.stairs, step_s, leak, release.stairs.air_changes_h)
        gas_m3h += release.stairs.exchange_h * kitchen.volume_m3 * now.stairs.gas
    now.room = room_after(now.room, step_s, gas_m3h, changes)
    if release.co_m3h:
        now.ppm = ppm_after(now.ppm, kitchen.volume_m3, release.co_m3h * is_open, changes, step_s)
        now.dose = dose_after(now.dose, now.ppm, step_s)
    now.detector = detector_after(now.detector, now.room.lel_pct * kitchen.sensitivity, step_s)
    now.alarm = now.detector.alarming or (now.dose.alarms and kitchen.measures_co)
    if now.alarm and now.alarm_at > elapsed:
        now.alarm_at = elapsed
    if now.notify_at is None and now.room.lel_pct >= kitchen.set_pct:
        now.notify_at = elapsed + STANDARD_DELAY_S + NOTIFY_WITHIN_S
    if now.notify_at is None and now.dose.is_dangerous:
        now.notify_at = elapsed + NOTIFY_WITHIN_S
    low, high = _FLAMMABLE_PCT
    now.burnt = low <= now.room.lel_pct <= high and now.room.lel_pct >= release.ignites_pct


def _valve_closed(kitchen: Kitchen, now: _Situation, elapsed: float) -> bool:
    """Shut five seconds after the alarm, and until it is opened by hand."""
    return kitchen.has_valve and elapsed >= now.alarm_at + 5


def _is_clear(now: _Situation, release: Release, elapsed: float) -> bool:
    over = elapsed >= release.stops_s or now.alarm_at + release.respond_s <= elapsed
    return over and not now.alarm and now.room.lel_pct < 2.0 and now.ppm < 20.0


def _is_due(now: _Situation, elapsed: float) -> bool:
    silent_s = elapsed - now.reported_at
    moved = abs(min(now.room.lel_pct, _SCALE_PCT) - now.reported_pct) >= _REPORTED_CHANGE_PCT
    return silent_s >= (_REPEAT_S if now.alarm else _HEARTBEAT_S) or (moved and silent_s >= 10)


def _report(kitchen: Kitchen, now: _Situation, elapsed: int, changed: bool) -> Report:
    now.reported_at, now.reported_pct = elapsed, min(now.room.lel_pct, _SCALE_PCT)
    values: dict[str, Value] = {
        "alarm": now.alarm,
        "lel_pct": round(min(now.room.lel_pct * kitchen.sensitivity, _SCALE_PCT), 1),
        "fault": False,
    }
    if kitchen.measures_co:
        values["co_ppm"] = round(now.ppm)
    if kitchen.has_valve:
        values["valve_closed"] = _valve_closed(kitchen, now, elapsed)
    return Report(elapsed * SECOND, kitchen.device, values, changed)
