"""Figures of the cluster path: readings per second and processor time of one ingest worker and of two, of one Flink
slot and of two, and the latency from a message at the broker to its finding in Kafka.

    python -m benchmarks.cluster_figures [--readings N]

On a machine that others use, the processor time and the ratios count, not the rates: each line bears the load average.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import quantiles

import aiomqtt

from app.cli.devices import import_devices
from app.config.catalog import load_active_rulebooks, load_kinds
from app.datadir.stores import open_database
from app.scale.records import FRAMES, REFUSALS
from benchmarks.cluster.local import LocalCluster
from benchmarks.cluster.processes import Server, free_ports, wait_until
from benchmarks.cluster.topics import FindingReader
from benchmarks.cluster.workers import ReadingCounter, ingest_worker
from benchmarks.flood import DEVICES
from domain import Reading
from rules.hosts.flink.definitions import JobDefinitions
from rules.hosts.keyed.events import KeyedReadings
from tests.conftest import running_broker

START = 1_790_000_000_000
ALARM_EVERY = 500
ALARMS = 200
"""Alarms whose way is timed."""
OTHERS = 40
"""Ordinary readings for each of them."""


def show(name: str, value: float, unit: str, **more: object) -> None:
    """One JSON object a line."""
    load = round(os.getloadavg()[0], 1)
    print(json.dumps({"name": name, "value": round(value, 2), "unit": unit, "load": load, **more}), flush=True)


def cpu_s(servers: Sequence[Server]) -> float:
    """Processor seconds of running processes, by /proc."""
    total = 0
    for server in servers:
        assert server.process is not None
        fields = Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def measure_slots(cluster: LocalCluster, readings: int, slots: int) -> float:
    """Readings of 5,000 devices through the job; the last finding ends the measurement."""
    events = [
        (at, name, KeyedReadings(at, (Reading(name, "gas_alarm", at, at, {"lel_pct": 1.5, "alarm": danger}),)))
        for n in range(readings)
        for name, at, danger in ((f"s{slots}-{n % DEVICES}", START + n, n >= readings - 50),)
    ]
    writer, reader = cluster.writer(), FindingReader(cluster.kafka.bootstrap)
    writer.write([(START - 1, f"s{slots}-{n}", KeyedReadings(START - 1, ())) for n in range(DEVICES)])
    writer.flush()
    before, began = cpu_s(cluster.flink.task_managers), time.monotonic()
    kafka_before = cpu_s([cluster.kafka.server])
    writer.write(events)
    writer.flush()
    reader.read_until(lambda: _dangers(reader, f"s{slots}-") >= 50, quiet_s=240, timeout_s=300)
    wall = time.monotonic() - began
    used = (cpu_s(cluster.flink.task_managers) - before) / readings * 1e6
    kafka = (cpu_s([cluster.kafka.server]) - kafka_before) / readings * 1e6
    show(
        f"flink_readings_per_s_{slots}_slots", readings / wall, "1/s", cpu_us_per_reading=round(used, 1),
        kafka_cpu_us_per_reading=round(kafka, 1), busy_cores=round(used * readings / wall / 1e6, 2),
    )  # fmt: skip
    reader.close()
    return readings / wall


def _dangers(reader: FindingReader, prefix: str) -> int:
    return sum((one.device or "").startswith(prefix) and one.rule == "gas-alarm" for one in reader.findings.values())


def measure_workers(cluster: LocalCluster, folder: Path, port: int, readings: int, count: int) -> float:
    """A flood of numbered readings over a real broker; processor time of the workers for one reading."""
    url = f"mqtt://127.0.0.1:{port}"
    with ExitStack() as stack:
        running = [
            ingest_worker(f"w{count}-{n}", cluster.kafka.bootstrap, url, folder, group=f"g{count}")
            for n in range(count)
        ]
        for worker in running:
            stack.callback(worker.kill)
            worker.start()
        wait_until(lambda: all("receiving" in one.log.read_text() for one in running), "workers")
        counter = ReadingCounter(cluster.kafka.bootstrap)
        wanted = counter.wait_for(sys.maxsize, 15) + readings
        before, began = cpu_s(running), time.monotonic()
        flood = [sys.executable, "-m", "benchmarks.flood", str(port), str(readings), str(DEVICES)]
        subprocess.run(flood, check=True, capture_output=True, timeout=300)
        reached = counter.wait_for(wanted, 300)
        wall, used = time.monotonic() - began, (cpu_s(running) - before) / readings * 1e6
        show(
            f"ingest_readings_per_s_{count}_workers", readings / wall, "1/s", cpu_us_per_reading=round(used, 1),
            busy_cores=round(used * readings / wall / 1e6, 2),
            complete=reached >= wanted,
        )  # fmt: skip
        counter.close()
        return readings / wall


def found_devices(reader: FindingReader) -> set[str | None]:
    """The devices that have findings, while another thread reads."""
    return {one.device for one in list(reader.findings.values())}


async def measure_latency(cluster: LocalCluster, folder: Path, port: int) -> None:
    """From the publish of an alarm to the reading of its finding: five alarms a second among 200 other readings."""
    worker = ingest_worker("latency", cluster.kafka.bootstrap, f"mqtt://127.0.0.1:{port}", folder)
    worker.start()
    try:
        await asyncio.to_thread(wait_until, lambda: "receiving" in worker.log.read_text(), "the worker")
        reader, sent = FindingReader(cluster.kafka.bootstrap), dict[str, float]()
        await asyncio.to_thread(reader.read_until, lambda: False, 10.0, 60.0)
        ended = threading.Event()
        following = asyncio.create_task(asyncio.to_thread(reader.follow, ended))
        async with aiomqtt.Client("127.0.0.1", port, timeout=120) as client:
            for number in range(ALARMS):
                device, began = f"gas-{number:06d}", time.monotonic()
                sent[device] = time.time()
                await client.publish(f"fengshao/v1/{device}/alarm", b'{"alarm": true}', qos=1)
                for other in range(OTHERS):
                    name = f"gas-{ALARMS + number * OTHERS % 4_000 + other:06d}"
                    await client.publish(f"fengshao/v1/{name}/up", b'{"lel_pct": 1.5}', qos=1)
                await asyncio.sleep(max(0.0, 0.2 - (time.monotonic() - began)))
        await asyncio.to_thread(wait_until, lambda: sent.keys() <= found_devices(reader), "the findings")
        ended.set()
        await following
        seen = {one.device or "": at for identity, at in reader.read_at.items() for one in (reader.findings[identity],)}
        delays_ms = sorted((seen[device] - at) * 1000 for device, at in sent.items() if device in seen)
        cuts = quantiles(delays_ms, n=100)
        show("cluster_latency_p50_ms", cuts[49], "ms", alarms=len(delays_ms), p99_ms=round(cuts[98], 1))
        reader.close()
    finally:
        worker.kill()


def main() -> None:
    """All figures."""
    parser = argparse.ArgumentParser(prog="benchmarks.cluster_figures", description=__doc__)
    parser.add_argument("--readings", type=int, default=50_000)
    parser.add_argument("--only", choices=("slots", "intake"))
    options = parser.parse_args()
    readings: int = options.readings
    kinds = load_kinds()
    definitions = JobDefinitions(dict(kinds), list(load_active_rulebooks(kinds)))
    rates: dict[int, float] = {}
    for slots in (1, 2) if options.only != "intake" else (2,):
        with tempfile.TemporaryDirectory() as name, LocalCluster(Path(name), definitions, 2, slots) as cluster:
            if options.only != "intake":
                rates[slots] = measure_slots(cluster, readings, slots)
            if slots == 2 and options.only != "slots":
                measure_intake(cluster, Path(name), readings)
    if rates:
        show("flink_slots_ratio", rates[2] / rates[1], "")


def measure_intake(cluster: LocalCluster, folder: Path, readings: int) -> None:
    """Workers, and the whole way."""
    cluster.kafka.create_topics({FRAMES: 2, REFUSALS: 1})
    lines = "".join(f"gas-{number:06d},gas_alarm\n" for number in range(DEVICES))
    (folder / "devices.csv").write_text(f"id,kind\n{lines}")
    open_database(folder / "data").close()
    import_devices(folder / "devices.csv", folder / "data", None)
    (port,) = free_ports(1)
    with running_broker(folder / "broker", port):
        asyncio.run(measure_latency(cluster, folder, port))
        one, two = (measure_workers(cluster, folder, port, readings, count) for count in (1, 2))
    show("ingest_workers_ratio", two / one, "")


if __name__ == "__main__":
    main()
