"""Ordinary behaviour of each kind of device, deterministic by seed. Never alarming: alarms come from scenarios only."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from random import Random
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from domain import DAY, HOUR, MINUTE, SECOND, Device, Instant, Value

_EPOCH_2026: Final = 1_767_225_600_000


class DeviceModel(Protocol):
    """One device. `measure` returns its values at an instant; instants never go back."""

    def measure(self, at: Instant, /) -> Mapping[str, Value]: ...


class GasAlarmModel:
    """A kitchen: now and then a trace of gas from cooking, never above 2 %LEL."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._level = random.uniform(0.0, 0.6)

    def measure(self, _at: Instant, /) -> Mapping[str, Value]:
        is_cooking = self._random.random() < 0.03
        self._level = self._random.uniform(0.8, 1.6) if is_cooking else max(0.0, self._level * 0.8)
        return {
            "alarm": False,
            "lel_pct": round(self._level, 1),
            "co_ppm": self._random.choice((0, 0, 0, 1, 2)),
            "fault": False,
            "valve_closed": False,
        }


class ZigbeeGasModel:
    """A Zigbee detector that reports its alarm bit and battery only."""

    def __init__(self, random: Random) -> None:
        self._battery = random.randint(55, 100)

    def measure(self, _at: Instant, /) -> Mapping[str, Value]:
        return {"alarm": False, "tamper": False, "battery_low": False, "battery_pct": self._battery}


class WristbandModel:
    """An elder at home: pulse 60 to 95, oxygen 96 to 99 %, the band worn and charged."""

    def __init__(self, random: Random, zone: ZoneInfo) -> None:
        self._random, self._zone = random, zone
        self._pulse = random.uniform(64.0, 84.0)
        self._resting_pulse = self._pulse
        self._battery = random.uniform(45.0, 98.0)
        self._day, self._steps = "", 0

    def measure(self, at: Instant, /) -> Mapping[str, Value]:
        drift = (self._resting_pulse - self._pulse) * 0.1 + self._random.gauss(0.0, 1.2)
        self._pulse = min(max(self._pulse + drift, 60.0), 95.0)
        # Charged at 40 %, well above every low-battery limit.
        self._battery = 98.0 if self._battery < 40.0 else self._battery - 0.01
        self._walk(at)
        return {
            "worn": True,
            "heart_rate_bpm": round(self._pulse),
            "spo2_pct": self._random.choice((96, 97, 97, 98, 98, 99)),
            "skin_temp_c": round(self._random.uniform(32.8, 34.2), 1),
            "steps": self._steps,
            "battery_pct": round(self._battery),
        }

    def _walk(self, at: Instant) -> None:
        local = datetime.fromtimestamp(at / 1000, self._zone)
        today = local.date().isoformat()
        if today != self._day:
            self._day, self._steps = today, 0
            # A simulation that begins at noon starts with the steps of the morning.
            self._steps = 180 * max(local.hour - 6, 0)
        if 6 <= local.hour < 21:
            self._steps += self._random.choice((0, 0, 0, 4, 9, 15))


class WaterMeterModel:
    """A small household: 3 to 30 litres are drawn every 30 to 150 minutes, at night every 2.5 to 4.5 hours.

    The counter starts from the meter's age, whatever the seed: a restarted simulator never turns it back.
    """

    def __init__(self, random: Random, zone: ZoneInfo, start_m3: float) -> None:
        self._random, self._zone = random, zone
        self._start_m3 = start_m3
        self._per_day_m3 = 0.45
        self._volume_m3: float | None = None
        self._last: Instant = 0
        self._draw_from: Instant = 0
        self._draw_to: Instant = 0
        self._draw_m3h = 0.0
        self._battery_v = round(random.uniform(3.52, 3.66), 2)

    def measure(self, at: Instant, /) -> Mapping[str, Value]:
        if self._volume_m3 is None:
            self._volume_m3 = self._start_m3 + self._per_day_m3 * max(at - _EPOCH_2026, 0) / DAY
            self._plan_draw(at - round(self._random.uniform(0, HOUR)))
        else:
            self._volume_m3 += self._drawn(self._last, at)
        self._last = at
        drawing = self._draw_from <= at < self._draw_to
        return {
            "volume_m3": round(self._volume_m3, 3),
            "flow_m3h": self._draw_m3h if drawing else 0.0,
            "backflow": False,
            "leak": False,
            "burst": False,
            "magnetic_tamper": False,
            "battery_v": self._battery_v,
        }

    def _drawn(self, start: Instant, end: Instant) -> float:
        """Cubic metres drawn between two instants; schedules further draws."""
        total = 0.0
        while True:
            overlap = min(end, self._draw_to) - max(start, self._draw_from)
            total += max(overlap, 0) / HOUR * self._draw_m3h
            if self._draw_to > end:
                return total
            self._plan_draw(self._draw_to)

    def _plan_draw(self, after: Instant) -> None:
        hour = datetime.fromtimestamp(after / 1000, self._zone).hour
        night = hour >= 22 or hour < 5
        wait = (
            self._random.uniform(2.5 * HOUR, 4.5 * HOUR) if night else self._random.uniform(30 * MINUTE, 150 * MINUTE)
        )
        self._draw_from = after + round(wait)
        self._draw_to = self._draw_from + round(self._random.uniform(60 * SECOND, 180 * SECOND))
        self._draw_m3h = round(self._random.uniform(0.25, 0.6), 2)


class ManholeModel:
    """A manhole with its cover closed and a water level of about 100 mm that varies over the day."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._tilt = round(random.uniform(0.0, 1.2), 1)
        self._usual_mm = random.uniform(60.0, 120.0)
        self._battery = random.randint(62, 97)

    def measure(self, at: Instant, /) -> Mapping[str, Value]:
        tide = math.sin(at / DAY * 2 * math.pi) * 20.0
        return {
            "opened": False,
            "tilt_deg": self._tilt,
            "water_level_mm": round(self._usual_mm + tide + self._random.gauss(0.0, 2.0)),
            "flooded": False,
            "ch4_pct": round(self._random.uniform(0.0, 0.06), 2),
            "h2s_ppm": self._random.choice((0, 0, 0, 1)),
            "vibration": False,
            "battery_pct": self._battery,
        }


class DefaultModel:
    """Any other kind: it reports a good battery."""

    def __init__(self, random: Random) -> None:
        self._battery = random.randint(60, 99)

    def measure(self, _at: Instant, /) -> Mapping[str, Value]:
        return {"battery_pct": self._battery}


def device_model(device: Device, seed: int, zone: ZoneInfo) -> DeviceModel:
    """The model of a device. The same seed gives the same values, whatever other devices there are."""
    random = Random(f"{seed}/{device.id}")
    if device.kind == "gas_alarm":
        zigbee = any(identity.platform == "zigbee2mqtt" for identity in device.identities)
        return ZigbeeGasModel(random) if zigbee else GasAlarmModel(random)
    if device.kind == "wristband":
        return WristbandModel(random, zone)
    if device.kind == "water_meter":
        return WaterMeterModel(random, zone, start_m3=Random(device.id).uniform(40.0, 400.0))
    return ManholeModel(random) if device.kind == "manhole" else DefaultModel(random)
