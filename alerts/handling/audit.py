"""What the audit of open alerts found: it runs every minute, and every count must be 0. Pure."""

from __future__ import annotations

from msgspec import Struct

from domain import Instant


class AuditResult(Struct, frozen=True):
    """Counts of the last audit: active alerts without a deadline, and dangers that reached nobody."""

    orphans: int = 0
    unnotified: int = 0
    at: Instant | None = None
    """When it was made; None before the first."""
