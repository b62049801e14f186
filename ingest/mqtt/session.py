"""One MQTT 5 session that outlives its connections: reconnects, keeps its filters, remembers its packets.

The broker keeps what comes while we are away. It knows no journal: what arrives goes to its owner, with the
connection on which it is to be acknowledged.
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
RETRY_DELAY_MIN_S: Final = 0.1
RETRY_DELAY_MAX_S: Final = 10.0
STABLE_CONNECTION_S: Final = 5.0
"""A shorter connection was none: two services with one client id would throw each other out for ever."""
CLOSE_TIMEOUT_S: Final = 1.0


class SessionOwner(Protocol):
    """Who takes what a session brings."""

    def on_session_start(self, session: Session) -> None: ...
    def on_messages(self, session: Session, link: MqttConnection, arrivals: list[Message]) -> None: ...
    def on_session_change(self, session: Session) -> None: ...


async def _no_delay() -> None:
    """Nothing to wait for before connecting."""


class Session:
    """A client id at a broker. `granted` holds the filters that the broker confirmed on the present connection."""

    def __init__(
        self,
        name: str,
        address: BrokerAddress,
        settings: ConnectionSettings,
        owner: SessionOwner,
        tls: ssl.SSLContext | None = None,
        before: Callable[[], Awaitable[None]] = _no_delay,
    ) -> None:
        self.name = name
        self.filters: tuple[str, ...] = ()
        self.granted: set[str] = set()
        self.refused: dict[str, str] = {}
        self.session_present = False
        self.last_error = "not connected yet"
        self.inflight = InflightPackets()
        self.ready = asyncio.Event()
        self._address, self._settings, self._owner, self._before_connect = address, settings, owner, before
        self._tls = (tls or ssl.create_default_context()) if address.tls else None
        self._connection: MqttConnection | None = None
        self._is_connected = False

    @property
    def connected(self) -> bool:
        """Whether the broker has accepted us and the connection stands."""
        return self._is_connected

    @property
    def connection(self) -> MqttConnection | None:
        """The present connection."""
        return self._connection

    def set_filters(self, filters: Iterable[str]) -> None:
        """Listen to exactly these filters, from now on and after each reconnect."""
        before, self.filters = frozenset(self.filters), tuple(dict.fromkeys(filters))
        now = frozenset(self.filters)
        self.granted &= now
        self.refused = {pattern: why for pattern, why in self.refused.items() if pattern in now}
        if self._connection is not None and self._is_connected:
            self._connection.unsubscribe(sorted(before - now))
            self._connection.subscribe([pattern for pattern in self.filters if pattern not in before])
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
        patience, loop = RETRY_DELAY_MIN_S, asyncio.get_running_loop()
        try:
            while True:
                await self._before_connect()
                begun = loop.time()
                await self._run_connection()
                lasted = loop.time() - begun > STABLE_CONNECTION_S
                patience = RETRY_DELAY_MIN_S if lasted else min(2 * patience, RETRY_DELAY_MAX_S)
                await asyncio.sleep(patience)
        finally:
            await self._close()

    async def _close(self) -> None:
        """Close in order, so that the last acknowledgements are on their way."""
        if self._connection is not None and self._is_connected:
            self._connection.disconnect()
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    await asyncio.shield(self._connection.closed)

    async def _run_connection(self) -> None:
        """One connection, to its end."""
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                link = await self._connect()
                await link.opened
        except (OSError, TimeoutError, ssl.SSLError) as fault:
            self._on_disconnect(f"{self._address}: {str(fault) or 'no answer'}")
        else:
            self._on_disconnect(await asyncio.shield(link.closed))

    def _new_connection(self) -> MqttConnection:
        """Known before it connects: the broker's first answer may be here before the connecting task runs again."""
        self._connection = MqttConnection(self._address, self._settings, self)
        return self._connection

    async def _connect(self) -> MqttConnection:
        loop = asyncio.get_running_loop()
        host = self._address.host if self._tls is not None else None
        _, link = await loop.create_connection(
            self._new_connection,
            self._address.host,
            self._address.port,
            ssl=self._tls,
            server_hostname=host,
        )
        return link

    def _on_disconnect(self, why: str) -> None:
        if self._connection is not None:
            self._connection.abort(why)
        self._connection, self._is_connected = None, False
        self.last_error = why
        self.granted.clear()
        self.refused.clear()
        self.ready.clear()
        self.inflight.disconnected()
        self._owner.on_session_change(self)

    def on_connected(self, session_present: bool) -> None:
        """Subscribe every time: it is harmless, and a broker that lost its memory is told again."""
        self._is_connected = True
        self.session_present = session_present
        if not session_present:
            self.inflight.reset()
        if self._connection is not None:
            self._connection.subscribe(self.filters)
        self._owner.on_session_start(self)
        self._owner.on_session_change(self)

    def on_suback(self, granted: Sequence[str], refused: Sequence[tuple[str, str]]) -> None:
        """The broker answered a subscription."""
        self.granted.update(pattern for pattern in granted if pattern in self.filters)
        self.refused.update((pattern, why) for pattern, why in refused if pattern in self.filters)
        self._update_ready()
        self._owner.on_session_change(self)

    def on_messages(self, arrivals: list[Message]) -> None:
        """Messages came."""
        if self._connection is not None:
            self._owner.on_messages(self, self._connection, arrivals)

    def on_ping_sent(self) -> None:
        """A ping went out behind our acknowledgements."""
        self.inflight.ping_sent()

    def on_ping_answered(self) -> None:
        """The ping came back."""
        self.inflight.ping_answered()

    def acknowledge(self, link: MqttConnection, packet_ids: list[int]) -> None:
        """On the connection that brought the packets; if it is gone, the broker will bring them again."""
        if packet_ids and link.acknowledge(packet_ids):
            self.inflight.acknowledged(packet_ids)
