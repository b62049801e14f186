"""Replay: drives an engine by a virtual clock, as fast as possible. Used by trials, backtests and tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import tzinfo
from typing import Final

from msgspec import Struct

from domain import Device, Finding, Instant, Reading
from domain.kind import Kind
from domain.people import Community
from rules.engine.community_index import DEFAULT_ZONE
from rules.engine.engine import Engine
from rules.rulebook.model import Rulebook


class ReadingBatch(Struct, frozen=True, tag=True):
    """Readings that arrived at one instant."""

    now: Instant
    readings: Sequence[Reading]


class Outage(Struct, frozen=True, tag=True):
    """From `begin` to `end` nothing could be received. Recorded after it has ended, as in a backtest."""

    begin: Instant
    end: Instant

    @property
    def now(self) -> Instant:
        """When it is to be evaluated: before the timers that fell due in it."""
        return self.begin


class ConnectionLost(Struct, frozen=True, tag=True):
    """From now on nothing can be received, as a running service records it."""

    now: Instant


class ConnectionRestored(Struct, frozen=True, tag=True):
    """The connection that was lost at `lost_at` is restored now."""

    lost_at: Instant
    now: Instant


class Reset(Struct, frozen=True, tag=True):
    """A named person resets a latched rule. What is over ends; what is still dangerous ends with the next all-clear, as
    if the rule had no latch. `finding`: only if this is what is latched; a reset that is repeated late is for no other.
    """

    now: Instant
    rule: str
    device: str | None = None
    finding: str | None = None


Event = ReadingBatch | Outage | ConnectionLost | ConnectionRestored | Reset


def play(engine: Engine, events: Iterable[Event], until: Instant | None = None) -> Iterator[Finding]:
    """The findings of the events, in order, timers included; after the last event time advances to `until`."""
    for event in events:
        if isinstance(event, ReadingBatch):
            yield from engine.feed(event.readings, event.now)
        elif isinstance(event, Reset):
            yield from reset(engine, event)
        elif isinstance(event, Outage):
            yield from engine.tick(event.begin)
            engine.outage(event.begin, event.end)
        else:
            yield from engine.tick(event.now)
            if isinstance(event, ConnectionLost):
                engine.outage(event.now, None)
            else:
                engine.outage(event.lost_at, event.now)
    if until is not None:
        yield from engine.tick(until)


def reset(engine: Engine, event: Reset) -> Iterator[Finding]:
    """The findings of a reset, after the timers that were due before it."""
    yield from engine.tick(event.now - 1)
    for device in engine.latched_devices(event.rule) if event.device is None else [event.device]:
        yield from engine.release(device, event.rule, event.now, event.finding)


class ReplayJob(Struct):
    """What is replayed: each set of rulebooks on an engine of its own, in one pass; findings in shadow are emitted."""

    sets: Sequence[Sequence[Rulebook]]
    kinds: Mapping[str, Kind]
    community: Community
    devices: Sequence[Device]
    since: Instant
    zone: tzinfo = DEFAULT_ZONE

    def engines(self) -> list[Engine]:
        """One engine for each set of rulebooks, without devices."""
        return [Engine(books, self.kinds, self.community, emit_shadow=True, zone=self.zone) for books in self.sets]


class ReplayEngines:
    """The engines of a job and their findings, one list per engine."""

    def __init__(self, job: ReplayJob) -> None:
        self._engines = job.engines()
        self.found = [engine.register(job.devices, job.since) for engine in self._engines]

    def apply(self, event: Event) -> None:
        """Feeds one event after the timers due before it: an engine of some devices must not wait for readings."""
        for engine, findings in zip(self._engines, self.found, strict=True):
            findings += play(engine, [event], event.now - 1 if isinstance(event, ReadingBatch) else None)

    def advance_to(self, until: Instant) -> None:
        """Advances time without readings."""
        for engine, findings in zip(self._engines, self.found, strict=True):
            findings += engine.tick(until)


CHUNK: Final = 2_000
"""Readings of one batch in a long replay. The size changes how long it takes, not the findings."""


def chunk_events(
    readings: Iterable[Reading], between: Sequence[Outage | Reset] = (), chunk: int = CHUNK
) -> Iterator[Event]:
    """Readings sorted by arrival as large batches, with outages where they ended, and resets. Readings that arrived
    together stay together."""
    waiting = sorted(between, key=_event_time)
    batch: list[Reading] = []
    for reading in readings:
        arrival = reading.received
        if (waiting and arrival >= _event_time(waiting[0])) or (len(batch) >= chunk and arrival != batch[-1].received):
            if batch:
                yield ReadingBatch(batch[-1].received, batch)
                batch = []
            while waiting and arrival >= _event_time(waiting[0]):
                yield waiting.pop(0)
        batch.append(reading)
    if batch:
        yield ReadingBatch(batch[-1].received, batch)
    yield from waiting


def _event_time(event: Outage | Reset) -> Instant:
    return event.now if isinstance(event, Reset) else event.end


def by_arrival(readings: Iterable[Reading]) -> Iterator[ReadingBatch]:
    """Readings sorted by arrival as batches, one per arrival time."""
    batch: list[Reading] = []
    for reading in readings:
        if batch and reading.received != batch[0].received:
            yield ReadingBatch(batch[0].received, batch)
            batch = []
        batch.append(reading)
    if batch:
        yield ReadingBatch(batch[0].received, batch)
