"""kill -9 between any two steps of alert, outbox, send and receipt: is every worker notified, and nobody twice?

    python -m benchmarks.delivery_crash [--kills 60] [--seed 1]

The service runs with a hook that kills the process before or after a chosen transaction of the alert store, or before
or after a chosen request to the SMS provider. Around each kill one device reports a gas leak; each has its own worker.
A simulated Aliyun service with delivery reports and lookups is on the other side. Every worker must have exactly one
text of the first call when all is done.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import httpx2

from app.config.catalog import load_wording
from app.server.demo import registered_templates
from benchmarks.detect_to_send import phone
from benchmarks.flood import connect, publish
from benchmarks.service import Service, service
from simulators.providers.aliyun.server import AliyunSmsServer

STEPS = 40
"""Steps after the leak of which one is chosen: transactions and requests, each with a before and an after."""
DIES_WITHIN_S = 6.0
SETTLES_WITHIN_S = 60.0
HOOK = "FENGSHAO_KILL_AT_STEP"
CALLBACK_SECRET = "c" * 43


def main_with_hook() -> None:
    """The command `fengshao`, killed at the step that the environment names. Steps count from the first finding."""
    from alerts.service import AlertService
    from app.cli.main import main as fengshao
    from store.database.alerts.repository import Transactions

    remaining, counting = int(os.environ.get(HOOK, "0")), False

    def step() -> None:
        nonlocal remaining
        if counting and remaining > 0:
            remaining -= 1
            if remaining == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    transact, send, process = Transactions.__call__, httpx2.AsyncClient.send, AlertService.process_findings

    async def counted_transact(self, work):  # type: ignore[no-untyped-def]
        step()
        result = await transact(self, work)
        step()
        return result

    async def counted_send(self, *args, **kwargs):  # type: ignore[no-untyped-def]
        step()
        response = await send(self, *args, **kwargs)
        step()
        return response

    async def counted_process(self, findings, *args, **kwargs):  # type: ignore[no-untyped-def]
        nonlocal counting
        counting = counting or any(finding.rule == "gas-alarm" for finding in findings)
        return await process(self, findings, *args, **kwargs)

    Transactions.__call__, httpx2.AsyncClient.send = counted_transact, counted_send  # type: ignore[method-assign]
    AlertService.process_findings = counted_process  # type: ignore[method-assign]
    fengshao()


class Provider:
    """The simulated Aliyun service in a thread of its own, so that it outlives the service."""

    def __init__(self) -> None:
        self._loop, self._started = asyncio.new_event_loop(), threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._run(),), daemon=True)
        self._thread.start()
        self._started.wait(10)

    async def _run(self) -> None:
        self._stop = asyncio.Event()
        templates = registered_templates(load_wording(None))
        self.server = AliyunSmsServer(
            access_keys={"x" * 43: "x" * 43},
            templates=templates,
            clock=lambda: int(time.time() * 1000),
            delivery_s=0.02,
        )
        async with self.server:
            self._started.set()
            await self._stop.wait()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)


def write_site(folder: Path, url: str, alarms: int) -> None:
    """A household, cell, worker and phone for each alarm."""
    numbers = range(alarms)
    (folder / "site.yaml").write_text(f"sign: 枫树社区\nchannels:\n  aliyun_sms:\n    base_url: {url}\n")
    tables = {
        "cells.csv": ["id,name,level", *(f"c{n},第{n}网格,grid" for n in numbers)],
        "places.csv": ["id,name,level,cell", *(f"h{n},{n}号院,household,c{n}" for n in numbers)],
        "people.csv": ["id,name,phone", *(f"w{n},测试{n},{phone(n)}" for n in numbers)],
        "duties.csv": ["id,cell,role,person", *(f"{n},c{n},worker,w{n}" for n in numbers)],
        "devices.csv": ["id,kind,place", *(f"gas-{n},gas_alarm,h{n}" for n in numbers)],
    }
    for name, lines in tables.items():
        (folder / name).write_text("\n".join(lines) + "\n")


def leak(port: int, number: int) -> None:
    connection = connect(port)
    payload = {"ts": int(time.time() * 1000), "alarm": True, "lel_pct": 22}
    connection.sendall(publish(f"fengshao/v1/gas-{number}/alarm".encode(), 1, payload))
    connection.recv(4)
    connection.close()


def play(running: Service, kills: int, chance: random.Random) -> Counter[str]:
    """Kill around each leak; returns how often the process died where."""
    ends: Counter[str] = Counter()
    running.kill()
    for number in range(kills):
        if not start(running, chance.randint(1, STEPS)):
            ends["at start, working off the leak before"] += 1
            start(running, 0)
        leak(running.mqtt, number)
        try:
            running.process.wait(DIES_WITHIN_S)
            ends["at its step"] += 1
        except subprocess.TimeoutExpired:
            running.kill()
            ends["idle"] += 1
    start(running, 0)
    return ends


def start(running: Service, kill_at_step: int) -> bool:
    """Start the service; False when it died before it was ready."""
    running._environ = {**running._environ, HOOK: str(kill_at_step)}
    try:
        running.start()
    except RuntimeError:
        if running.process.poll() != -signal.SIGKILL:
            raise
        return False
    return True


def first_calls(provider: Provider, alarms: int) -> Counter[str]:
    """Texts of the first call by phone."""
    texts = list(provider.server.phones.texts)
    return Counter(text.phone for text in texts if "紧急：" in text.text and text.phone in _phones(alarms))


def _phones(alarms: int) -> set[str]:
    return {phone(number) for number in range(alarms)}


def deliveries(data: Path, number: str) -> list[str]:
    """Every step of every message to this phone, from the ledger."""
    query = (
        "SELECT d.id, d.kind, d.state, d.code, e.at, e.from_state, e.to_state, e.code, e.detail FROM deliveries d "
        "LEFT JOIN delivery_events e ON e.delivery = d.id WHERE d.address = ? ORDER BY d.n, e.n"
    )
    with contextlib.closing(sqlite3.connect(data / "ledger.db")) as ledger:
        return [str(row) for row in ledger.execute(query, (number,))]


def settle(provider: Provider, alarms: int) -> Counter[str]:
    deadline = time.time() + SETTLES_WITHIN_S
    while len(first_calls(provider, alarms)) < alarms and time.time() < deadline:
        time.sleep(0.2)
    time.sleep(15)  # longer than a lease: what is sent again would have been sent by now
    return first_calls(provider, alarms)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    provider = Provider()
    environ = {
        "FENGSHAO_ALIYUN_KEY_ID": "x" * 43,
        "FENGSHAO_ALIYUN_KEY_SECRET": "x" * 43,
        "FENGSHAO_ALIYUN_CALLBACK_SECRET": CALLBACK_SECRET,
    }
    command = [sys.executable, "-c", "from benchmarks.delivery_crash import main_with_hook; main_with_hook()"]
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        stack.callback(provider.stop)
        write_site(Path(folder), provider.server.url, arguments.kills)
        running = stack.enter_context(service(site=Path(folder), environ=environ))
        provider.server.callback_url = f"http://127.0.0.1:{running.http}/api/v1/callbacks/sms/{CALLBACK_SECRET}"
        running._command = [*command, *running._command[1:]]
        ends = play(running, arguments.kills, random.Random(arguments.seed))
        calls = settle(provider, arguments.kills)
        wrong = sorted(number for number in _phones(arguments.kills) if calls[number] != 1)
        for number in wrong:
            print(f"{number}: {calls[number]} texts", *deliveries(running.data, number), sep="\n  ")
    missed = sorted(_phones(arguments.kills) - calls.keys())
    twice = sorted(number for number, count in calls.items() if count > 1)
    print(f"{arguments.kills} kills ({dict(ends)}): {len(missed)} workers not notified, {len(twice)} notified twice")
    return 1 if missed or twice else 0


if __name__ == "__main__":
    sys.exit(main())
