"""`/devices`: the registry of devices over the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.console_harness import DEVICES, Client, ConsoleHarness

NEW = {
    "id": "gas-900",
    "kind": "gas_alarm",
    "model": "HS1CG",
    "place": "b3-402",
    "identities": [{"platform": "zigbee2mqtt", "id": "0x00158d0001a2b3c4"}],
    "attributes": {"floor": 4, "vendor": "HEIMAN", "valve": True, "height_m": 0.3},
}


async def test_a_device_is_registered_and_takes_effect_before_the_answer(
    harness: ConsoleHarness, admin: Client
) -> None:
    response = await admin.post("/api/v1/devices", json=NEW)

    assert (response.status_code, response.json()) == (201, NEW)
    assert harness.reloads == 1
    assert (await admin.get("/api/v1/devices/gas-900")).json() == NEW


async def test_registering_the_same_device_again_changes_nothing(harness: ConsoleHarness, admin: Client) -> None:
    await admin.post("/api/v1/devices", json=NEW)
    response = await admin.post("/api/v1/devices", json=NEW)

    assert (response.status_code, response.json()) == (200, NEW)
    assert harness.reloads == 1


async def test_only_id_and_kind_are_needed(admin: Client) -> None:
    response = await admin.post("/api/v1/devices", json={"id": "d", "kind": "door", "place": None})

    assert response.status_code == 201
    assert response.json() == {
        "id": "d",
        "kind": "door",
        "model": None,
        "place": None,
        "identities": [],
        "attributes": {},
    }


async def test_a_list_is_registered_as_a_whole_or_not_at_all(admin: Client) -> None:
    two = [{"id": "a", "kind": "door"}, {"id": "b", "kind": "door"}]
    wrong = [*two, {"id": "c", "kind": "dragon"}]

    refused = await admin.post("/api/v1/devices", json=wrong)
    assert refused.status_code == 422
    assert [one["field"] for one in refused.json()["errors"]] == ["[2].kind"]
    assert (await admin.get("/api/v1/devices/a")).status_code == 404

    created = await admin.post("/api/v1/devices", json=two)
    assert created.status_code == 201
    assert [one["id"] for one in created.json()["items"]] == ["a", "b"]
    assert (await admin.post("/api/v1/devices", json=[*two, {"id": "c", "kind": "bin"}])).status_code == 201
    assert (await admin.post("/api/v1/devices", json=two)).status_code == 200


async def test_an_identity_that_is_taken_is_a_conflict_that_names_its_holder(
    harness: ConsoleHarness, admin: Client
) -> None:
    taken = {**NEW, "identities": [{"platform": "zigbee2mqtt", "id": "kitchen-402"}]}
    response = await admin.post("/api/v1/devices", json=taken)

    assert response.status_code == 409
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["detail"] == "zigbee2mqtt 的标识 kitchen-402 已经属于设备 gas-402。"
    assert harness.reloads == 0


async def test_a_device_that_exists_otherwise_is_a_conflict(admin: Client) -> None:
    response = await admin.post("/api/v1/devices", json={"id": "gas-402", "kind": "gas_alarm"})

    assert response.status_code == 409
    assert "PUT" in response.json()["detail"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "dragon"}, "kind"),
        ({"kind": 3}, "kind"),
        ({"place": "atlantis"}, "place"),
        ({"id": ""}, "id"),
        ({"id": "a/b"}, "id"),
        ({"id": "a b"}, "id"),
        ({"id": "x" * 129}, "id"),
        ({"identities": [{"platform": "zigbee2mqtt"}]}, "identities[0].id"),
        ({"identities": [{"platform": "zigbee", "id": "1"}]}, "identities[0].platform"),
        ({"identities": "kitchen"}, "identities"),
        ({"attributes": {"a": [1]}}, "attributes.a"),
        ({"attributes": {"a": None}}, "attributes.a"),
        ({"atributes": {}}, "atributes"),
    ],
)
async def test_every_error_names_its_field(admin: Client, changes: dict[str, Any], field: str) -> None:
    response = await admin.post("/api/v1/devices", json={**NEW, **changes})
    body = response.json()

    assert response.status_code == 422
    assert body["status"] == 422
    assert [one["field"] for one in body["errors"]] == [field]
    assert all(one["detail"] for one in body["errors"])


async def test_an_unknown_kind_is_answered_with_the_known_ones(admin: Client) -> None:
    response = await admin.post("/api/v1/devices", json={**NEW, "kind": "dragon"})

    assert "gas_alarm" in response.json()["errors"][0]["detail"]


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b'"x"', b'{"id":"a","kind":"door","attributes":{"x":NaN}}'])
async def test_a_body_that_is_no_device_is_refused(admin: Client, body: bytes) -> None:
    assert (await admin.post("/api/v1/devices", content=body)).status_code == 422


async def test_an_id_twice_in_one_request_is_refused(admin: Client) -> None:
    response = await admin.post("/api/v1/devices", json=[{"id": "a", "kind": "door"}] * 2)

    assert [one["field"] for one in response.json()["errors"]] == ["[1].id"]


async def test_devices_are_listed_newest_first_and_page_by_page(harness: ConsoleHarness, admin: Client) -> None:
    for number in range(3):
        harness.now += 1_000
        await admin.post("/api/v1/devices", json={"id": f"n-{number}", "kind": "door"})

    first = (await admin.get("/api/v1/devices?limit=2")).json()
    second = (await admin.get("/api/v1/devices", params={"limit": 2, "next": first["next"]})).json()
    third = (await admin.get("/api/v1/devices", params={"limit": 2, "cursor": second["next"]})).json()

    assert [one["id"] for one in first["items"]] == ["n-2", "n-1"]
    assert second["items"][0]["id"] == "n-0"
    assert third["next"] is None
    assert {one["id"] for page in (first, second, third) for one in page["items"]} == {
        "n-0",
        "n-1",
        "n-2",
        *(one.id for one in DEVICES),
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("kind=wristband", {"band-101"}),
        ("place=garden", {"gas-402"}),
        ("place=street", {"gas-402", "band-101"}),
        ("place=atlantis", set()),
        ("text=band", {"band-101"}),
        ("kind=&place=", {"gas-402", "band-101"}),
    ],
)
async def test_devices_are_filtered(admin: Client, query: str, found: set[str]) -> None:
    assert {one["id"] for one in (await admin.get(f"/api/v1/devices?{query}")).json()["items"]} == found


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "next=forged"])
async def test_an_invalid_query_is_refused_with_its_field(admin: Client, query: str) -> None:
    response = await admin.get(f"/api/v1/devices?{query}")

    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert [one["field"] for one in response.json()["errors"]] == [query.partition("=")[0]]


async def test_put_replaces_and_creates(admin: Client) -> None:
    replaced = await admin.put("/api/v1/devices/gas-402", json={"kind": "gas_alarm", "place": "b3"})
    created = await admin.put("/api/v1/devices/new-1", json={"id": "new-1", "kind": "door"})

    assert (replaced.status_code, created.status_code) == (200, 201)
    assert replaced.json()["identities"] == []
    assert replaced.json()["place"] == "b3"


async def test_put_refuses_another_id_and_what_is_no_object(admin: Client) -> None:
    other = await admin.put("/api/v1/devices/gas-402", json={"id": "gas-403", "kind": "gas_alarm"})
    nothing = await admin.put("/api/v1/devices/gas-402", json=[])

    assert (other.status_code, other.json()["errors"][0]["field"]) == (422, "id")
    assert nothing.status_code == 422


async def test_a_list_that_is_put_creates_and_replaces_together(harness: ConsoleHarness, admin: Client) -> None:
    rows = [{"id": "gas-402", "kind": "gas_alarm"}, {"id": "n-1", "kind": "door"}]
    first = await admin.put("/api/v1/devices", json=rows)
    again = await admin.put("/api/v1/devices", json=rows)

    assert first.json() == {"created": ["n-1"], "updated": ["gas-402"], "unchanged": []}
    assert again.json()["created"] == again.json()["updated"] == []
    assert harness.reloads == 1


async def test_patch_changes_only_what_it_names(harness: ConsoleHarness, admin: Client) -> None:
    response = await admin.patch("/api/v1/devices/gas-402", json={"place": None, "attributes": {"floor": None, "x": 1}})

    assert response.status_code == 200
    assert response.json() == {
        "id": "gas-402",
        "kind": "gas_alarm",
        "model": "JT-1",
        "place": None,
        "identities": [{"platform": "zigbee2mqtt", "id": "kitchen-402"}],
        "attributes": {"x": 1},
    }
    assert harness.reloads == 1
    assert (await admin.patch("/api/v1/devices/gas-402", json={"x": 1})).status_code == 422
    assert (await admin.patch("/api/v1/devices/none", json={})).status_code == 404


async def test_a_deleted_device_is_gone(harness: ConsoleHarness, admin: Client) -> None:
    assert (await admin.delete("/api/v1/devices/gas-402")).status_code == 204
    assert harness.reloads == 1
    assert (await admin.get("/api/v1/devices/gas-402")).status_code == 404
    assert (await admin.delete("/api/v1/devices/gas-402")).status_code == 404


async def test_an_unknown_device_is_a_404_in_chinese(admin: Client) -> None:
    response = await admin.get("/api/v1/devices/none")

    assert response.status_code == 404
    assert response.json() == {
        "type": "about:blank",
        "title": "没有找到",
        "status": 404,
        "detail": "没有编号为none的设备。",
    }


async def test_only_an_administrator_writes_the_registry(bearer: Callable[..., Any]) -> None:
    dispatcher = await bearer("dispatcher")

    assert (await dispatcher.get("/api/v1/devices")).status_code == 200
    assert (await dispatcher.post("/api/v1/devices", json=NEW)).status_code == 403
    assert (await dispatcher.delete("/api/v1/devices/gas-402")).status_code == 403


async def test_a_token_for_a_place_sees_what_lies_under_it(bearer: Callable[..., Any]) -> None:
    garden = await bearer("operator", place="garden")

    assert [one["id"] for one in (await garden.get("/api/v1/devices")).json()["items"]] == ["gas-402"]
    assert (await garden.get("/api/v1/devices?place=court")).json()["items"] == []
    assert (await garden.get("/api/v1/devices/band-101")).status_code == 404
    assert (await garden.get("/api/v1/devices/band-101/readings")).status_code == 404


async def test_every_change_is_in_the_audit_trail(admin: Client, bearer: Callable[..., Any]) -> None:
    await admin.post("/api/v1/devices", json=NEW)
    await admin.delete("/api/v1/devices/gas-900")
    trail = (await admin.get("/api/v1/audit")).json()["items"]

    assert [act["action"] for act in trail] == ["device deleted", "devices put"]
    assert trail[1]["detail"] == {"created": 1, "created_ids": "gas-900"}
    assert trail[0]["at"].endswith("+08:00")
    assert (await (await bearer("operator")).get("/api/v1/audit")).status_code == 403
