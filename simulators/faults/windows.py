"""Times at which a fault is active, for one device, gateway or building: drawn for each day by name."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from domain import DAY, Instant
from simulators.faults.draws import draws, key_of, quick_draw
from simulators.faults.fault import DeviceFacts, Effect


class Window(Struct, frozen=True):
    """From `start` until `end`, excluded. `draw` is a random number in [0, 1) of this window."""

    start: Instant
    end: Instant
    draw: float


class Windows:
    """At most one window begins in each day (UTC) of a subject, with the probability `share`.

    It lasts `shortest_ms` to `longest_ms`, evenly distributed, and may reach into later days. Where windows of a
    subject overlap, the earlier one counts.
    """

    def __init__(self, key: str, share: float, shortest_ms: int, longest_ms: int) -> None:
        self._name, self._key, self._share = key, key_of(key), share
        self._shortest_ms, self.longest_ms = shortest_ms, longest_ms
        self._days_back = -(-longest_ms // DAY)
        self._of_day: dict[str, tuple[int, tuple[Window, ...]]] = {}

    def active(self, subject: str, at: Instant) -> Window | None:
        """The window of the subject that contains the instant."""
        day = at // DAY
        remembered = self._of_day.get(subject)
        if remembered is None or remembered[0] != day:
            # One day is kept for each subject: time goes on, and a run asks for every device many times a day.
            remembered = self._of_day[subject] = day, tuple(self.within(subject, day * DAY, (day + 1) * DAY))
        for window in remembered[1]:
            if window.start <= at < window.end:
                return window
        return None

    def within(self, subject: str, start: Instant, end: Instant) -> Iterator[Window]:
        """The windows of the subject that overlap the time from `start` until `end`, in order of `start`."""
        subject_key = self._key ^ key_of(subject)
        for day in range(start // DAY - self._days_back, (end - 1) // DAY + 1):
            if quick_draw(subject_key, day) >= self._share:
                continue
            window = self._draw(subject, day)
            if window.start < end and window.end > start:
                yield window

    def _draw(self, subject: str, day: int) -> Window:
        offset, length, number = draws(3, self._name, subject, day)
        start = day * DAY + int(offset * DAY)
        lasts_ms = self._shortest_ms + int(length * (self.longest_ms - self._shortest_ms))
        return Window(start, start + lasts_ms, number)


class WindowFault:
    """The part that faults share which are active at times: their windows, and the times in which they act."""

    def __init__(self, name: str, windows: Windows, spread_ms: float = 0) -> None:
        """`spread_ms`: the time after a window in which what it held back is sent."""
        self._name, self._windows, self._spread_ms = name, windows, spread_ms
        self.longest_ms = windows.longest_ms + spread_ms

    def subject(self, device: DeviceFacts) -> str:
        """Whose windows count for a device; empty when the fault never acts on it."""
        return device.id

    def active(self, device: DeviceFacts, at: Instant) -> Window | None:
        """The window that acts on the device at an instant."""
        subject = self.subject(device)
        return self._windows.active(subject, at) if subject else None

    def may_act(self, device: DeviceFacts, start: Instant, end: Instant) -> bool:
        """Whether a window of the device's subject lies between two instants."""
        subject = self.subject(device)
        return bool(subject) and any(self._windows.within(subject, start, end))

    def effects(self, device: DeviceFacts, start: Instant, end: Instant) -> Iterator[Effect]:
        """The windows of the device's subject, cut to the time between two instants."""
        subject = self.subject(device)
        for window in self._windows.within(subject, start, end) if subject else ():
            yield Effect(self._name, device.id, max(window.start, start), min(window.end, end))
