"""`/places`, `/cells`, `/people`, `/rosters`, `/rules`, `/kinds`, `/refusals`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.console_harness import Client, ConsoleHarness

ROWS: dict[str, dict[str, Any]] = {
    "places": {"id": "b5", "name": "5栋", "level": "building", "parent": "garden", "cell": "grid-3"},
    "cells": {"id": "grid-5", "name": "第五网格", "level": "grid", "parent": "grid-3"},
    "people": {"id": "w-zhao", "name": "赵六", "phone": "19900000009", "home": "b3-402"},
    "rosters": {"id": "d-9", "cell": "grid-3", "role": "worker", "person": "w-li", "from": "20:00", "to": "08:00"},
}


async def test_places_have_the_fields_of_the_contract(admin: Client) -> None:
    found = {one["id"]: one for one in (await admin.get("/api/v1/places")).json()["items"]}

    assert {name: found["b3"][name] for name in ("id", "name", "level", "parent")} == {
        "id": "b3",
        "name": "3栋",
        "level": "building",
        "parent": "garden",
    }


@pytest.mark.parametrize("path", ROWS)
async def test_a_row_is_created_once_and_takes_effect_before_the_answer(
    harness: ConsoleHarness, admin: Client, path: str
) -> None:
    row = ROWS[path]
    created = await admin.post(f"/api/v1/{path}", json=row)
    again = await admin.post(f"/api/v1/{path}", json=row)
    one = await admin.get(f"/api/v1/{path}/{row['id']}")

    assert (created.status_code, again.status_code, harness.reloads) == (201, 200, 1)
    assert one.json() == created.json()
    assert {name: one.json()[name] for name in row} == row


@pytest.mark.parametrize("path", ROWS)
async def test_a_row_that_exists_otherwise_is_a_conflict_and_put_changes_it(admin: Client, path: str) -> None:
    row = ROWS[path]
    changed = {**row, "name": "另一个"} if "name" in row else {**row, "rank": 1}
    await admin.post(f"/api/v1/{path}", json=row)

    assert (await admin.post(f"/api/v1/{path}", json=changed)).status_code == 409
    assert (await admin.put(f"/api/v1/{path}/{row['id']}", json=changed)).status_code == 200
    assert (await admin.put(f"/api/v1/{path}/new", json={**row, "id": "new"})).status_code == 201
    assert (await admin.put(f"/api/v1/{path}/other", json=row)).status_code == 422


@pytest.mark.parametrize("path", ROWS)
async def test_a_row_is_removed(harness: ConsoleHarness, admin: Client, path: str) -> None:
    await admin.post(f"/api/v1/{path}", json=ROWS[path])

    assert (await admin.delete(f"/api/v1/{path}/{ROWS[path]['id']}")).status_code == 204
    assert (await admin.delete(f"/api/v1/{path}/{ROWS[path]['id']}")).status_code == 404
    assert (await admin.get(f"/api/v1/{path}/{ROWS[path]['id']}")).status_code == 404
    assert harness.reloads == 2


@pytest.mark.parametrize(
    ("path", "changes", "field"),
    [
        ("places", {"parent": "atlantis"}, "parent"),
        ("places", {"cell": "atlantis"}, "cell"),
        ("places", {"parent": "b5"}, "parent"),
        ("places", {"lat": 91}, "lat"),
        ("places", {"name": ""}, "name"),
        ("cells", {"parent": "atlantis"}, "parent"),
        ("cells", {"parent": "grid-5"}, "parent"),
        ("people", {"home": "atlantis"}, "home"),
        ("people", {"phone": "call me"}, "phone"),
        ("rosters", {"cell": "atlantis"}, "cell"),
        ("rosters", {"person": "nobody"}, "person"),
        ("rosters", {"role": "king"}, "role"),
        ("rosters", {"from": "25:00"}, "from"),
        ("rosters", {"weekdays": [0]}, "weekdays[0]"),
        ("rosters", {"since": "soon"}, "since"),
    ],
)
async def test_every_error_names_its_field(admin: Client, path: str, changes: dict[str, Any], field: str) -> None:
    response = await admin.post(f"/api/v1/{path}", json={**ROWS[path], **changes})

    assert response.status_code == 422
    assert [one["field"] for one in response.json()["errors"]] == [field]


async def test_rows_of_one_request_may_refer_to_each_other(admin: Client) -> None:
    tower = {"id": "t", "name": "塔楼", "level": "building", "parent": None}
    flat = {"id": "t-1", "name": "101", "level": "household", "parent": "t"}
    response = await admin.post("/api/v1/places", json=[flat, tower])

    assert (response.status_code, [one["id"] for one in response.json()["items"]]) == (201, ["t-1", "t"])
    assert (await admin.post("/api/v1/places", json=[tower, tower])).status_code == 422


async def test_a_duty_keeps_its_hours_and_its_period(admin: Client) -> None:
    duty = {**ROWS["rosters"], "weekdays": [6, 7], "since": "2026-11-21T00:00:00+08:00", "until": None, "absent": True}
    shown = (await admin.post("/api/v1/rosters", json=duty)).json()

    assert (shown["from"], shown["to"], shown["weekdays"]) == ("20:00", "08:00", [6, 7])
    assert (shown["since"], shown["until"], shown["absent"]) == ("2026-11-21T00:00:00.000+08:00", None, True)


@pytest.mark.parametrize("until", ["2026-11-21T00:00:00+08:00", "2026-11-20T00:00:00+08:00"])
async def test_a_duty_that_ends_when_it_begins_is_refused_as_in_a_file(admin: Client, until: str) -> None:
    duty = {**ROWS["rosters"], "since": "2026-11-21T00:00:00+08:00", "until": until}

    assert (await admin.post("/api/v1/rosters", json=duty)).status_code == 422


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("places?level=compound", ["court", "garden"]),
        ("places?parent=b3", ["b3-402"]),
        ("people?home=b3-402", ["r-wang"]),
        ("rosters?role=lead", ["d-2"]),
        ("rosters?person=w-zhang&cell=grid-3", ["d-1"]),
        ("cells?level=grid", ["grid-3", "grid-4"]),
    ],
)
async def test_resources_are_filtered(admin: Client, query: str, found: list[str]) -> None:
    assert [one["id"] for one in (await admin.get(f"/api/v1/{query}")).json()["items"]] == found


async def test_places_are_shown_page_by_page(admin: Client) -> None:
    found: list[str] = []
    query: dict[str, Any] = {"limit": 4}
    for _ in range(5):
        page = (await admin.get("/api/v1/places", params=query)).json()
        found += [one["id"] for one in page["items"]]
        if page["next"] is None:
            break
        query["next"] = page["next"]

    assert found == ["b3", "b3-402", "court", "court-101", "garden", "street"]


async def test_residents_are_masked_for_viewers_and_workers(bearer: Callable[..., Any]) -> None:
    seen = {}
    for role in ("viewer", "operator"):
        items = (await (await bearer(role)).get("/api/v1/people")).json()["items"]
        seen[role] = {one["id"]: (one["name"], one["phone"], one["attributes"]) for one in items}

    assert seen["operator"]["r-wang"] == ("王小明", "19900001111", {"age": 81, "lives_alone": True})
    assert seen["viewer"]["r-wang"] == ("王**", "199****1111", {})
    assert seen["viewer"]["w-zhang"] == ("张三", "199****0001", {})


async def test_a_token_for_a_place_sees_its_places_and_residents(bearer: Callable[..., Any]) -> None:
    court = await bearer("operator", place="court")

    assert [one["id"] for one in (await court.get("/api/v1/places")).json()["items"]] == ["court", "court-101"]
    assert (await court.get("/api/v1/places/garden")).status_code == 404
    assert "r-wang" not in [one["id"] for one in (await court.get("/api/v1/people")).json()["items"]]


async def test_what_concerns_the_whole_site_is_not_for_a_token_limited_to_a_place(bearer: Callable[..., Any]) -> None:
    court = await bearer("administrator", place="court")

    assert (await court.post("/api/v1/places", json=ROWS["places"])).status_code == 403
    assert (await court.post("/api/v1/rosters", json=ROWS["rosters"])).status_code == 403
    for path in ("refusals", "audit", "tokens"):
        assert (await court.get(f"/api/v1/{path}")).status_code == 403


async def test_a_dispatcher_may_change_rosters_only(bearer: Callable[..., Any]) -> None:
    dispatcher = await bearer("dispatcher")

    assert (await dispatcher.post("/api/v1/rosters", json=ROWS["rosters"])).status_code == 201
    for path in ("places", "people", "cells"):
        assert (await dispatcher.post(f"/api/v1/{path}", json=ROWS[path])).status_code == 403
