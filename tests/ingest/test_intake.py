"""The intake against a real Mosquitto: nothing is acknowledged before it is journaled, and nothing is lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiomqtt

from domain import Lane
from ingest.frame import Entry, Frame
from ingest.intake import Intake, IntakeSettings


class MemoryJournal:
    """A journal whose disk the test holds in its hand."""

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

    def payloads(self, lane: Lane | None = None) -> list[bytes]:
        return [frame.payload for at, frames in self.rows for frame in frames if lane in (None, at)]


async def until(happened: Callable[[], Any], seconds: float = 20.0) -> None:
    """Wait for a real server, within bounds."""
    async with asyncio.timeout(seconds):
        while not happened():
            await asyncio.sleep(0.005)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@asynccontextmanager
async def listening(broker: Any, journal: MemoryJournal, **settings: Any) -> AsyncIterator[Intake]:
    """A running intake; its delivered entries are in `.entries`, its link events in `.links`."""
    entries: list[Entry] = []
    links: list[bool] = []
    intake = Intake(
        f"mqtt://127.0.0.1:{broker.port}",
        journal,
        entries.append,
        now_ms,
        IntakeSettings(retry_append_s=0.02, **settings),
        on_link=lambda up, _at: links.append(up),
    )
    intake.entries, intake.links = entries, links  # type: ignore[attr-defined]
    task = asyncio.create_task(intake.run())
    try:
        await until(lambda: intake.ready or task.done())
        yield intake
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def publish(broker: Any, *messages: tuple[str, bytes], qos: int = 1, retain: bool = False) -> None:
    async with aiomqtt.Client("127.0.0.1", broker.port) as client:
        for topic, payload in messages:
            await client.publish(topic, payload, qos=qos, retain=retain)


async def test_a_message_is_journaled_with_its_bytes_and_then_delivered(broker: Any) -> None:
    journal = MemoryJournal()
    async with listening(broker, journal) as intake:
        await publish(broker, ("fengshao/v1/gas-1/up", b'{"lel_pct": 3}'))
        await until(lambda: intake.entries)

        (entry,) = intake.entries
        (frame,) = entry.frames
        assert (entry.lane, entry.pos, frame.topic, frame.payload) == (
            Lane.BULK,
            1,
            "fengshao/v1/gas-1/up",
            b'{"lel_pct": 3}',
        )
        assert (frame.session, frame.qos, frame.dup, frame.retain) == ("bulk", 1, False, False)
        assert intake.links == [True]


async def test_an_alarm_comes_once_and_in_the_urgent_lane(broker: Any) -> None:
    journal = MemoryJournal()
    async with listening(broker, journal) as intake:
        await publish(broker, *[("fengshao/v1/band-1/alarm", b'{"sos": true}')] * 3)
        await publish(broker, ("fengshao/v1/band-1/up", b"last"))
        await until(lambda: b"last" in journal.payloads())

        assert journal.payloads(Lane.URGENT) == [b'{"sos": true}'] * 3
        assert journal.payloads(Lane.BULK) == [b"last"]
        await until(lambda: intake.status().twins == 3)
