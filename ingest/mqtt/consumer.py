"""Consumes an MQTT broker's messages: two sessions, a journal writer each, acknowledgement only after the append.

Every message is appended as received, then passed on. Payloads are not decoded here; dangers are found by the function
given as `find_dangers`.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Protocol

from msgspec import Struct, field

from domain import Device, Instant, Lane
from domain.kind import Kind
from ingest.adapters import FILTERS
from ingest.frame import Frame, JournalEntry
from ingest.mqtt.broker_address import BrokerAddress
from ingest.mqtt.broker_drops import DROP_COUNTER_TOPICS, DropCounters, is_sys_topic
from ingest.mqtt.connection import ConnectionSettings, Message, MqttConnection
from ingest.mqtt.journal_recovery import JournalRecovery
from ingest.mqtt.journal_writer import SMALL_WINDOW, FindDangers, Gathering, JournalWriter, WriterSettings
from ingest.mqtt.journal_writer import Journal as Journal
from ingest.mqtt.session import Session
from ingest.mqtt.session_copies import SessionCopies
from ingest.mqtt.urgent_filters import NATIVE_ALARMS, UrgentFilters, urgent_filters
from ingest.routing.routes import Routes
from ingest.topics import TopicFilterSet

PERMISSION_POLL_S: Final = 0.5
BULK_START_DELAY_S: Final = 3.0
"""The bulk session waits so long for the urgent one, so that after a pause alarms arrive before the backlog."""


class ConsumerSettings(Struct, frozen=True):
    """Limits and filters. `max_pending_bytes` holds for each session.

    `routes` hold the site's filters. `previous_filters` are those of earlier starts that a session stored at the broker
    may still contain.
    """

    client_id: str = "fengshao"
    max_pending_bytes: int = 64 * 1024 * 1024
    max_packet_bytes: int = 1024 * 1024
    urgent_filters_max: int = 256
    receive_max: int = 20_000
    keep_alive_s: int = 30
    session_expiry_s: int = 7 * 86_400
    batch_frames_max: int = 1_000
    retry_append_s: float = 1.0
    gathering: Gathering = SMALL_WINDOW
    routes: Routes = field(default_factory=Routes)
    previous_filters: tuple[str, ...] = ()


class SessionStatus(Struct, frozen=True):
    """State of one session, for metrics and self-monitoring."""

    name: str
    connected: bool
    ready: bool
    granted: int
    refused: dict[str, str]
    pending_bytes: int
    paused: bool
    last_error: str


class ConsumerStatus(Struct, frozen=True):
    """State of both sessions, and counters since the start.

    `session_copies` were delivered by the other session as well and not stored; `urgent_omitted` filters of urgent
    devices are beyond `urgent_filters_max`; `journal_error` is empty while the journal accepts writes; `dropped` is how
    many messages the broker has dropped, by its own counters.
    """

    urgent: SessionStatus
    bulk: SessionStatus
    frames: int
    session_copies: int
    redelivered: int
    too_large: int
    urgent_omitted: int
    journal_error: str
    dropped: int = 0


class ConsumerEvents(Protocol):
    """What the consumer reports to its owner. Called on the event loop: each method must return at once."""

    def connection_changed(self, connected: bool, at: Instant) -> None:
        """Devices can be received (the broker granted the bulk session the native filter), or no longer can."""

    def journal_write_failed(self, since: Instant, until: Instant | None, error: str) -> None:
        """The journal has refused writes since `since`; with `until` it accepts them again."""

    def messages_dropped(self, count: int, at: Instant) -> None:
        """The broker's own counters say that it dropped `count` messages."""


