"""SharedConsumer: one of several workers on an MQTT shared subscription. The broker gives each message to one of them.

Each has one session under a name of its own, which the broker keeps: what was in flight to a killed worker comes
again when it is back. A message is acknowledged after the journal has it.

The session outlives any restart: a broker that gives a member its share while it is away (Mosquitto does) drops that
share with the session, so that a short expiry would lose messages (docs/scale.md).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable

from msgspec import Struct, field

from domain import Instant, Lane
from ingest.mqtt.broker_address import BrokerAddress
from ingest.mqtt.connection import ConnectionSettings, Message, MqttConnection
from ingest.mqtt.journal_writer import FindDangers, Journal, JournalWriter, WriterSettings
from ingest.mqtt.session import Session
from ingest.routing.routes import Routes


class SharedSettings(Struct, frozen=True):
    """`name` is the worker's client id, `group` that of the subscription. Limits as in ConsumerSettings."""

    name: str
    group: str
    max_pending_bytes: int = 64 * 1024 * 1024
    max_packet_bytes: int = 1024 * 1024
    receive_max: int = 20_000
    keep_alive_s: int = 30
    session_expiry_s: int = 7 * 86_400
    batch_frames_max: int = 1_000
    retry_append_s: float = 1.0
    routes: Routes = field(default_factory=Routes)

    @property
    def filters(self) -> tuple[str, ...]:
        """The site's filters, shared by the group."""
        return tuple(f"$share/{self.group}/{pattern}" for pattern in self.routes.subscriptions)


class SharedConsumer:
    """One session and its journal writer; dangers are written before the rest of what arrived with them."""

    def __init__(
        self,
        address: BrokerAddress,
        journal: Journal,
        clock: Callable[[], Instant],
        settings: SharedSettings,
        link_changed: Callable[[bool, Instant], None],
        find_dangers: FindDangers | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._clock, self._link_changed, self._receiving = clock, link_changed, False
        connection = ConnectionSettings(
            settings.name, settings.keep_alive_s, settings.session_expiry_s, settings.receive_max,
            settings.max_packet_bytes,
        )  # fmt: skip
        self.session = Session(settings.name, address, connection, self, tls)
        limits = WriterSettings(
            settings.max_pending_bytes, settings.max_packet_bytes, settings.batch_frames_max, settings.retry_append_s
        )
        self.writer = JournalWriter(
            Lane.BULK, self.session, journal, lambda _entry: None, clock, limits, lambda *_: True, find_dangers
        )
        self.session.set_filters(settings.filters)

    @property
    def is_receiving(self) -> bool:
        """Whether the broker granted the shared subscription on the present connection."""
        return self._receiving

    def leave(self) -> None:
        """Give up the share for good: new messages go to the other workers, what the broker kept for this one still
        comes.
        """
        self.session.set_filters(())

    async def run(self) -> None:
        """Receive until cancelled; then store and acknowledge what has arrived, and disconnect."""
        tasks = [asyncio.create_task(self.writer.run()), asyncio.create_task(self.session.run())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            self.writer.pause()
            await self.writer.drain()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def on_messages(self, _session: Session, connection: MqttConnection, messages: list[Message]) -> None:
        """Messages arrived."""
        self.writer.enqueue(connection, messages)

    def on_session_start(self, session: Session) -> None:
        """The session connected."""

    def on_session_change(self, session: Session) -> None:
        """The session connected or disconnected, or its filters were answered."""
        receiving = bool(session.granted)
        if receiving != self._receiving:
            self._receiving = receiving
            self._link_changed(receiving, self._clock())
