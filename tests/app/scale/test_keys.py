"""The registry as events of keys: all at first, then what changed; a household that its last device left is told so."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from app.config.catalog import load_active_rulebooks, load_kinds
from app.scale.keys import KeyedRegistry
from domain import Device, Place
from domain.people import community

PLACES = [Place("h1", "101", "household"), Place("h2", "102", "household")]
TOWN = community(PLACES)
DOORS = [Device("door-1", "door", place="h1"), Device("door-2", "door", place="h2")]


@pytest.fixture
def registry() -> KeyedRegistry:
    kinds = load_kinds()
    return KeyedRegistry(load_active_rulebooks(kinds), kinds)


def test_every_key_is_published_at_first_and_only_changes_after(registry: KeyedRegistry) -> None:
    first = dict(registry.update(DOORS, TOWN, 1))
    assert {key: [one.id for one in event.registry.devices] for key, event in first.items()} == {
        "household/h1": ["door-1"],
        "household/h2": ["door-2"],
    }
    assert list(registry.update(DOORS, TOWN, 2)) == []
    renamed = community([replace(PLACES[0], name="甲101"), PLACES[1]])
    assert [key for key, _ in registry.update(DOORS, renamed, 3)] == ["household/h1"]


def test_a_device_that_moves_leaves_its_old_key_empty(registry: KeyedRegistry) -> None:
    list(registry.update(DOORS, TOWN, 1))
    moved = [DOORS[0], replace(DOORS[1], place="h1")]
    (left, empty), (joined, both) = registry.update(moved, TOWN, 2)
    assert (left, empty.registry.devices) == ("household/h2", ())
    assert (joined, len(both.registry.devices)) == ("household/h1", 2)
    assert (registry.key_of("door-2"), registry.key_of("stranger")) == ("household/h1", "stranger")
