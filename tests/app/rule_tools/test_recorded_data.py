"""What arrived hours after it was measured: the past judged again says of it what the service said on the day."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Callable
from datetime import UTC
from pathlib import Path
from urllib.parse import quote

import pytest

from app.cli.output import format_time
from app.rule_tools.recorded_data import RecordedData, clip_start
from domain import HOUR, MINUTE
from store.history.duckdb.history import DuckDbHistory
from tests.conftest import Broker
from tests.support.rulebook_harness import RulebookHarness
from tests.support.service_harness import START


@pytest.fixture
async def harness(tmp_path: Path, broker: Broker, free_port: Callable[[], int]) -> AsyncIterator[RulebookHarness]:
    async with RulebookHarness(tmp_path / "data", broker.port, free_port()) as running:
        yield running


async def says(harness: RulebookHarness, device: str, ts: int, values: dict[str, bool | float]) -> None:
    counts = harness.service.processing.pipeline.counters
    before = counts.readings
    await harness.publish(f"fengshao/v1/{device}/up", {"ts": ts, **values})
    await harness.until(lambda: counts.readings > before, "the reading")
    harness.clock.now += 1_000


async def backfills(harness: RulebookHarness) -> None:
    """Three devices send what they kept for hours, the newest first; one is in alarm now."""
    for hours in (2, 5, 9):
        for device, name in (("gas-402", "alarm"), ("gas-403", "alarm"), ("meter-402", "burst")):
            for step, value in enumerate((True, True, False)):
                await says(harness, device, START - hours * HOUR + step * 10 * MINUTE, {name: value})
        harness.clock.now += MINUTE
    await says(harness, "gas-402", harness.clock.now, {"alarm": True})
    harness.clock.now += 10_000


def lived(harness: RulebookHarness) -> set[tuple[str, str]]:
    """What the service has found."""
    with contextlib.closing(sqlite3.connect(harness.data / "ledger.db")) as ledger:
        return set(ledger.execute("SELECT finding, phase FROM alert_findings"))


async def judged_again(harness: RulebookHarness, history: Path) -> set[tuple[str, str]]:
    """What the same books find in a history."""
    taken = DuckDbHistory(history)
    recorded = RecordedData(harness.data, taken)
    (findings,) = recorded.backtest(
        [harness.service.processing.engine.books], clip_start(recorded.history, 0), harness.clock.now
    )
    await taken.close()
    return {(finding.id, finding.phase.value) for finding in findings}


async def test_late_alarms_are_found_again_as_they_were_found_live(harness: RulebookHarness, tmp_path: Path) -> None:
    await backfills(harness)
    history, copy = harness.stores.history, tmp_path / "copy.duckdb"
    assert isinstance(history, DuckDbHistory)
    await asyncio.to_thread(history.export, copy, START, harness.clock.now)
    replayed = await judged_again(harness, copy)
    await harness.until(lambda: lived(harness) >= replayed, f"findings of the replay: {replayed - lived(harness)}")
    assert lived(harness) == replayed
    assert len({finding for finding, _ in replayed}) >= 7


async def test_an_explanation_of_late_readings_is_the_same_five_seconds_later(harness: RulebookHarness) -> None:
    await backfills(harness)
    path = "/api/v1/rules/gas-alarm/explain?device=gas-402"
    now = await harness.get(path)
    then = await harness.get(f"{path}&at={quote(format_time(harness.clock.now - 5_000, UTC))}")
    assert (then["phase"], then["begin"], then["since"]) == (now["phase"], now["begin"], now["since"])
    assert now["phase"] == "firing"
