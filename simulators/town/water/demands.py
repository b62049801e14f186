"""The ordinary demand of a household, hour by hour, in a form whose counter can be read at any day.

An elder alone draws what `water_use` says (the same plan moves the wristband and the door), scaled so that every week
has the same total, other households what `simulators.models.water_demand` says.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final, Protocol

from domain import HOUR
from simulators.events import Incident
from simulators.models.water_demand import Hours
from simulators.town.calendar_days import Calendar, LocalDay
from simulators.town.town import Household, Town
from simulators.town.water_use import USES_NO_WATER, WaterUse, water_use

_MONDAY: Final = date(2025, 12, 29)
_REFERENCE_WEEKS: Final = 2


class HourlyDemand(Protocol):
    """`litres_before(day + 1)` is `litres_before(day)` and the sum of `hours(day)`."""

    def litres_before(self, day: date) -> float: ...

    def hours(self, day: date) -> Hours: ...


class ElderDemand:
    """The demand of one person who lives alone. Never without incidents: they are given to `hours_with`."""

    def __init__(self, town: Town, household: Household, calendar: Calendar, seed: int) -> None:
        self._town, self._household, self._calendar, self._seed = town, household, calendar, seed
        self._plans: dict[date, Hours] = {}
        self._week_l: float | None = None

    def litres_before(self, day: date) -> float:
        weeks, weekday = divmod((day - _MONDAY).days, 7)
        monday = day - timedelta(days=weekday)
        scale = self._scale(monday) if weekday else 0.0
        return self._per_week() * weeks + scale * sum(sum(self._plan(monday + timedelta(n))) for n in range(weekday))

    def hours(self, day: date) -> Hours:
        scale = self._scale(day - timedelta(days=day.weekday()))
        return tuple(litres * scale for litres in self._plan(day))

    def hours_with(self, day: date, incidents: Sequence[Incident]) -> Hours:
        """What is drawn while the person lies on the floor or is away."""
        local = self._calendar.day(day)
        uses = water_use(self._town, self._household, local.midnight, self._seed, incidents)
        scale = self._scale(day - timedelta(days=day.weekday()))
        return tuple(litres * scale for litres in by_hour(uses, local))

    def _plan(self, day: date) -> Hours:
        if day not in self._plans:
            local = self._calendar.day(day)
            self._plans[day] = by_hour(water_use(self._town, self._household, local.midnight, self._seed), local)
        return self._plans[day]

    def _scale(self, monday: date) -> float:
        total = self._total(monday)
        return self._per_week() / total if total else 0.0

    def _total(self, monday: date) -> float:
        return sum(sum(self._plan(monday + timedelta(days=n))) for n in range(7))

    def _per_week(self) -> float:
        """The mean week of this person, from two weeks half a year apart."""
        if self._week_l is None:
            weeks = (_MONDAY + timedelta(weeks=26 * n) for n in range(_REFERENCE_WEEKS))
            self._week_l = (
                sum(sum(self._plan(week + timedelta(n))) for week in weeks for n in range(7)) / _REFERENCE_WEEKS
            )
        return self._week_l


def by_hour(uses: Sequence[WaterUse], day: LocalDay) -> Hours:
    """Litres in the hours of a day, each use in the hour in which it begins."""
    hours = [0.0] * 24
    for use in uses:
        hours[min((use.begin - day.midnight) // HOUR, 23)] += use.litres
    return tuple(hours)


def concerning(household: Household, incidents: Sequence[Incident]) -> list[Incident]:
    """Incidents in which someone of the household draws no water."""
    found = (incident for incident in incidents if incident.kind in USES_NO_WATER)
    return [incident for incident in found if set(incident.people) & set(household.residents)]
