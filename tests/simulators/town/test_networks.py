"""The pipes under a town follow from its places and devices."""

import msgspec

from domain import Device, Place
from simulators.town.networks import Content, natural_order, networks_of
from simulators.town.town import Household, Town


def town(*manholes: Device) -> Town:
    places = (
        Place("c1", "枫林苑", "compound"),
        Place("c1-2", "2栋", "building", "c1"),
        Place("c1-10", "10栋", "building", "c1"),
        Place("c1-2-101", "101", "household", "c1-2"),
        Place("c1-10-601", "601", "household", "c1-10"),
        Place("c1-p1", "东门主路", "road", "c1"),
        Place("c1-m1", "1号井位", "spot", "c1-p1"),
    )
    households = (
        Household("c1-10-601", ("r2", "r3"), (), 6, 12.0),
        Household("c1-2-101", ("r1",), (), 1, 12.0),
    )
    return Town("small", 1, "Asia/Shanghai", places, (), (), (), manholes, households)


def manhole(number: int, **attributes: str | int) -> Device:
    return Device(f"manhole-{number}", "manhole", None, "c1-m1", (), dict(attributes))


def test_the_main_of_a_compound_feeds_its_buildings_in_natural_order() -> None:
    (main,) = networks_of(town()).mains
    assert [(load.place, load.floors, load.litres) for load in main.buildings] == [
        ("c1-2", 1, 140.0),
        ("c1-10", 6, 245.0),
    ]


def test_manholes_of_a_line_follow_each_other_by_order_and_get_the_sewage_of_the_compound() -> None:
    foul = [
        manhole(2, line="c1-foul", order=1, cover="污水"),
        manhole(1, line="c1-foul", order=2, cover="污水", depth_mm=2200),
    ]
    rain = manhole(3, line="c1-rain", order=1, cover="雨水")
    lines = {line.id: line for line in networks_of(town(*foul, rain)).sewers}
    assert [one.device for one in lines["c1-foul"].manholes] == ["manhole-2", "manhole-1"]
    assert lines["c1-foul"].manholes[1].depth_mm == 2200
    assert (lines["c1-foul"].content, lines["c1-rain"].content) == (Content.FOUL, Content.RAIN)
    assert lines["c1-foul"].litres == 385.0


def test_without_attributes_the_manholes_of_a_road_are_a_combined_line() -> None:
    (line,) = networks_of(town(manhole(10), manhole(9))).sewers
    assert (line.id, line.content) == ("c1-p1", Content.COMBINED)
    assert [one.device for one in line.manholes] == ["manhole-9", "manhole-10"]
    assert all(1800 <= one.depth_mm < 3200 for one in line.manholes)


def test_covers_that_contradict_each_other_are_of_a_combined_line() -> None:
    both = (manhole(1, line="x", cover="雨水"), manhole(2, line="x", cover="污水"))
    assert networks_of(town(*both)).sewers[0].content is Content.COMBINED


def test_the_fingerprint_changes_with_the_pipes_only() -> None:
    before = networks_of(town(manhole(1)))
    renamed = msgspec.structs.replace(town(manhole(1)), people=())
    assert networks_of(renamed).fingerprint == before.fingerprint
    assert networks_of(town(manhole(2))).fingerprint != before.fingerprint


def test_numbers_in_ids_count_as_numbers() -> None:
    assert sorted(["b10", "b9", "b"], key=natural_order) == ["b", "b9", "b10"]
