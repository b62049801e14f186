"""Kinds of incidents whose devices report a play, and the incidents of a period. The same for every source of plays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Final, Generic, TypeGuard, TypeVar
from zoneinfo import ZoneInfo

from msgspec import Struct

from domain import HOUR, SECOND, Device, Instant, Value
from simulators.events import Incident
from simulators.models.device_behaviour import behaviour_of
from simulators.town.plays import Play, Report
from simulators.town.town import Period

NOTIFY_HEALTH_WITHIN: Final = 36 * HOUR
"""Ours: faults of devices are told in the digest of a day, so by the end of the day after."""
PICK_TRIES: Final = 12
_DAYS_OF_ALL_KINDS: Final = 7
_GAP_MS: Final = 6 * HOUR
"""Between two incidents of one device or person: alerts about the first have to be over."""

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
    """Incidents, and the times at which devices and people have one."""

    def __init__(self) -> None:
        self.incidents: list[Incident] = []
        self._spans: dict[str, list[tuple[Instant, Instant]]] = {}

    def is_free(self, incident: Incident) -> bool:
        """Whether none of its devices and people has another one near its time."""
        names = (*incident.devices, *incident.people)
        spans = (span for name in names for span in self._spans.get(name, ()))
        return all(incident.end + _GAP_MS <= begin or end + _GAP_MS <= incident.begin for begin, end in spans)

    def add_first(self, drafts: Iterable[Incident]) -> None:
        """Adds the first that is free, if any."""
        incident = next(filter(self.is_free, drafts), None)
        if incident is not None:
            self.incidents.append(incident)
            for name in (*incident.devices, *incident.people):
                self._spans.setdefault(name, []).append((incident.begin, incident.end))


def play_of(
    kind: IncidentKind[Index], index: Index, incident: Incident, devices: Mapping[str, Device], seed: int
) -> Play:
    """The play of an incident: the same whenever it is asked for."""
    return kind.play(index, [devices[id_] for id_ in incident.devices], Random(f"{seed}/play/{incident.id}"))


def incidents_of_period(
    kinds: Sequence[IncidentKind[Index]], index: Index, period: Period, timezone: str, seed: int, per_week: float
) -> list[Incident]:
    """The incidents of these kinds that begin in the period, in order; no device and no person has two at a time.

    A run is for measuring: an incident of which nobody has to be notified before the period ends is left out, and in a
    week or more with at least one of each kind, every kind that is possible here happens.
    """
    occupied, days = Occupied(), list(local_days(period, timezone))
    for midnight, date in days:
        for kind in kinds:
            random = Random(f"{seed}/incidents/{kind.kind}/{date}")
            for number in range(_count(per_week / 7.0, random)):
                id_ = f"{kind.kind}/{date}/{number}"
                drafts = (_draft(kind, index, midnight, id_, seed, random) for _ in range(PICK_TRIES))
                occupied.add_first(incident for incident in drafts if _fits(incident, period))
    if per_week >= 1 and len(days) >= _DAYS_OF_ALL_KINDS:
        happened = {incident.kind for incident in occupied.incidents}
        for kind in kinds:
            if kind.kind not in happened:
                random = Random(f"{seed}/once/{kind.kind}/{days[0][1]}")
                once = _drafts_on_any_day(kind, index, days, seed, random)
                occupied.add_first(incident for incident in once if _fits(incident, period))
    return sorted(occupied.incidents, key=lambda incident: (incident.begin, incident.id))


def _drafts_on_any_day(
    kind: IncidentKind[Index], index: Index, days: Sequence[tuple[Instant, str]], seed: int, random: Random
) -> Iterator[Incident | None]:
    for _ in range(PICK_TRIES):
        midnight, date = random.choice(days)
        yield _draft(kind, index, midnight, f"{kind.kind}/{date}/once", seed, random)


def _count(expected: float, random: Random) -> int:
    whole = int(expected)
    return whole + (random.random() < expected - whole)


def _draft(
    kind: IncidentKind[Index], index: Index, midnight: Instant, id_: str, seed: int, random: Random
) -> Incident | None:
    devices = kind.pick(index, random)
    first, last = kind.hours[random.randrange(len(kind.hours))]
    begin = midnight + round(random.uniform(first, last) * HOUR)
    if not devices:
        return None
    return incident_of(kind, id_, devices, kind.play(index, devices, Random(f"{seed}/play/{id_}")), begin)


def _fits(incident: Incident | None, period: Period) -> TypeGuard[Incident]:
    if incident is None or not period.start <= incident.begin < period.end:
        return False
    return incident.notify_by is None or incident.notify_by < period.end


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
