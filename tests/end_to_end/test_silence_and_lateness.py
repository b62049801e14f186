"""Absence and late readings from end to end: a downtime makes no device absent, silence is no recovery, and late
readings are reported as late and end nothing newer.
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
from tests.support.service_harness import START, ServiceHarness, running_service
from tests.support.timeouts import LONG_TIMEOUT_S


@pytest.fixture
async def harness(tmp_path: Path, broker: Broker, free_port: Callable[[], int]) -> AsyncIterator[ServiceHarness]:
    async with running_service(tmp_path / "data", broker.port, free_port()) as running:
        yield running


async def publish_reading(harness: ServiceHarness, ts: int, count: int, **values: Any) -> None:
    await harness.publish("fengshao/v1/gas-402/up", {"ts": ts, **values})
    await harness.until(lambda: harness.service.processing.pipeline.counters.readings >= count, "the reading")


async def kinds_of(harness: ServiceHarness, alert: str) -> list[str]:
    return [entry["kind"] for entry in (await harness.get(f"/api/v1/alerts/{alert}"))["timeline"]]


async def until_timeline_has(harness: ServiceHarness, alert: str, kind: str) -> list[str]:
    """Waits until the timeline has a line of this kind; returns the kinds."""
    async with asyncio.timeout(LONG_TIMEOUT_S):
        while kind not in (timeline := await kinds_of(harness, alert)):
            await asyncio.sleep(0.01)
    return timeline


async def test_a_downtime_of_a_day_makes_no_device_absent(harness: ServiceHarness) -> None:
    await publish_reading(harness, START, 1, lel_pct=1)
    await harness.crash()
    harness.clock.now += DAY
    await harness.start()
    await harness.fast_forward(minutes=30)
    await harness.publish("fengshao/v1/meter-402/up", {"volume_m3": 1})
    await harness.until(lambda: harness.service.processing.pipeline.counters.readings >= 1, "a reading of the new day")
    assert await harness.items("/api/v1/alerts") == []

    await harness.fast_forward(minutes=160)
    (alert,) = await harness.until_items("/api/v1/alerts?ledger=health")
    assert alert["rule"] == "device-offline"


async def test_a_silent_device_in_alarm_stays_in_alarm_with_a_line_in_the_timeline(harness: ServiceHarness) -> None:
    await publish_reading(harness, START, 1, alarm=True)
    (alert,) = await harness.until_items("/api/v1/alerts")
    await harness.fast_forward(minutes=3 * 60 + 11)
    assert "recovered" not in await until_timeline_has(harness, alert["id"], "stale")
    assert (await harness.get(f"/api/v1/alerts/{alert['id']}"))["state"] == "open"


async def test_a_danger_of_an_hour_ago_is_sent_with_its_delay(harness: ServiceHarness) -> None:
    await publish_reading(harness, START - HOUR, 1, alarm=True)
    await harness.phone("李伟").expects_sms("紧急", "燃气泄漏", "21:00（迟报60分钟）", "枫林苑3栋2单元402")


async def test_a_late_all_clear_ends_nothing_newer(harness: ServiceHarness) -> None:
    await publish_reading(harness, START, 1, alarm=True)
    (alert,) = await harness.until_items("/api/v1/alerts")
    await publish_reading(harness, START - 10 * MINUTE, 2, alarm=False)
    await harness.fast_forward(minutes=2)
    assert explain(harness.service.processing.engine, "gas-alarm", "gas-402")["phase"] == "firing"
    assert "recovered" not in await kinds_of(harness, alert["id"])

    await publish_reading(harness, harness.clock.now, 3, alarm=False)
    await harness.fast_forward(minutes=2)
    assert "recovered" in await until_timeline_has(harness, alert["id"], "recovered")
