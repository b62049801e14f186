"""Metrics of two machines on one ledger: which is active, whether the other lives, and what it would lack."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from app.datadir.copied_journal import CopiedJournal
from domain import SECOND, Instant
from store.database.leadership import Leadership
from store.journal import SqliteJournal


def two_machine_metrics(leadership: Leadership | None, journal: SqliteJournal, now: Instant) -> Iterator[Metric]:
    """Of the active machine; nothing for a ledger in a file. A standby answers `fengshao_active 0`."""
    if leadership is not None:
        yield GaugeMetricFamily("fengshao_active", "1 on the active machine, 0 on the standby.", 1.0)
        yield GaugeMetricFamily(
            "fengshao_lease_silent_seconds", "For how long the lease was not renewed.", leadership.silent_s
        )
        if leadership.standby_silent_ms is not None:
            yield GaugeMetricFamily(
                "fengshao_standby_silent_seconds",
                "For how long no standby was seen; only where one was seen within a week.",
                leadership.standby_silent_ms / SECOND,
            )
    if isinstance(journal, CopiedJournal):
        waiting_ms = 0 if journal.oldest_waiting is None else max(now - journal.oldest_waiting, 0)
        yield GaugeMetricFamily(
            "fengshao_journal_copy_lag_seconds",
            "Age of the oldest journal entry that the ledger's server does not have yet.",
            waiting_ms / SECOND,
        )
        yield CounterMetricFamily(
            "fengshao_journal_not_copied_total",
            "Journal entries that a takeover would lack: the queue of copies was full.",
            journal.not_copied,
        )
