"""A publisher fast enough not to limit the measurement: packets are built before the clock starts.

    python -m benchmarks.flood PORT COUNT DEVICES [ROOT]
    python -m benchmarks.flood --rate RATE SECONDS PORT

Prints `start EPOCH_S MARKER_MS`, then `published RATE`. The last message is one reading of the device `marker`, with
the time MARKER_MS. ROOT (`fengshao/v1`) is where it publishes: another root of the same length is not received by the
service. With --rate it holds a rate for some seconds, as `fengshao simulate --rate` does, and prints what was reached
and the processor time a message took.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from collections.abc import Mapping

from simulators.load import LoadConnection, LoadSettings, connect_packet, publish_packet, run_load

ROOT = "fengshao/v1"
BLOCK = 1_000
WINDOW = 20_000
DEVICES = 5_000


def publish(topic: bytes, packet_id: int, payload: Mapping[str, object]) -> bytes:
    """A QoS 1 PUBLISH of MQTT 3.1.1."""
    return publish_packet(topic, packet_id, json.dumps(payload).encode())


def reading(index: int, devices: int, base_ms: int, seq: int, root: str = ROOT) -> bytes:
    payload = {
        "ts": base_ms + index // devices,
        "seq": seq + index,
        "lel_pct": round((index * 7919 % 400) / 100, 2),
        "co_ppm": 3,
        "temp_c": 24.5,
        "battery_pct": 88,
        "rssi_dbm": -71,
    }
    return publish(f"{root}/gas-{index % devices:06d}/up".encode(), index % 65_000 + 1, payload)


def connect(port: int, client: str = "flood") -> socket.socket:
    """A plain socket, for benchmarks that send and receive themselves. Two at a time need two client ids: the broker
    closes the first of two connections with one."""
    connection = socket.create_connection(("127.0.0.1", port))
    connection.sendall(connect_packet(f"{client}{os.getpid()}"))
    connection.recv(4)
    return connection


def main() -> None:
    if sys.argv[1] == "--rate":
        hold_rate(int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
        return
    port, count, devices = (int(argument) for argument in sys.argv[1:4])
    root = sys.argv[4] if len(sys.argv) > 4 else ROOT
    base_ms, seq = int(time.time() * 1000) - 60_000, int(time.time()) % 100_000 * 100_000
    blocks = [
        b"".join(reading(start + k, devices, base_ms, seq, root) for k in range(min(BLOCK, count - start)))
        for start in range(0, count, BLOCK)
    ]
    connection = LoadConnection("127.0.0.1", port, f"flood{os.getpid()}")
    started = time.time()
    marker_ms = int(started * 1000)
    print(f"start {started:.6f} {marker_ms}", flush=True)
    for sent, block in enumerate(blocks, 1):
        connection.send(block)
        connection.wait_for(sent * BLOCK - WINDOW)
    connection.wait_for(count)
    published = time.time() - started
    connection.send(publish(f"{root}/marker/up".encode(), 65_001, {"ts": marker_ms, "seq": seq, "lel_pct": 0.1}))
    connection.wait_for(count + 1)
    print(f"published {count / published:.0f}", flush=True)


def hold_rate(rate: int, seconds: float, port: int) -> None:
    connection = LoadConnection("127.0.0.1", port, f"flood{os.getpid()}")
    before = time.process_time()
    settings = LoadSettings(rate, seconds, [f"gas-{number:06d}" for number in range(DEVICES)])
    result = run_load(connection, settings, lambda: int(time.time() * 1000), time.monotonic, time.sleep)
    cpu_us = (time.process_time() - before) / result.sent * 1e6
    print(
        f"sent {result.sent} acknowledged {result.acknowledged} rate {result.rate:.0f}"
        f" behind_ms {result.behind_ms:.0f} cpu_us {cpu_us:.2f}"
    )


if __name__ == "__main__":
    main()
