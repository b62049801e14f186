"""Readings pushed over HTTP."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from domain.secret import Secret
from tests.support.console_harness import ADMIN, T0, Client, ConsoleHarness, client_of


async def test_readings_are_pushed_into_the_journal_before_the_answer(harness: ConsoleHarness, admin: Client) -> None:
    one = {"device": "gas-402", "ts": 1_795_269_900, "lel_pct": 312.407, "alarm": True}
    single = await admin.post("/api/v1/readings?platform=native", json=one)
    batch = await admin.post("/api/v1/readings", json=[one, {"device": "band-101", "worn": True}])

    assert (single.status_code, single.json(), batch.json()) == (200, {"accepted": 1}, {"accepted": 2})
    first = harness.accepted[0]
    assert (first.topic, first.received, first.session) == ("fengshao/v1/gas-402/up", T0, "http")
    assert msgspec.json.decode(first.payload) == [{"ts": 1_795_269_900, "lel_pct": 312.407, "alarm": True}]
    assert [frame.topic for frame in harness.accepted[1:]] == ["fengshao/v1/gas-402/up", "fengshao/v1/band-101/up"]


async def test_chirpstack_may_push_its_events(harness: ConsoleHarness, admin: Client) -> None:
    event = {"deviceInfo": {"applicationId": "app-1", "devEui": "0101010101010101"}, "object": {"gas": 1}}
    answer = await admin.post("/api/v1/readings?platform=chirpstack&event=up", json=event)

    assert answer.status_code == 200
    assert harness.accepted[0].topic == "application/app-1/device/0101010101010101/event/up"
    assert (await admin.post("/api/v1/readings?platform=chirpstack", json={})).status_code == 422


async def test_a_token_of_a_pushing_platform_permits_nothing_else(
    harness: ConsoleHarness, admin: Client, anyone: Client, bearer: Callable[..., Any]
) -> None:
    token = (await admin.post("/api/v1/tokens", json={"role": "device"})).json()["token"]
    body = {"lel_pct": 1}

    assert (await anyone.post(f"/api/v1/readings?token={token}&device=gas-402", json=body)).status_code == 200
    assert (await anyone.post("/api/v1/readings?token=wrong&device=gas-402", json=body)).status_code == 401
    assert (await anyone.post("/api/v1/readings?device=gas-402", json=body)).status_code == 401
    assert (await (await bearer("viewer")).post("/api/v1/readings?device=gas-402", json=body)).status_code == 403
    assert (await anyone.get("/api/v1/alerts", headers={"authorization": f"Bearer {token}"})).status_code == 403


async def test_a_token_of_one_platform_cannot_push_for_another(
    harness: ConsoleHarness, admin: Client, anyone: Client
) -> None:
    made = await admin.post("/api/v1/tokens", json={"role": "device", "platform": "ctwing"})
    token = made.json()["token"]
    assert (201, "ctwing") == (made.status_code, made.json()["platform"])

    assert (await anyone.post(f"/api/v1/readings?platform=ctwing&token={token}", json={})).status_code == 200
    forged = await anyone.post(f"/api/v1/readings?token={token}&device=gas-402&leaf=alarm", json={"alarm": True})
    assert (forged.status_code, len(harness.accepted)) == (403, 1)
    for wrong in ({"role": "viewer", "platform": "ctwing"}, {"role": "device", "platform": "smoke_signals"}):
        assert (await admin.post("/api/v1/tokens", json=wrong)).status_code == 422


async def test_a_push_that_must_be_signed_is_accepted_only_with_its_signature(harness: ConsoleHarness) -> None:
    body = {"notify_data": {"header": {"device_id": "5f2_gas-402"}}, "resource": "device.property"}
    signature = hashlib.sha256(b"1767225660000a1b2our-token").hexdigest()
    headers = {"timestamp": "1767225660000", "nonce": "a1b2", "signature": signature}
    signing = harness.app_with(intake={"push_secrets": {"iotda": Secret("our-token")}})
    async with client_of(signing, authorization=f"Bearer {ADMIN}") as client:
        signed = await client.post("/api/v1/readings?platform=iotda", json=body, headers=headers)
        forged = await client.post("/api/v1/readings?platform=iotda", json=body, headers={**headers, "nonce": "a1b3"})
        unsigned = await client.post("/api/v1/readings?platform=iotda", json=body)

    assert [200, 401, 401] == [each.status_code for each in (signed, forged, unsigned)]
    assert ["$oc/devices/5f2_gas-402/sys/properties/report"] == [frame.topic for frame in harness.accepted]


@pytest.mark.parametrize(
    ("query", "body", "field"),
    [
        ("platform=smoke_signals", {"device": "a"}, "platform"),
        ("", {"lel_pct": 1}, "device"),
        ("", [{"device": "a"}, {"device": "a/b"}], "[1].device"),
        ("", [5], "[0].device"),
    ],
)
async def test_a_push_without_a_device_is_refused(admin: Client, query: str, body: Any, field: str) -> None:
    answer = await admin.post(f"/api/v1/readings?{query}", json=body)

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


async def test_thingsboards_device_api_accepts_only_tokens_of_registered_devices(
    harness: ConsoleHarness, admin: Client, anyone: Client
) -> None:
    identity = {"platform": "thingsboard", "id": "A1_TEST_TOKEN"}
    made = await admin.post("/api/v1/devices", json={"id": "tb-1", "kind": "gas_alarm", "identities": [identity]})
    assert made.status_code == 201

    response = await anyone.post(
        "/api/v1/A1_TEST_TOKEN/telemetry", json={"ts": 1_795_269_900_000, "values": {"lel_pct": 2}}
    )
    assert (response.status_code, response.json()) == (200, {"accepted": 1})
    assert harness.accepted[-1].topic == "v1/devices/A1_TEST_TOKEN/telemetry"
    assert (await anyone.post("/api/v1/STRANGER/telemetry", json={"lel_pct": 2})).status_code == 401


async def test_without_intake_a_push_is_a_404(harness: ConsoleHarness) -> None:
    async with client_of(harness.app_with(intake={"accept": None}), authorization=f"Bearer {ADMIN}") as client:
        assert (await client.post("/api/v1/readings?device=a", json={})).status_code == 404