class MqttConsumer:
    """The two sessions and their journal writers. `enqueue` receives each entry once it is in the journal.

    `find_dangers` selects messages of the bulk session that must not wait; they are written to the urgent lane.
    """

    def __init__(
        self,
        address: BrokerAddress,
        journal: Journal,
        enqueue: Callable[[JournalEntry], None],
        clock: Callable[[], Instant],
        events: ConsumerEvents,
        settings: ConsumerSettings | None = None,
        tls: ssl.SSLContext | None = None,
        find_dangers: FindDangers | None = None,
    ) -> None:
        self._clock, self._events, self._settings = clock, events, settings or ConsumerSettings()
        self.may_connect: Callable[[], bool] = lambda: True
        """Whether the sessions are this machine's: asked before each attempt to connect."""
        self._urgent_filters = UrgentFilters()
        self._urgent_topics = TopicFilterSet(self._urgent_filters.filters)
        self._copies, self._recovery, self._drop_counters = SessionCopies(), JournalRecovery(), DropCounters()
        self._dropped = 0
        self._receiving = self._bulk_is_newer = False
        self._sessions = {
            lane: Session(lane.value, address, self._connection_settings(lane), self, tls, before_connect)
            for lane, before_connect in ((Lane.URGENT, self._wait_for_permission), (Lane.BULK, self._wait_for_urgent))
        }
        self._urgent, self._bulk = self._sessions[Lane.URGENT], self._sessions[Lane.BULK]
        limits = WriterSettings(
            self._settings.max_pending_bytes,
            self._settings.max_packet_bytes,
            self._settings.batch_frames_max,
            self._settings.retry_append_s,
            self._settings.gathering,
        )
        on_failure = events.journal_write_failed
        self._writers = {
            session: JournalWriter(lane, session, journal, enqueue, clock, limits, self._keep_copy, search, on_failure)
            for (lane, session), search in zip(self._sessions.items(), (None, find_dangers), strict=True)
        }
        self._urgent.set_filters((*self._urgent_filters.filters, *DROP_COUNTER_TOPICS))
        self._bulk.set_filters(self._settings.routes.subscriptions)

    def _connection_settings(self, lane: Lane) -> ConnectionSettings:
        settings = self._settings
        client_id = f"{settings.client_id}-{lane.value}"
        return ConnectionSettings(
            client_id, settings.keep_alive_s, settings.session_expiry_s, settings.receive_max, settings.max_packet_bytes
        )

    @property
    def ready(self) -> bool:
        """Both sessions are connected, every subscription is answered, and the native topics are granted."""
        native = self._bulk.granted.issuperset(FILTERS["native"]) and NATIVE_ALARMS in self._urgent.granted
        return native and self._urgent.ready.is_set() and self._bulk.ready.is_set()

    @property
    def oldest_unjournaled(self) -> Instant | None:
        """When the oldest message was received that is not yet in the journal; None when all are."""
        return min((since for writer in self._writers.values() if (since := writer.oldest_unjournaled)), default=None)

    def set_devices(self, devices: Iterable[Device], kinds: Mapping[str, Kind]) -> None:
        """Subscribe the urgent session to the topics of the urgent devices among these."""
        limit, routes = self._settings.urgent_filters_max, self._settings.routes
        self.set_urgent_filters(urgent_filters(devices, kinds, limit, routes))

    def set_urgent_filters(self, filters: UrgentFilters) -> None:
        """As `set_devices`, for filters that were computed in another thread: a large registry takes a while."""
        self._urgent_filters = filters
        self._urgent_topics = TopicFilterSet(self._urgent_filters.filters)
        self._urgent.set_filters((*self._urgent_filters.filters, *DROP_COUNTER_TOPICS))

    async def run(self) -> None:
        """Receive until cancelled; then store and acknowledge what has arrived, and disconnect."""
        writers = [asyncio.create_task(writer.run()) for writer in self._writers.values()]
        sessions = [asyncio.create_task(session.run()) for session in self._sessions.values()]
        try:
            done, _ = await asyncio.wait([*writers, *sessions], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await self._close(sessions, writers)

    async def _close(self, sessions: Sequence[asyncio.Task[None]], writers: Sequence[asyncio.Task[None]]) -> None:
        for writer in self._writers.values():
            writer.pause()
        for writer, task in zip(self._writers.values(), writers, strict=True):
            if not task.done():
                await writer.drain()
        for task in (*sessions, *writers):
            task.cancel()
        await asyncio.gather(*sessions, *writers, return_exceptions=True)

    async def _wait_for_permission(self) -> None:
        while not self.may_connect():  # noqa: ASYNC110 - by the clock alone it becomes false
            await asyncio.sleep(PERMISSION_POLL_S)

    async def _wait_for_urgent(self) -> None:
        await self._wait_for_permission()
        try:
            async with asyncio.timeout(BULK_START_DELAY_S):
                await self._urgent.ready.wait()
        except TimeoutError:
            return  # the bulk session delivers alarms too: late is better than never

    def on_messages(self, session: Session, connection: MqttConnection, messages: list[Message]) -> None:
        """Messages arrived on one of the sessions. Those on `$SYS` topics are counted, not stored."""
        if session is self._urgent:
            messages = [message for message in messages if not self._count_broker_drops(message)]
        self._writers[session].enqueue(connection, messages)

    def _count_broker_drops(self, message: Message) -> bool:
        """Whether the message is about the broker itself; then its drop counter is read."""
        if not is_sys_topic(message.topic):
            return False
        increase = self._drop_counters.increase(message.topic, message.payload)
        if increase:
            self._dropped += increase
            self._events.messages_dropped(increase, self._clock())
        return True

    def on_session_start(self, session: Session) -> None:
        """A session connected. A new session (not present at the broker) has no messages from before its start."""
        if session is self._bulk:
            self._unsubscribe_previous_filters()
            self._bulk_is_newer = not session.session_present and NATIVE_ALARMS in self._urgent.granted
        elif not session.session_present:
            self._bulk_is_newer = False
            self._copies.reset_bulk()

    def _unsubscribe_previous_filters(self) -> None:
        """A session stored at the broker still has the filters that the site no longer uses."""
        if self._bulk.session_present and self._bulk.connection is not None:
            previous = set(self._settings.previous_filters).union(*FILTERS.values())
            self._bulk.connection.unsubscribe(sorted(previous.difference(self._settings.routes.subscriptions)))

    def on_session_change(self, session: Session) -> None:
        """A session connected or disconnected, or its filters were answered."""
        if session is not self._bulk:
            return
        receiving = FILTERS["native"][0] in session.granted
        if receiving != self._receiving:
            self._receiving = receiving
            self._events.connection_changed(receiving, self._clock())

    def add_recovered_frames(self, frames: Iterable[Frame]) -> None:
        """Add frames that were journaled before this start, in order; `finish_recovery` applies them."""
        self._recovery.add(frames, self._urgent_topics)

    def finish_recovery(self) -> None:
        """Restore redelivery and copy state from the frames added so far."""
        for session in self._sessions.values():
            session.inflight.resume(self._recovery.last_packets(session.name))
        for message_hash, (urgent_count, bulk_count, stored_count) in self._recovery.copies.items():
            self._copies.restore(message_hash, urgent_count, bulk_count, stored_count, self._clock())
        self._recovery = JournalRecovery()

    def _keep_copy(self, lane: Lane, topic: str, payload: bytes, qos: int, now: Instant) -> bool:
        """Whether to store this copy, if both sessions deliver the message."""
        if lane is Lane.URGENT:
            return self._copies.keep_urgent(hash((topic, payload)), now)
        if topic not in self._urgent_topics:
            return True
        urgent_is_certain = qos > 0 and self._urgent_copy_is_certain(topic)
        return self._copies.keep_bulk(hash((topic, payload)), now, urgent_is_certain)

    def _urgent_copy_is_certain(self, topic: str) -> bool:
        """Whether the urgent session is sure to have its own copy of a message that the bulk session delivers.

        Only for native alarms, a filter that the session always had: the bulk session may hold messages from before a
        device's own filter was granted. And only if the urgent session did not start later than the bulk session.
        """
        complete = self._urgent.session_present or self._bulk_is_newer
        return complete and topic.startswith("fengshao/v1/") and NATIVE_ALARMS in self._urgent.granted

    def status(self) -> ConsumerStatus:
        """The current state, and counters since the start."""
        urgent, bulk = (self._writers[session] for session in (self._urgent, self._bulk))
        return ConsumerStatus(
            urgent=_session_status(self._urgent, urgent),
            bulk=_session_status(self._bulk, bulk),
            frames=urgent.frames + bulk.frames,
            session_copies=urgent.session_copies + bulk.session_copies,
            redelivered=urgent.redelivered + bulk.redelivered,
            too_large=urgent.too_large + bulk.too_large,
            urgent_omitted=self._urgent_filters.omitted,
            dropped=self._dropped,
            journal_error=urgent.journal_error or bulk.journal_error,
        )


def _session_status(session: Session, writer: JournalWriter) -> SessionStatus:
    connection = session.connection
    return SessionStatus(
        name=session.name,
        connected=session.connected,
        ready=session.ready.is_set(),
        granted=len(session.granted.difference(DROP_COUNTER_TOPICS)),
        refused=dict(session.refused),
        pending_bytes=writer.pending_bytes,
        paused=connection is not None and connection.paused,
        last_error=session.last_error,
    )
