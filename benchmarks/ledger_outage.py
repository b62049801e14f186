"""PostgreSQL is taken from under the running service under load: is every danger told once, and does the service stay?

    python -m benchmarks.ledger_outage [--down 8] [--pause 30] [--rate 200] [--kinds kill,pause,refuse,full]

Leaks are published before, while and after the server is away, beside a stream of ordinary readings: killed by kill -9
and started again, paused by SIGSTOP, shut down in order, or with its disk full (as root: a small tmpfs). The alerts and
the texts are compared with those of a run in which the server was not touched. Everything is real but the provider:
`fengshao up`, Mosquitto, PostgreSQL; a simulated Aliyun over HTTP.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import httpx2
import psycopg

from benchmarks.flood import connect, publish
from benchmarks.kill_site import ENVIRON, Outside, worker, write_site
from benchmarks.result import Result
from benchmarks.service import Service, free_port
from tests.conftest import running_broker
from tests.support.postgresql import PostgresServer, own_server

LEAKS: Final = 4
"""Published before the server goes away, as many while it is away, and as many after it is back."""
SETTLED_WITHIN_S: Final = 180
REPEATED_WITHIN_S: Final = 15
"""Longer than the lease of a message: what would be sent again has been sent by then."""
WITHOUT_LEDGER: Final = "暂不能短信接警"
FULL_DISK_MIB: Final = 220
ALERTS = """
SELECT rule, device, severity, ledger, count(*) FROM alerts WHERE ledger = 'danger' GROUP BY 1, 2, 3, 4
"""


class Load(threading.Thread):
    """Ordinary readings at a steady rate, from devices of which none is in danger."""

    def __init__(self, mqtt: int, rate: int, devices: int) -> None:
        super().__init__(daemon=True)
        self._mqtt, self._rate, self._devices = mqtt, rate, devices
        self._ends, self.sent = threading.Event(), 0

    def run(self) -> None:
        connection, began = connect(self._mqtt, "load"), time.monotonic()
        while not self._ends.wait(0.1):
            due = int((time.monotonic() - began) * self._rate)
            packets = [self._packet(number) for number in range(self.sent, due)]
            connection.sendall(b"".join(packets))
            received = 0
            while received < 4 * len(packets):
                received += len(connection.recv(65_536))
            self.sent = due
        connection.close()

    def _packet(self, number: int) -> bytes:
        topic = f"fengshao/v1/gas-i{number % self._devices}/up".encode()
        return publish(topic, number % 65_000 + 1, {"seq": number, "alarm": False, "lel_pct": number % 7 / 10})

    def end(self) -> None:
        self._ends.set()
        self.join(60)


class Trial:
    """One service with its ledger on a server; what was published, and what was told."""

    def __init__(self, running: Service, server: PostgresServer, outside: Outside, workers: int) -> None:
        self.running, self.server, self.outside, self.workers = running, server, outside, workers
        self.published, self.first_pid = 0, running.process.pid

    def leaks(self, number: int = LEAKS) -> None:
        connection = connect(self.running.mqtt)
        for _ in range(number):
            topic = f"fengshao/v1/gas-h{self.published}/alarm".encode()
            connection.sendall(publish(topic, 1, {"alarm": True, "lel_pct": 22}))
            connection.recv(4)
            self.published += 1
        connection.close()

    def round(
        self, takes_away: Callable[[], object], brings_back: Callable[[], object], away_s: float
    ) -> dict[str, Any]:
        """Leaks before, while and after the server is away. Returns what the service said meanwhile, and when the last
        of its workers was told after the server was back."""
        self.leaks()
        takes_away()
        self.leaks()
        first = self.published - LEAKS
        checks, notified_away = self.watch(away_s, first)
        brings_back()
        back = time.monotonic()
        self.leaks()
        self.wait_until_notified()
        return {
            "ready_while_away": checks,
            "notified_while_away": f"{notified_away} of {LEAKS}",
            "notified_after_s": round(time.monotonic() - back, 1),
            "same_process": self.running.process.poll() is None and self.running.process.pid == self.first_pid,
        }

    def watch(self, away_s: float, first: int) -> tuple[dict[str, Any], int]:
        """The last answer of /readyz while the server is away, and how many of the workers from `first` were told."""
        end, last = time.monotonic() + away_s, dict[str, Any]()
        while time.monotonic() < end:
            with contextlib.suppress(httpx2.TransportError):
                last = dict(self.running.client.get("/readyz").json())
            time.sleep(0.5)
        notified = sum(self.outage_texts(number) == 1 for number in range(first, first + LEAKS))
        return {"ready": last.get("ready"), **last.get("checks", {})}, notified

    def wait_until_notified(self) -> None:
        end = time.monotonic() + SETTLED_WITHIN_S
        while not all(map(self.calls, range(self.published))) and time.monotonic() < end:
            time.sleep(0.2)

    def faults(self, settled_s: float = REPEATED_WITHIN_S) -> list[str]:
        """Workers who were not told exactly once."""
        self.wait_until_notified()
        time.sleep(settled_s)
        counts = {number: self.calls(number) for number in range(self.workers)}
        return [
            f"worker {number}: {count} texts"
            for number, count in counts.items()
            if count != int(number < self.published) or self.outage_texts(number) > 1
        ]

    def calls(self, number: int) -> int:
        """Texts that ask for an answer."""
        texts = self.outside.texts(worker(number))
        return sum("紧急：燃气泄漏" in text and WITHOUT_LEDGER not in text for text in texts)

    def outage_texts(self, number: int) -> int:
        """Texts that were sent without the ledger."""
        return sum(WITHOUT_LEDGER in text for text in self.outside.texts(worker(number)))

    def alerts(self) -> list[tuple[Any, ...]]:
        """Every danger alert, by what it is about: ids and instants differ between two runs."""
        with psycopg.connect(self.server.url("ledger")) as connection:
            return sorted(connection.execute(ALERTS.encode()).fetchall())


@contextlib.contextmanager
def service_on_server(rounds: int, server: PostgresServer) -> Iterator[Trial]:
    """`fengshao up` with its ledger on this server."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fengshao-outage-")))
        folder.chmod(0o755)
        broker = stack.enter_context(running_broker(folder / "broker", free_port()))
        server.execute("CREATE DATABASE ledger")
        outside = Outside()
        stack.callback(outside.stop)
        site, data, http = folder / "site", folder / "data", free_port()
        site.mkdir()
        data.mkdir()
        workers = rounds * 3 * LEAKS
        write_site(site, outside, workers)
        command = [str(Path(sys.executable).parent / "fengshao"), "up", "--data", str(data), "--site", str(site)]
        command += ["--http", f"127.0.0.1:{http}", "--mqtt", f"mqtt://127.0.0.1:{broker.port}"]
        own = {"FENGSHAO_LEDGER_URL": server.url("ledger"), "FENGSHAO_ADMIN_TOKEN": secrets.token_urlsafe(32)}
        running = Service(data, command, http, broker.port, {**os.environ, **ENVIRON, **own})
        stack.callback(_end, running)
        outside.connect(http)
        yield Trial(running, server, outside, workers)


