"""The slice of the registry that travels with a device says the same to the rules as the whole registry."""

from __future__ import annotations

from msgspec.structs import replace

from domain import Cell, Device, Person, Place
from domain.people import community
from rules.hosts.keyed.registry import RegistrySlice, registry_slice

TOWN = community(
    [
        Place("c", "枫林苑", "compound", cell="g"),
        Place("b", "3栋", "building", parent="c"),
        Place("h", "402", "household", parent="b", lat=31.0, lon=121.0),
        Place("other", "403", "household", parent="b"),
    ],
    [Cell("g", "一网格", "cell"), Cell("far", "二网格", "cell")],
    [Person("li", "李", home="h"), Person("wang", "王", home="other")],
)
GAS = Device("gas-1", "gas_alarm", place="h")


def test_a_slice_has_the_address_the_cell_and_the_residents_of_its_device() -> None:
    part = registry_slice([GAS], TOWN)
    assert [place.id for place in part.places] == ["h", "b", "c"]
    assert ([cell.id for cell in part.cells], [person.id for person in part.people]) == (["g"], ["li"])
    seen = part.as_community()
    assert (seen.address("h"), seen.cell_of("h")) == (TOWN.address("h"), "g")
    assert seen.household_of("h") == TOWN.household_of("h")
    assert seen.behind_door("h") == TOWN.behind_door("h")


def test_what_a_person_carries_brings_the_home_of_the_person() -> None:
    part = registry_slice([Device("band-1", "wristband", attributes={"person": "wang"})], TOWN)
    assert [place.id for place in part.places] == ["other", "b", "c"]
    assert [person.id for person in part.people] == ["wang"]


def test_a_merged_slice_has_the_newer_entry() -> None:
    moved = replace(GAS, place="other")
    merged = registry_slice([GAS], TOWN).merged_with(registry_slice([moved], TOWN))
    assert merged.devices == (moved,)
    assert {place.id for place in merged.places} == {"h", "other", "b", "c"}
    assert merged.merged_with(RegistrySlice()) == merged
