"""`/stream` over a real server: each user gets only their events."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import msgspec
import pytest
import uvicorn

from console.application import create_app
from console.security.auth import COOKIE, sign_worker_link
from tests.support.console_harness import ADMIN, T0, Client, ConsoleHarness

PATIENCE_S = 10.0


Open = Callable[..., Any]


class Told:
    """Reads one stream block by block."""

    def __init__(self, response: httpx2.Response) -> None:
        self.status = response.status_code
        self._lines = response.aiter_lines()

    async def block(self) -> dict[str, str]:
        """The fields of the next block; a comment has the name of nothing."""
        fields: dict[str, str] = {}
        async for line in self._lines:
            if not line:
                return fields
            name, _, value = line.partition(": ")
            fields[name] = value
        raise EOFError

    async def event(self, name: str) -> Any:
        """The data of the next event with this name."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                block = await self.block()
                if block.get("event") == name:
                    return msgspec.json.decode(block["data"]), block.get("id")


@pytest.fixture
def status_every_s() -> float:
    return 0.02


@pytest.fixture
async def server(harness: ConsoleHarness, free_port: Callable[[], int], status_every_s: float) -> AsyncIterator[Open]:
    app = create_app(harness.deps, heartbeat_s=0.05, status_every_s=status_every_s)
    config = uvicorn.Config(app, "127.0.0.1", free_port(), log_level="warning", access_log=False)
    running = uvicorn.Server(config)
    task = asyncio.create_task(running.serve())
    async with asyncio.timeout(PATIENCE_S):
        while not running.started:
            await asyncio.sleep(0.01)
    client = httpx2.AsyncClient(base_url=f"http://127.0.0.1:{config.port}", timeout=PATIENCE_S)

    @contextlib.asynccontextmanager
    async def listen(**headers: str) -> AsyncIterator[Told]:
        bearer = {} if "cookie" in headers else {"authorization": f"Bearer {ADMIN}"}
        async with client.stream("GET", "/api/v1/stream", headers={**bearer, **headers}) as response:
            yield Told(response)

    yield listen
    await client.aclose()
    harness.events.close()
    running.should_exit = True
    await task


async def test_a_page_gets_an_alert_and_every_change_of_it(harness: ConsoleHarness, server: Open) -> None:
    async with server() as stream:
        status, _ = await stream.event("status")
        number = await harness.alert()
        opened, first = await stream.event("alert")
        await harness.desk.perform(number, "comment", _actor(), harness.now, "已电话")
        _, second = await stream.event("alert")

    assert status == {"connected": True, "last_reading_at": "2026-11-21T22:05:00.000+08:00"}
    assert (opened["id"], opened["state"], opened["opened_at"]) == (number, "open", "2026-11-21T22:05:00.000+08:00")
    assert (first, second) == (f"{T0}-1", f"{T0}-2")


async def test_a_reconnected_page_gets_missed_events(harness: ConsoleHarness, server: Open) -> None:
    async with server() as stream:
        number = await harness.alert()
        _, received = await stream.event("alert")
    await harness.desk.perform(number, "comment", _actor(), harness.now, "已电话")
    async with server(**{"last-event-id": received}) as stream:
        missed, identifier = await stream.event("alert")
    async with server(**{"last-event-id": "1-1"}) as stream:
        resync, _ = await stream.event("resync")

    assert (missed["id"], identifier, resync) == (number, f"{T0}-2", {})


async def test_a_workers_link_gets_events_of_its_alert_only(harness: ConsoleHarness, server: Open) -> None:
    alert_id = await harness.alert()
    principal = harness.app.state.sessions.principal_of_link(
        sign_worker_link(b"signing-key-of-this-test", alert_id, "w-zhang", T0), T0
    )
    cookie = harness.app.state.sessions.create(principal, T0)
    async with server(cookie=f"{COOKIE}={cookie}") as stream:
        await stream.event("status")
        await harness.alert("band-101", "band-sos")
        await harness.desk.perform(alert_id, "comment", _actor(), harness.now, "已电话")
        received, _ = await stream.event("alert")

    assert received["id"] == alert_id


async def test_a_token_for_a_place_gets_alerts_under_it_with_allowed_actions(
    harness: ConsoleHarness, server: Open, admin: Client
) -> None:
    made = await admin.post("/api/v1/tokens", json={"role": "viewer", "place": "garden"})
    async with server(authorization=f"Bearer {made.json()['token']}") as stream:
        await stream.event("status")
        await harness.alert("band-101", "band-sos")
        alert_id = await harness.alert()
        received, _ = await stream.event("alert")

    assert (received["id"], received["allowed"]) == (alert_id, [])


@pytest.mark.parametrize("status_every_s", [3_600.0])
async def test_a_quiet_stream_has_heartbeats(server: Open) -> None:
    async with server() as stream, asyncio.timeout(PATIENCE_S):
        while "" not in await stream.block():
            pass


async def test_a_stream_ends_soon_after_its_session(harness: ConsoleHarness, server: Open) -> None:
    principal = harness.app.state.sessions.principal_of_link(
        sign_worker_link(b"signing-key-of-this-test", "1", "w-zhang", T0), T0
    )
    cookie = harness.app.state.sessions.create(principal, T0)
    async with server(cookie=f"{COOKIE}={cookie}") as stream:
        await stream.event("status")
        harness.now += 3 * 3_600_000
        with pytest.raises(EOFError):
            await stream.event("never")


async def test_the_stream_needs_a_token(server: Open) -> None:
    async with server(authorization="Bearer wrong") as stream:
        assert stream.status == 401


async def test_streams_are_limited(harness: ConsoleHarness, server: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.api.stream.SUBSCRIPTIONS_MAX", 0)
    async with server() as stream:
        assert stream.status == 503


def _actor() -> Any:
    from alerts.alert import Actor, ResponseSource

    return Actor("w-li", "李四", ResponseSource.SCREEN)
