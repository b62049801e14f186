"""C4, C8 on the screens: a tile for any tree, and who needs help for those who go there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from console.views.town_map import PlaceMap, find_spot
from domain import HOUR, Device, Person, Place, Severity, Subject
from domain.people import Community, community
from store.database import registry
from tests.support.console_harness import T0, Client, House

SHINAN = (
    Place("c", "市南小区", "community"),
    *(Place(f"b{n}", f"{n}号楼", "楼栋", "c") for n in range(1, 89)),
    Place("u", "1单元", "单元", "b1"),
    Place("f", "101", "户", "u"),
    Place("road", "人民路", "road", "c"),
    Place("hole", "3号井", "manhole", "road"),
)


async def settled(
    house: House, *places: Place, people: tuple[Person, ...] = (), devices: tuple[Device, ...] = ()
) -> None:
    """The registry with these in place of the house's own places."""

    def put(tx: Any) -> None:
        registry.put_people(tx, people, T0, replace=bool(people))
        registry.put_places(tx, places, T0, replace=True)
        registry.put_devices(tx, devices, T0)

    house.database.write_blocking(put)
    await house.settle()


def drawn(places: tuple[Place, ...]) -> dict[str, list[str]]:
    return {group: sorted(tiles) for group, tiles in PlaceMap(community(places)).groups.items()}


def spots(town: Community, *places: str) -> list[tuple[str, str]]:
    return [(spot.group.name, spot.tile.name) for one in places if (spot := find_spot(town, one)) is not None]


def test_a_community_that_holds_its_buildings_itself_is_drawn_with_all_of_them() -> None:
    """Row 10: 市南小区 (community > building) had no tile at all."""
    assert drawn(SHINAN) == {"c": sorted([*(f"b{n}" for n in range(1, 89)), "road"])}
    assert spots(community(SHINAN), "f", "hole", "c", "nowhere") == [
        ("市南小区", "1号楼"),
        ("市南小区", "人民路"),
        ("市南小区", "市南小区"),
    ]


def test_a_village_is_drawn_with_its_groups_and_a_compound_without_buildings_still_is() -> None:
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


async def test_the_wall_asks_for_compounds_and_gets_the_worst_first(house: House, admin: Client) -> None:
    await house.alert(severity=Severity.MEDIUM, device="band-101", rule="a", place="court-101")
    house.now += HOUR
    await house.alert()
    got = (await admin.get("/api/v1/places/summary")).json()

    assert got == {
        "items": [
            {
                "id": "garden",
                "name": "枫林苑",
                "level": "compound",
                "role": "compound",
                "open": 1,
                "worst": "critical",
                "tiles": 1,
            },
            {
                "id": "court",
                "name": "梧桐里",
                "level": "compound",
                "role": "compound",
                "open": 1,
                "worst": "medium",
                "tiles": 0,
            },
        ],
        "next": None,
        "places": 6,
    }
    tiles = (await admin.get("/api/v1/places/summary?tiles=true&place=garden")).json()["items"][0]["tiles"]
    assert tiles == [
        {"id": "b3", "name": "3栋", "level": "building", "role": "building", "open": 1, "worst": "critical"}
    ]


async def test_a_district_is_listed_in_pages_none_twice(house: House, admin: Client) -> None:
    await settled(house, *(Place(f"c{n}", f"{n}小区", "小区") for n in range(1221)))
    await house.alert(device="gas-402", place="c700")
    seen: list[str] = []
    following = ""
    while following is not None:
        page = (await admin.get(f"/api/v1/places/summary?limit=500&next={following}")).json()
        seen += [one["id"] for one in page["items"]]
        following = page["next"]

    assert (len(seen), len(set(seen)), seen[0], page["places"]) == (1221, 1221, "c700", 1221)


async def test_a_token_for_a_building_sees_that_building_only(house: House, bearer: Callable[..., Any]) -> None:
    await settled(house, *SHINAN)
    keeper = await bearer("viewer", place="b7")
    got = (await keeper.get("/api/v1/places/summary?tiles=true")).json()

    assert [(one["id"], [tile["id"] for tile in one["tiles"]]) for one in got["items"]] == [("c", ["b7"])]
    assert got["places"] == 1


async def test_a_workers_link_opens_no_map(house: House, admin: Client, anyone: Client) -> None:
    number = await house.alert()
    link = (await admin.post(f"/api/v1/alerts/{number}/link", json={"person": "w-zhang"})).json()["link"]
    await anyone.post("/api/v1/session", json={"link": link})

    assert (await anyone.get("/api/v1/places/summary")).status_code == 403


async def test_an_alert_says_where_it_stands_on_the_map_and_how_to_get_there(house: House, admin: Client) -> None:
    located = Place("road", "人民路", "road", "c", "grid-3", 104.1, 30.6)
    await settled(house, *(one for one in SHINAN if one.id != "road"), located)
    number = await house.alert(device="band-101", place="hole")
    (item,) = (await admin.get("/api/v1/alerts")).json()["items"]
    detail = (await admin.get(f"/api/v1/alerts/{number}")).json()

    assert item["address"] == "人民路3号井"
    assert item["spot"] == {"group": {"id": "c", "name": "市南小区"}, "tile": {"id": "road", "name": "人民路"}}
    assert (detail["path"], detail["cell"]) == (["市南小区", "人民路", "3号井"], "grid-3")
    assert (detail["lon"], detail["lat"]) == (104.1, 30.6)
    stranger = await house.alert(device="ghost", rule="ghost", place=None)
    lost = (await admin.get(f"/api/v1/alerts/{stranger}")).json()
    assert (lost["spot"], lost["path"], lost["lon"], lost["cell"]) == (None, [], None, None)


