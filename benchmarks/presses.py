"""kill -9 while buttons are pressed that send neither time nor counter: checks that each press is one reading, also of
equal bytes.

    python -m benchmarks.presses [--kills 20] [--presses 3000] [--seed 1]

`--presses` is how many are published around each kill. A third of the buttons is on topics of a platform, a third on
our urgent topic, a third on our ordinary one; the first two thirds are received by both sessions. Other readings keep
the sessions busy, so that kills hit messages that are journaled and not acknowledged.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import httpx2

from benchmarks.flood import connect, publish
from benchmarks.service import Service, service
from store.history.duckdb.history import DuckDbHistory

BUTTONS = 30
OTHERS = 9
"""Readings of a meter between two presses."""

DRAINED_WITHIN_S = 120.0
END = "meter-end"


def topic(button: int) -> tuple[str, dict[str, object]]:
    """The topic of a button, and the payload of each of its presses."""
    if button % 3 == 0:
        return f"zigbee2mqtt/button-{button:02d}", {"action": "single"}
    return f"fengshao/v1/button-{button:02d}/{('up', 'alarm')[button % 3 - 1]}", {"sos": True}


def device_list(folder: Path) -> Path:
    """The buttons, and the meters."""
    file = folder / "devices.csv"
    rows = [f"button-{number:02d},sos_button,{('zigbee2mqtt', '', '')[number % 3]}" for number in range(BUTTONS)]
    file.write_text("id,kind,platform\n" + "\n".join([*rows, "meter,water_meter,", f"{END},water_meter,"]) + "\n")
    return file


def send(port: int, first: int, last: int) -> None:
    """Publishes presses by number, the buttons in turn; returns when the broker has acknowledged all."""
    connection, acked, packets = connect(port), 0, []
    for number in range(first, last):
        others = [publish(b"fengshao/v1/meter/up", 1 + packet, {"volume_m3": 1}) for packet in range(OTHERS)]
        topic_name, payload = topic(number % BUTTONS)
        packets += [*others, publish(topic_name.encode(), number % 60_000 + 100, payload)]
    for start in range(0, len(packets), 500):
        connection.sendall(b"".join(packets[start : start + 500]))
        while 4 * start - acked > 4 * 5_000:
            acked += len(connection.recv(65_536))
    while acked < 4 * len(packets):
        acked += len(connection.recv(65_536))
    connection.close()


def run_with_kills(kills: int, presses_per_kill: int, seed: int, *, log: bool = True) -> tuple[int, int]:
    """Returns how many presses were lost, and how many were read twice."""
    chance, total = random.Random(seed), presses_per_kill * (kills + 1)
    with tempfile.TemporaryDirectory() as folder, service(devices=device_list(Path(folder))) as running:
        for first in range(0, total, presses_per_kill):
            sender = threading.Thread(target=send, args=(running.mqtt, first, first + presses_per_kill))
            sender.start()
            if first + presses_per_kill < total:
                time.sleep(chance.uniform(0.02, 0.5))
                running.kill()
                running.start()
            sender.join()
            _drain(running)
            if log:
                print(f"{first + presses_per_kill} published", file=sys.stderr)
        running.stop()
        return _compare(running.data, total)


def _drain(running: Service) -> None:
    """Waits until a last message is in the history and the backlog is empty: the queue of a broker is bounded."""
    received_before, connection = _count_end_readings(running), connect(running.mqtt)
    connection.sendall(publish(f"fengshao/v1/{END}/up".encode(), 9, {"volume_m3": 1}))
    connection.recv(4)
    connection.close()
    deadline = time.time() + DRAINED_WITHIN_S
    while time.time() < deadline:
        with contextlib.suppress(httpx2.TransportError):
            if _count_end_readings(running) > received_before and running.sample("fengshao_backlog_entries") == 0:
                return
        time.sleep(0.2)
    raise RuntimeError("the last message did not come")


def _count_end_readings(running: Service) -> int:
    return len(running.get(f"/api/v1/devices/{END}/readings?quantity=volume_m3&limit=1000")["items"])


def _compare(data: Path, total: int) -> tuple[int, int]:
    expected = Counter(f"button-{number % BUTTONS:02d}" for number in range(total))
    history = DuckDbHistory(data / "history.duckdb")
    try:
        readings = history.sorted_replay(0, 2**52)
        found = Counter(reading.device for reading in readings if reading.device.startswith("button-"))
    finally:
        history._connection.close()
    return (expected - found).total(), (found - expected).total()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--presses", type=int, default=3_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    lost, twice = run_with_kills(arguments.kills, arguments.presses, arguments.seed)
    print(
        f"{arguments.kills} kills, {arguments.presses * (arguments.kills + 1)} presses: {lost} lost, {twice} read twice"
    )
    return 1 if lost or twice else 0


if __name__ == "__main__":
    sys.exit(main())
