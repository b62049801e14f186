"""The service on virtual time: its own pipeline, engine, alert service and outbox sender, from a data directory.

What differs from `fengshao up`: messages come from the simulated town instead of a broker and are not journaled,
readings are not stored in the history, the database is not synced with each commit, the SMS providers are called in
process, and there is no console. Decoding, rules, alerts, ladders, texts, the outbox, receipts and replies are those of
the service.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine, Sequence
from pathlib import Path
from typing import Any, Final

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from alerts.channels.logbook import Logbook
from app.config.catalog import load_wording
from app.config.phone_settings import SmsSettings
from app.config.site import SiteConfig
from app.datadir.ledger_address import DATABASE_FILE
from app.datadir.stores import JOURNAL_FILE, Stores
from app.pipeline.self_monitoring import open_findings
from app.score.recorded_run import Recorder
from app.score.sms_providers import IN_PROCESS, Account, sms_channel
from app.score.unstored_history import UnstoredHistory
from app.score.virtual_loop import VirtualLoop
from app.server.channels import ChannelEndpoint, build_channels
from app.server.service import Service
from app.server.service_config import ServiceConfig
from domain import DAY, MINUTE, Finding, Lane
from domain.secret import Secret
from ingest.frame import Frame, JournalEntry
from ingest.mqtt.broker_address import BrokerAddress
from store.database.database import Database, sqlite_url
from store.journal import MarkKind, SqliteJournal

_SECRET: Final = "of-a-simulated-provider-and-of-no-real-one"  # noqa: S105 (both sides are in this process)
ACCOUNT: Final = Account("simulated", _SECRET, _SECRET)
SERVICE_URL: Final = "http://service.simulator"
_IDLE_MAX_S: Final = 1800.0
_CHECKPOINT_NEVER: Final = 400 * DAY
_DIGEST_AT: Final = 8 * 60 + 30
"""Minute of the local day at which the daily digest is sent, as in app/server/jobs.py."""


def with_simulated_sms(site: SiteConfig) -> SiteConfig:
    """The site with SMS by the simulated providers as its only channel."""
    channels = site.settings.channels.model_copy(
        update={
            "sms": SmsSettings.model_validate(sms_channel(load_wording(site.path), IN_PROCESS)),
            **dict.fromkeys(("aliyun_sms", "voice", "wecom", "wecom_robot", "wechat", "email", "webhook", "apprise")),
        }
    )
    settings = site.settings.model_copy(update={"channels": channels, "checkpoint_every": _CHECKPOINT_NEVER})
    return SiteConfig(**{name: getattr(site, name) for name in site.__struct_fields__} | {"settings": settings})


class SimulatedService:
    """One start of the service: `async with opened(...)`. `receive` gives it the messages of an instant."""

    def __init__(self, loop: VirtualLoop, service: Service) -> None:
        self._loop, self.service = loop, service
        pipeline = service.processing.pipeline
        self._pipeline = pipeline
        self._pos = max([0, *pipeline.backlog.positions.values()])
        self._failed: list[BaseException] = []
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Start what runs beside the messages."""
        service = self.service
        self._run("pipeline", self._pipeline.run())
        self._run("outbox", service.alerting.outbox_sender.run())
        self._run("deadlines", service.alerting.run_deadlines())
        self._run("latch resets", service.latch_resets.run())
        self._run("digest", self._send_digests())
        self._run("citizens' reports", self._settle_reports())

    def _run(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.create_task(self._guard(work), name=name))

    async def _guard(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 (raised by `check`)
            self._failed.append(error)

    def check(self) -> None:
        """Raise the exception with which a part of the service stopped, if any."""
        if self._failed:
            raise self._failed[0]

    def receive(self, frames: Sequence[Frame]) -> None:
        """Messages received up to now, in order; alarm topics are in the urgent lane, as its session receives them."""
        urgent = [frame for frame in frames if frame.session == Lane.URGENT.value]
        bulk = [frame for frame in frames if frame.session != Lane.URGENT.value] if urgent else frames
        for lane, batch in ((Lane.URGENT, urgent), (Lane.BULK, bulk)):
            if batch:
                self._pos += 1
                self._pipeline.backlog.enqueue(JournalEntry(lane, self._pos, batch))

    async def _send_digests(self) -> None:
        """Once a day at the local time of the service's job."""
        offset = self.service.config.site.settings.zone.utcoffset(None)
        shift = round(offset.total_seconds() * 1000) if offset is not None else 8 * 60 * MINUTE
        while True:
            now = self._loop.clock()
            due = (now + shift) // DAY * DAY + _DIGEST_AT * MINUTE - shift
            await self._loop.sleep_until(due if due > now else due + DAY)
            await self.service.alerting.desk.send_digest(self._loop.clock())

    async def _settle_reports(self) -> None:
        while True:
            await asyncio.sleep(10 * 60)
            await self.service.citizen_reports.desk.answer_overdue(self._loop.clock())

    async def stop(self) -> None:
        """Process what was received, save the state, and end."""
        self._pipeline.stop()
        await self._pipeline.finished.wait()
        await self.service.stores.journal.mark(MarkKind.ALIVE, self._loop.clock())
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.check()


@contextlib.asynccontextmanager
async def opened(
    loop: VirtualLoop,
    site: SiteConfig,
    data: Path,
    client: httpx2.AsyncClient,
    logbook: Logbook,
    recorder: Recorder | None = None,
) -> AsyncIterator[SimulatedService]:
    """The service of a data directory that exists, started; saved and stopped at the end, but for an exception.

    `recorder`: records its findings; None where findings are given to it, as by another host of the rules.
    """
    database = Database(sqlite_url(data / DATABASE_FILE), synced=False)
    database.migrate()
    history = UnstoredHistory() if recorder is None else UnstoredHistory(recorder.received)
    stores = Stores(SqliteJournal(data / JOURNAL_FILE), history, database)
    try:
        service = await _load(loop, site, data, stores, client, logbook, recorder)
        simulated = SimulatedService(loop, service)
        simulated.start()
        yield simulated
        await simulated.stop()
        service.processing.codecs.codecs.close()
    finally:
        await client.aclose()
        await stores.close()


async def _load(
    loop: VirtualLoop,
    site: SiteConfig,
    data: Path,
    stores: Stores,
    client: httpx2.AsyncClient,
    logbook: Logbook,
    recorder: Recorder | None,
) -> Service:
    endpoints = build_channels(site.settings, client, ACCOUNT.environ(), loop.clock)
    endpoints["logbook"] = ChannelEndpoint(logbook, Secret(""))
    broker = BrokerAddress("broker.simulator", 1883, tls=False)
    config = ServiceConfig(
        site, data, broker, _SECRET, _SECRET, idle_max_s=_IDLE_MAX_S, findings_from="" if recorder else "recorded"
    )
    service = Service(config, stores, endpoints, loop.clock)
    if recorder is not None:
        recorder.attach(service.engine, service.alerting.desk)
    service.processing.pipeline.finding_writer.sink = recorder or NoFindings()
    await service.registry.reload()
    await service.processing.start()
    service.self_monitoring.restore(await stores.database.read(open_findings), loop.clock())
    service.processing.pipeline.set_connected(loop.clock())
    return service


class NoFindings:
    """What the service finds itself is among the recorded findings (app.pipeline.ports.FindingSink)."""

    async def process_findings(
        self, _findings: Sequence[Finding], _lane: Lane | None = None, _pos: int | None = None
    ) -> None: ...


class Callbacks:
    """The address at which the providers call the service back, without a network."""

    def __init__(self) -> None:
        app = Starlette(routes=[Route("/api/v1/callbacks/{name}/{secret}", self._call, methods=["POST"])])
        self.client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), trust_env=False)
        self.service: Service | None = None

    async def _call(self, request: Request) -> Response:
        assert self.service is not None, "a provider calls back before the service is there"
        endpoint = self.service.alerting.callbacks()[request.path_params["name"]]
        reply = await endpoint.handle(dict(request.headers), dict(request.query_params), await request.body())
        return Response(reply.body, reply.status, media_type=reply.content_type)
