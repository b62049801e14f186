"""`python -m benchmarks.screens [SITE]`: 200 screens on one service while 100 alerts a second change; prints JSON.

The service (benchmarks/town_service.py) runs in a process of its own with 500 open alerts; without SITE it is that of
the demo. A second process holds the event streams: half of them of administrators, a quarter of viewers, a quarter of
viewers of one area of the map. The delay of an event is from the `updated_at` that the service wrote to its arrival
on the same machine. The processor time of a screen is what the service takes more
than with the same events and no screen.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from statistics import quantiles
from typing import Any, Final

import httpx2

from benchmarks.town_service import TownService, town_service
from tests.support.demo_town import DemoTown

ALERTS: Final = int(os.environ.get("WALL_ALERTS", "500"))
SCREENS: Final = int(os.environ.get("SCREENS", "200"))
SECONDS: Final = 20
OPENED_S: Final = 10
"""How long after their start the screens are all open."""
_UPDATED: Final = re.compile(rb'"updated_at":"([^"]+)"')


class Screen:
    """One event stream; keeps the delay of each alert's event, in seconds."""

    def __init__(self) -> None:
        self.delays: list[float] = []
        self.bytes = self.resyncs = 0

    async def run(self, port: int, token: str) -> None:
        """Until cancelled."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
        request = f"GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n"
        writer.write(request.encode())
        if b" 200 " not in await reader.readline():
            raise RuntimeError("the service refused a stream")
        rest = b""
        while chunk := await reader.read(1 << 18):
            self.bytes += len(chunk)
            now, (*lines, rest) = time.time(), (rest + chunk).split(b"\n")
            for line in lines:
                self._read(line, now)
        raise RuntimeError("the service ended a stream")

    def _read(self, line: bytes, now: float) -> None:
        if line == b"event: resync":
            self.resyncs += 1
        elif line.startswith(b'data: {"id"') and (updated := _UPDATED.search(line)):
            self.delays.append(now - datetime.fromisoformat(updated[1].decode()).timestamp())


async def watch(port: int, number: int, seconds: float, tokens: Sequence[str]) -> dict[str, Any]:
    """`number` streams for so many seconds; the delays of their events."""
    screens = [Screen() for _ in range(number)]
    tasks = [asyncio.create_task(screen.run(port, tokens[n % len(tokens)])) for n, screen in enumerate(screens)]
    done, pending = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()
    for task in pending:
        task.cancel()
    delays_ms = sorted(delay * 1000 for screen in screens for delay in screen.delays)
    hundredths = quantiles(delays_ms, n=100)
    counts = [len(screen.delays) for screen in screens]
    return {
        "events": len(delays_ms),
        "events_of_a_screen": [min(counts), max(counts)],
        "resyncs": sum(screen.resyncs for screen in screens),
        "mb": round(sum(screen.bytes for screen in screens) / 2**20, 1),
        "delay_p50_ms": round(hundredths[49], 1),
        "delay_p99_ms": round(hundredths[98], 1),
        "delay_max_ms": round(delays_ms[-1], 1),
    }


def _tokens(town: TownService) -> list[str]:
    """Of four screens in turn: two of an administrator, one of a viewer, one of a viewer of an area."""
    with httpx2.Client(base_url=town.root, headers={"Authorization": f"Bearer {town.token}"}, timeout=60) as client:
        area = client.get("/api/v1/places/overview").json()["items"][0]["id"]
        of_viewers = [{"role": "viewer"}, {"role": "viewer", "place": area}]
        made = [client.post("/api/v1/tokens", json=body).raise_for_status().json()["token"] for body in of_viewers]
    return [town.token, made[0], town.token, made[1]]


def _processor_share(town: TownService) -> tuple[float, float]:
    """The share of a processor that the service takes while events are published, and the events a second."""
    before, begin = town.processor_s(), time.time()
    rate = town.change_alerts(SECONDS)
    return (town.processor_s() - before) / (time.time() - begin), rate


def measure(town: TownService) -> dict[str, Any]:
    without, _ = _processor_share(town)
    command = [sys.executable, "-m", "benchmarks.screens", str(town.port), str(SCREENS), str(SECONDS + OPENED_S + 5)]
    environ = {**os.environ, "SCREEN_TOKENS": ",".join(_tokens(town))}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ) as watching:
        time.sleep(OPENED_S)
        with_screens, rate = _processor_share(town)
        printed, _ = watching.communicate(timeout=SECONDS + 60)
    return {
        "alerts": town.alerts,
        "screens": SCREENS,
        "events_per_s": rate,
        "processor_share_without": round(without, 3),
        "processor_share": round(with_screens, 3),
        "added_ms_per_screen_and_s": round((with_screens - without) / SCREENS * 1000, 2),
        **json.loads(printed),
        "load_of_machine": round(os.getloadavg()[0], 1),
    }


def main() -> None:
    if "SCREEN_TOKENS" in os.environ:
        port, number, seconds = sys.argv[1:]
        tokens = os.environ["SCREEN_TOKENS"].split(",")
        print(json.dumps(asyncio.run(watch(int(port), int(number), float(seconds), tokens))))
        return
    with town_service(Path(sys.argv[1]) if len(sys.argv) > 1 else DemoTown.source, ALERTS) as town:
        print(json.dumps(measure(town)), flush=True)


if __name__ == "__main__":
    main()
