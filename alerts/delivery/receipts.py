"""Receipts of providers: whether they arrive at all, and those that arrive too early. Pure."""

from __future__ import annotations

from typing import Final

from alerts.channels.channel import DeliveryReport
from domain import MINUTE, Instant

ACCEPTED_MIN: Final = 5
WITHIN_MS: Final = 15 * MINUTE
EARLY_MAX: Final = 1_000


class ReceiptWatch:
    """Receipts are missing when ACCEPTED_MIN messages or more were accepted since the last receipt, the first of them
    WITHIN_MS ago: the receipt path is broken, or nothing arrives."""

    def __init__(self) -> None:
        self._accepted, self._first_accepted = 0, 0
        self.is_missing, self._reported = False, False

    def accepted(self, now: Instant) -> None:
        """A message was accepted."""
        self._first_accepted = self._first_accepted if self._accepted else now
        self._accepted += 1

    def received(self) -> None:
        """A receipt arrived."""
        self._accepted, self.is_missing = 0, False

    def changed(self, now: Instant) -> bool:
        """Whether `is_missing` differs from what the last call saw."""
        if self._accepted >= ACCEPTED_MIN and now - self._first_accepted >= WITHIN_MS:
            self.is_missing = True
        changed, self._reported = self.is_missing is not self._reported, self.is_missing
        return changed


class EarlyReports:
    """Reports that arrived before the answer that says which message they are about; the newest EARLY_MAX of them."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], DeliveryReport] = {}

    def keep(self, channel: str, report: DeliveryReport) -> None:
        """A report about a message whose id at the provider is not known yet, or never will be."""
        if report.provider_id is not None:
            self._kept[channel, report.provider_id] = report
            if len(self._kept) > EARLY_MAX:
                self._kept.pop(next(iter(self._kept)))

    def take(self, channel: str, provider_id: str | None) -> DeliveryReport | None:
        """The report about this message, once."""
        return self._kept.pop((channel, provider_id or ""), None)
