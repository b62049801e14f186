"""Processes of their own that are killed at a chosen point, started by fork: each costs milliseconds, not seconds.

`python -m tests.support.kill_children` reads one job a line, forks, plays it in the child with the kill points of
benchmarks/kill_points.py, and writes the child's exit code: 0 when it came to its end, -9 when it was killed.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, Self, cast

import httpx2

from alerts.alert import Actor, ResponseSource
from benchmarks.kill_points import KillPoints, install
from console.events import EventHub
from simulators.providers.local_server import loopback_client
from store.database.database import Database
from store.history.duckdb.history import DuckDbHistory
from tests.alerts.conftest import AlertHarness, Clock, gas_finding
from tests.alerts.incidents.provider_harness import use_two_providers
from tests.support.console_harness import ADMIN, T0, ConsoleHarness, client_of
from tests.support.documented_responses import bare_app
from tests.support.exchange_harness import exchange_harness
from tests.support.timeouts import LONG_TIMEOUT_S

WANG: Final = Actor("wang", "王芳", ResponseSource.SCREEN)
ORDER: Final = {"诉求类型": "燃气泄漏", "诉求内容": "有燃气味", "诉求地址": "枫林苑3栋", "紧急程度": "紧急"}
Play = Callable[[Path, KillPoints, "tuple[str, int]", dict[str, Any]], Awaitable[None]]


class KillChildren:
    """The process that forks; `with` it."""

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.support.kill_children"]
        root = Path(__file__).parents[2]
        self._server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.communicate()

    async def is_killed(self, play: str, folder: Path, point: tuple[str, int], **values: Any) -> bool:
        """Whether the child was killed at this point; False when it came to its end before."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        job = {"play": play, "folder": str(folder), "point": point, "values": values}
        self._server.stdin.write(json.dumps(job).encode() + b"\n")
        self._server.stdin.flush()
        code = int(await asyncio.to_thread(self._server.stdout.readline))
        assert code in (0, -9), f"{play}: exit code {code}"
        return code == -9


async def fail_over(folder: Path, points: KillPoints, point: tuple[str, int], values: dict[str, Any]) -> None:
    """A leak comes in and its text is sent, by the provider that accepts it.

    The providers are in another process: where one of them hangs, `read_timeout_s` ends the call.
    """
    async with loopback_client() as client:
        client.timeout = httpx2.Timeout(LONG_TIMEOUT_S, read=values["read_timeout_s"])
        clock = Clock()
        clock.now = values["now"]
        aliyun = cast("Any", SimpleNamespace(url=values["aliyun"]))
        harness = AlertHarness(folder, aliyun, client, clock)
        use_two_providers(harness, values["tencent"])
        harness.stop()
        harness.start()
        points.arm(*point)
        await harness.service.process_findings([gas_finding()])
        await harness.sender.send_due()


async def merge(folder: Path, points: KillPoints, point: tuple[str, int], _values: dict[str, Any]) -> None:
    """The second of two alerts is merged into the first."""
    async with loopback_client() as client:
        nowhere = cast("Any", SimpleNamespace(url="http://127.0.0.1:9"))
        harness = AlertHarness(folder, nowhere, client, Clock())
        points.arm(*point)
        await harness.service.perform(2, "merge", WANG, reason="同一处漏气", into=1)


async def swap(folder: Path, points: KillPoints, point: tuple[str, int], values: dict[str, Any]) -> None:
    """The other person accepts a swap of shifts."""
    ledger, history = Database(f"sqlite:///{folder}/ledger.db"), DuckDbHistory(folder / "history.duckdb")
    console = ConsoleHarness(ledger, history, EventHub(T0), folder / "blobs")
    await console.load_community()
    async with client_of(console.app, authorization=f"Bearer {ADMIN}") as client:
        points.arm(*point)
        await client.post("/api/v1/swap", json={"link": values["link"], "answer": "accept"})


async def exchange(folder: Path, points: KillPoints, point: tuple[str, int], _values: dict[str, Any]) -> None:
    """A 12345 platform pushes an order, then urges it."""
    async with exchange_harness(folder) as running:
        points.arm(*point)
        await running.hotline.push_order("GD-1", **ORDER)
        await running.hotline.push_state("GD-1", "催办", event="urged-1", 说明="请尽快")


PLAYS: Final[dict[str, Play]] = {"fail_over": fail_over, "merge": merge, "swap": swap, "exchange": exchange}


def main() -> None:
    """Forks a child for each line of standard input."""
    points = KillPoints()
    install(points)
    bare_app()  # built once: the children share it
    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork()
        if child == 0:
            _run_child(job, points)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()
    os._exit(0)


def _run_child(job: dict[str, Any], points: KillPoints) -> None:
    try:
        asyncio.run(PLAYS[job["play"]](Path(job["folder"]), points, tuple(job["point"]), job["values"]))
    except BaseException:  # noqa: BLE001 - the child must not return into the loop of its parent
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    main()