ELDER = Person(
    "elder",
    "王桂芳",
    "19900002222",
    home="b3-402",
    attributes={"age": 82, "lives_alone": True, "illness": "糖尿病", "hearing": "重听", "away": False, "shoe_size": 37},
)
FAMILY = (
    Person("son", "王建国", "19900003333", attributes={"family_of": "elder", "relation": "儿子"}),
    Person("far", "王远", attributes={"family_of": "elder"}),
)
NEEDED = [
    ("age", "年龄", 82),
    ("illness", "病史", "糖尿病"),
    ("lives_alone", "独居", True),
    ("hearing", "听力", "重听"),
]
RINGABLE = [
    {"name": "王桂芳", "role": "resident", "phone": "19900002222"},
    {"name": "王建国", "role": "family", "phone": "19900003333", "relation": "儿子"},
]
BAND = Device("band-9", "wristband", attributes={"person": "elder"})


async def with_elder(house: House, **changes: Any) -> str:
    def put(tx: Any) -> None:
        registry.put_people(tx, [ELDER, *FAMILY], T0)
        registry.put_devices(tx, [BAND], T0)

    house.database.write_blocking(put)
    await house.settle()
    about = {
        "subject": Subject("person", "elder"),
        "place": "b3-402",
        "hazard": "person",
        "title": "求救",
        "rule": "sos",
    }
    return await house.alert(**{"device": "band-9", **about, **changes})


def told(detail: dict[str, Any]) -> tuple[list[str], list[Any], list[Any]]:
    care = [(one["name"], one["label"], one["value"]) for who in detail["concerned"] for one in who["care"]]
    return [one["name"] for one in detail["concerned"]], care, detail["contacts"]


@pytest.mark.parametrize(
    "about",
    [
        {"subject": Subject("person", "elder")},
        {"subject": Subject("device", "band-9")},
        {"subject": Subject("device", "band-9"), "place": None},
    ],
    ids=["subject person", "device of the person", "device without a place"],
)
async def test_the_page_of_an_sos_says_who_it_is_what_matters_and_whom_to_ring(
    house: House, admin: Client, about: dict[str, Any]
) -> None:
    number = await with_elder(house, **about)
    detail = (await admin.get(f"/api/v1/alerts/{number}")).json()

    assert told(detail) == (["王桂芳"], NEEDED, RINGABLE)
    assert detail["concerned"][0]["care"][0]["label_en"] == "age"


async def test_a_leak_in_a_flat_says_who_lives_there(house: House, admin: Client) -> None:
    number = await with_elder(house, device=None, subject=Subject("household", "b3-402"))

    assert told((await admin.get(f"/api/v1/alerts/{number}")).json())[0] == ["王桂芳", "王小明"]


async def test_the_workers_link_shows_what_he_needs_and_the_family_can_be_rung(
    house: House, admin: Client, anyone: Client
) -> None:
    """The contacts of the page that a worker opens from his card were always empty."""
    number = await with_elder(house)
    link = (await admin.post(f"/api/v1/alerts/{number}/link", json={"person": "w-zhang"})).json()["link"]
    await anyone.post("/api/v1/session", json={"link": link})

    assert told((await anyone.get(f"/api/v1/alerts/{number}")).json()) == (["王桂芳"], NEEDED, RINGABLE)


async def test_a_viewer_and_a_worker_who_was_not_called_see_a_masked_name_only(
    house: House, bearer: Callable[..., Any]
) -> None:
    number = await with_elder(house)
    masked = (["王**"], [], [])

    for role, limits in (("viewer", {}), ("worker", {"person": "far"}), ("worker", {})):
        reader = await bearer(role, **limits)
        answer = await reader.get(f"/api/v1/alerts/{number}")
        assert told(answer.json()) == masked
        assert "19900002222" not in answer.text
        assert "王桂芳" not in answer.text


async def test_the_worker_who_was_called_and_the_one_who_took_it_see_her(
    house: House, admin: Client, bearer: Any
) -> None:
    number = await with_elder(house)
    called, other = await bearer("worker", person="w-zhang"), await bearer("worker", person="w-li")

    assert told((await called.get(f"/api/v1/alerts/{number}")).json())[0] == ["王桂芳"]
    await admin.post(f"/api/v1/alerts/{number}/acknowledge", json={"person": "w-li"})
    assert told((await other.get(f"/api/v1/alerts/{number}")).json())[0] == ["王桂芳"]


async def test_a_contact_written_in_the_persons_own_row_is_rung_too_and_nobody_twice(
    house: House, admin: Client
) -> None:
    number = await with_elder(house)
    rows = {"contact_phone": 19900004444, "contact_relation": "女儿", "care": "一级"}
    again = {"contact_phone": "19900002222"}
    people = [
        Person("elder", "王桂芳", "19900002222", home="b3-402", attributes=rows),
        Person("r-wang", "王小明", home="b3-402", attributes=again),
    ]
    house.database.write_blocking(lambda tx: registry.put_people(tx, people, T0))
    await house.settle()
    detail = (await admin.get(f"/api/v1/alerts/{number}")).json()

    assert detail["contacts"][-1] == {"name": "女儿", "role": "family", "phone": "19900004444", "relation": "女儿"}
    flat = await house.alert(device="gas-402", rule="gas")
    phones = [one["phone"] for one in (await admin.get(f"/api/v1/alerts/{flat}")).json()["contacts"]]
    assert len(phones) == len(set(phones)) == 3
