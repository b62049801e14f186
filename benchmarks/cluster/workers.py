"""Ingest workers as processes, and a publisher of readings with numbers: what came through, what was lost."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import aiomqtt
import msgspec
from confluent_kafka import Consumer

from app.scale.records import READINGS
from benchmarks.cluster.processes import Server
from rules.hosts.keyed.events import KeyedReadings, decode_keyed_event, split_record


def ingest_worker(name: str, kafka: str, mqtt: str, folder: Path, *options: str, group: str = "fengshao") -> Server:
    """`fengshao ingest` with a data directory of `folder`."""
    command = [sys.executable, "-m", "app.cli.main", "ingest", "--shared", group, "--name", name, "--kafka", kafka]
    return Server(name, [*command, "--mqtt", mqtt, "--data", str(folder / "data"), *options], folder)


async def publish(port: int, devices: Sequence[str], count: int, per_s: int) -> None:
    """Numbered readings, QoS 1, over the devices in turn; returns when the broker has acknowledged all."""
    async with aiomqtt.Client("127.0.0.1", port, timeout=120) as client:
        began = time.monotonic()
        for number in range(count):
            body = msgspec.json.encode({"seq": number, "lel_pct": 1 + number % 3})
            await client.publish(f"fengshao/v1/{devices[number % len(devices)]}/up", body, qos=1)
            ahead_s = number / per_s - (time.monotonic() - began)
            if ahead_s > 0.01:
                await asyncio.sleep(ahead_s)


class ReadingCounter:
    """Reads the topic of readings: distinct messages, those that came again, and the keys that were registered."""

    def __init__(self, bootstrap: str) -> None:
        self._consumer = Consumer({
            "bootstrap.servers": bootstrap, "group.id": "counter", "auto.offset.reset": "earliest", "log_level": 0,
        })  # fmt: skip
        self._consumer.subscribe([READINGS])
        self.origins: dict[int, int] = {}
        self.unmarked = 0
        self.registered: set[str] = set()

    def read(self, timeout_s: float = 1.0) -> int:
        """Reads what is there; the number of distinct messages so far. `unmarked` are repetitions without the mark."""
        for message in self._consumer.consume(5_000, timeout_s):
            key, encoded = split_record(message.value() or b"\n")
            if message.error() is not None or not key:
                continue
            event = decode_keyed_event(encoded)
            if isinstance(event, KeyedReadings):
                times = self.origins.get(event.origin, 0)
                self.unmarked += bool(times) and not event.redelivered
                self.origins[event.origin] = times + 1
            else:
                self.registered.add(key)
        return len(self.origins)

    def wait_for(self, count: int, timeout_s: float) -> int:
        """Reads until `count` distinct messages are there, at most `timeout_s`."""
        deadline = time.monotonic() + timeout_s
        while self.read() < count and time.monotonic() < deadline:
            pass
        return len(self.origins)

    def close(self) -> None:
        """Leaves the group."""
        self._consumer.close()
