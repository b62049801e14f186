"""Composition of a running service: builds its parts in order of dependency, starts and stops them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

from app.datadir.copied_journal import CopiedJournal
from app.datadir.credentials import mqtt_client_id
from app.datadir.site_import import import_changed_site
from app.datadir.stores import Stores
from app.pipeline.latch_resets import LatchResets
from app.pipeline.self_monitoring import SelfMonitoring, open_findings
from app.reload.registry import RegistryCache
from app.reload.rulebooks import RulebookReloader
from app.rule_tools.rulebook_folder import RulebookFolder
from app.rule_tools.service import RuleToolService
from app.server.alerting import Alerting
from app.server.audit import Auditor
from app.server.backups import BackupDesk
from app.server.broker_access import broker_access
from app.server.broker_certificates import watch_certificates
from app.server.canary import Canary
from app.server.certificates import CertificateWatch, tls_endpoints
from app.server.channels import ChannelEndpoint
from app.server.citizen_reports import CitizenReports
from app.server.intake import Intake, IntakeEvents, consumer_settings, write_heartbeat
from app.server.jobs import DatabaseJobStore, build_jobs
from app.server.live_updates import LiveUpdates, StatusPublisher
from app.server.outage_texts import OutageTexts
from app.server.outbox_watch import OutboxWatch
from app.server.processing import Processing, build_engine, load_start_state
from app.server.provider_checks import check_providers_regularly
from app.server.provider_polling import poll_providers
from app.server.remote_findings import RemoteFindings
from app.server.remote_latches import RemoteLatches
from app.server.reports import MonthlyReports
from app.server.roster_check import RosterCheck
from app.server.rule_state import EngineRuleState
from app.server.rule_summaries import rule_summaries
from app.server.scheduler import Job, Scheduler
from app.server.service_config import ServiceConfig
from app.server.shared_files import SiteSharing
from app.server.site_files import log_skipped
from app.server.sparkplug_rebirth import request_rebirths
from app.server.status import StatusLine
from app.server.trace_exporter import TraceExporter
from app.server.unanswered_dangers import UnansweredDangers
from app.server.vitals import VitalSigns
from app.server.watchdog import Watchdog
from app.site_check import last_resort
from console.dependencies import RuleSummary
from console.events import EventHub
from domain import Finding, Instant
from ingest.mqtt.consumer import MqttConsumer
from rules.engine.engine import Engine
from store.journal import MarkKind

log = logging.getLogger("fengshao.service")
STOP_TIMEOUT_S = 30.0


class AlertChanges:
    """Called with each alert that changed: publishes it, and has latched rules checked for a reset."""

    def __init__(self, hub: EventHub) -> None:
        self.listeners: list[Callable[[str], None]] = [hub.alert_changed]
        self.event = asyncio.Event()

    def __call__(self, alert: str) -> None:
        for listener in self.listeners:
            listener(alert)
        self.event.set()


class Service:
    """Owns the running parts. Call `load_state`, run `background_tasks`, then `stop_intake` and `close`."""

    def __init__(
        self,
        config: ServiceConfig,
        stores: Stores,
        endpoints: Mapping[str, ChannelEndpoint],
        clock: Callable[[], Instant],
    ) -> None:
        self.config, self.stores, self.clock = config, stores, clock
        site, journal, database = config.site, stores.journal, stores.database
        self.hub = EventHub(clock())
        self._alert_changes = alert_changes = AlertChanges(self.hub)
        log_skipped(database.write_blocking(lambda tx: import_changed_site(tx, site, clock())))
        self.registry = RegistryCache(database)
        state = load_start_state(site, stores)
        self.engine = build_engine(state, site, self.registry)
        self.rule_state = EngineRuleState(self.engine, is_remote=bool(config.findings_from))
        self.alerting = Alerting(config, stores, self.registry, endpoints, self.rule_state, alert_changes, clock)
        self.processing = Processing(
            site, stores, self.registry, state, self.engine, self.alerting.desk, clock, config.idle_max_s,
            evaluates_devices=not config.findings_from,
        )  # fmt: skip
        pipeline = self.processing.pipeline
        self.latch_resets, self.remote_latches = self._build_latches()
        self.self_monitoring = SelfMonitoring(pipeline.apply_change)
        self.intake_events = IntakeEvents(pipeline, journal, self.self_monitoring)
        self.consumer = MqttConsumer(
            config.broker,
            journal,
            pipeline.backlog.enqueue,
            clock,
            self.intake_events,
            consumer_settings(config, mqtt_client_id(config.data), database, clock),
            find_dangers=self.processing.danger_prefilter,
        )
        self.intake = Intake(self.consumer, pipeline, self.processing.danger_prefilter, journal)
        self.status = StatusLine(pipeline, self.consumer, self.registry, database, site.settings.zone, clock)
        monthly = MonthlyReports(config.data, database, site, self.registry, partial(_rules_in_force, self.engine))
        self.roster_check = RosterCheck(self.registry, self.self_monitoring, site.roles, site.settings.zone, clock)
        self.citizen_reports = CitizenReports(config, stores, self.alerting, alert_changes, clock)
        self.canary, self.auditor = self._build_watch()
        self.backups = BackupDesk(config, stores, self.self_monitoring, clock)
        jobs = build_jobs(stores, site.settings, pipeline, self.alerting.desk, self._own_jobs(monthly))
        self.scheduler = Scheduler(jobs, site.settings.zone, clock, DatabaseJobStore(database))
        self.status.duty_changed = StatusPublisher(self.hub, self.status)
        self.updates = LiveUpdates(
            site,
            self.registry,
            self.processing,
            self.consumer,
            self.roster_check.request,
            broker_access(config, self.registry.current_devices).update,
        )
        self.rulebook_reloader = RulebookReloader(
            self.updates, site.path, pipeline.caught_up, self.self_monitoring, clock
        )
        self.rule_tools = RuleToolService(
            config.data,
            site.path,
            stores.history,
            self.engine,
            self.registry.device_list,
            self.rulebook_reloader,
            clock,
        )
        self.rulebook_folder = RulebookFolder(
            site.path, self.rule_tools, lambda: self.updates.definitions, self.site_sharing.share
        )

    def _build_latches(self) -> tuple[LatchResets, RemoteLatches]:
        """What resets latched rules: of this process, and those that are evaluated elsewhere."""
        engine, stores, remote = self.engine, self.stores, self.config.findings_from
        own = LatchResets(
            engine, self.processing.pipeline, stores.journal, stores.database, self._alert_changes.event, self.clock
        )
        latches = RemoteLatches(remote, own, engine, self.registry, stores.database, self.clock)
        if remote:
            self._alert_changes.listeners.append(latches.alert_changed)
        return own, latches

    def _build_watch(self) -> tuple[Canary, Auditor]:
        """What watches the service itself; their last results are in the status line."""
        desk, database, monitoring = self.alerting.desk, self.stores.database, self.self_monitoring
        self.site_sharing = SiteSharing(self.config.site.path, self.config.data, database, self.clock)
        drills, settings = self.alerting.drills, self.config.site.settings
        self.unanswered_dangers = UnansweredDangers(database)
        self._alert_changes.listeners.append(self.unanswered_dangers.alert_changed)
        self.remote_findings = RemoteFindings(self.config.findings_from, desk)
        self.outage_texts = OutageTexts(
            desk, self.alerting.channels, self._unstored_dangers, self.unanswered_dangers,
            lambda: self.alerting.answered_at, self.config.may_send_alone, self.config.data, self.clock,
        )  # fmt: skip
        self.outbox_watch = OutboxWatch(database, desk.outcomes.router, self.clock)
        self.certificates = CertificateWatch(tls_endpoints(settings, self.config.broker))
        self.traces = TraceExporter(settings.traces, database, settings.exchange.source, self.clock)
        self.watchdog, backlog = Watchdog(settings.watchdog), self.processing.pipeline.backlog
        self.vitals = VitalSigns(self.consumer, backlog, self.outbox_watch, self.watchdog, self.clock)
        canary = Canary(self.config, database, self.registry, self._reload_registry, drills, monitoring, self.clock)
        self.status.providers = desk.outcomes.router.providers
        self.status.audited, self.status.self_test = lambda: desk.last_audit, lambda: canary.last
        return canary, Auditor(desk, database, monitoring, self.vitals.report, self.clock)

    def _unstored_dangers(self) -> list[Finding]:
        """Critical dangers that wait for the ledger: of this process, and of rules that are evaluated elsewhere."""
        return [*self.processing.pipeline.unstored_dangers(), *self.remote_findings.unstored_dangers()]

    def _own_jobs(self, reports: MonthlyReports) -> dict[str, Job]:
        return {
            "audit": Job("* * * * *", self.auditor.run),
            "canary": Job("7 10 * * *", self.canary.run),
            "monthly-report": Job("20 4 1 * *", reports.keep),
            "roster-gaps": Job("15 7 * * *", self.roster_check.check),
            "backup": Job("*/10 * * * *", self.backups.check),
            "reports": Job("*/10 * * * *", self.citizen_reports.settle),
        }

    async def load_state(self) -> None:
        """Load registry, open findings and schedules; no message is received yet."""
        await self.registry.reload()
        await self.processing.start()
        self.self_monitoring.restore(await self.stores.database.read(open_findings), self.clock())
        await self.canary.restore()
        await self.backups.load()
        self._check_last_resort()
        self.self_monitoring.settings_refused(self.config.unusable.lines, self.clock())
        self.consumer.set_devices(self.registry.devices.values(), self.processing.kinds)
        await self.updates.update_broker()
        await self.alerting.exchange.start()
        await self.scheduler.start()

    def _check_last_resort(self) -> None:
        """A site without a last resort runs like any other; that a danger may reach nobody is reported."""
        faults = [str(fault) for fault in last_resort.last_resort_faults(self.config.site)]
        for fault in faults:
            log.error("a danger may reach nobody: %s", fault)
        self.self_monitoring.site_incomplete(faults, self.clock())

    def report_site_faults(self, faults: Sequence[str]) -> None:
        """Files of the site that are not in force because they have faults; none: all are."""
        self.self_monitoring.site_refused(faults, self.clock())

    def background_tasks(self) -> dict[str, Coroutine[Any, Any, None]]:
        """What runs concurrently until the service stops, by name."""
        pipeline, stores = self.processing.pipeline, self.stores
        heartbeat = write_heartbeat(
            self.consumer,
            pipeline,
            stores.journal,
            self.self_monitoring,
            self.clock,
            stores.history.server_status,
        )
        return {
            "pipeline": pipeline.run(self.consumer),
            "intake": self.intake.run(),
            "connection marks": self.intake_events.write_marks(),
            "outbox": self.alerting.outbox_sender.run(),
            "outage texts": self.outage_texts.run(),
            "unanswered dangers": self.unanswered_dangers.run(),
            "exchange": self.alerting.exchange.sender.run(),
            "deadlines": self.alerting.run_deadlines(),
            "heartbeat": heartbeat,
            "figures of the day": self.status.run(),
            "people on duty": self.status.follow_duty(),
            "self-monitoring": self.self_monitoring.run(),
            "provider checks": check_providers_regularly(
                self.alerting.channels,
                lambda: self.registry.current_community().people.values(),
                self.self_monitoring,
                self.clock,
            ),
            "provider polling": poll_providers(self.alerting.desk, self.alerting.pulled_providers(), self.clock),
            "roster check": self.roster_check.run(),
            "rebirths": request_rebirths(self.processing.decoder, self.config.broker, self.clock),
            "latch resets": self.latch_resets.run(),
            "codecs": self.processing.follow_codecs(),
            "rulebooks": self.rulebook_reloader.run(),
            "audit watch": self.auditor.watch(),
            "outbox watch": self.outbox_watch.run(),
            "traces": self.traces.run(),
            "certificates": self.certificates.run(),
            "broker certificates": watch_certificates(
                self.config.site.settings.mqtt,
                self.config.site.folder_now or Path(),
                self.certificates.expiry,
                self.self_monitoring,
                self.clock,
            ),
            "shared site": self.site_sharing.run(),
            **self.remote_findings.tasks(),
            **self.remote_latches.tasks(),
            **({"journal copies": stores.journal.run()} if isinstance(stores.journal, CopiedJournal) else {}),
        }

    async def _reload_registry(self) -> None:
        await self.updates.registry_changed()

    async def stop_intake(self) -> None:
        """Take no more from the broker; what was taken is journaled, acknowledged and processed."""
        await self.intake.stop()
        self.processing.pipeline.stop()
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await self.processing.pipeline.finished.wait()
        except TimeoutError:
            log.error("processing did not stop within %g s; the rest is processed at the next start", STOP_TIMEOUT_S)

    async def close(self) -> None:
        """Stop rule tools, scheduler, codecs, event streams; mark the stop in the journal. Each even if one fails."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self.stores.journal.mark, MarkKind.STOPPED, self.clock())
            stack.callback(self.hub.close)
            stack.push_async_callback(self.watchdog.close)
            stack.push_async_callback(self.traces.close)
            stack.callback(self.processing.codecs.codecs.close)
            stack.callback(self.scheduler.stop)
            stack.push_async_callback(self.rule_tools.stop)

    async def reload(self) -> None:
        """Apply changed codecs and definitions now; faults are reported, and what was in force stays so."""
        await self.processing.reload_codecs()
        await self.rulebook_reloader.poll(force=True)


def _rules_in_force(engine: Engine) -> list[RuleSummary]:
    return rule_summaries(engine.books)
