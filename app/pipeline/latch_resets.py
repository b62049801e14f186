"""Resets of latched rules: by a person over the API, or because the alert of the finding was settled.

Each reset is recorded in the journal with the positions it is made at, before it has effect: a start after a crash
repeats it there, and a backtest applies it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
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
from rules.engine.latching import LatchedFinding
from store.database.alerts.latches import handled_findings
from store.database.database import Database
from store.journal import MarkKind, SqliteJournal

log = logging.getLogger("fengshao.latch_resets")
POLL_S: Final = 1.0
"""Shortest time between two checks: a burst of settled alerts is checked once."""


class ResetMark(Struct, frozen=True):
    """Detail of a journal mark: what was reset, by whom and why, and the positions processed by then."""

    rule: str
    device: str
    by: str = ""
    reason: str = ""
    cursor: dict[str, int] = {}


class LatchResets:
    """Applies resets between two journal entries. `alert_changed` is set whenever an alert changed."""

    def __init__(
        self,
        engine: Engine,
        pipeline: Pipeline,
        journal: SqliteJournal,
        database: Database,
        alert_changed: asyncio.Event,
        clock: Callable[[], Instant],
    ) -> None:
        self._engine, self._pipeline, self._journal, self._database = engine, pipeline, journal, database
        self._clock, self._alert_changed = clock, alert_changed

    async def latched_findings(self) -> Sequence[LatchedFinding]:
        """Every finding that only a person ends."""
        return self._engine.latched_findings()

    async def reset(self, rule: str, device: str, by: str, reason: str) -> ResetResult:
        """Reset a latched rule of a device or group; if it is still dangerous, it ends with its next all-clear.

        Raises NotLatched.
        """
        if not self._engine.latched_devices(rule, [device]):
            raise NotLatched(device)
        at, ended = self._clock(), list[bool]()

        def release() -> list[Finding]:
            findings = self._engine.release(device, rule, at)
            ended.append(bool(findings))
            return findings

        async def record(positions: Mapping[Lane, int]) -> None:
            mark = ResetMark(rule, device, by, reason, {lane.value: pos for lane, pos in positions.items()})
            detail = msgspec.json.encode(mark).decode()
            await retry_until_writable(lambda: self._journal.mark(MarkKind.RESET, at, detail), "reset")

        await self._pipeline.apply_change(release, saves=True, record=record)
        return ResetResult(rule, device, at, ended[0])

    async def run(self) -> None:
        """Reset rules whose alert a person settled, until cancelled.

        A rule that stayed latched would not report the next danger. The first check, for alerts settled before a
        crash, is made at once.
        """
        await self._pipeline.caught_up.wait()
        while True:
            self._alert_changed.clear()
            await retry_until_writable(self.reset_settled_alerts, "resets")
            await asyncio.sleep(POLL_S)
            await self._alert_changed.wait()

    async def reset_settled_alerts(self) -> None:
        """Reset latched findings whose alert was resolved, verified or closed after they began."""
        latched = {finding.finding: finding for finding in self._engine.latched_findings()}
        if not latched:
            return
        for finding_id, alert, by in await self._database.read(partial(handled_findings, findings=list(latched))):
            finding = latched[finding_id]
            try:
                result = await self.reset(finding.rule, finding.device, by, f"alert {alert}")
            except NotLatched:
                continue  # a person reset it meanwhile
            log.info("reset %s of %s with alert %s: %s", finding.rule, finding.device, alert, result)


def recorded_resets(engine: Engine, journal: SqliteJournal, since: Instant) -> Iterator[RecordedChange]:
    """Resets recorded since a checkpoint of this instant, to be repeated."""
    for mark in journal.marks(since):
        if mark.kind is MarkKind.RESET:
            detail = msgspec.json.decode(mark.detail, type=ResetMark)
            positions = {Lane(lane): pos for lane, pos in detail.cursor.items()}
            yield positions, partial(engine.release, detail.device, detail.rule, mark.at)
