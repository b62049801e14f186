"""Faults that make devices report: a power cut in a building, and a detector whose contact is loose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from domain import MINUTE, SECOND, Instant, Value
from simulators.events import Measurement
from simulators.faults.draws import draw
from simulators.faults.fault import AddedMeasurement, DeviceFacts
from simulators.faults.windows import Window, WindowFault, Windows

_HAVE_BACKUP: Final = frozenset({"gas_alarm", "fire_panel"})
"""Kinds on mains power that report the loss of their supply (`fault`) and go on measuring on a backup battery."""
_LOOSE_BITS: Final[Mapping[str, tuple[str, str]]] = {
    # The bit that is a danger, and the one that is none.
    "gas_alarm": ("alarm", "fault"),
    "smoke_alarm": ("alarm", "fault"),
    "water_leak": ("leak", "tamper"),
    "manhole": ("opened", "vibration"),
    "door": ("opened", "tamper"),
}


class PowerCut(WindowFault):
    """A building loses its power: within `within_s` all its detectors on mains report a fault, other devices on mains
    are silent, and when the power returns the detectors report that within the same time.
    """

    def __init__(self, seed: int, share: float, shortest_s: float, longest_s: float, within_s: float) -> None:
        windows = Windows(f"{seed}/power_cut", share, int(shortest_s * SECOND), int(longest_s * SECOND))
        super().__init__("power_cut", windows)
        self._key, self._within_ms = f"{seed}/power_cut", within_s * SECOND

    def subject(self, device: DeviceFacts) -> str:
        """Devices on mains power in a building."""
        return device.building if device.is_mains_powered else ""

    def measure(self, device: DeviceFacts, at: Instant, values: Mapping[str, Value]) -> Mapping[str, Value] | None:
        if self.active(device, at) is None:
            return values
        if device.kind not in _HAVE_BACKUP:
            return None
        return {**values, "fault": True} if "fault" in values else values

    def additions(self, devices: Mapping[str, DeviceFacts], start: Instant, end: Instant) -> list[AddedMeasurement]:
        """The reports of detectors; a report after midnight of a cut before it belongs to the next day."""
        # Windows from a while before: their reports may fall into this time.
        begin = start - int(self._within_ms)
        return [
            addition
            for device in devices.values()
            if device.kind in _HAVE_BACKUP and (building := self.subject(device))
            for window in self._windows.within(building, begin, end)
            for addition in self._reports(device, window)
            if start <= addition.at < end
        ]

    def _reports(self, device: DeviceFacts, window: Window) -> Iterator[AddedMeasurement]:
        for at, has_fault in ((window.start, True), (window.end, False)):
            delay_ms = int(draw(self._key, device.id, at) * self._within_ms)
            yield AddedMeasurement(at + delay_ms, Measurement(device.id, {"fault": has_fault}))


class Flapping(WindowFault):
    """A loose contact: a bit comes and goes every few seconds for minutes. With the probability `danger` it is the bit
    that is a danger.
    """

    def __init__(self, seed: int, share: float, shortest_s: float, longest_s: float, danger: float) -> None:
        windows = Windows(f"{seed}/flapping", share, int(shortest_s * SECOND), int(longest_s * SECOND))
        super().__init__("flapping", windows)
        self._key, self._danger = f"{seed}/flapping", danger

    def subject(self, device: DeviceFacts) -> str:
        """Devices that have such a bit."""
        return device.id if device.kind in _LOOSE_BITS else ""

    def additions(self, devices: Mapping[str, DeviceFacts], start: Instant, end: Instant) -> list[AddedMeasurement]:
        """The reports of all devices."""
        return [
            addition
            for device in devices.values()
            if self.subject(device)
            for window in self._windows.within(device.id, start, end)
            for addition in self._reports(device, window)
            if start <= addition.at < end
        ]

    def _reports(self, device: DeviceFacts, window: Window) -> Iterator[AddedMeasurement]:
        is_danger = window.draw < self._danger
        bit = _LOOSE_BITS[device.kind][0 if is_danger else 1]
        at, is_set = window.start, True
        while at < window.end:
            yield AddedMeasurement(at, Measurement(device.id, {bit: is_set}, urgent=is_danger))
            at += int((5 + 25 * draw(self._key, device.id, at)) * SECOND)
            is_set = not is_set
        yield AddedMeasurement(max(at, window.end) + MINUTE, Measurement(device.id, {bit: False}, urgent=is_danger))
