"""Fills what the console asks of the service (console.services): the registry, the rules, what comes in over HTTP."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping

from app.doctor import Doctor
from app.judging import Judging
from app.keys import push_secrets
from app.registry import Registry
from app.showing import rule_lines
from app.site_files import SiteFiles
from app.tools import Tools
from console import services
from domain import Instant
from ingest.adapters import FILTERS


def registry_services(
    judging: Judging, registry: Registry, changed: Callable[[], Awaitable[None]], site_files: SiteFiles | None
) -> services.Registry:
    """Devices and the community as they are in force."""
    return services.Registry(
        kinds=judging.kinds,
        platforms=tuple(FILTERS),
        community=lambda: registry.community,
        changed=changed,
        is_registered=judging.listener.is_registered,
        kind_like=judging.listener.kind_like,
        site_files=site_files,
    )


def rule_services(judging: Judging, tools: Tools, clock: Callable[[], Instant]) -> services.Rules:
    """The rules in force, and the safety office's tools."""
    return services.Rules(
        lines=lambda: rule_lines(judging.engine.books),
        applying=lambda device: judging.engine.startable_rules(device, clock()),
        latched=judging.engine.latched_findings,
        reset=judging.resets.reset,
        explain=judging.explain,
        tools=tools,
    )


def intake_services(
    judging: Judging, callbacks: Mapping[str, services.CallbackDoor], doctor: Doctor
) -> services.Intake:
    """Pushes are journaled like what comes by MQTT; secrets of signed pushes come from the environment."""
    return services.Intake(
        accept=judging.accept,
        push_secrets=push_secrets(os.environ),
        callbacks=callbacks,
        unmapped=lambda: dict(judging.listener.unmapped),
        doctor=doctor,
    )
