"""Captures the messages of a broker for a limited time, with an MQTT session of its own that leaves nothing behind.

Subscribes to every topic (`#`), and to fallback filters on a broker that refuses it. A broker may accept `#` and send
only what its access list allows, as Mosquitto does: such messages cannot be seen.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

import aiomqtt
from msgspec import Struct, field
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from app.mqtt_client import BrokerUnavailable, mqtt_client
from domain import Instant
from ingest.frame import Frame
from ingest.mqtt.broker_address import BrokerAddress

DOCTOR_SESSION: Final = "doctor"
ALL_TOPICS: Final = "#"
CONNECT_TIMEOUT_S: Final = 10.0
FAILURE_CODE_MIN: Final = 0x80


class CaptureLimits(Struct, frozen=True):
    """Limits at which a capture ends early; the payload of a larger message is truncated."""

    messages: int = 20_000
    bytes: int = 32 * 1024 * 1024
    message_bytes: int = 1024 * 1024


class Capture(Struct):
    """Captured messages. `ended` is why the capture ended: time, messages, bytes or connection."""

    subscribed: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    frames: list[Frame] = field(default_factory=list)
    bytes: int = 0
    ended: str = "time"


async def listen(
    address: BrokerAddress,
    seconds: float,
    fallback_filters: Sequence[str],
    clock: Callable[[], Instant],
    limits: CaptureLimits | None = None,
) -> Capture:
    """Capture for `seconds`; subscribes to `fallback_filters` when the broker refuses `#`. Raises BrokerUnavailable."""
    capture = Capture()
    try:
        async with _client(address) as connection:
            # MQTT excludes topics that begin with `$` from `#`, such as Huawei's $oc.
            dollars = [pattern for pattern in fallback_filters if pattern.startswith("$")]
            await _subscribe(connection, [ALL_TOPICS, *dollars], capture)
            if ALL_TOPICS in capture.refused:
                others = [pattern for pattern in fallback_filters if pattern not in dollars]
                await _subscribe(connection, others, capture)
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await _receive(connection, capture, clock, limits or CaptureLimits())
    except aiomqtt.MqttError as error:
        if not capture.subscribed:
            raise BrokerUnavailable(f"{address}: {error}; is the address right, and may this user connect?") from None
        capture.ended = "connection"
    return capture


def _client(address: BrokerAddress) -> aiomqtt.Client:
    """A client with an id of its own: the broker would disconnect the service if it were the service's."""
    return mqtt_client(
        address,
        identifier=f"fengshao-doctor-{secrets.token_hex(3)}",
        protocol=aiomqtt.ProtocolVersion.V5,
        clean_start=True,
        timeout=CONNECT_TIMEOUT_S,
    )


async def _subscribe(client: aiomqtt.Client, filters: Sequence[str], capture: Capture) -> None:
    """Subscribe at QoS 0 (nothing is redelivered), one filter at a time, because each may be refused by itself."""
    for pattern in filters:
        (reason, *_) = await client.subscribe(pattern, options=SubscribeOptions(qos=0))
        code = reason.value if isinstance(reason, ReasonCode) else reason
        if code < FAILURE_CODE_MIN:
            capture.subscribed.append(pattern)
        else:
            capture.refused[pattern] = str(reason)


async def _receive(
    client: aiomqtt.Client, capture: Capture, clock: Callable[[], Instant], limits: CaptureLimits
) -> None:
    async for message in client.messages:
        payload = message.payload if isinstance(message.payload, bytes) else b""
        size = len(payload) if len(payload) > limits.message_bytes else None
        truncated = payload[: limits.message_bytes]
        topic = message.topic.value
        capture.frames.append(Frame(topic, truncated, clock(), DOCTOR_SESSION, retain=message.retain, size=size))
        capture.bytes += len(topic) + len(truncated)
        if len(capture.frames) >= limits.messages or capture.bytes >= limits.bytes:
            capture.ended = "messages" if len(capture.frames) >= limits.messages else "bytes"
            return
