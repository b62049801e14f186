"""Listens to a broker for a while, with a session of its own that the broker forgets, and keeps what came.

It asks for every topic (`#`). A broker that refuses that is asked for the site's filters and for where platforms are
met otherwise. What the broker hides (Mosquitto grants `#` and then sends only what its access list allows) nobody sees.
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
    """Where listening ends before its time. A larger message is counted and cut off."""

    messages: int = 20_000
    bytes: int = 32 * 1024 * 1024
    message_bytes: int = 1024 * 1024


class Capture(Struct):
    """What came. `ended` is why it ended: time, messages, bytes or connection."""

    subscribed: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    frames: list[Frame] = field(default_factory=list)
    bytes: int = 0
    ended: str = "time"


async def listen(
    address: BrokerAddress,
    seconds: float,
    otherwise: Sequence[str],
    clock: Callable[[], Instant],
    limits: CaptureLimits | None = None,
) -> Capture:
    """What the broker sends in this time. `otherwise` are the filters to ask for if it refuses `#`.

    Raises BrokerUnavailable.
    """
    caught = Capture()
    try:
        async with _client(address) as connection:
            # By the standard `#` leaves out what begins with a dollar, as Huawei's $oc does.
            dollars = [pattern for pattern in otherwise if pattern.startswith("$")]
            await _subscribe(connection, [ALL_TOPICS, *dollars], caught)
            if ALL_TOPICS in caught.refused:
                await _subscribe(connection, [each for each in otherwise if each not in dollars], caught)
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await _receive(connection, caught, clock, limits or CaptureLimits())
    except aiomqtt.MqttError as fault:
        if not caught.subscribed:
            raise BrokerUnavailable(f"{address}: {fault}; is the address right, and may this user connect?") from None
        caught.ended = "connection"
    return caught


def _client(address: BrokerAddress) -> aiomqtt.Client:
    """Never under the service's name: the broker would throw the service out."""
    return mqtt_client(
        address,
        identifier=f"fengshao-doctor-{secrets.token_hex(3)}",
        protocol=aiomqtt.ProtocolVersion.V5,
        clean_start=True,
        timeout=CONNECT_TIMEOUT_S,
    )


async def _subscribe(client: aiomqtt.Client, filters: Sequence[str], caught: Capture) -> None:
    """One by one, so that the answer to each is known. At QoS 0: nothing is owed to us."""
    for pattern in filters:
        answers = await client.subscribe(pattern, options=SubscribeOptions(qos=0))
        answer = answers[0]
        code = answer.value if isinstance(answer, ReasonCode) else answer
        if code < FAILURE_CODE_MIN:
            caught.subscribed.append(pattern)
        else:
            caught.refused[pattern] = str(answer)


async def _receive(
    client: aiomqtt.Client, caught: Capture, clock: Callable[[], Instant], limits: CaptureLimits
) -> None:
    async for message in client.messages:
        payload = message.payload if isinstance(message.payload, bytes) else b""
        size = len(payload) if len(payload) > limits.message_bytes else None
        kept = payload[: limits.message_bytes]
        topic = message.topic.value
        caught.frames.append(Frame(topic, kept, clock(), DOCTOR_SESSION, retain=message.retain, size=size))
        caught.bytes += len(topic) + len(kept)
        if len(caught.frames) >= limits.messages or caught.bytes >= limits.bytes:
            caught.ended = "messages" if len(caught.frames) >= limits.messages else "bytes"
            return
