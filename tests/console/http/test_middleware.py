"""The limit of bodies, the security headers, and compression."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.console_harness import Client, ConsoleHarness


async def test_a_body_over_the_limit_is_refused_announced_or_not(admin: Client) -> None:
    async def unannounced() -> Any:
        for _ in range(20):
            yield b" " * 65_536

    announced = await admin.post("/api/v1/devices", content=b" " * (1 << 20) + b"{}")
    streamed = await admin.post("/api/v1/devices", content=unannounced())
    nonsense = await admin.post("/api/v1/devices", content=b"{}", headers={"content-length": "many"})

    assert (announced.status_code, streamed.status_code, nonsense.status_code) == (413, 413, 413)
    assert announced.headers["content-type"] == streamed.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/healthz", "/", "/api/v1/alerts", "/api/v1/dragons", "/docs"])
async def test_every_answer_has_the_security_headers(anyone: Client, path: str) -> None:
    headers = (await anyone.get(path)).headers

    assert "default-src 'self'" in headers["content-security-policy"]
    assert "script-src 'self';" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    if path.startswith("/api/"):
        assert headers["cache-control"] == "no-store"


async def test_the_date_of_an_answer_is_that_of_the_clock_of_the_service(
    harness: ConsoleHarness, anyone: Client
) -> None:
    harness.now = 1_795_269_600_000

    assert (await anyone.get("/healthz")).headers.get_list("date") == ["Sat, 21 Nov 2026 14:00:00 GMT"]


async def test_a_body_too_large_is_refused_and_counted(harness: ConsoleHarness, admin: Client) -> None:
    body = b"[" + b" " * (1 << 20) + b"]"

    async def in_pieces() -> AsyncIterator[bytes]:
        yield body[: 1 << 19]
        yield body[1 << 19 :]

    for content in (body, in_pieces()):
        response = await admin.post("/api/v1/readings?device=gas-402", content=content)
        assert response.status_code == 413
    assert harness.accepted == []
    lines = (await admin.get("/metrics")).text.splitlines()
    assert "fengshao_http_too_large_total 2.0" in lines


async def test_a_long_answer_is_compressed_where_the_client_takes_it(admin: Client) -> None:
    plain = await admin.get("/api/v1/openapi.json", headers={"accept-encoding": "identity"})
    packed = await admin.get("/api/v1/openapi.json", headers={"accept-encoding": "gzip"})
    short = await admin.get("/healthz", headers={"accept-encoding": "gzip"})

    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.json() == plain.json()
    assert "accept-encoding" in packed.headers["vary"].lower()
    assert "content-encoding" not in short.headers
