"""How fast readings come in (journaled, acked, judged, in the history), against `mosquitto_sub` on the same broker."""

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
ELSEWHERE = "elsewhere/1"
"""A root that the service does not hear, as long as ours: `mosquitto_sub` is measured with the machine to itself."""
ASK_EVERY_S = 0.05


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
    _, started, marked = process.stdout.readline().split()
    return process, float(started), int(marked)


def by_mosquitto_sub(port: int, count: int) -> float:
    """Readings a second that `mosquitto_sub -q 1` takes from the same broker, while the service has nothing to do."""
    command = ["mosquitto_sub", "-p", str(port), "-q", "1", "-t", f"{ELSEWHERE}/#", "-C", str(count + 1)]
    listener = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    time.sleep(0.5)
    publisher, started, _ = flood(port, count, ELSEWHERE)
    listener.wait(120)
    taken = count / (time.time() - started)
    publisher.wait(60)
    return taken


def by_fengshao(running: Service, count: int, devices: int = DEVICES) -> float:
    """Readings a second until all are judged and the marker, published last, is in the history.

    The history is asked only when everything is judged: a question writes out what it still holds, and is work itself.
    """
    before = running.sample("fengshao_readings_total")
    publisher, started, marked = flood(running.mqtt, count, ROOT, devices)
    while running.sample("fengshao_readings_total") < before + count + 1:
        time.sleep(ASK_EVERY_S)
    while marked not in marks(running):
        time.sleep(ASK_EVERY_S)
    taken = count / (time.time() - started)
    publisher.wait(60)
    return taken


def marks(running: Service) -> set[int]:
    """The times of the markers that are in the history."""
    items = running.get("/api/v1/devices/marker/readings?limit=1000")["items"]
    return {round(datetime.fromisoformat(item["at"]).timestamp() * 1000) for item in items}


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
