"""The sources of events of a town together: each device and each kind of incident has one."""

from __future__ import annotations

from collections import Counter

from domain import DAY
from simulators.town.citizens.source import CitizenSource
from simulators.town.elders.source import ElderSource
from simulators.town.hydraulics.kept import load_days
from simulators.town.population.build import build_town
from simulators.town.rooms.source import RoomSource
from simulators.town.sewers.source import SewerSource
from simulators.town.street.source import StreetSource
from simulators.town.town import EventSource, Period
from simulators.town.water.source import WaterSource

START = 1_795_795_200_000
"""2026-11-28T00:00 in Shanghai."""


def test_every_kind_of_device_and_of_incident_belongs_to_one_source() -> None:
    town = build_town("small", 1)
    days = load_days(town)
    sources: list[EventSource] = [
        *(RoomSource(), ElderSource(), WaterSource(days), SewerSource(days)),
        *(StreetSource(), CitizenSource()),
    ]
    kinds = Counter(kind for source in sources for kind in source.kinds)
    assert set(kinds) == {device.kind for device in town.devices}
    assert set(kinds.values()) == {1}
    found = [{one.kind for one in source.incidents(town, Period(START, START + DAY), 1, 7.0)} for source in sources]
    names = Counter(kind for kinds_of_source in found for kind in kinds_of_source)
    assert [name for name, count in names.items() if count > 1] == []
