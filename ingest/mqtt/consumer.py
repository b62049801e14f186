"""From the broker into the journal: two sessions, one writer each, acknowledgement only after the append.

It knows no platform's format and no rule. Everything that arrives is appended word for word and then delivered.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct, field

from domain import Device, Instant, Lane
from domain.kind import Kind
from ingest.adapters import FILTERS
from ingest.frame import Entry, Frame
from ingest.mqtt.broker_address import Address
from ingest.mqtt.broker_drops import DROPPED, DropCounters, is_about_the_broker
from ingest.mqtt.connection import Arrival, Link, LinkSettings
from ingest.mqtt.journal_recovery import Recall
from ingest.mqtt.journal_writer import Foresee, LaneSettings, LaneWriter, Refused
from ingest.mqtt.journal_writer import Journal as Journal
from ingest.mqtt.session import Session
from ingest.mqtt.session_copies import Twins
from ingest.mqtt.urgent_filters import NATIVE_ALARMS, UrgentFilters, urgent_filters
from ingest.routing.routes import Routes
from ingest.topics import Cover

URGENT_HEAD_START_S: Final = 3.0
"""The bulk session waits so long for the urgent one, so that after a pause alarms are heard before the backlog."""


class IntakeSettings(Struct, frozen=True):
    """The limits of this room. `max_pending_bytes` holds for each session.

    `routes` hold the site's filters. `formerly` are those that the broker may still remember from an earlier start.
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
    routes: Routes = field(default_factory=Routes)
    formerly: tuple[str, ...] = ()


class SessionStatus(Struct, frozen=True):
    """One session as the operations screen shows it."""

    name: str
    connected: bool
    ready: bool
    granted: int
    refused: dict[str, str]
    pending_bytes: int
    paused: bool
    last_error: str


class IntakeStatus(Struct, frozen=True):
    """The intake as the operations screen shows it. `twins` are second copies of what the other session brought."""

    urgent: SessionStatus
    bulk: SessionStatus
    frames: int
    twins: int
    redelivered: int
    too_large: int
    urgent_left_out: int
    journal_error: str


