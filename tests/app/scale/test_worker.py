"""Two ingest workers on a shared subscription of a real broker, one killed with kill -9: nothing is lost.

Run by `make test-scale`; skipped where Java and the tools of `make scale-tools` are not there.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from app.cli.devices import import_devices
from app.datadir.stores import open_database
from app.scale.records import FINDINGS, FRAMES, READINGS, REFUSALS
from benchmarks.cluster.kafka import LocalKafka
from benchmarks.cluster.processes import Server, missing_tools, wait_until
from benchmarks.cluster.topics import EventWriter
from benchmarks.cluster.workers import ReadingCounter, ingest_worker, publish
from rules.hosts.keyed.events import KeyedEvent, Registered, decode_keyed_event, split_record
from rules.hosts.replay import Outage
from tests.conftest import Broker

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
MESSAGES = 4_000
HOUR = 3_600_000


@pytest.mark.skipif(bool(missing_tools()), reason=f"KAFKA WAS NOT STARTED: missing {missing_tools()}")
async def test_a_killed_worker_loses_nothing_and_what_comes_again_is_marked(
    tmp_path: Path, broker: Broker, free_port: Callable[[], int]
) -> None:
    devices = [f"gas-{number}" for number in range(40)]
    (tmp_path / "devices.csv").write_text("id,kind\n" + "".join(f"{name},gas_alarm\n" for name in devices))
    open_database(tmp_path / "data").close()
    import_devices(tmp_path / "devices.csv", tmp_path / "data", None)
    kafka = LocalKafka(tmp_path / "kafka")
    url = f"mqtt://127.0.0.1:{broker.port}"
    workers = [
        ingest_worker("one", kafka.bootstrap, url, tmp_path, "--publish-registry"),
        ingest_worker("two", kafka.bootstrap, url, tmp_path),
    ]
    try:
        kafka.start()
        kafka.create_topics({READINGS: 2, FINDINGS: 2, FRAMES: 2, REFUSALS: 1})
        for worker in workers:
            worker.start()
        counter = ReadingCounter(kafka.bootstrap)
        await asyncio.to_thread(wait_for_both, workers, counter, len(devices))
        publishing = asyncio.create_task(publish(broker.port, devices, MESSAGES, 800))
        await asyncio.to_thread(counter.wait_for, MESSAGES // 4, 120)
        workers[0].kill()
        await asyncio.to_thread(counter.wait_for, MESSAGES // 2, 60)
        workers[0].start()
        await publishing
        assert await asyncio.to_thread(counter.wait_for, MESSAGES, 120) == MESSAGES
        assert counter.unmarked == 0
        counter.close()
    finally:
        for worker in workers:
            worker.kill()
        kafka.stop()


@pytest.mark.skipif(bool(missing_tools()), reason=f"KAFKA WAS NOT STARTED: missing {missing_tools()}")
def test_a_worker_that_starts_after_an_outage_of_everything_writes_it_before_all_else(
    tmp_path: Path, broker: Broker
) -> None:
    (tmp_path / "devices.csv").write_text("id,kind\ngas-1,gas_alarm\ngas-2,gas_alarm\n")
    open_database(tmp_path / "data").close()
    import_devices(tmp_path / "devices.csv", tmp_path / "data", None)
    kafka = LocalKafka(tmp_path / "kafka")
    url, options = f"mqtt://127.0.0.1:{broker.port}", ("--publish-registry",)
    worker = ingest_worker("restarted", kafka.bootstrap, url, tmp_path, *options, group="of-restarts")
    try:
        kafka.start()
        kafka.create_topics({READINGS: 2, FINDINGS: 2, FRAMES: 2, REFUSALS: 1})
        writer, last_clock = EventWriter(kafka.bootstrap, 2), time.time_ns() // 1_000_000 - HOUR
        writer.write_clock(last_clock)
        writer.flush()
        worker.start()
        events: dict[str, list[KeyedEvent]] = {}
        wait_until(lambda: _read(kafka, events) == {"gas-1": 2, "gas-2": 2}, "outage and registry of both devices")
        for outage, registered in events.values():
            assert isinstance(outage, Outage)
            assert isinstance(registered, Registered)
            assert outage.begin == last_clock
            assert outage.end == registered.now
    finally:
        worker.kill()
        kafka.stop()


def _read(kafka: LocalKafka, events: dict[str, list[KeyedEvent]]) -> dict[str, int]:
    """All events of the topic, by key in their order; how many of each."""
    events.clear()
    consumer = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": "test", "log_level": 0})
    consumer.assign([TopicPartition(READINGS, partition, OFFSET_BEGINNING) for partition in range(2)])
    for message in consumer.consume(1_000, 2.0):
        key, encoded = split_record(message.value() or b"\n")
        if message.error() is None and key:
            events.setdefault(key, []).append(decode_keyed_event(encoded))
    consumer.close()
    return {key: len(one) for key, one in events.items()}


def wait_for_both(workers: Sequence[Server], counter: ReadingCounter, keys: int) -> None:
    def ready() -> bool:
        counter.read(0.5)
        for worker in workers:
            worker.check()
        logs = [worker.log.read_text() if worker.log.exists() else "" for worker in workers]
        return len(counter.registered) == keys and all("receiving" in log for log in logs)

    wait_until(ready, "both workers")
