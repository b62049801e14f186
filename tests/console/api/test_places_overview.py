"""`/places/overview`: the map of any place tree, one step at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from domain import Place, Severity
from domain.geo import to_gcj02
from domain.geometry import Geometry
from tests.console.api.test_places_summary import SHINAN, settled
from tests.support.console_harness import Client, ConsoleHarness

SQUARE = Geometry("Polygon", [[(104.0, 30.0), (104.1, 30.0), (104.1, 30.1), (104.0, 30.0)]])


async def overview(client: Client, place: str | None = None) -> Any:
    got = await client.get("/api/v1/places/overview", params={} if place is None else {"place": place})
    assert got.status_code == 200, got.text
    return got.json()


async def test_a_user_whose_place_was_removed_gets_an_empty_map(
    harness: ConsoleHarness, admin: Client, bearer: Callable[..., Any]
) -> None:
    await harness.alert()
    shed = {"id": "shed", "name": "车棚", "level": "building", "parent": "garden"}
    assert (await admin.post("/api/v1/places", json=shed)).status_code == 201
    keeper = await bearer("viewer", place="shed")
    assert (await admin.delete("/api/v1/places/shed")).status_code == 204
    left = await overview(keeper)
    assert (left["items"], left["places"], left["elsewhere"], left["path"]) == ([], 0, 0, [])


async def test_the_map_begins_where_there_is_a_choice_and_leads_down_to_the_door(
    harness: ConsoleHarness, admin: Client
) -> None:
    await harness.alert()
    harness.outlines = {"garden": SQUARE}

    whole = await overview(admin)
    assert (whole["place"], [one["name"] for one in whole["path"]]) == ("street", ["枫林街道"])
    garden, court = whole["items"]
    assert garden == {
        "id": "garden",
        "name": "枫林苑",
        "level": "compound",
        "role": "compound",
        "open": 1,
        "worst": "critical",
        "untaken": 1,
        "stale": 0,
        "shelved": 0,
        "places": 2,
        "geometry": {"type": "Polygon", "coordinates": [[[104.0, 30.0], [104.1, 30.0], [104.1, 30.1], [104.0, 30.0]]]},
    }
    assert (court["id"], court["open"], court["worst"], court["geometry"]) == ("court", 0, None, None)

    inside = await overview(admin, "garden")
    assert [one["id"] for one in inside["path"]] == ["street", "garden"]
    assert [(one["id"], one["open"]) for one in inside["items"]] == [("b3", 1)]
    door = await overview(admin, "b3")
    assert ([(one["id"], one["worst"]) for one in door["items"]], door["quiet"]) == ([("b3-402", "critical")], 0)
    there = await overview(admin, "b3-402")
    assert (there["items"], there["open_here"]) == ([], 1)


async def test_an_alert_names_the_places_around_it_so_that_the_map_follows_the_stream(
    harness: ConsoleHarness, admin: Client
) -> None:
    await harness.alert()

    (item,) = (await admin.get("/api/v1/alerts")).json()["items"]

    assert item["place_path"] == ["street", "garden", "b3", "b3-402"]


async def test_a_shelved_danger_is_shown_as_such_and_colours_nothing(harness: ConsoleHarness, admin: Client) -> None:
    alert = await harness.alert()
    body = {"reason": "维修", "until": "2026-11-21T22:30:00+08:00", "person": "w-zhang"}
    shelved = await admin.post(f"/api/v1/alerts/{alert}/shelve", json=body)
    assert shelved.status_code == 200, shelved.text

    garden = (await overview(admin))["items"][0]

    assert (garden["id"], garden["open"], garden["worst"], garden["shelved"]) == ("garden", 0, None, 1)


async def test_small_places_are_listed_only_while_something_is_open_there(
    harness: ConsoleHarness, admin: Client
) -> None:
    point = Place("lamp", "1号灯", "spot", "road", lon=104.0653, lat=30.5609)
    await settled(harness, *SHINAN, point)
    road = await overview(admin, "road")
    assert (road["items"], road["quiet"]) == ([], 2)

    await harness.alert(place="lamp")

    road = await overview(admin, "road")
    assert ([one["id"] for one in road["items"]], road["quiet"]) == (["lamp"], 1)
    lon, lat = road["items"][0]["geometry"]["coordinates"]
    assert to_gcj02((lat, lon)) == pytest.approx((30.5609, 104.0653), abs=2e-6), "WGS-84"
    assert len((await overview(admin))["items"]) == 89, "88 buildings and the road, of one community"


async def test_dangers_outside_the_tree_are_counted(harness: ConsoleHarness, admin: Client) -> None:
    await settled(harness, Place("a", "甲村", "village"), Place("b", "乙村", "village"))
    await harness.alert(place="gone")

    whole = await overview(admin)

    assert (whole["place"], whole["path"], whole["elsewhere"], whole["places"]) == (None, [], 1, 2)


async def test_a_user_limited_to_a_place_sees_nothing_above_it_or_beside_it(
    harness: ConsoleHarness, admin: Client, bearer: Callable[..., Any]
) -> None:
    await harness.alert()
    keeper = await bearer("viewer", place="garden")

    whole = await overview(keeper)

    assert ([one["id"] for one in whole["path"]], [one["id"] for one in whole["items"]]) == (["garden"], ["b3"])
    for place in ("court", "street", "no-such-place"):
        assert (await keeper.get(f"/api/v1/places/overview?place={place}")).status_code == 404


async def test_worst_first_then_the_most(harness: ConsoleHarness, admin: Client) -> None:
    await harness.alert(severity=Severity.MEDIUM, device="band-101", rule="a", place="court-101")
    await harness.alert(severity=Severity.HIGH)

    assert [(one["id"], one["worst"]) for one in (await overview(admin))["items"]] == [
        ("garden", "high"),
        ("court", "medium"),
    ]
