"""Encoders of device messages, one module per platform, written from the platforms' documents and never from our
adapters."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from domain import Instant


class Message(Struct, frozen=True, tag=True):
    """An MQTT message to publish."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False


class HttpPush(Struct, frozen=True, tag=True):
    """A POST of a cloud platform to `/api/v1/readings`; `query` and `headers` without the token of the service.

    `topic` is where the platform's message queue has the same body.
    """

    platform: str
    body: bytes
    topic: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


def over_mqtt(message: Message | HttpPush) -> Message:
    """The message as a bridge of the platform's message queue publishes it."""
    return message if isinstance(message, Message) else Message(message.topic, message.body)


class MessageHeader(Struct, frozen=True):
    """What an encoder needs beside the values: the platform's id of the device, the time and a sequence number.

    `at` is the time of the device's clock. `kind` and `model` choose the vendor's fields; `gateway` is the platform's
    id of the gateway, where messages name it. `gateway_seq` is the number of messages that the gateway has sent, and
    `is_first` whether the device has sent none since the gateway started.
    """

    identity: str
    at: Instant
    seq: int
    kind: str = ""
    model: str | None = None
    gateway: str = ""
    gateway_seq: int = 0
    is_first: bool = False


class Sent(Struct, frozen=True):
    """A message in transit. `sent_at` and `arrives_at` are true times; `arrives_at` is never before `sent_at`.

    `urgent`: an alarm bit has changed in it.
    """

    sent_at: Instant
    arrives_at: Instant
    device: str
    message: Message | HttpPush
    urgent: bool = False
