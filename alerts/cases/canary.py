"""The daily self-test (canary): the names of its device and rule, and its result. Pure."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from domain import SECOND, Instant

CANARY_DEVICE: Final = "fengshao-canary"
CANARY_KIND: Final = "canary"
CANARY_ROLE: Final = "canary"
SLOW_MS: Final = 60 * SECOND
"""A message that needs longer from the device to the provider's acceptance makes the self-test fail."""


class CanaryResult(Struct, frozen=True):
    """Times in ms since the message was published; None: not reached. `problem` is empty when all was well."""

    at: Instant
    received_ms: int | None = None
    opened_ms: int | None = None
    sent_ms: int | None = None
    delivered_ms: int | None = None
    channel: str = ""
    problem: str = ""

    @property
    def steps(self) -> dict[str, int | None]:
        """The time of each step."""
        return {
            "received": self.received_ms,
            "opened": self.opened_ms,
            "sent": self.sent_ms,
            "delivered": self.delivered_ms,
        }


def canary_problem(result: CanaryResult) -> str:
    """What is wrong with a finished self-test, for the health alert; empty when nothing is."""
    missing = next((name for name in ("received", "opened", "sent") if result.steps[name] is None), None)
    if missing is not None:
        return f"not {missing}"
    slow = result.sent_ms is not None and result.sent_ms > SLOW_MS
    return f"sent after {(result.sent_ms or 0) / SECOND:.0f} s" if slow else ""
