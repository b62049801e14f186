"""The audit of open alerts: every minute it is proved that each has a next step and that each danger reached somebody.

The audit is watched itself: after each run a heartbeat goes to an external checker (dead-man switch, `watchdog.url`),
and one that has not run for three minutes is reported to maintenance.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

import httpx2

from alerts.handling.audit import AuditResult
from alerts.service import AlertService
from app.pipeline.self_monitoring import SelfMonitoring
from app.server.channels import http_client
from domain import MINUTE, Instant
from store.database.alerts import audit_queries
from store.database.database import Database

log = logging.getLogger("fengshao.audit")
STOPPED_AFTER_MS: Final = 3 * MINUTE
WATCH_EVERY_S: Final = 30.0


class Auditor:
    """Audits, sends the heartbeat, and watches that both go on."""

    def __init__(
        self,
        desk: AlertService,
        database: Database,
        monitoring: SelfMonitoring,
        url: str,
        clock: Callable[[], Instant],
    ) -> None:
        self._desk, self._database, self._monitoring = desk, database, monitoring
        self._client, self._url, self._clock = http_client() if url else None, url, clock
        self._started_at = clock()
        self.heartbeats_failed = 0

    async def run(self, now: Instant) -> str:
        """The job: audit, log what was found, send the heartbeat."""
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
        await self._send_heartbeat()
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

    async def close(self) -> None:
        """Close the connection to the checker."""
        if self._client is not None:
            await self._client.aclose()

    async def _send_heartbeat(self) -> None:
        if self._client is None:
            return
        try:
            (await self._client.get(self._url)).raise_for_status()
        except httpx2.HTTPError as error:
            self.heartbeats_failed += 1
            # The URL is a secret of the checker: it is not logged.
            log.warning("heartbeat not accepted", extra={"error": type(error).__name__})
