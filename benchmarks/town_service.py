"""A service of a town in a process of its own, with open alerts and quiet, that changes alerts on its stream on demand.

`python -m benchmarks.town_service SITE ALERTS` prints one JSON object once it is quiet: `port`, `token`, `alerts`. For
each line of its input, a number of seconds, it publishes EVENTS_PER_S changed alerts a second on the hub of the stream
and prints how many a second there were. The `updated_at` of each is the instant of its publication. It ends with its
input.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

from app.server.console import build_app
from app.server.garbage import freeze_gc
from benchmarks.service import free_port
from console.api.alerts import item_views
from tests.conftest import running_broker
from tests.support.demo_town import DemoTown
from tests.support.service_harness import TOKEN

EVENTS_PER_S: Final = 100
OPENED_WITHIN_S: Final = 600
QUIET_WITHIN_S: Final = 120
QUIET_SHARE: Final = 0.05
"""A service that takes less than this share of a processor is quiet."""
_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")


class TownService:
    """The service's process, seen from that of a benchmark."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        started = self._read()
        self.port, self.token, self.alerts = int(started["port"]), str(started["token"]), int(started["alerts"])
        self.root = f"http://127.0.0.1:{self.port}"

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the service of the town ended with {self._process.wait(10)}")
        return dict(json.loads(line))

    def change_alerts(self, seconds: float) -> float:
        """Changed alerts on the stream for so long; returns how many a second there were."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{seconds}\n")
        self._process.stdin.flush()
        return float(self._read()["events_per_s"])

    def processor_s(self) -> float:
        """User and system time of the process since its start, in seconds."""
        return processor_s(self._process.pid)


def processor_s(pid: int | str) -> float:
    """User and system time of a process since its start, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


@contextlib.contextmanager
def town_service(site: Path, alerts: int) -> Iterator[TownService]:
    """Starts the service with so many open alerts; yields it once it is quiet."""
    command = [sys.executable, "-m", "benchmarks.town_service", str(site), str(alerts)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        try:
            yield TownService(process)
        finally:
            process.stdin.close()
            process.wait(60)


class _Town(DemoTown):
    """The site of the command line."""

    source = Path(sys.argv[1]) if len(sys.argv) > 2 else DemoTown.source


async def _open_alerts(town: _Town, number: int) -> list[str]:
    """Gas alarms in as many buildings; returns the ids of the alerts that are open once the service is quiet."""
    detectors = [devices[0] for devices in islice(town._detectors.values(), number)]
    for detector in detectors:
        await town.publish(f"fengshao/v1/{detector.id}/alarm", {"alarm": True, "lel_pct": 18.5})
    found: list[Any] = []
    async with asyncio.timeout(OPENED_WITHIN_S):
        while len(found) < len(detectors) * 0.95:
            await asyncio.sleep(2)
            found = await town.items("/api/v1/alerts?state=open&ledger=danger&limit=1000")
    async with asyncio.timeout(QUIET_WITHIN_S):
        while await _share() > QUIET_SHARE:
            pass
    return [alert["id"] for alert in found]


async def _share() -> float:
    """The share of a processor that this process takes in two seconds."""
    before = processor_s("self")
    await asyncio.sleep(2)
    return (processor_s("self") - before) / 2


async def _publish(town: _Town, rows: Sequence[Mapping[str, Any]], seconds: float) -> float:
    begin, number = time.time(), round(EVENTS_PER_S * seconds)
    for n in range(number):
        await asyncio.sleep(max(0.0, begin + n / EVENTS_PER_S - time.time()))
        row = {**rows[n % len(rows)], "updated_at": round(time.time() * 1000), "joined": n}
        town.service.hub.publish("alert", row)
    return number / (time.time() - begin)


async def _serve(number: int) -> None:
    with tempfile.TemporaryDirectory() as folder, running_broker(Path(folder) / "broker", free_port()) as broker:
        async with _Town(Path(folder), broker.port, free_port()) as town:
            freeze_gc()  # as `fengshao up` does
            alerts = await _open_alerts(town, number)
            rows = list((await item_views(build_app(town.service).state.dependencies, alerts[:500])).values())
            print(json.dumps({"port": town.http.port, "token": TOKEN, "alerts": len(alerts)}), flush=True)
            while line := await asyncio.to_thread(sys.stdin.readline):
                rate = await _publish(town, rows, float(line))
                print(json.dumps({"events_per_s": round(rate, 1)}), flush=True)


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[2])))
