"""Recorded messages of cloud platforms, by id, each with its expected result in words."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from domain import Device, Identity
from ingest.adapters import platform_for_topic
from ingest.decoding.decoder import Decoder
from ingest.frame import Frame
from ingest.http_push import PUSH_SOURCES

MESSAGES: dict[str, dict[str, Any]] = {
    message["id"]: message
    for message in json.loads(Path(__file__).with_name("recorded_messages_cloud.json").read_text())
}
PUSHED = {"CTWing": "ctwing", "JFTech": "jftech"}
NOW = 1767225660000
IMEI = "860374051000000"
ONLINE = "44d0b9e48d404094bbbcf889e4e60000"
HUAWEI = "6109fd1da42d680286bb1ff3_123456"


class Case(Struct):
    """The expected result of a message of a device of this kind and identity."""

    id: str
    says: str
    kind: str
    identity: str
    values: dict[str, Any] | None = None
    reasons: tuple[str, ...] = ()
    note: tuple[str, bool | None] | None = None
    detail: str = ""


CASES = [
    Case(
        "alink-property-post",
        "Power and WF mean nothing for a gas alarm: refused, with their names",
        "gas_alarm",
        "{productKey}/{deviceName}",
        reasons=("no_mapping",),
        detail="Power, WF",
    ),
    Case(
        "alink-up-raw",
        "raw bytes need the product's own script: refused, and kept to be decoded later",
        "gas_alarm",
        "{productKey}/{deviceName}",
        reasons=("no_codec",),
        detail="12 raw bytes",
    ),
    Case(
        "alink-event-post",
        "an event nobody described is refused with its name and its contents",
        "gas_alarm",
        "${productKey}/${deviceKey}",
        reasons=("no_mapping",),
        detail="${eventIdentifier}",
    ),
    Case(
        "iotda-properties-report",
        "value and level say nothing alone: with their services they are a temperature and a battery",
        "smoke_alarm",
        "{device_id}",
        values={"temp_c": 57, "battery_pct": 80},
    ),
    Case(
        "iotda-log",
        "the SDK's own log is a sign of life; its event time, Beijing's with a Z, is believed by nobody",
        "smoke_alarm",
        HUAWEI,
        note=("status", True),
    ),
    Case(
        "ctwing-smoke",
        "Alarm_Status 2 of this product is a silenced alarm: on the safe side it alarms; RSRP lost its sign",
        "smoke_alarm",
        IMEI,
        values={"temp_c": 30, "rssi_dbm": -114, "battery_pct": 100, "alarm": True},
    ),
    Case(
        "ctwing-manhole-appdata",
        "bytes in APPdata need the product's codec: refused",
        "manhole",
        "862592051000000",
        reasons=("no_codec",),
        detail="57 raw bytes on port 0 (010156312e30",
    ),
    Case(
        "ctwing-water-pressure-appdata",
        "bytes in APPdata need the product's codec, whatever upPacketSN is: refused",
        "water_meter",
        "860803030000000",
        reasons=("no_codec",),
        detail="raw bytes on port 0 (5055003c10",
    ),
    Case(
        "ctwing-online",
        "eventType 1 is online",
        "water_meter",
        ONLINE,
        note=("availability", True),
    ),
    Case(
        "ctwing-command-response",
        "our command was delivered: a note, which proves nothing about the device",
        "water_meter",
        ONLINE,
        note=("reply", None),
    ),
    Case(
        "tb-simple",
        "the device is only in the MQTT user name: refused, with what the broker must do",
        "smoke_alarm",
        "me",
        reasons=("no_codec",),
        detail="the broker must rewrite `me`",
    ),
    Case(
        "tb-ts",
        "the device is only in the MQTT user name: refused, with what the broker must do",
        "smoke_alarm",
        "me",
        reasons=("no_codec",),
        detail="the broker must rewrite `me`",
    ),
    Case(
        "jetlinks-report",
        "temp is a temperature",
        "smoke_alarm",
        "{deviceId}",
        values={"temp_c": 38.5},
    ),
    Case(
        "jetlinks-event",
        "an event with one value says that value",
        "smoke_alarm",
        "device1",
        values={"temp_c": 100},
    ),
    Case(
        "ai-camera-fall",
        "a camera that sees a fall, registered as one that watches for falling objects: refused by name, as a danger",
        "falling_object",
        "我是设备序列号",
        reasons=("no_mapping",),
        detail="fall",
    ),
    Case(
        "manhole-tutorial-json",
        "no platform publishes on such a topic: refused",
        "manhole",
        "well_0x7a3b",
        reasons=("no_codec",),
        detail="no platform we know",
    ),
]


def payload_of(message: dict[str, Any]) -> bytes:
    if message["payload_encoding"] == "base64":
        return b64decode(message["payload"])
    return json.dumps(message["payload"], ensure_ascii=False).encode()


def frame_of(message: dict[str, Any]) -> Frame:
    content = message["time"]
    received = int(datetime.fromisoformat(content).timestamp() * 1_000) + 1_000 if content else NOW
    pushed = next((source for words, source in PUSHED.items() if words in message["platform"]), None)
    if pushed is not None:
        frames = PUSH_SOURCES[pushed]({}, {}, payload_of(message), received)
        assert isinstance(frames, list)
        return frames[0]
    return Frame(message["topic"], payload_of(message), received, "bulk")


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.id}: {case.says}")
def test_this_message_gives_the_expected_result(case: Case, build_decoder: Callable[..., Decoder]) -> None:
    frame = frame_of(MESSAGES[case.id])
    platform = platform_for_topic(frame.topic) or "native"
    result = build_decoder(Device("ours", case.kind, identities=(Identity(platform, case.identity),))).decode([frame])

    assert [reading.values for reading in result.readings] == ([case.values] if case.values else [])
    assert [(refusal.reason, refusal.payload) for refusal in result.refusals] == [
        (reason, frame.payload) for reason in case.reasons
    ]
    assert all(case.detail in refusal.detail for refusal in result.refusals)
    assert [(event.kind, event.online, event.device) for event in result.events] == (
        [(*case.note, "ours")] if case.note else []
    )


def test_every_message_of_these_platforms_has_an_expectation() -> None:
    assert {case.id for case in CASES} == set(MESSAGES)


@pytest.mark.parametrize(
    "id",
    [case.id for case in CASES if case.values],
)
def test_the_time_is_that_of_the_message_or_of_its_reception(id: str, build_decoder: Callable[..., Decoder]) -> None:
    case = next(case for case in CASES if case.id == id)
    frame = frame_of(MESSAGES[id])
    device = Device("ours", case.kind, identities=(Identity(platform_for_topic(frame.topic) or "", case.identity),))
    [reading] = build_decoder(device).decode([frame]).readings

    assert reading.at == (frame.received - 1_000 if MESSAGES[id]["time"] else frame.received)
    assert not reading.doubts


def one(topic: str, body: object, received: int = NOW) -> Frame:
    return Frame(topic, json.dumps(body).encode(), received, "bulk")


def device(kind: str, platform: str, identity: str, model: str | None = None) -> Device:
    return Device(identity, kind, model, identities=(Identity(platform, identity),))


def test_a_gateway_of_twenty_devices_gives_twenty_readings(build_decoder: Callable[..., Decoder]) -> None:
    names = [f"Device {number}" for number in range(20)]
    telemetry = {name: [{"ts": NOW - 5, "values": {"alarm": index == 7}}] for index, name in enumerate(names)}
    result = build_decoder(*[device("smoke_alarm", "thingsboard", name) for name in names]).decode(
        [one("v1/gateway/telemetry", telemetry)]
    )

    assert [reading.device for reading in result.readings] == names
    assert [reading.device for reading in result.readings if reading.values["alarm"]] == ["Device 7"]


def test_a_push_that_the_platform_repeats_is_a_duplicate(build_decoder: Callable[..., Decoder]) -> None:
    frame = frame_of(MESSAGES["ctwing-smoke"])
    device_decoder = build_decoder(device("smoke_alarm", "ctwing", IMEI))
    device_decoder.decode([frame])
    second = device_decoder.decode([frame])

    assert (1, []) == (second.duplicates, second.readings)


def test_two_presses_with_the_same_alink_id_and_without_a_time_are_two(build_decoder: Callable[..., Decoder]) -> None:
    press = one("/sys/pk/b/thing/event/sos/post", {"id": "123", "params": {}})
    result = build_decoder(device("sos_button", "alink", "pk/b")).decode([press, press])

    assert [{"sos": True}] * 2 == [reading.values for reading in result.readings]


def test_beijing_time_with_a_z_is_a_doubtful_clock_and_the_time_of_reception_is_used(
    build_decoder: Callable[..., Decoder],
) -> None:
    eight_hours_ahead = "2026-01-01T08:00:59Z"
    service = {"service_id": "Gas", "properties": {"alarm": True}, "event_time": eight_hours_ahead}
    result = build_decoder(device("gas_alarm", "iotda", "d")).decode(
        [one("$oc/devices/d/sys/properties/report", {"services": [service]})]
    )

    assert [(NOW, {"alarm": True}, {"alarm": "clock"})] == [(r.at, r.values, r.doubts) for r in result.readings]


def test_a_malformed_event_time_is_reported_and_the_time_of_reception_is_used(
    build_decoder: Callable[..., Decoder],
) -> None:
    service = {"service_id": "Gas", "properties": {"alarm": True}, "event_time": "1111-??"}
    result = build_decoder(device("gas_alarm", "iotda", "d")).decode(
        [one("$oc/devices/d/sys/properties/report", {"services": [service]})]
    )

    assert [NOW] == [reading.at for reading in result.readings]
    assert ["bad_time"] == [refusal.reason for refusal in result.refusals]


def test_a_flag_that_contradicts_the_status_is_resolved_on_the_safe_side(build_decoder: Callable[..., Decoder]) -> None:
    body = {"IMEI": IMEI, "payload": {"serviceData": {"gas_sensor_state": 2, "alarm": False}}}
    result = build_decoder(device("gas_alarm", "ctwing", IMEI)).decode([one("v1/up/gas", body)])

    assert [{"alarm": True}] == [reading.values for reading in result.readings]


def test_a_product_is_known_by_its_own_number_or_by_the_model_we_registered(
    build_decoder: Callable[..., Decoder],
) -> None:
    body = {"IMEI": IMEI, "payload": {"serviceData": {"Alarm_Status": 7}}}
    decoder = build_decoder(device("smoke_alarm", "ctwing", IMEI, "lian-nb-smoke")).decode([one("v1/up/x", body)])
    platform_result = build_decoder(device("smoke_alarm", "ctwing", IMEI)).decode(
        [one("v1/up/x", {**body, "productId": 15014772})]
    )
    unregistered_result = build_decoder(device("smoke_alarm", "ctwing", IMEI)).decode([one("v1/up/x", body)])

    normal = {"alarm": False, "fault": False, "battery_low": False, "tamper": False, "test": False}
    assert (
        [normal]
        == [reading.values for reading in decoder.readings]
        == [reading.values for reading in platform_result.readings]
    )
    assert [("bad_value", True)] == [(refusal.reason, refusal.danger) for refusal in unregistered_result.refusals]


def test_a_danger_of_an_unregistered_device_is_reported(build_decoder: Callable[..., Decoder]) -> None:
    topic = "/sys/pk/gw/thing/event/property/pack/post"
    child = {"identity": {"productKey": "pk", "deviceName": "x"}, "properties": {"SmokeSensorState": {"value": 1}}}
    [refusal] = build_decoder().decode([one(topic, {"params": {"subDevices": [child]}})]).refusals

    assert ("unknown_device", "pk/x", True) == (refusal.reason, refusal.identity, refusal.danger)


def test_places_inside_a_structure_keep_its_name(build_decoder: Callable[..., Decoder]) -> None:
    topic = "/p/d/properties/report"
    result = build_decoder(device("wristband", "jetlinks", "d")).decode(
        [one(topic, {"properties": {"a": {"b": {"c": 1}}}})]
    )

    assert ["a wristband on jetlinks has no mapping for: a.b.c"] == [refusal.detail for refusal in result.refusals]
