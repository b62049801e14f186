"""Which incident a text is about, and which alert is about no incident. Pure.

A danger of an alert is about an incident when hazard, time, and device, person or place agree. An incident is told when
the first text about such a danger is on the phone of somebody responsible, or in the logbook where the alert is of
medium or low severity. An alert of the danger ledger that was told and has no danger about a real incident is false; a
nuisance (an incident of which nobody may be notified) excuses none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Final

from msgspec import Struct

from app.score.records import Danger, Text
from domain import MINUTE, Instant, Ledger, Severity
from simulators.events import Incident

BEFORE_MS: Final = 2 * MINUTE
"""A danger that begins this much before its incident is about it."""
AFTER_MS: Final = 30 * MINUTE
"""A danger that begins, or a text that arrives, this long after the end of an incident is still about it: releases and
windows of rules, waits of ladders."""
COMPANIONS: Final = frozenset({"family", "volunteer", "caregiver"})
"""Roles of which nothing of the escalation depends: telling them only is not enough."""
ON_A_PHONE: Final = frozenset({Severity.CRITICAL.value, Severity.HIGH.value})
"""Of an alert of this severity an entry of the logbook, which rings nowhere, notifies nobody."""

PlacesOf = Callable[[str | None], tuple[str, ...]]
"""A place and the places above it, the nearest first."""


class Status(StrEnum):
    """What became of an incident. Values are keys of the JSON."""

    IN_TIME = "in_time"
    LATE = "late"
    MISSED = "missed"
    NUISANCE_NOTIFIED = "nuisance_notified"
    NUISANCE_QUIET = "nuisance_quiet"


class Outcome(Struct, frozen=True):
    """An incident with the first text about it."""

    incident: Incident
    status: Status
    text: Text | None = None

    @property
    def delay_ms(self) -> Instant | None:
        """From its begin to the first text."""
        return None if self.text is None else max(self.text.at - self.incident.begin, 0)


class NotifiedAlert(Struct, frozen=True):
    """An alert of the danger ledger that somebody was told of: real incidents and nuisances that it is about."""

    alert: int
    first: Text
    incidents: tuple[str, ...]
    nuisances: tuple[str, ...]

    @property
    def is_false(self) -> bool:
        return not self.incidents


class Matches(Struct, frozen=True):
    """Every incident once, and every told alert once."""

    outcomes: tuple[Outcome, ...]
    alerts: tuple[NotifiedAlert, ...]


def is_about(danger: Danger, incident: Incident, places_of: PlacesOf) -> bool:
    """Whether hazard, time, and device, person or place agree."""
    if danger.hazard != incident.hazard:
        return False
    # A clock that is wrong dates a danger before its incident; what is kept during an outage is heard after its end.
    first, last = incident.begin - BEFORE_MS, incident.end + AFTER_MS
    if not (first <= danger.begin <= last or first <= danger.received <= last):
        return False
    if danger.device in incident.devices or (danger.person is not None and danger.person in incident.people):
        return True
    if danger.device is not None:
        return incident.place is not None and incident.place in danger.places
    # A finding about a group: its place lies above the incident, or below it.
    return bool(danger.places) and (
        danger.places[0] in places_of(incident.place)
        or (incident.place is not None and incident.place in danger.places)
    )


def match(incidents: Sequence[Incident], texts: Sequence[Text], places_of: PlacesOf) -> Matches:
    """The outcome of every incident, and what each told alert was about."""
    ordered = sorted(texts, key=lambda text: text.at)
    candidates = _by_hazard(incidents)
    first: dict[str, Text] = {}
    about: dict[int, set[str]] = defaultdict(set)
    for text in ordered:
        for incident in _incidents_of(text, candidates, places_of):
            about[text.alert].add(incident.id)
            if _is_notified_by(incident, text):
                first.setdefault(incident.id, text)
    nuisances = {incident.id for incident in incidents if incident.notify_by is None}
    outcomes = tuple(_outcome(incident, first.get(incident.id)) for incident in incidents)
    return Matches(outcomes, tuple(_notified_alerts(ordered, about, nuisances)))


def incidents_of_alert(incidents: Sequence[Incident], dangers: Sequence[Danger], places_of: PlacesOf) -> list[Incident]:
    """The incidents, nuisances too, that any of these dangers is about."""
    return [incident for incident in incidents if any(is_about(danger, incident, places_of) for danger in dangers)]


def _by_hazard(incidents: Sequence[Incident]) -> Mapping[str, list[Incident]]:
    found: dict[str, list[Incident]] = defaultdict(list)
    for incident in incidents:
        found[incident.hazard].append(incident)
    return found


def _incidents_of(text: Text, candidates: Mapping[str, list[Incident]], places_of: PlacesOf) -> Iterator[Incident]:
    for hazard in sorted({danger.hazard for danger in text.dangers}):
        dangers = [danger for danger in text.dangers if danger.hazard == hazard]
        yield from incidents_of_alert(candidates.get(hazard, ()), dangers, places_of)


def _is_notified_by(incident: Incident, text: Text) -> bool:
    """Whether a text about the incident tells of it: to somebody responsible, while it matters."""
    responsible = text.role in incident.roles if incident.roles else text.role not in COMPANIONS
    reaches = bool(text.phone) or text.severity not in ON_A_PHONE
    last = max(incident.end + AFTER_MS, incident.notify_by or 0)
    return text.calls and responsible and reaches and incident.begin <= text.at <= last


def _outcome(incident: Incident, text: Text | None) -> Outcome:
    if incident.notify_by is None:
        return Outcome(incident, Status.NUISANCE_QUIET if text is None else Status.NUISANCE_NOTIFIED, text)
    if text is None:
        return Outcome(incident, Status.MISSED)
    return Outcome(incident, Status.IN_TIME if text.at <= incident.notify_by else Status.LATE, text)


def _notified_alerts(
    texts: Sequence[Text], about: Mapping[int, set[str]], nuisances: set[str]
) -> Iterator[NotifiedAlert]:
    first: dict[int, Text] = {}
    for text in texts:
        if text.calls and text.ledger == Ledger.DANGER:
            first.setdefault(text.alert, text)
    for alert, text in first.items():
        found = about.get(alert, set())
        yield NotifiedAlert(alert, text, tuple(sorted(found - nuisances)), tuple(sorted(found & nuisances)))
