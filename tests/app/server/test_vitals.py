"""The heartbeat to the watchdog follows what the parts of a service do."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from alerts.handling.audit import AuditResult
from app.server.vitals import VitalSigns
from app.server.watchdog import STALLED_MS


class Parts:
    """A service of which a test breaks one part after the other."""

    def __init__(self) -> None:
        self.reports: list[list[str]] = []
        self.now, self.positions, self.entries, self.ready, self.journal_error, self.waits = 0, 5, 0, True, "", 0
        consumer: Any = SimpleNamespace(status=lambda: SimpleNamespace(journal_error=self.journal_error))
        backlog: Any = SimpleNamespace()
        outbox = SimpleNamespace(refresh=self._refresh, waits_ms=lambda critical: self.waits if critical else 9**9)
        self._consumer, self._backlog = consumer, backlog
        self.vitals = VitalSigns(
            consumer, backlog, cast("Any", outbox), cast("Any", SimpleNamespace(report=self._report)), lambda: self.now
        )

    async def _refresh(self) -> None:
        self._show()

    async def _report(self, broken: list[str]) -> None:
        self.reports.append(broken)

    def _show(self) -> None:
        self._consumer.ready = self.ready
        self._backlog.positions, self._backlog.entries = {"urgent": self.positions, "bulk": 0}, self.entries

    async def audit(self, **found: int) -> list[str]:
        self._show()
        await self.vitals.report(AuditResult(**found))
        return self.reports[-1]

    def why_stalled(self) -> str:
        self._show()
        return self.vitals.why_stalled()


async def test_each_part_that_breaks_is_reported_by_its_name_and_its_return_too() -> None:
    parts = Parts()
    assert await parts.audit() == []
    parts.ready, parts.journal_error, parts.waits = False, "disk full", 999_999
    assert await parts.audit(stuck=2) == [
        "intake: not connected or not subscribed",
        "intake: journal not writable",
        "sending: a critical message waits",
        "sending: messages without a sender",
    ]
    parts.ready, parts.journal_error, parts.waits = True, "", 0
    assert await parts.audit(orphans=1, unnotified=1) == [
        "sending: a danger reached nobody",
        "escalation: a deadline passed without a step",
    ]
    assert await parts.audit() == []


async def test_evaluation_that_takes_nothing_for_a_minute_stops_both_watchdogs() -> None:
    parts = Parts()
    parts.entries = 3
    assert (await parts.audit(), parts.why_stalled()) == ([], "")
    parts.now += STALLED_MS
    assert await parts.audit() == ["evaluation: stalled"]
    assert parts.why_stalled() == "evaluation has taken nothing for 60 s"
    parts.positions += 1
    assert (await parts.audit(), parts.why_stalled()) == ([], "")
