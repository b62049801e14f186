"""Writes while the disk is full or failing, or a server is out of reach: retried until they succeed, or left for a
later attempt."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from store.errors import CannotRead, CannotWrite

T = TypeVar("T")

log = logging.getLogger("fengshao.retry")
RETRY_DELAY_S = 1.0
_UNAVAILABLE = CannotWrite, CannotRead


async def retry_until_writable(operation: Callable[[], Awaitable[T]], name: str) -> T:
    """Run `operation` until it succeeds; wait RETRY_DELAY_S after each CannotWrite or CannotRead and log it
    under `name`."""
    while True:
        try:
            return await operation()
        except _UNAVAILABLE as error:
            log.error("%s: cannot write, trying again: %s", name, error)
            await asyncio.sleep(RETRY_DELAY_S)


async def attempt_write(operation: Callable[[], Awaitable[None]], name: str) -> None:
    """Run `operation` once and log a CannotWrite or CannotRead under `name`: for what its caller attempts again
    later."""
    try:
        await operation()
    except _UNAVAILABLE as error:
        log.error("%s not written: %s", name, error)
