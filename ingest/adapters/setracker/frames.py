"""The frames of SeTracker-type watches: `[3G*id*length*content]`, several in one payload. It knows no kind of content.

The length is that of the content in four hexadecimal digits. A frame whose length is wrong is given up, and what comes
after its bracket is still read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

_HEADER: Final = re.compile(rb"\[([^*\[\]]{1,40})\*([^*\[\]]{1,40})\*(?:[^*\[\]]{1,16}\*)?([0-9A-Fa-f]{4})\*")
"""Maker, id, for some a running number, and the length."""


class WatchFrame(Struct, frozen=True):
    """One frame, or a piece that is none: then `fault` says why."""

    identity: str | None
    content: bytes
    fault: str | None = None


def split_frames(payload: bytes) -> Iterator[WatchFrame]:
    """Every frame, in its order.

    >>> [(each.identity, each.content) for each in split_frames(b"[3G*6005412902*0008*heart,71][SG*88*0002*LK]")]
    [('6005412902', b'heart,71'), ('88', b'LK')]
    """
    at = 0
    while payload[at:].strip():
        head = _HEADER.search(payload, at)
        between = payload[at : head.start() if head else len(payload)].strip()
        if between:
            yield WatchFrame(None, between, "it is no frame: [maker*id*length*content]")
        if head is None:
            return
        frame, at = _parse_frame(payload, head)
        yield frame


def _parse_frame(payload: bytes, head: re.Match[bytes]) -> tuple[WatchFrame, int]:
    start, length = head.end(), int(head[3], 16)
    identity = head[2].decode("utf-8", "replace").strip()
    end = start + length
    if payload[end : end + 1] == b"]":
        return WatchFrame(identity, payload[start:end]), end + 1
    bracket = payload.find(b"]", start)
    real = bracket if bracket >= 0 else len(payload)
    fault = f"its length says {length} bytes, and it has {real - start}"
    return WatchFrame(identity, payload[start:real], fault), real + 1
