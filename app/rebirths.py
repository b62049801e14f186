"""Tells Sparkplug edge nodes to be born again when what they say cannot be understood (a gap, no birth heard)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from urllib.parse import unquote, urlsplit

import aiomqtt

from domain import Instant
from ingest.adapters.sparkplug import rebirth
from ingest.listener import Listener

log = logging.getLogger("fengshao.rebirths")
EVERY_S = 2.0
AGAIN_S = 30.0


async def ask_for_rebirths(listener: Listener, mqtt_url: str, clock: Callable[[], Instant]) -> None:
    """Publishes what the listener wants, a node at most once a turn; until cancelled."""
    while True:
        await asyncio.sleep(EVERY_S)
        wanted = sorted(listener.rebirths_wanted)
        if wanted:
            try:
                await _publish(wanted, mqtt_url, clock())
            except aiomqtt.MqttError as error:
                log.warning("rebirths not asked for: %s", error)
                await asyncio.sleep(AGAIN_S)
                continue
            listener.rebirths_wanted.difference_update(wanted)


async def _publish(nodes: list[str], mqtt_url: str, now: Instant) -> None:
    parts = urlsplit(mqtt_url)
    secure = parts.scheme == "mqtts"
    async with aiomqtt.Client(
        parts.hostname or "127.0.0.1",
        parts.port or (8883 if secure else 1883),
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        tls_params=aiomqtt.TLSParameters() if secure else None,
    ) as client:
        for node in nodes:
            await client.publish(*rebirth(node, now), qos=0)
