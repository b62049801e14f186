"""Event hub of the server-sent events: open subscriptions, replay after a reconnect, and bounds on slow readers.

The hub is independent of HTTP and of the payload; the endpoint renders events for its user (console.api.stream).
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct, field

from domain import Instant

log = logging.getLogger(__name__)

REPLAY_EVENTS_MAX: Final = 1_000
SUBSCRIPTION_EVENTS_MAX: Final = 256
SUBSCRIPTIONS_MAX: Final = 500
GATHERED_S: Final = 0.1
"""Events within so long after a group are the next group: to write to every screen costs as much as ten events."""
READ_AFTER_S: Final = 0.1
"""A changed alert is read for the screens so long after: it is being sent to people now, and changes again by that."""
LOADED_TOGETHER: Final = 100
"""Changed alerts that are read in one transaction."""


class Event(Struct, frozen=True):
    """One event of the stream. Only events with an id can be replayed."""

    name: str
    data: Mapping[str, Any]
    id: str | None = None


RESYNC: Final = Event("resync", {})
"""Tells a page that it missed events and must load its lists again."""


class EncodedGroup(Struct, frozen=True):
    """The bytes of a group for one audience, and how many of its events show an alert."""

    data: bytes
    alerts: int


class EventGroup(Struct, frozen=True):
    """Events that are sent together. `encoded`: by audience, so that all screens of one kind share the bytes."""

    events: Sequence[Event]
    encoded: dict[Hashable, EncodedGroup] = field(default_factory=dict)


class TooManySubscriptions(Exception):
    """The limit of open streams is reached."""


class Subscription:
    """One open stream with at most `SUBSCRIPTION_EVENTS_MAX` pending events; beyond that they become one RESYNC."""

    def __init__(self) -> None:
        self._pending: deque[EventGroup] = deque()
        self._pending_events = 0
        self._wakeup = asyncio.Event()
        self._is_open = True

    def push(self, group: EventGroup) -> None:
        if self._pending_events + len(group.events) > SUBSCRIPTION_EVENTS_MAX:
            self._pending.clear()
            self._pending_events, group = 0, EventGroup([RESYNC])
        self._pending.append(group)
        self._pending_events += len(group.events)
        self._wakeup.set()

    def close(self) -> None:
        self._is_open = False
        self._wakeup.set()

    async def groups(self, heartbeat_s: float) -> AsyncIterator[EventGroup | None]:
        """Groups of events in order; None after each `heartbeat_s` without one. Ends when it is closed."""
        while self._is_open or self._pending:
            if self._pending:
                group = self._pending.popleft()
                self._pending_events -= len(group.events)
                yield group
                continue
            self._wakeup.clear()
            try:
                await asyncio.wait_for(self._wakeup.wait(), heartbeat_s)
            except TimeoutError:
                yield None


class EventHub:
    """Distributes events to every open subscription, as groups at most every GATHERED_S; used on the event loop.

    Event ids are `epoch-number`; `epoch` is the start of the service, so that ids of an earlier run are recognised.
    """

    def __init__(self, epoch: Instant) -> None:
        self._epoch = epoch
        self._number = 0
        self._replayable: deque[Event] = deque(maxlen=REPLAY_EVENTS_MAX)
        self._status: Event | None = None
        self._gathered: list[Event] = []
        self._timer: asyncio.TimerHandle | None = None
        self._sent_at = 0.0
        self._subscriptions: set[Subscription] = set()
        self._closed = False
        self._changed_alerts: dict[str, None] = {}
        self._wakeup = asyncio.Event()

    @property
    def subscription_count(self) -> int:
        return len(self._subscriptions)

    def publish(self, name: str, data: Mapping[str, Any]) -> None:
        """Send an event to every subscription, at once after a pause, and keep it for replay."""
        self._number += 1
        event = Event(name, data, f"{self._epoch}-{self._number}")
        self._replayable.append(event)
        self._send(event)

    def publish_status(self, data: Mapping[str, Any]) -> None:
        """Send the present status; a new subscription gets the latest one only."""
        if self._status in self._gathered:
            self._gathered.remove(self._status)
        self._status = Event("status", data)
        self._send(self._status)

    def alert_changed(self, alert_id: str) -> None:
        """Called on the event loop after a change of this alert is committed. Cheap: nothing is loaded here."""
        self._changed_alerts[alert_id] = None
        self._wakeup.set()

    async def wait_for_change(self) -> None:
        """Returns when an alert has changed since the last `take_changed_alerts`."""
        await self._wakeup.wait()

    def take_changed_alerts(self) -> list[str]:
        """Each alert changed since the last call, once."""
        self._wakeup.clear()
        changed, self._changed_alerts = list(self._changed_alerts), {}
        return changed

    def subscribe(self, last_id: str | None) -> Subscription:
        """A new subscription: first the events after `last_id`, or RESYNC when they are no longer kept."""
        if len(self._subscriptions) >= SUBSCRIPTIONS_MAX:
            raise TooManySubscriptions
        self._flush()
        subscription = Subscription()
        if events := [*self._missed_events(last_id), *filter(None, [self._status])]:
            subscription.push(EventGroup(events))
        if self._closed:
            subscription.close()
        self._subscriptions.add(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        self._subscriptions.discard(subscription)

    def close(self) -> None:
        """End every stream, so that the server can stop."""
        self._flush()
        self._closed = True
        for subscription in self._subscriptions:
            subscription.close()

    def _send(self, event: Event) -> None:
        """With the others of this turn of the loop, or of GATHERED_S since the last group."""
        self._gathered.append(event)
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(max(loop.time(), self._sent_at + GATHERED_S), self._flush)

    def _flush(self) -> None:
        if self._timer is None:
            return
        self._timer.cancel()
        group, self._gathered, self._timer = EventGroup(self._gathered), [], None
        self._sent_at = asyncio.get_running_loop().time()
        for subscription in self._subscriptions:
            subscription.push(group)

    def _missed_events(self, last_id: str | None) -> list[Event]:
        if last_id is None:
            return []
        epoch, _, number = last_id.partition("-")
        is_known = epoch == str(self._epoch) and number.isdigit() and int(number) <= self._number
        missed = self._number - int(number) if is_known else REPLAY_EVENTS_MAX + 1
        if missed > min(len(self._replayable), SUBSCRIPTION_EVENTS_MAX - 1):
            return [RESYNC]
        return list(self._replayable)[len(self._replayable) - missed :]


class AlertPublisher:
    """Publishes the present view of each changed alert. Changes that come together are loaded and published once."""

    def __init__(
        self, events: EventHub, load: Callable[[Sequence[str]], Awaitable[Mapping[str, Mapping[str, Any]]]]
    ) -> None:
        self._events, self._load = events, load

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._events.wait_for_change()
            await asyncio.sleep(READ_AFTER_S)
            changed = self._events.take_changed_alerts()
            for start in range(0, len(changed), LOADED_TOGETHER):
                await self._publish(changed[start : start + LOADED_TOGETHER])

    async def _publish(self, alert_ids: Sequence[str]) -> None:
        try:
            views = await self._load(alert_ids)
        except Exception as error:  # noqa: BLE001 - logged; events of every other alert must go on
            if len(alert_ids) > 1:
                for alert_id in alert_ids:
                    await self._publish([alert_id])
                return
            log.error("alert not published", extra={"alert": alert_ids[0], "error": repr(error)})
            self._events.publish("resync", {})
            return
        for alert_id in alert_ids:
            if alert_id in views:
                self._events.publish("alert", views[alert_id])
