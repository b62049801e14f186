"""Fetches receipts and replies from providers, for sites that nothing can call."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Final

from alerts.channels.providers import PollingProvider
from alerts.service import AlertService
from domain import Instant

POLL_EVERY_S: Final = 5.0
"""A reply is at most so much later than by a push."""

log = logging.getLogger("fengshao.providers")


async def poll_once(desk: AlertService, pulled: Mapping[tuple[str, str], PollingProvider], now: Instant) -> int:
    """Apply what arrived at these providers, by (channel, provider); returns how many events."""
    total = 0
    for (channel, provider), source in pulled.items():
        try:
            events = await source.poll(now)
            await desk.receive(events, channel)
            total += len(events)
        except Exception:
            # The events of this call are gone at the provider; a lookup still finds the receipt of a message in doubt.
            log.exception("receipts not fetched", extra={"channel": channel, "provider": provider})
    return total


async def poll_providers(
    desk: AlertService, pulled: Mapping[tuple[str, str], PollingProvider], clock: Callable[[], Instant]
) -> None:
    """Until cancelled."""
    while pulled:
        await poll_once(desk, pulled, clock())
        await asyncio.sleep(POLL_EVERY_S)
