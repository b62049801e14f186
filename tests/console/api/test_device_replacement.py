"""`/devices/{id}/replace`: the id, place and history stay, the identities are those of the new hardware."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from domain import Lane, RefusalReason
from ingest.results import Refusal
from store.database.refusals import refusals
from tests.support.console_harness import T0, Client, ConsoleHarness

PATH = "/api/v1/devices/gas-402/replace"
NEW = {"platform": "zigbee2mqtt", "id": "kitchen-new"}


async def test_new_hardware_takes_the_place_and_the_id_of_the_old(harness: ConsoleHarness, admin: Client) -> None:
    old = {"installed_on": "2021-05-01", "expires_on": "2026-05-01", "floor": 4}
    await admin.patch("/api/v1/devices/gas-402", json={"attributes": old})
    strange = Refusal(
        T0,
        "zigbee2mqtt",
        "zigbee2mqtt/kitchen-new",
        b"{}",
        RefusalReason.UNKNOWN_DEVICE,
        "",
        "zigbee2mqtt",
        "kitchen-new",
    )
    harness.database.write_blocking(lambda tx: refusals.store_refusals(tx, Lane.BULK, 1, [strange], 100))

    body = {"identities": [NEW], "reason": "探头到期", "model": "HS1CG-N", "installed_on": "2026-11-29"}
    response = await admin.post(PATH, json=body)

    assert response.status_code == 200, response.text
    device = response.json()["device"]
    assert (device["id"], device["place"], device["model"]) == ("gas-402", "b3-402", "HS1CG-N")
    assert device["identities"] == [NEW]
    assert device["attributes"] == {"floor": 4, "installed_on": "2026-11-29"}
    assert response.json()["replayable"] == 1
    assert (await admin.get("/api/v1/devices/gas-402")).json() == device
    entry = (await admin.get("/api/v1/audit")).json()["items"][0]
    assert (entry["action"], entry["detail"]["before"], entry["detail"]["after"]) == (
        "device replaced",
        "zigbee2mqtt:kitchen-402",
        "zigbee2mqtt:kitchen-new",
    )


async def test_the_model_stays_where_none_is_given_and_may_be_emptied(admin: Client) -> None:
    same = await admin.post(PATH, json={"identities": [NEW], "reason": "坏了"})
    assert same.json()["device"]["model"] == "JT-1"
    none = await admin.post(PATH, json={"identities": [NEW], "reason": "坏了", "model": ""})
    assert none.json()["device"]["model"] is None


async def test_hardware_of_another_device_is_a_conflict(admin: Client) -> None:
    await admin.post("/api/v1/devices", json={"id": "gas-2", "kind": "gas_alarm", "identities": [NEW]})
    response = await admin.post(PATH, json={"identities": [NEW], "reason": "坏了"})
    assert response.status_code == 409
    assert "gas-2" in response.json()["detail"]


@pytest.mark.parametrize(
    ("change", "field"),
    [({"identities": []}, "identities"), ({"reason": " "}, "reason"), ({"installed_on": "gestern"}, "installed_on")],
)
async def test_hardware_reason_and_day_are_checked(admin: Client, change: dict[str, Any], field: str) -> None:
    response = await admin.post(PATH, json={"identities": [NEW], "reason": "坏了", **change})
    assert response.status_code == 422
    assert [one["field"] for one in response.json()["errors"]] == [field]


async def test_an_unknown_platform_and_an_unknown_device_are_refused(admin: Client) -> None:
    strange = {"identities": [{"platform": "dragon", "id": "x"}], "reason": "坏了"}
    assert (await admin.post(PATH, json=strange)).status_code == 422
    assert (
        await admin.post("/api/v1/devices/none/replace", json={"identities": [NEW], "reason": "x"})
    ).status_code == 404


async def test_only_the_registry_s_administrator_may(bearer: Callable[..., Any]) -> None:
    for role in ("viewer", "worker", "operator", "dispatcher"):
        client = await bearer(role)
        assert (await client.post(PATH, json={"identities": [NEW], "reason": "坏了"})).status_code == 403
