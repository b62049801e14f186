"""What happens around a kill: a leak, a failover between two providers, a merge, an exchange, a change of roster.

`play` does one round on the living service, which may die in it; `repeat` is what the other side does after a lost
answer, once the service is back; `faults` looks at everything in the end and says what is wrong.
"""

from __future__ import annotations

import contextlib
import json
import random
import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime
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
_LOST: Final = (httpx2.TransportError,)


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
        except _LOST:
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


class MergeStory(Story):
    """Two leaks, one merged into the other: the finding stands in exactly one of them, and their states agree."""

    name = "merge"
    boundaries, statements = 4, 50

    def prepare(self, number: int) -> None:
        self.leak(f"h{number}")
        self.leak(f"i{number}")
        self._into, self._merged = self.alert_of(f"h{number}")["id"], self.alert_of(f"i{number}")["id"]
        self.wait(lambda: bool(self.outside.texts(worker(number))), 10)

    def play(self, number: int) -> None:
        self.post(f"/alerts/{self._merged}/merge", self._body(number))

    def repeat(self, number: int) -> None:
        self._check(number, "after the restart")
        again = self.post(f"/alerts/{self._merged}/merge", self._body(number))
        assert again is not None
        self.count("merged before the kill" if again.status_code == 409 else "merged when repeated")
        self._check(number, f"after the repetition ({again.status_code})", merged=True)

    def faults(self) -> list[str]:
        return self._faults

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._faults: list[str] = []

    def _body(self, number: int) -> dict[str, Any]:
        return {"person": f"w{number}", "into": self._into, "reason": "同一处泄漏"}

    def _check(self, number: int, when: str, merged: bool | None = None) -> None:
        query = (
            "SELECT a.id, a.state, a.merged_into, (SELECT count(*) FROM alert_findings f WHERE f.alert = a.id) "
            "FROM alerts a"
        )
        with contextlib.closing(sqlite3.connect(self.running.data / "ledger.db")) as ledger:
            rows = {str(row[0]): row[1:] for row in ledger.execute(query)}
        apart = rows[self._merged][0] != "closed" and rows[self._merged][1] is None
        whole = (rows[self._into][2], rows[self._merged][2]) == ((1, 1) if apart else (2, 0))
        told = [entry["kind"] for entry in self.running.get(f"/api/v1/alerts/{self._into}")["timeline"]].count(
            "absorbed"
        )
        if not whole or told != (0 if apart else 1) or (merged and apart):
            self._faults.append(f"round {number} {when}: {rows[self._into]} {rows[self._merged]} absorbed {told} times")


class ExchangeStory(Story):
    """An order of a 12345 platform, then a state of it, each repeated until it is answered; our states go back.

    Every order has one alert, every state of the platform is applied once, every state of ours is there once.
    """

    name = "exchange"
    boundaries, statements = 30, 80

    def play(self, number: int) -> None:
        self._push(number)

    def repeat(self, number: int) -> None:
        assert self._push(number), "the platform repeats until it is answered"

    def faults(self) -> list[str]:
        self.wait(lambda: all(self._states(number)[-1:] == ["处置"] for number in range(self.rounds)))
        time.sleep(LEASE_S)
        return [fault for number in range(self.rounds) for fault in self._faults_of(number)]

    def _push(self, number: int) -> bool:
        hotline, order = self.outside.hotline, f"GD-{number}"
        fields = {
            "诉求类型": "燃气泄漏", "诉求内容": "楼道有燃气味", "诉求地址": f"{number}号院h", "紧急程度": "紧急"
        }  # fmt: skip
        try:
            opened = self.outside.call(hotline.push_order(order, **fields))
            alert = opened.json()["alert"]
            self._act(alert, "acknowledge", number)
            self._act(alert, "arrive", number)
            event = f"urged-{number}"
            self.outside.call(hotline.push_state(order, "催办", event=event, 说明="请尽快"))
        except (*_LOST, KeyError, json.JSONDecodeError):
            return False
        return True

    def _act(self, alert: str, action: str, number: int) -> None:
        """Repeated after a lost answer it is refused, as a second click of a person is."""
        if self.post(f"/alerts/{alert}/{action}", {"person": f"w{number}"}) is None:
            raise httpx2.ReadError("the process died")

    def _states(self, number: int) -> list[str]:
        return self.outside.hotline.states_of(f"GD-{number}")

    def _faults_of(self, number: int) -> list[str]:
        with contextlib.closing(sqlite3.connect(self.running.data / "ledger.db")) as ledger:
            query = "SELECT count(*), count(DISTINCT alert) FROM exchange_cases WHERE external_id = ?"
            links = ledger.execute(query, (f"GD-{number}",)).fetchone()
        received = self.items(f"/exchange/hotline/cases/GD-{number}/events")
        states = self._states(number)
        if links == (1, 1) and len(received) == 1 and states == ["受理", "派遣", "处置"]:
            return []
        return [f"order {number}: {links} links, {len(received)} states received, {states} reported"]


