"""A full disk stops nobody for good: what could not be written is tried again, and meanwhile said aloud."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from store.errors import CannotWrite

T = TypeVar("T")

log = logging.getLogger("fengshao.retry")
RETRY_DELAY_S = 1.0


async def retry_until_writable(work: Callable[[], Awaitable[T]], what: str) -> T:
    """What `work` returns, however often the disk refuses before."""
    while True:
        try:
            return await work()
        except CannotWrite as error:
            log.error("%s: cannot write, trying again: %s", what, error)
            await asyncio.sleep(RETRY_DELAY_S)
