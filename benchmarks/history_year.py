"""A year of 5-minute readings: how long the roll-ups of one device take, for a year, a month and a day.

    python -m benchmarks.history_year [DEVICES [DAYS]]

The readings pass through the history as they do in the service: appended, flushed, rolled up hour by hour. Each figure
is the median of nine reads through `History.rollups` with 400 points, and its slowest.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from domain import DAY, HOUR, MINUTE, Instant, Lane, Reading
from store.history import rollup_step_ms
from store.history.duckdb.history import DuckDbHistory

DEVICES, DAYS = 10, 365
FIRST_DAY: Instant = 1_763_683_200_000
"""2025-11-21T00:00:00Z."""
PERIODS = {"year": 365 * DAY, "quarter": 91 * DAY, "month": 30 * DAY, "week": 7 * DAY, "day": DAY}
POINTS, READS = 400, 9


def readings_of_day(day: Instant, devices: int) -> Iterator[Reading]:
    """Every five minutes one reading of each device: a gas level, a temperature, a battery, two verdicts."""
    for at in range(day, day + DAY, 5 * MINUTE):
        for number in range(devices):
            level = (at // MINUTE * 7 + number * 13) % 60 / 10
            values = {"lel_pct": level, "temp_c": 18 + level, "battery_pct": 100 - (at - FIRST_DAY) // (5 * DAY)}
            yield Reading(f"g{number}", "gas_alarm", at, at, {**values, "alarm": False, "fault": False})


async def fill(history: DuckDbHistory, devices: int, days: int) -> None:
    """Appends the days and rolls each up when it is over."""
    for number in range(days):
        day = FIRST_DAY + number * DAY
        history.append(Lane.BULK, number + 1, list(readings_of_day(day, devices)))
        await history.roll_up(day + DAY + HOUR)


async def measure(history: DuckDbHistory, end: Instant) -> Iterator[dict[str, object]]:
    figures: list[dict[str, object]] = []
    for name, period in PERIODS.items():
        times, buckets = list[float](), 0
        step = rollup_step_ms(end - period, end, POINTS)
        for _ in range(READS):
            began = time.perf_counter()
            buckets = len(await history.rollups("g3", None, end - period, end, step))
            times.append((time.perf_counter() - began) * 1000)
        median, slowest = round(statistics.median(times), 1), round(max(times), 1)
        figures.append({"period": name, "buckets": buckets, "median_ms": median, "slowest_ms": slowest})
    return iter(figures)


async def run(devices: int, days: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history.duckdb"
        history = DuckDbHistory(path)
        began = time.perf_counter()
        await fill(history, devices, days)
        filled_s, size_mb = round(time.perf_counter() - began, 1), round(path.stat().st_size / 1e6, 1)
        print(json.dumps({"devices": devices, "days": days, "filled_s": filled_s, "file_mb": size_mb}), flush=True)
        for figure in await measure(history, FIRST_DAY + days * DAY):
            print(json.dumps(figure), flush=True)
        await history.close()


if __name__ == "__main__":
    arguments = [int(text) for text in sys.argv[1:3]]
    asyncio.run(run(*arguments, *(DEVICES, DAYS)[len(arguments) :]))
