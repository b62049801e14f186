"""One water meter of the town: what it counts, with the incidents at it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import accumulate
from typing import Final

from msgspec import Struct

from domain import DAY, HOUR, MINUTE, Device, Instant, Value
from domain.holidays import is_workday
from simulators.events import Incident
from simulators.models.leaks import leak_litres_h
from simulators.models.water_demand import Hours
from simulators.models.water_meter import BURST_AFTER_MS, MeterType
from simulators.town.calendar_days import Calendar, LocalDay
from simulators.town.hydraulics.days import Series
from simulators.town.water.catalogue import Effect, IncidentKind
from simulators.town.water.demands import ElderDemand, HourlyDemand

FROZEN_C: Final = 0.0
_WATER_C: Final = (8, 9, 12, 16, 19, 22, 24, 24, 22, 18, 14, 10)
"""Temperature of tap water in Chengdu by month: ours (unverified)."""
_SHUT_AFTER_MS: Final = 10 * MINUTE
"""From the end of a flow until the meter clears its flag."""


class FlowChange(Struct, frozen=True):
    """What an incident does to one meter. `area_mm2` is a hole, `litres_h` a constant flow, both from `flows_from` on.

    `delivered_pct` is what the building still gets, by 48 hours, while the main is burst.
    """

    incident: Incident
    kind: IncidentKind
    flows_from: Instant
    area_mm2: float = 0.0
    litres_h: float = 0.0
    delivered_pct: Series = ()

    @property
    def flag_from(self) -> Instant:
        """When the meter sets the flag of the kind."""
        return self.flows_from + BURST_AFTER_MS if self.kind.flag == "burst" else self.incident.begin + 2 * MINUTE

    @property
    def flag_until(self) -> Instant:
        return self.incident.end + _SHUT_AFTER_MS

    def kept_share(self, day: LocalDay, hour: int) -> float:
        """The share of the ordinary use in this hour that the meter counts."""
        begin = day.midnight + hour * HOUR
        if self.kind.effect in (Effect.NOT_COUNTED, Effect.NOT_DRAWN):
            return 1.0 - _overlap(begin, self.incident.begin, self.incident.end)
        if self.delivered_pct:
            missing = 1.0 - self.delivered_pct[hour + (0 if is_workday(day.date) else 24)] / 100.0
            return 1.0 - missing * _overlap(begin, self.incident.begin, self.incident.end)
        return 1.0

    def extra_l(self, day: LocalDay, hour: int, head_dm: Series) -> float:
        """Litres that flow beside the ordinary use in this hour."""
        share = _overlap(day.midnight + hour * HOUR, self.flows_from, self.incident.end)
        return share * self.flow_l_h(day, hour, head_dm) if share else 0.0

    def flow_l_h(self, day: LocalDay, hour: int, head_dm: Series) -> float:
        """The flow while it flows."""
        if not self.area_mm2:
            return self.litres_h
        return leak_litres_h(self.area_mm2, head_dm[hour + (0 if is_workday(day.date) else 24)] / 10.0)


def _overlap(hour: Instant, begin: Instant, end: Instant) -> float:
    return max(min(end, hour + HOUR) - max(begin, hour), 0) / HOUR


class HouseholdMeter:
    """A meter with its household's demand. `counter` at a day is the sum of all hours before it."""

    def __init__(
        self, device: Device, type_: MeterType, demand: HourlyDemand, head_dm: Series, calendar: Calendar
    ) -> None:
        self.device, self.type, self.demand, self.head_dm = device, type_, demand, head_dm
        self.is_hourly = device.attributes.get("report_every") == "1h"
        self.changes: tuple[FlowChange, ...] = ()
        self.absences: tuple[Incident, ...] = ()
        self._calendar = calendar

    def set_incidents(self, changes: Sequence[FlowChange], absences: Sequence[Incident]) -> None:
        """The incidents of the whole run at this meter: those that ended still count in the counter."""
        self.changes, self.absences = tuple(changes), tuple(absences)

    def hours(self, day: LocalDay) -> Hours:
        """Litres that the meter counts in each hour of the day."""
        absences = [one for one in self.absences if _touches(one, day)]
        if absences and isinstance(self.demand, ElderDemand):
            hours = self.demand.hours_with(day.date, absences)
        else:
            hours = self.demand.hours(day.date)
        changes = [change for change in self.changes if _touches(change.incident, day)]
        return tuple(self._changed(hours[hour], changes, day, hour) for hour in range(24)) if changes else hours

    def _changed(self, litres: float, changes: Sequence[FlowChange], day: LocalDay, hour: int) -> float:
        for change in changes:
            litres = litres * change.kept_share(day, hour) + change.extra_l(day, hour, self.head_dm)
        return litres

    def counter_l(self, day: LocalDay) -> float:
        """What the meter has counted at the midnight at which the day begins."""
        total = self.type.first_l + self.demand.litres_before(day.date)
        for changed in self._changed_days(day.date):
            total += sum(self.hours(changed)) - sum(self.demand.hours(changed.date))
        return total

    def _changed_days(self, before: date) -> list[LocalDay]:
        """The days before a date that an incident touches."""
        found: dict[date, LocalDay] = {}
        for incident in (*(change.incident for change in self.changes), *self.absences):
            day = self._calendar.day_of(incident.begin)
            while day.date < before and day.midnight < incident.end:
                found[day.date] = day
                day = self._calendar.next(day)
        return list(found.values())

    def counters_l(self, day: LocalDay) -> list[float]:
        """At every full hour of the day, from 00:00 to 24:00: 25 values."""
        return list(accumulate(self.hours(day), initial=self.counter_l(day)))

    def counter_at_l(self, at: Instant) -> float:
        """At any instant: an hour's use is drawn evenly."""
        day = self._calendar.day_of(at)
        hour, rest = divmod(at - day.midnight, HOUR)
        hours = self.hours(day)
        return self.counter_l(day) + sum(hours[:hour]) + hours[hour] * rest / HOUR

    def flow_m3h(self, at: Instant) -> float:
        """The flow at an instant: that of the incidents; single draws last seconds to minutes and are not resolved."""
        day = self._calendar.day_of(at)
        hour = (at - day.midnight) // HOUR
        flows = (
            change.flow_l_h(day, hour, self.head_dm)
            for change in self.changes
            if change.flows_from <= at < change.incident.end
        )
        return round(sum(flows) / 1000.0, 3)

    def status(self, at: Instant, last_24_l: Sequence[float]) -> dict[str, Value]:
        """Everything that the meter reports beside its counter."""
        flags = {change.kind.flag for change in self.changes if change.flag_from <= at < change.flag_until}
        return {
            "flow_m3h": self.flow_m3h(at) if self.changes else 0.0,
            "leak": self.type.has_leak(last_24_l),
            "burst": "burst" in flags,
            "backflow": "backflow" in flags,
            "magnetic_tamper": "magnetic_tamper" in flags,
            "temp_c": self._temp_c(at),
            "battery_v": self.type.battery_v,
        }

    def _temp_c(self, at: Instant) -> float:
        frozen = any(change.kind.delay_h and change.incident.begin <= at < change.flows_from for change in self.changes)
        return FROZEN_C if frozen else float(_WATER_C[self._calendar.day_of(at).date.month - 1])


def _touches(incident: Incident, day: LocalDay) -> bool:
    return incident.begin < day.midnight + DAY and incident.end > day.midnight