class RosterStory(Story):
    """A swap that the other person accepts, or leave: in force as a whole with its record, or not at all."""

    name = "roster"
    boundaries, statements = 6, 12

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._faults: list[str] = []
        self._day = datetime.fromtimestamp(time.time() + 86_400, UTC)

    def prepare(self, number: int) -> None:
        since, until = f"{self._day:%Y-%m-%dT00:00:00Z}", f"{self._day:%Y-%m-%dT12:00:00Z}"
        body = {
            "asker": f"w{number}", "other": f"d{number}", "from": since, "until": until, "cell": f"c{number}",
            "role": "worker", "reason": "家里有事",
        }  # fmt: skip
        proposed = self.post("/rosters/swaps", body)
        assert proposed is not None
        assert proposed.status_code == 201, proposed.text
        self._swap, self._link = proposed.json()["id"], proposed.json()["link"].removeprefix("/swap#")

    def play(self, _number: int) -> None:
        self.post("/swap", {"link": self._link, "answer": "accept"})

    def repeat(self, number: int) -> None:
        self._check(number, "after the restart")
        again = self.post("/swap", {"link": self._link, "answer": "accept"})
        assert again is not None
        self.count("accepted before the kill" if again.status_code == 409 else "accepted when repeated")
        self._check(number, f"after the repetition ({again.status_code})", accepted=True)

    def faults(self) -> list[str]:
        return self._faults

    def _check(self, number: int, when: str, accepted: bool = False) -> None:
        """State of the swap, its overrides, its record and the person on duty agree."""
        with contextlib.closing(sqlite3.connect(self.running.data / "ledger.db")) as ledger:
            (state,) = ledger.execute("SELECT state FROM roster_swaps WHERE id = ?", (self._swap,)).fetchone()
            (overrides,) = ledger.execute(
                "SELECT count(*) FROM roster_overrides WHERE swap = ?", (self._swap,)
            ).fetchone()
            records = ledger.execute(
                "SELECT count(*) FROM audit WHERE action = 'swap accepted' AND detail LIKE ?", (f"%{self._swap}%",)
            ).fetchone()[0]
        at = f"{self._day:%Y-%m-%dT06:00:00Z}"
        workers = self.items(f"/rosters/on-duty?at={at}&place=h{number}&role=worker")
        first = next(one["id"] for one in workers if one["rank"] == 0)
        in_force = state == "accepted"
        on_duty = f"d{number}" if in_force else f"w{number}"
        agree = (overrides > 0, records, first) == (in_force, int(in_force), on_duty)
        if not agree or (accepted and not in_force):
            self._faults.append(f"swap {number} {when}: {state}, {overrides} overrides, {records} records, {first}")


STORIES: Final[dict[str, type[Story]]] = {
    story.name: story for story in (LeakStory, FailoverStory, MergeStory, ExchangeStory, RosterStory)
}
