"""An incident as an exercise: every message says that it is a test, and is taken back before that has lasted too long.

A device may report a test for its `test_limit`, three minutes unless registered otherwise; an alarm that is not taken
back by then counts (domain/self_tests.py). So the part around the first alarm is played, and closed by an all-clear.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from domain import MINUTE, SECOND, Device, Instant, Value
from domain.self_tests import limit_of
from simulators.events import Batch, Measurement, TimedEvent
from simulators.town.carried import carries

_BEFORE_MS: Final = MINUTE
"""Of the play before the first alarm."""
_SPARE_MS: Final = 30 * SECOND
"""Between the all-clear and the limit of the test."""
_COUNTERS: Final = frozenset({"volume_m3"})


class Exercise(Struct, frozen=True):
    """The messages of an exercise, what takes them back, and the devices whose format has no flag for a test.

    Those devices report nothing.
    """

    events: tuple[TimedEvent, ...]
    all_clear: tuple[Measurement, ...]
    unflagged: tuple[str, ...]


def exercise_of(events: Iterable[TimedEvent], devices: Mapping[str, Device], speed: float = 1.0) -> Exercise:
    """The part of an incident that an exercise plays. `speed`: seconds of the events in one second of the clock."""
    events = list(events)
    reported = [timed for timed in events if isinstance(timed.event, Measurement | Batch)]
    unflagged = tuple(name for name in dict.fromkeys(map(_device, reported)) if not carries(devices[name], "test"))
    flagged = [timed for timed in reported if _device(timed) not in unflagged]
    if not flagged:
        return Exercise((), (), unflagged)
    lasts = min(limit_of(devices[_device(timed)]) for timed in flagged) - _SPARE_MS
    begin = _begin(flagged, speed)
    shown = [timed for timed in events if begin <= timed.at < begin + lasts * speed]
    kept = [timed for timed in shown if not isinstance(timed.event, Measurement | Batch)]
    kept += [_as_test(timed) for timed in flagged if begin <= timed.at < begin + lasts * speed]
    return Exercise(tuple(sorted(kept, key=lambda timed: timed.at)), _all_clear(flagged, kept), unflagged)


def _device(timed: TimedEvent) -> str:
    assert isinstance(timed.event, Measurement | Batch)
    return timed.event.device


def _begin(flagged: Sequence[TimedEvent], speed: float) -> Instant:
    first = flagged[0].at
    alarm = next((timed.at for timed in flagged if _is_urgent(timed)), first)
    return max(first, round(alarm - _BEFORE_MS * speed))


def _is_urgent(timed: TimedEvent) -> bool:
    return isinstance(timed.event, Measurement | Batch) and timed.event.urgent


def _as_test(timed: TimedEvent) -> TimedEvent:
    event = timed.event
    if isinstance(event, Measurement):
        return replace(timed, event=replace(event, values={**event.values, "test": True}))
    assert isinstance(event, Batch)
    entries = tuple(replace(entry, values={**entry.values, "test": True}) for entry in event.entries)
    return replace(timed, event=replace(event, entries=entries))


def _all_clear(flagged: Iterable[TimedEvent], kept: Iterable[TimedEvent]) -> tuple[Measurement, ...]:
    """For each device that reports: every bit cleared, else what it reported before the alarm. No level of the incident
    is repeated without the flag, or it would count."""
    well: dict[str, Mapping[str, Value]] = {}
    for timed in flagged:
        if not _is_urgent(timed):
            well.setdefault(_device(timed), _values(timed))
    cleared: dict[str, dict[str, Value]] = {}
    for timed in kept:
        if isinstance(timed.event, Measurement | Batch):
            cleared.setdefault(timed.event.device, {}).update(_cleared(_values(timed)))
    return tuple(
        Measurement(device, {**values, **well.get(device, {}), "test": False}, urgent=True)
        for device, values in cleared.items()
    )


def _values(timed: TimedEvent) -> Mapping[str, Value]:
    event = timed.event
    assert isinstance(event, Measurement | Batch)
    return event.values if isinstance(event, Measurement) else event.entries[-1].values


def _cleared(values: Mapping[str, Value]) -> dict[str, Value]:
    """The bits as false, and the counter of a meter, without which some formats have no message."""
    bits: dict[str, Value] = {name: False for name, value in values.items() if isinstance(value, bool)}
    return {**bits, **{name: value for name, value in values.items() if name in _COUNTERS}}
