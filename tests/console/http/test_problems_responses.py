"""Every failure is a problem document: unknown addresses, methods, errors of ours, a full disk."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from store.errors import CannotRead, CannotWrite
from tests.support.console_harness import ADMIN, Client, ConsoleHarness, client_of


@pytest.mark.parametrize("path", ["/api", "/api/v1", "/api/v1/dragons", "/api/v2/alerts", "/api/v1/alerts/1/2/3"])
async def test_an_unknown_address_of_the_api_is_a_problem_document(admin: Client, path: str) -> None:
    response = await admin.get(path)

    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["title"] == "没有找到"


@pytest.mark.parametrize(
    ("method", "path"),
    [("DELETE", "/api/v1/alerts"), ("GET", "/api/v1/alerts/1/acknowledge"), ("POST", "/api/v1/rules")],
)
async def test_a_method_that_does_not_fit_is_a_problem_document(admin: Client, method: str, path: str) -> None:
    response = await admin.request(method, path)

    assert response.status_code == 405
    assert response.headers["content-type"] == "application/problem+json"


async def test_an_internal_error_reveals_nothing_and_is_logged_without_secrets(
    harness: ConsoleHarness, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> Any:
        raise RuntimeError("the table is gone")

    async with client_of(harness.app_with(rules={"summaries": broken}), authorization=f"Bearer {ADMIN}") as client:
        with caplog.at_level(logging.ERROR):
            response = await client.get("/api/v1/rules?token=hush")

    assert (response.status_code, response.json()["status"]) == (500, 500)
    assert "table" not in response.text
    assert "request failed" in caplog.text
    assert ADMIN not in caplog.text
    assert "hush" not in caplog.text


async def test_a_full_disk_is_a_503_with_retry_after(harness: ConsoleHarness) -> None:
    async def full() -> None:
        raise CannotWrite("disk full")

    async with client_of(harness.app_with(registry={"reload": full}), authorization=f"Bearer {ADMIN}") as client:
        response = await client.post("/api/v1/devices", json={"id": "x", "kind": "door"})

    assert (response.status_code, response.headers["retry-after"]) == (503, "5")


async def test_a_history_server_that_does_not_answer_is_a_503_that_says_what_goes_on(harness: ConsoleHarness) -> None:
    def silent() -> None:
        raise CannotRead("VictoriaMetrics did not answer: Connection refused")

    async with client_of(harness.app_with(rules={"summaries": silent}), authorization=f"Bearer {ADMIN}") as client:
        response = await client.get("/api/v1/rules")

    assert (response.status_code, response.headers["retry-after"]) == (503, "5")
    assert "监测与告警不受影响" in response.json()["detail"]
