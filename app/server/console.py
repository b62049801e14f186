"""The HTTP application over a running service: fills console.dependencies."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from prometheus_client.core import Metric

from app.datadir.credentials import push_secrets
from app.datadir.kept_tables import KeptTables
from app.server.doctor import Doctor, doctor_inputs
from app.server.machine_metrics import backup_metrics, machine_metrics, watchdog_metrics
from app.server.metrics import exchange_metrics, history_metrics, service_metrics, settings_metrics
from app.server.outlines import PlaceOutlines
from app.server.plans import PlacePlans
from app.server.processing import Processing
from app.server.provider_metrics import provider_metrics
from app.server.reports import site_info
from app.server.rule_summaries import rule_summaries
from app.server.service import Service
from app.server.site_files import SiteFiles
from app.server.system_facts import system_facts
from app.server.two_machine_metrics import two_machine_metrics
from app.site_check.last_resort import enabled_channels
from console import dependencies
from console.application import create_bare_app, set_dependencies
from console.partners import ExchangeDependencies
from console.security.dependencies import SecurityDependencies
from domain import SECOND, Instant
from domain.device_summary import DeviceSummary
from domain.secret import Secret
from ingest.adapters import FILTERS
from rules.engine.engine import Engine
from rules.tools.device_summary import summary, unwell_devices

REFRESH_MS: Final = 2 * SECOND
CONSOLE_DIST = Path(__file__).resolve().parents[2] / "console" / "dist"


def build_app(service: Service, bare_app: FastAPI | None = None) -> FastAPI:
    """The application with everything it needs from the service. `bare_app` is one without dependencies, where one is
    at hand."""
    settings = service.config.site.settings
    return set_dependencies(
        bare_app or create_bare_app(),
        dependencies.ConsoleDependencies(
            clock=service.clock,
            site=site_info(service.config.site),
            database=service.stores.database,
            history=service.stores.history,
            desk=service.alerting.desk,
            drills=service.alerting.drills,
            events=service.hub,
            registry=_registry_dependencies(service),
            security=_security_dependencies(service),
            rules=_rule_dependencies(service),
            intake=_intake_dependencies(service),
            monitoring=dependencies.MonitoringDependencies(
                service.status,
                partial(readiness, service),
                partial(metrics, service),
                partial(system_facts, service, service.clock()),
                lambda: list(service.config.unusable.reasons),
            ),
            reports=service.citizen_reports.dependencies(),
            care_words=settings.care,
            canary=service.canary,
            backups=service.backups,
            exchange=_exchange_dependencies(service),
            dist=CONSOLE_DIST,
        ),
    )


def _security_dependencies(service: Service) -> SecurityDependencies:
    config = service.config
    return SecurityDependencies(
        Secret(config.admin_token),
        Secret(config.signing_key),
        config.access.passwords,
        config.access.oidc,
        config.access.first_password_ms,
    )


def _exchange_dependencies(service: Service) -> ExchangeDependencies | None:
    exchange = service.alerting.exchange
    if exchange.config.is_empty:
        return None
    return ExchangeDependencies(
        cases=exchange.cases,
        systems=tuple(exchange.config.partners.systems),
        titles={name: (each.title.zh, each.title.en) for name, each in exchange.config.partners.systems.items()},
        push_secrets=exchange.config.push_secrets,
        targets=tuple(exchange.sender.counts),
        resume=exchange.sender.resume,
        renderers=exchange.config.renderers,
    )


def readiness(service: Service) -> dict[str, bool]:
    """What /readyz reports."""
    return {
        "stores": not service.consumer.status().journal_error,
        "state": service.processing.pipeline.caught_up.is_set(),
        "subscriptions": service.consumer.ready,
        "ledger": service.stores.database.is_answering and not service.alerting.is_ledger_silent,
    }


def metrics(service: Service) -> Iterator[Metric]:
    """Metric families of the service; the console adds its own."""
    alerting = service.alerting
    yield from service_metrics(
        service.processing.pipeline,
        service.consumer,
        alerting.desk.last_audit,
        alerting.send_times,
        service.canary.last,
    )
    yield from history_metrics(service.stores.history.server_status())
    yield from exchange_metrics(alerting.exchange.sender.counts)
    yield from provider_metrics(alerting.desk.outcomes.router)
    yield from service.outbox_watch.metrics()
    yield from service.outage_texts.metrics()
    yield from two_machine_metrics(service.config.leadership, service.stores.journal, service.clock())
    yield from service.traces.metrics()
    yield from machine_metrics(service.config.data, service.certificates.expiry, service.clock())
    yield from settings_metrics(service.config.unusable.reasons)
    yield from backup_metrics(None if service.backups.last is None else service.backups.last.at)
    yield from watchdog_metrics(service.watchdog.counts(), bool(service.config.site.settings.watchdog.url))


def _registry_dependencies(service: Service) -> dependencies.RegistryDependencies:
    processing, registry, updates = service.processing, service.registry, service.updates
    path, database = service.config.site.path, service.stores.database
    tables = KeptTables(service.config.data)
    site_files = None if path is None else SiteFiles(path, database, service.clock, updates.registry_changed, tables)
    return dependencies.RegistryDependencies(
        kinds=processing.kinds,
        roles=service.config.site.roles,
        ladders=lambda: service.alerting.desk.escalator.choice.policy,
        platforms=tuple(FILTERS),
        channels=enabled_channels(service.config.site.settings),
        community=registry.current_community,
        devices=registry.current_device_index,
        outlines=PlaceOutlines(path),
        plans=PlacePlans(path),
        reload=updates.registry_changed,
        is_registered=processing.decoder.is_registered,
        guess_kind=processing.decoder.guess_kind,
        site_files=site_files,
    )


def _rule_dependencies(service: Service) -> dependencies.RuleDependencies:
    engine = service.engine
    latches = service.remote_latches if service.config.findings_from else service.latch_resets
    return dependencies.RuleDependencies(
        summaries=partial(_summaries_in_force, engine),
        startable=partial(_startable_now, service),
        device_summary=partial(_device_summary, service),
        unwell_devices=UnwellDevices(service.engine, service.clock),
        latched_findings=latches.latched_findings,
        reset=latches.reset,
        explain=service.rule_state.explain,
        tools=service.rule_tools,
        shadow_counts=lambda: engine.state.shadow_counts,
        files=service.rulebook_folder,
    )


class UnwellDevices:
    """The devices in at least one condition; looked at again after `REFRESH_MS`, because every device is looked at."""

    def __init__(self, engine: Engine, clock: Callable[[], Instant]) -> None:
        self._engine, self._clock = engine, clock
        self._found: Mapping[str, DeviceSummary] = {}
        self._refresh_at: Instant = 0

    def __call__(self) -> Mapping[str, DeviceSummary]:
        now = self._clock()
        if now >= self._refresh_at:
            self._found, self._refresh_at = unwell_devices(self._engine.states, now), now + REFRESH_MS
        return self._found


def _device_summary(service: Service, device: str) -> DeviceSummary | None:
    state = service.engine.states.get(device)
    return None if state is None or not state.registered else summary(state, service.clock())


def _summaries_in_force(engine: Engine) -> list[dependencies.RuleSummary]:
    return rule_summaries(engine.books)


def _startable_now(service: Service, device: str) -> Collection[str]:
    now: Instant = service.clock()
    return service.engine.startable_rules(device, now)


def _intake_dependencies(service: Service) -> dependencies.IntakeDependencies:
    """Messages pushed over HTTP are journaled like MQTT ones; secrets of signed pushes are in the environment."""
    inputs = partial(doctor_inputs, service.processing, service.registry, service.config.site)
    return dependencies.IntakeDependencies(
        accept=service.intake.accept,
        push_secrets=push_secrets(os.environ),
        callbacks=service.alerting.callbacks(),
        unmapped_fields=partial(_unmapped_fields, service.processing),
        doctor=Doctor(service.config.broker, inputs, service.clock),
    )


def _unmapped_fields(processing: Processing) -> Mapping[tuple[str, str, str], int]:
    return dict(processing.decoder.unmapped_fields)
