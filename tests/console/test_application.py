"""Tasks of the application."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import msgspec
import pytest
import uvicorn

from console import application
from console.application import create_app
from console.events import Event
from tests.support.console_harness import ADMIN, ConsoleHarness

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


async def test_a_status_that_fails_is_published_later(harness: ConsoleHarness) -> None:
    troubles = [RuntimeError("no number yet")]

    def status() -> dict[str, Any]:
        if troubles:
            raise troubles.pop()
        return {"connected": True}

    telling = asyncio.create_task(application._publish_status(harness.deps_with(monitoring={"status": status}), 0.0))
    async with asyncio.timeout(PATIENCE_S):
        stream = await anext(harness.events.subscribe(None).events(PATIENCE_S))
    telling.cancel()

    assert stream == Event("status", {"connected": True})
