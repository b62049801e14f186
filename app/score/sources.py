"""The models that together make the days of a town."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from simulators.events import Incident
from simulators.town.citizens.source import CitizenSource
from simulators.town.elders.source import ElderSource
from simulators.town.hydraulics.kept import load_days
from simulators.town.rooms.source import RoomSource
from simulators.town.sewers.source import SewerSource
from simulators.town.street.source import StreetSource
from simulators.town.town import EventSource, Period, Town
from simulators.town.water.source import WaterSource


def event_sources(town: Town, cache: Path | None) -> list[EventSource]:
    """Every source, with the water and sewer days of the town. Raises DaysMissing."""
    days = load_days(town, cache)
    return [RoomSource(), ElderSource(), WaterSource(days), SewerSource(days), StreetSource(), CitizenSource()]


def incidents_of(
    sources: Sequence[EventSource], town: Town, period: Period, seed: int, per_week: float
) -> list[Incident]:
    """The incidents of all sources, in order of `begin`."""
    found = [incident for source in sources for incident in source.incidents(town, period, seed, per_week)]
    return sorted(found, key=lambda incident: (incident.begin, incident.id))
