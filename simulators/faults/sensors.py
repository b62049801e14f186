"""Faults of sensors and batteries, which act on what a device measures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import cos, log, pi, sqrt
from typing import Final

from domain import HOUR, Instant, Value
from simulators.faults.draws import draw, draws
from simulators.faults.fault import DeviceFacts, Effect
from simulators.faults.windows import WindowFault, Windows

_DEVIATIONS: Final[Mapping[str, float]] = {
    "lel_pct": 0.4,
    "co_ppm": 1.5,
    "temp_c": 0.4,
    "heart_rate_bpm": 3.0,
    "spo2_pct": 0.7,
    "skin_temp_c": 0.2,
    "body_temp_c": 0.1,
    "systolic_mmhg": 4.0,
    "diastolic_mmhg": 3.0,
    "tilt_deg": 0.6,
    "water_level_mm": 6.0,
    "ch4_pct": 0.03,
    "h2s_ppm": 0.5,
    "fill_pct": 2.0,
    "rssi_dbm": 4.0,
}
"""Standard deviation of the noise of each quantity, in its unit; ours. Counters (volume, steps) have none."""
_MAY_BE_NEGATIVE: Final = frozenset({"temp_c", "tilt_deg", "rssi_dbm"})
_EVENT_NUMBERS: Final = frozenset({"key"})
"""Which key was pressed: no sensor's number."""
_DIGITS: Final = 2


def _to_fahrenheit(celsius: float) -> float:
    return celsius * 1.8 + 32


def _times(factor: float) -> Callable[[float], float]:
    return lambda value: value * factor


_WRONG_UNITS: Final[Mapping[str, Callable[[float], float]]] = {
    "volume_m3": _times(1000),  # litres
    "flow_m3h": _times(1000),  # litres an hour
    "temp_c": _to_fahrenheit,
    "lel_pct": _times(500),  # ppm of methane
    "water_level_mm": _times(0.1),  # centimetres
}
_BATTERY_FULL_PCT: Final = 60.0
_SILENT_FROM: Final = 0.85
"""The part of a dying battery's time after which the device no longer sends."""
_LOW_PCT: Final = 15.0
_VOLT_FULL: Final = 3.0
_VOLT_LOST: Final = 0.9


class WrongUnits(WindowFault):
    """After a replacement or a new configuration a device sends numbers in another unit, until it is noticed."""

    def __init__(self, seed: int, share: float, shortest_h: float, longest_h: float) -> None:
        windows = Windows(f"{seed}/wrong_units", share, int(shortest_h * HOUR), int(longest_h * HOUR))
        super().__init__("wrong_units", windows)

    def measure(self, device: DeviceFacts, at: Instant, values: Mapping[str, Value]) -> Mapping[str, Value]:
        if self.active(device, at) is None:
            return values
        return {name: _in_wrong_unit(name, value) for name, value in values.items()}


def _in_wrong_unit(name: str, value: Value) -> Value:
    convert = _WRONG_UNITS.get(name)
    if convert is None or isinstance(value, bool | str):
        return value
    return round(convert(float(value)), _DIGITS)


class Frozen(WindowFault):
    """All numbers of a device stay what they were when it began; verdicts go on.

    `memory`: the numbers by device, with the begin of the window under the key `since`, until the next window.
    """

    def __init__(self, seed: int, share: float, shortest_h: float, longest_h: float) -> None:
        windows = Windows(f"{seed}/frozen", share, int(shortest_h * HOUR), int(longest_h * HOUR))
        super().__init__("frozen", windows)
        self.memory: dict[str, dict[str, Value]] = {}

    def measure(self, device: DeviceFacts, at: Instant, values: Mapping[str, Value]) -> Mapping[str, Value]:
        window = self.active(device, at)
        if window is None:
            return values
        held = self.memory.get(device.id)
        if held is None or held["since"] != window.start:
            held = self.memory[device.id] = {"since": window.start}
        frozen = dict(values)
        for name, value in values.items():
            if not isinstance(value, bool | str) and name not in _EVENT_NUMBERS:
                frozen[name] = held.setdefault(name, value)
        return frozen


class Noise:
    """Analogue values of a share of the devices scatter, all the time."""

    def __init__(self, seed: int, share: float, factor: float) -> None:
        self._key, self._share, self._factor = f"{seed}/noise", share, factor
        self._noisy: dict[str, bool] = {}

    def measure(self, device: DeviceFacts, at: Instant, values: Mapping[str, Value]) -> Mapping[str, Value]:
        if not self._is_noisy(device.id):
            return values
        return {name: self._scatter(name, value, device.id, at) for name, value in values.items()}

    def may_act(self, device: DeviceFacts, _start: Instant, _end: Instant) -> bool:
        return self._is_noisy(device.id)

    def effects(self, device: DeviceFacts, start: Instant, end: Instant) -> Iterator[Effect]:
        """All the time, on a noisy device."""
        if self._is_noisy(device.id):
            yield Effect("noise", device.id, start, end)

    def _is_noisy(self, device: str) -> bool:
        if device not in self._noisy:
            self._noisy[device] = draw(self._key, device) < self._share
        return self._noisy[device]

    def _scatter(self, name: str, value: Value, device: str, at: Instant) -> Value:
        deviation = _DEVIATIONS.get(name)
        if deviation is None or isinstance(value, bool | str):
            return value
        # Box-Muller; 1 - u is never 0.
        one, other = draws(2, self._key, device, at, name)
        noisy = value + self._factor * deviation * sqrt(-2 * log(1 - one)) * cos(2 * pi * other)
        limited = noisy if name in _MAY_BE_NEGATIVE else max(noisy, 0.0)
        return round(limited) if isinstance(value, int) else round(limited, _DIGITS)


class Battery(WindowFault):
    """A battery runs down over days: its level falls, then the device is silent until it is replaced."""

    def __init__(self, seed: int, share: float, shortest_h: float, longest_h: float) -> None:
        windows = Windows(f"{seed}/battery", share, int(shortest_h * HOUR), int(longest_h * HOUR))
        super().__init__("battery", windows)

    def subject(self, device: DeviceFacts) -> str:
        """Devices on mains power have no such battery."""
        return "" if device.is_mains_powered else device.id

    def measure(self, device: DeviceFacts, at: Instant, values: Mapping[str, Value]) -> Mapping[str, Value] | None:
        window = self.active(device, at)
        if window is None:
            return values
        progress = (at - window.start) / (window.end - window.start)
        if progress >= _SILENT_FROM:
            return None
        left = 1 - progress / _SILENT_FROM
        level = round(_BATTERY_FULL_PCT * left)
        falling: dict[str, Value] = {
            "battery_pct": level,
            "battery_v": round(_VOLT_FULL - _VOLT_LOST * (1 - left), _DIGITS),
            "battery_low": level <= _LOW_PCT,
        }
        return {**values, **{name: value for name, value in falling.items() if name in values}}
