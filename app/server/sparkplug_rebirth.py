"""Tells Sparkplug edge nodes to be born again when what they say cannot be understood (a gap, no birth heard)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import aiomqtt

from app.mqtt_client import mqtt_client
from domain import Instant
from ingest.adapters.sparkplug import rebirth_request
from ingest.decoding.decoder import Decoder
from ingest.mqtt.broker_address import BrokerAddress

log = logging.getLogger("fengshao.sparkplug_rebirth")
REQUEST_EVERY_S = 2.0
RETRY_DELAY_S = 30.0


async def request_rebirths(listener: Decoder, broker: BrokerAddress, clock: Callable[[], Instant]) -> None:
    """Publishes what the listener wants, a node at most once a turn; until cancelled."""
    while True:
        await asyncio.sleep(REQUEST_EVERY_S)
        wanted = sorted(listener.rebirth_requests)
        if wanted:
            try:
                await _publish(wanted, broker, clock())
            except aiomqtt.MqttError as error:
                log.warning("rebirths not asked for: %s", error)
                await asyncio.sleep(RETRY_DELAY_S)
                continue
            listener.rebirth_requests.difference_update(wanted)


async def _publish(nodes: list[str], broker: BrokerAddress, now: Instant) -> None:
    async with mqtt_client(broker) as connection:
        for node in nodes:
            await connection.publish(*rebirth_request(node, now), qos=0)
