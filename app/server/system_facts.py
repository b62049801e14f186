"""What the running service knows of itself (console.system_interface), read when the page of its health asks."""

from __future__ import annotations

import shutil
from typing import Final

from alerts.delivery.routing import ProviderRouter
from app.server.service import Service
from app.server.versions import installed_version
from console.system_interface import ProviderFacts, ServiceFacts
from domain import Instant

ACCEPTED: Final = "accepted"
RECEIPTS: Final = frozenset({"delivered", "undelivered"})
"""Outcomes of messages that were accepted before."""


def system_facts(service: Service, started_at: Instant) -> ServiceFacts:
    """The facts now. Asks the file system for its free space and reads counters; nothing is measured."""
    status, pipeline = service.consumer.status(), service.processing.pipeline
    sessions, counters = (status.urgent, status.bulk), pipeline.counters
    audit, canary, disk = service.alerting.desk.last_audit, service.canary.last, shutil.disk_usage(service.config.data)
    return ServiceFacts(
        version=installed_version(),
        started_at=started_at,
        registry_version=service.registry.version,
        rulebooks=", ".join(f"{book.hazard}@{book.version}" for book in service.engine.books),
        connected=service.consumer.ready,
        connection_error="; ".join(dict.fromkeys(one.last_error for one in sessions if one.last_error)),
        refused_filters=tuple(f"{name}: {why}" for one in sessions for name, why in one.refused.items()),
        paused=any(one.paused for one in sessions),
        pending_bytes=sum(one.pending_bytes for one in sessions),
        journal_error=status.journal_error,
        backlog={lane.value: count for lane, count in pipeline.backlog.waiting.items()},
        last_reading_at=counters.last_reading_at,
        readings_per_s=service.status.readings_per_s(service.clock()),
        internal_errors=counters.internal_errors,
        history_behind=pipeline.history_is_behind,
        providers=provider_facts(service.alerting.desk.outcomes.router),
        audit_at=audit.at,
        audit_faults=audit.orphans + audit.unnotified + audit.unverified + audit.stuck,
        canary_at=None if canary is None else canary.at,
        canary_problem="" if canary is None else canary.problem,
        canary_sent_ms=None if canary is None else canary.sent_ms,
        backup_at=None if (last := service.backups.last) is None else last.at,
        backup_max_age_ms=service.config.site.settings.backup.max_age,
        unusable_settings=tuple(service.config.unusable.lines),
        site_faults=service.self_monitoring.site_faults,
        provider_faults=service.self_monitoring.provider_faults,
        providers_asked_at=service.self_monitoring.providers_asked_at,
        disk_free=disk.free,
        disk_total=disk.total,
    )


def provider_facts(router: ProviderRouter) -> tuple[ProviderFacts, ...]:
    """Every provider with its sends by outcome since the start."""
    sends: dict[tuple[str, str], dict[bool, int]] = {}
    for (channel, provider, outcome), number in router.outcomes.items():
        if outcome not in RECEIPTS:
            counts = sends.setdefault((channel, provider), {True: 0, False: 0})
            counts[outcome == ACCEPTED] += number
    return tuple(
        ProviderFacts(
            channel,
            provider,
            breaker.is_open,
            sends.get((channel, provider), {}).get(True, 0),
            sends.get((channel, provider), {}).get(False, 0),
        )
        for channel, provider, breaker in router.providers()
    )
