"""Groups and tiles of the wall for any tree of places."""

from __future__ import annotations

from console.views.place_map import PlaceMap, find_spot
from domain import Place
from domain.people import Community, community

SHINAN = (
    Place("c", "市南小区", "community"),
    *(Place(f"b{n}", f"{n}号楼", "楼栋", "c") for n in range(1, 89)),
    Place("u", "1单元", "单元", "b1"),
    Place("f", "101", "户", "u"),
    Place("road", "人民路", "road", "c"),
    Place("hole", "3号井", "manhole", "road"),
)


def drawn(places: tuple[Place, ...]) -> dict[str, list[str]]:
    return {group: sorted(tiles) for group, tiles in PlaceMap(community(places)).groups.items()}


def spots(community: Community, *places: str) -> list[tuple[str, str]]:
    return [(spot.group.name, spot.tile.name) for one in places if (spot := find_spot(community, one)) is not None]


def test_buildings_directly_under_a_community_are_all_drawn() -> None:
    """Row 10: 市南小区 (community > building) had no tile at all."""
    assert drawn(SHINAN) == {"c": sorted([*(f"b{n}" for n in range(1, 89)), "road"])}
    assert spots(community(SHINAN), "f", "hole", "c", "nowhere") == [
        ("市南小区", "1号楼"),
        ("市南小区", "人民路"),
        ("市南小区", "市南小区"),
    ]


def test_a_village_is_drawn_with_its_groups_and_a_compound_without_buildings_too() -> None:
    village = (
        Place("t", "青杠镇", "镇"),
        Place("v", "李家村", "村", "t"),
        Place("g", "三组", "组", "v"),
        Place("h", "12号", "农户", "g"),
        Place("y", "枫林苑", "小区", "t"),
        Place("y1", "101", "户", "y"),
    )

    assert drawn(village) == {"v": ["g"], "y": []}
    assert spots(community(village), "h", "y1") == [("李家村", "三组"), ("枫林苑", "101")]


def test_a_phase_of_a_compound_is_no_tile_beside_its_own_buildings() -> None:
    places = (
        Place("y", "枫林苑", "小区"),
        Place("p", "二期", "期", "y"),
        Place("b", "3栋", "栋", "p"),
        Place("school", "小学", "学校", "y"),
        Place("room", "201", "教室", "school"),
        Place("lone", "101", "户"),
        Place("grid", "网格", "网格", "y"),
    )

    assert drawn(places) == {"y": ["b", "school"], "lone": []}
    assert spots(community(places), "b", "room", "p", "lone", "grid") == [
        ("枫林苑", "3栋"),
        ("枫林苑", "小学"),
        ("枫林苑", "二期"),
        ("101", "101"),
        ("枫林苑", "网格"),
    ]