def _end(running: Service) -> None:
    if running.process.poll() is None:
        running.process.terminate()
        try:
            running.process.wait(60)
        except subprocess.TimeoutExpired:
            running.kill()
    running.client.close()


class FullDisk:
    """A small file system for the server's data, which is filled and emptied."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._filler = folder, folder / "filler"

    def mount(self) -> None:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={FULL_DISK_MIB}m", "tmpfs", self._folder], check=True)

    def fill(self) -> None:
        with contextlib.suppress(OSError), self._filler.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(65_536))

    def empty(self) -> None:
        self._filler.unlink(missing_ok=True)

    def unmount(self) -> None:
        subprocess.run(["umount", "-l", self._folder], check=False)


@contextlib.contextmanager
def server_on_small_disk() -> Iterator[tuple[PostgresServer, FullDisk]]:
    """A server whose disk can be filled; needs root."""
    with tempfile.TemporaryDirectory(prefix="fengshao-pg-full-") as name:
        folder = Path(name)
        disk, server = FullDisk(folder), PostgresServer(folder)
        disk.mount()
        try:
            folder.chmod(0o755)
            server.create()
            server.start()
            yield server, disk
        finally:
            server.kill()
            disk.unmount()


def run_round(kind: str, seconds: Mapping[str, float], rate: int) -> tuple[dict[str, Any], list[str], list[Any]]:
    """One kind of outage; `none` is the run without one. Returns what was seen, its faults and its alerts."""
    with contextlib.ExitStack() as stack:
        disk = None
        if kind == "full":
            server, disk = stack.enter_context(server_on_small_disk())
        else:
            server = stack.enter_context(own_server())
        trial = stack.enter_context(service_on_server(1, server))
        load = Load(trial.running.mqtt, rate, trial.workers)
        load.start()
        stack.callback(load.end)
        takes_away, brings_back = _actions(kind, server, disk)
        seen = trial.round(takes_away, brings_back, seconds["pause" if kind == "pause" else "down"])
        faults = trial.faults()
        return seen | {"readings": load.sent}, faults, trial.alerts()


def _actions(
    kind: str, server: PostgresServer, disk: FullDisk | None
) -> tuple[Callable[[], object], Callable[[], object]]:
    if disk is not None:
        return disk.fill, lambda: (disk.empty(), server.kill(), server.start())
    return {
        "none": (lambda: None, lambda: None),
        "kill": (server.kill, server.start),
        "refuse": (server.stop, server.start),
        "pause": (lambda: server.signal(signal.SIGSTOP), lambda: server.signal(signal.SIGCONT)),
    }[kind]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--down", type=float, default=8)
    parser.add_argument("--pause", type=float, default=30)
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--kinds", default="kill,pause,refuse,full")
    arguments = parser.parse_args()
    seconds, wrong = {"down": arguments.down, "pause": arguments.pause}, 0
    _, faults, undisturbed = run_round("none", {"down": 0}, arguments.rate)
    print(Result("outage_none_alerts", len(undisturbed), "alerts", {"faults": faults}).line(), flush=True)
    for kind in arguments.kinds.split(","):
        seen, faults, alerts = run_round(kind, seconds, arguments.rate)
        differing = set(alerts) ^ set(undisturbed)
        wrong += len(faults) + len(differing) + (not seen["same_process"])
        detail = {**seen, "faults": faults, "alerts_that_differ": sorted(map(str, differing))}
        print(Result(f"outage_{kind}_alerts", len(alerts), "alerts", detail).line(), flush=True)
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
