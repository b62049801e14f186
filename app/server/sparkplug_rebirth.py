"""Requests a rebirth (NCMD) from Sparkplug edge nodes whose data cannot be decoded: a sequence gap, no NBIRTH."""

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


async def request_rebirths(decoder: Decoder, broker: BrokerAddress, clock: Callable[[], Instant]) -> None:
    """Publish the decoder's rebirth requests every REQUEST_EVERY_S, one for each node, until cancelled."""
    while True:
        await asyncio.sleep(REQUEST_EVERY_S)
        nodes = sorted(decoder.rebirth_requests)
        if nodes:
            try:
                await _publish(nodes, broker, clock())
            except aiomqtt.MqttError as error:
                log.warning("rebirths not asked for: %s", error)
                await asyncio.sleep(RETRY_DELAY_S)
                continue
            decoder.rebirth_requests.difference_update(nodes)


async def _publish(nodes: list[str], broker: BrokerAddress, now: Instant) -> None:
    async with mqtt_client(broker) as connection:
        for node in nodes:
            await connection.publish(*rebirth_request(node, now), qos=0)
