"""How fast readings come in (journaled, acked, judged, in the history), against `mosquitto_sub` on the same broker."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.result import Result
from benchmarks.service import Service, service

COUNT = 200_000
DEVICES = 5_000
ROUNDS = 3


def device_list(folder: Path, devices: int) -> Path:
    """A CSV of native gas alarms `gas-000000` ... and the marker."""
    file = folder / "devices.csv"
    rows = [f"gas-{number:06d},gas_alarm" for number in range(devices)]
    file.write_text("id,kind\n" + "\n".join([*rows, "marker,gas_alarm"]) + "\n")
    return file


def flood(port: int, count: int) -> tuple[subprocess.Popen[str], float]:
    """Starts the publisher and returns it with the instant of its first byte."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.flood", str(port), str(count), str(DEVICES)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, float(process.stdout.readline().split()[1])


def by_mosquitto_sub(port: int, count: int) -> float:
    """Readings a second that `mosquitto_sub -q 1` takes from the same broker."""
    command = ["mosquitto_sub", "-p", str(port), "-q", "1", "-t", "fengshao/v1/#", "-C", str(count + 1)]
    listener = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    time.sleep(0.5)
    publisher, started = flood(port, count)
    listener.wait(120)
    taken = count / (time.time() - started)
    publisher.wait(60)
    return taken


def by_fengshao(running: Service, count: int) -> float:
    """Readings a second until the marker, published last, is in the history and everything before it is judged."""
    before = len(running.get("/api/v1/devices/marker/readings")["items"])
    publisher, started = flood(running.mqtt, count)
    while len(running.get("/api/v1/devices/marker/readings")["items"]) == before:
        time.sleep(0.02)
    taken = count / (time.time() - started)
    publisher.wait(60)
    return taken


def run() -> Iterator[Result]:
    """Rounds in turn on one broker, so that the machine's mood touches both sides."""
    with tempfile.TemporaryDirectory() as folder:
        listed = device_list(Path(folder), DEVICES)
        with service(devices=listed) as running:
            ours, theirs = [], []
            for _ in range(ROUNDS):
                theirs.append(by_mosquitto_sub(running.mqtt, COUNT))
                ours.append(by_fengshao(running, COUNT))
            ratios = sorted(mine / other for mine, other in zip(ours, theirs, strict=True))
            middle = ROUNDS // 2
            yield Result(
                "intake_ratio_mosquitto_sub",
                round(ratios[middle], 3),
                "ratio",
                {"rounds": [round(ratio, 3) for ratio in ratios], "readings": COUNT, "devices": DEVICES},
            )
            yield Result(
                "intake_readings_per_s",
                round(sorted(ours)[middle]),
                "1/s",
                {"mosquitto_sub_per_s": round(sorted(theirs)[middle]), "resident_mb": round(running.resident_mb())},
            )
