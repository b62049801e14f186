"""What the rules know of a finding after it was told: asked before a case is settled, and looked at again after it."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from domain import Instant


class FindingStatus(StrEnum):
    """What the rules know of a finding that was told and has not ended."""

    OVER = "over"
    """No rule holds it any more, or none that goes on measuring made it."""
    UNHEARD = "unheard"
    """It holds; its device was not heard since the instant asked about."""
    ACTIVE = "active"
    """It holds by what the device said last."""


StatusOf = Callable[[str, str | None, Instant | None], FindingStatus]
"""Status of a finding, by its id and device; with an instant, UNHEARD unless the device was heard since then."""


def no_rules(_finding: str, _device: str | None, _heard_since: Instant | None) -> FindingStatus:
    """Without rules beside the desk, no finding is known to hold."""
    return FindingStatus.OVER
