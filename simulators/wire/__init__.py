"""Encoders of device messages, one module per platform, written from the platforms' documents and never from our
adapters."""

from __future__ import annotations

from msgspec import Struct

from domain import Instant


class Message(Struct, frozen=True):
    """An MQTT message to publish."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False


class MessageHeader(Struct, frozen=True):
    """What an encoder needs beside the values: the platform's id of the device, the time and a sequence number."""

    identity: str
    at: Instant
    seq: int
