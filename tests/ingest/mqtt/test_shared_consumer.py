"""Two workers on a shared subscription of a real Mosquitto: the share of one that is away, and of one that has left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from ingest.mqtt.broker_address import parse_broker_address
from ingest.mqtt.shared_consumer import SharedConsumer, SharedSettings
from tests.conftest import Broker
from tests.ingest.mqtt.running_consumer import MemoryJournal, now_ms, publish, until


@asynccontextmanager
async def worker(broker: Broker, journal: MemoryJournal, name: str) -> AsyncIterator[SharedConsumer]:
    """A worker that receives; stopped in order, as by SIGTERM."""
    consumer = SharedConsumer(
        parse_broker_address(f"mqtt://127.0.0.1:{broker.port}"), journal, now_ms,
        SharedSettings(name, "group-of-shares"), lambda _receiving, _at: None,
    )  # fmt: skip
    task = asyncio.create_task(consumer.run())
    try:
        await until(lambda: consumer.is_receiving or task.done())
        yield consumer
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def messages(first: int) -> list[tuple[str, bytes]]:
    return [(f"fengshao/v1/gas-{n}/up", b"%d" % n) for n in range(first, first + 20)]


async def test_what_the_broker_kept_for_an_absent_worker_comes_when_it_is_back(broker: Broker) -> None:
    here, away = MemoryJournal(), MemoryJournal()
    async with worker(broker, here, "here"):
        async with worker(broker, away, "away"):
            pass
        await publish(broker, *messages(0))
        async with worker(broker, away, "away"):
            await until(lambda: len(here.payloads()) + len(away.payloads()) == 20)
    assert len(away.payloads()) == 10
    assert sorted(map(int, here.payloads() + away.payloads())) == list(range(20))


async def test_a_worker_that_leaves_gets_what_waited_for_it_and_nothing_new(broker: Broker) -> None:
    here, leaving = MemoryJournal(), MemoryJournal()
    async with worker(broker, here, "here"):
        async with worker(broker, leaving, "leaving"):
            pass
        await publish(broker, *messages(0))
        async with worker(broker, leaving, "leaving") as consumer:
            consumer.leave()
            await until(lambda: len(here.payloads()) + len(leaving.payloads()) == 20)
            assert not consumer.is_receiving
        await publish(broker, *messages(20))
        await until(lambda: len(here.payloads()) + len(leaving.payloads()) == 40)
    assert len(leaving.payloads()) == 10
