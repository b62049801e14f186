"""A host with a virtual clock: plays what was heard, as fast as it can be judged. Trials, backtests and tests use it;
it knows no files and no real time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

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
