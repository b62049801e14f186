"""Copies a history to another store, a day at a time, and compares both copies value by value. For all backends.

A day is compared before it is written, so that an interrupted copy goes on where it ended, and after it. What is
compared: for each device and quantity the number of values, their sum, and a checksum of every instant, value, quality
and instant of reception, in the form in which every store returns them (24 and 24.0 are one number). VictoriaMetrics
keeps some fifteen digits of a number: where only further digits differ, the sum decides.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import groupby
from typing import Final, Protocol

import msgspec
from msgspec import Struct

from domain import DAY, HOUR, Instant, Quality, Reading, Value
from store.history.remote.line_protocol import RECEIVED, sanitise_tag
from store.history.remote.samples import Sample, number
from store.refused_values import RefusedValue

SLICE_MS: Final = HOUR
"""Readings of so long a time are in memory at once."""
ATTEMPTS: Final = 8
PAUSE_S: Final = 5.0
"""What a server accepted can be read about a second later; a question that came too early is answered from its cache
for ten seconds."""
SHOWN_MAX: Final = 5
SAME_SUM: Final = 1e-12
"""Relative difference of sums that are one: no store rounds more."""
_MASK: Final = (1 << 64) - 1


class HistoryCopy(Protocol):
    """One store as the copying reads and writes it. Blocking."""

    def days(self) -> Sequence[Instant]:
        """The days (UTC) with readings, by the instants at which they were measured, ascending."""
        ...

    def readings(self, start: Instant, end: Instant) -> list[Reading]:
        """Readings measured in `start <= at < end`, in any order."""
        ...

    def write_day(self, day: Instant, parts: Iterator[Sequence[Reading]]) -> Sequence[RefusedValue]:
        """Write the readings of a day; returns the values that the store refuses for good. Writing a day again that was
        interrupted changes nothing that was written."""
        ...


class SeriesTally(Struct):
    """What a day has of one quantity of a device. `times`: a checksum that leaves the numbers out."""

    count: int = 0
    total: float = 0.0
    exact: int = 0
    times: int = 0

    def add(self, sample: Sample) -> None:
        """Count one value."""
        value, is_measured = sample.value, sample.quantity != RECEIVED
        self.count += 1
        if is_measured and not isinstance(value, str):
            self.total += float(value)
        kind = type(value).__name__ if isinstance(value, bool | str) else "number"
        typed = (kind, "" if is_measured and kind == "number" else value)
        self.exact = (self.exact + _hash(sample, (kind, value))) & _MASK
        self.times = (self.times + _hash(sample, typed)) & _MASK

    def equals(self, other: SeriesTally) -> bool:
        """Whether both are the same values, up to the last digits of numbers."""
        if (self.count, self.exact) == (other.count, other.exact):
            return True
        is_same = math.isclose(self.total, other.total, rel_tol=SAME_SUM, abs_tol=SAME_SUM)
        return (self.count, self.times) == (other.count, other.times) and is_same


class Tally(Struct, frozen=True):
    """What a day has, by device and quantity."""

    readings: int
    values: Mapping[tuple[str, str], SeriesTally]

    @property
    def count(self) -> int:
        """Number of values."""
        return sum(series.count for (_, quantity), series in self.values.items() if quantity != RECEIVED)

    def equals(self, other: Tally) -> bool:
        """Whether both are the same values."""
        return not any(_compare(self.values, other.values, {}))

    @property
    def devices(self) -> int:
        """Number of devices."""
        return len({device for device, _ in self.values})


class CopiedDay(Struct, frozen=True):
    """One day after it was compared. `differences` name what is not equal; `refused`: values that the server does not
    take, such as those older than it keeps."""

    day: Instant
    number: int
    days: int
    tally: Tally
    was_there: bool
    refused: tuple[RefusedValue, ...] = ()
    differences: tuple[str, ...] = ()


def copy_history(source: HistoryCopy, target: HistoryCopy, pause: Callable[[float], object]) -> Iterator[CopiedDay]:
    """Copy every day of the source; yields each once it was compared."""
    chosen, present = source.days(), frozenset(target.days())
    for index, day in enumerate(chosen, 1):
        expected = tally(source, day)
        if day in present and expected.equals(tally(target, day)):
            yield CopiedDay(day, index, len(chosen), expected, was_there=True)
            continue
        refused = tuple(target.write_day(day, _parts(source, day)))
        found = differences(expected, target, day, refused, pause)
        yield CopiedDay(day, index, len(chosen), expected, False, refused, found)


def tally(store: HistoryCopy, day: Instant) -> Tally:
    """What a store has of a day."""
    readings, values = 0, defaultdict[tuple[str, str], SeriesTally](SeriesTally)
    for part in _parts(store, day):
        readings += len(part)
        for sample in _samples(part):
            values[sample.device, sample.quantity].add(sample)
    return Tally(readings, dict(values))


def differences(
    expected: Tally,
    target: HistoryCopy,
    day: Instant,
    refused: Sequence[RefusedValue],
    pause: Callable[[float], object],
) -> tuple[str, ...]:
    """What a written day lacks beside the refused values; empty when nothing."""
    left_out = Counter((value.device, value.quantity) for value in refused)
    found: tuple[str, ...] = ()
    for _ in range(ATTEMPTS):
        present = tally(target, day).values
        found = tuple(_compare(expected.values, present, left_out))
        if not found:
            return ()
        pause(PAUSE_S)
    return found


def _compare(
    expected: Mapping[tuple[str, str], SeriesTally],
    present: Mapping[tuple[str, str], SeriesTally],
    left_out: Mapping[tuple[str, str], int],
) -> Iterator[str]:
    devices_with_refusals = {device for device, _ in left_out}
    nothing = SeriesTally()
    for key in sorted(expected.keys() | present.keys()):
        wanted, got = expected.get(key, nothing), present.get(key, nothing)
        if key[1] == RECEIVED and key[0] in devices_with_refusals:
            continue  # of a reading whose every value is refused nothing is stored
        missing = left_out.get(key, 0)
        if not (got.count == wanted.count - missing if missing else wanted.equals(got)):
            device, quantity = key
            yield (
                f"{device} {quantity}: {got.count} values with the sum {got.total:g}, "
                f"instead of {wanted.count - missing} with the sum {wanted.total:g}"
            )


def _parts(store: HistoryCopy, day: Instant) -> Iterator[list[Reading]]:
    for start in range(day, day + DAY, SLICE_MS):
        if found := store.readings(start, start + SLICE_MS):
            yield found


def _samples(readings: Iterable[Reading]) -> Iterator[Sample]:
    """The values in the form in which every store returns them, each once; with the last instant of reception of what
    a device said at one instant."""
    key: Callable[[Reading], tuple[str, str, Instant]] = lambda r: (sanitise_tag(r.device), sanitise_tag(r.kind), r.at)  # noqa: E731
    for (device, kind, at), members in groupby(sorted(readings, key=key), key=key):
        same = list(members)
        seen: set[Sample] = set()
        for reading in same:
            for quantity, value in reading.values.items():
                quality = reading.doubts.get(quantity, Quality.GOOD)
                seen.add(Sample(device, kind, quantity, at, _normal(value), quality))
        yield from seen
        yield Sample(device, kind, RECEIVED, at, max(reading.received for reading in same))


def _normal(value: Value) -> Value:
    return value if isinstance(value, bool | str) else number(float(value))


def _hash(sample: Sample, typed: tuple[str, Value]) -> int:
    encoded = msgspec.msgpack.encode((sample.kind, sample.at, typed, sample.quality.value))
    return int.from_bytes(blake2b(encoded, digest_size=8).digest())
