"""What the service knows of itself, for the page of its health. Filled in by app.server.system_facts."""

from __future__ import annotations

import msgspec

from domain import Instant


class ProviderFacts(msgspec.Struct, frozen=True):
    """A provider of a channel: whether its breaker is open, and what it accepted and refused since the start."""

    channel: str
    provider: str
    is_open: bool
    accepted: int
    failed: int


class ServiceFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The running service. Counters are since its start; `disk_free` and `disk_total` are bytes of the data's disk."""

    version: str
    started_at: Instant
    registry_version: int
    rulebooks: str
    connected: bool
    connection_error: str = ""
    refused_filters: tuple[str, ...] = ()
    paused: bool = False
    pending_bytes: int = 0
    journal_error: str = ""
    backlog: dict[str, int] = {}
    last_reading_at: Instant | None = None
    readings_per_s: float = 0.0
    internal_errors: int = 0
    history_behind: bool = False
    providers: tuple[ProviderFacts, ...] = ()
    audit_at: Instant | None = None
    audit_faults: int = 0
    canary_at: Instant | None = None
    canary_problem: str = ""
    canary_sent_ms: int | None = None
    backup_at: Instant | None = None
    backup_max_age_ms: int = 0
    """0: no backups are asked for."""
    unusable_settings: tuple[str, ...] = ()
    """Why parts of the configuration are not used."""
    site_faults: tuple[str, ...] = ()
    """Faults of files of the site, whose last good versions are in force: file:line:column: field: fault."""
    provider_faults: tuple[str, ...] = ()
    """What providers answer about our accounts, with what to do."""
    providers_asked_at: Instant | None = None
    disk_free: int = 0
    disk_total: int = 0
