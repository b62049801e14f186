"""Wristbands, doors, motion sensors and buttons of the elders of a town."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Final

from msgspec import Struct, structs

from domain import DAY, Device, Instant
from simulators.events import Incident, TimedEvent
from simulators.models.daily_life import DayKind, Habits, plan_day
from simulators.models.vital_signs import baseline_of
from simulators.town.elder_plans import elder_habits, kind_of_day
from simulators.town.elders.band_days import BandDay, Usual
from simulators.town.elders.courses import Course
from simulators.town.elders.homes import ELDER_KINDS, Home, homes_of
from simulators.town.elders.incidents import ELDER_INCIDENTS, ElderKind, ElderPlay
from simulators.town.elders.sensor_days import sensor_events
from simulators.town.hourly import AT, Stream, hours_of
from simulators.town.incident_kinds import IncidentKind, incident_of, incidents_of_period, local_days
from simulators.town.plays import Play, timed_events
from simulators.town.town import Period, Town


class ElderIndex:
    """The homes of a town, and by device."""

    def __init__(self, town: Town) -> None:
        self.homes = homes_of(town)
        self.home_of: Mapping[str, Home] = {device.id: home for home in self.homes for device in home.devices}
        self._suited: dict[str, list[Home]] = {}

    def suited(self, kind: ElderKind) -> Sequence[Home]:
        """The homes that have the devices for a kind of incident."""
        if kind.kind not in self._suited:
            self._suited[kind.kind] = [home for home in self.homes if kind.suits(home)]
        return self._suited[kind.kind]


class ElderSource:
    """The EventSource of wristbands, doors, motion sensors and SOS buttons."""

    kinds = ELDER_KINDS

    def __init__(self) -> None:
        self._prepared: tuple[Town, ElderIndex] | None = None

    def incidents(self, town: Town, period: Period, seed: int, per_week: float) -> Sequence[Incident]:
        """See EventSource. No person has two incidents at a time."""
        return incidents_of_period(_KINDS, self._of_town(town), period, town.timezone, seed, per_week)

    def events(self, town: Town, incidents: Sequence[Incident], period: Period, seed: int) -> Iterator[TimedEvent]:
        """See EventSource. Incidents of other sources are ignored."""
        return self.events_of(self._of_town(town).homes, incidents, town.timezone, period, seed)

    def _of_town(self, town: Town) -> ElderIndex:
        """The homes of a town, kept for the next call: a run asks for day after day of the same town."""
        if self._prepared is None or self._prepared[0] is not town:
            self._prepared = (town, ElderIndex(town))
        return self._prepared[1]

    def events_of(
        self, homes: Sequence[Home], incidents: Sequence[Incident], timezone: str, period: Period, seed: int
    ) -> Iterator[TimedEvent]:
        """The events of some homes."""
        home_of = {device.id: home for home in homes for device in home.devices}
        people = [_person(home, seed) for home in homes]
        courses: dict[str, list[Course]] = {}
        streams: list[Stream] = []
        for incident in incidents:
            if incident.kind in ELDER_INCIDENTS and _overlaps(incident, period):
                home = home_of[incident.devices[0]]
                elder_play = _elder_play(incident, home, seed)
                courses.setdefault(home.person, []).extend(_shifted(elder_play, incident.begin))
                streams.append(Stream(_within(timed_events(elder_play.play, incident.begin), period)))
        for midnight, _ in local_days(period, timezone):
            kind = kind_of_day(midnight, timezone)
            for person in people:
                streams += _streams_of_day(person, midnight, kind, period, seed, courses.get(person.home.person, ()))
            for _, end in hours_of(Period(midnight, min(midnight + DAY, period.end))):
                found: list[TimedEvent] = []
                streams = [stream for stream in streams if stream.until(end, found)]
                found.sort(key=AT)
                yield from found


class _Person(Struct, frozen=True):
    """A home with what is usual for its person."""

    home: Home
    habits: Habits
    usual: Usual


def _person(home: Home, seed: int) -> _Person:
    habits = elder_habits(home.person, seed)
    signs = baseline_of(Random(f"{seed}/vitals/{home.person}"), habits.wake)
    return _Person(home, habits, Usual(signs, habits.vigour))


def _streams_of_day(
    person: _Person, day: Instant, kind: DayKind, period: Period, seed: int, courses: Sequence[Course]
) -> Iterator[Stream]:
    """The bands and the sensors of one person on one day."""
    home = person.home
    plan = plan_day(person.habits, kind, Random(f"{seed}/day/{home.person}/{day}"))
    near = [course for course in courses if course.begin < day + DAY and course.end >= day]
    for band in home.bands:
        band_day = BandDay(home, band, person.usual, plan, day, seed)
        yield Stream(_within(band_day.events(kind.warmth, near), period))
    if len(home.devices) > len(home.bands):
        yield Stream(_within(sensor_events(home, plan, day, seed, near), period))


def _within(events: Iterator[TimedEvent], period: Period) -> Iterator[TimedEvent]:
    return (timed for timed in events if period.start <= timed.at < period.end)


def _overlaps(incident: Incident, period: Period) -> bool:
    return incident.begin < period.end and incident.end >= period.start


def _elder_play(incident: Incident, home: Home, seed: int) -> ElderPlay:
    return ELDER_INCIDENTS[incident.kind].make(home, Random(f"{seed}/play/{incident.id}"))


def _shifted(elder_play: ElderPlay, begin: Instant) -> Iterator[Course]:
    for course in elder_play.courses:
        yield structs.replace(course, begin=course.begin + begin, end=course.end + begin)


def _incident_kind(kind: ElderKind) -> IncidentKind[ElderIndex]:
    def pick(index: ElderIndex, random: Random) -> tuple[Device, ...]:
        homes = index.suited(kind)
        home = homes[random.randrange(len(homes))] if homes else None
        return tuple(one.device for one in kind.about(home)) if home is not None else ()

    def play(index: ElderIndex, devices: Sequence[Device], random: Random) -> Play:
        return kind.make(index.home_of[devices[0].id], random).play

    hours = (kind.hours,)
    return IncidentKind(kind.kind, kind.title, kind.hazard, pick, play, hours, kind.life_safety, kind.nuisance)


_KINDS: Final = [_incident_kind(kind) for kind in ELDER_INCIDENTS.values()]


def suitable_devices(town: Town, kind: str, seed: int) -> tuple[str, ...]:
    """Devices on which an incident of a kind can play, by seed; none when the town has none."""
    devices = _incident_kind(ELDER_INCIDENTS[kind]).pick(ElderIndex(town), Random(f"{seed}/drill/{kind}"))
    return tuple(device.id for device in devices)


def play_incident(
    town: Town, kind: str, begin: Instant, seed: int, devices: Sequence[str]
) -> tuple[Incident, Iterator[TimedEvent]]:
    """One incident about the person of the first device, with all events of that person's devices until its end: what
    a drill plays. Raises KeyError for an unknown kind or device, IndexError where the home lacks the devices for it.
    """
    index = ElderIndex(town)
    home = index.home_of[devices[0]]
    definition = ELDER_INCIDENTS[kind]
    id_ = f"{kind}/drill/{begin}"
    elder_play = definition.make(home, Random(f"{seed}/play/{id_}"))
    concerned = [one.device for one in definition.about(home)]
    incident = incident_of(_incident_kind(definition), id_, concerned, elder_play.play, begin)
    events = ElderSource().events_of([home], [incident], town.timezone, Period(begin, incident.end), seed)
    return incident, events
