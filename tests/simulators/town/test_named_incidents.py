"""Single incidents by name."""

from __future__ import annotations

import pytest
from msgspec import structs

from domain import HOUR, Instant
from simulators.events import Measurement
from simulators.town.named_incidents import TITLES, NoSuitableDevice, play_named
from simulators.town.population.build import build_town

START: Instant = 1_795_795_200_000
TOWN = build_town("small", 3)


@pytest.mark.parametrize("kind", sorted(TITLES.keys() - {"wandering"}))
def test_every_kind_plays_on_devices_that_suit_it(kind: str) -> None:
    incident, events = play_named(TOWN, kind, START + 9 * HOUR, 4)
    measured = [timed for timed in events if isinstance(timed.event, Measurement)]
    assert incident.title == TITLES[kind]
    assert incident.begin == START + 9 * HOUR
    assert all(incident.begin <= timed.at <= incident.end for timed in measured)
    assert {timed.event.device for timed in measured if isinstance(timed.event, Measurement)} & set(incident.devices)


def test_a_town_without_such_devices_refuses_by_name() -> None:
    with pytest.raises(NoSuitableDevice, match="kitchen_leak"):
        play_named(structs.replace(TOWN, devices=()), "kitchen_leak", START, 4)
