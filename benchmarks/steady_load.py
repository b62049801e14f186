"""One service under a steady rate of readings: processor time, memory, delay of alarms and disk, window by window.

    python -m benchmarks.steady_load [--rate 5000] [--seconds 3600] [--window 60] [--alarm-every 3]
        [--answered] [--expired-days 3]

5,000 registered gas alarms publish in turn over a real Mosquitto (QoS 1, five quantities a reading); every few seconds
another gas alarm reports a leak, whose worker is texted through a server that answers like Aliyun. Prints a JSON object
for each window, then the figures of the whole run. Processor time and memory are those of `fengshao up` alone;
`loop_ms` is the processor time of a fixed loop, by which windows can be compared on a machine that others use.

With --answered people acknowledge each alert, arrive and settle it, and the device gives the all-clear; else every
alert stays open, is called up its ladder and weighs on all that follow.

With --expired-days the history holds so many days of a million readings each that are older than the retention, and
retention (03:40 in the site's time zone, chosen for it) runs within the hour; roll-ups run five minutes past each hour.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import aiomqtt
import anyio
import httpx2

from benchmarks.detect_to_send import Provider, phone, write_site
from benchmarks.result import Result
from benchmarks.service import Service, service
from domain import DAY, Instant, Reading, Value
from store.history.duckdb.copy import DuckDbCopy

DEVICES = 5_000
WARM_UP_S = 10
ANSWERED_EVERY_S = 15
EXPIRED_PER_DEVICE, EXPIRED_AGE_DAYS = 200, 100
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass
class Window:
    """What was seen at an instant of the run."""

    at_s: float
    readings: float
    cpu_s: float
    resident_mb: float
    disk_mb: float
    loop_ms: float


@dataclass
class Run:
    running: Service
    provider: Provider
    windows: list[Window] = field(default_factory=list)
    published: dict[str, float] = field(default_factory=dict)

    def observe(self) -> Window:
        seen = Window(
            at_s=time.monotonic(),
            readings=self.running.sample("fengshao_readings_total"),
            cpu_s=cpu_s(self.running.process.pid),
            resident_mb=self.running.resident_mb(),
            loop_ms=reference_loop_ms(),
            disk_mb=sum(file.stat().st_size for file in self.running.data.rglob("*") if file.is_file()) / 2**20,
        )
        self.windows.append(seen)
        return seen

    def delays_ms(self, since: int = 0) -> list[float]:
        """From publish to the provider's request, sorted; of the alarms from the `since`-th on that were sent."""
        chosen = list(self.published.items())[since:]
        requests = self.provider.requests
        return sorted((requests[number] - at) * 1000 for number, at in chosen if number in requests)


def reference_loop_ms() -> float:
    """Processor time of a fixed loop: how fast the machine is at this moment, for it is shared with others."""
    before, total = time.thread_time(), 0
    for number in range(1_000_000):
        total += number
    return (time.thread_time() - before) * 1000


