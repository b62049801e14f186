"""Probes and metrics."""

from __future__ import annotations

from tests.support.console_harness import Client, ConsoleHarness, client_of


async def test_probes_and_metrics_need_no_token(harness: ConsoleHarness, anyone: Client) -> None:
    ready = await anyone.get("/readyz")
    metrics = await anyone.get("/metrics")

    assert (await anyone.get("/healthz")).json() == {"status": "ok"}
    assert (await anyone.head("/healthz")).status_code == (await anyone.head("/readyz")).status_code == 200
    assert (ready.status_code, ready.json()["ready"]) == (200, True)
    assert metrics.headers["content-type"].startswith("text/plain")
    assert "fengshao_readings_total 3.0\n" in metrics.text
    assert "fengshao_stream_listeners 0.0\n" in metrics.text


async def test_not_ready_names_the_missing_condition(harness: ConsoleHarness) -> None:
    app = harness.app_with(monitoring={"readiness": lambda: {"journal": True, "subscriptions": False}})
    async with client_of(app) as client:
        response = await client.get("/readyz")

    assert (response.status_code, response.json()) == (
        503,
        {"ready": False, "checks": {"journal": True, "subscriptions": False}, "role": "active"},
    )
