"""What a run simulates: its settings, and the town with its models that follows from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from app.config.suggestions import unknown_name
from app.errors import UserError
from app.score.sources import event_sources
from domain import DAY, Instant
from simulators.faults.catalog import FAULTS
from simulators.faults.people import PEOPLE_FAULTS
from simulators.town.population.build import build_town
from simulators.town.population.presets import PRESETS
from simulators.town.town import EventSource, Period, Town

START: Final = 1_794_844_800_000
"""Tuesday 2026-11-17 00:00 in Shanghai."""
_ZONE: Final = ZoneInfo("Asia/Shanghai")
"""Of all simulated towns."""
PER_WEEK: Final[Mapping[str, float]] = {"community": 4.25}
"""Incidents of each kind in a week, where it is not 2: more than 300 in the week of a community, of which 200 are no
nuisances."""


def first_day(written: str) -> Instant:
    """The local midnight of a date. Raises UserError."""
    try:
        date = datetime.strptime(written, "%Y-%m-%d").replace(tzinfo=_ZONE)
    except ValueError:
        raise UserError(f"--from {written}: no date; write it like 2026-07-06") from None
    return round(date.timestamp() * 1000)


def date_of(at: Instant) -> datetime:
    """The local time of an instant."""
    return datetime.fromtimestamp(at / 1000, _ZONE)


class Settings(Struct, frozen=True):
    """What is simulated. The same settings give the same score.

    `per_week`: incidents of each kind in a week. `site`: a folder with rulebooks, ladders or settings that differ from
    those in force. `start`: a local midnight. `intensity`: by what the share of devices or messages on which each fault
    acts is multiplied.
    """

    preset: str = "small"
    seed: int = 1
    days: int = 1
    faults: tuple[str, ...] = ()
    per_week: float = 2.0
    site: str = ""
    start: Instant = START
    intensity: float = 1.0

    @property
    def wire_faults(self) -> dict[str, dict[str, float]]:
        """The parameters of the chosen faults of devices and networks."""
        return {name: self._stronger(FAULTS[name].parameters) for name in self.faults if name in FAULTS}

    @property
    def people_faults(self) -> dict[str, dict[str, float]]:
        """The parameters of the chosen faults of people and providers."""
        return {name: self._stronger(PEOPLE_FAULTS[name].parameters) for name in self.faults if name in PEOPLE_FAULTS}

    def _stronger(self, parameters: Mapping[str, float]) -> dict[str, float]:
        shares = {name: share for name, share in parameters.items() if name.endswith("share")}
        return {} if self.intensity == 1 else {name: min(one * self.intensity, 1.0) for name, one in shares.items()}

    @property
    def whole(self) -> Period:
        """The time of the run."""
        return Period(self.start, self.start + self.days * DAY)

    def day(self, number: int) -> Period:
        """A day of it, counted from 0."""
        return Period(self.start + number * DAY, self.start + (number + 1) * DAY)


class World(Struct, frozen=True):
    """A town with the models of its days."""

    town: Town
    sources: Sequence[EventSource]


def fault_names(written: str) -> tuple[str, ...]:
    """`all`, `none`, or names with commas between. Raises UserError for a name that does not exist."""
    known = (*FAULTS, *PEOPLE_FAULTS)
    if written in ("all", "none"):
        return known if written == "all" else ()
    names = tuple(name.strip() for name in written.split(",") if name.strip())
    for name in names:
        if name not in known:
            raise UserError(f"--faults: {unknown_name(name, known)}")
    return tuple(name for name in known if name in names)


def build_world(settings: Settings, data: Path) -> World:
    """The town of a preset and all its sources. Raises UserError, DaysMissing."""
    if settings.preset not in PRESETS:
        raise UserError(f"--preset: {unknown_name(settings.preset, PRESETS)}")
    town = build_town(settings.preset, settings.seed)
    return World(town, event_sources(town, data / "hydraulics"))
