"""Runs a part of an installation as a process: until SIGINT or SIGTERM."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any


def run_until_stopped(part: Callable[[], Coroutine[Any, Any, None]], log: logging.Logger) -> None:
    """Runs `part` on an event loop of its own; the first signal cancels it."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)

    async def main() -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
        try:
            await part()
        except asyncio.CancelledError:
            log.info("stopped")

    asyncio.run(main())