def cpu_s(pid: int) -> float:
    """Processor time of a process, its threads included and its children not (proc(5), utime and stime)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def quantile(values: list[float], share: float) -> float:
    return round(values[min(len(values) - 1, int(len(values) * share))], 1) if values else float("nan")


def figures(before: Window, after: Window, delays_ms: list[float]) -> dict[str, float]:
    readings = after.readings - before.readings
    return {
        "readings_per_s": round(readings / (after.at_s - before.at_s)),
        "cpu_us_per_reading": round((after.cpu_s - before.cpu_s) / max(readings, 1) * 1e6, 2),
        "resident_mb": round(after.resident_mb, 1),
        "disk_mb": round(after.disk_mb, 1),
        "loop_ms": round(after.loop_ms, 1),
        "alarms": len(delays_ms),
        "p50_ms": quantile(delays_ms, 0.5),
        "p99_ms": quantile(delays_ms, 0.99),
    }


async def answer_alerts(run: Run, client: aiomqtt.Client) -> None:
    """As people do within half a minute, until cancelled."""
    authorization = {"Authorization": f"Bearer {run.running.token}"}
    async with httpx2.AsyncClient(base_url=f"{run.running.root}/api/v1", headers=authorization) as api:
        while True:
            await anyio.sleep(ANSWERED_EVERY_S)
            for alert in (await api.get("/alerts?state=open&ledger=danger&limit=100")).json()["items"]:
                for action in ("acknowledge", "arrive", "resolve"):
                    answer = await api.post(f"/alerts/{alert['id']}/{action}", json={"comment": "已关阀"})
                    answer.raise_for_status()
                clear = '{"alarm":false,"lel_pct":0}'
                await client.publish(f"fengshao/v1/{alert['device']}/alarm", clear, qos=1)


async def observe_run(run: Run, seconds: int, window_s: int, alarm_every_s: float, answered: bool) -> None:
    """Publishes an alarm every few seconds and prints the figures of each window."""
    async with aiomqtt.Client("127.0.0.1", run.running.mqtt) as client, anyio.create_task_group() as group:
        if answered:
            group.start_soon(answer_alerts, run, client)
        await publish_alarms(run, client, seconds, window_s, alarm_every_s)
        group.cancel_scope.cancel()


async def publish_alarms(run: Run, client: aiomqtt.Client, seconds: int, window_s: int, alarm_every_s: float) -> None:
    began = time.monotonic()
    before, window_alarms = run.observe(), 0
    while (elapsed := time.monotonic() - began) < seconds:
        number = len(run.published)
        run.published[phone(number)] = time.time()
        await client.publish(f"fengshao/v1/alarm-{number}/alarm", '{"alarm":true,"lel_pct":22}', qos=1)
        await anyio.sleep(max(0.0, began + len(run.published) * alarm_every_s - time.monotonic()))
        if elapsed - (before.at_s - began) >= window_s:
            after = await anyio.to_thread.run_sync(run.observe)
            print(json.dumps(figures(before, after, run.delays_ms(window_alarms))), flush=True)
            before, window_alarms = after, len(run.published)
    await anyio.sleep(2)


def zone_of_retention(now: datetime) -> str:
    """The time zone in which the next 40 minutes past an hour are 03:40, at which retention runs."""
    hour = (now + timedelta(minutes=20)).hour
    behind_h = hour - 3 if hour <= 15 else hour - 27
    return f"Etc/GMT{behind_h:+d}"


def expired_readings(day: Instant) -> Iterator[Sequence[Reading]]:
    for number in range(EXPIRED_PER_DEVICE):
        at = day + number * DAY // EXPIRED_PER_DEVICE
        values: dict[str, Value] = {
            "lel_pct": number % 4,
            "battery_pct": 90,
            "temp_c": 21.5,
            "alarm": False,
            "fault": False,
        }
        yield [Reading(f"gas-{device:06d}", "gas_alarm", at, at, values) for device in range(DEVICES)]


def write_expired(data: Path, days: int) -> None:
    """Readings of `days` days that are older than the retention of 90 days, in the history of DIR."""
    now = int(time.time() * 1000)
    first = now - now % DAY - EXPIRED_AGE_DAYS * DAY
    history = DuckDbCopy(data / "history.duckdb", now)
    for day in range(days):
        history.write_day(first + day * DAY, expired_readings(first + day * DAY))
    history.close()


def stored_days(data: Path) -> list[str]:
    """The days with readings in the history of a service that was stopped."""
    history = DuckDbCopy(data / "history.duckdb", int(time.time() * 1000))
    days = [datetime.fromtimestamp(day / 1000, UTC).date().isoformat() for day in history.days()]
    history.close()
    return days


def measure(
    rate: int, seconds: int, window_s: int, alarm_every_s: float, expired_days: int, answered: bool
) -> Iterator[Result]:
    provider, alarms = Provider(), int(seconds / alarm_every_s) + 2
    with tempfile.TemporaryDirectory() as folder:
        write_site(Path(folder), provider.port, alarms, [f"gas-{number:06d}" for number in range(DEVICES)])
        with (Path(folder) / "site.yaml").open("a") as site:
            site.write(f"timezone: {zone_of_retention(datetime.now(UTC))}\n")
        secrets = dict.fromkeys(("KEY_ID", "KEY_SECRET", "CALLBACK_SECRET"), "x" * 43)
        environ = {f"FENGSHAO_ALIYUN_{name}": value for name, value in secrets.items()}
        prepare = partial(write_expired, days=expired_days)
        with service(site=Path(folder), environ=environ, prepare=prepare) as running:
            run = Run(running, provider)
            started = run.observe()
            arguments = ["--rate", str(rate), str(seconds + 2 * WARM_UP_S), str(running.mqtt)]
            with subprocess.Popen([sys.executable, "-m", "benchmarks.flood", *arguments], stdout=sys.stderr) as load:
                time.sleep(WARM_UP_S)
                first = run.observe()
                anyio.run(observe_run, run, seconds, window_s, alarm_every_s, answered)
                last = run.observe()
                load.terminate()
            jobs = {job["name"]: job["last_outcome"] for job in running.get("/api/v1/system")["jobs"]}
            running.stop()
            days = stored_days(running.data)
    delays = run.delays_ms()
    detail: dict[str, Any] = {
        **figures(first, last, delays),
        "devices": DEVICES,
        "never_sent": len(run.published) - len(delays),
        "max_ms": round(delays[-1], 1) if delays else float("nan"),
        "resident_mb_at_start": round(started.resident_mb, 1),
        "disk_bytes_per_reading": round((last.disk_mb - first.disk_mb) * 2**20 / (last.readings - first.readings), 1),
        "jobs": jobs,
        "days_in_history": days,
    }
    yield Result("steady_cpu_us_per_reading", detail["cpu_us_per_reading"], "µs", detail)
    yield Result("steady_resident_mb", detail["resident_mb"], "MiB")
    yield Result("steady_detect_to_send_p99_ms", detail["p99_ms"], "ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    for name, value in (("rate", 5_000), ("seconds", 3_600), ("window", 60)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--alarm-every", type=float, default=3.0)
    parser.add_argument("--expired-days", type=int, default=0)
    parser.add_argument("--answered", action="store_true")
    options = parser.parse_args()
    for result in measure(
        options.rate, options.seconds, options.window, options.alarm_every, options.expired_days, options.answered
    ):
        print(result.line(), flush=True)


if __name__ == "__main__":
    main()
