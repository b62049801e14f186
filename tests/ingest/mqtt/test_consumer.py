"""The consumer against a real Mosquitto: nothing is acknowledged before it is journaled, and nothing is lost."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
import uvloop

from domain import Device, Identity, Lane
from domain.kind import Kind
from ingest.frame import Frame, JournalEntry
from ingest.mqtt.broker_address import parse_broker_address
from ingest.mqtt.consumer import ConsumerSettings, MqttConsumer
from ingest.mqtt.journal_writer import FindDangers
from tests.ingest.mqtt.consumer_events import RecordedEvents


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


def find_sos(frames: Sequence[Frame]) -> list[Frame]:
    return [frame for frame in frames if b"sos" in frame.payload]


async def until(happened: Callable[[], Any], seconds: float = 20.0) -> None:
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


async def test_a_message_is_journaled_with_its_bytes_and_then_enqueued(broker: Any) -> None:
    journal = MemoryJournal()
    async with running(broker, journal) as consumer:
        await publish(broker, ("fengshao/v1/gas-1/up", b'{"lel_pct": 3}'))
        await until(lambda: consumer.entries)

        (entry,) = consumer.entries
        (frame,) = entry.frames
        assert (entry.lane, entry.pos, frame.topic, frame.payload) == (
            Lane.BULK,
            1,
            "fengshao/v1/gas-1/up",
            b'{"lel_pct": 3}',
        )
        assert (frame.session, frame.qos, frame.dup, frame.retain) == ("bulk", 1, False, False)
        assert consumer.connections == [True]


async def test_an_alarm_is_stored_once_and_in_the_urgent_lane(broker: Any) -> None:
    journal = MemoryJournal()
    async with running(broker, journal) as consumer:
        await publish(broker, *[("fengshao/v1/band-1/alarm", b'{"sos": true}')] * 3)
        await publish(broker, ("fengshao/v1/band-1/up", b"last"))
        await until(lambda: b"last" in journal.payloads())

        assert journal.payloads(Lane.URGENT) == [b'{"sos": true}'] * 3
        assert journal.payloads(Lane.BULK) == [b"last"]
        await until(lambda: consumer.status().session_copies == 3)


async def test_an_alarm_is_received_on_uvloop_as_well(broker: Any) -> None:
    def listen() -> list[bytes]:
        journal = MemoryJournal()

        async def run_once() -> None:
            async with running(broker, journal):
                await publish(broker, ("fengshao/v1/band-1/alarm", b"help"))
                await until(lambda: journal.rows)

        uvloop.run(run_once())
        return journal.payloads(Lane.URGENT)

    assert [b"help"] == await asyncio.to_thread(listen)


async def test_what_was_not_journaled_was_not_acknowledged_and_is_redelivered(
    broker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.mqtt.journal_writer.DRAIN_TIMEOUT_S", 0.05)
    stuck, after = MemoryJournal(), MemoryJournal()
    stuck.open.clear()
    async with running(broker, stuck) as consumer:
        await publish(broker, *[("fengshao/v1/gas-1/up", b"%d" % number) for number in range(20)])
        await until(lambda: consumer.status().bulk.pending_bytes and stuck.tries)
    async with running(broker, after):
        await until(lambda: len(after.payloads()) == 20)

    assert ([], [b"%d" % number for number in range(20)]) == (stuck.rows, after.payloads())
    assert all(frame.dup for _, frames in after.rows for frame in frames)


async def test_messages_published_while_offline_are_received_once_and_alarms_first(broker: Any) -> None:
    async with running(broker, MemoryJournal()):
        pass
    ordinary = [("fengshao/v1/gas-1/up", b"%d" % number) for number in range(3_000)]
    await publish(broker, *ordinary, ("fengshao/v1/band-1/alarm", b"sos"), ("fengshao/v1/gas-1/up", b"last"))
    journal = MemoryJournal()
    async with running(broker, journal):
        await until(lambda: b"last" in journal.payloads())

    assert [b"sos"] == journal.payloads(Lane.URGENT)
    assert [*(payload for _, payload in ordinary), b"last"] == journal.payloads(Lane.BULK)
    assert b"sos" in journal.payloads()[: len(journal.rows[0][1]) + 1]


async def test_while_the_disk_is_full_nothing_is_read_or_acknowledged_and_then_nothing_is_missing(broker: Any) -> None:
    journal = MemoryJournal()
    journal.broken = True
    async with running(broker, journal) as consumer:
        await publish(broker, *[("fengshao/v1/gas-1/up", b"%d" % number) for number in range(100)])
        await until(lambda: "No space" in consumer.status().journal_error and consumer.status().bulk.paused)
        assert [] == journal.rows
        journal.broken = False
        await until(lambda: len(journal.payloads()) == 100)

        assert [b"%d" % number for number in range(100)] == journal.payloads()
        await until(lambda: not consumer.status().bulk.paused and not consumer.status().journal_error)
        assert 100 == sum(len(entry.frames) for entry in consumer.entries)


async def test_above_the_limit_the_socket_is_not_read_while_pings_go_on_and_below_half_it_is(broker: Any) -> None:
    journal = MemoryJournal()
    journal.open.clear()
    async with running(broker, journal, max_pending_bytes=50_000, keep_alive_s=1) as consumer:
        await publish(broker, *[("fengshao/v1/gas-1/up", b"x" * 1_000) for _ in range(2_000)])
        await until(lambda: consumer.status().bulk.paused)
        with suppress(TimeoutError):
            await until(lambda: not consumer.status().bulk.connected, seconds=2.5)
        status = consumer.status().bulk
        assert (True, True) == (status.connected, status.paused)
        assert status.pending_bytes < 50_000 + 600_000
        journal.open.set()
        await until(lambda: len(journal.payloads()) == 2_000)
        assert [True] == consumer.connections


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 2**20


async def test_while_the_journal_hangs_a_flood_of_small_messages_takes_no_more_memory_than_the_limit_says(
    broker: Any,
) -> None:
    journal, limit_mb = MemoryJournal(), 4
    journal.open.clear()
    async with running(broker, journal, max_pending_bytes=limit_mb * 2**20) as consumer:
        before = resident_mb()
        command = (sys.executable, "-m", "benchmarks.flood", str(broker.port), "150000", "100")
        flood = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
        assert 0 == await flood.wait()
        await until(lambda: consumer.status().bulk.paused)
        pending, grown = consumer.status().bulk.pending_bytes, resident_mb() - before
        journal.open.set()
        await until(lambda: len(journal.frames()) == 150_001, seconds=60)

    assert limit_mb * 2**20 <= pending < (limit_mb + 1) * 2**20
    assert grown < limit_mb + 12


async def test_after_the_broker_was_killed_the_consumer_reconnects_and_reports_the_outage(broker: Any) -> None:
    journal = MemoryJournal()
    async with running(broker, journal) as consumer:
        broker.kill()
        await until(lambda: not consumer.ready and consumer.connections == [True, False])
        broker.start()
        await until(lambda: consumer.ready)
        await publish(broker, ("fengshao/v1/gas-1/up", b"again"), ("fengshao/v1/gas-1/alarm", b"alarm"))
        await until(lambda: len(journal.payloads()) == 2)

        assert ([b"again"], [b"alarm"]) == (journal.payloads(Lane.BULK), journal.payloads(Lane.URGENT))
        assert [True, False, True] == consumer.connections


async def test_a_registered_device_of_an_urgent_kind_moves_to_the_urgent_lane(
    broker: Any, kinds: dict[str, Kind]
) -> None:
    journal = MemoryJournal()
    gas = Device("gas-1", "gas_alarm", identities=(Identity("zigbee2mqtt", "3栋/402 gas"),))
    topic = "zigbee2mqtt/3栋/402 gas"
    async with running(broker, journal) as consumer:
        await publish(broker, (topic, b"1"))
        await until(lambda: journal.payloads(Lane.BULK) == [b"1"])
        consumer.set_devices([gas], kinds)
        await until(lambda: consumer.ready)
        await publish(broker, *[(topic, b"2")] * 3, ("fengshao/v1/x/up", b"last"))
        await until(lambda: b"last" in journal.payloads() and journal.payloads().count(b"2") == 3)
        await until(lambda: consumer.status().session_copies == 3)
        consumer.set_devices([], kinds)
        await until(lambda: consumer.status().urgent.granted == 1)
        await publish(broker, (topic, b"3"))
        await until(lambda: b"3" in journal.payloads(Lane.BULK))

        assert 3 == journal.payloads().count(b"2")


async def test_a_message_above_the_limit_leaves_its_head_and_size(broker: Any) -> None:
    journal = MemoryJournal()
    async with running(broker, journal, max_packet_bytes=200_000) as consumer:
        await publish(broker, ("fengshao/v1/cam-1/up", b"x" * 3_000_000), ("fengshao/v1/gas-1/up", b"y" * 190_000))
        await until(lambda: len(journal.payloads()) == 2)

        (large, fits) = [frame for _, frames in journal.rows for frame in frames]
        assert (3_000_000, 65_536) == (large.size, len(large.payload))
        assert (None, 190_000, 1) == (fits.size, len(fits.payload), consumer.status().too_large)


async def test_only_messages_retained_before_the_subscription_are_marked_retained(broker: Any) -> None:
    await publish(broker, ("fengshao/v1/gas-1/up", b"old"), retain=True)
    journal = MemoryJournal()
    async with running(broker, journal):
        await until(lambda: journal.rows)
        await publish(broker, ("fengshao/v1/gas-1/up", b"new"), retain=True)
        await until(lambda: len(journal.payloads()) == 2)

    assert [(b"old", True), (b"new", False)] == [(f.payload, f.retain) for _, frames in journal.rows for f in frames]


async def test_qos_0_messages_are_received_and_their_frames_have_no_packet_id(broker: Any) -> None:
    journal = MemoryJournal()
    async with running(broker, journal):
        await publish(broker, ("fengshao/v1/gas-1/up", b"a"), ("fengshao/v1/gas-1/alarm", b"b"), qos=0)
        await until(lambda: len(journal.payloads()) == 2)

    assert {(0, None)} == {(frame.qos, frame.packet_id) for _, frames in journal.rows for frame in frames}


async def test_without_a_broker_it_is_not_ready_and_reports_the_reason(free_port: Callable[[], int]) -> None:
    consumer = MqttConsumer(
        parse_broker_address(f"mqtt://127.0.0.1:{free_port()}"),
        MemoryJournal(),
        lambda _: None,
        now_ms,
        RecordedEvents(),
    )
    task = asyncio.create_task(consumer.run())
    await until(lambda: "127.0.0.1" in consumer.status().urgent.last_error)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task

    assert not consumer.ready


async def test_an_error_behind_the_journal_ends_the_consumer_and_is_not_swallowed(broker: Any) -> None:
    def fail(entry: JournalEntry) -> None:
        raise ZeroDivisionError("a bug in the chain")

    consumer = MqttConsumer(
        parse_broker_address(f"mqtt://127.0.0.1:{broker.port}"), MemoryJournal(), fail, now_ms, RecordedEvents()
    )
    task = asyncio.create_task(consumer.run())
    await until(lambda: consumer.ready)
    await publish(broker, ("fengshao/v1/gas-1/up", b"{}"))
    with pytest.raises(ZeroDivisionError, match="a bug in the chain"):
        await task


async def test_a_danger_on_the_bulk_session_is_journaled_before_the_rest_of_its_batch(broker: Any) -> None:
    journal = MemoryJournal()
    journal.open.clear()
    async with running(broker, journal, find_dangers=find_sos):
        await publish(broker, *[("fengshao/v1/meter-1/up", b"%d" % number) for number in range(50)])
        await publish(broker, ("zigbee2mqtt/band", b"sos"), ("zigbee2mqtt/band", b"sos"))
        await publish(broker, ("fengshao/v1/meter-1/up", b"last"))
        await until(lambda: journal.tries)
        journal.open.set()
        await until(lambda: b"last" in journal.payloads())

        assert [b"sos"] * 2 == journal.payloads(Lane.URGENT)
        assert [*[b"%d" % number for number in range(50)], b"last"] == journal.payloads(Lane.BULK)
        assert journal.payloads().index(b"sos") < journal.payloads().index(b"last")


async def test_a_batch_with_a_danger_is_acknowledged_only_when_the_danger_is_journaled_too(broker: Any) -> None:
    journal = MemoryJournal()
    journal.broken = True
    async with running(broker, journal, find_dangers=find_sos):
        await publish(broker, ("fengshao/v1/band-1/up", b"sos"), ("fengshao/v1/meter-1/up", b"1"))
        await until(lambda: journal.tries > 2)
    assert [] == journal.rows
    journal.broken = False
    async with running(broker, journal, find_dangers=find_sos):
        await until(lambda: len(journal.payloads()) >= 2)
        assert ([b"sos"], [b"1"]) == (journal.payloads(Lane.URGENT), journal.payloads(Lane.BULK))
