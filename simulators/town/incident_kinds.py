"""Kinds of incidents whose devices report a play, and the incidents of a period. The same for every source of plays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Final, Generic, TypeVar
from zoneinfo import ZoneInfo

from msgspec import Struct

from domain import HOUR, MINUTE, SECOND, Device, Instant, Value
from simulators.events import Incident
from simulators.models.device_behaviour import behaviour_of
from simulators.town.plays import Play, Report
from simulators.town.town import Period

NOTIFY_HEALTH_WITHIN: Final = 36 * HOUR
"""Ours: faults of devices are told in the digest of a day, so by the end of the day after."""
PICK_TRIES: Final = 12
_MARGIN: Final = 10 * MINUTE
"""Between two incidents of one device."""

Index = TypeVar("Index")
Pick = Callable[[Index, Random], tuple[Device, ...]]
MakePlay = Callable[[Index, Sequence[Device], Random], Play]


class IncidentKind(Struct, Generic[Index], frozen=True):
    """One kind of incident. `pick` chooses its devices (none: impossible in this town), `play` makes what they report.

    It begins within `hours` of the local day. A nuisance has to notify nobody, whatever its devices report.
    """

    kind: str
    title: str
    hazard: str
    pick: Pick[Index]
    play: MakePlay[Index]
    hours: tuple[tuple[int, int], ...] = ((0, 24),)
    life_safety: bool = False
    nuisance: bool = False


class Occupied:
    """The times at which devices have an incident."""

    def __init__(self) -> None:
        self._spans: dict[str, list[tuple[Instant, Instant]]] = {}

    def is_free(self, devices: Sequence[str], begin: Instant, end: Instant) -> bool:
        """Whether none of the devices has an incident near this time."""
        spans = (span for device in devices for span in self._spans.get(device, ()))
        return all(end + _MARGIN <= start or stop + _MARGIN <= begin for start, stop in spans)

    def add(self, devices: Sequence[str], begin: Instant, end: Instant) -> None:
        for device in devices:
            self._spans.setdefault(device, []).append((begin, end))


def play_of(
    kind: IncidentKind[Index], index: Index, incident: Incident, devices: Mapping[str, Device], seed: int
) -> Play:
    """The play of an incident: the same whenever it is asked for."""
    return kind.play(index, [devices[id_] for id_ in incident.devices], Random(f"{seed}/play/{incident.id}"))


def incidents_of_period(
    kinds: Sequence[IncidentKind[Index]], index: Index, period: Period, timezone: str, seed: int, per_week: float
) -> list[Incident]:
    """The incidents of these kinds that begin in the period, in order of `begin`; no device has two at a time."""
    occupied = Occupied()
    found: list[Incident] = []
    for midnight, date in local_days(period, timezone):
        for kind in kinds:
            random = Random(f"{seed}/incidents/{kind.kind}/{date}")
            for number in range(_count(per_week / 7.0, random)):
                incident = _draft(kind, index, midnight, f"{kind.kind}/{date}/{number}", seed, occupied, random)
                if incident is not None and period.start <= incident.begin < period.end:
                    found.append(incident)
    return sorted(found, key=lambda incident: (incident.begin, incident.id))


def _count(expected: float, random: Random) -> int:
    whole = int(expected)
    return whole + (random.random() < expected - whole)


def _draft(
    kind: IncidentKind[Index], index: Index, midnight: Instant, id_: str, seed: int, occupied: Occupied, random: Random
) -> Incident | None:
    for _ in range(PICK_TRIES):
        devices = kind.pick(index, random)
        first, last = kind.hours[random.randrange(len(kind.hours))]
        begin = midnight + round(random.uniform(first, last) * HOUR)
        if not devices:
            continue
        play = kind.play(index, devices, Random(f"{seed}/play/{id_}"))
        names = tuple(device.id for device in devices)
        if occupied.is_free(names, begin, begin + play.ends_ms):
            occupied.add(names, begin, begin + play.ends_ms)
            return incident_of(kind, id_, devices, play, begin)
    return None


def incident_of(kind: IncidentKind[Index], id_: str, devices: Sequence[Device], play: Play, begin: Instant) -> Incident:
    """The ground truth of a play that begins at an instant."""
    notify = None if kind.nuisance or play.notify_ms is None else begin + play.notify_ms
    bearers = dict.fromkeys(str(device.attributes["person"]) for device in devices if "person" in device.attributes)
    return Incident(
        id=id_,
        kind=kind.kind,
        title=kind.title,
        hazard=kind.hazard,
        begin=begin,
        end=begin + play.ends_ms,
        devices=tuple(device.id for device in devices),
        notify_by=notify,
        place=devices[0].place,
        people=tuple(bearers),
        life_safety=kind.life_safety and notify is not None,
    )


def local_days(period: Period, timezone: str) -> Iterator[tuple[Instant, str]]:
    """The local midnights of a period with their dates as text."""
    zone = ZoneInfo(timezone)
    midnight = datetime.fromtimestamp(period.start / 1000, zone)
    while (at := round(midnight.timestamp() * 1000)) < period.end:
        yield at, midnight.date().isoformat()
        midnight += timedelta(days=1)


def pick_one(devices: Sequence[Device], random: Random) -> tuple[Device, ...]:
    """One of the devices, none when there is none."""
    return (devices[random.randrange(len(devices))],) if devices else ()


def health_play(device: Device, values: Mapping[str, Value], lasts_ms: int, every_ms: int = 0) -> Play:
    """A device that reports a fault of its own, at once and every `every_ms` (0: by its plan), until it is replaced."""
    every_ms = every_ms or behaviour_of(device).report_ms
    reports = [Report(after, device.id, dict(values)) for after in range(0, lasts_ms, every_ms)]
    return Play(tuple(reports), lasts_ms, NOTIFY_HEALTH_WITHIN)


def self_test_play(device: Device, alarm: Mapping[str, Value], quiet: Mapping[str, Value], lasts_ms: int) -> Play:
    """A self-test: it looks like an alarm and says that it is a test."""
    return Play(
        (
            Report(0, device.id, {**alarm, "test": True}, urgent=True),
            Report(lasts_ms, device.id, {**quiet, "test": False}, urgent=True),
        ),
        lasts_ms + 30 * SECOND,
    )
