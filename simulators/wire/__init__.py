"""Encoders of device messages, one module per platform, written from the platforms' documents and never from our
adapters."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from domain import Instant, Value


class Message(Struct, frozen=True):
    """An MQTT message to publish."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False


class Measurement(Struct, frozen=True):
    """The values of a device, before a platform encodes them. `urgent`: an alarm bit has changed."""

    device: str
    values: Mapping[str, Value]
    urgent: bool = False


class MessageHeader(Struct, frozen=True):
    """What an encoder needs beside the values: the platform's id of the device, the time and a sequence number."""

    identity: str
    at: Instant
    seq: int
