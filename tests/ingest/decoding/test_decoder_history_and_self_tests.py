"""On every platform: values of yesterday keep their time, retained ones are marked, and tests are marked as tests."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain import HOUR, Device, Identity, Quality
from ingest.decoding.decoder import Decoder
from ingest.frame import Frame

NOW = 1_795_904_000_000
OLD = NOW - 26 * HOUR
_OLD = datetime.fromtimestamp(OLD / 1000, UTC)
ISO, COMPACT = _OLD.strftime("%Y-%m-%dT%H:%M:%SZ"), _OLD.strftime("%Y%m%dT%H%M%SZ")
LOCAL = (_OLD + timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M:%S")
EUI = "00000000000000aa"
CHIRPSTACK = f"application/a/device/{EUI}/event/up"
GAS, SMOKE, LEAK, METER = "gas_alarm", "smoke_alarm", "water_leak", "water_meter"


def tts(decoded: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"end_device_ids": {"device_id": "x"}, "uplink_message": {"f_port": 1, "decoded_payload": decoded, **more}}


HISTORY = {"leakage_status": "leak", "timestamp": OLD // 1000}
DUMPS: dict[str, tuple[str, str, str, str, Any]] = {
    "native": (GAS, "native", "x", "fengshao/v1/x/up", {"ts": OLD, "alarm": True}),
    "thingsboard": (
        GAS, "thingsboard", "x", "v1/gateway/telemetry", {"x": [{"ts": OLD, "values": {"gas": True}}]},
    ),
    "chirpstack": (GAS, "chirpstack", EUI, CHIRPSTACK, {"time": ISO, "fPort": 2, "object": {"gas": True}}),
    "chirpstack, a codec's history": (
        LEAK, "chirpstack", EUI, CHIRPSTACK, {"fPort": 2, "object": {"leakage_status": "normal", "history": [HISTORY]}},
    ),
    "chirpstack, nothing but history": (
        LEAK, "chirpstack", EUI, CHIRPSTACK, {"fPort": 2, "object": {"history": [HISTORY]}},
    ),
    "tts": (GAS, "tts", "x", "v3/a@t/devices/x/up", tts({"gas": True}, received_at=ISO)),
    "iotda": (
        GAS, "iotda", "x", "$oc/devices/x/sys/properties/report",
        {"services": [{"service_id": "s", "properties": {"alarm_state": "LEAK"}, "event_time": COMPACT}]},
    ),
    "alink": (
        GAS, "alink", "p/x", "/sys/p/x/thing/event/property/post",
        {"params": {"GasAlarmState": {"value": 1, "time": OLD}}},
    ),
    "alink, history": (
        GAS, "alink", "p/x", "/sys/p/x/thing/event/property/history/post",
        {"params": [{"identity": {"productKey": "p", "deviceName": "x"},
                     "properties": [{"GasAlarmState": {"value": 1, "time": OLD}}]}]},
    ),
    "ctwing": (
        GAS, "ctwing", "x", "v1/up/x",
        {"timestamp": OLD, "productId": "1", "deviceId": "x", "messageType": "dataReport", "payload": {"alarm": 1}},
    ),
    "jetlinks": (
        GAS, "jetlinks", "x", "/p/x/properties/report",
        {"deviceId": "x", "timestamp": OLD, "properties": {"gas": True}},
    ),
    "tasmota": (GAS, "tasmota", "x", "tele/x/SENSOR", {"Time": LOCAL, "alarm": "leak"}),
    "wmbusmeters": (
        METER, "wmbusmeters", "12345678", "wmbusmeters/12345678",
        {"id": "12345678", "meter": "iperl", "timestamp": ISO, "total_m3": 1, "status": "BURST"},
    ),
    "shelly": (
        SMOKE, "shelly", "shellyplussmoke-1", "shellies/shellyplussmoke-1/events/rpc",
        {"src": "shellyplussmoke-1", "method": "NotifyStatus",
         "params": {"ts": OLD / 1000, "smoke:0": {"id": 0, "alarm": True}}},
    ),
}  # fmt: skip
RETAINED: dict[str, tuple[str, str, str, str, Any]] = {
    "zigbee2mqtt": (GAS, "zigbee2mqtt", "x", "zigbee2mqtt/x", {"gas": True}),
    "homeassistant": (SMOKE, "homeassistant", "x", "homeassistant/binary_sensor/x/state", "on"),
    "shelly": (GAS, "shelly", "shellygas-1", "shellies/shellygas-1/sensor/gas", "heavy"),
}
TESTS: dict[str, tuple[str, str, str, str, Any]] = {
    "native": (GAS, "native", "x", "fengshao/v1/x/up", {"ts": NOW, "alarm": True, "test": True}),
    "thingsboard": (
        GAS, "thingsboard", "x", "v1/gateway/telemetry", {"x": [{"ts": NOW, "values": {"alarm": "self test"}}]},
    ),
    "chirpstack": (
        SMOKE, "chirpstack", EUI, CHIRPSTACK,
        {"fPort": 2, "object": {"smokeAlarm": "Alarm", "testButtonPressed": "Pushed"}},
    ),
    "tts": (GAS, "tts", "x", "v3/a@t/devices/x/up", tts({"gas": True, "test": True})),
    "iotda": (
        GAS, "iotda", "x", "$oc/devices/x/sys/properties/report",
        {"services": [{"service_id": "s", "properties": {"alarm_state": "TEST"}}]},
    ),
    "alink": (
        GAS, "alink", "p/x", "/sys/p/x/thing/event/property/post", {"params": {"GasAlarmState": 1, "test": 1}},
    ),
    "ctwing": (
        GAS, "ctwing", "x", "v1/up/x",
        {"timestamp": NOW, "productId": "1", "deviceId": "x", "payload": {"alarm": "自检"}},
    ),
    "jetlinks": (
        GAS, "jetlinks", "x", "/p/x/properties/report", {"deviceId": "x", "properties": {"gas": True, "test": True}},
    ),
    "tasmota": (GAS, "tasmota", "x", "tele/x/SENSOR", {"alarm": "test"}),
    "zigbee2mqtt": (GAS, "zigbee2mqtt", "x", "zigbee2mqtt/x", {"gas": True, "self_test_result": "checking"}),
    "shelly": (GAS, "shelly", "shellygas-1", "shellies/shellygas-1/sensor/gas", "test"),
    "homeassistant": (SMOKE, "homeassistant", "x", "homeassistant/sensor/x/state", "test"),
}  # fmt: skip


def decode_case(
    build_decoder: Callable[..., Decoder], case: tuple[str, str, str, str, Any], retain: bool = False
) -> tuple[Any, Any]:
    kind, platform, identity, topic, payload = case
    decoder = build_decoder(Device("x", kind, identities=(Identity(platform, identity),)))
    data = payload.encode() if isinstance(payload, str) else json.dumps(payload).encode()
    found = decoder.decode([Frame(topic, data, NOW, "bulk", retain=retain)])
    return found.readings, found.refusals


@pytest.mark.parametrize("case", DUMPS.values(), ids=DUMPS)
def test_a_danger_of_yesterday_is_read_with_its_own_time(build_decoder: Callable[..., Decoder], case: Any) -> None:
    readings, refusals = decode_case(build_decoder, case)
    dangers = [reading for reading in readings if True in reading.values.values()]

    assert [] == refusals
    assert [OLD] == [one.at for one in dangers]
    assert all(not reading.doubts for reading in readings)


@pytest.mark.parametrize("case", RETAINED.values(), ids=RETAINED)
def test_a_retained_danger_is_of_unknown_age(build_decoder: Callable[..., Decoder], case: Any) -> None:
    (reading,), _ = decode_case(build_decoder, case, retain=True)
    assert (True, Quality.RETAINED) == (reading.values["alarm"], reading.doubts["alarm"])


@pytest.mark.parametrize("case", TESTS.values(), ids=TESTS)
def test_readings_of_a_device_under_test_are_marked(build_decoder: Callable[..., Decoder], case: Any) -> None:
    readings, refusals = decode_case(build_decoder, case)
    assert [True] == [reading.is_test for reading in readings]
    assert not any(refusal.danger for refusal in refusals)
