"""Replay: drives an engine by a virtual clock, as fast as it can. Used by trials, backtests and tests."""

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
    """What arrived together at one instant."""

    now: Instant
    readings: Sequence[Reading]


class Outage(Struct, frozen=True, tag=True):
    """From `begin` to `end` nothing could be received."""

    begin: Instant
    end: Instant


class Reset(Struct, frozen=True, tag=True):
    """A named person resets a latched rule. What is over ends; what is still dangerous ends with the next all-clear, as
    if the rule had no latch.
    """

    now: Instant
    rule: str
    device: str | None = None


Event = ReadingBatch | Outage | Reset


def play(engine: Engine, events: Iterable[Event], until: Instant | None = None) -> Iterator[Finding]:
    """The findings of a story in order, wake-ups included; after the last event time goes on to `until`."""
    for event in events:
        if isinstance(event, ReadingBatch):
            yield from engine.feed(event.readings, event.now)
        elif isinstance(event, Reset):
            yield from reset(engine, event)
        else:
            yield from engine.tick(event.begin)
            engine.outage(event.begin, event.end)
    if until is not None:
        yield from engine.tick(until)


def reset(engine: Engine, event: Reset) -> Iterator[Finding]:
    """What comes of a reset, after everything that was due before it."""
    yield from engine.tick(event.now - 1)
    for device in engine.latched_devices(event.rule) if event.device is None else [event.device]:
        yield from engine.release(device, event.rule, event.now)


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
    """The engines of a scene, and what they have found."""

    def __init__(self, scene: ReplayJob) -> None:
        self._engines = scene.engines()
        self.found = [engine.register(scene.devices, scene.since) for engine in self._engines]

    def apply(self, event: Event) -> None:
        """What happened next, and what was due before it: whoever judges a part only must not wait for its readings."""
        for engine, findings in zip(self._engines, self.found, strict=True):
            findings += play(engine, [event], event.now - 1 if isinstance(event, ReadingBatch) else None)

    def advance_to(self, until: Instant) -> None:
        """Lets time pass without readings."""
        for engine, findings in zip(self._engines, self.found, strict=True):
            findings += engine.tick(until)


CHUNK: Final = 2_000
"""Readings judged in one go by a long replay; how they are cut changes nothing but the time it takes."""


def chunk_events(
    readings: Iterable[Reading], between: Sequence[Outage | Reset] = (), chunk: int = CHUNK
) -> Iterator[Event]:
    """A sorted replay in large pieces, with the outages where they ended, and the resets. What arrived together stays
    together."""
    waiting = sorted(between, key=_happened_at)
    held: list[Reading] = []
    for reading in readings:
        arrival = reading.received
        if (waiting and arrival >= _happened_at(waiting[0])) or (len(held) >= chunk and arrival != held[-1].received):
            if held:
                yield ReadingBatch(held[-1].received, held)
                held = []
            while waiting and arrival >= _happened_at(waiting[0]):
                yield waiting.pop(0)
        held.append(reading)
    if held:
        yield ReadingBatch(held[-1].received, held)
    yield from waiting


def _happened_at(event: Outage | Reset) -> Instant:
    return event.now if isinstance(event, Reset) else event.end


def by_arrival(readings: Iterable[Reading]) -> Iterator[ReadingBatch]:
    """A sorted replay as events: what has the same arrival comes together."""
    batch: list[Reading] = []
    for reading in readings:
        if batch and reading.received != batch[0].received:
            yield ReadingBatch(batch[0].received, batch)
            batch = []
        batch.append(reading)
    if batch:
        yield ReadingBatch(batch[0].received, batch)
