"""Everything that `up` runs, introduced to each other: intake, chain, desk, courier, timetable, console."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

from prometheus_client.core import Metric

from app.clock import Clock
from app.config.site import SiteConfig
from app.datadir.credentials import mqtt_client_id, signing_key
from app.datadir.site_import import import_site
from app.datadir.stores import Stores
from app.pipeline.retry import retry_until_writable
from app.pipeline.self_monitoring import SelfMonitoring, open_findings
from app.reload.definitions import Definitions
from app.reload.rulebooks import RulebookReloader
from app.rule_tools.service import RuleToolService
from app.server.alerting import Alerting
from app.server.channels import ChannelEndpoint
from app.server.console import intake_services, registry_services, rule_services
from app.server.doctor import Doctor, current_knowledge
from app.server.former_filters import former_filters
from app.server.jobs import build_jobs, load_jobs, record_run
from app.server.metrics import service_metrics
from app.server.processing import Processing, consumer_settings
from app.server.registry import RegistryCache
from app.server.scheduler import Scheduler, shift_change_minutes
from app.server.site_files import SiteFiles, log_kept
from app.server.sparkplug_rebirth import request_rebirths
from app.server.status import CONSOLE_DIST, StatusLine, on_duty_by_cell
from app.site_check import last_resort
from console.application import create_app
from console.dependencies import ConsoleDependencies, MonitoringDependencies, SecurityDependencies, SiteInfo
from console.events import EventHub
from domain import DAY, MINUTE, Finding, Instant, Lane
from domain.secret import Secret
from ingest.frame import JournalEntry
from ingest.mqtt.broker_address import BrokerAddress
from ingest.mqtt.consumer import MqttConsumer
from ingest.mqtt.urgent_filters import urgent_filters
from rules.rulebook.diff import RulebookDiff
from store.database.alerts import statistics
from store.journal import MarkKind

log = logging.getLogger("fengshao.service")
HEARTBEAT_S = 5.0
STOP_TIMEOUT_S = 30.0
RECOVERY_ENTRIES_MAX = 1_000
RECOVERY_WINDOW_MS = 2 * MINUTE
"""Of the journal's end. An entry holds what one append took: more than a session can have under way."""


