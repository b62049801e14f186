"""Intake rate (journal, PUBACK, rules, history), compared with `mosquitto_sub` on the same broker."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from benchmarks.flood import ROOT
from benchmarks.result import Result
from benchmarks.service import Service, service

COUNT = 400_000
DEVICES = 5_000
ROUNDS = 5
OTHER_ROOT = "elsewhere/1"
"""A root of the same length that the service does not receive: `mosquitto_sub` is measured without its load."""
POLL_EVERY_S = 0.05


def device_list(folder: Path, devices: int) -> Path:
    """A CSV of native gas alarms `gas-000000` ... and the marker."""
    file = folder / "devices.csv"
    rows = [f"gas-{number:06d},gas_alarm" for number in range(devices)]
    file.write_text("id,kind\n" + "\n".join([*rows, "marker,gas_alarm"]) + "\n")
    return file


def flood(port: int, count: int, root: str = ROOT, devices: int = DEVICES) -> tuple[subprocess.Popen[str], float, int]:
    """Starts the publisher and returns it with the instant of its first byte and the time of its marker."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.flood", str(port), str(count), str(devices), root],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    _, started, marker_ms = process.stdout.readline().split()
    return process, float(started), int(marker_ms)


def by_mosquitto_sub(port: int, count: int) -> float:
    """Readings a second that `mosquitto_sub -q 1` receives from the same broker, while the service is idle."""
    command = ["mosquitto_sub", "-p", str(port), "-q", "1", "-t", f"{OTHER_ROOT}/#", "-C", str(count + 1)]
    listener = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    time.sleep(0.5)
    publisher, started, _ = flood(port, count, OTHER_ROOT)
    listener.wait(120)
    rate = count / (time.time() - started)
    publisher.wait(60)
    return rate


def by_fengshao(running: Service, count: int, devices: int = DEVICES) -> float:
    """Readings a second until all are evaluated and the marker, published last, is in the history.

    The history is queried only when everything is evaluated: a query flushes its buffer, and costs time itself.
    """
    before = running.sample("fengshao_readings_total")
    publisher, started, marker_ms = flood(running.mqtt, count, ROOT, devices)
    while running.sample("fengshao_readings_total") < before + count + 1:
        time.sleep(POLL_EVERY_S)
    while marker_ms not in marks(running):
        time.sleep(POLL_EVERY_S)
    rate = count / (time.time() - started)
    publisher.wait(60)
    return rate


def marks(running: Service) -> set[int]:
    """The times of the markers that are in the history."""
    items = running.get("/api/v1/devices/marker/readings?limit=1000")["items"]
    return {round(datetime.fromisoformat(item["at"]).timestamp() * 1000) for item in items}


def run() -> Iterator[Result]:
    """Alternating rounds on one broker, so that changes of the machine affect both sides."""
    with tempfile.TemporaryDirectory() as folder:
        devices_file = device_list(Path(folder), DEVICES)
        with service(devices=devices_file) as running:
            ours, theirs = [], []
            for _ in range(ROUNDS):
                theirs.append(by_mosquitto_sub(running.mqtt, COUNT))
                ours.append(by_fengshao(running, COUNT))
            ratios = sorted(own / other for own, other in zip(ours, theirs, strict=True))
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
