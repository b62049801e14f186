"""Asks the providers about our accounts while the service runs: a fault is a health alert, no reason not to start."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from typing import Final

from app.pipeline.self_monitoring import SelfMonitoring
from app.preflight.preflight import preflight
from domain import Instant, Person

START_DELAY_S: Final = 5.0
"""The first messages of a start are more urgent than the question whether the next ones would be accepted."""
REPEAT_S: Final = 6 * 3600.0

log = logging.getLogger("fengshao.providers")


async def check_providers_regularly(
    channels: Mapping[str, object],
    people: Callable[[], Collection[Person]],
    monitoring: SelfMonitoring,
    clock: Callable[[], Instant],
    start_delay_s: float = START_DELAY_S,
) -> None:
    """Until cancelled. Templates are not asked about singly: there are a hundred."""
    pause_s = start_delay_s
    while True:
        await asyncio.sleep(pause_s)
        pause_s = REPEAT_S
        try:
            result = await preflight(channels, people(), clock())
        except Exception:
            log.exception("providers were not asked")
            continue
        faults = list(result.lines())
        for fault in faults:
            log.warning("provider: %s", fault)
        monitoring.providers_checked(faults, clock())
