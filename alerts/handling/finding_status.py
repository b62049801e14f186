"""Status of a finding according to the rules: checked before an alert is settled, and in rechecks."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from domain import Instant


class FindingStatus(StrEnum):
    """Status of a finding that has begun and not ended."""

    OVER = "over"
    """No rule holds it, or it does not come from a rule."""
    NOT_RECEIVED = "unheard"
    """It holds, but no message of its device was received since the given instant."""
    ACTIVE = "active"
    """It holds according to the last reading of its device."""


StatusOf = Callable[[str, str | None, Instant | None], FindingStatus]
"""Status of a finding by its id and device; with an instant, NOT_RECEIVED unless the device was received since then."""


def no_rules(_finding: str, _device: str | None, _received_since: Instant | None) -> FindingStatus:
    """The default without a rule engine: every finding is OVER."""
    return FindingStatus.OVER
