"""`/devices` with their state: filters, counts, search by address, one device in detail; masked by role."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from domain import HOUR
from domain.device_summary import DeviceCondition, DeviceSummary
from tests.support.console_harness import ADMIN, DEVICES, T0, Client, ConsoleHarness, client_of

GAS, BAND = DEVICES
SUMMARIES = {
    "gas-402": DeviceSummary(
        device=GAS,
        conditions=frozenset({DeviceCondition.LOW_BATTERY, DeviceCondition.ALARM}),
        last_message_at=T0 - HOUR,
        report_every_ms=HOUR,
        battery_pct=18,
        battery_at=T0 - HOUR,
        battery_days_left=20.5,
        findings=("gas-alarm", "gone"),
        gateway="gw-1",
        gateway_silent_since=T0 - 2 * HOUR,
    ),
    "band-101": DeviceSummary(
        device=BAND, conditions=frozenset({DeviceCondition.OFFLINE}), battery_pct=50, battery_at=T0
    ),
}


@pytest.fixture
def known(harness: ConsoleHarness) -> ConsoleHarness:
    """The harness with an engine that knows two devices."""
    harness.app = harness.app_with(rules={"device_summary": SUMMARIES.get, "unwell_devices": lambda: SUMMARIES})
    return harness


@pytest.fixture
async def admin(known: ConsoleHarness) -> Any:
    async with client_of(known.app, authorization=f"Bearer {ADMIN}") as client:
        yield client


async def ids(client: Client, **params: str) -> list[str]:
    response = await client.get("/api/v1/devices", params=params)
    assert response.status_code == 200, response.text
    return [one["id"] for one in response.json()["items"]]


async def test_the_list_has_state_totals_and_counts(admin: Client) -> None:
    await admin.post("/api/v1/devices", json={"id": "new", "kind": "door"})
    page = (await admin.get("/api/v1/devices")).json()
    by_id = {one["id"]: one for one in page["items"]}
    assert page["total"] == 3
    assert page["counts"] == {"alarm": 1, "offline": 1, "low_battery": 1, "expired": 0, "test": 0, "fault": 0}
    gas = by_id["gas-402"]
    assert (gas["address"], gas["conditions"], gas["silenced"]) == ("枫林苑3栋402", ["alarm", "low_battery"], False)
    assert gas["battery"] == {
        "pct": 18.0,
        "at": "2026-11-21T21:05:00.000+08:00",
        "days_left": 20.5,
        "empty_at": "2026-12-12T09:05:00.000+08:00",
    }
    assert by_id["band-101"]["battery"]["empty_at"] is None
    assert (by_id["new"]["address"], by_id["new"]["last_message_at"], by_id["new"]["battery"]) == ("", None, None)


async def test_a_condition_a_kind_and_words_of_the_address_choose(admin: Client) -> None:
    assert await ids(admin, condition="offline") == ["band-101"]
    assert await ids(admin, condition="expired") == []
    assert await ids(admin, q="3栋402") == ["gas-402"]
    assert await ids(admin, q="枫林苑 GAS") == ["gas-402"]
    assert await ids(admin, q="梧桐里") == ["band-101"]
    assert await ids(admin, q="kitchen") == ["gas-402"]
    assert await ids(admin, q="枫林苑 band") == []
    counts = (await admin.get("/api/v1/devices", params={"place": "garden"})).json()["counts"]
    assert (counts["alarm"], counts["offline"]) == (1, 0)
    assert (await admin.get("/api/v1/devices", params={"condition": "sick"})).status_code == 422


async def test_a_device_under_planned_work_is_listed_as_under_test(admin: Client) -> None:
    plan = {
        "matchers": {"device": "gas-402"},
        "until": "2026-11-21T23:05:00+08:00",
        "reason": "换传感器",
        "person": "w-zhang",
    }
    assert (await admin.post("/api/v1/silences", json=plan)).status_code == 201
    assert await ids(admin, condition="test") == ["gas-402"]
    detail = (await admin.get("/api/v1/devices/gas-402/state")).json()
    assert (detail["silenced"], [one["reason"] for one in detail["silences"]]) == (True, ["换传感器"])


async def test_a_silence_of_the_place_is_shown_but_does_not_mark_the_device(admin: Client) -> None:
    for kind in ("gas_alarm", "door"):
        plan = {"matchers": {"place": "b3", "kind": kind}, "until": "2026-11-21T23:05:00+08:00", "reason": kind}
        assert (await admin.post("/api/v1/silences", json={**plan, "person": "w-zhang"})).status_code == 201
    detail = (await admin.get("/api/v1/devices/gas-402/state")).json()
    assert (detail["silenced"], [one["reason"] for one in detail["silences"]]) == (False, ["gas_alarm"])


async def test_one_device_with_its_newest_values_findings_and_gateway(known: ConsoleHarness, admin: Client) -> None:
    known.add_reading("gas-402", 1, T0 - HOUR, lel_pct=1.5, alarm=False)
    known.add_reading("gas-402", 2, T0, lel_pct=2.5)
    detail = (await admin.get("/api/v1/devices/gas-402/state")).json()
    assert [(one["quantity"], one["value"], one["unit"]) for one in detail["latest"]] == [
        ("alarm", False, None),
        ("lel_pct", 2.5, "%LEL"),
    ]
    assert detail["path"] == ["枫林街道", "枫林苑", "3栋", "402"]
    assert detail["gateway"] == {"id": "gw-1", "silent_since": "2026-11-21T20:05:00.000+08:00"}
    assert [(one["rule"], one["severity"]) for one in detail["findings"]] == [("gas-alarm", "critical")]
    assert (detail["firmware"], detail["bearer"], detail["registered"]["by"]) == (None, None, None)


async def test_a_device_that_no_engine_knows_yet_has_no_state(admin: Client) -> None:
    await admin.post("/api/v1/devices", json={"id": "new", "kind": "door", "attributes": {"firmware": "1.4.2"}})
    detail = (await admin.get("/api/v1/devices/new/state")).json()
    assert (detail["conditions"], detail["latest"], detail["gateway"], detail["firmware"]) == ([], [], None, "1.4.2")


async def test_who_registered_it_is_named_and_who_carries_it_is_masked_for_viewers(
    known: ConsoleHarness, admin: Client, bearer: Callable[..., Any]
) -> None:
    made = await admin.post("/api/v1/tokens", json={"role": "administrator", "person": "w-li"})
    band = {"id": "band-9", "kind": "wristband", "attributes": {"person": "r-wang"}}
    async with client_of(known.app, authorization=f"Bearer {made.json()['token']}") as li:
        assert (await li.post("/api/v1/devices", json=band)).status_code == 201
    detail = (await admin.get("/api/v1/devices/band-9/state")).json()
    assert (detail["registered"]["by"]["name"], detail["bearer"]) == ("李四", "王小明")
    assert detail["address"] == "枫林苑3栋402"
    viewer = await bearer("viewer")
    masked = await viewer.get("/api/v1/devices/band-9/state")
    assert masked.json()["bearer"] == "王**"
    body = {"role": "operator", "scope": "devices"}
    machine = (await admin.post("/api/v1/tokens", json=body)).json()["token"]
    path = masked.request.url.path
    nameless = await admin.get(path, headers={"authorization": f"Bearer {machine}"})
    assert (nameless.status_code, nameless.json()["bearer"]) == (200, None)
    assert "王小明" not in masked.text


async def test_nobody_sees_a_device_outside_their_place(admin: Client, bearer: Callable[..., Any]) -> None:
    viewer = await bearer("viewer", place="garden")
    page = (await viewer.get("/api/v1/devices")).json()
    assert ([one["id"] for one in page["items"]], page["total"]) == (["gas-402"], 1)
    assert page["counts"]["offline"] == 0
    assert (await viewer.get("/api/v1/devices/band-101/state")).status_code == 404
