"""What was refused of one message: its items singly up to a limit, beyond it one refusal that counts them.

A message may hold 50,000 items. Each refusal bears the message's bytes, so one bad message must not become 50,000.
"""

from __future__ import annotations

from collections.abc import Set
from typing import Final

from msgspec.structs import replace

from domain import Reason
from ingest.decoding.refusals import Refusing
from ingest.frame import Frame
from ingest.results import Refusal, Rejected

SINGLY_MAX: Final = 100
"""Refusals of one message that are kept singly; and as many dangers again, one an identity."""


class _Rest:
    """Items of one reason beyond the limit: the first of them, how many they are, and whether of one device."""

    def __init__(self, refusal: Refusal, rejected: Rejected | None) -> None:
        self.refusal, self.rejected = refusal, rejected
        self.count, self.of_one = 0, True


class RefusedItems:
    """The refusals of one message, in its order."""

    def __init__(self, refusing: Refusing, platform: str | None, frame: Frame) -> None:
        self._refusing, self._platform, self._frame = refusing, platform, frame
        self._kept: list[tuple[Refusal, Rejected | None]] = []
        self._rest: dict[tuple[Reason, bool], _Rest] = {}
        self._dangers: set[str | None] = set()
        self.any_rejected = False

    def reject(self, rejected: Rejected) -> None:
        """An adapter or a codec says no to an item."""
        self.any_rejected = True
        self.add(self._refusing.rejected(rejected, self._platform, self._frame), rejected)

    def add(self, refusal: Refusal, rejected: Rejected | None = None) -> None:
        """One item. Beyond the limit only the first danger of each device is kept singly."""
        first_danger = refusal.danger and refusal.identity not in self._dangers and len(self._dangers) < SINGLY_MAX
        if len(self._kept) < SINGLY_MAX or first_danger:
            self._kept.append((refusal, rejected))
            if refusal.danger:
                self._dangers.add(refusal.identity)
            return
        rest = self._rest.setdefault((refusal.reason, refusal.danger), _Rest(refusal, rejected))
        rest.count += 1
        rest.of_one = rest.of_one and refusal.identity == rest.refusal.identity

    def all(self, told: Set[str]) -> list[Refusal]:
        """What the message's refusals are. `told`: the devices whose danger its readings tell; not told once more."""
        kept = [self._settled(refusal, rejected, told) for refusal, rejected in self._kept]
        for rest in self._rest.values():
            one = self._settled(rest.refusal, rest.rejected, told) if rest.of_one else rest.refusal
            kept.append(replace(one, detail=f"{rest.count} more items of this message, the first: {one.detail}"))
        return kept

    def _settled(self, refusal: Refusal, rejected: Rejected | None, told: Set[str]) -> Refusal:
        if not told or rejected is None:
            return refusal
        return self._refusing.rejected(rejected, self._platform, self._frame, told)
