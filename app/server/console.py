"""Fills console.dependencies: what the console asks of the service."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping

from app.datadir.credentials import push_secrets
from app.rule_tools.service import RuleToolService
from app.server.doctor import Doctor
from app.server.processing import Processing
from app.server.registry import RegistryCache
from app.server.site_files import SiteFiles
from app.server.status import rule_summaries
from console import dependencies
from domain import Instant
from ingest.adapters import FILTERS


def registry_services(
    judging: Processing, registry: RegistryCache, changed: Callable[[], Awaitable[None]], site_files: SiteFiles | None
) -> dependencies.RegistryDependencies:
    """Devices and the community as they are in force."""
    return dependencies.RegistryDependencies(
        kinds=judging.kinds,
        platforms=tuple(FILTERS),
        community=lambda: registry.community,
        reload=changed,
        is_registered=judging.decoder.is_registered,
        guess_kind=judging.decoder.guess_kind,
        site_files=site_files,
    )


def rule_services(
    judging: Processing, tools: RuleToolService, clock: Callable[[], Instant]
) -> dependencies.RuleDependencies:
    """The rules in force, and the safety office's tools."""
    return dependencies.RuleDependencies(
        summaries=lambda: rule_summaries(judging.engine.books),
        startable=lambda device: judging.engine.startable_rules(device, clock()),
        latched_findings=judging.engine.latched_findings,
        reset=judging.latch_resets.reset,
        explain=judging.explain,
        tools=tools,
    )


def intake_services(
    judging: Processing, callbacks: Mapping[str, dependencies.CallbackEndpoint], doctor: Doctor
) -> dependencies.IntakeDependencies:
    """Pushes are journaled like what comes by MQTT; secrets of signed pushes come from the environment."""
    return dependencies.IntakeDependencies(
        accept=judging.accept,
        push_secrets=push_secrets(os.environ),
        callbacks=callbacks,
        unmapped_fields=lambda: dict(judging.decoder.unmapped_fields),
        doctor=doctor,
    )
