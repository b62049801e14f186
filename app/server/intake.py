"""Message intake: start-up of the MQTT consumer, its events, the heartbeat in the journal, and HTTP push."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial

from app.pipeline.pipeline import Pipeline
from app.pipeline.retry import retry_until_writable
from app.pipeline.self_monitoring import SelfMonitoring
from app.server.former_filters import former_filters
from app.server.service_config import ServiceConfig
from domain import MINUTE, Instant, Lane
from ingest.frame import Frame, JournalEntry
from ingest.mqtt.consumer import ConsumerSettings, ConsumerStatus, MqttConsumer
from ingest.mqtt.danger_prefilter import DangerPrefilter
from ingest.mqtt.journal_writer import LARGE_WINDOW, SMALL_WINDOW
from ingest.mqtt.session import NOT_CONNECTED
from ingest.routing.routes import Routes
from store.database.database import Database
from store.history import ServerStatus
from store.journal import MarkKind, SqliteJournal

log = logging.getLogger("fengshao.intake")
HEARTBEAT_S = 5.0
RECOVERY_ENTRIES_MAX = 1_000
RECOVERY_WINDOW_MS = 2 * MINUTE
"""End of the journal that is read at start. One entry holds what one append took: more than a session has in flight."""


def consumer_settings(
    config: ServiceConfig, client_id: str, database: Database, clock: Callable[[], Instant]
) -> ConsumerSettings:
    """The site's limits and filters for the consumer. `client_id` applies where the site names none."""
    limits = config.site.settings.intake
    return ConsumerSettings(
        client_id=limits.client_id or client_id,
        max_pending_bytes=limits.max_pending_bytes,
        max_packet_bytes=limits.max_packet_bytes,
        urgent_filters_max=limits.urgent_filters_max,
        gathering=LARGE_WINDOW if config.is_own_broker else SMALL_WINDOW,
        routes=Routes(limits.filters),
        previous_filters=tuple(former_filters(database, config.site, clock())),
    )


class IntakeEvents:
    """Handles what the MQTT consumer reports (ingest.mqtt.consumer.ConsumerEvents)."""

    def __init__(self, pipeline: Pipeline, journal: SqliteJournal, monitoring: SelfMonitoring) -> None:
        self._pipeline, self._journal, self._monitoring = pipeline, journal, monitoring
        self._marks: asyncio.Queue[tuple[MarkKind, Instant]] = asyncio.Queue()

    def connection_changed(self, connected: bool, at: Instant) -> None:
        """Begin or end an outage at once; the journal's mark is queued, for it may have to wait for the disk."""
        log.info("link up" if connected else "link down", extra={"at": at})
        if connected:
            self._pipeline.set_connected(at)
        else:
            self._pipeline.set_disconnected(at)
        self._marks.put_nowait((MarkKind.LINK_UP if connected else MarkKind.LINK_DOWN, at))

    def journal_write_failed(self, since: Instant, until: Instant | None, error: str) -> None:
        """While the journal fails, the broker holds messages back: that is an outage, not silence of the devices."""
        if until is not None:
            self._pipeline.add_outage(since, until)
        self._monitoring.journal_write_failed(since, until, error)

    def messages_dropped(self, count: int, at: Instant) -> None:
        self._monitoring.messages_dropped(count, at)

    async def write_marks(self) -> None:
        """Mark changes of the connection in the journal, until cancelled."""
        while True:
            kind, at = await self._marks.get()
            await retry_until_writable(partial(self._journal.mark, kind, at), "link")


class Intake:
    """Runs the MQTT consumer, and accepts messages pushed over HTTP."""

    def __init__(
        self, consumer: MqttConsumer, pipeline: Pipeline, find_dangers: DangerPrefilter, journal: SqliteJournal
    ) -> None:
        self._consumer, self._pipeline, self._find_dangers, self._journal = consumer, pipeline, find_dangers, journal
        self._task: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Run the consumer once the entries left in the journal are processed, until cancelled or stopped.

        Redelivery and session copies are restored from the end of the journal first.
        """
        self._task = asyncio.current_task()
        await self._pipeline.caught_up.wait()
        async for entry in self._read_journal_tail():
            self._consumer.add_recovered_frames(entry.frames)
        self._consumer.finish_recovery()
        await self._consumer.run()

    async def stop(self) -> None:
        """Take no more from the broker; what was taken is journaled and acknowledged when this returns."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _read_journal_tail(self) -> AsyncIterator[JournalEntry]:
        """Entries journaled shortly before the previous run ended: perhaps not acknowledged on both sessions."""
        newest = self._journal.position()
        last = [await self._journal.read_async(lane, pos - 1) for lane, pos in newest.items()]
        received = max((entry.frames[-1].received for entries in last for entry in entries), default=0)
        for lane in newest:
            after = max(newest.values()) - RECOVERY_ENTRIES_MAX
            while entries := await self._journal.read_async(lane, after):
                after = entries[-1].pos
                for entry in entries:
                    if entry.frames[-1].received >= received - RECOVERY_WINDOW_MS:
                        yield entry

    async def accept(self, frames: Sequence[Frame]) -> None:
        """Journal messages pushed over HTTP, dangers first, and queue them. Raises CannotWrite."""
        dangers = self._find_dangers(frames)
        others = [frame for frame in frames if frame not in dangers]
        for lane, batch in ((Lane.URGENT, dangers), (Lane.BULK, others)):
            if batch:
                pos = await self._journal.append(lane, batch)
                self._pipeline.backlog.enqueue(JournalEntry(lane, pos, batch))


class SessionErrorLog:
    """Logs why a session is not ready, once for each new reason: a wrong password stands nowhere else."""

    def __init__(self) -> None:
        self._logged: dict[str, str] = {}

    def report(self, status: ConsumerStatus) -> None:
        for session in (status.urgent, status.bulk):
            if session.last_error not in ("", NOT_CONNECTED, self._logged.get(session.name)):
                log.warning("session %s is not ready: %s", session.name, session.last_error)
            self._logged[session.name] = session.last_error


async def write_heartbeat(
    consumer: MqttConsumer,
    pipeline: Pipeline,
    journal: SqliteJournal,
    monitoring: SelfMonitoring,
    clock: Callable[[], Instant],
    server_status: Callable[[], ServerStatus | None] = lambda: None,
) -> None:
    """Every HEARTBEAT_S, until cancelled: mark in the journal that messages can be received; check intake and history.

    A later start counts the time since the last mark as an outage.
    """
    errors = SessionErrorLog()
    while True:
        if consumer.ready:
            await retry_until_writable(lambda: journal.mark(MarkKind.ALIVE, clock()), "alive")
        monitoring.check_intake(consumer.status(), clock())
        monitoring.check_history(pipeline.history_is_behind, clock())
        monitoring.check_history_server(server_status(), clock())
        errors.report(consumer.status())
        await asyncio.sleep(HEARTBEAT_S)
