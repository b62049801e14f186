"""The EventSource of residents: it has no devices, and reports about the incidents of every source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Final

from domain import HOUR, MINUTE, Instant, Person, Place
from domain.places import self_and_ancestors
from simulators.events import CitizenReport, Incident, TimedEvent
from simulators.town.citizens.sightings import (
    AGAIN_SHARE,
    MISTAKEN_SHARE,
    NOTIFY_LIFE_MS,
    NOTIFY_OTHER_MS,
    UNMEASURED,
    Sighting,
    Unmeasured,
    confused,
    sighting_of,
)
from simulators.town.hourly import AT
from simulators.town.incident_kinds import local_days
from simulators.town.town import Period, Town

_KINDS: Final[Mapping[str, Unmeasured]] = {one.kind: one for one in UNMEASURED}
_REPORTED_WITHIN: Final = 10 * MINUTE
_LASTS: Final = 2 * HOUR
_INDOORS: Final = frozenset({"household", "unit", "lift", "shop"})


class CitizenSource:
    """See EventSource. Its incidents have a place and no devices."""

    kinds: frozenset[str] = frozenset()

    def incidents(self, town: Town, period: Period, seed: int, per_week: float) -> Sequence[Incident]:
        """See EventSource: what residents notice and no device measures."""
        places: dict[str, list[str]] = {}
        for place in town.places:
            places.setdefault(place.level, []).append(place.id)
        found = []
        for midnight, date in local_days(period, town.timezone):
            for kind in UNMEASURED:
                random = Random(f"{seed}/residents/{kind.kind}/{date}")
                where = [id_ for level in kind.levels for id_ in places.get(level, ())]
                expected = per_week / 7.0
                for number in range(int(expected) + (random.random() < expected % 1.0)):
                    if where:
                        found.append(_incident(kind, f"{kind.kind}/{date}/{number}", midnight, where, random))
        inside = [incident for incident in found if period.start <= incident.begin < period.end]
        return sorted(inside, key=lambda incident: (incident.begin, incident.id))

    def events(self, town: Town, incidents: Sequence[Incident], period: Period, seed: int) -> Iterator[TimedEvent]:
        """See EventSource: the reports of the period, also about incidents that began before it."""
        places = {place.id: place for place in town.places}
        residents = _adults(town)
        reports = [
            timed
            for incident in incidents
            for timed in _reports(incident, places, residents, seed)
            if period.start <= timed.at < period.end
        ]
        yield from sorted(reports, key=AT)


TITLES: Final[Mapping[str, str]] = {kind.kind: kind.title for kind in UNMEASURED}
"""Kind of what only residents notice -> title in Chinese."""


def play_incident(
    town: Town, kind: str, begin: Instant, seed: int, place: str | None = None
) -> tuple[Incident, Iterator[TimedEvent]] | None:
    """What only residents notice, at a place, with their reports; None when the town has no place for it."""
    hazard = _KINDS[kind]
    where = [place] if place else [one.id for one in town.places if one.level in hazard.levels]
    if not where:
        return None
    incident = _incident_at(hazard, f"{kind}/drill/{begin}", begin, Random(f"{seed}/drill/{kind}").choice(where))
    events = _reports(incident, {one.id: one for one in town.places}, _adults(town), seed)
    return incident, iter(sorted(events, key=AT))


def _incident(kind: Unmeasured, id_: str, midnight: Instant, where: Sequence[str], random: Random) -> Incident:
    first, last = kind.hours
    begin = midnight + round(random.uniform(first, last) * HOUR)
    return _incident_at(kind, id_, begin, where[random.randrange(len(where))])


def _incident_at(kind: Unmeasured, id_: str, begin: Instant, place: str) -> Incident:
    notify = _REPORTED_WITHIN + (NOTIFY_LIFE_MS if kind.life_safety else NOTIFY_OTHER_MS)
    return Incident(
        id=id_,
        kind=kind.kind,
        title=kind.title,
        hazard=kind.hazard,
        begin=begin,
        end=begin + _LASTS,
        devices=(),
        notify_by=None if kind.nuisance else begin + notify,
        place=place,
        life_safety=kind.life_safety,
    )


def _adults(town: Town) -> Mapping[str, list[Person]]:
    """By building: residents who have a telephone and are neither old nor frail."""
    homes = {place.id: place for place in town.places}
    found: dict[str, list[Person]] = {}
    for person in town.people:
        age = person.attributes.get("age")
        if person.phone and person.home and isinstance(age, int) and 18 <= age < 70:
            found.setdefault(_building(homes, person.home), []).append(person)
    return found


def _building(places: Mapping[str, Place], place: str | None) -> str:
    above = list(self_and_ancestors(places, place))
    named = next((one.id for one in above if one.level == "building"), None)
    return named or next((one.id for one in above if one.level == "compound"), "")


def _reports(
    incident: Incident, places: Mapping[str, Place], residents: Mapping[str, list[Person]], seed: int
) -> Iterator[TimedEvent]:
    """None to two reports; of a hazard that no device measures at least one, in time."""
    random = Random(f"{seed}/reports/{incident.id}")
    own = _KINDS.get(incident.kind)
    seen = sighting_of(incident) if own is None else Sighting(1.0, own.category, own.texts, _REPORTED_WITHIN)
    if seen is None or incident.place is None or random.random() >= seen.share:
        return
    count = 1 + (incident.notify_by is not None and random.random() < AGAIN_SHARE)
    for _ in range(count):
        is_mistaken = own is None and random.random() < MISTAKEN_SHARE
        at = incident.begin + random.randint(MINUTE, seen.within_ms)
        yield TimedEvent(at, _report(incident, seen, is_mistaken, places, residents, random))


def _report(
    incident: Incident,
    seen: Sighting,
    is_mistaken: bool,
    places: Mapping[str, Place],
    residents: Mapping[str, list[Person]],
    random: Random,
) -> CitizenReport:
    """What one resident sends. He stands in the street or on the stairs: a flat is reported as its building."""
    where = incident.place or ""
    if incident.devices and places[where].level in _INDOORS:
        where = _building(places, where)
    category = confused(seen.category) if is_mistaken else seen.category
    neighbours = residents.get(_building(places, where), ())
    person = neighbours[random.randrange(len(neighbours))].id if neighbours and random.random() < 0.6 else None
    text = seen.texts[random.randrange(len(seen.texts))]
    return CitizenReport(where, category, text, person, photos=random.choice((0, 1, 1, 2)), incident=incident.id)
