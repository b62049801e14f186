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

REPLAY_EVENTS_MAX: Final = 1_000
SUBSCRIPTION_EVENTS_MAX: Final = 256
SUBSCRIPTIONS_MAX: Final = 500


class Event(Struct, frozen=True):
    """One thing that happened. Only events with an id can be replayed."""

    name: str
    data: Mapping[str, Any]
    id: str | None = None


RESYNC: Final = Event("resync", {})
"""Tells a page that it missed something and must load its lists again."""


class TooManySubscriptions(Exception):
    """The limit of open streams is reached."""


class Subscription:
    """One open stream. It holds at most `BACKLOG` events; one that reads too slowly is told to load anew."""

    def __init__(self) -> None:
        self._pending: deque[Event] = deque()
        self._wakeup = asyncio.Event()
        self._is_open = True

    def push(self, event: Event) -> None:
        if len(self._pending) >= SUBSCRIPTION_EVENTS_MAX:
            self._pending.clear()
            event = RESYNC
        self._pending.append(event)
        self._wakeup.set()

    def close(self) -> None:
        self._is_open = False
        self._wakeup.set()

    async def events(self, heartbeat_s: float) -> AsyncIterator[Event | None]:
        """Events as they come; None whenever nothing came for `heartbeat_s`. Ends when the hub closes."""
        while self._is_open or self._pending:
            if self._pending:
                yield self._pending.popleft()
                continue
            self._wakeup.clear()
            try:
                await asyncio.wait_for(self._wakeup.wait(), heartbeat_s)
            except TimeoutError:
                yield None


class EventHub:
    """Passes what happened to every open stream. `epoch` (our start) makes ids of an earlier run recognisable."""

    def __init__(self, epoch: Instant) -> None:
        self._epoch = epoch
        self._number = 0
        self._replayable: deque[Event] = deque(maxlen=REPLAY_EVENTS_MAX)
        self._status: Event | None = None
        self._subscriptions: set[Subscription] = set()
        self._closed = False
        self._changed_alerts: dict[str, None] = {}
        self._wakeup = asyncio.Event()

    @property
    def subscription_count(self) -> int:
        return len(self._subscriptions)

    def publish(self, name: str, data: Mapping[str, Any]) -> None:
        """Tell everybody, and keep it for those who were away a moment."""
        self._number += 1
        event = Event(name, data, f"{self._epoch}-{self._number}")
        self._replayable.append(event)
        self._push_to_all(event)

    def publish_status(self, data: Mapping[str, Any]) -> None:
        """Tell everybody the present status; whoever comes later gets only the newest."""
        self._status = Event("status", data)
        self._push_to_all(self._status)

    def alert_changed(self, alert_id: str) -> None:
        """Called on the event loop after a change of this alert is committed. Cheap: nothing is loaded here."""
        self._changed_alerts[alert_id] = None
        self._wakeup.set()

    async def wait_for_changed_alerts(self) -> list[str]:
        """Waits for changes; the alerts changed since the last call, each once."""
        await self._wakeup.wait()
        self._wakeup.clear()
        changed, self._changed_alerts = list(self._changed_alerts), {}
        return changed

    def subscribe(self, last_id: str | None) -> Subscription:
        """A new stream. After a short absence it begins with what was missed, after a long one with `resync`."""
        if len(self._subscriptions) >= SUBSCRIPTIONS_MAX:
            raise TooManySubscriptions
        listener = Subscription()
        for event in (*self._missed_events(last_id), *filter(None, [self._status])):
            listener.push(event)
        if self._closed:
            listener.close()
        self._subscriptions.add(listener)
        return listener

    def unsubscribe(self, listener: Subscription) -> None:
        self._subscriptions.discard(listener)

    def close(self) -> None:
        """End every stream, so that the server can stop."""
        self._closed = True
        for listener in self._subscriptions:
            listener.close()

    def _push_to_all(self, event: Event) -> None:
        for listener in self._subscriptions:
            listener.push(event)

    def _missed_events(self, last_id: str | None) -> list[Event]:
        if last_id is None:
            return []
        epoch, _, number = last_id.partition("-")
        known = epoch == str(self._epoch) and number.isdigit() and int(number) <= self._number
        missed = self._number - int(number) if known else REPLAY_EVENTS_MAX + 1
        if missed > min(len(self._replayable), SUBSCRIPTION_EVENTS_MAX - 1):
            return [RESYNC]
        return list(self._replayable)[len(self._replayable) - missed :]


class AlertPublisher:
    """Turns "alert 31 changed" into an event with its present view. Changes that come together are told once."""

    def __init__(self, hub: EventHub, load: Callable[[str], Awaitable[Mapping[str, Any] | None]]) -> None:
        self._events, self._load = hub, load

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            for alert_id in await self._events.wait_for_changed_alerts():
                await self._publish(alert_id)

    async def _publish(self, alert_id: str) -> None:
        try:
            view = await self._load(alert_id)
        except Exception as error:  # noqa: BLE001 - the pages must go on hearing of every other alert
            log.error("alert not told", extra={"alert": alert_id, "error": repr(error)})
            self._events.publish("resync", {})
            return
        if view is not None:
            self._events.publish("alert", view)
