"""A history server is killed under load and comes back: what the service holds in memory meanwhile, and what is lost.

    python -m benchmarks.history_outage [--rate 5000] [--before 20] [--down 600] [--after 20]

A real VictoriaMetrics takes readings of 1,000 devices; `kill -9`, `--down` seconds of silence, start, and the history
catches up while readings go on. At the end the server is asked how many values it has of each second.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2

from benchmarks.result import Result
from domain import Lane, Reading
from store.history.remote.history import LineProtocolHistory

DEVICES = 1_000
SLICE_S = 0.1
FLUSH_READINGS = 20_000
"""As the pipeline does (app.pipeline.pending_writes); besides it flushes with every checkpoint."""
CHECKPOINT_S = 10.0
PAGE = 4096


class Server:
    """A VictoriaMetrics that can be killed and started again on its data."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port, self.url = folder, port, f"http://127.0.0.1:{port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        binary = shutil.which("victoria-metrics")
        if binary is None:
            sys.exit("victoria-metrics is not installed: run `make test-tools`")
        options = [f"-storageDataPath={self.folder}", f"-httpListenAddr=127.0.0.1:{self.port}", "-retentionPeriod=2y"]
        silent = subprocess.DEVNULL
        self.process = subprocess.Popen([binary, *options, "-loggerLevel=ERROR"], stdout=silent, stderr=silent)
        for _ in range(200):
            try:
                if httpx2.get(f"{self.url}/health").status_code == 200:
                    return
            except httpx2.HTTPError:
                time.sleep(0.05)
        sys.exit("victoria-metrics did not answer within 10 s")

    def kill(self) -> None:
        """kill -9."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def count(self) -> int:
        """Distinct values of lel_pct, of all devices: what was sent twice counts once."""
        httpx2.get(f"{self.url}/internal/force_flush", timeout=60)
        return sum(self._count_of(number) for number in range(DEVICES))

    def _count_of(self, number: int) -> int:
        selected = {"match[]": f'fengshao_lel_pct{{device="gas-{number:04d}"}}', "start": "0"}
        lines = httpx2.get(f"{self.url}/api/v1/export", params=selected, timeout=60).content.splitlines()
        return len({at for line in lines for at in json.loads(line)["timestamps"]})


class Load:
    """Readings at a steady rate, appended and flushed as the pipeline does."""

    def __init__(self, history: LineProtocolHistory, rate: int) -> None:
        self._history, self._size = history, round(rate * SLICE_S)
        self.sent, self._pos, self._unflushed, self._flushed_s = 0, 0, 0, time.monotonic()
        self.slowest_flush_ms, self.slowest_append_ms, self.rss_mb = 0.0, 0.0, resident_mb()
        self.behind = False
        self._last_at = [0] * DEVICES

    async def run(self, seconds: float) -> None:
        begin = due = time.monotonic()
        while due - begin < seconds:
            due += SLICE_S
            await self._slice()
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def _slice(self) -> None:
        now = time.time_ns() // 1_000_000
        readings = [self._reading(now) for _ in range(self._size)]
        self._pos += 1
        begin = time.perf_counter()
        self.behind = not self._history.append(Lane.BULK, self._pos, readings) or self.behind
        self.slowest_append_ms = max(self.slowest_append_ms, (time.perf_counter() - begin) * 1000)
        self._unflushed += len(readings)
        if self._unflushed >= FLUSH_READINGS or time.monotonic() - self._flushed_s >= CHECKPOINT_S:
            self._unflushed, self._flushed_s = 0, time.monotonic()
            begin = time.perf_counter()
            await self._history.flush()
            self.slowest_flush_ms = max(self.slowest_flush_ms, (time.perf_counter() - begin) * 1000)
        self.rss_mb = max(self.rss_mb, resident_mb())

    def _reading(self, now: int) -> Reading:
        """Two readings of one device never share a millisecond."""
        device = self.sent % DEVICES
        self.sent += 1
        self._last_at[device] = at = max(now, self._last_at[device] + 1)
        return Reading(f"gas-{device:04d}", "gas_alarm", at, now, {"lel_pct": self.sent % 97, "alarm": False})


def free_port() -> int:
    """A TCP port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def resident_mb() -> float:
    """Resident memory of this process now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * PAGE / 1e6


async def measure(rate: int, before_s: float, down_s: float, after_s: float) -> Iterator[Result]:
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "victoria", free_port())
        server.start()
        history = await asyncio.to_thread(LineProtocolHistory, server.url, Path(folder) / "spool")
        load = Load(history, rate)
        await load.run(before_s)
        rss_before_mb, cpu_before_s = load.rss_mb, cpu_s()
        server.kill()
        await load.run(down_s)
        waiting = history.server_status()
        cpu_down_s = cpu_s() - cpu_before_s
        server.start()
        back = time.monotonic()
        await load.run(after_s)
        while not await history.sent(1.0):
            await load.run(1.0)
        caught_up_s = time.monotonic() - back
        await history.flush()
        while not await history.sent(1.0):
            await asyncio.sleep(0.1)
        stored = server.count()
        status = history.server_status()
        await history.close()
        server.kill()
    detail = {
        "rate": rate,
        "down_s": down_s,
        "readings": load.sent,
        "accepted": status.sent if status else 0,
        "resent": status.resent if status else 0,
        "waiting_at_the_end_of_the_outage": waiting.waiting_readings if waiting else 0,
        "spool_mb": round(waiting.spool_bytes / 1e6, 1) if waiting else 0,
        "rss_mb_before": round(rss_before_mb),
        "rss_mb_max": round(load.rss_mb),
        "cpu_us_per_reading_while_down": round(cpu_down_s / (rate * down_s) * 1e6, 1),
        "slowest_append_ms": round(load.slowest_append_ms, 1),
        "slowest_flush_ms": round(load.slowest_flush_ms, 1),
        "behind": load.behind,
    }
    return iter(
        [
            Result("history_outage_lost_readings", load.sent - stored, "readings", detail),
            Result("history_outage_caught_up_s", round(caught_up_s, 1), "s after the start of the server"),
        ]
    )


def cpu_s() -> float:
    """Processor time of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    for name, value in (("rate", 5_000), ("before", 20), ("down", 600), ("after", 20)):
        parser.add_argument(f"--{name}", type=int, default=value)
    options = parser.parse_args()
    os.environ["NO_PROXY"] = "127.0.0.1"
    for result in asyncio.run(measure(options.rate, options.before, options.down, options.after)):
        print(result.line(), flush=True)


if __name__ == "__main__":
    main()
