"""Gas alarms, smoke alarms and fire panels of a town."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from domain import Instant
from simulators.events import Incident, Measurement, TimedEvent
from simulators.town.hourly import AT, Heartbeats, Stream, hours_of
from simulators.town.incident_kinds import PICK_TRIES, IncidentKind, incident_of, incidents_of_period, play_of
from simulators.town.plays import timed_events
from simulators.town.rooms.fire_incidents import FIRE_KINDS
from simulators.town.rooms.gas_incidents import GAS_KINDS
from simulators.town.rooms.index import ROOM_KINDS, RoomIndex
from simulators.town.rooms.values import RoomDevice, ordinary_values, room_device
from simulators.town.town import Period, Town

ROOM_INCIDENTS: Final[Mapping[str, IncidentKind[RoomIndex]]] = {kind.kind: kind for kind in (*GAS_KINDS, *FIRE_KINDS)}
"""Every kind of incident of these devices by name."""


class RoomSource:
    """The EventSource of gas alarms, smoke alarms and fire panels."""

    kinds = ROOM_KINDS

    def incidents(self, town: Town, period: Period, seed: int, per_week: float) -> Sequence[Incident]:
        """See EventSource."""
        kinds = list(ROOM_INCIDENTS.values())
        return incidents_of_period(kinds, RoomIndex(town), period, town.timezone, seed, per_week)

    def events(self, town: Town, incidents: Sequence[Incident], period: Period, seed: int) -> Iterator[TimedEvent]:
        """See EventSource. Incidents of other sources are ignored."""
        index = RoomIndex(town)
        ours = [one for one in incidents if one.kind in ROOM_INCIDENTS and _overlaps(one, period)]
        devices = [room_device(device) for device in index.devices.values()]
        beats = Heartbeats([(device, device.key, device.behaviour.report_ms) for device in devices])
        busy = _busy_spans(ours)
        waiting = sorted(ours, key=lambda incident: incident.begin)
        streams: list[Stream] = []
        for start, end in hours_of(period):
            while waiting and waiting[0].begin < end:
                streams.append(_stream(index, waiting.pop(0), period, seed))
            found = list(_ordinary(beats, busy, start, end, town.timezone))
            streams = [stream for stream in streams if stream.until(end, found)]
            found.sort(key=AT)
            yield from found


def suitable_devices(town: Town, kind: str, seed: int) -> tuple[str, ...]:
    """Devices on which an incident of a kind can play, by seed; none when the town has none."""
    index, definition = RoomIndex(town), ROOM_INCIDENTS[kind]
    random = Random(f"{seed}/drill/{kind}")
    tried = (definition.pick(index, random) for _ in range(PICK_TRIES))
    return next((tuple(device.id for device in devices) for devices in tried if devices), ())


def play_incident(
    town: Town, kind: str, begin: Instant, seed: int, devices: Sequence[str]
) -> tuple[Incident, Iterator[TimedEvent]]:
    """One incident of a kind on given devices of a town, and its events: what a drill plays. Raises KeyError."""
    index = RoomIndex(town)
    definition = ROOM_INCIDENTS[kind]
    chosen = [index.devices[id_] for id_ in devices]
    incident = Incident(f"{kind}/drill/{begin}", kind, "", "", begin, begin, tuple(devices), None)
    play = play_of(definition, index, incident, index.devices, seed)
    return incident_of(definition, incident.id, chosen, play, begin), timed_events(play, begin)


def _overlaps(incident: Incident, period: Period) -> bool:
    return incident.begin < period.end and incident.end >= period.start


def _busy_spans(incidents: Sequence[Incident]) -> dict[str, list[tuple[Instant, Instant]]]:
    busy: dict[str, list[tuple[Instant, Instant]]] = {}
    for incident in incidents:
        for device in incident.devices:
            busy.setdefault(device, []).append((incident.begin, incident.end))
    return busy


def _stream(index: RoomIndex, incident: Incident, period: Period, seed: int) -> Stream:
    play = play_of(ROOM_INCIDENTS[incident.kind], index, incident, index.devices, seed)
    events = timed_events(play, incident.begin)
    return Stream(timed for timed in events if period.start <= timed.at < period.end)


def _ordinary(
    beats: Heartbeats[RoomDevice],
    busy: Mapping[str, Sequence[tuple[Instant, Instant]]],
    start: Instant,
    end: Instant,
    timezone: str,
) -> Iterator[TimedEvent]:
    hour = datetime.fromtimestamp(start / 1000, ZoneInfo(timezone)).hour
    for at, device, turn in beats.due(start, end):
        spans = busy.get(device.id)
        if spans is None or not any(begin <= at < until for begin, until in spans):
            yield TimedEvent(at, Measurement(device.id, ordinary_values(device, turn, at, hour)))
