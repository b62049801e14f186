"""A persistent MQTT 5 session: reconnects, restores its subscriptions, tracks packets in flight.

The broker stores messages while the session is disconnected. Messages are passed to the owner together with the
connection that delivered them, because a PUBACK is valid on that connection only.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from typing import Final, Protocol

from ingest.mqtt.broker_address import BrokerAddress
from ingest.mqtt.connection import ConnectionSettings, Message, MqttConnection
from ingest.mqtt.redelivery import InflightPackets

CONNECT_TIMEOUT_S: Final = 10.0
NOT_CONNECTED: Final = "not connected yet"
RETRY_DELAY_MIN_S: Final = 0.1
RETRY_DELAY_MAX_S: Final = 10.0
STABLE_CONNECTION_S: Final = 5.0
"""A shorter connection does not reset the retry delay: two services with one client id would otherwise disconnect each
other for ever."""
CLOSE_TIMEOUT_S: Final = 1.0


class SessionOwner(Protocol):
    """Receives the events of a session."""

    def on_session_start(self, session: Session) -> None: ...
    def on_messages(self, session: Session, connection: MqttConnection, messages: list[Message]) -> None: ...
    def on_session_change(self, session: Session) -> None: ...


async def _no_delay() -> None:
    """Connect at once."""


class Session:
    """One client id at a broker. `granted` holds the filters that the broker confirmed on the current connection.

    `before_connect` is awaited before each attempt to connect. `ready` is set while every filter is answered.
    """

    def __init__(
        self,
        name: str,
        address: BrokerAddress,
        settings: ConnectionSettings,
        owner: SessionOwner,
        tls: ssl.SSLContext | None = None,
        before_connect: Callable[[], Awaitable[None]] = _no_delay,
    ) -> None:
        self.name = name
        self.filters: tuple[str, ...] = ()
        self.granted: set[str] = set()
        self.refused: dict[str, str] = {}
        self.session_present = False
        self.last_error = NOT_CONNECTED
        self.inflight = InflightPackets()
        self.ready = asyncio.Event()
        self._address, self._settings, self._owner, self._before_connect = address, settings, owner, before_connect
        self._tls = (tls or address.context or ssl.create_default_context()) if address.tls else None
        self._connection: MqttConnection | None = None
        self._is_connected = False

    @property
    def connected(self) -> bool:
        """Whether the broker has accepted the current connection."""
        return self._is_connected

    @property
    def connection(self) -> MqttConnection | None:
        """The current connection."""
        return self._connection

    def set_filters(self, filters: Iterable[str]) -> None:
        """Subscribe to exactly these filters, now and after each reconnect."""
        previous, self.filters = frozenset(self.filters), tuple(dict.fromkeys(filters))
        current = frozenset(self.filters)
        self.granted &= current
        self.refused = {pattern: reason for pattern, reason in self.refused.items() if pattern in current}
        if self._connection is not None and self._is_connected:
            self._connection.unsubscribe(sorted(previous - current))
            self._connection.subscribe([pattern for pattern in self.filters if pattern not in previous])
            self._update_ready()
        self._owner.on_session_change(self)

    def _update_ready(self) -> None:
        if self.granted.union(self.refused).issuperset(self.filters):
            self.last_error = ""
            self.ready.set()
        else:
            self.ready.clear()

    async def run(self) -> None:
        """Stay connected until cancelled."""
        retry_delay_s, loop = RETRY_DELAY_MIN_S, asyncio.get_running_loop()
        try:
            while True:
                await self._before_connect()
                started = loop.time()
                await self._run_connection()
                was_stable = loop.time() - started > STABLE_CONNECTION_S
                retry_delay_s = RETRY_DELAY_MIN_S if was_stable else min(2 * retry_delay_s, RETRY_DELAY_MAX_S)
                await asyncio.sleep(retry_delay_s)
        finally:
            await self._close()

    async def _close(self) -> None:
        """Disconnect in order, so that the last acknowledgements are sent."""
        if self._connection is not None and self._is_connected:
            self._connection.disconnect()
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    await asyncio.shield(self._connection.closed)

    async def _run_connection(self) -> None:
        """One connection, until it ends."""
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                connection = await self._connect()
                await connection.opened
        except (OSError, TimeoutError, ssl.SSLError) as error:
            self._on_disconnect(f"{self._address}: {str(error) or 'no answer'}")
        else:
            self._on_disconnect(await asyncio.shield(connection.closed))

    def _new_connection(self) -> MqttConnection:
        """Stored before it connects: the broker's first packet may arrive before the connecting task runs again."""
        self._connection = MqttConnection(self._address, self._settings, self)
        return self._connection

    async def _connect(self) -> MqttConnection:
        loop = asyncio.get_running_loop()
        host = self._address.host if self._tls is not None else None
        _, connection = await loop.create_connection(
            self._new_connection,
            self._address.host,
            self._address.port,
            ssl=self._tls,
            server_hostname=host,
        )
        return connection

    def _on_disconnect(self, reason: str) -> None:
        if self._connection is not None:
            self._connection.abort(reason)
        self._connection, self._is_connected = None, False
        self.last_error = reason
        self.granted.clear()
        self.refused.clear()
        self.ready.clear()
        self.inflight.disconnected()
        self._owner.on_session_change(self)

    def on_connected(self, session_present: bool) -> None:
        """Subscribe on every connection: it is harmless, and needed when the broker lost the session."""
        self._is_connected = True
        self.session_present = session_present
        if not session_present:
            self.inflight.reset()
        if self._connection is not None:
            self._connection.subscribe(self.filters)
        self._owner.on_session_start(self)
        self._owner.on_session_change(self)

    def on_suback(self, granted: Sequence[str], refused: Sequence[tuple[str, str]]) -> None:
        """The broker answered a subscription; answers to filters that were removed since are ignored."""
        self.granted.update(pattern for pattern in granted if pattern in self.filters)
        self.refused.update((pattern, reason) for pattern, reason in refused if pattern in self.filters)
        self._update_ready()
        self._owner.on_session_change(self)

    def on_messages(self, messages: list[Message]) -> None:
        """Messages arrived on the current connection."""
        if self._connection is not None:
            self._owner.on_messages(self, self._connection, messages)

    def on_ping_sent(self) -> None:
        """A PINGREQ was written behind the acknowledgements."""
        self.inflight.ping_sent()

    def on_ping_answered(self) -> None:
        """The PINGRESP arrived."""
        self.inflight.ping_answered()

    def acknowledge(self, connection: MqttConnection, packet_ids: list[int]) -> None:
        """Acknowledge on the connection that delivered the packets; if it is gone, the broker redelivers them."""
        if packet_ids and connection.acknowledge(packet_ids):
            self.inflight.acknowledged(packet_ids)
