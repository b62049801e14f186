"""The daily self-test: a message of a synthetic device on the path of a real one, from the broker to the provider.

It is addressed to the people on duty in the role `canary`; without any it is not sent, so that nobody is woken.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Final

import aiomqtt
from msgspec.structs import replace

from alerts.cases.canary import CANARY_DEVICE, CANARY_KIND, CANARY_ROLE, CanaryResult, canary_problem
from alerts.drills import Drills
from alerts.roster.on_duty import on_duty
from app.mqtt_client import mqtt_client
from app.pipeline.self_monitoring import SelfMonitoring
from app.reload.registry import RegistryCache
from app.server.service_config import ServiceConfig
from domain import SECOND, Device, Instant
from store.database import registry
from store.database.alerts import canary
from store.database.database import Database

TOPIC: Final = f"fengshao/v1/{CANARY_DEVICE}/up"
POLL_S: Final = 0.2
SENT_WITHIN_MS: Final = 90 * SECOND
RECEIPT_WITHIN_MS: Final = 30 * SECOND
"""After the acceptance; a channel without receipts ends the self-test then."""


class Canary:
    """Runs self-tests; `last` is the newest result."""

    def __init__(
        self,
        config: ServiceConfig,
        database: Database,
        registry_cache: RegistryCache,
        reload: Callable[[], Awaitable[None]],
        drills: Drills,
        monitoring: SelfMonitoring,
        clock: Callable[[], Instant],
    ) -> None:
        self._config, self._database, self._registry, self._reload = config, database, registry_cache, reload
        self._drills, self._monitoring, self._clock = drills, monitoring, clock
        self._running = asyncio.Lock()
        self.last: CanaryResult | None = None

    async def restore(self) -> None:
        """Read the result of the last self-test before a restart."""
        self.last = await self._database.read(canary.last_canary)

    async def run(self, now: Instant) -> str:
        """The job: run a self-test and report it in a few words."""
        result = await self.test(now)
        if result is None:
            return f"no self-test: nobody is on duty in the role {CANARY_ROLE}"
        return result.problem or f"sent after {result.sent_ms} ms, delivered after {result.delivered_ms} ms"

    async def test(self, now: Instant) -> CanaryResult | None:
        """One self-test, at most one at a time; None when nobody would receive it."""
        async with self._running:
            community = self._registry.current_community()
            if not on_duty(community, None, CANARY_ROLE, now, self._config.site.settings.zone):
                return None
            await self._register_device()
            result = await self._measure()
            result = replace(result, problem=canary_problem(result))
            await self._database.write(lambda tx: canary.save_canary(tx, result))
            self.last = result
            self._monitoring.check_canary(result.problem, self._clock())
            return result

    async def _register_device(self) -> None:
        device = Device(CANARY_DEVICE, CANARY_KIND)
        if CANARY_DEVICE not in self._registry.devices:
            now = self._clock()
            await self._database.write(lambda tx: registry.put_devices(tx, [device], now))
            await self._reload()

    async def _measure(self) -> CanaryResult:
        published_at = self._clock()
        try:
            async with mqtt_client(self._config.broker) as client:
                await client.publish(TOPIC, json.dumps({"ts": published_at, "beat": True}), qos=1)
        except aiomqtt.MqttError as error:
            return CanaryResult(published_at, problem=f"not published: {error}")
        alert, result = None, CanaryResult(published_at)
        while not self._is_over(result):
            await asyncio.sleep(POLL_S)
            alert, result = await self._database.read(lambda tx: canary.trace_canary(tx, published_at))
        if alert is not None:
            await self._drills.end(alert, self._clock())
        return result

    def _is_over(self, result: CanaryResult) -> bool:
        waited = self._clock() - result.at
        if result.delivered_ms is not None:
            return True
        return waited > SENT_WITHIN_MS if result.sent_ms is None else waited > result.sent_ms + RECEIPT_WITHIN_MS
