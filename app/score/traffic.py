"""The messages of a town's day in the order in which they arrive, as frames of the decoder."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, field

from domain import SECOND, Finding, Instant, Lane
from ingest.frame import Frame
from ingest.http_push import PUSH_SOURCES, PushRejected
from simulators.events import CitizenReport, Incident, TimedEvent
from simulators.faults.fault import Effect, device_facts
from simulators.faults.fault_set import FaultSet, FaultState
from simulators.faults.last_wills import connection_messages
from simulators.town.street.source import gateway_outages, reachable
from simulators.town.town import EventSource, Period, Town
from simulators.wire import Message, Sent
from simulators.wire.encoders import MessageEncoder
from simulators.wire.network import NetworkDelay

FaultSettings = Mapping[str, Mapping[str, float]]
"""Parameters by name of fault, `{}` for the defaults."""


class Arrivals(Struct, frozen=True):
    """What arrives within the second before `at`. `findings`: of a run whose rules were evaluated before."""

    at: Instant
    frames: list[Frame]
    reports: list[CitizenReport]
    findings: list[Finding] = []


class TrafficState(Struct):
    """What is carried from one day to the next. `rejected`: pushes that the service answers with an error."""

    faults: FaultState = field(default_factory=lambda: FaultState([], {}))
    counts: dict[str, int] = field(default_factory=dict)
    messages: int = 0
    rejected: int = 0


class Traffic:
    """Events of the sources, encoded, with faults. The same state and day give the same arrivals."""

    def __init__(
        self,
        town: Town,
        sources: Sequence[EventSource],
        incidents: Sequence[Incident],
        faults: FaultSettings,
        seed: int,
        state: TrafficState,
    ) -> None:
        self._town, self._sources, self._incidents, self._seed = town, sources, incidents, seed
        # Of a single fault it is asked afterwards on which devices it acted.
        self._faults = FaultSet(faults, device_facts(town), seed, records_all=len(faults) == 1)
        self._faults.restore(state.faults)
        self._state = state
        self._reports: deque[tuple[Instant, CitizenReport]] = deque()

    def of_day(self, period: Period) -> Iterator[Arrivals]:
        """Seconds in which anything arrives, in order of time; afterwards `state` is that of the end of the day."""
        yield from self._by_second(self.sent(period))

    def sent(self, period: Period) -> Iterator[Sent]:
        """The messages of the day in order of arrival, as the network and the faults deliver them."""
        encoder = MessageEncoder(self._town.devices, period.start, self._faults.device_time, self._state.counts)
        measured = self._faults.measurements(self._events(period), period.start, period.end)
        delayed = NetworkDelay(self._town.devices).delayed(encoder.send(measured))
        yield from heapq.merge(
            self._faults.deliver(delayed, period.end), self._last_wills(period), key=lambda sent: sent.arrives_at
        )
        self._state.counts = encoder.counts
        self._state.faults = self._faults.state()

    def _last_wills(self, period: Period) -> list[Sent]:
        """What the broker publishes for lost gateways, unless it is down itself, and they when they are back."""
        outages = [
            *gateway_outages(self._incidents),
            *self._faults.gateway_outages(period.start - 1, period.end),
        ]
        messages = connection_messages(self._town.devices, outages)
        return [
            sent
            for sent in messages
            if period.start <= sent.arrives_at < period.end and not self._faults.broker_is_down(sent.arrives_at)
        ]

    @property
    def state(self) -> TrafficState:
        """What the next day continues from."""
        return self._state

    def _events(self, period: Period) -> Iterator[TimedEvent]:
        """All events but reports by residents, which come by the web page and wait in `_reports`."""
        streams = [source.events(self._town, self._incidents, period, self._seed) for source in self._sources]
        measured = heapq.merge(*streams, key=_at)
        for timed in reachable(measured, self._town.devices, self._incidents):
            if isinstance(timed.event, CitizenReport):
                self._reports.append((timed.at, timed.event))
            else:
                yield timed

    def _by_second(self, arriving: Iterator[Sent]) -> Iterator[Arrivals]:
        frames: list[Frame] = []
        until = 0
        for sent in arriving:
            if sent.arrives_at >= until:
                if frames:
                    yield Arrivals(until, frames, [report for _, report in self.reported(until)])
                frames, until = [], _end_of_second(sent.arrives_at)
                # What was reported while no device was received must not wait for the next that is.
                yield from self._reports_alone(until - SECOND)
            frames += self._frames(sent)
        if frames:
            yield Arrivals(until, frames, [report for _, report in self.reported(until)])
        if self._reports:
            yield from self._reports_alone(_end_of_second(self._reports[-1][0]))

    def _reports_alone(self, until: Instant) -> Iterator[Arrivals]:
        """Reports of residents before an instant, in the seconds in which they are sent."""
        while self._reports and self._reports[0][0] < until:
            second = _end_of_second(self._reports[0][0])
            yield Arrivals(second, [], [report for _, report in self.reported(second)])

    def reported(self, until: Instant) -> list[tuple[Instant, CitizenReport]]:
        """Reports of residents before an instant with their instants, as far as messages have been read; each once."""
        reports = []
        while self._reports and self._reports[0][0] < until:
            reports.append(self._reports.popleft())
        return reports

    def _frames(self, sent: Sent) -> list[Frame]:
        self._state.messages += 1
        frames = frames_of(sent)
        if isinstance(frames, PushRejected):
            self._state.rejected += 1
            return []
        return frames


def effects(town: Town, faults: FaultSettings, seed: int, state: TrafficState, period: Period) -> list[Effect]:
    """Where and when the faults of a run acted, of which `state` is that of its end."""
    devices = device_facts(town)
    acting = FaultSet(faults, devices, seed)
    acting.restore(state.faults)
    return [effect for device in devices for effect in acting.effects(device, period.start, period.end)]


def _end_of_second(at: Instant) -> Instant:
    """The end of the second in which an instant lies."""
    return at // SECOND * SECOND + SECOND


def _at(timed: TimedEvent) -> Instant:
    return timed.at


def frames_of(sent: Sent) -> list[Frame] | PushRejected:
    """A message as the service receives it: alarm topics come by the urgent session, pushes as if published."""
    message = sent.message
    if isinstance(message, Message):
        lane = Lane.URGENT if message.topic.endswith("/alarm") else Lane.BULK
        topic, payload = message.topic, message.payload
        return [Frame(topic, payload, sent.arrives_at, lane.value, message.qos, retain=message.retain)]
    return PUSH_SOURCES[message.platform](message.headers, message.query, message.body, sent.arrives_at)
