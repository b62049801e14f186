"""What happens around a kill, of cases: a merge, an exchange with a 12345 platform, a change of roster."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from datetime import UTC, datetime
from typing import Any, Final

import httpx2

from benchmarks.kill_site import worker
from benchmarks.kill_stories import LEASE_S, LOST, FailoverStory, LeakStory, Story


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
        of_into, of_merged = rows[self._into][2], rows[self._merged][2]  # a slower rule may have joined each meanwhile
        whole = of_into >= 1 and of_merged >= 1 if apart else of_into >= 2 and of_merged == 0
        absorbed = [entry["kind"] for entry in self.running.get(f"/api/v1/alerts/{self._into}")["timeline"]].count(
            "absorbed"
        )
        if not whole or absorbed != (0 if apart else 1) or (merged and apart):
            self._faults.append(
                f"round {number} {when}: {rows[self._into]} {rows[self._merged]} absorbed {absorbed} times"
            )


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
        except (*LOST, KeyError, json.JSONDecodeError):
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
