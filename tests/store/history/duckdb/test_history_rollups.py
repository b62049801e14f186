"""Roll-ups of the embedded history: the same before and after readings moved to their days and hours."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from domain import DAY, HOUR, MINUTE, Lane, Quality, Reading, Value
from store.history import Point, Rollup, rollup_step_ms
from store.history.duckdb.history import DuckDbHistory
from store.history.remote import samples

MIDNIGHT = 1_795_219_200_000
"""2026-11-21T00:00:00Z."""


@pytest.fixture
async def history(tmp_path: Path) -> AsyncIterator[DuckDbHistory]:
    opened = DuckDbHistory(tmp_path / "history.duckdb")
    yield opened
    await opened.close()


def three_days(device: str = "g1") -> list[Reading]:
    """A reading each ten minutes: a gas level with one peak, an alarm of ten minutes, a text, one implausible value."""
    readings = []
    for number in range(3 * 144):
        at = MIDNIGHT + number * 10 * MINUTE
        values: dict[str, Value] = {"lel_pct": 40.5 if number == 200 else number % 6, "alarm": number == 201}
        values |= {"state": f"s{number % 3}"}
        doubts = {"lel_pct": Quality.IMPLAUSIBLE} if number == 30 else {}
        readings.append(Reading(device, "gas_alarm", at, at, values | ({"lel_pct": 900} if doubts else {}), doubts))
    return readings


def expected(step_ms: int, quantity: str | None = None) -> list[Rollup]:
    """Computed in Python, as for a history on a server."""
    points = [
        Point(reading.at, name, value, reading.doubts.get(name, Quality.GOOD))
        for reading in three_days()
        for name, value in reading.values.items()
        if quantity in (None, name)
    ]
    return samples.rollups(points, step_ms)


def rounded(rollups: list[Rollup]) -> list[tuple[object, ...]]:
    return [
        (one.at, one.quantity, one.low, None if one.mean is None else round(one.mean, 9), one.high, one.last)
        for one in rollups
    ]


@pytest.mark.parametrize("step_ms", [20 * MINUTE, HOUR, 6 * HOUR, DAY])
async def test_rollups_do_not_depend_on_where_the_readings_lie(history: DuckDbHistory, step_ms: int) -> None:
    readings = three_days()
    history.append(Lane.BULK, 1, readings[:300])
    history.append(Lane.BULK, 2, [Reading("g2", "gas_alarm", MIDNIGHT, MIDNIGHT, {"lel_pct": 77})])
    end = MIDNIGHT + 3 * DAY
    await history.roll_up(MIDNIGHT + DAY + HOUR)
    history.append(Lane.BULK, 3, readings[300:])
    assert rounded(await history.rollups("g1", None, MIDNIGHT, end, step_ms)) == rounded(expected(step_ms))
    await history.roll_up(end + 2 * HOUR)
    assert rounded(await history.rollups("g1", None, MIDNIGHT, end, step_ms)) == rounded(expected(step_ms))
    one = await history.rollups("g1", "lel_pct", MIDNIGHT, end, step_ms)
    assert rounded(one) == rounded(expected(step_ms, "lel_pct"))
    assert await history.rollups("nobody", None, MIDNIGHT, end, step_ms) == []


async def test_a_peak_and_a_short_alarm_are_seen_in_the_rollup_of_their_day(history: DuckDbHistory) -> None:
    history.append(Lane.BULK, 1, three_days())
    await history.roll_up(MIDNIGHT + 4 * DAY)
    days = await history.rollups("g1", None, MIDNIGHT, MIDNIGHT + 3 * DAY, DAY)
    second = {one.quantity: one for one in days if one.at == MIDNIGHT + DAY}
    assert (second["lel_pct"].low, second["lel_pct"].high) == (0, 40.5)
    assert (second["alarm"].low, second["alarm"].high, second["alarm"].last) == (0, 1, False)
    assert second["state"].last == "s2"


async def test_minutes_are_read_where_raw_readings_have_expired(history: DuckDbHistory) -> None:
    history.append(Lane.BULK, 1, three_days())
    await history.roll_up(MIDNIGHT + 4 * DAY)
    await history.delete_expired(MIDNIGHT + 4 * DAY, 2, 400, 400)
    found = await history.rollups("g1", "lel_pct", MIDNIGHT, MIDNIGHT + 3 * DAY, 30 * MINUTE)
    assert rounded(found) == rounded(expected(30 * MINUTE, "lel_pct"))


def test_a_period_longer_than_the_longest_step_allows_has_more_points_than_asked_for() -> None:
    assert rollup_step_ms(0, 100 * 365 * DAY, 10) == 28 * DAY
    assert rollup_step_ms(0, 1, 100) == 1000
