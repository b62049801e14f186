"""Silences applied to findings: held, dropped when they end, released when no silence covers them.

Runs inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from alerts.ports import Transaction
from alerts.silence import HeldFinding, HeldState, Silence, find_silence
from domain import Device, Finding, FindingPhase
from domain.people import Community

_END_PHASES: Final = (FindingPhase.ENDED, FindingPhase.WITHDRAWN)

DevicesById = Callable[[], Mapping[str, Device]]


class SilenceResult(StrEnum):
    """The effect of silences on a finding that belongs to no alert."""

    NO = "no"
    """Not silenced."""
    HELD = "held"
    """Stored; nobody is notified yet."""
    OVER = "over"
    """It began and ended under the silence."""


class SilenceFilter:
    """Applies silences before a finding opens or joins an alert."""

    def __init__(self, community: Callable[[], Community], devices: DevicesById) -> None:
        self._community, self._devices = community, devices

    def apply(self, tx: Transaction, finding: Finding) -> SilenceResult:
        """Whether this finding is silenced. A held finding that became more severe, or is no longer covered, is not."""
        held = tx.store.held_finding(finding.id)
        if held is not None and held.state is HeldState.ENDED:
            return SilenceResult.OVER
        if finding.phase in _END_PHASES:
            if held is None or held.state is not HeldState.HELD:
                return SilenceResult.NO
            tx.store.settle_held(finding.id, HeldState.ENDED, tx.now)
            return SilenceResult.OVER
        if self._hold(tx, finding):
            return SilenceResult.HELD
        if held is not None and held.state is HeldState.HELD:
            tx.store.settle_held(finding.id, HeldState.RELEASED, tx.now)
        return SilenceResult.NO

    def informing_silence(self, tx: Transaction, finding: Finding) -> Silence | None:
        """The notify-only silence that covers this finding: it is told and nobody is called."""
        silence = self._silence(tx, finding)
        return silence if silence is not None and silence.notify_only else None

    def release(self, tx: Transaction) -> list[Finding]:
        """The held findings that no silence covers any more, as they began."""
        return [held.finding for held in tx.store.silenced_findings(state=HeldState.HELD) if self._is_free(tx, held)]

    def _is_free(self, tx: Transaction, held: HeldFinding) -> bool:
        if self._hold(tx, held.finding):
            return False
        tx.store.settle_held(held.finding.id, HeldState.RELEASED, tx.now)
        return True

    def _hold(self, tx: Transaction, finding: Finding) -> bool:
        silence = self._silence(tx, finding)
        if silence is None or silence.notify_only:
            return False
        tx.store.hold_finding(finding, silence.id, tx.now)
        return True

    def _silence(self, tx: Transaction, finding: Finding) -> Silence | None:
        active = tx.store.active_silences(tx.now)
        return find_silence(active, finding, self._devices(), self._community().places, tx.now) if active else None
