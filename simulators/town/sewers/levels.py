"""The water level in every manhole at any instant, from the kept days: dry weather, ordinary rain, incidents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from msgspec import Struct

from domain import HOUR, Instant
from simulators.events import Incident
from simulators.models.rain import Rain, rain_of
from simulators.town.calendar_days import Calendar, LocalDay
from simulators.town.hydraulics.days import STEP_MS, LineLevels, Series, TownDays
from simulators.town.sewers.catalogue import BLOCKAGE, FLOODING, HIGH_FLOW, SURCHARGE

STORM_MS: Final = 6 * HOUR
DRAINS_IN_MS: Final = HOUR
"""After a blocked pipe is opened."""
_MAX_DRY_DAYS: Final = 14


class Manhole(Struct, frozen=True):
    """Where a manhole is in the kept days."""

    line: LineLevels
    index: int
    depth_mm: int
    has_sewage: bool


class Spell(Struct, frozen=True):
    """Levels of every manhole of one line, or of all lines (`line` None), from `begin`."""

    begin: Instant
    end: Instant
    storm: str = ""
    line: str | None = None


class Weather:
    """The ordinary rain of a town: the same whenever it is asked for."""

    def __init__(self, calendar: Calendar, seed: int) -> None:
        self._calendar, self._seed = calendar, seed
        self.rain_on = lru_cache(maxsize=512)(self._rain_on)

    def _rain_on(self, day: LocalDay) -> tuple[Rain, ...]:
        return rain_of(day.date, day.midnight, self._seed)

    def spells(self, day: LocalDay) -> list[Spell]:
        """The rain that falls or runs off on a day."""
        rains = (*self.rain_on(self._calendar.next(day, -1)), *self.rain_on(day))
        found = [Spell(rain.begin, rain.begin + STORM_MS, rain.storm) for rain in rains]
        return [spell for spell in found if spell.end > day.midnight]

    def dry_days(self, day: LocalDay) -> int:
        """How many days before this one it has not rained; at most 14."""
        earlier = (self._calendar.next(day, -number) for number in range(1, _MAX_DRY_DAYS + 1))
        return next((number for number, one in enumerate(earlier) if self.rain_on(one)), _MAX_DRY_DAYS)


class Levels:
    """Levels from the kept days and the incidents of a run."""

    def __init__(self, days: TownDays, depths: Mapping[str, tuple[int, bool]], incidents: Sequence[Incident]) -> None:
        self.manholes = {
            device: Manhole(line, index, *depths[device])
            for line in days.sewers
            for index, device in enumerate(line.manholes)
        }
        self.spells = sorted(set(filter(None, map(spell_of, incidents))), key=lambda spell: (spell.begin, spell.storm))

    def at(self, device: str, midnight: Instant, at: Instant, rain: Sequence[Spell]) -> int:
        """The level in mm at an instant of the local day that begins at `midnight`."""
        manhole = self.manholes[device]
        level = manhole.line.dry_mm[manhole.index][min((at - midnight) // HOUR, 23)]
        for spell in (*rain, *self.spells):
            if spell.begin <= at < spell.end + DRAINS_IN_MS and spell.line in (None, manhole.line.line):
                level = max(level, _level(manhole, spell, at))
        return level

    def spells_of(self, device: str, begin: Instant, end: Instant) -> list[Spell]:
        """The incidents that change the level of a manhole in a time."""
        line = self.manholes[device].line.line
        return [
            spell
            for spell in self.spells
            if spell.line in (None, line) and spell.begin < end and begin < spell.end + DRAINS_IN_MS
        ]


def _level(manhole: Manhole, spell: Spell, at: Instant) -> int:
    if spell.storm:
        return interpolated(manhole.line.storms_mm[spell.storm][manhole.index], at - spell.begin)
    series = manhole.line.blocked_mm[manhole.index]
    level = interpolated(series, min(at, spell.end) - spell.begin)
    return round(level * (1.0 - max(at - spell.end, 0) / DRAINS_IN_MS))


def interpolated(series: Series, after_ms: int) -> int:
    """The value between two steps; 0 after the last.

    >>> interpolated((0, 100, 200), 450_000)
    50
    """
    step, rest = divmod(after_ms - STEP_MS, STEP_MS)
    if step >= len(series):
        return 0
    before = series[max(step, 0)]
    after = series[min(step + 1, len(series) - 1)]
    return before + (after - before) * rest // STEP_MS if step >= 0 else before


def storm_id(kind: str, storm: str, begin: Instant, line: str) -> str:
    """The id of an incident of one line in a storm."""
    return f"{kind}/{storm}/{begin}/{line}"


def spell_of(incident: Incident) -> Spell | None:
    """What an incident does to levels: a storm to all lines, a blocked pipe to its own."""
    if incident.kind in (FLOODING, SURCHARGE, HIGH_FLOW):
        _, storm, begin, _ = incident.id.split("/", 3)
        return Spell(int(begin), int(begin) + STORM_MS, storm)
    if incident.kind == BLOCKAGE:
        return Spell(incident.begin, incident.end, "", incident.id.rsplit("/", 1)[1])
    return None


def is_active(spells: Sequence[Spell], at: Instant) -> bool:
    """Whether a level may change quickly at this instant."""
    return any(spell.begin <= at < spell.end + DRAINS_IN_MS for spell in spells)
