"""Frames: one message as it was received, and the journal entries that hold batches of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from domain import Instant, Lane

REPLAY_SESSION: Final = "replay"
"""The session of messages that were refused once and are processed again."""


class Frame(Struct, frozen=True, gc=False, array_like=True):
    """One message with its unchanged payload, the session that received it and the time of reception.

    `size` is the full length of a payload of which only the head is kept: the message was larger than the limit.
    `is_session_copy`: the other session received the same message; it is stored, so that it is known after a restart,
    and not decoded.
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
    """One batch of frames at its position in the journal."""

    lane: Lane
    pos: int
    frames: Sequence[Frame]
