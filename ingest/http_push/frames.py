"""What all push sources share: the rejection of a request, and the frame of a pushed message."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from domain import Instant
from ingest.frame import Frame

HTTP_SESSION: Final = "http"
TOPIC_LEVEL_CHARS_MAX: Final = 128


class PushRejected(Struct, frozen=True):
    """Why a push is not accepted: HTTP status, the field at fault, and what to send instead."""

    status: int
    field: str
    detail: str


PushResult = list[Frame] | PushRejected
"""The frames of one request, or why it is not accepted."""


def frame_from_push(topic: str, payload: bytes, now: Instant) -> Frame:
    """A frame as if the message had been published over MQTT at QoS 1."""
    return Frame(topic, payload, now, HTTP_SESSION, 1)


def is_topic_level(name: object) -> bool:
    """Whether `name` is a text that may be one level of a topic.

    >>> [is_topic_level(name) for name in ("gas-1", "3栋 402", "a/b", "#", "", None)]
    [True, True, False, False, False, False]
    """
    return (
        isinstance(name, str)
        and 0 < len(name) <= TOPIC_LEVEL_CHARS_MAX
        and name.isprintable()
        and not set(name) & set("/+#")
    )
