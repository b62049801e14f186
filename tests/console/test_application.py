"""Tasks of the application."""

from __future__ import annotations

import asyncio
from typing import Any

from console import application
from console.events import Event, EventGroup
from tests.support.console_harness import ConsoleHarness
from tests.support.timeouts import LONG_TIMEOUT_S


async def test_a_status_that_fails_is_published_later(harness: ConsoleHarness) -> None:
    errors = [RuntimeError("no number yet")]

    def status() -> dict[str, Any]:
        if errors:
            raise errors.pop()
        return {"connected": True}

    publishing = asyncio.create_task(application._publish_status(harness.deps_with(monitoring={"status": status}), 0.0))
    async with asyncio.timeout(LONG_TIMEOUT_S):
        group = await anext(harness.events.subscribe(None).groups(LONG_TIMEOUT_S))
    publishing.cancel()

    assert group == EventGroup([Event("status", {"connected": True})])


async def test_the_outlines_of_the_map_are_read_before_a_screen_asks(harness: ConsoleHarness) -> None:
    read = asyncio.Event()
    loop = asyncio.get_running_loop()

    def outlines() -> dict[str, Any]:
        loop.call_soon_threadsafe(read.set)
        return {}

    app = harness.app_with(registry={"outlines": outlines})
    async with application._lifespan(app), asyncio.timeout(LONG_TIMEOUT_S):
        await read.wait()
