"""Two machines on one ledger: the active one is killed or paused under load. Is every worker told once, and how soon?

    python -m benchmarks.takeover [--rounds 6] [--cut]

In each round leaks are published before, while and after the active machine ends: by kill -9, or by SIGSTOP, which
leaves its connections open; a paused one is continued after the takeover and must tell nobody. With --cut, one round:
the active machine reaches the broker and no longer the ledger's server, its connections stay open. Everything is real
but the provider: two `fengshao up`, Mosquitto, PostgreSQL; a simulated Aliyun over HTTP.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx2

from benchmarks.cut_link import CutLink
from benchmarks.flood import connect, publish
from benchmarks.kill_site import ENVIRON, Outside, worker, write_site
from benchmarks.result import Result
from benchmarks.service import Service, free_port
from tests.conftest import running_broker
from tests.support.postgresql import USER, own_server

LEAKS: Final = 4
"""Published before the active machine ends, as many before the other one is ready, and as many after."""
TAKEOVER_WITHIN_S: Final = 300
SETTLED_WITHIN_S: Final = 120
LEASE_S: Final = 15
"""Longer than the lease of a message: what would be sent again has been sent by then."""


class Machine(Service):
    """One of two; it may be standby, so that its start waits for nothing."""

    def start(self) -> None:
        self.launch()

    @property
    def role(self) -> str:
        """`active`, `standby`, or nothing while it does not answer."""
        with contextlib.suppress(httpx2.TransportError):
            answer = self.client.get("/readyz", timeout=60).json()
            return str(answer["role"]) if answer["ready"] or answer["role"] == "standby" else ""
        return ""

    def wait_for(self, role: str) -> None:
        end = time.monotonic() + TAKEOVER_WITHIN_S
        while self.role != role:
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"not {role}: {(self.data / 'up.log').read_text()[-3_000:]}")
            time.sleep(0.05)


class Trial:
    """The machines, what was published, and what was told."""

    def __init__(self, first: Machine, second: Machine, outside: Outside, mqtt: int, link: CutLink) -> None:
        self.active, self.standby, self.outside, self.mqtt = first, second, outside, mqtt
        self.published, self._link = 0, link
        self.seconds: dict[str, list[float]] = {"kill": [], "pause": [], "cut": []}

    def leaks(self) -> None:
        for _ in range(LEAKS):
            connection = connect(self.mqtt)
            topic = f"fengshao/v1/gas-h{self.published}/alarm".encode()
            connection.sendall(publish(topic, 1, {"alarm": True, "lel_pct": 22}))
            connection.recv(4)
            connection.close()
            self.published += 1

    def round(self, how: str) -> None:
        """The standby takes over; the machine that was active is ended."""
        self.standby.wait_for("standby")
        while "fengshao_standby_silent_seconds" not in self.active.client.get("/metrics").text:
            time.sleep(0.2)  # the active one learns of a standby by its next renewal
        self.leaks()
        if how == "cut":
            self._link.cut()
        else:
            os.kill(self.active.process.pid, signal.SIGKILL if how == "kill" else signal.SIGSTOP)
        ended = time.monotonic()
        self.leaks()
        self.standby.wait_for("active")
        self.seconds[how].append(time.monotonic() - ended)
        self.leaks()
        if how == "pause":
            os.kill(self.active.process.pid, signal.SIGCONT)
        self.active.process.wait(TAKEOVER_WITHIN_S)
        self.active, self.standby = self.standby, self.active
        self.outside.connect(self.active.http)

    def faults(self, settled_s: float = LEASE_S) -> list[str]:
        """Workers who were not told exactly once, this time after all were told."""
        end = time.monotonic() + SETTLED_WITHIN_S
        while not all(map(self.calls, range(self.published))) and time.monotonic() < end:
            time.sleep(0.2)
        time.sleep(settled_s)
        counts = {number: self.calls(number) for number in range(self.published)}
        return [f"worker {number}: {count} texts" for number, count in counts.items() if count != 1]

    def calls(self, number: int) -> int:
        return sum("紧急：燃气泄漏" in text for text in self.outside.texts(worker(number)))


@contextlib.contextmanager
def two_machines(rounds: int, own_sites: bool = False) -> Iterator[Trial]:
    """Two services on one ledger, the first one active; with `own_sites` each has a copy of the site's folder."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fengshao-two-")))
        folder.chmod(0o755)
        broker = stack.enter_context(running_broker(folder / "broker", free_port()))
        server = stack.enter_context(own_server())
        server.execute("CREATE DATABASE ledger")
        outside = Outside()
        stack.callback(outside.stop)
        site = folder / "site"
        site.mkdir()
        write_site(site, outside, (rounds + 1) * 3 * LEAKS)
        link = CutLink(server.folder / ".s.PGSQL.5432")
        stack.callback(link.close)
        environ = {
            **os.environ,
            **ENVIRON,
            "FENGSHAO_LEDGER_URL": server.url("ledger"),
            "FENGSHAO_ADMIN_TOKEN": secrets.token_urlsafe(32),
        }
        machines = []
        for name in ("a", "b"):
            data, http = folder / name, free_port()
            data.mkdir()
            if own_sites:
                site = Path(shutil.copytree(folder / "site", folder / f"site-{name}"))
            command = [str(Path(sys.executable).parent / "fengshao"), "up", "--data", str(data), "--site", str(site)]
            command += ["--http", f"127.0.0.1:{http}", "--mqtt", f"mqtt://127.0.0.1:{broker.port}"]
            own = {"FENGSHAO_LEDGER_URL": f"postgresql://{USER}@127.0.0.1:{link.port}/ledger"} if name == "a" else {}
            machine = Machine(data, command, http, broker.port, environ | own)
            stack.callback(_end, machine)
            machine.wait_for("active" if name == "a" else "standby")
            machines.append(machine)
        outside.connect(machines[0].http)
        yield Trial(machines[0], machines[1], outside, broker.port, link)


def _end(machine: Machine) -> None:
    for number in (signal.SIGCONT, signal.SIGTERM):
        with contextlib.suppress(ProcessLookupError):
            machine.process.send_signal(number)
    try:
        machine.process.wait(60)
    except subprocess.TimeoutExpired:
        machine.kill()
    machine.client.close()


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--cut", action="store_true")
    arguments = parser.parse_args()
    rounds = 1 if arguments.cut else arguments.rounds
    with two_machines(rounds) as trial:
        for number in range(rounds):
            trial.round("cut" if arguments.cut else "pause" if number % 2 else "kill")
            if not arguments.cut:
                trial.standby.launch()
        faults = trial.faults()
        for how, seconds in trial.seconds.items():
            if seconds:
                detail = {"rounds": len(seconds), "each": [round(one, 1) for one in seconds]}
                print(Result(f"takeover_after_{how}_max_s", round(max(seconds), 1), "s", detail).line())
        print(Result("told_exactly_once", trial.published - len(faults), f"of {trial.published}").line())
        print("\n".join(faults))
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
