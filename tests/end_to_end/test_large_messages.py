"""One message with thousands of items, and an SOS beside it: the whole service on a real broker."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from domain import Lane
from tests.conftest import Broker
from tests.support.long_form import examples
from tests.support.service_harness import START, ServiceHarness, running_service


@pytest.fixture
async def harness(tmp_path: Path, broker: Broker, free_port: Callable[[], int]) -> AsyncIterator[ServiceHarness]:
    async with running_service(tmp_path / "data", broker.port, free_port()) as running:
        yield running


@pytest.mark.long_form
@pytest.mark.parametrize("leaf", ["up", "alarm"])
async def test_an_sos_beside_an_array_of_thousands_of_items_is_sent(harness: ServiceHarness, leaf: str) -> None:
    items = [{"ts": START - at * 1_000, "volume_m3": at} for at in range(examples(20_000, short=4_000))]
    await harness.publish(f"fengshao/v1/meter-402/{leaf}", json.dumps(items, separators=(",", ":")))
    await harness.until(lambda: harness.service.processing.pipeline.backlog.positions[Lane.BULK], "the array")
    await harness.publish("fengshao/v1/band-402/alarm", {"sos": True})
    await harness.phone("李伟").expects_sms("402")


async def test_a_crash_within_an_array_loses_nothing_and_repeats_nothing(harness: ServiceHarness) -> None:
    items = [{"ts": START - at * 1_000, "volume_m3": at} for at in range(6_000)]
    await harness.publish("fengshao/v1/meter-402/up", json.dumps(items, separators=(",", ":")))
    await harness.until(lambda: harness.stores.journal.position().get(Lane.BULK), "the array in the journal")
    await harness.publish("fengshao/v1/band-402/alarm", {"sos": True})
    await harness.phone("李伟").expects_sms("402")
    await harness.crash()
    await harness.start()
    await harness.until(lambda: harness.service.processing.pipeline._processed[Lane.BULK], "the array, after the crash")
    await harness.stores.history.flush()
    found = await harness.stores.history.series("meter-402", "volume_m3", 0, START + 1, limit=10_000)
    assert list(range(5_999, -1, -1)) == [point.value for point in found]
    assert len(await harness.items("/api/v1/alerts")) == 1
    assert len(harness.phone("李伟").texts) == 1
