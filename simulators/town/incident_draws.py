"""Draws when incidents happen and on which devices, so that no device has two at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from random import Random
from typing import Final, TypeVar

from domain import DAY, HOUR, Instant
from simulators.events import Incident
from simulators.town.calendar_days import Calendar, LocalDay
from simulators.town.town import Period

_ATTEMPTS: Final = 20
_GAP_MS: Final = 6 * HOUR
"""Between two incidents of one device: the first has to be over for those who look at alerts too."""

Candidate = TypeVar("Candidate")


class BusyDevices:
    """When devices have an incident."""

    def __init__(self, incidents: Iterable[Incident] = ()) -> None:
        self._spans: dict[str, list[tuple[Instant, Instant]]] = {}
        for incident in incidents:
            self.add(incident)

    def add(self, incident: Incident) -> None:
        for device in incident.devices:
            self._spans.setdefault(device, []).append((incident.begin - _GAP_MS, incident.end + _GAP_MS))

    def is_free(self, incident: Incident) -> bool:
        """Whether none of its devices has another one at that time."""
        spans = (span for device in incident.devices for span in self._spans.get(device, ()))
        return not any(begin < incident.end and incident.begin < end for begin, end in spans)


def draw_incidents(
    name: str,
    period: Period,
    calendar: Calendar,
    seed: int,
    per_week: float,
    busy: BusyDevices,
    make: Callable[[Random, LocalDay, str], Incident | None],
) -> Iterator[Incident]:
    """About `per_week` incidents of one kind; `make` returns one for a day, or None where none is possible.

    A run is for measuring: incidents that need not be told within the period are not drawn, more on the days before
    them are.
    """
    days = list(calendar.days(period))
    random = Random(f"{seed}/incidents/{name}/{period.start}")
    wanted = per_week * (period.end - period.start) / (7 * DAY)
    count = int(wanted) + (random.random() < wanted % 1)
    number = 0
    for _ in range(count * _ATTEMPTS if days else 0):
        if number == count:
            return
        incident = make(random, random.choice(days), f"{name}-{days[0].date.isoformat()}-{number + 1}")
        if incident is not None and _is_due(incident, period) and busy.is_free(incident):
            busy.add(incident)
            number += 1
            yield incident


def _is_due(incident: Incident, period: Period) -> bool:
    until = incident.notify_by if incident.notify_by is not None else incident.begin
    return period.start <= incident.begin and until < period.end


def instant_at(random: Random, day: LocalDay, hours: tuple[float, float]) -> Instant:
    """An instant of the day between these hours, at a full second."""
    return day.midnight + round(random.uniform(*hours) * HOUR) // 1000 * 1000


def pick(random: Random, candidates: Sequence[Candidate]) -> Candidate | None:
    """One of them; None when there is none."""
    return random.choice(candidates) if candidates else None
