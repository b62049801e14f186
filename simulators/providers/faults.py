"""Misfortunes a test orders from a provider: the next calls fail in these ways, in this order.

It knows nothing of any vendor; each server carries them out in its own words.
"""

from __future__ import annotations

from collections import deque
from enum import StrEnum

from msgspec import Struct


class FaultKind(StrEnum):
    """The ways a provider lets one down."""

    REJECT = "reject"
    """Answers HTTP 200 with an error code of its own."""
    HTTP = "http"
    """Answers with an HTTP error; `accepted` says whether the message goes out all the same."""
    SILENT = "silent"
    """Accepts the message and never answers: the client runs into its timeout."""
    UNDELIVERED = "undelivered"
    """Accepts; the carrier then fails to deliver and the report says so."""


class Fault(Struct, frozen=True):
    """One misfortune. `code` is the vendor's, `status` the HTTP status."""

    kind: FaultKind
    code: str = ""
    message: str = ""
    status: int = 500
    accepted: bool = False


class FaultPlan:
    """What is still to go wrong."""

    def __init__(self) -> None:
        self._ordered: deque[Fault] = deque()

    def schedule(self, fault: Fault, times: int = 1) -> None:
        """The next `times` calls meet this fault, after those ordered before."""
        self._ordered.extend([fault] * times)

    def next(self) -> Fault | None:
        """The fault this call meets, if any."""
        return self._ordered.popleft() if self._ordered else None

    def clear(self) -> None:
        """From now on everything works."""
        self._ordered.clear()
