"""The Prometheus text exposition format, written by prometheus_client."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from prometheus_client import generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class _MetricFamilies(Collector):
    """Metric families that exist for one scrape only."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def exposition(families: Iterable[Metric]) -> bytes:
    """Metric families in the text format 0.0.4: HELP and TYPE once a family, labels escaped, UTF-8."""
    return generate_latest(_MetricFamilies(families))
