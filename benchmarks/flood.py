"""A publisher fast enough not to limit the measurement: packets are built before the clock starts.

    python -m benchmarks.flood PORT COUNT DEVICES [ROOT]

Prints `start EPOCH_S MARKER_MS`, then `published RATE`. The last message is one reading of the device `marker`, with
the time MARKER_MS. ROOT (`fengshao/v1`) is where it publishes: another root of the same length is not received by the
service.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
import time
from collections.abc import Mapping

ROOT = "fengshao/v1"
BLOCK = 1_000
WINDOW = 20_000


def encode_string(raw: bytes) -> bytes:
    return struct.pack("!H", len(raw)) + raw


def encode_length(size: int) -> bytes:
    out = b""
    while True:
        size, low = divmod(size, 128)
        out += bytes([low | (128 if size else 0)])
        if not size:
            return out


def publish(topic: bytes, packet_id: int, payload: Mapping[str, object]) -> bytes:
    """A QoS 1 PUBLISH of MQTT 3.1.1."""
    body = encode_string(topic) + struct.pack("!H", packet_id) + json.dumps(payload).encode()
    return b"\x32" + encode_length(len(body)) + body


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


def connect(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port))
    connect_body = (
        encode_string(b"MQTT") + bytes([4, 2]) + struct.pack("!H", 600) + encode_string(b"flood%d" % os.getpid())
    )
    connection.sendall(b"\x10" + encode_length(len(connect_body)) + connect_body)
    connection.recv(4)
    return connection


def main() -> None:
    port, count, devices = (int(argument) for argument in sys.argv[1:4])
    root = sys.argv[4] if len(sys.argv) > 4 else ROOT
    base_ms, seq = int(time.time() * 1000) - 60_000, int(time.time()) % 100_000 * 100_000
    blocks = [
        b"".join(reading(start + k, devices, base_ms, seq, root) for k in range(min(BLOCK, count - start)))
        for start in range(0, count, BLOCK)
    ]
    connection = connect(port)
    started = time.time()
    marker_ms = int(started * 1000)
    print(f"start {started:.6f} {marker_ms}", flush=True)
    acked = 0.0
    for sent, block in enumerate(blocks, 1):
        connection.sendall(block)
        while sent * BLOCK - acked > WINDOW:
            acked += len(connection.recv(65_536)) / 4
    while acked < count - 0.5:
        acked += len(connection.recv(65_536)) / 4
    connection.sendall(publish(f"{root}/marker/up".encode(), 65_001, {"ts": marker_ms, "seq": seq, "lel_pct": 0.1}))
    connection.recv(4)
    print(f"published {count / (time.time() - started):.0f}", flush=True)


if __name__ == "__main__":
    main()
