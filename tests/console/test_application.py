"""Tasks of the application."""

from __future__ import annotations

import asyncio
from typing import Any

from console import application
from console.events import Event
from tests.support.console_harness import ConsoleHarness

TIMEOUT_S = 10.0


async def test_a_status_that_fails_is_published_later(harness: ConsoleHarness) -> None:
    errors = [RuntimeError("no number yet")]

    def status() -> dict[str, Any]:
        if errors:
            raise errors.pop()
        return {"connected": True}

    publishing = asyncio.create_task(application._publish_status(harness.deps_with(monitoring={"status": status}), 0.0))
    async with asyncio.timeout(TIMEOUT_S):
        stream = await anext(harness.events.subscribe(None).events(TIMEOUT_S))
    publishing.cancel()

    assert stream == Event("status", {"connected": True})
