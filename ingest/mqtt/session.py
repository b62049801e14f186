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

from ingest.mqtt.broker_address import Address
from ingest.mqtt.connection import Arrival, Link, LinkSettings
from ingest.mqtt.redelivery import PacketMemory

CONNECT_WITHIN_S: Final = 10.0
RETRY_FIRST_S: Final = 0.1
RETRY_MAX_S: Final = 10.0
LASTED_S: Final = 5.0
"""A shorter connection was none: two services with one client id would throw each other out for ever."""
LEAVE_WITHIN_S: Final = 1.0


class SessionOwner(Protocol):
    """Who takes what a session brings."""

    def session_opened(self, session: Session) -> None: ...
    def session_took(self, session: Session, link: Link, arrivals: list[Arrival]) -> None: ...
    def session_changed(self, session: Session) -> None: ...


async def _at_once() -> None:
    """Nothing to wait for before connecting."""


class Session:
    """A client id at a broker. `granted` holds the filters that the broker confirmed on the present connection."""

    def __init__(
        self,
        name: str,
        address: Address,
        settings: LinkSettings,
        owner: SessionOwner,
        tls: ssl.SSLContext | None = None,
        before: Callable[[], Awaitable[None]] = _at_once,
    ) -> None:
        self.name = name
        self.wanted: tuple[str, ...] = ()
        self.granted: set[str] = set()
        self.refused: dict[str, str] = {}
        self.session_present = False
        self.last_error = "not connected yet"
        self.packets = PacketMemory()
        self.ready = asyncio.Event()
        self._address, self._settings, self._owner, self._before = address, settings, owner, before
        self._tls = (tls or ssl.create_default_context()) if address.tls else None
        self._link: Link | None = None
        self._opened = False

    @property
    def connected(self) -> bool:
        """Whether the broker has accepted us and the connection stands."""
        return self._opened

    @property
    def link(self) -> Link | None:
        """The present connection."""
        return self._link

    def want(self, filters: Iterable[str]) -> None:
        """Listen to exactly these filters, from now on and after each reconnect."""
        before, self.wanted = frozenset(self.wanted), tuple(dict.fromkeys(filters))
        now = frozenset(self.wanted)
        self.granted &= now
        self.refused = {pattern: why for pattern, why in self.refused.items() if pattern in now}
        if self._link is not None and self._opened:
            self._link.unsubscribe(sorted(before - now))
            self._link.subscribe([pattern for pattern in self.wanted if pattern not in before])
            self._see_whether_answered()
        self._owner.session_changed(self)

    def _see_whether_answered(self) -> None:
        if self.granted.union(self.refused).issuperset(self.wanted):
            self.last_error = ""
            self.ready.set()
        else:
            self.ready.clear()

    async def run(self) -> None:
        """Stay connected until cancelled."""
        patience, loop = RETRY_FIRST_S, asyncio.get_running_loop()
        try:
            while True:
                await self._before()
                begun = loop.time()
                await self._live_once()
                lasted = loop.time() - begun > LASTED_S
                patience = RETRY_FIRST_S if lasted else min(2 * patience, RETRY_MAX_S)
                await asyncio.sleep(patience)
        finally:
            await self._leave()

    async def _leave(self) -> None:
        """Close in order, so that the last acknowledgements are on their way."""
        if self._link is not None and self._opened:
            self._link.say_goodbye()
            with suppress(TimeoutError):
                async with asyncio.timeout(LEAVE_WITHIN_S):
                    await asyncio.shield(self._link.closed)

    async def _live_once(self) -> None:
        """One connection, to its end."""
        try:
            async with asyncio.timeout(CONNECT_WITHIN_S):
                link = await self._connect()
                await link.opened
        except (OSError, TimeoutError, ssl.SSLError) as fault:
            self._lost(f"{self._address}: {str(fault) or 'no answer'}")
        else:
            self._lost(await asyncio.shield(link.closed))

    def _new_link(self) -> Link:
        """Known before it connects: the broker's first answer may be here before the connecting task runs again."""
        self._link = Link(self._address, self._settings, self)
        return self._link

    async def _connect(self) -> Link:
        loop = asyncio.get_running_loop()
        host = self._address.host if self._tls is not None else None
        _, link = await loop.create_connection(
            self._new_link,
            self._address.host,
            self._address.port,
            ssl=self._tls,
            server_hostname=host,
        )
        return link

    def _lost(self, why: str) -> None:
        if self._link is not None:
            self._link.abort(why)
        self._link, self._opened = None, False
        self.last_error = why
        self.granted.clear()
        self.refused.clear()
        self.ready.clear()
        self.packets.disconnected()
        self._owner.session_changed(self)

    def link_opened(self, session_present: bool) -> None:
        """Subscribe every time: it is harmless, and a broker that lost its memory is told again."""
        self._opened = True
        self.session_present = session_present
        if not session_present:
            self.packets.restart()
        if self._link is not None:
            self._link.subscribe(self.wanted)
        self._owner.session_opened(self)
        self._owner.session_changed(self)

    def link_granted(self, granted: Sequence[str], refused: Sequence[tuple[str, str]]) -> None:
        """The broker answered a subscription."""
        self.granted.update(pattern for pattern in granted if pattern in self.wanted)
        self.refused.update((pattern, why) for pattern, why in refused if pattern in self.wanted)
        self._see_whether_answered()
        self._owner.session_changed(self)

    def link_took(self, arrivals: list[Arrival]) -> None:
        """Messages came."""
        if self._link is not None:
            self._owner.session_took(self, self._link, arrivals)

    def link_asked(self) -> None:
        """A ping went out behind our acknowledgements."""
        self.packets.asked()

    def link_answered(self) -> None:
        """The ping came back."""
        self.packets.answered()

    def acknowledge(self, link: Link, packet_ids: list[int]) -> None:
        """On the connection that brought the packets; if it is gone, the broker will bring them again."""
        if packet_ids and link.acknowledge(packet_ids):
            self.packets.acknowledged(packet_ids)
