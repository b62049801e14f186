"""The HTTP application over a running service: fills console.dependencies."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from functools import partial
from pathlib import Path

from fastapi import FastAPI
from prometheus_client.core import Metric

from app.datadir.credentials import push_secrets
from app.server.doctor import Doctor, doctor_inputs
from app.server.metrics import exchange_metrics, service_metrics
from app.server.processing import Processing
from app.server.provider_metrics import provider_metrics
from app.server.reports import site_info
from app.server.rule_summaries import rule_summaries
from app.server.service import Service
from app.server.site_files import SiteFiles
from console import dependencies
from console.application import create_bare_app, set_dependencies
from console.partners import ExchangeDependencies
from domain import Instant
from domain.secret import Secret
from ingest.adapters import FILTERS
from rules.engine.engine import Engine

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
            security=dependencies.SecurityDependencies(
                Secret(service.config.admin_token), Secret(service.config.signing_key)
            ),
            rules=_rule_dependencies(service),
            intake=_intake_dependencies(service),
            monitoring=dependencies.MonitoringDependencies(
                service.status, partial(readiness, service), partial(metrics, service)
            ),
            reports=service.citizen_reports.dependencies(),
            care_words=settings.care,
            canary=service.canary,
            exchange=_exchange_dependencies(service),
            dist=CONSOLE_DIST,
        ),
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
    yield from exchange_metrics(alerting.exchange.sender.counts)
    yield from provider_metrics(alerting.desk.outcomes.router)


def _registry_dependencies(service: Service) -> dependencies.RegistryDependencies:
    processing, registry, updates = service.processing, service.registry, service.updates
    path, database = service.config.site.path, service.stores.database
    site_files = None if path is None else SiteFiles(path, database, service.clock, updates.registry_changed)
    return dependencies.RegistryDependencies(
        kinds=processing.kinds,
        roles=service.config.site.roles,
        ladders=lambda: service.alerting.desk.escalator.choice.policy,
        platforms=tuple(FILTERS),
        community=registry.current_community,
        reload=updates.registry_changed,
        is_registered=processing.decoder.is_registered,
        guess_kind=processing.decoder.guess_kind,
        site_files=site_files,
    )


def _rule_dependencies(service: Service) -> dependencies.RuleDependencies:
    engine = service.engine
    return dependencies.RuleDependencies(
        summaries=partial(_summaries_in_force, engine),
        startable=partial(_startable_now, service),
        latched_findings=engine.latched_findings,
        reset=service.latch_resets.reset,
        explain=service.rule_state.explain,
        tools=service.rule_tools,
    )


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
