"""Everything that `up` runs, introduced to each other: intake, chain, desk, courier, timetable, console."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

from app.clock import Clock
from app.config.site import SiteFolder
from app.datadir.credentials import session_name, signing_key
from app.datadir.site_import import import_site
from app.datadir.stores import Stores
from app.pipeline.retry import insist
from app.pipeline.self_monitoring import OwnTrouble, left_open
from app.reload.definitions import Definitions
from app.reload.rulebooks import BookFolder
from app.rule_tools.service import Tools
from app.server.alerting import Telling
from app.server.channels import Door
from app.server.console import intake_services, registry_services, rule_services
from app.server.doctor import Doctor, known_to
from app.server.former_filters import former_filters
from app.server.jobs import jobs, load_jobs, record_job
from app.server.metrics import intake_samples
from app.server.processing import Judging, intake_settings
from app.server.registry import Registry
from app.server.scheduler import Timetable, roster_minutes
from app.server.site_files import SiteFiles, tell
from app.server.sparkplug_rebirth import ask_for_rebirths
from app.server.status import DIST, Status, audit_samples, on_duty_by_cell, samples
from app.site_check import last_resort
from console.application import create_app
from console.dependencies import (
    ConsoleDependencies,
    MonitoringDependencies,
    Sample,
    Secret,
    SecurityDependencies,
    SiteInfo,
)
from console.events import EventHub
from domain import DAY, MINUTE, Finding, Instant, Lane
from ingest.frame import Entry
from ingest.mqtt.broker_address import read_address
from ingest.mqtt.consumer import Intake
from ingest.mqtt.urgent_filters import urgent_filters
from rules.rulebook.diff import RulebookDiff
from store.database.alerts import statistics
from store.journal import MarkKind

log = logging.getLogger("fengshao.house")
ALIVE_EVERY_S = 5.0
STOP_WITHIN_S = 30.0
RECALLED_ENTRIES = 1_000
RECALLED_MS = 2 * MINUTE
"""Of the journal's end. An entry holds what one append took: more than a session can have under way."""


