"""Server-sent events: who listens, what is kept for those who come back, and what a slow listener misses.

It knows neither HTTP nor what an alert is; every listener renders what it is given for its own reader.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Final

from msgspec import Struct

from domain import Instant

log = logging.getLogger(__name__)

KEPT: Final = 1_000
BACKLOG: Final = 256
LISTENERS: Final = 500


class Event(Struct, frozen=True):
    """One thing that happened. Only events with an id can be replayed."""

    name: str
    data: Mapping[str, Any]
    id: str | None = None


RESYNC: Final = Event("resync", {})
"""Tells a page that it missed something and must load its lists again."""


class TooManyListeners(Exception):
    """The limit of open streams is reached."""


class Listener:
    """One open stream. It holds at most `BACKLOG` events; one that reads too slowly is told to load anew."""

    def __init__(self) -> None:
        self._waiting: deque[Event] = deque()
        self._bell = asyncio.Event()
        self._open = True

    def hear(self, event: Event) -> None:
        if len(self._waiting) >= BACKLOG:
            self._waiting.clear()
            event = RESYNC
        self._waiting.append(event)
        self._bell.set()

    def close(self) -> None:
        self._open = False
        self._bell.set()

    async def events(self, heartbeat_s: float) -> AsyncIterator[Event | None]:
        """Events as they come; None whenever nothing came for `heartbeat_s`. Ends when the hub closes."""
        while self._open or self._waiting:
            if self._waiting:
                yield self._waiting.popleft()
                continue
            self._bell.clear()
            try:
                await asyncio.wait_for(self._bell.wait(), heartbeat_s)
            except TimeoutError:
                yield None


class Hub:
    """Passes what happened to every open stream. `epoch` (our start) makes ids of an earlier run recognisable."""

    def __init__(self, epoch: Instant) -> None:
        self._epoch = epoch
        self._number = 0
        self._kept: deque[Event] = deque(maxlen=KEPT)
        self._status: Event | None = None
        self._listeners: set[Listener] = set()
        self._closed = False
        self._changed: dict[str, None] = {}
        self._bell = asyncio.Event()

    @property
    def listeners(self) -> int:
        return len(self._listeners)

    def publish(self, name: str, data: Mapping[str, Any]) -> None:
        """Tell everybody, and keep it for those who were away a moment."""
        self._number += 1
        event = Event(name, data, f"{self._epoch}-{self._number}")
        self._kept.append(event)
        self._tell(event)

    def publish_status(self, data: Mapping[str, Any]) -> None:
        """Tell everybody the present status; whoever comes later gets only the newest."""
        self._status = Event("status", data)
        self._tell(self._status)

    def alert_changed(self, alert_id: str) -> None:
        """Called on the event loop after a change of this alert is committed. Cheap: nothing is loaded here."""
        self._changed[alert_id] = None
        self._bell.set()

    async def changed_alerts(self) -> list[str]:
        """Waits for changes; the alerts changed since the last call, each once."""
        await self._bell.wait()
        self._bell.clear()
        changed, self._changed = list(self._changed), {}
        return changed

    def listen(self, last_id: str | None) -> Listener:
        """A new stream. After a short absence it begins with what was missed, after a long one with `resync`."""
        if len(self._listeners) >= LISTENERS:
            raise TooManyListeners
        listener = Listener()
        for event in (*self._missed(last_id), *filter(None, [self._status])):
            listener.hear(event)
        if self._closed:
            listener.close()
        self._listeners.add(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        self._listeners.discard(listener)

    def close(self) -> None:
        """End every stream, so that the server can stop."""
        self._closed = True
        for listener in self._listeners:
            listener.close()

    def _tell(self, event: Event) -> None:
        for listener in self._listeners:
            listener.hear(event)

    def _missed(self, last_id: str | None) -> list[Event]:
        if last_id is None:
            return []
        epoch, _, number = last_id.partition("-")
        known = epoch == str(self._epoch) and number.isdigit() and int(number) <= self._number
        missed = self._number - int(number) if known else KEPT + 1
        if missed > min(len(self._kept), BACKLOG - 1):
            return [RESYNC]
        return list(self._kept)[len(self._kept) - missed :]


class AlertFeed:
    """Turns "alert 31 changed" into an event with its present view. Changes that come together are told once."""

    def __init__(self, hub: Hub, load: Callable[[str], Awaitable[Mapping[str, Any] | None]]) -> None:
        self._hub, self._load = hub, load

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            for alert_id in await self._hub.changed_alerts():
                await self._tell(alert_id)

    async def _tell(self, alert_id: str) -> None:
        try:
            view = await self._load(alert_id)
        except Exception as error:  # noqa: BLE001 - the pages must go on hearing of every other alert
            log.error("alert not told", extra={"alert": alert_id, "error": repr(error)})
            self._hub.publish("resync", {})
            return
        if view is not None:
            self._hub.publish("alert", view)
