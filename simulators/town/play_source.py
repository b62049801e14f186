"""An EventSource of devices that report by their plan and, during an incident, what its play says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Generic, Protocol, TypeVar
from zoneinfo import ZoneInfo

from domain import Device, Instant, Value
from simulators.events import Incident, Measurement, TimedEvent
from simulators.models.device_behaviour import Behaviour
from simulators.town.hourly import AT, Heartbeats, Stream, hours_of
from simulators.town.incident_kinds import IncidentKind, incident_of, incidents_of_period, play_of
from simulators.town.plays import timed_events
from simulators.town.town import Period, Town


class ReportingDevice(Protocol):
    """A device with what its ordinary values depend on, worked out once. `measure` numbers its reports."""

    @property
    def id(self) -> str: ...

    @property
    def key(self) -> int: ...

    @property
    def behaviour(self) -> Behaviour: ...

    def measure(self, turn: int, at: Instant, local: datetime) -> dict[str, Value]:
        """The values of one report on an ordinary day; `local` is the local time, to the hour."""
        ...


class PlayIndex(Protocol):
    """The devices of a town that incidents name, by id, and how those of the source report."""

    @property
    def devices(self) -> Mapping[str, Device]: ...

    def reporting(self) -> Iterable[ReportingDevice]: ...


Index = TypeVar("Index", bound=PlayIndex)


class PlaySource(Generic[Index]):
    """See EventSource. During an incident its devices report what the play says, and nothing by their plan."""

    def __init__(
        self, kinds: frozenset[str], make_index: Callable[[Town], Index], incident_kinds: Sequence[IncidentKind[Index]]
    ) -> None:
        self.kinds = kinds
        self.incident_kinds: Mapping[str, IncidentKind[Index]] = {kind.kind: kind for kind in incident_kinds}
        self._make_index = make_index
        self._prepared: tuple[Town, Index, Heartbeats[ReportingDevice]] | None = None

    def incidents(self, town: Town, period: Period, seed: int, per_week: float) -> Sequence[Incident]:
        """See EventSource."""
        kinds = list(self.incident_kinds.values())
        return incidents_of_period(kinds, self._of_town(town)[0], period, town.timezone, seed, per_week)

    def events(self, town: Town, incidents: Sequence[Incident], period: Period, seed: int) -> Iterator[TimedEvent]:
        """See EventSource. Incidents of other sources are ignored."""
        index, beats = self._of_town(town)
        ours = [one for one in incidents if one.kind in self.incident_kinds and _overlaps(one, period)]
        busy = _busy_spans(ours)
        waiting = sorted(ours, key=lambda incident: incident.begin)
        zone = ZoneInfo(town.timezone)
        streams: list[Stream] = []
        for start, end in hours_of(period):
            while waiting and waiting[0].begin < end:
                streams.append(self._stream(index, waiting.pop(0), period, seed))
            found = list(_ordinary(beats, busy, start, end, zone))
            streams = [stream for stream in streams if stream.until(end, found)]
            found.sort(key=AT)
            yield from found

    def play_incident(
        self, town: Town, kind: str, begin: Instant, seed: int, devices: Sequence[str]
    ) -> tuple[Incident, Iterator[TimedEvent]]:
        """One incident of a kind on given devices of a town, and its events: what a drill plays. Raises KeyError."""
        index, _ = self._of_town(town)
        definition = self.incident_kinds[kind]
        chosen = [index.devices[id_] for id_ in devices]
        incident = Incident(f"{kind}/drill/{begin}", kind, "", "", begin, begin, tuple(devices), None)
        play = play_of(definition, index, incident, index.devices, seed)
        return incident_of(definition, incident.id, chosen, play, begin), timed_events(play, begin)

    def _of_town(self, town: Town) -> tuple[Index, Heartbeats[ReportingDevice]]:
        """Index and plans of a town, kept for the next call: a run asks for day after day of the same town."""
        if self._prepared is None or self._prepared[0] is not town:
            index = self._make_index(town)
            reporting = [(device, device.key, device.behaviour.report_ms) for device in index.reporting()]
            self._prepared = (town, index, Heartbeats(reporting))
        return self._prepared[1:]

    def _stream(self, index: Index, incident: Incident, period: Period, seed: int) -> Stream:
        play = play_of(self.incident_kinds[incident.kind], index, incident, index.devices, seed)
        events = timed_events(play, incident.begin)
        return Stream(timed for timed in events if period.start <= timed.at < period.end)


def _overlaps(incident: Incident, period: Period) -> bool:
    return incident.begin < period.end and incident.end >= period.start


def _busy_spans(incidents: Sequence[Incident]) -> dict[str, list[tuple[Instant, Instant]]]:
    busy: dict[str, list[tuple[Instant, Instant]]] = {}
    for incident in incidents:
        for device in incident.devices:
            busy.setdefault(device, []).append((incident.begin, incident.end))
    return busy


def _ordinary(
    beats: Heartbeats[ReportingDevice],
    busy: Mapping[str, Sequence[tuple[Instant, Instant]]],
    start: Instant,
    end: Instant,
    zone: ZoneInfo,
) -> Iterator[TimedEvent]:
    local = datetime.fromtimestamp(start / 1000, zone)
    for at, device, turn in beats.due(start, end):
        spans = busy.get(device.id)
        if spans is None or not any(begin <= at < until for begin, until in spans):
            yield TimedEvent(at, Measurement(device.id, device.measure(turn, at, local)))
