"""A host with a virtual clock: plays what was heard, as fast as it can be judged. Trials, backtests and tests use it;
it knows no files and no real time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from msgspec import Struct

from domain import Finding, Instant, Reading
from rules.engine import Engine


class Heard(Struct, frozen=True):
    """What arrived together at one instant."""

    now: Instant
    readings: Sequence[Reading]


class Deaf(Struct, frozen=True):
    """From `begin` to `end` nobody could be heard."""

    begin: Instant
    end: Instant


Event = Heard | Deaf


def play(engine: Engine, events: Iterable[Event], until: Instant | None = None) -> Iterator[Finding]:
    """The findings of a story in order, wake-ups included; after the last event time goes on to `until`."""
    for event in events:
        if isinstance(event, Heard):
            yield from engine.feed(event.readings, event.now)
            continue
        yield from engine.tick(event.begin)
        engine.outage(event.begin, event.end)
    if until is not None:
        yield from engine.tick(until)


CHUNK: Final = 2_000
"""Readings judged in one go by a long replay; how they are cut changes nothing but the time it takes."""


def story(readings: Iterable[Reading], deaf: Sequence[Deaf] = (), chunk: int = CHUNK) -> Iterator[Event]:
    """A sorted replay in large pieces, with the outages where they ended. What arrived together stays together."""
    waiting = sorted(deaf, key=lambda outage: outage.end)
    held: list[Reading] = []
    for reading in readings:
        arrival = reading.received
        if (waiting and arrival >= waiting[0].end) or (len(held) >= chunk and arrival != held[-1].received):
            if held:
                yield Heard(held[-1].received, held)
                held = []
            while waiting and arrival >= waiting[0].end:
                yield waiting.pop(0)
        held.append(reading)
    if held:
        yield Heard(held[-1].received, held)
    yield from waiting


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
