"""The broker's own count of messages it dropped: how much did it rise? It knows no MQTT session."""

from __future__ import annotations

from typing import Final

DROPPED: Final = "$SYS/broker/publish/messages/dropped"
"""Mosquitto's name for it. A broker without such a topic says nothing, and nothing is concluded."""


class DropCounter:
    """The first count heard is where we begin; a lower one is a broker that began again."""

    def __init__(self) -> None:
        self._known: int | None = None

    def rise(self, payload: bytes) -> int:
        """By how much the count rose since it was last heard.

        >>> counter = DropCounter()
        >>> [counter.rise(said) for said in (b"7", b"7", b"12", b"2", b"what?")]
        [0, 0, 5, 2, 0]
        """
        if not payload.isdigit():
            return 0
        count, before = int(payload), self._known
        self._known = count
        if before is None:
            return 0
        return count - before if count >= before else count
