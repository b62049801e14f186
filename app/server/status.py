"""The status line of the console: connection, readings per second, time to send, people on duty, backlog."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct

from alerts.cases.canary import CanaryResult
from alerts.delivery.breaker import CircuitBreaker
from alerts.handling.audit import AuditResult
from alerts.roster.on_duty import first_on_duty
from app.pipeline.pipeline import Pipeline
from app.reload.registry import RegistryCache
from domain import DAY, MINUTE, Instant
from domain.people import Community
from ingest.mqtt.consumer import MqttConsumer
from store.database.alerts import statistics
from store.database.database import Database
from store.errors import CannotRead

log = logging.getLogger("fengshao.status")
RATE_WINDOW_MS = 10_000
REFRESH_S = 5.0
DUTY_S = 1.0
SHOWN_ROLES = ("worker", "community")
"""Roles whose people on duty the status line names."""


class _Duty(Struct, frozen=True):
    """Names of those on duty in a minute, by role."""

    community: Community
    minute: int
    names: Mapping[str, Sequence[str]]


class StatusLine:
    """Called for the present numbers. `refresh` updates what has to be read from the database."""

    def __init__(
        self,
        pipeline: Pipeline,
        consumer: MqttConsumer,
        registry: RegistryCache,
        database: Database,
        zone: ZoneInfo,
        clock: Callable[[], Instant],
    ) -> None:
        self._pipeline, self._consumer, self._registry = pipeline, consumer, registry
        self._database, self._zone, self._clock = database, zone, clock
        self._samples: deque[tuple[Instant, int]] = deque()
        self._detect_to_send_ms: int | None = None
        self._closed: tuple[int, int] = (0, 0)
        self._duty: _Duty | None = None
        self.duty_changed: Callable[[], None] = lambda: None
        self.self_test: Callable[[], CanaryResult | None] = lambda: None
        self.providers: Callable[[], Iterator[tuple[str, str, CircuitBreaker]]] = lambda: iter(())
        self.audited: Callable[[], AuditResult] = AuditResult

    async def run(self) -> None:
        """Refresh every REFRESH_S, until cancelled: a task of its own, for a server may not answer for a minute."""
        while True:
            await self.refresh()
            await asyncio.sleep(REFRESH_S)

    async def refresh(self) -> None:
        """Update the figures of the last day from the ledger. While it does not answer they stay."""
        try:
            await self._read_figures()
        except CannotRead as error:
            log.error("the ledger does not answer", extra={"error": str(error)})

    async def _read_figures(self) -> None:
        query = partial(statistics.median_detect_to_send_ms, since=self._clock() - DAY)
        self._detect_to_send_ms = await self._database.read(query)
        today = partial(statistics.closed_of_opened, since=start_of_day(self._clock(), self._zone))
        self._closed = await self._database.read(today)

    def readings_per_s(self, now: Instant) -> float:
        """Readings per second over the last ten seconds; called about every two."""
        readings = self._pipeline.counters.readings
        self._samples.append((now, readings))
        while self._samples[0][0] < now - RATE_WINDOW_MS and len(self._samples) > 1:
            self._samples.popleft()
        since, count = self._samples[0]
        return round((readings - count) * 1000 / (now - since), 1) if now > since else 0.0

    def __call__(self) -> Mapping[str, Any]:
        """`journal_error` says why nothing can be journaled, and so nothing is acknowledged; empty when all is well."""
        now = self._clock()
        return {
            "connected": self._consumer.ready,
            "now": now,
            "last_reading_at": self._pipeline.counters.last_reading_at,
            "readings_per_s": self.readings_per_s(now),
            "detect_to_send_ms": self._detect_to_send_ms,
            "journal_error": self._consumer.status().journal_error,
            "on_duty": self._on_duty(now),
            "backlog": self._pipeline.backlog.entries,
            "closed_today": self._closed[0],
            "opened_today": self._closed[1],
            "audit": _audit_view(self.audited()),
            "canary": _canary_view(self.self_test()),
            "open_breakers": [
                {"channel": channel, "provider": provider}
                for channel, provider, breaker in self.providers()
                if breaker.is_open
            ],
        }

    async def follow_duty(self) -> None:
        """Keep the names of those on duty, until cancelled. Shifts change with the minute; a district has 2,500 cells,
        among which they are looked for beside the event loop."""
        while True:
            await self.refresh_duty()
            await asyncio.sleep(DUTY_S)

    async def refresh_duty(self) -> None:
        """Look again who is on duty, after a change of the registry and in a new minute."""
        community, now, before = self._registry.community, self._clock(), self._duty
        if before is not None and before.community is community and before.minute == now // MINUTE:
            return
        try:
            self._duty = await asyncio.to_thread(_duty_at, community, now, self._zone)
        except Exception:
            log.exception("people on duty not found")
            self._duty = _Duty(community, now // MINUTE, dict.fromkeys(SHOWN_ROLES, ()))
        if before is not None and before.names != self._duty.names:
            self.duty_changed()

    def _on_duty(self, now: Instant) -> Mapping[str, Sequence[str]]:
        """Names of those who are called first, in any cell, by role; of DUTY_S ago at most."""
        if self._duty is None:
            self._duty = _duty_at(self._registry.community, now, self._zone)
        return self._duty.names


def _duty_at(community: Community, now: Instant, zone: ZoneInfo) -> _Duty:
    names = {role: [person.name for person in first_on_duty(community, role, now, zone)] for role in SHOWN_ROLES}
    return _Duty(community, now // MINUTE, names)


def _audit_view(result: AuditResult) -> dict[str, Any]:
    """When open alerts were audited last, and how many faults were found."""
    faults = result.orphans + result.unnotified + result.unverified + result.stuck
    return {"at": result.at, "faults": faults}


def _canary_view(result: CanaryResult | None) -> dict[str, Any] | None:
    """The last self-test; None before the first."""
    if result is None:
        return None
    return {"at": result.at, "sent_ms": result.sent_ms, "delivered_ms": result.delivered_ms, "problem": result.problem}


def start_of_day(now: Instant, zone: ZoneInfo) -> Instant:
    """Local midnight before an instant."""
    local = datetime.fromtimestamp(now / 1000, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return round(local.timestamp() * 1000)
