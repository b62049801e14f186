"""Frames: the bytes of one message as they came, and the journal entries that hold them. It knows no platform."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from domain import Instant, Lane

REPLAY_SESSION: Final = "replay"
"""The session of messages that were refused once and are tried again."""


class Frame(Struct, frozen=True, gc=False, array_like=True):
    """One message, word for word, with the session that brought it and the instant it came.

    `size` is the payload's full length when only its head was kept (the message was larger than we take). A `twin` is
    what the other session brought too: kept so that it is known after a restart, and not read.
    """

    topic: str
    payload: bytes
    received: Instant
    session: str
    qos: int = 0
    packet_id: int | None = None
    dup: bool = False
    retain: bool = False
    size: int | None = None
    is_session_copy: bool = False


class JournalEntry(Struct, frozen=True):
    """One batch of frames at its place in the journal."""

    lane: Lane
    pos: int
    frames: Sequence[Frame]