class House:
    """One running service. `open`, run `tasks`, `stop_listening`, `close`."""

    def __init__(
        self,
        folder: SiteFolder,
        data: Path,
        stores: Stores,
        doors: Mapping[str, Door],
        mqtt_url: str,
        token: str,
        clock: Clock,
    ) -> None:
        self._folder, self._stores, self._clock, self._token = folder, stores, clock, token
        self._signing_key = signing_key(data)
        self._broker = read_address(mqtt_url)
        self._links: asyncio.Queue[tuple[bool, Instant]] = asyncio.Queue()
        self._listening: asyncio.Task[None] | None = None
        self.hub = EventHub(clock())
        self.registry = Registry(stores.ledger)
        tell(stores.ledger.run_now(lambda tx: import_site(tx, folder, clock())))
        self.telling = Telling(
            folder,
            stores,
            self.registry,
            doors,
            clock,
            self._alert_changed,
            self._signing_key,
            lambda *asked: self.judging.finding_status(*asked),
        )
        self.judging = Judging(folder, stores, self.registry, self._hear, clock)
        self.own_trouble = OwnTrouble(self.judging.chain.change)
        self.books = BookFolder(
            lambda: self.judging.definitions,
            folder.path,
            self._take_up,
            self.judging.chain.caught_up,
            self.own_trouble,
            clock,
        )
        self.tools = Tools(
            data,
            folder.path,
            stores.history,
            self.judging.engine,
            lambda: list(self.registry.devices.values()),
            self.books,
            clock,
        )
        self.intake = Intake(
            self._broker,
            stores.journal,
            self.judging.chain.backlog.deliver,
            clock,
            intake_settings(folder, session_name(data), former_filters(stores.ledger, folder, clock())),
            lambda up, at: self._links.put_nowait((up, at)),
            foresee=self.judging.foresee,
            on_refused=self._disk_refused,
            on_drop=self.own_trouble.broker_dropped,
        )
        self.judging.chain.backlog.unjournaled_since = lambda: self.intake.waiting_since
        self.timetable = Timetable(
            jobs(stores, folder.settings, self.judging.chain, self.telling.desk),
            folder.settings.zone,
            clock,
            lambda defaults, _now: stores.ledger.run(lambda tx: load_jobs(tx, defaults)),
            lambda name, at, outcome: stores.ledger.run(lambda tx: record_job(tx, name, at, outcome)),
        )
        self.status = Status(
            self.judging.chain,
            lambda: self.intake.ready,
            lambda: self.registry.community,
            partial(on_duty_by_cell, zone=folder.settings.zone),
            clock,
        )
        self.status.journal_error = lambda: self.intake.status().journal_error

    def _disk_refused(self, since: Instant, until: Instant | None, why: str) -> None:
        """What waited at the broker meanwhile was said in time."""
        if until is not None:
            self.judging.chain.unheard(since, until)
        self.own_trouble.disk_refused(since, until, why)

    async def _hear(self, findings: Sequence[Finding], lane: Lane | None, pos: int | None) -> None:
        await self.telling.hear(findings, lane, pos)

    def _alert_changed(self, alert: str) -> None:
        self.hub.alert_changed(alert)
        self.judging.resets.alert_changed(alert)

    async def open(self) -> None:
        """Take up what was left, in memory only: nothing is heard yet."""
        await self.registry.reload()
        self.judging.engine.community = self.registry.community
        await self.judging.start()
        self.own_trouble.take_up(await self._stores.ledger.read(left_open), self._clock())
        self._tell_of_site()
        self.intake.set_devices(self.registry.devices.values(), self.judging.kinds)
        await self.timetable.start()
        self._follow_roster()

    def _tell_of_site(self) -> None:
        """A site without a last resort is judged like any other; that a danger may reach nobody is told."""
        faults = [str(fault) for fault in last_resort.faults(self._folder)]
        for fault in faults:
            log.error("a danger may reach nobody: %s", fault)
        self.own_trouble.site_incomplete(faults, self._clock())

    def _follow_roster(self) -> None:
        minutes = roster_minutes(self.registry.community.duties)
        self.timetable.at_minutes("roster", minutes, lambda: self.hub.publish_status(self.status()))

    def tasks(self) -> dict[str, Coroutine[Any, Any, None]]:
        """What runs side by side until the service stops."""
        return {
            "chain": self.judging.chain.run(),
            "intake": self._listen(),
            "link": self._follow_link(),
            "courier": self.telling.courier.run(),
            "deadlines": self.telling.keep_deadlines(),
            "alive": self._stay_alive(),
            "own trouble": self.own_trouble.follow(),
            "rebirths": ask_for_rebirths(self.judging.listener, self._broker, self._clock),
            "resets": self.judging.resets.follow(),
            "codecs": self.judging.codecs.follow(),
            "books": self.books.follow(),
        }

    async def _listen(self) -> None:
        """What the last run left in the journal is judged first; then the broker is heard."""
        await self.judging.chain.caught_up.wait()
        async for entry in self._tail():
            self.intake.recall(entry.frames)
        self.intake.resume()
        self._listening = asyncio.current_task()
        await self.intake.run()

    async def _tail(self) -> AsyncIterator[Entry]:
        """What was journaled shortly before the last run ended, and perhaps not acknowledged on both sessions."""
        newest = self._stores.journal.position()
        last = [await self._stores.journal.fetch(lane, pos - 1) for lane, pos in newest.items()]
        since = max((entry.frames[-1].received for entries in last for entry in entries), default=0) - RECALLED_MS
        for lane in newest:
            after = max(newest.values()) - RECALLED_ENTRIES
            while entries := await self._stores.journal.fetch(lane, after):
                after = entries[-1].pos
                for entry in entries:
                    if entry.frames[-1].received >= since:
                        yield entry

    async def _follow_link(self) -> None:
        while True:
            await self.judging.link(*await self._links.get())

    async def _stay_alive(self) -> None:
        """A sign in the journal that we listened, so that a later start knows since when nobody did."""
        while True:
            now = self._clock()
            self.status.detect_to_send_ms = await self._stores.ledger.read(
                partial(statistics.detect_to_send_ms, since=now - DAY)
            )
            if self.intake.ready:
                await insist(lambda: self._stores.journal.mark(MarkKind.ALIVE, self._clock()), "alive")
            self.own_trouble.intake_is(self.intake.status(), self._clock())
            await asyncio.sleep(ALIVE_EVERY_S)

    async def stop_listening(self) -> None:
        """No more is taken from the broker; what was taken is journaled, acknowledged and judged."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        self.judging.chain.stop()
        try:
            async with asyncio.timeout(STOP_WITHIN_S):
                await self.judging.chain.finished.wait()
        except TimeoutError:
            log.error("judging did not stop within %g s; the rest is judged at the next start", STOP_WITHIN_S)

    async def close(self) -> None:
        """Each of them, also when one before it cannot."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._stores.journal.mark, MarkKind.STOPPED, self._clock())
            stack.callback(self.hub.close)
            stack.callback(self.timetable.stop)
            stack.push_async_callback(self.tools.stop)

    async def registry_changed(self) -> None:
        """Whoever changed the registry waits here until the change has effect."""
        await self.judging.registry_changed()
        await self._filter_urgent()
        self._follow_roster()

    async def _take_up(self, found: Definitions) -> RulebookDiff:
        renewed = await self.judging.take_up(found)
        await self._filter_urgent()
        return renewed

    async def _filter_urgent(self) -> None:
        """Which devices have a topic on the urgent session; a kind may be urgent now that was not."""
        devices, limit = self.registry.devices.values(), self._folder.settings.intake.urgent_filters_max
        routes = self.judging.listener.routes
        self.intake.set_urgent(await asyncio.to_thread(urgent_filters, devices, self.judging.kinds, limit, routes))

    async def reload(self) -> None:
        """Whatever people wrote and changed since: codecs and rulebooks. What is wrong is told, and nothing is lost."""
        self.judging.codecs.look()
        await self.books.look(anew=True)

    def readiness(self) -> dict[str, bool]:
        chain = self.judging.chain
        return {
            "stores": not self.intake.status().journal_error,
            "state": chain.caught_up.is_set(),
            "subscriptions": self.intake.ready,
        }

    def metrics(self) -> list[Sample]:
        ours = samples(self.judging.chain, self.intake.ready)
        return [*ours, *intake_samples(self.intake.status()), *audit_samples(self.telling.desk.last_audit)]

    def _site_files(self) -> SiteFiles | None:
        path = self._folder.path
        return SiteFiles(path, self._stores.ledger, self._clock, self.registry_changed) if path is not None else None

    def _doctor(self) -> Doctor:
        return Doctor(self._broker, lambda: known_to(self.judging, self.registry, self._folder), self._clock)

    def app(self) -> Any:
        """The HTTP application over this house."""
        return create_app(
            ConsoleDependencies(
                clock=self._clock,
                site=SiteInfo(self._folder.settings.name, self._folder.settings.zone),
                database=self._stores.ledger,
                history=self._stores.history,
                desk=self.telling.desk,
                events=self.hub,
                registry=registry_services(self.judging, self.registry, self.registry_changed, self._site_files()),
                security=SecurityDependencies(Secret(self._token), Secret(self._signing_key)),
                rules=rule_services(self.judging, self.tools, self._clock),
                intake=intake_services(self.judging, self.telling.callbacks(), self._doctor()),
                monitoring=MonitoringDependencies(self.status, self.readiness, self.metrics),
                care_words=self._folder.settings.care,
                dist=DIST,
            )
        )
