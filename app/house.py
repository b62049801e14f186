"""Everything that `up` runs, introduced to each other: intake, chain, desk, courier, timetable, console."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from alerts import roster
from alerts.alert import Alert
from app.bookwork import BookFolder
from app.channels import Door
from app.chores import jobs, load_jobs, record_job
from app.clock import Clock
from app.insist import insist
from app.judging import Judging
from app.keys import session_name, signing_key
from app.own_trouble import OwnTrouble, left_open
from app.rebirths import ask_for_rebirths
from app.registry import Registry, put_site
from app.showing import DIST, Status, rule_lines, samples
from app.site import SiteFolder
from app.stores import Stores
from app.telling import Telling
from app.timetable import Timetable, roster_minutes
from app.tools import Tools
from console.api.application import create_app
from console.services import Sample, Secret, Services, Site
from console.stream import Hub
from domain import DAY, MINUTE, Finding, Instant, Lane, Role
from domain.people import Community
from ingest.adapters import FILTERS
from ingest.frame import Entry, Frame
from ingest.intake import Intake, IntakeSettings
from ingest.sources.signed import SIGNED
from ingest.urgent import urgent_filters
from store.journal import MarkKind
from store.ledger import alertcounts

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
        self._mqtt_url = mqtt_url
        self._links: asyncio.Queue[tuple[bool, Instant]] = asyncio.Queue()
        self._listening: asyncio.Task[None] | None = None
        self._deliveries: Mapping[tuple[str, str], int] = {}
        self.hub = Hub(clock())
        self.registry = Registry(stores.ledger)
        stores.ledger.run_now(lambda tx: put_site(tx, folder, clock()))
        self.telling = Telling(
            folder, stores, self.registry, doors, clock, self._alert_changed, self._signing_key, self._burns
        )
        self.judging = Judging(folder, stores, self.registry, self._hear, clock)
        self.own_trouble = OwnTrouble(self.judging.chain.change)
        self.books = BookFolder(
            folder.kinds, folder.path, self.judging.take_up, self.judging.chain.caught_up, self.own_trouble, clock
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
            mqtt_url,
            stores.journal,
            self.judging.chain.backlog.deliver,
            clock,
            intake_settings(folder, session_name(data)),
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
            self.judging.chain, lambda: self.intake.ready, lambda: self.registry.community, self._on_duty, clock
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

    def _burns(self, alert: Alert) -> bool:
        """Whether the device, heard since the alert last changed, still says what the alert was opened for."""
        if alert.device is None:
            return False
        story = self.judging.engine.explain(alert.rule, alert.device)
        heard = story.get("heard")
        return story.get("phase") == "firing" and isinstance(heard, int) and heard > alert.updated_at

    def _on_duty(self, community: Community, role: Role, now: Instant) -> list[str]:
        people = {
            person.id: person.name
            for cell in community.cells
            for person in roster.on_duty(community, cell, role, now, self._folder.settings.zone)[:1]
        }
        return list(people.values())

    async def open(self) -> None:
        """Take up what was left, in memory only: nothing is heard yet."""
        await self.registry.reload()
        self.judging.engine.community = self.registry.community
        await self.judging.start()
        self.own_trouble.take_up(await self._stores.ledger.read(left_open), self._clock())
        self.intake.set_devices(self.registry.devices.values(), self._folder.kinds)
        await self.timetable.start()
        self._follow_roster()

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
            "resets": self.judging.resets.follow(),
            "rebirths": ask_for_rebirths(self.judging.listener, self._mqtt_url, self._clock),
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
            self._deliveries = await self._stores.ledger.read(alertcounts.deliveries_by_state)
            self.status.detect_to_send_ms = await self._stores.ledger.read(
                partial(alertcounts.detect_to_send_ms, since=now - DAY)
            )
            if self.intake.ready:
                await insist(lambda: self._stores.journal.mark(MarkKind.ALIVE, self._clock()), "alive")
            await asyncio.sleep(ALIVE_EVERY_S)

    async def stop_listening(self) -> None:
        """No more is taken from the broker; what was taken is journaled, acknowledged and judged."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        self.judging.chain.stop()
        await asyncio.wait_for(self.judging.chain.finished.wait(), STOP_WITHIN_S)

    async def close(self) -> None:
        await self.tools.stop()
        self.timetable.stop()
        self.hub.close()
        await self._stores.journal.mark(MarkKind.STOPPED, self._clock())

    async def registry_changed(self) -> None:
        """Whoever changed the registry waits here until the change has effect."""
        await self.judging.registry_changed()
        devices, limit = self.registry.devices.values(), self._folder.settings.intake.urgent_filters_max
        self.intake.set_urgent(await asyncio.to_thread(urgent_filters, devices, self._folder.kinds, limit))
        self._follow_roster()

    async def reload(self) -> None:
        """Whatever people wrote and changed since: codecs and rulebooks. What is wrong is told, and nothing is lost."""
        self.judging.codecs.look()
        await self.books.look(anew=True)

    async def accept(self, frames: Sequence[Frame]) -> None:
        """Frames pushed over HTTP: journaled, dangers first, then delivered like any other."""
        dangers = self.judging.foresee(frames)
        rest = [frame for frame in frames if frame not in dangers]
        for lane, some in ((Lane.URGENT, dangers), (Lane.BULK, rest)):
            if some:
                pos = await self._stores.journal.append(lane, some)
                self.judging.chain.backlog.deliver(Entry(lane, pos, some))

    def readiness(self) -> dict[str, bool]:
        chain = self.judging.chain
        return {
            "stores": not self.intake.status().journal_error,
            "state": chain.caught_up.is_set(),
            "subscriptions": self.intake.ready,
        }

    def metrics(self) -> list[Sample]:
        return list(samples(self.judging.chain, self.intake.ready, self._deliveries))

    def app(self) -> Any:
        """The HTTP application over this house."""
        return create_app(
            Services(
                clock=self._clock,
                site=Site(self._folder.settings.name, self._folder.settings.zone),
                kinds=self._folder.kinds,
                platforms=tuple(FILTERS),
                ledger=self._stores.ledger,
                history=self._stores.history,
                desk=self.telling.desk,
                community=lambda: self.registry.community,
                hub=self.hub,
                admin_token=Secret(self._token),
                signing_key=Secret(self._signing_key),
                rules=lambda: rule_lines(self.judging.engine.books),
                applying=lambda device: self.judging.engine.applying(device, self._clock()),
                registry_changed=self.registry_changed,
                callbacks=self.telling.callbacks(),
                push_secrets=push_secrets(os.environ),
                accept=self.accept,
                status=self.status,
                readiness=self.readiness,
                metrics=self.metrics,
                is_registered=self.judging.listener.is_registered,
                kind_like=self.judging.listener.kind_like,
                unmapped=lambda: dict(self.judging.listener.unmapped),
                tools=self.tools,
                latched=self.judging.engine.latched_findings,
                reset=self.judging.resets.reset,
                explain=self.judging.engine.explain,
                dist=DIST,
            )
        )


def push_secrets(environ: Mapping[str, str]) -> dict[str, Secret]:
    """The tokens with which platforms sign their pushes, from the environment: `FENGSHAO_IOTDA_PUSH_TOKEN`."""
    named = {platform: environ.get(f"FENGSHAO_{platform.upper()}_PUSH_TOKEN", "") for platform in SIGNED}
    return {platform: Secret(token) for platform, token in named.items() if token}


def intake_settings(folder: SiteFolder, name: str) -> IntakeSettings:
    """The site's limits as the intake takes them."""
    limits = folder.settings.intake
    return IntakeSettings(
        client_id=limits.client_id or name,
        max_pending_bytes=limits.max_pending_bytes,
        max_packet_bytes=limits.max_packet_bytes,
        urgent_filters_max=limits.urgent_filters_max,
    )
