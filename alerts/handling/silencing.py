"""Findings under a silence: held instead of told, dropped when they end, released when it no longer covers them.

Runs inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from alerts.ports import AlertStore
from alerts.silence import HeldFinding, HeldState, find_silence
from domain import Device, Finding, Instant, Phase
from domain.people import Community

_END_PHASES: Final = (Phase.ENDED, Phase.WITHDRAWN)

DevicesById = Callable[[], Mapping[str, Device]]


class SilenceResult(StrEnum):
    """What a silence means for a finding that belongs to no alert."""

    NO = "no"
    """It is told."""
    HELD = "held"
    """It is kept, and told to nobody yet."""
    OVER = "over"
    """It began and ended under the silence."""


class SilenceFilter:
    """Applies silences to findings before they open or join an alert."""

    def __init__(self, community: Callable[[], Community], devices: DevicesById) -> None:
        self._community, self._devices = community, devices

    def apply(self, book: AlertStore, finding: Finding, now: Instant) -> SilenceResult:
        """Whether this finding is silenced. A held one that has become worse, or is covered no more, is told."""
        held = book.held_finding(finding.id)
        if held is not None and held.state is HeldState.ENDED:
            return SilenceResult.OVER
        if finding.phase in _END_PHASES:
            if held is None or held.state is not HeldState.HELD:
                return SilenceResult.NO
            book.settle_held(finding.id, HeldState.ENDED, now)
            return SilenceResult.OVER
        if self._hold(book, finding, now):
            return SilenceResult.HELD
        if held is not None and held.state is HeldState.HELD:
            book.settle_held(finding.id, HeldState.RELEASED, now)
        return SilenceResult.NO

    def release(self, book: AlertStore, now: Instant) -> list[Finding]:
        """The held findings that no silence covers any more, as they began."""
        return [held.finding for held in book.silenced_findings(state=HeldState.HELD) if self._is_free(book, held, now)]

    def _is_free(self, book: AlertStore, held: HeldFinding, now: Instant) -> bool:
        if self._hold(book, held.finding, now):
            return False
        book.settle_held(held.finding.id, HeldState.RELEASED, now)
        return True

    def _hold(self, book: AlertStore, finding: Finding, now: Instant) -> bool:
        active = book.active_silences(now)
        silence = find_silence(active, finding, self._devices(), self._community().places, now) if active else None
        if silence is not None:
            book.hold_finding(finding, silence.id, now)
        return silence is not None
