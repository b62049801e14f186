"""What one manhole's device reports on one local day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from random import Random
from typing import Final

from msgspec import Struct

from domain import DAY, HOUR, MINUTE, SECOND, Device, Instant, Value
from domain.duration import parse_duration
from simulators.events import Incident, Measurement, TimedEvent
from simulators.models.manhole_device import DETECT_MS, STILL_MS, WAKE_MS, ManholeDevice, ManholeState
from simulators.models.manhole_gas import GasBuildUp, ordinary_gas
from simulators.town.calendar_days import LocalDay
from simulators.town.hydraulics.days import STEP_MS
from simulators.town.sewers.catalogue import KINDS, Cause, ManholeKind
from simulators.town.sewers.incidents import build_up
from simulators.town.sewers.levels import DRAINS_IN_MS, Levels, Spell, is_active

_AGAIN_MS: Final = 30 * MINUTE
"""A cover that stays open, a full well and gas are reported again."""
_VENTED_MS: Final = HOUR
"""After gas is found the well is opened: so long until it is gone."""


class LocalIncident(Struct, frozen=True):
    """An incident at one manhole that is not about its level."""

    incident: Incident
    kind: ManholeKind
    tilt_deg: float
    gas: GasBuildUp | None

    def is_silent(self, at: Instant) -> bool:
        after = self.kind.silent_after_ms
        return after is not None and self.incident.begin + after <= at < self.incident.end

    def is_on(self, at: Instant) -> bool:
        return self.incident.begin <= at < self.incident.end


def local_incident(incident: Incident) -> LocalIncident | None:
    """None for an incident that changes levels, or is none of a manhole."""
    kind = KINDS.get(incident.kind)
    if kind is None:
        return None
    tilt = round(Random(f"tilt/{incident.id}").uniform(*kind.tilt_deg), 1)
    return LocalIncident(incident, kind, tilt, build_up(kind, incident.id) if kind.cause is Cause.GAS else None)


class Today(Struct, frozen=True):
    """What of a day is the same for every manhole."""

    day: LocalDay
    rain: tuple[Spell, ...]
    dry_days: int


class ManholeDay:
    """One device on one day. `incidents` are those at this manhole."""

    def __init__(
        self, device: Device, traits: ManholeDevice, levels: Levels, incidents: Sequence[LocalIncident], today: Today
    ) -> None:
        self._device, self._traits, self._levels, self._today = device, traits, levels, today
        self._manhole = levels.manholes[device.id]
        self._begin = today.day.midnight
        end = self._begin + DAY
        self._incidents = [
            one for one in incidents if one.incident.begin < end and one.incident.end + _VENTED_MS > self._begin
        ]
        self._spells = levels.spells_of(device.id, self._begin, end)

    def events(self) -> list[TimedEvent]:
        """The reports of the day in order of time."""
        found = [*self._by_plan(), *self._by_change(), *self._by_cover()]
        received = [event for event in found if not any(one.is_silent(event.at) for one in self._incidents)]
        return sorted(received, key=lambda timed: timed.at)

    def _by_plan(self) -> Iterator[TimedEvent]:
        every = parse_duration(str(self._device.attributes.get("report_every", "6h")))
        first = round(self._traits.report_phase * every) // SECOND * SECOND
        for at in range(self._begin + first, self._begin + DAY, every):
            yield self._report(at, self._state(at))

    def _by_change(self) -> Iterator[TimedEvent]:
        """Reports beside the plan. What was reported last is forgotten at midnight, so that any day can be played."""
        spells = (*self._today.rain, *self._spells)
        gas = [one for one in self._incidents if one.gas is not None]
        if not spells and not gas:
            return
        last, since = self._state(self._begin), 0
        contacts = self._contacts()
        before = self._begin
        for at in sorted({*range(self._begin + self._traits.phase_ms, self._begin + DAY, DETECT_MS), *contacts}):
            if not is_active(spells, at) and not any(_is_gassy(one, at) for one in gas):
                continue
            state = self._state(at)
            since, before = since + at - before, at
            is_danger, was_danger = (one.is_danger(self._manhole.depth_mm) for one in (state, last))
            if state.differs(last, self._manhole.depth_mm) or (is_danger and since >= _AGAIN_MS):
                yield self._report(at + WAKE_MS, state, urgent=is_danger != was_danger)
                last, since = state, 0

    def _contacts(self) -> set[Instant]:
        """When the contact of the full level wakes the device: the water reaches it, or leaves it."""
        found: set[Instant] = set()
        depth = self._manhole.depth_mm
        for spell in self._spells:
            begin = max(spell.begin, self._begin)
            end = min(spell.end + DRAINS_IN_MS, self._begin + DAY)
            steps = range(begin - (begin - spell.begin) % STEP_MS, end, STEP_MS)
            full = [(at, self._state(max(at, self._begin)).is_full(depth)) for at in steps]
            found |= {at for (_, was), (at, now) in pairwise(full) if was != now}
        return found

    def _by_cover(self) -> Iterator[TimedEvent]:
        for one in self._incidents:
            if one.kind.cause not in (Cause.COVER, Cause.SHAKE):
                continue
            for at, vibrates in _cover_reports(one):
                if self._begin <= at < self._begin + DAY:
                    yield self._report(at, self._state(at, vibrates=vibrates), urgent=one.kind.cause is Cause.COVER)

    def _state(self, at: Instant, *, vibrates: bool = False) -> ManholeState:
        level = self._levels.at(self._device.id, self._begin, at, self._today.rain)
        ch4, h2s = self._gas(at) if self._manhole.has_sewage else (0.0, 0.0)
        return ManholeState(level, round(ch4, 2), round(h2s, 1), self._tilt(at), vibrates)

    def _tilt(self, at: Instant) -> float:
        moved = (one.tilt_deg for one in self._incidents if one.kind.cause is Cause.COVER and one.is_on(at))
        return next(moved, self._traits.rest_deg)

    def _gas(self, at: Instant) -> tuple[float, float]:
        opened = next(
            (
                at - one.incident.begin
                for one in self._incidents
                if one.kind.cause is Cause.COVER and one.is_on(at) and one.tilt_deg > 45.0
            ),
            None,
        )
        ch4, h2s = ordinary_gas(self._traits.gas_phase, self._today.dry_days, at, is_open_for_ms=opened)
        for one in self._incidents:
            if one.gas is not None and _is_gassy(one, at):
                gathered = one.gas.after(min(at, one.incident.end) - one.incident.begin)
                left = 1.0 - max(at - one.incident.end, 0) / _VENTED_MS
                ch4, h2s = ch4 + gathered[0] * left, h2s + gathered[1] * left
        return ch4, h2s

    def _report(self, at: Instant, state: ManholeState, *, urgent: bool = False) -> TimedEvent:
        values: dict[str, Value] = {
            "opened": state.is_opened,
            "tilt_deg": state.tilt_deg,
            "water_level_mm": state.level_mm,
            "flooded": state.is_full(self._manhole.depth_mm),
            "vibration": state.vibrates,
            "battery_pct": self._traits.battery_pct,
        }
        if self._manhole.has_sewage:
            values |= {"ch4_pct": state.ch4_pct, "h2s_ppm": state.h2s_ppm}
        return TimedEvent(at, Measurement(self._device.id, values, urgent=urgent))


def _is_gassy(one: LocalIncident, at: Instant) -> bool:
    return one.incident.begin <= at < one.incident.end + _VENTED_MS


def _cover_reports(one: LocalIncident) -> Iterator[tuple[Instant, bool]]:
    """When the device reports a moved cover, and whether it shakes: at once, again, and when it lies still."""
    begin, end = one.incident.begin + WAKE_MS, one.incident.end + WAKE_MS
    yield begin, True
    if one.kind.cause is Cause.SHAKE:
        yield begin + STILL_MS, False
        return
    for at in range(begin + STILL_MS, end, _AGAIN_MS):
        yield at, False
    yield end, False
