"""Fault injection: the next calls to a provider fail in the scheduled ways, in order. Each server answers with its own
error codes."""

from __future__ import annotations

from collections import deque
from enum import StrEnum

from msgspec import Struct


class FaultKind(StrEnum):
    """How a call fails."""

    REJECT = "reject"
    """HTTP 200 with an error code of the provider."""
    HTTP = "http"
    """An HTTP error; with `accepted` the message is sent all the same."""
    SILENT = "silent"
    """The message is accepted and never answered: the client times out."""
    UNDELIVERED = "undelivered"
    """Accepted; the carrier then reports that it was not delivered."""


class Fault(Struct, frozen=True):
    """One fault. `code` is the provider's, `status` the HTTP status."""

    kind: FaultKind
    code: str = ""
    message: str = ""
    status: int = 500
    accepted: bool = False


class FaultPlan:
    """The scheduled faults, in order."""

    def __init__(self) -> None:
        self._scheduled: deque[Fault] = deque()

    def schedule(self, fault: Fault, times: int = 1) -> None:
        """Apply this fault to `times` calls, after the faults scheduled before."""
        self._scheduled.extend([fault] * times)

    def next(self) -> Fault | None:
        """The fault of this call, if any."""
        return self._scheduled.popleft() if self._scheduled else None

    def clear(self) -> None:
        """Remove all scheduled faults."""
        self._scheduled.clear()
