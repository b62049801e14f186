"""How devices talk: one file per platform, written from its documents, never from our decoders."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from domain import Instant, Value


class Message(Struct, frozen=True):
    """What goes to the broker."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False


class Measurement(Struct, frozen=True):
    """What a device says before a platform wraps it. `urgent` marks the moment an alarm bit changes."""

    device: str
    values: Mapping[str, Value]
    urgent: bool = False


class MessageHeader(Struct, frozen=True):
    """What the wrapping needs beside the words: the platform's name for the device, the instant, a running number."""

    identity: str
    at: Instant
    seq: int
