"""The audit of open alerts: every minute it is proved that each has a next step and that each danger reached somebody.

The audit is watched itself: each run is passed on (app.server.vitals), and one that has not run for three minutes is
reported to maintenance.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from alerts.handling.audit import AuditResult
from alerts.service import AlertService
from app.pipeline.self_monitoring import SelfMonitoring
from domain import MINUTE, Instant
from store.database.alerts import audit_queries
from store.database.database import Database

log = logging.getLogger("fengshao.audit")
STOPPED_AFTER_MS: Final = 3 * MINUTE
WATCH_EVERY_S: Final = 30.0


class Auditor:
    """Audits, passes each result on, and watches that it goes on."""

    def __init__(
        self,
        desk: AlertService,
        database: Database,
        monitoring: SelfMonitoring,
        report: Callable[[AuditResult], Awaitable[None]],
        clock: Callable[[], Instant],
    ) -> None:
        self._desk, self._database, self._monitoring = desk, database, monitoring
        self._report, self._clock = report, clock
        self._started_at = clock()

    async def run(self, now: Instant) -> str:
        """The job: audit, log what was found, report it."""
        orphans, unnotified = await self._desk.audit(now), await self._desk.unnotified(now)
        unverified = await self._database.read(lambda tx: audit_queries.unverified_alerts(tx, now))
        stuck = await self._database.read(lambda tx: audit_queries.stuck_messages(tx, now))
        found = {
            "without a next step": [alert.id for alert in orphans],
            "told to nobody": [alert.id for alert in unnotified],
            "resolved, and nobody is asked to verify": unverified,
            "messages that no sender takes": stuck,
        }
        self._desk.last_audit = AuditResult(len(orphans), len(unnotified), len(unverified), len(stuck), now)
        faults = [f"{name}: {ids}" for name, ids in found.items() if ids]
        for fault in faults:
            log.error("open alerts audited", extra={"fault": fault})
        await self._report(self._desk.last_audit)
        return "; ".join(faults) or "every open alert has a next step and was told to somebody"

    async def watch(self) -> None:
        """Report an audit that has stopped, until cancelled."""
        while True:
            self.check(self._clock())
            await asyncio.sleep(WATCH_EVERY_S)

    def check(self, now: Instant) -> None:
        """Report whether the last audit is too long ago."""
        last = self._desk.last_audit.at or self._started_at
        self._monitoring.check_audit(last if now - last > STOPPED_AFTER_MS else None, now)
