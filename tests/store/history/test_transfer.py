"""Copying a history day by day, on stores in memory: what counts as equal, what is named, what is left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from domain import DAY, HOUR, Quality, Reading, Value
from store.history.transfer import CopiedDay, copy_history, tally
from store.refused_values import HistoryRefusalReason, RefusedValue

T0 = 1_795_219_200_000


class Memory:
    """A store that keeps what `keep` lets through."""

    def __init__(self, *readings: Reading, lose: str = "", refuse: str = "", digits: int = 17) -> None:
        self.stored, self.written = list(readings), 0
        self._lose, self._refuse, self._digits = lose, refuse, digits

    def days(self) -> list[int]:
        return sorted({reading.at - reading.at % DAY for reading in self.stored})

    def readings(self, start: int, end: int) -> list[Reading]:
        return [reading for reading in self.stored if start <= reading.at < end]

    def write_day(self, day: int, parts: Iterator[Sequence[Reading]]) -> list[RefusedValue]:
        self.written += 1
        refused = []
        for reading in (reading for part in parts for reading in part):
            values = {name: self._rounded(value) for name, value in reading.values.items()}
            if self._refuse in values:
                value = str(values.pop(self._refuse))
                reason = HistoryRefusalReason.TYPE_CONFLICT
                refused.append(RefusedValue(reading.device, self._refuse, reading.at, value, reason, "no"))
            values.pop(self._lose, None)
            self.stored.append(Reading(reading.device, reading.kind, reading.at, reading.received, values))
        return refused

    def _rounded(self, value: Value) -> Value:
        return float(f"{value:.{self._digits}g}") if isinstance(value, float) else value


def reading(at: int, device: str = "g1", doubts: dict[str, Quality] | None = None, **values: Value) -> Reading:
    return Reading(device, "gas_alarm", at, at + 50, values, doubts or {})


def copied(source: Memory, target: Memory) -> list[CopiedDay]:
    return list(copy_history(source, target, lambda _seconds: None))


def test_days_that_are_there_already_are_not_written_again() -> None:
    first, second = reading(T0 + 1, lel_pct=24), reading(T0 + DAY, lel_pct=0.1)
    target = Memory(reading(T0 + 1, lel_pct=24.0))
    days = copied(Memory(first, second), target)
    assert [(day.was_there, day.differences) for day in days] == [(True, ()), (False, ())]
    assert target.written == 1


@pytest.mark.parametrize("lost", ["lel_pct", "alarm", "key"])
def test_a_value_of_any_type_that_is_lost_is_named_with_number_and_sum(lost: str) -> None:
    source = Memory(reading(T0 + HOUR, lel_pct=24, alarm=True, key="双击"), reading(T0 + 2 * HOUR, lel_pct=1))
    [day] = copied(source, Memory(lose=lost))
    assert [fault.split(":")[0] for fault in day.differences] == [f"g1 {lost}"]
    [day] = copied(source, Memory(lose="lel_pct"))
    assert day.differences == ("g1 lel_pct: 0 values with the sum 0, instead of 2 with the sum 25",)


@pytest.mark.parametrize(
    "other",
    [
        reading(T0 + 2, lel_pct=3),
        reading(T0 + 1, lel_pct=3.1),
        reading(T0 + 1, lel_pct=True),
        reading(T0 + 1, doubts={"lel_pct": Quality.CLOCK}, lel_pct=3),
        reading(T0 + 1, "g2", lel_pct=3),
        reading(T0 + 1, lel_pct=3, co_ppm=1),
        Reading("g1", "gas_alarm", T0 + 1, T0 + 99, {"lel_pct": 3}),
    ],
    ids=["instant", "value", "type", "quality", "device", "more", "received"],
)
def test_what_differs_in_anything_is_not_equal(other: Reading) -> None:
    mine = tally(Memory(reading(T0 + 1, lel_pct=3)), T0)
    assert not mine.equals(tally(Memory(other), T0))


def test_a_store_that_keeps_fifteen_digits_is_equal_and_one_of_six_is_not() -> None:
    source = Memory(*[reading(T0 + n, lel_pct=n / 7) for n in range(1, 6)])
    assert copied(source, Memory(digits=15))[0].differences == ()
    assert copied(source, Memory(digits=6))[0].differences != ()


def test_what_the_store_refuses_is_left_out_of_the_comparison() -> None:
    source = Memory(reading(T0 + 1, lel_pct=3, level=7), reading(T0 + 2, lel_pct=4))
    [day] = copied(source, Memory(refuse="level"))
    assert (day.differences, [value.quantity for value in day.refused]) == ((), ["level"])


def test_a_reading_that_was_stored_twice_counts_once() -> None:
    twice = [reading(T0 + 1, lel_pct=3)] * 2
    found = tally(Memory(*twice), T0)
    assert found.equals(tally(Memory(twice[0]), T0))
    assert (found.count, found.devices) == (1, 1)
