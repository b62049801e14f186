"""kill -9 while buttons are pressed that send neither time nor counter: is each press one reading, of equal bytes too?

    python -m benchmarks.presses [--kills 20] [--presses 3000] [--seed 1]

`--presses` is how many are published around each kill. A third of the buttons is on a platform's own topics, a third on
our urgent topic, a third on our ordinary one; the first two thirds are brought by both sessions. What else is said
keeps the sessions busy, so that kills hit messages that are journaled and not acknowledged.
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
    """Where this button is pressed, and always with the same words."""
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
    """Presses by number, the buttons in turn; returns when the broker has taken all."""
    connection, acked, packets = connect(port), 0, []
    for number in range(first, last):
        others = [publish(b"fengshao/v1/meter/up", 1 + each, {"volume_m3": 1}) for each in range(OTHERS)]
        where, said = topic(number % BUTTONS)
        packets += [*others, publish(where.encode(), number % 60_000 + 100, said)]
    for start in range(0, len(packets), 500):
        connection.sendall(b"".join(packets[start : start + 500]))
        while 4 * start - acked > 4 * 5_000:
            acked += len(connection.recv(65_536))
    while acked < 4 * len(packets):
        acked += len(connection.recv(65_536))
    connection.close()


def pressed(kills: int, each: int, seed: int, *, log: bool = True) -> tuple[int, int]:
    """How many presses were lost, and how many were read twice."""
    chance, total = random.Random(seed), each * (kills + 1)
    with tempfile.TemporaryDirectory() as folder, service(devices=device_list(Path(folder))) as running:
        for first in range(0, total, each):
            sender = threading.Thread(target=send, args=(running.mqtt, first, first + each))
            sender.start()
            if first + each < total:
                time.sleep(chance.uniform(0.02, 0.5))
                running.kill()
                running.start()
            sender.join()
            _drain(running)
            if log:
                print(f"{first + each} published", file=sys.stderr)
        running.stop()
        return _compared(running.data, total)


def _drain(running: Service) -> None:
    """Until a last message is in the history and nothing waits: what a broker holds is bounded."""
    heard, connection = _ends(running), connect(running.mqtt)
    connection.sendall(publish(f"fengshao/v1/{END}/up".encode(), 9, {"volume_m3": 1}))
    connection.recv(4)
    connection.close()
    ends = time.time() + DRAINED_WITHIN_S
    while time.time() < ends:
        with contextlib.suppress(httpx2.TransportError):
            if _ends(running) > heard and running.sample("fengshao_backlog_entries") == 0:
                return
        time.sleep(0.2)
    raise RuntimeError("the last message did not come")


def _ends(running: Service) -> int:
    return len(running.get(f"/api/v1/devices/{END}/readings?quantity=volume_m3&limit=1000")["items"])


def _compared(data: Path, total: int) -> tuple[int, int]:
    wanted = Counter(f"button-{number % BUTTONS:02d}" for number in range(total))
    history = DuckDbHistory(data / "history.duckdb")
    try:
        said = history.sorted_replay(0, 2**52)
        found = Counter(reading.device for reading in said if reading.device.startswith("button-"))
    finally:
        history._connection.close()
    return (wanted - found).total(), (found - wanted).total()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--presses", type=int, default=3_000)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    lost, twice = pressed(wanted.kills, wanted.presses, wanted.seed)
    print(f"{wanted.kills} kills, {wanted.presses * (wanted.kills + 1)} presses: {lost} lost, {twice} read twice")
    return 1 if lost or twice else 0


if __name__ == "__main__":
    sys.exit(main())
