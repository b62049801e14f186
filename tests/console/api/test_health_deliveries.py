"""Deliveries by state in the metrics."""

from __future__ import annotations

from domain import HOUR
from tests.support.console_harness import Client, ConsoleHarness


async def test_deliveries_are_a_gauge_counted_at_a_scrape(harness: ConsoleHarness, anyone: Client) -> None:
    await harness.alert()
    first = (await anyone.get("/metrics")).text
    reads = []
    read = harness.database.read
    harness.database.read = lambda work: reads.append(work) or read(work)  # type: ignore[method-assign,assignment,func-returns-value]
    for _ in range(5):
        assert (await anyone.get("/metrics")).status_code == 200
    harness.now += HOUR
    await anyone.get("/metrics")

    assert "# TYPE fengshao_deliveries gauge" in first
    assert 'fengshao_deliveries{channel="logbook"' in first
    assert "fengshao_deliveries_total" not in first
    assert len(reads) == 1
