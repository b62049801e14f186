"""Sends a trace of each critical danger to a collector (OTLP over HTTP), two minutes after it was opened.

Off without `traces.url`. What the collector does not accept waits in a bounded queue, and beyond it is dropped and
counted; nothing else waits for a collector.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from prometheus_client.core import CounterMetricFamily, Metric
from sqlalchemy import Connection

from app.config.watch_settings import TraceSettings
from app.pipeline.retry import attempt_write
from app.server.channels import NOT_REACHED, http_client
from app.server.traces import request_of, spans_of
from domain import MINUTE, Instant
from store.database.alerts import trace_facts
from store.database.database import Database

log = logging.getLogger("fengshao.traces")
EVERY_S: Final = 15.0
SETTLED_MS: Final = 2 * MINUTE
"""By then a call was accepted and its receipt has come, or has not."""
QUEUE_MAX: Final = 200
Trace = list[dict[str, Any]]


class TraceExporter:
    """Exports the dangers that are opened from its start on."""

    def __init__(self, settings: TraceSettings, database: Database, seed: str, clock: Callable[[], Instant]) -> None:
        self._settings, self._database, self._seed, self._clock = settings, database, seed, clock
        self._client = http_client() if settings.url else None
        self._after = clock()
        self._queue: deque[Trace] = deque()
        self.counts: Counter[str] = Counter(sent=0, refused=0, dropped=0)

    async def run(self) -> None:
        """Until cancelled; at once over without an address."""
        while self._client is not None:
            try:
                await attempt_write(self.export, "traces")
            except NOT_REACHED as error:
                self.counts["refused"] += 1
                log.warning("traces not accepted: %s", type(error).__name__)
            await asyncio.sleep(EVERY_S)

    async def export(self) -> None:
        """Queue the traces of what has settled since the last call, and send. Raises HTTPError; then they wait."""
        until = self._clock() - SETTLED_MS
        if until > self._after:
            for trace in await self._database.read(partial(_traces, after=self._after, until=until, seed=self._seed)):
                if len(self._queue) == QUEUE_MAX:
                    self._queue.popleft()
                    self.counts["dropped"] += 1
                self._queue.append(trace)
            self._after = until
        if self._client is None or not self._queue:
            return
        sent = len(self._queue)
        spans = [span for trace in self._queue for span in trace]
        answer = await self._client.post(self._settings.url, json=request_of(spans, "fengshao", ""))
        answer.raise_for_status()
        self._queue.clear()
        self.counts["sent"] += sent

    async def close(self) -> None:
        """Close the connection."""
        if self._client is not None:
            await self._client.aclose()

    def metrics(self) -> Iterator[Metric]:
        """Traces by outcome; nothing without a collector."""
        if self._client is not None:
            family = CounterMetricFamily("fengshao_traces_total", "Traces of dangers by outcome.", None, ["outcome"])
            for outcome, number in sorted(self.counts.items()):
                family.add_metric([outcome], number)
            yield family


def _traces(tx: Connection, after: Instant, until: Instant, seed: str) -> list[Trace]:
    facts = trace_facts.critical_dangers(tx, after, until)
    return [spans_of(alert, received_at, deliveries, seed) for alert, received_at, deliveries in facts]
