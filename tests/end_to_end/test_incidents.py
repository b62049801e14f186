"""Incidents from end to end: devices on a real broker, text messages, a clock that tests move."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiomqtt
import pytest

from app.cli.devices import import_devices
from tests.conftest import Broker
from tests.support.service_harness import START, ServiceHarness, running_service
from tests.support.timeouts import LONG_TIMEOUT_S


@pytest.fixture
async def harness(tmp_path: Path, broker: Broker, free_port: Callable[[], int]) -> AsyncIterator[ServiceHarness]:
    async with running_service(tmp_path / "data", broker.port, free_port()) as running:
        yield running


async def test_a_leak_is_a_text_with_all_details_for_the_worker(harness: ServiceHarness) -> None:
    await harness.publish("fengshao/v1/gas-402/alarm", {"alarm": True, "lel_pct": 18.5})

    text = await harness.phone("李伟").expects_sms(
        "紧急", "燃气泄漏", "22:00", "枫林苑3栋2单元402", "10分钟内到场", "回复11接警"
    )
    assert len(text) <= 70

    (alert,) = await harness.items("/api/v1/alerts")
    assert ("open", "critical", "gas-402", "h402") == (
        alert["state"],
        alert["severity"],
        alert["device"],
        alert["place"],
    )


async def test_an_unanswered_leak_escalates_on_time_and_the_reply_reaches_everyone_called(
    harness: ServiceHarness,
) -> None:
    await harness.publish("fengshao/v1/gas-402/alarm", {"alarm": True})
    await harness.phone("李伟").expects_sms("燃气泄漏")

    await harness.fast_forward(minutes=0.9)
    assert harness.phone("陈芳").texts == []

    await harness.fast_forward(minutes=0.2)
    await harness.phone("陈芳").expects_sms("紧急升级", "枫林苑3栋2单元402")

    await harness.phone("陈芳").replies("11")
    await harness.phone("李伟").expects_sms("已由陈芳接警")
    (alert,) = await harness.items("/api/v1/alerts?state=acknowledged")
    assert alert["owner"]["name"] == "陈芳"

    await harness.fast_forward(minutes=5)
    # An old person lives there alone: the community was asked to help at once, and never had to take over.
    assert [text.partition("。")[2] for text in harness.phone("赵敏").texts] == ["请配合处置。能去回复11，不去回复12。"]


async def test_an_acknowledgement_without_an_arrival_is_called_again(harness: ServiceHarness) -> None:
    await harness.publish("fengshao/v1/gas-402/alarm", {"alarm": True})
    await harness.phone("李伟").expects_sms("燃气泄漏")
    await harness.phone("李伟").replies("11")
    await harness.phone("李伟").expects_sms("已由李伟接警")

    await harness.fast_forward(minutes=11)

    await harness.phone("陈芳").expects_sms("升级", "枫林苑3栋2单元402")
    (alert,) = await harness.items("/api/v1/alerts?state=open")
    assert alert["owner"] is None


async def test_an_alert_is_handled_by_the_api_and_closed_by_another_person(harness: ServiceHarness) -> None:
    await harness.publish("fengshao/v1/gas-402/alarm", {"alarm": True})
    ((alert),) = await harness.until_items("/api/v1/alerts")
    path = f"/api/v1/alerts/{alert['id']}"

    too_early = await harness.api.post(f"{path}/close", json={})
    assert too_early.status_code == 409
    assert too_early.headers["content-type"] == "application/problem+json"

    for action in ("acknowledge", "arrive", "resolve"):
        response = await harness.api.post(f"{path}/{action}", json={"person": "li"})
        assert response.status_code in (200, 201), response.text
    same_login = await harness.api.post(f"{path}/verify", json={"person": "chen"})
    assert (same_login.status_code, "同一个登录账号" in same_login.text) == (409, True)
    token = (await harness.api.post("/api/v1/tokens", json={"role": "dispatcher", "person": "chen"})).json()["token"]
    chen = {"authorization": f"Bearer {token}"}
    still_active = await harness.api.post(f"{path}/verify", headers=chen)
    assert (still_active.status_code, "设备仍在报警" in still_active.text) == (409, True)
    harness.clock.now += 60_000
    await harness.publish("fengshao/v1/gas-402/up", {"alarm": False})
    async with asyncio.timeout(LONG_TIMEOUT_S):
        while (verified := await harness.api.post(f"{path}/verify", headers=chen)).status_code == 409:
            await asyncio.sleep(0.01)
    closed = await harness.api.post(f"{path}/close", json={"disposition": "real"}, headers=chen)
    assert (200, 200) == (verified.status_code, closed.status_code)

    timeline = [entry["kind"] for entry in (await harness.get(path))["timeline"]]
    assert timeline[0] == "opened"
    assert [kind for kind in timeline if kind in ("acknowledge", "arrive", "resolve", "verify", "close")] == [
        "acknowledge",
        "arrive",
        "resolve",
        "verify",
        "close",
    ]


async def test_real_messages_of_three_platforms_become_readings_with_unit_and_time(harness: ServiceHarness) -> None:
    created = await harness.api.post(
        "/api/v1/devices",
        json={"id": "lora-1", "kind": "manhole", "identities": [{"platform": "chirpstack", "id": "0101010101010101"}]},
    )
    assert created.status_code == 201, created.text

    await harness.publish("zigbee2mqtt/0x000d6f0014f7bf0f", '{"gas":false,"battery":97,"linkquality":80}')
    await harness.publish(
        "application/17c82e96/device/0101010101010101/event/up",
        {
            "time": "2026-11-21T13:59:30.123456789+00:00",
            "deviceInfo": {"devEui": "0101010101010101", "applicationId": "17c82e96"},
            "fCnt": 7,
            "object": {"water_level_mm": 312.407},
        },
    )
    await harness.publish(
        "fengshao/v1/gas-402/up",
        [{"ts": START // 1000 - 60, "lel_pct": 1.5}, {"ts": START - 30_000, "lel_pct": 2, "alarm": False}],
    )

    (level,) = await harness.until_items("/api/v1/devices/lora-1/readings")
    assert level == {
        "at": "2026-11-21T21:59:30.123+08:00",
        "quantity": "water_level_mm",
        "value": 312.407,
        "unit": "mm",
        "quality": "good",
    }
    batch = await harness.until_items("/api/v1/devices/gas-402/readings?quantity=lel_pct", 2)
    assert [("2026-11-21T21:59:00.000+08:00", 1.5), ("2026-11-21T21:59:30.000+08:00", 2)] == [
        (item["at"], item["value"]) for item in batch
    ]
    zigbee = {
        item["quantity"]: item["value"] for item in await harness.until_items("/api/v1/devices/gas-403/readings", 2)
    }
    assert zigbee["alarm"] is False
    assert zigbee["battery_pct"] == 97


async def test_refused_messages_are_kept_with_their_reason(harness: ServiceHarness) -> None:
    await harness.publish("fengshao/v1/nobody/up", {"lel_pct": 1})
    await harness.publish("fengshao/v1/gas-402/up", "{broken")
    await harness.publish("fengshao/v1/gas-402/up", '{"lel_pct": "much"}')

    reasons = {item["reason"] for item in await harness.until_items("/api/v1/refusals", 3)}
    assert {"unknown_device", "bad_payload", "bad_value"} == reasons


async def test_a_crash_in_the_middle_of_a_leak_loses_and_repeats_nothing(harness: ServiceHarness) -> None:
    for number in range(50):
        await harness.publish("fengshao/v1/gas-403/up", {"seq": number, "lel_pct": number / 10})
    await harness.publish("fengshao/v1/gas-402/alarm", {"alarm": True, "seq": 1})
    await harness.phone("李伟").expects_sms("燃气泄漏")

    await harness.crash()
    await harness.publish("fengshao/v1/gas-403/up", {"seq": 50, "lel_pct": 5.0})
    harness.clock.now += 40_000
    await harness.start()

    readings = await harness.until_items("/api/v1/devices/gas-403/readings?quantity=lel_pct&limit=1000", 51)
    assert [number / 10 for number in range(51)] == sorted(item["value"] for item in readings)
    assert len(await harness.items("/api/v1/alerts")) == 1
    assert len(harness.phone("李伟").texts) == 1

    await harness.fast_forward(minutes=0.5)
    await harness.phone("陈芳").expects_sms("紧急升级")
    assert len(harness.phone("李伟").texts) == 1


async def test_a_device_imported_into_the_running_service_is_received_at_once(
    harness: ServiceHarness, tmp_path: Path
) -> None:
    file = tmp_path / "new.csv"
    file.write_text("id,kind,place,platform,platform_id\nhall-gas,gas_alarm,h403,zigbee2mqtt,Hall/Gas 1\n")
    summary = await asyncio.to_thread(import_devices, file, harness.data, None)
    assert summary == "1 devices: 1 new, 0 changed, 0 unchanged"

    await harness.publish("zigbee2mqtt/Hall/Gas 1", {"gas": True, "battery": 80})
    (alert,) = await harness.until_items("/api/v1/alerts")
    assert alert["device"] == "hall-gas"


async def test_an_sos_of_a_wristband_is_about_its_wearer_with_an_address(harness: ServiceHarness) -> None:
    await harness.publish("fengshao/v1/band-402/alarm", {"sos": True, "heart_rate_bpm": 101})

    await harness.phone("李伟").expects_sms("枫林苑3栋2单元402")
    (alert,) = await harness.items("/api/v1/alerts")
    assert {"type": "person", "id": "elder"} == alert["subject"]


async def test_a_danger_of_an_unregistered_device_is_reported_once_an_hour(harness: ServiceHarness) -> None:
    for _ in range(3):
        await harness.publish("zigbee2mqtt/0x00158d0001deec28", {"gas": True, "tamper": False})

    await harness.until_items("/api/v1/refusals", 3)
    (alert,) = await harness.items("/api/v1/alerts")
    assert ("未登记设备报警", "high", None) == (alert["title"], alert["severity"], alert["place"])


async def test_a_resolved_leak_that_is_still_active_is_called_again(harness: ServiceHarness) -> None:
    await harness.publish("fengshao/v1/gas-402/alarm", {"alarm": True, "seq": 1})
    await harness.phone("李伟").expects_sms("燃气泄漏")
    (alert,) = await harness.items("/api/v1/alerts")
    for action in ("acknowledge", "arrive", "resolve"):
        await harness.api.post(f"/api/v1/alerts/{alert['id']}/{action}", json={"person": "li"})
    harness.clock.now += 60_000
    await harness.publish("fengshao/v1/gas-402/alarm", {"alarm": True, "seq": 2})
    await harness.until_items("/api/v1/devices/gas-402/readings?quantity=alarm", 2)

    await harness.fast_forward(minutes=10)

    await harness.until_state(alert["id"], "open")
    timeline = [entry["text"] for entry in (await harness.get(f"/api/v1/alerts/{alert['id']}"))["timeline"]]
    assert "已处置，但设备仍在报警，重新呼叫" in timeline
    assert "燃气泄漏" in harness.phone("李伟").texts[-1]


async def test_a_resolved_leak_stays_resolved(harness: ServiceHarness) -> None:
    await harness.publish("fengshao/v1/gas-402/alarm", {"alarm": True, "seq": 1})
    (alert,) = await harness.until_items("/api/v1/alerts")
    for action in ("acknowledge", "arrive", "resolve"):
        await harness.api.post(f"/api/v1/alerts/{alert['id']}/{action}", json={"person": "li"})

    for _ in range(4):
        await harness.fast_forward(minutes=10)
    assert (await harness.get(f"/api/v1/alerts/{alert['id']}"))["state"] == "resolved"


async def test_a_second_sos_is_sent_to_the_owner_on_site(
    harness: ServiceHarness,
) -> None:
    await harness.publish("fengshao/v1/band-402/alarm", {"sos": True, "seq": 1})
    await harness.phone("李伟").expects_sms("枫林苑3栋2单元402")
    (alert,) = await harness.items("/api/v1/alerts")
    await harness.api.post(f"/api/v1/alerts/{alert['id']}/arrive", json={"person": "li"})

    harness.clock.now += 120_000
    await harness.publish("fengshao/v1/band-402/alarm", {"sos": True, "seq": 2})

    await harness.phone("李伟").expects_sms("已记录李伟到场", "处置完毕请回复14")
    await harness.phone("李伟").expects_sms("又报", "枫林苑3栋2单元402", "您已接警，编号1")


async def test_an_edge_node_without_a_birth_gets_a_rebirth_request(harness: ServiceHarness) -> None:
    async with aiomqtt.Client("127.0.0.1", harness.mqtt_port) as edge:
        await edge.subscribe("spBv1.0/estate/NCMD/edge")
        data = base64.b64decode("COry9aigKxIeCg5TdXBwbHkgVm9sdGFnZRjq8vWooCsgCWXNzERBGAI=")
        await harness.publish("spBv1.0/estate/NDATA/edge", data)
        async with asyncio.timeout(LONG_TIMEOUT_S):
            message = await anext(aiter(edge.messages))
    assert b"Node Control/Rebirth" in bytes(message.payload)  # type: ignore[arg-type]


async def test_an_unmapped_field_is_reported_and_the_rest_is_read(harness: ServiceHarness) -> None:
    await harness.publish("zigbee2mqtt/0x000d6f0014f7bf0f", {"gas": False, "battery": 97, "moon_phase": 3})
    await harness.until_items("/api/v1/devices/gas-403/readings?quantity=battery_pct")

    assert {"platform": "zigbee2mqtt", "kind": "gas_alarm", "field": "moon_phase", "count": 1} in (
        await harness.items("/api/v1/unmapped")
    )


async def test_an_unregistered_device_is_claimed_and_its_messages_are_replayed(harness: ServiceHarness) -> None:
    await harness.publish("zigbee2mqtt/0x00158d0001deec28", {"gas": False, "battery": 61})
    await harness.publish("zigbee2mqtt/0x00158d0001deec28", {"gas": False, "battery": 60})
    await harness.until_items("/api/v1/refusals", 2)
    (claimable,) = await harness.items("/api/v1/claimable")
    assert ("zigbee2mqtt", "0x00158d0001deec28", "gas_alarm", 2) == (
        claimable["platform"],
        claimable["identity"],
        claimable["proposed_kind"],
        claimable["messages"],
    )

    identity = {"platform": claimable["platform"], "id": claimable["identity"]}
    await harness.api.post("/api/v1/devices", json={"id": "hall", "kind": "gas_alarm", "identities": [identity]})
    replayed = await harness.api.post("/api/v1/refusals/replay", json={"reason": "unknown_device"})
    assert replayed.json() == {"replayed": 2}

    readings = await harness.until_items("/api/v1/devices/hall/readings?quantity=battery_pct", 2)
    assert [60, 61] == sorted(item["value"] for item in readings)
    second_replay = await harness.api.post("/api/v1/refusals/replay", json={})
    assert second_replay.json() == {"replayed": 0}
