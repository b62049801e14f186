"""Silence and lateness from end to end: our own absence is nobody's, silence is no recovery, and what is late is told
as late and closes nothing newer.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from domain import DAY, HOUR, MINUTE
from rules.tools.explain import explain
from tests.conftest import Broker
from tests.support.service_harness import PATIENCE_S, START, Town
from tests.support.service_harness import town as running_town


@pytest.fixture
async def town(tmp_path: Path, broker: Broker, free_port: Callable[[], int]) -> AsyncIterator[Town]:
    async with running_town(tmp_path / "data", broker.port, free_port()) as running:
        yield running


async def says(town: Town, ts: int, count: int, **values: Any) -> None:
    await town.publish("fengshao/v1/gas-402/up", {"ts": ts, **values})
    await town.until(lambda: town.house.processing.pipeline.counters.readings >= count, "the reading")


async def kinds_of(town: Town, alert: str) -> list[str]:
    return [entry["kind"] for entry in (await town.get(f"/api/v1/alerts/{alert}"))["timeline"]]


async def until_told(town: Town, alert: str, kind: str) -> list[str]:
    """The story once it has such a line."""
    async with asyncio.timeout(PATIENCE_S):
        while kind not in (story := await kinds_of(town, alert)):
            await asyncio.sleep(0.01)
    return story


async def test_a_day_in_which_the_service_was_down_is_nobody_s_silence(town: Town) -> None:
    await says(town, START, 1, lel_pct=1)
    await town.crash()
    town.clock.now += DAY
    await town.start()
    await town.fast_forward(minutes=30)
    await town.publish("fengshao/v1/meter-402/up", {"volume_m3": 1})
    await town.until(lambda: town.house.processing.pipeline.counters.readings >= 1, "a reading of the new day")
    assert await town.items("/api/v1/alerts") == []

    await town.fast_forward(minutes=160)
    (gone,) = await town.until_items("/api/v1/alerts?ledger=health")
    assert gone["rule"] == "device-offline"


async def test_a_device_in_alarm_that_falls_silent_stays_in_alarm_and_says_so(town: Town) -> None:
    await says(town, START, 1, alarm=True)
    (alert,) = await town.until_items("/api/v1/alerts")
    await town.fast_forward(minutes=3 * 60 + 11)
    assert "recovered" not in await until_told(town, alert["id"], "stale")
    assert (await town.get(f"/api/v1/alerts/{alert['id']}"))["state"] == "open"


async def test_a_danger_of_an_hour_ago_is_told_with_its_delay(town: Town) -> None:
    await says(town, START - HOUR, 1, alarm=True)
    await town.phone("李伟").expects_sms("紧急", "燃气泄漏", "21:00（迟报60分钟）", "枫林苑3栋2单元402")


async def test_a_late_all_clear_closes_nothing_newer(town: Town) -> None:
    await says(town, START, 1, alarm=True)
    (alert,) = await town.until_items("/api/v1/alerts")
    await says(town, START - 10 * MINUTE, 2, alarm=False)
    await town.fast_forward(minutes=2)
    assert explain(town.house.processing.engine, "gas-alarm", "gas-402")["phase"] == "firing"
    assert "recovered" not in await kinds_of(town, alert["id"])

    await says(town, town.clock.now, 3, alarm=False)
    await town.fast_forward(minutes=2)
    assert "recovered" in await until_told(town, alert["id"], "recovered")
