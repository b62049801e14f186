"""Memory of an ingest worker and of Flink's task managers with the registry of a whole district: 73,260 devices.

    python -m benchmarks.cluster_memory [--slots N]

The district is a town of the simulator. One worker publishes its registry to Kafka, the job takes it; then every device
sends one reading, so that each has a state. Prints a JSON object for each process.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from sqlalchemy import Connection

from app.config.catalog import load_active_rulebooks, load_kinds
from app.datadir.stores import open_database
from app.scale.keys import KeyedRegistry
from app.scale.records import FRAMES, REFUSALS
from benchmarks.cluster.local import LocalCluster
from benchmarks.cluster.processes import Server, free_ports, wait_until
from benchmarks.cluster.workers import ingest_worker
from domain import Device, Reading
from domain.kind import Kind
from domain.people import community
from rules.hosts.flink.definitions import JobDefinitions
from rules.hosts.keyed.device_host import DeviceHost
from rules.hosts.keyed.events import KeyedReadings
from rules.rulebook.model import Rulebook
from simulators.town.population.build import build_town
from simulators.town.town import Town
from store.database import registry
from tests.conftest import running_broker

MINUTE_MS = 60_000


def resident_mb(server: Server) -> int:
    """Resident memory of a running process, by /proc."""
    assert server.process is not None
    fields = Path(f"/proc/{server.process.pid}/status").read_text().split("VmRSS:", 1)[1].split()
    return int(fields[0]) // 1024


def show(name: str, **values: object) -> None:
    """One JSON object a line."""
    print(json.dumps({"name": name, **values}), flush=True)


def write_district(town: Town, folder: Path) -> None:
    """A data directory whose ledger holds the registry of the town."""
    database, now = open_database(folder / "data"), time.time_ns() // 1_000_000

    def store(tx: Connection) -> None:
        registry.put_cells(tx, town.cells, now)
        registry.put_places(tx, town.places, now)
        registry.put_people(tx, town.people, now)
        registry.put_devices(tx, town.devices, now)

    asyncio.run(database.write(store))
    database.close()


def measure_keys(town: Town, kinds: Mapping[str, Kind], books: Sequence[Rulebook], sample: int) -> KeyedRegistry:
    """In this process: the registry by keys, as each worker holds it; the bytes of a key as the job stores them; the
    memory of keys that a slot holds decoded.
    """
    now, before = time.time_ns() // 1_000_000, own_mb()
    keys = KeyedRegistry(books, kinds)
    events = dict(keys.update(town.devices, community(town.places, town.cells, town.people), now))
    show("keyed_registry_mb", value=own_mb() - before, devices=len(town.devices), keys=len(events))
    host, before, stored, registries = DeviceHost(books, kinds), own_mb(), 0, 0
    chosen = list(events.items())[:: max(1, len(events) // sample)]
    for key, event in chosen:
        store = StoredBytes()
        host.apply(key, event, store)
        for device in event.registry.devices:
            host.apply(key, KeyedReadings(now + 1, (reading_of(device, now),)), store)
        stored, registries = stored + len(store.state or b""), registries + len(store.registry or b"")
    show(
        "key_decoded_bytes", value=round((own_mb() - before) * 2**20 / len(chosen)), sample=len(chosen),
        state_bytes=round(stored / len(chosen)), registry_bytes=round(registries / len(chosen)),
    )  # fmt: skip
    return keys


class StoredBytes:
    """The stored state of one key."""

    registry: bytes | None = None
    state: bytes | None = None


def own_mb() -> float:
    """Resident memory of this process."""
    return int(Path("/proc/self/status").read_text().split("VmRSS:", 1)[1].split()[0]) / 1024


def settled(cluster: LocalCluster) -> dict[str, int]:
    """The newest checkpoint after everything was evaluated: when two in succession have the same size."""
    sizes: list[dict[str, int]] = []

    def same() -> bool:
        answer = cluster.flink.get(f"jobs/{cluster.job}/checkpoints") or {}
        newest = (answer.get("latest") or {}).get("completed") or {}
        if newest and (not sizes or newest["id"] != sizes[-1]["id"]):
            sizes.append({"id": newest["id"], "bytes": newest["state_size"]})
        return len(sizes) > 3 and sizes[-1]["bytes"] > 1_000_000 and sizes[-1]["bytes"] == sizes[-2]["bytes"]

    wait_until(same, "a steady checkpoint", 600)
    return sizes[-1]


def main() -> None:
    """The keys in this process, then both kinds of process."""
    parser = argparse.ArgumentParser(prog="benchmarks.cluster_memory", description=__doc__)
    parser.add_argument("--slots", type=int, default=2, help="of the job, one in each task manager")
    parser.add_argument("--sample", type=int, default=5_000, help="keys that are held decoded in this process")
    parser.add_argument("--keys-only", action="store_true", help="without Kafka and Flink")
    options = parser.parse_args()
    slots: int = options.slots
    town, kinds = build_town("district", 1), load_kinds()
    books = list(load_active_rulebooks(kinds))
    keys = measure_keys(town, kinds, books, options.sample)
    if options.keys_only:
        return
    with tempfile.TemporaryDirectory() as name:
        write_district(town, Path(name))
        with LocalCluster(
            Path(name), JobDefinitions(dict(kinds), books), partitions=2, parallelism=slots, checkpoint_ms=10_000,
            heap_mb=768, task_managers=slots,
        ) as cluster:  # fmt: skip
            measure(cluster, Path(name), town, keys, slots)


def measure(cluster: LocalCluster, folder: Path, town: Town, keys: KeyedRegistry, slots: int) -> None:
    """Before, with the registry, and with a state for each device."""
    devices = len(town.devices)
    cluster.kafka.create_topics({FRAMES: 2, REFUSALS: 1})
    (port,) = free_ports(1)
    for server in cluster.flink.task_managers:
        show("task_manager_empty_mb", value=resident_mb(server))
    with running_broker(folder / "broker", port):
        url = f"mqtt://127.0.0.1:{port}"
        worker = ingest_worker("memory", cluster.kafka.bootstrap, url, folder, "--publish-registry")
        worker.start()
        try:
            wait_until(lambda: "receiving" in worker.log.read_text(), "the worker", 600)
            show("ingest_worker_mb", value=resident_mb(worker), devices=devices)
        finally:
            worker.kill()
    show("flink_state_with_registry_mb", value=settled(cluster)["bytes"] // 2**20)
    for server in cluster.flink.task_managers:
        show("task_manager_with_registry_mb", value=resident_mb(server), slots=slots, devices=devices)
    write_readings(cluster, town, keys)
    show("flink_state_with_readings_mb", value=settled(cluster)["bytes"] // 2**20)
    for server in cluster.flink.task_managers:
        show("task_manager_with_readings_mb", value=resident_mb(server), slots=slots, devices=devices)


def write_readings(cluster: LocalCluster, town: Town, keys: KeyedRegistry) -> None:
    """A reading of each device, under the key that it has."""
    now, writer = time.time_ns() // 1_000_000, cluster.writer()
    writer.write((now, keys.key_of(one.id), KeyedReadings(now, (reading_of(one, now),))) for one in town.devices)
    writer.write_clock(now + MINUTE_MS)
    writer.flush()


def reading_of(device: Device, now: int) -> Reading:
    """What any device may send."""
    return Reading(device.id, device.kind, now, now, {"battery_pct": 80.0, "rssi_dbm": -70.0})


if __name__ == "__main__":
    main()
