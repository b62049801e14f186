"""Applies changes of registry and definitions to all parts of a running service."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from app.config.site import SiteConfig
from app.reload.definitions import Definitions
from app.reload.registry import RegistryCache
from app.server.processing import Processing
from app.server.status import StatusLine
from console.events import EventHub
from ingest.mqtt.consumer import MqttConsumer
from ingest.mqtt.urgent_filters import urgent_filters
from rules.rulebook.diff import RulebookDiff


class StatusPublisher:
    """Publishes the present status line to the console's event stream."""

    def __init__(self, hub: EventHub, status: StatusLine) -> None:
        self._hub, self._status = hub, status

    def __call__(self) -> None:
        self._hub.publish_status(self._status())


class LiveUpdates:
    """After a change is applied to the pipeline, the urgent filters are updated."""

    def __init__(
        self,
        config: SiteConfig,
        registry: RegistryCache,
        processing: Processing,
        consumer: MqttConsumer,
        check_roster: Callable[[], None],
        update_broker: Callable[[], Awaitable[None]],
    ) -> None:
        self._urgent_filters_max = config.settings.intake.urgent_filters_max
        self._registry, self._processing, self._consumer = registry, processing, consumer
        self._check_roster, self.update_broker = check_roster, update_broker
        self._filters_lock = asyncio.Lock()

    @property
    def definitions(self) -> Definitions:
        return self._processing.definitions

    async def registry_changed(self) -> None:
        """Apply the registry's new version; returns when it has effect."""
        await self._processing.registry_changed()
        await self.update_broker()
        await self._update_urgent_filters()
        self._check_roster()

    async def apply_definitions(self, new: Definitions) -> RulebookDiff:
        """Apply kinds, mappings and rulebooks; returns when they have effect."""
        changes = await self._processing.apply_definitions(new)
        await self._update_urgent_filters()
        return changes

    async def _update_urgent_filters(self) -> None:
        """Which devices have a topic in the urgent session: a kind may be urgent now that was not.

        One update at a time, so that filters of an older registry never replace those of a newer one.
        """
        async with self._filters_lock:
            devices, limit = self._registry.devices.values(), self._urgent_filters_max
            kinds, routes = self._processing.kinds, self._processing.decoder.routes
            self._consumer.set_urgent_filters(await asyncio.to_thread(urgent_filters, devices, kinds, limit, routes))
