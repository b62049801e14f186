"""Metric families about the providers of channels, computed from the router's counters at each scrape."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from alerts.delivery.routing import ProviderRouter


def provider_metrics(router: ProviderRouter) -> Iterator[Metric]:
    """Sends by outcome since the start, and which breakers are open."""
    sends = CounterMetricFamily(
        "fengshao_deliveries_total",
        "Sends to providers by outcome, and receipts, since the start.",
        None,
        ["channel", "provider", "outcome"],
    )
    for labels, number in sorted(router.outcomes.items()):
        sends.add_metric(labels, number)
    yield sends
    up = GaugeMetricFamily(
        "fengshao_provider_up", "0 while the circuit breaker of a provider is open.", None, ["channel", "provider"]
    )
    for channel, provider, breaker in router.providers():
        up.add_metric((channel, provider), 0 if breaker.is_open else 1)
    yield up
