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
from tests.support.service_harness import START, WAIT_MAX_S, ServiceHarness, running_service


@pytest.fixture
async def harness(tmp_path: Path, broker: Broker, free_port: Callable[[], int]) -> AsyncIterator[ServiceHarness]:
    async with running_service(tmp_path / "data", broker.port, free_port()) as running:
        yield running


async def says(harness: ServiceHarness, ts: int, count: int, **values: Any) -> None:
    await harness.publish("fengshao/v1/gas-402/up", {"ts": ts, **values})
    await harness.until(lambda: harness.service.processing.pipeline.counters.readings >= count, "the reading")


async def kinds_of(harness: ServiceHarness, alert: str) -> list[str]:
    return [entry["kind"] for entry in (await harness.get(f"/api/v1/alerts/{alert}"))["timeline"]]


async def until_timeline_has(harness: ServiceHarness, alert: str, kind: str) -> list[str]:
    """The story once it has such a line."""
    async with asyncio.timeout(WAIT_MAX_S):
        while kind not in (story := await kinds_of(harness, alert)):
            await asyncio.sleep(0.01)
    return story


async def test_a_day_in_which_the_service_was_down_is_nobody_s_silence(harness: ServiceHarness) -> None:
    await says(harness, START, 1, lel_pct=1)
    await harness.crash()
    harness.clock.now += DAY
    await harness.start()
    await harness.fast_forward(minutes=30)
    await harness.publish("fengshao/v1/meter-402/up", {"volume_m3": 1})
    await harness.until(lambda: harness.service.processing.pipeline.counters.readings >= 1, "a reading of the new day")
    assert await harness.items("/api/v1/alerts") == []

    await harness.fast_forward(minutes=160)
    (gone,) = await harness.until_items("/api/v1/alerts?ledger=health")
    assert gone["rule"] == "device-offline"


async def test_a_device_in_alarm_that_falls_silent_stays_in_alarm_and_says_so(harness: ServiceHarness) -> None:
    await says(harness, START, 1, alarm=True)
    (alert,) = await harness.until_items("/api/v1/alerts")
    await harness.fast_forward(minutes=3 * 60 + 11)
    assert "recovered" not in await until_timeline_has(harness, alert["id"], "stale")
    assert (await harness.get(f"/api/v1/alerts/{alert['id']}"))["state"] == "open"


async def test_a_danger_of_an_hour_ago_is_told_with_its_delay(harness: ServiceHarness) -> None:
    await says(harness, START - HOUR, 1, alarm=True)
    await harness.phone("李伟").expects_sms("紧急", "燃气泄漏", "21:00（迟报60分钟）", "枫林苑3栋2单元402")


async def test_a_late_all_clear_closes_nothing_newer(harness: ServiceHarness) -> None:
    await says(harness, START, 1, alarm=True)
    (alert,) = await harness.until_items("/api/v1/alerts")
    await says(harness, START - 10 * MINUTE, 2, alarm=False)
    await harness.fast_forward(minutes=2)
    assert explain(harness.service.processing.engine, "gas-alarm", "gas-402")["phase"] == "firing"
    assert "recovered" not in await kinds_of(harness, alert["id"])

    await says(harness, harness.clock.now, 3, alarm=False)
    await harness.fast_forward(minutes=2)
    assert "recovered" in await until_timeline_has(harness, alert["id"], "recovered")
