"""What happens around a kill: a leak, a failover between two providers. Cases are in benchmarks/kill_case_stories.py.

`play` does one round on the living service, which may die in it; `repeat` is what the other side does after a lost
answer, once the service is back; `faults` looks at everything in the end and says what is wrong.
"""

from __future__ import annotations

import contextlib
import random
import sqlite3
import time
from collections.abc import Callable
from typing import Any, ClassVar, Final

import httpx2

from benchmarks.flood import connect, publish
from benchmarks.kill_site import Outside, deputy, worker
from benchmarks.service import Service
from simulators.providers.faults import Fault, FaultKind

SETTLES_WITHIN_S: Final = 90.0
LEASE_S: Final = 15.0
"""Longer than a lease: what is sent again would have been sent by now."""
_REFUSED: Final = Fault(FaultKind.REJECT, code="isv.AMOUNT_NOT_ENOUGH")
LOST: Final = (httpx2.TransportError,)


class Story:
    """One kind of round. `tally` counts what is worth telling besides faults."""

    name: ClassVar[str]
    statements: ClassVar[int] = 60
    boundaries: ClassVar[int] = 40

    def __init__(self, running: Service, outside: Outside, rounds: int, chance: random.Random) -> None:
        self.running, self.outside, self.rounds, self.chance = running, outside, rounds, chance
        self.tally: dict[str, int] = {}

    def prepare(self, _number: int, /) -> None:
        """Before the process is armed."""

    def play(self, _number: int, /) -> None:
        """The event around which the process is killed."""
        raise NotImplementedError

    def repeat(self, _number: int, /) -> None:
        """After the restart."""

    def faults(self) -> list[str]:
        """What is wrong after all rounds."""
        raise NotImplementedError

    def leak(self, device: str) -> None:
        connection = connect(self.running.mqtt)
        payload = {"ts": int(time.time() * 1000), "alarm": True, "lel_pct": 22}
        connection.sendall(publish(f"fengshao/v1/gas-{device}/alarm".encode(), 1, payload))
        connection.recv(4)
        connection.close()

    def post(self, path: str, body: dict[str, Any]) -> httpx2.Response | None:
        """None when the process died before it answered."""
        try:
            return self.running.client.post(f"/api/v1{path}", json=body)
        except LOST:
            return None

    def items(self, path: str) -> list[dict[str, Any]]:
        return list(self.running.get(f"/api/v1{path}")["items"])

    def wait(self, condition: Callable[[], bool], within_s: float = SETTLES_WITHIN_S) -> bool:
        deadline = time.time() + within_s
        while not (met := condition()) and time.time() < deadline:
            time.sleep(0.2)
        return met

    def alert_of(self, device: str) -> dict[str, Any]:
        """The alert of a device's leak, waiting for it."""
        found: list[dict[str, Any]] = []

        def opened() -> bool:
            found[:] = [one for one in self.items("/alerts?limit=1000") if one["device"] == f"gas-{device}"]
            return bool(found)

        assert self.wait(opened, 20), f"no alert of gas-{device}"
        return found[0]

    def count(self, what: str) -> None:
        self.tally[what] = self.tally.get(what, 0) + 1

    def trail(self, number: str) -> list[str]:
        """Every step of every message to this phone, from the ledger."""
        query = (
            "SELECT d.id, d.kind, d.state, d.provider, d.code, e.at, e.from_state, e.to_state, e.code, e.detail FROM "
            "deliveries d LEFT JOIN delivery_events e ON e.delivery = d.id WHERE d.address = ? ORDER BY d.n, e.n"
        )
        with contextlib.closing(sqlite3.connect(self.running.data / "ledger.db")) as ledger:
            return [str(row) for row in ledger.execute(query, (number,))]


class LeakStory(Story):
    """A leak: exactly one text of the first call for each worker."""

    name = "leak"

    def play(self, number: int) -> None:
        self.leak(f"h{number}")

    def faults(self) -> list[str]:
        self.wait(lambda: all(self.first_calls(number) for number in range(self.rounds)))
        time.sleep(LEASE_S)
        return [fault for number in range(self.rounds) for fault in self.faults_of(number)]

    def first_calls(self, number: int) -> int:
        return sum("紧急：燃气泄漏" in text for text in self.outside.texts(worker(number)))

    def faults_of(self, number: int) -> list[str]:
        calls = self.first_calls(number)
        return [] if calls == 1 else [f"worker {number}: {calls} texts", *self.trail(worker(number))]


class FailoverStory(LeakStory):
    """A leak while the first provider refuses, or takes the message and never answers; the second may hang too.

    Tencent keeps no list of what it was asked to send, so a message that may have been sent there is never sent again:
    when it was lost, the deputy must have been called.
    """

    name = "failover"
    boundaries = 30
    _PLANS: Final = ("first refuses", "first accepts and hangs", "first unavailable", "second accepts and hangs")

    def prepare(self, _number: int) -> None:
        plan = self.chance.choice(self._PLANS)
        self.count(plan)
        aliyun, tencent = self.outside.aliyun.faults, self.outside.tencent.faults
        aliyun.clear(), tencent.clear()
        if plan == "first accepts and hangs":
            aliyun.schedule(Fault(FaultKind.SILENT))
        elif plan == "first unavailable":
            aliyun.schedule(Fault(FaultKind.HTTP, status=503), 2)
        else:
            aliyun.schedule(_REFUSED)
        if plan == "second accepts and hangs":
            tencent.schedule(Fault(FaultKind.SILENT))

    def faults_of(self, number: int) -> list[str]:
        calls = self.first_calls(number)
        if calls == 1:
            return []
        trail = self.trail(worker(number))
        in_doubt_there = any("tencent" in line and "unknown" in line for line in trail)
        if calls == 0 and in_doubt_there and any("燃气泄漏" in text for text in self.outside.texts(deputy(number))):
            self.count("lost on the way to Tencent, not repeated, deputy called")
            return []
        return [f"worker {number}: {calls} texts", *trail]
