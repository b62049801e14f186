"""Reports of many devices hour by hour, in order of time, with little memory: the devices that are due in an hour are
found without asking the others, and what runs over many hours (the play of an incident, the day of a person) is a
stream that is read as far as the hour goes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Final, Generic, TypeVar

from domain import HOUR, Instant
from simulators.events import TimedEvent
from simulators.models.device_behaviour import heartbeat_jitter, heartbeat_phase
from simulators.town.town import Period

D = TypeVar("D")
AT: Final = attrgetter("at")


def hours_of(period: Period) -> Iterator[tuple[Instant, Instant]]:
    """The parts of a period, cut at the full hours of UTC."""
    start = period.start
    while start < period.end:
        end = min((start // HOUR + 1) * HOUR, period.end)
        yield start, end
        start = end


class Heartbeats(Generic[D]):
    """The reports that devices send by their plan, whatever happens."""

    def __init__(self, devices: Sequence[tuple[D, int, int]]) -> None:
        """`devices` with their keys and reporting intervals in ms, which divide an hour or are multiples of one."""
        self._buckets: dict[int, list[list[tuple[D, int, int]]]] = {}
        for device, key, report_ms in devices:
            phase = heartbeat_phase(key, report_ms)
            buckets = self._buckets.setdefault(report_ms, [[] for _ in range(max(report_ms // HOUR, 1))])
            buckets[phase // HOUR].append((device, key, phase))

    def due(self, start: Instant, end: Instant) -> Iterator[tuple[Instant, D, int]]:
        """Instant, device and number of each report from `start` until `end`, both within one hour. In no order."""
        hour = start // HOUR * HOUR
        for report_ms, buckets in self._buckets.items():
            turn, turns = hour // report_ms, max(HOUR // report_ms, 1)
            for device, key, phase in buckets[hour // HOUR % len(buckets)]:
                for number in range(turn, turn + turns):
                    at = number * report_ms + phase + heartbeat_jitter(key, number)
                    if start <= at < end:
                        yield at, device, number


class Stream:
    """Events in order of time that are read piece by piece."""

    def __init__(self, events: Iterator[TimedEvent]) -> None:
        self._events = events
        self._next = next(events, None)

    def until(self, end: Instant, into: list[TimedEvent]) -> bool:
        """Appends the events before `end`; False when there are no more."""
        following = self._next
        while following is not None and following.at < end:
            into.append(following)
            following = next(self._events, None)
        self._next = following
        return following is not None
