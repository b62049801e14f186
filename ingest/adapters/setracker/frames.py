"""Splits a payload of SeTracker-type watches into frames: `[3G*id*length*content]`, several in one payload.

The length is that of the content in four hexadecimal digits. A frame with a wrong length is invalid; the frames after
its bracket are still parsed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

_HEADER: Final = re.compile(rb"\[([^*\[\]]{1,40})\*([^*\[\]]{1,40})\*(?:[^*\[\]]{1,16}\*)?([0-9A-Fa-f]{4})\*")
"""Maker, id, for some makers a running number, and the length."""


class WatchFrame(Struct, frozen=True):
    """One frame; `error` tells why it is invalid. Bytes between frames are a WatchFrame without identity."""

    identity: str | None
    content: bytes
    error: str | None = None


def split_frames(payload: bytes) -> Iterator[WatchFrame]:
    """Every frame, in order.

    >>> [(frame.identity, frame.content) for frame in split_frames(b"[3G*6005412902*0008*heart,71][SG*88*0002*LK]")]
    [('6005412902', b'heart,71'), ('88', b'LK')]
    """
    position = 0
    while payload[position:].strip():
        header = _HEADER.search(payload, position)
        junk = payload[position : header.start() if header else len(payload)].strip()
        if junk:
            yield WatchFrame(None, junk, "it is no frame: [maker*id*length*content]")
        if header is None:
            return
        frame, position = _parse_frame(payload, header)
        yield frame


def _parse_frame(payload: bytes, header: re.Match[bytes]) -> tuple[WatchFrame, int]:
    start, length = header.end(), int(header[3], 16)
    identity = header[2].decode("utf-8", "replace").strip()
    end = start + length
    if payload[end : end + 1] == b"]":
        return WatchFrame(identity, payload[start:end]), end + 1
    bracket = payload.find(b"]", start)
    actual_end = bracket if bracket >= 0 else len(payload)
    error = f"its length says {length} bytes, and it has {actual_end - start}"
    return WatchFrame(identity, payload[start:actual_end], error), actual_end + 1
