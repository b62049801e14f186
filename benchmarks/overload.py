"""SOS under overload: judging is held to a fifth of a flood of water-meter readings, and one person a second calls.

Half call on the urgent topic, half on a platform's own; beside them, every other second, one on the ordinary topic,
which only its content can bring forward. Measured from publish to the request at the SMS provider.
FENGSHAO_BENCH_OVERLOAD_S sets how long (60).
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import aiomqtt

from benchmarks.detect_to_send import Provider, phone
from benchmarks.flood import connect, publish
from benchmarks.result import Result
from benchmarks.service import Service, service

SECONDS = int(os.environ.get("FENGSHAO_BENCH_OVERLOAD_S", "60"))
FLOOD_PER_S = 20_000
METERS = 5_000
LEAD_S = 3.0
"""The backlog grows so long before the first SOS."""
DRAINED_WITHIN_S = 240.0
WAYS = ("alarm topic", "platform's topic", "ordinary topic")


def write_site(folder: Path, provider_port: int, calls: int) -> None:
    """A household, a cell, a worker and a phone for each call, so that no budget and no joining is in the way."""
    numbers = range(calls)
    (folder / "site.yaml").write_text(
        f"name: 测试社区\nsign: 测试社区\nchannels:\n  aliyun_sms:\n    base_url: http://127.0.0.1:{provider_port}\n"
        f"judging:\n  test_frames_per_s: {FLOOD_PER_S // 5}\n  test_hold: {SECONDS}s\n"
    )
    tables = {
        "cells.csv": ["id,name,level", *(f"c{n},第{n}网格,grid" for n in numbers)],
        "places.csv": ["id,name,level,cell", *(f"h{n},{n}号院,household,c{n}" for n in numbers)],
        "people.csv": ["id,name,phone", *(f"w{n},测试{n},{phone(n)}" for n in numbers)],
        "duties.csv": ["id,cell,role,person", *(f"{n},c{n},worker,w{n}" for n in numbers)],
        "devices.csv": [
            "id,kind,place,platform,platform_id",
            *(f"button-{n},sos_button,h{n},zigbee2mqtt,button-{n}" for n in numbers),
            *(f"meter-{n},water_meter,,," for n in range(METERS)),
            "marker,water_meter,,,",
        ],
    }
    for name, lines in tables.items():
        (folder / name).write_text("\n".join(lines) + "\n")


def flood(port: int, per_s: int, seconds: float) -> None:
    """Water-meter readings at a steady rate, then the marker. Runs in a process of its own."""
    connection, begun, sent = connect(port), time.time(), 0
    while (passed := time.time() - begun) < seconds:
        due = int(passed * per_s)
        connection.sendall(b"".join(_meter(number) for number in range(sent, due)))
        sent = due
        connection.setblocking(False)
        try:
            while connection.recv(65_536):
                pass
        except BlockingIOError:
            connection.setblocking(True)
        time.sleep(0.01)
    connection.sendall(publish(b"fengshao/v1/marker/up", 65_001, {"volume_m3": 1.0}))
    connection.recv(65_536)
    print(sent)


def _meter(number: int) -> bytes:
    said = {"seq": number // METERS, "volume_m3": number / 1000, "flow_m3h": 0.1, "leak": False, "battery_pct": 90}
    return publish(f"fengshao/v1/meter-{number % METERS}/up".encode(), number % 65_000 + 1, said)


def _topic(way: int, number: int) -> str:
    return (f"fengshao/v1/button-{number}/alarm", f"zigbee2mqtt/button-{number}", f"fengshao/v1/button-{number}/up")[
        way
    ]


async def call(port: int, seconds: int) -> dict[str, tuple[int, float]]:
    """One SOS a second, in turn on the two urgent ways; between them the ordinary one. By phone: way and instant."""
    sent: dict[str, tuple[int, float]] = {}
    turns = [(second, second % 2) for second in range(seconds)] + [(second + 0.5, 2) for second in range(0, seconds, 2)]
    async with aiomqtt.Client("127.0.0.1", port) as client:
        begun = time.time()
        for number, (due, way) in enumerate(sorted(turns)):
            await asyncio.sleep(max(0.0, begun + due - time.time()))
            sent[phone(number)] = way, time.time()
            await client.publish(_topic(way, number), '{"sos": true}', qos=1)
    return sent


class Memory:
    """The service's resident memory, looked at four times a second."""

    def __init__(self, running: Service) -> None:
        self.before = self.most = running.resident_mb()
        self._running, self._over = running, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._over.wait(0.25):
            self.most = max(self.most, self._running.resident_mb())

    def stop(self) -> None:
        self._over.set()
        self._thread.join()


def drained(running: Service) -> float:
    """Seconds until the last message of the flood is judged and in the history."""
    begun = time.time()
    while not running.get("/api/v1/devices/marker/readings")["items"]:
        if time.time() - begun > DRAINED_WITHIN_S:
            raise RuntimeError("the backlog was not judged")
        time.sleep(0.2)
    return time.time() - begun


def run() -> Iterator[Result]:
    provider, calls = Provider(), max(2, SECONDS - round(LEAD_S) - 2)
    with tempfile.TemporaryDirectory() as folder:
        write_site(Path(folder), provider.port, 2 * calls)
        secrets = dict.fromkeys(("KEY_ID", "KEY_SECRET", "CALLBACK_SECRET"), "x" * 43)
        with service(
            site=Path(folder), environ={f"FENGSHAO_ALIYUN_{name}": it for name, it in secrets.items()}
        ) as ours:
            memory = Memory(ours)
            command = [sys.executable, "-m", "benchmarks.overload", str(ours.mqtt), str(FLOOD_PER_S), str(SECONDS)]
            meters = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            time.sleep(LEAD_S)
            sent = asyncio.run(call(ours.mqtt, calls))
            flooded = int(meters.communicate(timeout=120)[0])
            rest = drained(ours)
            memory.stop()
            yield _result(provider, sent, flooded, round(ours.sample("fengshao_readings_total")), rest, memory)


def _result(
    provider: Provider, sent: dict[str, tuple[int, float]], flooded: int, readings: int, rest: float, memory: Memory
) -> Result:
    took: dict[int, list[float]] = {0: [], 1: [], 2: []}
    for number, (way, at) in sent.items():
        if number in provider.requests:
            took[way].append((provider.requests[number] - at) * 1000)
    worst = {WAYS[way]: round(_p99(found), 1) for way, found in took.items()}
    detail = {
        "p99_ms": worst,
        "calls": len(sent),
        "never_sent": len(sent) - sum(map(len, took.values())),
        "seconds": SECONDS,
        "flood_per_s": round(flooded / SECONDS),
        "judging_held_to_per_s": FLOOD_PER_S // 5,
        "unjudged_at_the_end": flooded + 1 + len(sent) - readings,
        "rest_judged_within_s": round(rest, 1),
        "resident_mb": [round(memory.before), round(memory.most)],
    }
    return Result("overload_sos_p99_ms", round(_p99(took[0] + took[1]), 1), "ms", detail)


def _p99(found: list[float]) -> float:
    return sorted(found)[min(len(found) - 1, int(len(found) * 0.99))] if found else float("nan")


if __name__ == "__main__":
    flood(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
