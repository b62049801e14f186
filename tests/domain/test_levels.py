"""Level names of any tree: which level is the building and which the household, and addresses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import Device, Person, Place, Subject
from domain.addresses import shortened
from domain.care import CARE, matters, neediest
from domain.levels import AREAS, Because, LevelRole, named_role
from domain.people import Community, community
from domain.places import self_and_ancestors


def tree(*rows: tuple[str, str, str | None], people: tuple[Person, ...] = (), **levels: LevelRole) -> Community:
    """Places as (name, level, parent); the name is the id."""
    return community([Place(name, name, level, parent) for name, level, parent in rows], people=people, levels=levels)


def roles(registry: Community) -> dict[str, str]:
    return {level: level_found.role.value for level, level_found in registry.levels.items()}


SHINAN = (
    ("市南小区", "community", None),
    ("1号楼", "楼栋", "市南小区"),
    ("1单元", "单元", "1号楼"),
    ("101", "户", "1单元"),
)


def test_a_flat_of_loudong_danyuan_hu_has_an_address_a_building_and_a_household() -> None:
    registry = tree(*SHINAN)

    assert registry.address("101") == "市南小区1号楼1单元101"
    assert (registry.building_of("101").id, registry.household_of("101").id) == ("1号楼", "101")


def test_the_address_of_a_manhole_contains_its_road() -> None:
    registry = tree(("枫树社区", "社区", None), ("枫树路", "road", "枫树社区"), ("3号井", "manhole", "枫树路"))

    assert registry.address("枫树路") == "枫树路"
    assert registry.address("3号井") == "枫树路3号井"
    assert registry.building_of("3号井") is None


def test_the_address_of_a_point_contains_its_street() -> None:
    assert tree(("人民路", "street", None), ("9号灯杆", "灯杆", "人民路")).address("9号灯杆") == "人民路9号灯杆"


def test_a_shop_is_a_household() -> None:
    registry = tree(("枫林苑", "小区", None), ("1栋", "栋", "枫林苑"), ("老王火锅店", "沿街商铺", "1栋"))

    assert registry.address("老王火锅店") == "枫林苑1栋老王火锅店"
    assert registry.household_of("老王火锅店").id == "老王火锅店"


def test_an_address_in_a_village_contains_village_group_and_house() -> None:
    registry = tree(
        ("青杠镇", "镇", None), ("李家村", "村", "青杠镇"), ("三组", "组", "李家村"), ("12号", "农户", "三组")
    )

    assert registry.address("12号") == "李家村三组12号"
    assert (registry.building_of("12号"), registry.household_of("12号").id) == (None, "12号")


def test_a_grid_between_compound_and_building_is_in_no_address() -> None:
    registry = tree(
        ("金马", "街道", None), ("A区", "小区", "金马"), ("第3网格", "网格", "A区"), ("3栋", "栋", "第3网格")
    )

    assert registry.address("3栋") == "A区3栋"


def test_a_building_below_a_grid_below_a_community_is_read_with_the_community() -> None:
    registry = tree(("望泉里", "社区", None), ("一网格", "网格", "望泉里"), ("3号楼", "楼", "一网格"))

    assert registry.address("3号楼") == "望泉里3号楼"


@pytest.mark.parametrize(
    ("level", "role"),
    [
        ("楼幢", "building"),
        ("Building", "building"),
        ("apartment-block", "building"),
        ("loudong", "building"),
        ("老旧小区", "compound"),
        ("xiaoqu", "compound"),
        ("自然村", "compound"),
        ("Unit", "unit"),
        ("楼道", "unit"),
        ("楼层", "floor"),
        ("hu", "household"),
        ("Flat", "household"),
        ("临街店铺", "household"),
        ("病房", "room"),
        ("村民小组", "zone"),
        ("二级网格", "grid"),
        ("锦江区县", "area"),
        ("幼儿园", "facility"),
        ("雨水泵站", "facility"),
        ("支路", "road"),
        ("监测点", "spot"),
        ("商业区", None),
        ("甲", None),
        ("x y", None),
    ],
)
def test_the_role_of_a_level_by_its_name(level: str, role: str | None) -> None:
    assert named_role(level) == role


def test_levels_with_unknown_names_are_recognised_by_their_position() -> None:
    registry = tree(
        ("枫溪", "甲", None),
        ("枫林苑", "乙", "枫溪"),
        ("3栋", "丙", "枫林苑"),
        ("2单元", "丁", "3栋"),
        ("402", "戊", "2单元"),
        people=(Person("p", "王奶奶", home="402"),),
    )

    assert roles(registry) == {"戊": "household", "丁": "building", "丙": "compound", "乙": "zone", "甲": "compound"}
    assert registry.address("402") == "枫溪枫林苑3栋2单元402"


@pytest.mark.parametrize(
    ("rows", "level", "role"),
    [
        ([("a", "X", None), ("b", "compound", "a")], "X", "area"),
        ([("a", "X", None), ("b", "road", "a")], "X", "area"),
        ([("a", "X", None), ("b", "building", "a")], "X", "compound"),
        ([("a", "小区", None), ("b", "X", "a"), ("c", "building", "b")], "X", "zone"),
        ([("a", "X", None), ("b", "unit", "a")], "X", "building"),
        ([("a", "X", None), ("b", "household", "a")], "X", "building"),
        ([("a", "building", None), ("b", "X", "a"), ("c", "household", "b")], "X", "unit"),
        ([("a", "building", None), ("b", "X", "a"), ("c", "unit", "b")], "X", "zone"),
        ([("a", "X", None), ("b", "room", "a")], "X", "household"),
        ([("a", "building", None), ("b", "X", "a")], "X", "household"),
        ([("a", "household", None), ("b", "X", "a")], "X", "room"),
        ([("a", "road", None), ("b", "X", "a")], "X", "spot"),
        ([("a", "X", "gone")], "X", "zone"),
        ([("a", "门牌", None), ("b", "户", "a")], "门牌", "building"),
        ([("a", "apartment", None), ("b", "floor", "a")], "apartment", "building"),
        ([("a", "商铺", None), ("b", "厨房", "a")], "商铺", "household"),
        ([("a", "X", "b"), ("b", "Y", "a")], "X", "zone"),
        ([("a", "X", None), ("b", "X", "a"), ("c", "building", "b")], "X", "compound"),
    ],
)
def test_the_role_of_a_level_by_its_position(rows: list[tuple[str, str, str | None]], level: str, role: str) -> None:
    assert roles(tree(*rows))[level] == role


def test_a_level_without_an_analysis_has_the_role_of_its_name() -> None:
    registry = Community({"a": Place("a", "3栋", "栋"), "b": Place("b", "二", "甲", "a")}, {}, {}, ())

    assert (registry.building_of("b").id, registry.role_of(registry.places["b"])) == ("a", LevelRole.ZONE)


def test_a_leaf_with_residents_is_a_household_and_a_declared_role_applies() -> None:
    with_resident = tree(
        ("苑", "小区", None), ("院", "X", "苑"), people=(Person("p", "王", home="院"), Person("q", "李", home="?"))
    )

    assert roles(with_resident)["X"] == "household"
    assert tree(("苑", "小区", None), ("院", "X", "苑"), X=LevelRole.FACILITY).levels["X"].because is Because.DECLARED
    assert tree(("苑", "小区", None), ("院", "X", "苑")).levels["X"].because is Because.UNKNOWN


def test_a_facility_is_a_building_and_its_room_a_household() -> None:
    registry = tree(("枫溪小学", "学校", None), ("201", "教室", "枫溪小学"))

    assert (registry.building_of("201").id, registry.household_of("201").id) == ("枫溪小学", "201")


def test_a_home_of_another_level_is_a_household_unless_it_is_a_whole_compound() -> None:
    people = (Person("p", "王", home="1栋"), Person("q", "李", home="枫林苑"), Person("r", "赵", home="梧桐里"))
    registry = tree(("枫林苑", "小区", None), ("1栋", "别墅", "枫林苑"), ("梧桐里", "小区", None), people=people)

    assert (registry.household_of("1栋").id, registry.household_of("枫林苑"), registry.household_of("梧桐里")) == (
        "1栋",
        None,
        None,
    )
    assert (registry.household_of(None), registry.household_of("nowhere")) == (None, None)


def test_the_compound_is_the_compound_else_the_area_else_the_outermost() -> None:
    registry = tree(*SHINAN, ("苑", "小区", "市南小区"), ("2栋", "栋", "苑"), ("孤楼", "楼", None))

    assert [registry.compound_of(place).id for place in ("101", "2栋", "孤楼")] == ["市南小区", "苑", "孤楼"]
    assert registry.compound_of("nowhere") is None


@pytest.mark.parametrize(
    ("names", "address"),
    [
        (("枫林苑", "枫林苑3栋", "402"), "枫林苑3栋402"),
        (("枫林苑", "3栋", "枫林苑3栋402"), "枫林苑3栋402"),
        (("枫林苑", "3栋", "3栋2单元402"), "枫林苑3栋2单元402"),
        (("枫林苑", "枫林苑"), "枫林苑"),
        (("枫林苑", "3号", "3号"), "枫林苑3号3号"),
        (("枫林苑", "2号", "2号房"), "枫林苑2号2号房"),
        (("枫林苑", "3", "2", "402"), "枫林苑3-2-402"),
        (("枫林苑", "3", "3-402"), "枫林苑3-402"),
        (("枫林苑", "1", "101"), "枫林苑1-101"),
        (("一单元", "一单元一号"), "一单元一单元一号"),
        (("三里屯", "三里屯东区"), "三里屯东区"),
        (("Maple Court", "Block 3", "402"), "Maple Court Block 3-402"),
        (("无", "3栋"), "3栋"),
    ],
)
def test_names_are_joined_without_repetition(names: tuple[str, ...], address: str) -> None:
    levels = ("小区", "楼", "单元", "户")
    places = [Place(str(n), name, levels[n], str(n - 1) if n else None) for n, name in enumerate(names)]

    assert community(places).address(str(len(names) - 1)) == address


def test_a_place_without_a_name_has_its_id_as_address() -> None:
    places = [Place("yard-7", "无", "小区"), Place("street", "枫溪街道", "街道"), Place("none", "无", "户", "street")]

    assert [community(places).address(place) for place in ("yard-7", "street", "none", "?")] == [
        "yard-7",
        "枫溪街道",
        "枫溪街道",
        "",
    ]


_LEVELS = st.sampled_from(["街道", "community", "网格", "小区", "楼", "甲", "unit", "户", "路", "乙", "房间", "spot"])


@given(
    st.lists(st.tuples(_LEVELS, st.integers(-1, 11), st.sampled_from(["无", "3", "3栋", "枫林苑", "A"])), max_size=12)
)
def test_a_place_that_exists_always_has_an_address_whatever_the_tree(rows: list[tuple[str, int, str]]) -> None:
    """Also with loops, missing parents and unknown levels; all names below the areas are kept, the own name last."""
    registry = community(
        [
            Place(str(n), name, level, None if parent < 0 else str(parent))
            for n, (level, parent, name) in enumerate(rows)
        ]
    )

    for place in registry.places.values():
        address = registry.address(place.id)
        assert address
        names_in_address = [
            node.name for node in self_and_ancestors(registry.places, place.id) if registry.role_of(node) not in AREAS
        ]
        assert all(name in address for name in names_in_address if name != "无")
        if place.name != "无" and registry.role_of(place) not in AREAS:
            assert address.endswith(place.name)


def test_an_address_is_cut_at_its_beginning_and_never_inside_a_number() -> None:
    """13号楼 without its first digit is 3号楼, another building."""
    address = "枫林苑13号楼2单元402"

    assert [shortened(address, max_length) for max_length in (13, 11, 10, 9, 8, 4, 3, 2)] == [
        address,
        "苑13号楼2单元402",
        "13号楼2单元402",
        "2单元402",
        "2单元402",
        "元402",
        "402",
        "02",
    ]
    assert shortened("第十三村民小组", 5) == "村民小组"


def test_family_members_are_those_who_name_the_person(family_registry: Community) -> None:
    elder = family_registry.people["elder"]

    assert [person.name for person in family_registry.family_of(elder)] == ["王建国"]
    assert family_registry.family_of(family_registry.people["son"]) == ()


@pytest.fixture
def family_registry() -> Community:
    return community(people=[Person("elder", "王桂芳"), Person("son", "王建国", attributes={"family_of": "elder"})])


def test_false_and_empty_attributes_are_left_out_and_the_person_most_in_need_is_named() -> None:
    elder = Person("elder", "王桂芳", attributes={"age": 82, "lives_alone": True})
    son = Person("son", "王建国", attributes={"age": 0, "lives_alone": False, "care": ""})

    assert (matters(elder, CARE), matters(son, CARE)) == ([("age", 82), ("lives_alone", True)], [("age", 0)])
    assert (neediest((son, elder), tuple(CARE)), neediest((), ())) == (elder, None)


BAND = Device("band-1", "wristband", attributes={"person": "p"})
PEOPLE = (Person("p", "王奶奶", home="101"), Person("q", "李爷爷", home="101"), Person("r", "无家", home=None))


def test_a_wristband_without_a_place_is_at_the_home_of_its_wearer() -> None:
    registry = tree(*SHINAN, people=PEOPLE)

    assert registry.place_of(BAND) == "101"
    assert registry.place_of(Device("d", "door", place="1号楼", attributes={"person": "p"})) == "1号楼"
    assert (
        registry.place_of(Device("d", "door")),
        registry.place_of(Device("d", "x", attributes={"person": "r"})),
    ) == (
        None,
        None,
    )


def test_a_manhole_in_a_compound_affects_none_of_its_residents() -> None:
    residents = tuple(Person(f"p{n}", "王", home="枫林苑") for n in range(200))
    registry = tree(("枫林苑", "小区", None), people=residents)

    assert registry.concerned(Subject("device", "hole"), Device("hole", "manhole", place="枫林苑"), "枫林苑") == ()


def test_affected_people_are_the_subject_the_wearer_or_the_residents() -> None:
    registry = tree(*SHINAN, ("厨房", "厨房", "101"), people=PEOPLE)

    def names(subject: Subject, device: Device | None, place: str | None) -> str:
        return "".join(person.name for person in registry.concerned(subject, device, place))

    assert names(Subject("person", "q"), None, "101") == "李爷爷"
    assert names(Subject("device", "band-1"), BAND, "101") == "王奶奶"
    assert names(Subject("device", "gas-1"), Device("gas-1", "gas_alarm"), "厨房") == "王奶奶李爷爷"
    assert names(Subject("building", "1号楼"), None, "1号楼") == ""
    assert names(Subject("device", "gone"), None, "nowhere") == ""
