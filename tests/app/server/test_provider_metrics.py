"""Sends by outcome and open breakers as metrics."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric

from alerts.channels.channel import SendOutcome
from alerts.channels.logbook import Logbook
from alerts.channels.providers import ProviderChain, ProviderPlan
from alerts.delivery.routing import ProviderRouter
from app.server.provider_metrics import provider_metrics
from tests.alerts.channels.test_channels import delivery_with


def test_outcomes_are_counted_by_provider_and_an_open_breaker_is_0() -> None:
    router = ProviderRouter()
    router.add(
        ProviderChain("sms", {"aliyun": Logbook(), "tencent": Logbook()}, {"aliyun": ProviderPlan(receipts=True)})
    )
    router.record(delivery_with(provider="aliyun"), SendOutcome.CONFIG, 0)
    router.record(delivery_with(provider="tencent"), SendOutcome.ACCEPTED, 0)
    router.record_receipt(delivery_with(provider="tencent"), True)

    class Source:
        def collect(self) -> list[Metric]:
            return list(provider_metrics(router))

    registry = CollectorRegistry()
    registry.register(Source())  # type: ignore[arg-type]
    text = generate_latest(registry).decode()
    assert 'fengshao_deliveries_total{channel="sms",outcome="config",provider="aliyun"} 1.0' in text
    assert 'fengshao_deliveries_total{channel="sms",outcome="delivered",provider="tencent"} 1.0' in text
    assert 'fengshao_provider_up{channel="sms",provider="aliyun"} 0.0' in text
    assert 'fengshao_provider_up{channel="sms",provider="tencent"} 1.0' in text
