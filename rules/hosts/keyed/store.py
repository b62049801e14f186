"""What a keyed host keeps of one key between two events, and what one step of it gives."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final, Generic, Protocol, TypeVar

from msgspec import Struct

from domain import Finding, Instant
from rules.hosts.keyed.events import GroupEvent

T = TypeVar("T")
CACHED_KEYS: Final = 50_000
"""Keys of which the decoded state is kept in memory; the others are decoded when their next event comes."""


class KeyStore(Protocol):
    """The state of the key of the event at hand, as the stream processor keeps it and its checkpoints hold it."""

    registry: bytes | None
    state: bytes | None


class Step(Struct):
    """What one event or timer gives: findings, events for keys of the second stage, and when to be called again."""

    findings: Sequence[Finding]
    group_events: Sequence[tuple[str, GroupEvent]] = ()
    wake_at: Instant | None = None
    errors: Sequence[str] = ()
    """Devices that were not evaluated because of an error of ours."""


class RecentlyUsed(Generic[T]):
    """The decoded states of the keys used last."""

    def __init__(self, limit: int = CACHED_KEYS) -> None:
        self._limit = limit
        self._kept: OrderedDict[str, T] = OrderedDict()

    def get(self, key: str) -> T | None:
        """The state of a key, if it is kept."""
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def put(self, key: str, state: T) -> None:
        """Keeps a state; the one that was not used for longest is dropped above the limit."""
        self._kept[key] = state
        if len(self._kept) > self._limit:
            self._kept.popitem(last=False)
