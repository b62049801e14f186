"""Lists of devices: which ones match, and pages that meet each of them once."""

from __future__ import annotations

from collections.abc import Mapping

from domain import Device, Identity, Instant, Place
from domain.device_index import DeviceFilter, DeviceIndex
from domain.place_tree import PlaceTree

GAS = Device("g1", "gas_alarm", "JTY-GD", "p1", (Identity("chirpstack", "70B3D5"), Identity("native", "old name")))
DOORS = [Device("d2", "door", "TS0203", "p2"), Device("d3", "door", None, "p3"), Device("D4", "door")]
TREE = PlaceTree({place: Place(place, place, "household", "b") for place in ("p1", "p2")})
AGES = {"g1": 10, "d2": 20, "d3": 20}


def index_of(*devices: Device, ages: Mapping[str, Instant] = AGES) -> DeviceIndex:
    return DeviceIndex({device.id: device for device in devices}, ages, TREE)


def found(index: DeviceIndex, filters: DeviceFilter) -> list[str]:
    return [device.id for device in index.page(index.find(filters), 100, None)[0]]


def test_pages_go_from_the_newest_to_the_oldest_and_meet_every_device_once() -> None:
    devices = [Device(f"{age}-{number}", "door") for age in ("old", "new") for number in range(4)]
    ages = {device.id: 10 if device.id.startswith("old") else 20 for device in devices}
    index = index_of(*devices, ages=ages)
    everything = index.find(DeviceFilter())
    seen: list[str] = []
    page, last = index.page(everything, 3, None)
    while True:
        seen += [device.id for device in page]
        if last is None:
            break
        page, last = index.page(everything, 3, last)
    assert seen == [f"new-{n}" for n in range(4)] + [f"old-{n}" for n in range(4)]


def test_a_page_goes_on_behind_a_device_that_is_gone_by_then() -> None:
    index = index_of(GAS, *DOORS)
    _, last = index.page(index.find(DeviceFilter()), 1, None)
    assert last == "20:d2"
    later = index_of(GAS, *DOORS[1:])
    assert [device.id for device in later.page(later.find(DeviceFilter()), 9, last)[0]] == ["d3", "g1", "D4"]
    assert index.page((), 5, None) == ([], None)


def test_every_condition_must_be_met() -> None:
    index = index_of(GAS, *DOORS)
    assert found(index, DeviceFilter(kind="door")) == ["d2", "d3", "D4"]
    assert found(index, DeviceFilter(kind="lift")) == []
    assert found(index, DeviceFilter(kind="door", places={"p2", "p9"})) == ["d2"]
    assert found(index, DeviceFilter(places={"p1", "p3", *(f"empty-{n}" for n in range(9))})) == ["d3", "g1"]
    assert found(index, DeviceFilter(ids=["g1", "unknown", "D4"])) == ["g1", "D4"]
    assert found(index, DeviceFilter(ids=())) == []
    assert found(index, DeviceFilter(text="d")) == found(index, DeviceFilter(text="D")) == ["d2", "d3", "D4"]
    assert found(index, DeviceFilter(text="ts0203")) == []
    assert found(index, DeviceFilter(text="%")) == []


def test_a_place_is_all_below_it_in_its_own_tree_and_in_another_version_of_it() -> None:
    index = index_of(GAS, *DOORS)
    other = PlaceTree({"p1": Place("p1", "P", "household", "b")})
    assert found(index, DeviceFilter(places=TREE.inside("b"))) == ["d2", "g1"]
    assert found(index, DeviceFilter(places=TREE.inside_any(["p2", "p3"]))) == ["d2", "d3"]
    assert found(index, DeviceFilter(places=other.inside("b"))) == ["g1"]


def test_a_word_is_a_part_of_id_model_or_identity_in_any_case_or_in_the_address() -> None:
    index = index_of(GAS, *DOORS)

    def with_words(*words: tuple[str, frozenset[str]]) -> set[str]:
        return set(found(index, DeviceFilter(words=words)))

    nowhere, building = frozenset[str](), frozenset({"p2", "p3"})
    assert with_words(("ts02", nowhere)) == {"d2"}
    assert with_words(("70b3d5", nowhere)) == {"g1"}
    assert with_words(("3栋", building)) == {"d2", "d3"}
    assert with_words(("3栋", building), ("D3", nowhere)) == {"d3"}
    assert with_words(("none", nowhere)) == set()
