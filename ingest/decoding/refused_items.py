"""Refusals of one message: singly up to a limit, beyond it one refusal per reason that counts the others.

A message may hold 50,000 items. Each refusal holds the message's bytes, so one bad message must not become 50,000.
"""

from __future__ import annotations

from collections.abc import Set
from typing import Final

from msgspec.structs import replace

from domain import RefusalReason
from ingest.decoding.refusals import RefusalBuilder
from ingest.frame import Frame
from ingest.results import Refusal, Rejection

SINGLE_REFUSALS_MAX: Final = 100
"""Refusals of one message that are kept singly; and as many dangers again, one for each identity."""


class _Overflow:
    """Items of one reason beyond the limit: the first of them, their number, and whether all are of one device."""

    def __init__(self, refusal: Refusal, rejection: Rejection | None) -> None:
        self.refusal, self.rejection = refusal, rejection
        self.count, self.is_one_device = 0, True


class RefusedItems:
    """The refusals of one message, in the order of its items."""

    def __init__(self, builder: RefusalBuilder, platform: str | None, frame: Frame) -> None:
        self._builder, self._platform, self._frame = builder, platform, frame
        self._single: list[tuple[Refusal, Rejection | None]] = []
        self._overflow: dict[tuple[RefusalReason, bool], _Overflow] = {}
        self._danger_identities: set[str | None] = set()
        self.any_rejected = False

    def add_rejection(self, rejection: Rejection) -> None:
        """Add an item that an adapter or a codec rejected."""
        self.any_rejected = True
        self.add(self._builder.from_rejection(rejection, self._platform, self._frame), rejection)

    def add(self, refusal: Refusal, rejection: Rejection | None = None) -> None:
        """Add one item. Beyond the limit only the first danger of each device is kept singly."""
        identities = self._danger_identities
        is_first_danger = refusal.danger and refusal.identity not in identities
        if len(self._single) < SINGLE_REFUSALS_MAX or (is_first_danger and len(identities) < SINGLE_REFUSALS_MAX):
            self._single.append((refusal, rejection))
            if refusal.danger:
                identities.add(refusal.identity)
            return
        key = refusal.reason, refusal.danger
        overflow = self._overflow.setdefault(key, _Overflow(refusal, rejection))
        overflow.count += 1
        overflow.is_one_device = overflow.is_one_device and refusal.identity == overflow.refusal.identity

    def refusals(self, reported: Set[str]) -> list[Refusal]:
        """The message's refusals. `reported`: devices whose danger its readings report; it is not reported again."""
        refusals = [self._without_reported_danger(*single, reported) for single in self._single]
        for overflow in self._overflow.values():
            first = overflow.refusal
            if overflow.is_one_device:
                first = self._without_reported_danger(first, overflow.rejection, reported)
            detail = f"{overflow.count} more items of this message, the first: {first.detail}"
            refusals.append(replace(first, detail=detail))
        return refusals

    def _without_reported_danger(self, refusal: Refusal, rejection: Rejection | None, reported: Set[str]) -> Refusal:
        if not reported or rejection is None:
            return refusal
        return self._builder.from_rejection(rejection, self._platform, self._frame, reported)