class Service:
    """One running service. `open`, run `tasks`, `stop_listening`, `close`."""

    def __init__(
        self,
        folder: SiteConfig,
        data: Path,
        stores: Stores,
        doors: Mapping[str, ChannelEndpoint],
        broker: BrokerAddress,
        token: str,
        clock: Clock,
    ) -> None:
        self._folder, self._stores, self._clock, self._token = folder, stores, clock, token
        self._signing_key = signing_key(data)
        self._broker = broker
        self._connection_changes: asyncio.Queue[tuple[bool, Instant]] = asyncio.Queue()
        self._consumer_task: asyncio.Task[None] | None = None
        self.hub = EventHub(clock())
        self.registry = RegistryCache(stores.database)
        log_kept(stores.database.write_blocking(lambda tx: import_site(tx, folder, clock())))
        self.alerting = Alerting(
            folder,
            stores,
            self.registry,
            doors,
            clock,
            self._alert_changed,
            self._signing_key,
            lambda *asked: self.processing.finding_status(*asked),
        )
        self.processing = Processing(folder, stores, self.registry, self._hear, clock)
        self.self_monitoring = SelfMonitoring(self.processing.pipeline.apply_change)
        self.rulebook_reloader = RulebookReloader(
            lambda: self.processing.definitions,
            folder.path,
            self._apply_definitions,
            self.processing.pipeline.caught_up,
            self.self_monitoring,
            clock,
        )
        self.rule_tools = RuleToolService(
            data,
            folder.path,
            stores.history,
            self.processing.engine,
            lambda: list(self.registry.devices.values()),
            self.rulebook_reloader,
            clock,
        )
        self.consumer = MqttConsumer(
            self._broker,
            stores.journal,
            self.processing.pipeline.backlog.enqueue,
            clock,
            self,
            consumer_settings(folder, mqtt_client_id(data), former_filters(stores.database, folder, clock())),
            find_dangers=self.processing.danger_prefilter,
        )
        self.processing.pipeline.backlog.oldest_unjournaled = lambda: self.consumer.oldest_unjournaled
        self.scheduler = Scheduler(
            build_jobs(stores, folder.settings, self.processing.pipeline, self.alerting.desk),
            folder.settings.zone,
            clock,
            lambda defaults, _now: stores.database.write(lambda tx: load_jobs(tx, defaults)),
            lambda name, at, outcome: stores.database.write(lambda tx: record_run(tx, name, at, outcome)),
        )
        self.status = StatusLine(
            self.processing.pipeline,
            lambda: self.consumer.ready,
            lambda: self.registry.community,
            partial(on_duty_by_cell, zone=folder.settings.zone),
            clock,
        )
        self.status.journal_error = lambda: self.consumer.status().journal_error

    def connection_changed(self, connected: bool, at: Instant) -> None:
        """ConsumerEvents: queued, so that changes are applied in order by a task."""
        self._connection_changes.put_nowait((connected, at))

    def journal_write_failed(self, since: Instant, until: Instant | None, error: str) -> None:
        """ConsumerEvents: messages waited at the broker meanwhile, so no device counts as silent in that time."""
        if until is not None:
            self.processing.pipeline.add_outage(since, until)
        self.self_monitoring.journal_write_failed(since, until, error)

    def messages_dropped(self, count: int, at: Instant) -> None:
        """ConsumerEvents: the broker's counters rose."""
        self.self_monitoring.messages_dropped(count, at)

    async def _hear(self, findings: Sequence[Finding], lane: Lane | None, pos: int | None) -> None:
        await self.alerting.process_findings(findings, lane, pos)

    def _alert_changed(self, alert: str) -> None:
        self.hub.alert_changed(alert)
        self.processing.latch_resets.alert_changed(alert)

    async def load_state(self) -> None:
        """Take up what was left, in memory only: nothing is heard yet."""
        await self.registry.reload()
        self.processing.engine.community = self.registry.community
        await self.processing.start()
        self.self_monitoring.restore(await self._stores.database.read(open_findings), self._clock())
        self._check_last_resort()
        self.consumer.set_devices(self.registry.devices.values(), self.processing.kinds)
        await self.scheduler.start()
        self._schedule_shift_changes()

    def _check_last_resort(self) -> None:
        """A site without a last resort is judged like any other; that a danger may reach nobody is told."""
        faults = [str(fault) for fault in last_resort.last_resort_faults(self._folder)]
        for fault in faults:
            log.error("a danger may reach nobody: %s", fault)
        self.self_monitoring.site_incomplete(faults, self._clock())

    def _schedule_shift_changes(self) -> None:
        minutes = shift_change_minutes(self.registry.community.duties)
        self.scheduler.schedule_daily("roster", minutes, lambda: self.hub.publish_status(self.status()))

    def background_tasks(self) -> dict[str, Coroutine[Any, Any, None]]:
        """What runs side by side until the service stops."""
        return {
            "chain": self.processing.pipeline.run(),
            "intake": self._run_consumer(),
            "link": self._follow_connection(),
            "courier": self.alerting.outbox_sender.run(),
            "deadlines": self.alerting.run_deadlines(),
            "alive": self._write_heartbeat(),
            "own trouble": self.self_monitoring.run(),
            "rebirths": request_rebirths(self.processing.decoder, self._broker, self._clock),
            "resets": self.processing.latch_resets.run(),
            "codecs": self.processing.codecs.run(),
            "books": self.rulebook_reloader.run(),
        }

    async def _run_consumer(self) -> None:
        """What the last run left in the journal is judged first; then the broker is heard."""
        await self.processing.pipeline.caught_up.wait()
        async for entry in self._read_journal_tail():
            self.consumer.add_recovered_frames(entry.frames)
        self.consumer.finish_recovery()
        self._consumer_task = asyncio.current_task()
        await self.consumer.run()

    async def _read_journal_tail(self) -> AsyncIterator[JournalEntry]:
        """What was journaled shortly before the last run ended, and perhaps not acknowledged on both sessions."""
        newest = self._stores.journal.position()
        last = [await self._stores.journal.read_async(lane, pos - 1) for lane, pos in newest.items()]
        since = (
            max((entry.frames[-1].received for entries in last for entry in entries), default=0) - RECOVERY_WINDOW_MS
        )
        for lane in newest:
            after = max(newest.values()) - RECOVERY_ENTRIES_MAX
            while entries := await self._stores.journal.read_async(lane, after):
                after = entries[-1].pos
                for entry in entries:
                    if entry.frames[-1].received >= since:
                        yield entry

    async def _follow_connection(self) -> None:
        while True:
            await self.processing.connection_changed(*await self._connection_changes.get())

    async def _write_heartbeat(self) -> None:
        """A sign in the journal that we listened, so that a later start knows since when nobody did."""
        while True:
            now = self._clock()
            self.status.detect_to_send_ms = await self._stores.database.read(
                partial(statistics.median_detect_to_send_ms, since=now - DAY)
            )
            if self.consumer.ready:
                await retry_until_writable(lambda: self._stores.journal.mark(MarkKind.ALIVE, self._clock()), "alive")
            self.self_monitoring.check_intake(self.consumer.status(), self._clock())
            await asyncio.sleep(HEARTBEAT_S)

    async def stop_intake(self) -> None:
        """No more is taken from the broker; what was taken is journaled, acknowledged and judged."""
        if self._consumer_task is not None:
            self._consumer_task.cancel()
            await asyncio.gather(self._consumer_task, return_exceptions=True)
        self.processing.pipeline.stop()
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await self.processing.pipeline.finished.wait()
        except TimeoutError:
            log.error("judging did not stop within %g s; the rest is judged at the next start", STOP_TIMEOUT_S)

    async def close(self) -> None:
        """Each of them, also when one before it cannot."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._stores.journal.mark, MarkKind.STOPPED, self._clock())
            stack.callback(self.hub.close)
            stack.callback(self.scheduler.stop)
            stack.push_async_callback(self.rule_tools.stop)

    async def registry_changed(self) -> None:
        """Whoever changed the registry waits here until the change has effect."""
        await self.processing.registry_changed()
        await self._update_urgent_filters()
        self._schedule_shift_changes()

    async def _apply_definitions(self, found: Definitions) -> RulebookDiff:
        renewed = await self.processing.apply_definitions(found)
        await self._update_urgent_filters()
        return renewed

    async def _update_urgent_filters(self) -> None:
        """Which devices have a topic on the urgent session; a kind may be urgent now that was not."""
        devices, limit = self.registry.devices.values(), self._folder.settings.intake.urgent_filters_max
        kinds, routes = self.processing.kinds, self.processing.decoder.routes
        self.consumer.set_urgent_filters(await asyncio.to_thread(urgent_filters, devices, kinds, limit, routes))

    async def reload(self) -> None:
        """Whatever people wrote and changed since: codecs and rulebooks. What is wrong is told, and nothing is lost."""
        self.processing.codecs.poll()
        await self.rulebook_reloader.poll(anew=True)

    def readiness(self) -> dict[str, bool]:
        return {
            "stores": not self.consumer.status().journal_error,
            "state": self.processing.pipeline.caught_up.is_set(),
            "subscriptions": self.consumer.ready,
        }

    def metrics(self) -> Iterator[Metric]:
        alerting = self.alerting
        return service_metrics(self.processing.pipeline, self.consumer, alerting.desk.last_audit, alerting.send_times)

    def _site_files(self) -> SiteFiles | None:
        path = self._folder.path
        return SiteFiles(path, self._stores.database, self._clock, self.registry_changed) if path is not None else None

    def _doctor(self) -> Doctor:
        return Doctor(
            self._broker, lambda: current_knowledge(self.processing, self.registry, self._folder), self._clock
        )

    def build_app(self) -> Any:
        """The HTTP application over this house."""
        return create_app(
            ConsoleDependencies(
                clock=self._clock,
                site=SiteInfo(self._folder.settings.name, self._folder.settings.zone),
                database=self._stores.database,
                history=self._stores.history,
                desk=self.alerting.desk,
                events=self.hub,
                registry=registry_services(self.processing, self.registry, self.registry_changed, self._site_files()),
                security=SecurityDependencies(Secret(self._token), Secret(self._signing_key)),
                rules=rule_services(self.processing, self.rule_tools, self._clock),
                intake=intake_services(self.processing, self.alerting.callbacks(), self._doctor()),
                monitoring=MonitoringDependencies(self.status, self.readiness, self.metrics),
                care_words=self._folder.settings.care,
                dist=CONSOLE_DIST,
            )
        )