class Intake:
    """The host of the two sessions. `on_link` hears when we begin and cease to hear the devices at all.

    `foresee` finds what the bulk session brings and must not wait: it goes to the urgent lane. `on_refused` hears when
    the journal takes again what it refused, `on_drop` how many messages the broker says it dropped.
    """

    def __init__(
        self,
        address: Address,
        journal: Journal,
        deliver: Callable[[Entry], None],
        clock: Callable[[], Instant],
        settings: IntakeSettings | None = None,
        on_link: Callable[[bool, Instant], None] | None = None,
        tls: ssl.SSLContext | None = None,
        foresee: Foresee | None = None,
        on_refused: Refused | None = None,
        on_drop: Callable[[int, Instant], None] | None = None,
    ) -> None:
        self.on_link = on_link
        self._settings = settings or IntakeSettings()
        self._clock = clock
        self._urgent_filters = UrgentFilters()
        self._twins = Twins()
        self._recall = Recall()
        self._cover = Cover(self._urgent_filters.filters)
        self._hearing = self._bulk_began_later = False
        self._sessions = {
            lane: Session(lane.value, address, self._link_settings(lane), self, tls, before)
            for lane, before in ((Lane.URGENT, _no_wait), (Lane.BULK, self._wait_for_urgent))
        }
        self._urgent, self._bulk = self._sessions[Lane.URGENT], self._sessions[Lane.BULK]
        limits = LaneSettings(
            self._settings.max_pending_bytes,
            self._settings.max_packet_bytes,
            self._settings.batch_frames_max,
            self._settings.retry_append_s,
        )
        self._writers = {
            session: LaneWriter(lane, session, journal, deliver, clock, limits, self._takes, seen, on_refused)
            for (lane, session), seen in zip(self._sessions.items(), (None, foresee), strict=True)
        }
        self._drops, self._on_drop = DropCounters(), on_drop
        self._urgent.want((*self._urgent_filters.filters, *DROPPED))
        self._bulk.want(self._settings.routes.subscriptions)

    def _link_settings(self, lane: Lane) -> LinkSettings:
        mine = self._settings
        client_id = f"{mine.client_id}-{lane.value}"
        return LinkSettings(
            client_id, mine.keep_alive_s, mine.session_expiry_s, mine.receive_max, mine.max_packet_bytes
        )

    @property
    def ready(self) -> bool:
        """Both sessions stand, every subscription is answered, and our own topics are granted."""
        own = self._bulk.granted.issuperset(FILTERS["native"]) and NATIVE_ALARMS in self._urgent.granted
        return own and self._urgent.ready.is_set() and self._bulk.ready.is_set()

    @property
    def waiting_since(self) -> Instant | None:
        """When the oldest message was received that is not yet in the journal; None when all are."""
        return min((since for writer in self._writers.values() if (since := writer.waiting_since)), default=None)

    def set_devices(self, devices: Iterable[Device], kinds: Mapping[str, Kind]) -> None:
        """The registry changed: urgent devices that have their own topic get it heard in the urgent session."""
        self.set_urgent(urgent_filters(devices, kinds, self._settings.urgent_filters_max, self._settings.routes))

    def set_urgent(self, filters: UrgentFilters) -> None:
        """The same for filters that were computed elsewhere: in a large registry that takes a while."""
        self._urgent_filters = filters
        self._cover = Cover(self._urgent_filters.filters)
        self._urgent.want((*self._urgent_filters.filters, *DROPPED))

    async def run(self) -> None:
        """Listen until cancelled; then append what has arrived, acknowledge it, and close in order."""
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
            writer.hold()
        for writer, task in zip(self._writers.values(), writers, strict=True):
            if not task.done():
                await writer.drain()
        for task in (*sessions, *writers):
            task.cancel()
        await asyncio.gather(*sessions, *writers, return_exceptions=True)

    async def _wait_for_urgent(self) -> None:
        try:
            async with asyncio.timeout(URGENT_HEAD_START_S):
                await self._urgent.ready.wait()
        except TimeoutError:
            return  # heard late is better than not heard: the bulk session brings alarms too

    def session_took(self, session: Session, link: Link, arrivals: list[Arrival]) -> None:
        """Messages came on one of the sessions."""
        if session is self._urgent:
            arrivals = [each for each in arrivals if not self._is_about_the_broker(each)]
        self._writers[session].take(link, arrivals)

    def _is_about_the_broker(self, arrival: Arrival) -> bool:
        if not is_about_the_broker(arrival.topic):
            return False
        rise = self._drops.rise(arrival.topic, arrival.payload)
        if rise and self._on_drop is not None:
            self._on_drop(rise, self._clock())
        return True

    def session_opened(self, session: Session) -> None:
        """A session connected; is what it brings as old as what the other one brings?"""
        if session is self._bulk:
            self._give_back()
            self._bulk_began_later = not session.session_present and NATIVE_ALARMS in self._urgent.granted
        elif not session.session_present:
            self._bulk_began_later = False
            self._twins.forget_bulk()

    def _give_back(self) -> None:
        """A session that the broker kept still brings what the site no longer listens to."""
        if self._bulk.session_present and self._bulk.link is not None:
            left = set(self._settings.formerly).union(*FILTERS.values())
            self._bulk.link.unsubscribe(sorted(left.difference(self._settings.routes.subscriptions)))

    def session_changed(self, session: Session) -> None:
        """A session came, went, or had its filters answered."""
        if session is not self._bulk:
            return
        hearing = FILTERS["native"][0] in session.granted
        if hearing != self._hearing:
            self._hearing = hearing
            if self.on_link is not None:
                self.on_link(hearing, self._clock())

    def recall(self, frames: Iterable[Frame]) -> None:
        """What was journaled before this start, in order. `resume` takes it up."""
        self._recall.add(frames, self._cover)

    def resume(self) -> None:
        """Go on where the journal ends: what the broker sends again is known, and which copies are still to come."""
        for session in self._sessions.values():
            session.packets.open.update(self._recall.packets(session.name))
        for twin, (urgent, bulk, taken) in self._recall.copies.items():
            self._twins.resume(twin, urgent, bulk, taken, self._clock())
        self._recall = Recall()

    def _takes(self, lane: Lane, topic: str, payload: bytes, qos: int, now: Instant) -> bool:
        """Whether this copy is journaled, if both sessions bring the message."""
        if lane is Lane.URGENT:
            return self._twins.takes_urgent(hash((topic, payload)), now)
        if topic not in self._cover:
            return True
        return self._twins.takes_bulk(hash((topic, payload)), now, qos > 0 and self._is_trusted(topic))

    def _is_trusted(self, topic: str) -> bool:
        """Whether the urgent session surely holds its own copy of a message that the bulk session brings.

        Only for native alarms, a filter it always had: the bulk session may hold messages from before a device's own
        filter was granted. And only if it did not begin later than the bulk session.
        """
        complete = self._urgent.session_present or self._bulk_began_later
        return complete and topic.startswith("fengshao/v1/") and NATIVE_ALARMS in self._urgent.granted

    def status(self) -> IntakeStatus:
        """What is going on."""
        urgent, bulk = (self._writers[session] for session in (self._urgent, self._bulk))
        return IntakeStatus(
            urgent=_session_status(self._urgent, urgent),
            bulk=_session_status(self._bulk, bulk),
            frames=urgent.frames + bulk.frames,
            twins=urgent.twins + bulk.twins,
            redelivered=urgent.redelivered + bulk.redelivered,
            too_large=urgent.too_large + bulk.too_large,
            urgent_left_out=self._urgent_filters.left_out,
            journal_error=urgent.journal_error or bulk.journal_error,
        )


async def _no_wait() -> None:
    """The urgent session waits for nobody."""


def _session_status(session: Session, writer: LaneWriter) -> SessionStatus:
    link = session.link
    return SessionStatus(
        name=session.name,
        connected=session.connected,
        ready=session.ready.is_set(),
        granted=len(session.granted.difference(DROPPED)),
        refused=dict(session.refused),
        pending_bytes=writer.pending_bytes,
        paused=link is not None and link.paused,
        last_error=session.last_error,
    )
