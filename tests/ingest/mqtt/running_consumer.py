"""A running consumer with a journal in memory, and a client that publishes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiomqtt

from domain import Lane
from ingest.frame import Frame, JournalEntry
from ingest.mqtt.broker_address import parse_broker_address
from ingest.mqtt.consumer import ConsumerSettings, MqttConsumer
from ingest.mqtt.journal_writer import FindDangers
from tests.ingest.mqtt.consumer_events import RecordedEvents
from tests.support.timeouts import LONG_TIMEOUT_S


class MemoryJournal:
    """A journal whose appends the test can delay or fail."""

    def __init__(self) -> None:
        self.rows: list[tuple[Lane, list[Frame]]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.broken = False
        self.tries = 0

    async def append(self, lane: Lane, frames: Sequence[Frame]) -> int:
        self.tries += 1
        await self.open.wait()
        if self.broken:
            raise OSError(28, "No space left on device")
        self.rows.append((lane, list(frames)))
        return len(self.rows)

    def frames(self, lane: Lane | None = None) -> list[Frame]:
        return [frame for at, frames in self.rows for frame in frames if lane in (None, at)]

    def payloads(self, lane: Lane | None = None) -> list[bytes]:
        """Without the copies of the other session, which are journaled but not processed."""
        return [frame.payload for frame in self.frames(lane) if not frame.is_session_copy]


async def until(happened: Callable[[], Any], seconds: float = LONG_TIMEOUT_S) -> None:
    """Wait for a real server, within bounds."""
    async with asyncio.timeout(seconds):
        while not happened():
            await asyncio.sleep(0.005)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@asynccontextmanager
async def running(
    broker: Any, journal: MemoryJournal, find_dangers: FindDangers | None = None, **settings: Any
) -> AsyncIterator[MqttConsumer]:
    """A running consumer; its entries are in `.entries`, connection changes in `.connections`."""
    entries: list[JournalEntry] = []
    events = RecordedEvents()
    consumer = MqttConsumer(
        parse_broker_address(f"mqtt://127.0.0.1:{broker.port}"),
        journal,
        entries.append,
        now_ms,
        events,
        ConsumerSettings(retry_append_s=0.02, **settings),
        find_dangers=find_dangers,
    )
    consumer.entries, consumer.connections = entries, events.connections  # type: ignore[attr-defined]
    task = asyncio.create_task(consumer.run())
    try:
        await until(lambda: consumer.ready or task.done())
        yield consumer
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def publish(broker: Any, *messages: tuple[str, bytes], qos: int = 1, retain: bool = False) -> None:
    async with aiomqtt.Client("127.0.0.1", broker.port) as client:
        for topic, payload in messages:
            await client.publish(topic, payload, qos=qos, retain=retain)
