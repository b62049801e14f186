"""The measurements of a wristband over one day.

A band reports by its plan, every 10 minutes as most watches (4 to 10, domain facts A.14), with the steps since
midnight. It is charged every two to five days, in the evening, before it is low: meanwhile it is not worn and measures
nothing.
Positions are sent by the bands of people who lose their way; indoors they are up to 30 m wrong (ours, unverified).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Final

from msgspec import Struct

from domain import DAY, HOUR, MINUTE, SECOND, Instant, Value
from simulators.events import Measurement, TimedEvent
from simulators.models.daily_life import Activity, DayPlan
from simulators.models.device_behaviour import heartbeat_phase
from simulators.models.distributions import hashed, share
from simulators.models.vital_signs import (
    NORMAL_BODY_C,
    STEPS_PER_MINUTE,
    Baseline,
    body_c,
    pulse_bpm,
    skin_c,
    with_noise,
)
from simulators.town.elders.courses import Course, active
from simulators.town.elders.homes import (
    Home,
    HomeDevice,
    days_between_charges,
    has_blood_pressure,
    has_body_temperature,
)

_DEGREE_M: Final = 111_195.0
_COS_LAT: Final = 0.86
"""Metres to degrees of longitude at 30° north: near enough for a walk."""
_CHARGING_MS: Final = 90 * MINUTE
_FULL_PCT: Final = 100.0
_FALLS_BY_PCT: Final = 66.0
"""Of the battery from one charge to the next."""


class Usual(Struct, frozen=True):
    """What is usual for one person."""

    vital_signs: Baseline
    vigour: float


class BandDay:
    """One band on one day."""

    def __init__(self, home: Home, band: HomeDevice, usual: Usual, plan: DayPlan, day: Instant, seed: int) -> None:
        self._home, self._band, self._plan, self._day = home, band, plan, day
        self._usual, self._vigour = usual.vital_signs, usual.vigour
        self._random = Random(f"{seed}/band/{band.id}/{day}")
        self._every = band.behaviour.report_ms
        self._body, self._pressure = has_body_temperature(band), has_blood_pressure(band)
        self._charge_days = days_between_charges(band)
        self._since_charge = (day // DAY + hashed(band.key, -3)) % self._charge_days
        self._charges_at = day + plan.bed - round((1.9 + 0.3 * share(band.key, day // DAY)) * HOUR)
        self._steps = 0.0

    def events(self, warmth: float, courses: Sequence[Course]) -> Iterator[TimedEvent]:
        """The reports of the day in order of time. `warmth` of the season as in DayKind."""
        spans, index = self._plan.spans, 0
        first = (heartbeat_phase(self._band.key, self._every) - self._day) % self._every
        for elapsed in range(first, DAY, self._every):
            at = self._day + min(elapsed + round(self._random.random() * 5 * SECOND), DAY - 1)
            while spans[index].end <= elapsed:
                index += 1
            course = active(courses, at) if courses else None
            if course is None:
                values = self._values(elapsed, spans[index].activity, warmth, None)
            elif course.silent:
                continue
            else:
                values = self._values(elapsed, _changed(spans[index].activity, course), warmth, course)
                self._apply(values, course, at)
            yield TimedEvent(at, Measurement(self._band.id, values))

    def _values(self, elapsed: int, activity: Activity, warmth: float, course: Course | None) -> dict[str, Value]:
        at = self._day + elapsed
        if course.off if course is not None else self._is_charging(at):
            return {"worn": False, "steps": round(self._steps), "battery_pct": self._battery(at)}
        random, draw, usual = self._random, self._random.random, self._usual
        self._steps += STEPS_PER_MINUTE[activity] * self._vigour * self._every / MINUTE * 2.0 * draw()
        values: dict[str, Value] = {
            "worn": True,
            "heart_rate_bpm": round(with_noise(random, pulse_bpm(usual, elapsed, activity), 2.5, 50.0, 125.0)),
            "spo2_pct": round(with_noise(random, usual.spo2_pct - (activity is Activity.SLEEP), 0.7, 94.0, 99.0)),
            "steps": round(self._steps),
            "battery_pct": self._battery(at),
        }
        if self._body:
            values["body_temp_c"] = round(body_c(usual, elapsed) + 0.2 * draw() - 0.1, 1)
        else:
            values["skin_temp_c"] = round(skin_c(usual, activity, warmth) + 0.6 * draw() - 0.3, 1)
        if self._pressure and elapsed % HOUR < self._every:
            systolic = usual.systolic_mmhg + 16.0 * draw() - 8.0
            values["systolic_mmhg"], values["diastolic_mmhg"] = round(systolic), round(systolic * 0.6 + 4.0 * draw())
        if self._home.wanders:
            values["lat"], values["lon"] = self._position(at, activity, course)
        return values

    def _is_charging(self, at: Instant) -> bool:
        return self._since_charge == 0 and self._charges_at <= at < self._charges_at + _CHARGING_MS

    def _battery(self, at: Instant) -> int:
        rate = _FALLS_BY_PCT / self._charge_days
        if self._since_charge == 0 and at >= self._charges_at:
            charged = _FULL_PCT - _FALLS_BY_PCT + _FALLS_BY_PCT * (at - self._charges_at) / _CHARGING_MS
            return round(min(charged, _FULL_PCT))
        days = (self._since_charge or self._charge_days) - 1 + (at - self._day) / DAY + 0.1
        return round(max(_FULL_PCT - rate * days, _FULL_PCT - _FALLS_BY_PCT))

    def _apply(self, values: dict[str, Value], course: Course, at: Instant) -> None:
        """What a course makes of the values. Without a sensor of body temperature a fever shows in skin and pulse."""
        if course.battery_pct is not None:
            values["battery_pct"] = round(course.battery_pct * (course.end - at) / (course.end - course.begin))
        if course.off:
            return
        part, draw = course.part(at), self._random.random
        if course.pulse_bpm is not None:
            pulse = float(values["heart_rate_bpm"])
            values["heart_rate_bpm"] = round(pulse + (course.pulse_bpm - pulse) * part + 2.0 * draw() - 1.0)
        if course.spo2_pct is not None:
            spo2 = float(values["spo2_pct"])
            values["spo2_pct"] = round(spo2 + (course.spo2_pct - spo2) * part + draw() - 0.5)
        if course.body_c is not None:
            name = "body_temp_c" if self._body else "skin_temp_c"
            values[name] = round(float(values[name]) + (course.body_c - NORMAL_BODY_C) * part, 1)

    def _position(self, at: Instant, activity: Activity, course: Course | None) -> tuple[float, float]:
        draw = self._random.random
        north, east = 60.0 * draw() - 30.0, 60.0 * draw() - 30.0
        if course is not None and course.walk_m_s is not None:
            away = min(course.walk_m_s * (at - course.begin) / SECOND, course.far_m)
            turn = share(self._band.key, course.begin) * 2.0 - 1.0
            north, east = north + away * turn, east + away * (1.0 - abs(turn))
        elif activity is Activity.OUT:
            north, east = north + 300.0 * draw(), east + 250.0 * draw()
        lat, lon = self._home.position
        return round(lat + north / _DEGREE_M, 6), round(lon + east / _DEGREE_M / _COS_LAT, 6)


def _changed(usual: Activity, course: Course) -> Activity:
    if course.still:
        return Activity.SLEEP
    return Activity.OUT if course.walk_m_s is not None else usual
