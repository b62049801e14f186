"""Metrics of what waits to be sent and of providers' account limits, read from the database every few seconds.

A scrape must not wait for the database, and a database that cannot be read must not make the other metrics disappear.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final

from prometheus_client.core import GaugeMetricFamily, Metric
from sqlalchemy import Connection

from alerts.delivery.routing import ProviderRouter
from app.pipeline.retry import attempt_write
from domain import SECOND, Instant
from store.database.alerts import leases, statistics
from store.database.database import Database

REFRESH_S: Final = 15.0


class OutboxWatch:
    """Age of the oldest message that waits, for critical dangers and others, and used shares of account limits."""

    def __init__(self, database: Database, router: ProviderRouter, clock: Callable[[], Instant]) -> None:
        self._database, self._router, self._clock = database, router, clock
        self._due_since: Mapping[bool, Instant] = {}
        self._used: Mapping[tuple[str, str, int], float] = {}

    async def run(self) -> None:
        """Refresh every REFRESH_S, until cancelled."""
        while True:
            await attempt_write(self.refresh, "figures of the outbox")
            await asyncio.sleep(REFRESH_S)

    async def refresh(self) -> None:
        """Read both from the database. A message that is not due yet does not wait."""
        now = self._clock()
        self._due_since = await self._database.read(partial(statistics.oldest_due, now=now))
        self._used = await self._database.read(partial(_used_limits, router=self._router, now=now))

    def waits_ms(self, critical: bool) -> int:
        """For how long the oldest message that is due has waited."""
        now = self._clock()
        return max(now - self._due_since.get(critical, now), 0)

    def metrics(self) -> Iterator[Metric]:
        """The families as of the last refresh; ages grow between two of them."""
        oldest = GaugeMetricFamily(
            "fengshao_outbox_oldest_seconds",
            "For how long the oldest message that is due has not been accepted by a provider.",
            None,
            ["critical"],
        )
        for critical in (False, True):
            oldest.add_metric([str(critical).lower()], self.waits_ms(critical) / SECOND)
        yield oldest
        used = GaugeMetricFamily(
            "fengshao_provider_limit_used_ratio",
            "Used share of a limit of a provider's account; 1 is used up.",
            None,
            ["channel", "provider", "span_seconds"],
        )
        for (channel, provider, span_ms), share in sorted(self._used.items()):
            used.add_metric([channel, provider, str(span_ms // SECOND)], share)
        yield used


def _used_limits(tx: Connection, router: ProviderRouter, now: Instant) -> dict[tuple[str, str, int], float]:
    """(channel, provider, span in ms) -> share of the limit that is used."""
    used = dict[tuple[str, str, int], float]()
    for channel, provider, limit in router.account_limits():
        carried = leases.count_carried(tx, channel, provider, now - limit.span_ms, None, None, "")
        used[channel, provider, limit.span_ms] = carried / limit.count
    return used
