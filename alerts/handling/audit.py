"""What the audit of open alerts found: it runs every minute, and every count must be 0. Pure."""

from __future__ import annotations

from msgspec import Struct

from domain import Instant


class AuditResult(Struct, frozen=True):
    """Counts of the last audit: active alerts without a deadline, dangers that reached nobody, dangers that nobody is
    asked to verify, and messages that no sender takes."""

    orphans: int = 0
    unnotified: int = 0
    unverified: int = 0
    stuck: int = 0
    at: Instant | None = None
    """When it was made; None before the first."""
