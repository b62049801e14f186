"""Microseconds a reading spends in each stage of the intake, one stage after the other in one process, no network.

    python -m benchmarks.stages [COUNT]

The whole path shares one thread with the event loop; the sum is what one core can carry, the ratio to
`mosquitto_sub` is measured by benchmarks/intake.py on a real broker.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from app.config.catalog import load_kinds, load_mappings, load_rulebook_files, rulebook_files
from benchmarks.flood import BLOCK, reading
from domain import Device, Lane, Reading
from domain.people import community
from ingest.decoding.decoder import Decoder
from ingest.decoding.device_index import DeviceIndex
from ingest.frame import Frame, JournalEntry
from ingest.mqtt.connection import ConnectionSettings, MqttConnection
from ingest.mqtt.danger_prefilter import DangerPrefilter
from ingest.mqtt.journal_writer import JournalWriter, WriterSettings
from ingest.mqtt.packet_stream import PacketStream
from ingest.mqtt.redelivery import InflightPackets
from ingest.mqtt.urgent_filters import NATIVE_ALARMS
from ingest.topics import TopicFilterSet
from rules.engine.engine import Engine
from store.history.duckdb.history import DuckDbHistory
from store.journal import SqliteJournal

DEVICES = 5_000
PIECE = 65_536
"""Bytes of one read from the socket."""


class Stages:
    """The stages in order; each gets the output of the one before it."""

    def __init__(self, folder: Path, count: int) -> None:
        self.count, self.folder = count, folder
        self.duration_us: dict[str, float] = {}
        self.now = int(time.time() * 1000)
        self.kinds = kinds = load_kinds()
        self.mappings = load_mappings(kinds, None)
        self.decoder = Decoder(kinds, self.mappings)
        self.engine = Engine(load_rulebook_files(kinds, rulebook_files(None)), kinds, community())
        devices = [Device(f"gas-{number:06d}", "gas_alarm") for number in range(DEVICES)]
        self.decoder.device_index = DeviceIndex(devices)
        self.engine.register(devices, self.now)

    def clock(self, stage: str, work: Callable[[], None]) -> None:
        """Both the time that passed and the processor time of this process, its threads included."""
        started, worked = time.perf_counter(), time.process_time()
        work()
        passed, busy = time.perf_counter() - started, time.process_time() - worked
        self.duration_us[stage] = passed * 1e6 / self.count
        print(f"{stage:36} {passed * 1e6 / self.count:7.2f} µs passed {busy * 1e6 / self.count:7.2f} µs of processor")

    def run(self) -> None:
        raw = b"".join(_as_v5(reading(index, DEVICES, self.now - 1_000, 0)) for index in range(self.count))
        reads: list[list[object]] = []
        self.clock("packets (mqtt5)", lambda: self._parse_packets(raw, reads))
        entries: list[JournalEntry] = []
        asyncio.run(self._write_journal(reads, entries))
        journal = SqliteJournal(self.folder / "journal.db")
        self.clock("journal append, synced", lambda: asyncio.run(_append(journal, entries)))
        journal.close()
        batches: list[Sequence[Reading]] = []
        self.clock("decoder", lambda: self._decode(entries, batches))
        self.clock("rules", lambda: self._evaluate(batches))
        history = DuckDbHistory(self.folder / "history.duckdb")
        self.clock("history append and flush", lambda: asyncio.run(_append_history(history, batches)))

    def _parse_packets(self, raw: bytes, reads: list[list[object]]) -> None:
        stream = PacketStream(1_048_576)
        pieces = (raw[at : at + PIECE] for at in range(0, len(raw), PIECE))
        reads.extend(list[object](stream.feed(piece)) for piece in pieces)

    async def _write_journal(self, reads: list[list[object]], entries: list[JournalEntry]) -> None:
        session = _Session()
        connection = MqttConnection(None, ConnectionSettings("bench"), None)  # type: ignore[arg-type]
        limits = WriterSettings(2**40, 1_048_576, 1_000, 1.0)
        writer = JournalWriter(
            Lane.BULK,
            session,  # type: ignore[arg-type]
            _Positions(),
            entries.append,
            lambda: self.now,
            limits,
            _keep_copy,
        )
        started = time.perf_counter()
        for packets in reads:
            writer.enqueue(connection, packets)  # type: ignore[arg-type]
        passed = (time.perf_counter() - started) * 1e6 / self.count
        print(f"{'frames, session copies, redelivery':36} {passed:7.2f} µs passed")
        prefilter = DangerPrefilter(self.kinds, self.mappings, self.decoder.has_danger)
        started = time.perf_counter()
        for batch in writer._batches:
            prefilter(batch.frames)
        passed = (time.perf_counter() - started) * 1e6 / self.count
        print(f"{'danger detection':36} {passed:7.2f} µs passed")
        running = asyncio.create_task(writer.run())
        await writer.drain()
        running.cancel()

    def _decode(self, entries: list[JournalEntry], batches: list[Sequence[Reading]]) -> None:
        batches.extend(self.decoder.decode(entry.frames).readings for entry in entries)

    def _evaluate(self, batches: list[Sequence[Reading]]) -> None:
        for readings in batches:
            self.engine.feed(readings, self.now)


_URGENT_TOPICS = TopicFilterSet([NATIVE_ALARMS])


def _keep_copy(_lane: Lane, topic: str, _payload: bytes, _qos: int, _now: int) -> bool:
    return topic not in _URGENT_TOPICS


class _Session:
    """Stands in for an MQTT session: records acknowledgements, sends nothing."""

    name = "bulk"
    connection = None

    def __init__(self) -> None:
        self.inflight = InflightPackets()

    def acknowledge(self, _connection: object, packet_ids: list[int]) -> None:
        self.inflight.acknowledged(packet_ids)


class _Positions:
    """A journal that only counts."""

    def __init__(self) -> None:
        self.pos = 0

    async def append(self, _lane: Lane, _frames: Sequence[Frame]) -> int:
        self.pos += 1
        return self.pos


def _as_v5(packet: bytes) -> bytes:
    """The 3.1.1 PUBLISH of the flood as a broker hands it to an MQTT 5 session: with empty properties."""
    size = packet[1] & 0x7F | (packet[2] << 7 if packet[1] & 0x80 else 0)
    start = 3 if packet[1] & 0x80 else 2
    properties = start + 2 + int.from_bytes(packet[start : start + 2], "big") + 2
    size += 1
    head = bytes([0x32, size & 0x7F | 0x80, size >> 7]) if size > 127 else bytes([0x32, size])
    return head + packet[start:properties] + b"\x00" + packet[properties:]


async def _append(journal: SqliteJournal, entries: list[JournalEntry]) -> None:
    for entry in entries:
        await journal.append(entry.lane, entry.frames)


async def _append_history(history: DuckDbHistory, batches: list[Sequence[Reading]]) -> None:
    for pos, readings in enumerate(batches, 1):
        history.append(Lane.BULK, pos, readings)
    await history.flush()
    await history.close()


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100 * BLOCK
    with tempfile.TemporaryDirectory() as folder:
        Stages(Path(folder), count).run()


if __name__ == "__main__":
    main()
