"""Metrics of the machine that the service depends on: clock, disk of the data directory, certificates, watchdog."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from domain import SECOND, Instant


def machine_metrics(data: Path, certificates: Mapping[str, Instant], now: Instant) -> Iterator[Metric]:
    """`certificates`: what they belong to -> when they expire.

    The clock is compared by Prometheus with its own: `timestamp(fengshao_clock_seconds) - fengshao_clock_seconds`.
    """
    disk = shutil.disk_usage(data)
    yield GaugeMetricFamily("fengshao_clock_seconds", "The service's clock (Unix time).", now / SECOND)
    yield GaugeMetricFamily("fengshao_data_disk_free_bytes", "Free space of the data directory's disk.", disk.free)
    yield GaugeMetricFamily("fengshao_data_disk_size_bytes", "Size of the data directory's disk.", disk.total)
    expiry = GaugeMetricFamily(
        "fengshao_certificate_expiry_timestamp_seconds", "When a certificate expires (Unix time).", None, ["of"]
    )
    for name, at in sorted(certificates.items()):
        expiry.add_metric([name], at / SECOND)
    yield expiry


def backup_metrics(last_at: Instant | None) -> Iterator[Metric]:
    """When the last backup was begun; nothing before the first."""
    if last_at is not None:
        yield GaugeMetricFamily(
            "fengshao_backup_timestamp_seconds", "When the last backup was begun (Unix time).", last_at / SECOND
        )


def watchdog_metrics(signals: Mapping[str, int], is_configured: bool) -> Iterator[Metric]:
    """Signals to the outside watchdog by outcome; nothing without one."""
    if not is_configured:
        return
    sent = CounterMetricFamily("fengshao_watchdog_signals_total", "Signals to the watchdog.", None, ["outcome"])
    for outcome, number in sorted(signals.items()):
        sent.add_metric([outcome], number)
    yield sent
