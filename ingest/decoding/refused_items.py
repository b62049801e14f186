"""What was refused of one message: its items singly up to a limit, beyond it one refusal that counts them.

A message may hold 50,000 items. Each refusal bears the message's bytes, so one bad message must not become 50,000.
"""

from __future__ import annotations

from collections.abc import Set
from typing import Final

from msgspec.structs import replace

from domain import Reason
from ingest.decoding.refusals import RefusalBuilder
from ingest.frame import Frame
from ingest.results import Refusal, Rejection

SINGLE_REFUSALS_MAX: Final = 100
"""Refusals of one message that are kept singly; and as many dangers again, one an identity."""


class _Overflow:
    """Items of one reason beyond the limit: the first of them, how many they are, and whether of one device."""

    def __init__(self, refusal: Refusal, rejected: Rejection | None) -> None:
        self.refusal, self.rejected = refusal, rejected
        self.count, self.is_one_device = 0, True


class RefusedItems:
    """The refusals of one message, in its order."""

    def __init__(self, refusing: RefusalBuilder, platform: str | None, frame: Frame) -> None:
        self._builder, self._platform, self._frame = refusing, platform, frame
        self._single: list[tuple[Refusal, Rejection | None]] = []
        self._overflow: dict[tuple[Reason, bool], _Overflow] = {}
        self._danger_identities: set[str | None] = set()
        self.any_rejected = False

    def add_rejection(self, rejected: Rejection) -> None:
        """An adapter or a codec says no to an item."""
        self.any_rejected = True
        self.add(self._builder.from_rejection(rejected, self._platform, self._frame), rejected)

    def add(self, refusal: Refusal, rejected: Rejection | None = None) -> None:
        """One item. Beyond the limit only the first danger of each device is kept singly."""
        first_danger = (
            refusal.danger
            and refusal.identity not in self._danger_identities
            and len(self._danger_identities) < SINGLE_REFUSALS_MAX
        )
        if len(self._single) < SINGLE_REFUSALS_MAX or first_danger:
            self._single.append((refusal, rejected))
            if refusal.danger:
                self._danger_identities.add(refusal.identity)
            return
        rest = self._overflow.setdefault((refusal.reason, refusal.danger), _Overflow(refusal, rejected))
        rest.count += 1
        rest.is_one_device = rest.is_one_device and refusal.identity == rest.refusal.identity

    def refusals(self, told: Set[str]) -> list[Refusal]:
        """What the message's refusals are. `told`: the devices whose danger its readings tell; not told once more."""
        kept = [self._without_reported_danger(refusal, rejected, told) for refusal, rejected in self._single]
        for rest in self._overflow.values():
            one = (
                self._without_reported_danger(rest.refusal, rest.rejected, told) if rest.is_one_device else rest.refusal
            )
            kept.append(replace(one, detail=f"{rest.count} more items of this message, the first: {one.detail}"))
        return kept

    def _without_reported_danger(self, refusal: Refusal, rejected: Rejection | None, told: Set[str]) -> Refusal:
        if not told or rejected is None:
            return refusal
        return self._builder.from_rejection(rejected, self._platform, self._frame, told)
