"""`/places/summary`: the map of the wall, and the place of an alert on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from domain import HOUR, Device, Person, Place, Severity
from store.database import registry
from tests.support.console_harness import T0, Client, ConsoleHarness

SHINAN = (
    Place("c", "市南小区", "community"),
    *(Place(f"b{n}", f"{n}号楼", "楼栋", "c") for n in range(1, 89)),
    Place("u", "1单元", "单元", "b1"),
    Place("f", "101", "户", "u"),
    Place("road", "人民路", "road", "c"),
    Place("hole", "3号井", "manhole", "road"),
)


async def settled(
    harness: ConsoleHarness, *places: Place, people: tuple[Person, ...] = (), devices: tuple[Device, ...] = ()
) -> None:
    """The registry with these in place of the harness's own places."""

    def put(tx: Any) -> None:
        registry.put_people(tx, people, T0, replace=bool(people))
        registry.put_places(tx, places, T0, replace=True)
        registry.put_devices(tx, devices, T0)

    harness.database.write_blocking(put)
    await harness.load_community()


async def test_compounds_are_listed_worst_first(harness: ConsoleHarness, admin: Client) -> None:
    await harness.alert(severity=Severity.MEDIUM, device="band-101", rule="a", place="court-101")
    harness.now += HOUR
    await harness.alert()
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


async def test_a_district_is_listed_in_pages_none_twice(harness: ConsoleHarness, admin: Client) -> None:
    await settled(harness, *(Place(f"c{n}", f"{n}小区", "小区") for n in range(1221)))
    await harness.alert(device="gas-402", place="c700")
    seen: list[str] = []
    following = ""
    while following is not None:
        page = (await admin.get(f"/api/v1/places/summary?limit=500&next={following}")).json()
        seen += [one["id"] for one in page["items"]]
        following = page["next"]

    assert (len(seen), len(set(seen)), seen[0], page["places"]) == (1221, 1221, "c700", 1221)


async def test_a_token_for_a_building_sees_that_building_only(
    harness: ConsoleHarness, bearer: Callable[..., Any]
) -> None:
    await settled(harness, *SHINAN)
    keeper = await bearer("viewer", place="b7")
    got = (await keeper.get("/api/v1/places/summary?tiles=true")).json()

    assert [(one["id"], [tile["id"] for tile in one["tiles"]]) for one in got["items"]] == [("c", ["b7"])]
    assert got["places"] == 1


async def test_a_workers_link_may_not_read_the_map(harness: ConsoleHarness, admin: Client, anyone: Client) -> None:
    number = await harness.alert()
    link = (await admin.post(f"/api/v1/alerts/{number}/link", json={"person": "w-zhang"})).json()["link"]
    await anyone.post("/api/v1/session", json={"link": link})

    assert (await anyone.get("/api/v1/places/summary")).status_code == 403


async def test_an_alert_has_its_position_on_the_map_and_coordinates(harness: ConsoleHarness, admin: Client) -> None:
    located = Place("road", "人民路", "road", "c", "grid-3", 104.1, 30.6)
    await settled(harness, *(one for one in SHINAN if one.id != "road"), located)
    number = await harness.alert(device="band-101", place="hole")
    (item,) = (await admin.get("/api/v1/alerts")).json()["items"]
    detail = (await admin.get(f"/api/v1/alerts/{number}")).json()

    assert item["address"] == "人民路3号井"
    assert item["spot"] == {"group": {"id": "c", "name": "市南小区"}, "tile": {"id": "road", "name": "人民路"}}
    assert (detail["path"], detail["cell"]) == (["市南小区", "人民路", "3号井"], "grid-3")
    assert (detail["lon"], detail["lat"]) == (104.1, 30.6)
    stranger = await harness.alert(device="ghost", rule="ghost", place=None)
    lost = (await admin.get(f"/api/v1/alerts/{stranger}")).json()
    assert (lost["spot"], lost["path"], lost["lon"], lost["cell"]) == (None, [], None, None)
