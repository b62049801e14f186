"""Resets of latched rules: by a person over the API, or because the alert they belong to was dealt with.

Each is noted in the journal, with the positions after which it belongs, before it has effect: a start after a crash
repeats it there, and a backtest plays it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final

import msgspec
from msgspec import Struct

from app.pipeline.changes import RecordedChange
from app.pipeline.pipeline import Pipeline
from app.pipeline.retry import retry_until_writable
from console.dependencies import NotLatched, ResetResult
from domain import Finding, Instant, Lane
from rules.engine.engine import Engine
from store.database.alerts.latches import handled_findings
from store.database.database import Database
from store.journal import MarkKind, SqliteJournal

log = logging.getLogger("fengshao.latch_resets")
POLL_S: Final = 1.0
"""A storm of alerts that are dealt with is looked at once."""


class ResetMark(Struct, frozen=True):
    """The detail of a mark: what was reset by whom and why, and what had been judged by then."""

    rule: str
    device: str
    by: str = ""
    reason: str = ""
    cursor: dict[str, int] = {}


class LatchResets:
    """Carries out resets between two entries of the journal."""

    def __init__(
        self, engine: Engine, chain: Pipeline, journal: SqliteJournal, ledger: Database, clock: Callable[[], Instant]
    ) -> None:
        self._engine, self._pipeline, self._journal, self._ledger, self._clock = engine, chain, journal, ledger, clock
        self._check_due = asyncio.Event()
        self._check_due.set()  # what was dealt with before a crash

    async def reset(self, rule: str, device: str, by: str, reason: str) -> ResetResult:
        """Ends what is over; what is still dangerous ends with its next all-clear. Raises NotLatched."""
        if not self._engine.latched_devices(rule, [device]):
            raise NotLatched(device)
        at, ended = self._clock(), list[bool]()

        def work() -> list[Finding]:
            findings = self._engine.release(device, rule, at)
            ended.append(bool(findings))
            return findings

        async def noted(cursor: Mapping[Lane, int]) -> None:
            written = ResetMark(rule, device, by, reason, {lane.value: pos for lane, pos in cursor.items()})
            detail = msgspec.json.encode(written).decode()
            await retry_until_writable(lambda: self._journal.mark(MarkKind.RESET, at, detail), "reset")

        await self._pipeline.apply_change(work, saves=True, noted=noted)
        return ResetResult(rule, device, at, ended[0])

    def alert_changed(self, _alert: str) -> None:
        """Perhaps it was dealt with."""
        self._check_due.set()

    async def run(self) -> None:
        """Whoever says that an alert is dealt with also resets what it was told of: a rule that stays latched would
        be deaf to the next danger."""
        await self._pipeline.caught_up.wait()
        while True:
            await self._check_due.wait()
            self._check_due.clear()
            await retry_until_writable(self.reset_settled_alerts, "resets")
            await asyncio.sleep(POLL_S)

    async def reset_settled_alerts(self) -> None:
        """Latched findings whose alert was resolved, verified or closed after they began."""
        held = {one.finding: one for one in self._engine.latched_findings()}
        if not held:
            return
        for finding, alert, by in await self._ledger.read(partial(handled_findings, findings=list(held))):
            one = held[finding]
            try:
                done = await self.reset(one.rule, one.device, by, f"alert {alert}")
            except NotLatched:
                continue  # somebody was faster
            log.info("reset %s of %s with alert %s: %s", one.rule, one.device, alert, done)


def recorded_resets(engine: Engine, journal: SqliteJournal, since: Instant) -> Iterator[RecordedChange]:
    """Those noted after a checkpoint of this instant, to be repeated."""
    for mark in journal.marks(since):
        if mark.kind is MarkKind.RESET:
            written = msgspec.json.decode(mark.detail, type=ResetMark)
            cursor = {Lane(lane): pos for lane, pos in written.cursor.items()}
            yield cursor, partial(engine.release, written.device, written.rule, mark.at)
