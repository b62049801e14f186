"""A host with a virtual clock: plays what was heard, as fast as it can be judged. Trials, backtests and tests use it;
it knows no files and no real time.
"""

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


class Heard(Struct, frozen=True, tag=True):
    """What arrived together at one instant."""

    now: Instant
    readings: Sequence[Reading]


class Deaf(Struct, frozen=True, tag=True):
    """From `begin` to `end` nobody could be heard."""

    begin: Instant
    end: Instant


class Reset(Struct, frozen=True, tag=True):
    """A named person resets a latched rule: of this device or group, or of all (None) of which it holds a finding."""

    now: Instant
    rule: str
    device: str | None = None


Event = Heard | Deaf | Reset


def play(engine: Engine, events: Iterable[Event], until: Instant | None = None) -> Iterator[Finding]:
    """The findings of a story in order, wake-ups included; after the last event time goes on to `until`."""
    for event in events:
        if isinstance(event, Heard):
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
    for device in engine.latched(event.rule) if event.device is None else [event.device]:
        yield from engine.release(device, event.rule, event.now)


class Scene(Struct):
    """Where a past is judged: each set of books by an engine of its own, in one walk; what is in shadow is told."""

    sets: Sequence[Sequence[Rulebook]]
    kinds: Mapping[str, Kind]
    community: Community
    devices: Sequence[Device]
    since: Instant
    zone: tzinfo = DEFAULT_ZONE

    def engines(self) -> list[Engine]:
        """One for each set of books, nobody enrolled."""
        return [Engine(books, self.kinds, self.community, tells_shadows=True, zone=self.zone) for books in self.sets]


class Judges:
    """The engines of a scene, and what they have found."""

    def __init__(self, scene: Scene) -> None:
        self._engines = scene.engines()
        self.found = [engine.enrol(scene.devices, scene.since) for engine in self._engines]

    def judge(self, event: Event) -> None:
        """What happened next, and what was due before it: whoever judges a part only must not wait for its readings."""
        for engine, findings in zip(self._engines, self.found, strict=True):
            findings += play(engine, [event], event.now - 1 if isinstance(event, Heard) else None)

    def pass_time(self, until: Instant) -> None:
        """Nothing more was heard until then."""
        for engine, findings in zip(self._engines, self.found, strict=True):
            findings += engine.tick(until)


CHUNK: Final = 2_000
"""Readings judged in one go by a long replay; how they are cut changes nothing but the time it takes."""


def story(readings: Iterable[Reading], between: Sequence[Deaf | Reset] = (), chunk: int = CHUNK) -> Iterator[Event]:
    """A sorted replay in large pieces, with the outages where they ended, and the resets. What arrived together stays
    together."""
    waiting = sorted(between, key=_happened_at)
    held: list[Reading] = []
    for reading in readings:
        arrival = reading.received
        if (waiting and arrival >= _happened_at(waiting[0])) or (len(held) >= chunk and arrival != held[-1].received):
            if held:
                yield Heard(held[-1].received, held)
                held = []
            while waiting and arrival >= _happened_at(waiting[0]):
                yield waiting.pop(0)
        held.append(reading)
    if held:
        yield Heard(held[-1].received, held)
    yield from waiting


def _happened_at(event: Deaf | Reset) -> Instant:
    return event.now if isinstance(event, Reset) else event.end


def by_arrival(readings: Iterable[Reading]) -> Iterator[Heard]:
    """A sorted replay as events: what has the same arrival comes together."""
    batch: list[Reading] = []
    for reading in readings:
        if batch and reading.received != batch[0].received:
            yield Heard(batch[0].received, batch)
            batch = []
        batch.append(reading)
    if batch:
        yield Heard(batch[0].received, batch)
