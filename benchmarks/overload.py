"""SOS under overload: evaluation is limited to a fifth of a flood of water-meter readings, with one SOS a second.

Half of them come on the urgent topic, half on the topic of a platform; every other second one more comes on the
ordinary topic, where only its content makes it urgent. Measured from publish to the request at the SMS provider.
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
"""How long the backlog grows before the first SOS."""
DRAINED_WITHIN_S = 240.0
TOPIC_TYPES = ("alarm topic", "platform's topic", "ordinary topic")


def write_site(folder: Path, provider_port: int, calls: int) -> None:
    """A household, cell, worker and phone for each call, so that no budget and no grouping delays it."""
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
    """Publishes water-meter readings at a steady rate, then the marker. Runs in its own process."""
    connection, started, sent = connect(port), time.time(), 0
    while (elapsed := time.time() - started) < seconds:
        due = int(elapsed * per_s)
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
    payload = {"seq": number // METERS, "volume_m3": number / 1000, "flow_m3h": 0.1, "leak": False, "battery_pct": 90}
    return publish(f"fengshao/v1/meter-{number % METERS}/up".encode(), number % 65_000 + 1, payload)


def _topic(topic_type: int, number: int) -> str:
    return (f"fengshao/v1/button-{number}/alarm", f"zigbee2mqtt/button-{number}", f"fengshao/v1/button-{number}/up")[
        topic_type
    ]


async def call(port: int, seconds: int) -> dict[str, tuple[int, float]]:
    """Publishes one SOS a second, alternating between the urgent topics, and others on the ordinary topic between them.

    Returns the topic type and the instant, by phone.
    """
    sent: dict[str, tuple[int, float]] = {}
    schedule = [(second, second % 2) for second in range(seconds)] + [
        (second + 0.5, 2) for second in range(0, seconds, 2)
    ]
    async with aiomqtt.Client("127.0.0.1", port) as client:
        started = time.time()
        for number, (due, topic_type) in enumerate(sorted(schedule)):
            await asyncio.sleep(max(0.0, started + due - time.time()))
            sent[phone(number)] = topic_type, time.time()
            await client.publish(_topic(topic_type, number), '{"sos": true}', qos=1)
    return sent


class Memory:
    """The resident memory of the service, sampled four times a second."""

    def __init__(self, running: Service) -> None:
        self.before = self.peak = running.resident_mb()
        self._running, self._stopped = running, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._stopped.wait(0.25):
            self.peak = max(self.peak, self._running.resident_mb())

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()


def drain(running: Service) -> float:
    """Waits until the last message of the flood is in the history; returns the seconds."""
    started = time.time()
    while not running.get("/api/v1/devices/marker/readings")["items"]:
        if time.time() - started > DRAINED_WITHIN_S:
            raise RuntimeError("the backlog was not judged")
        time.sleep(0.2)
    return time.time() - started


def run() -> Iterator[Result]:
    provider, calls = Provider(), max(2, SECONDS - round(LEAD_S) - 2)
    with tempfile.TemporaryDirectory() as folder:
        write_site(Path(folder), provider.port, 2 * calls)
        secrets = dict.fromkeys(("KEY_ID", "KEY_SECRET", "CALLBACK_SECRET"), "x" * 43)
        with service(
            site=Path(folder), environ={f"FENGSHAO_ALIYUN_{name}": secret for name, secret in secrets.items()}
        ) as running:
            memory = Memory(running)
            command = [sys.executable, "-m", "benchmarks.overload", str(running.mqtt), str(FLOOD_PER_S), str(SECONDS)]
            meters = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            time.sleep(LEAD_S)
            sent = asyncio.run(call(running.mqtt, calls))
            flooded = int(meters.communicate(timeout=120)[0])
            rest_s = drain(running)
            memory.stop()
            yield _result(provider, sent, flooded, round(running.sample("fengshao_readings_total")), rest_s, memory)


def _result(
    provider: Provider, sent: dict[str, tuple[int, float]], flooded: int, readings: int, rest_s: float, memory: Memory
) -> Result:
    durations_ms: dict[int, list[float]] = {0: [], 1: [], 2: []}
    for number, (topic_type, at) in sent.items():
        if number in provider.requests:
            durations_ms[topic_type].append((provider.requests[number] - at) * 1000)
    p99_ms = {TOPIC_TYPES[topic_type]: round(_p99(durations), 1) for topic_type, durations in durations_ms.items()}
    detail = {
        "p99_ms": p99_ms,
        "calls": len(sent),
        "never_sent": len(sent) - sum(map(len, durations_ms.values())),
        "seconds": SECONDS,
        "flood_per_s": round(flooded / SECONDS),
        "judging_held_to_per_s": FLOOD_PER_S // 5,
        "unjudged_at_the_end": flooded + 1 + len(sent) - readings,
        "rest_judged_within_s": round(rest_s, 1),
        "resident_mb": [round(memory.before), round(memory.peak)],
    }
    return Result("overload_sos_p99_ms", round(_p99(durations_ms[0] + durations_ms[1]), 1), "ms", detail)


def _p99(durations: list[float]) -> float:
    return sorted(durations)[min(len(durations) - 1, int(len(durations) * 0.99))] if durations else float("nan")


if __name__ == "__main__":
    flood(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
