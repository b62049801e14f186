"""The journal writer against a real Mosquitto: nothing is acknowledged before it is journaled, memory is bounded."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from domain import Lane
from ingest.frame import Frame
from tests.ingest.mqtt.running_consumer import MemoryJournal, publish, running, until


def find_sos(frames: Sequence[Frame]) -> list[Frame]:
    return [frame for frame in frames if b"sos" in frame.payload]


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


async def test_a_message_above_the_limit_leaves_its_head_and_size(broker: Any) -> None:
    journal = MemoryJournal()
    async with running(broker, journal, max_packet_bytes=200_000) as consumer:
        await publish(broker, ("fengshao/v1/cam-1/up", b"x" * 3_000_000), ("fengshao/v1/gas-1/up", b"y" * 190_000))
        await until(lambda: len(journal.payloads()) == 2)

        (large, fits) = [frame for _, frames in journal.rows for frame in frames]
        assert (3_000_000, 65_536) == (large.size, len(large.payload))
        assert (None, 190_000, 1) == (fits.size, len(fits.payload), consumer.status().too_large)


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
