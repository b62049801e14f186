"""Any verdict word, in any shape, on any platform, in any spelling of its field: reported, and never inverted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import Device, Identity
from domain.kind import Kind
from ingest.decoding.decoder import Decoder
from ingest.decoding.device_index import DeviceIndex
from ingest.frame import Frame
from ingest.mappings.mapping import MappingBook
from ingest.results import IngestResult
from tests.support.long_form import examples

NOW = 1795904000000

FIELDS = {
    "gas_alarm": ("gas", "gasAlarm", "GAS_ALARM", "gas_status", "alarm", "gas-leak", "燃气报警"),
    "smoke_alarm": ("smoke", "smokeAlarm", "SMOKE_STATUS", "smoke.alarm", "alarm", "fire_alarm", "烟雾报警"),
    "water_leak": ("leak", "waterLeak", "WATER_LEAK_STATUS", "leakage_status", "flood", "水浸"),
}
OTHER_NAMES = ("event", "alarms", "alarm_type", "eventType", "someAlarmThing")
DANGER = {
    "gas_alarm": (
        "alarm",
        "Leak",
        "gas leak",
        "泄漏",
        "报警",
        "Gas erkannt",
        "утечка газа",
        "fuga de gas",
        "GAS_DETECTED",
    ),
    "smoke_alarm": ("alarm", "SMOKE", "fire", "烟雾报警", "火警", "Rauch erkannt", "дым", "humo", "smoke detected"),
    "water_leak": ("alarm", "Leak", "wet", "有水", "漏水", "Wasser erkannt", "протечка", "fuga", "water_detected"),
}
CLEAR = (
    "normal",
    "no alarm",
    "无报警",
    "未报警",
    "正常",
    "kein Alarm",
    "норма",
    "sin alarma",
    "alarm cleared",
    "报警解除",
)
HEALTH = ("fault", "Warm Up", "End Of Life", "self test", "故障", "预热中", "Störung", "неисправность", "low battery")
QUANTITY = {"gas_alarm": "alarm", "smoke_alarm": "alarm", "water_leak": "leak"}

SHAPES: dict[str, Callable[[str, object], dict[str, Any]]] = {
    "plain": lambda name, word: {name: word},
    "value object": lambda name, word: {name: {"value": word}},
    "list": lambda name, word: {name: [word]},
    "channel": lambda name, word: {f"{name}_1": word},
    "two channels": lambda name, word: {f"{name}_1": word, f"{name}_2": word},
    "variables": lambda name, word: {"data": [{"variable": name, "value": word}]},
    "measurements": lambda name, word: {"values": [{"name": name, "value": word, "unit": ""}]},
    "nested": lambda name, word: {"status": {name: word}},
}
PLATFORMS: dict[str, Callable[[dict[str, Any]], tuple[str, Any]]] = {
    "native": lambda fields: ("fengshao/v1/x/up", fields),
    "thingsboard": lambda fields: ("v1/gateway/telemetry", {"x": [{"ts": NOW, "values": fields}]}),
    "chirpstack": lambda fields: ("application/a/device/00000000000000aa/event/up", {"fPort": 2, "object": fields}),
    "zigbee2mqtt": lambda fields: ("zigbee2mqtt/x", fields),
    "tts": lambda fields: (
        "v3/a@t/devices/x/up",
        {"end_device_ids": {"device_id": "x"}, "uplink_message": {"f_port": 1, "decoded_payload": fields}},
    ),
    "jetlinks": lambda fields: ("/p/x/properties/report", {"deviceId": "x", "properties": fields}),
    "tasmota": lambda fields: ("tele/x/SENSOR", fields),
    "iotda": lambda fields: (
        "$oc/devices/x/sys/properties/report",
        {"services": [{"service_id": "s", "properties": fields}]},
    ),
}
IDS = {"chirpstack": "00000000000000aa"}


_NUMBERS = count()


@pytest.fixture(scope="module")
def decoder(kinds: dict[str, Kind], books: list[MappingBook]) -> Decoder:
    """One for all examples: each is a device of its own."""
    return Decoder(kinds, books)


def decode_fields(decoder: Decoder, kind: str, platform: str, fields: dict[str, Any]) -> IngestResult:
    topic, payload = PLATFORMS[platform]({**fields, "battery_pct": 50})
    name = f"x-{next(_NUMBERS)}"
    decoder.device_index = DeviceIndex((Device(name, kind, identities=(Identity(platform, IDS.get(platform, "x")),)),))
    return decoder.decode([Frame(topic, json.dumps(payload).encode(), NOW, "bulk")])


def values_of(result: IngestResult) -> Iterator[tuple[str, object]]:
    return (each for reading in result.readings for each in reading.values.items())


@settings(max_examples=examples(400, short=120), deadline=None)
@given(st.sampled_from(sorted(FIELDS)), st.sampled_from(sorted(SHAPES)), st.sampled_from(sorted(PLATFORMS)), st.data())
def test_a_verdict_word_is_reported_and_never_inverted(
    decoder: Decoder, kind: str, shape: str, platform: str, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from((*FIELDS[kind], *OTHER_NAMES)))
    meant, words = data.draw(st.sampled_from((("danger", DANGER[kind]), ("clear", CLEAR), ("health", HEALTH))))
    word = data.draw(st.sampled_from(words))
    recased = data.draw(st.sampled_from((word, word.upper(), f" {word} ", word.replace(" ", "_"))))
    result = decode_fields(decoder, kind, platform, SHAPES[shape](name, recased))

    verdicts = [value for quantity, value in values_of(result) if quantity == QUANTITY[kind]]
    is_danger = True in verdicts or any(refusal.danger for refusal in result.refusals)
    beyond_battery = {quantity for quantity, _ in values_of(result)} - {"battery_pct"}
    if meant == "danger":
        assert is_danger, (name, recased)
        assert False not in verdicts
    else:
        assert not is_danger, (name, recased)
    if meant == "health":
        assert False not in verdicts
    if meant == "clear" and name in FIELDS[kind]:
        assert beyond_battery or result.refusals


@settings(max_examples=examples(150, short=60), deadline=None)
@given(st.sampled_from(sorted(FIELDS)), st.sampled_from(sorted(SHAPES)), st.sampled_from(sorted(PLATFORMS)), st.data())
def test_an_unknown_word_is_refused_by_name(
    decoder: Decoder, kind: str, shape: str, platform: str, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(FIELDS[kind]))
    result = decode_fields(decoder, kind, platform, SHAPES[shape](name, "qwxyz"))

    # Where a mapping says that whatever is not nothing is water, it is told.
    assert result.refusals or dict(values_of(result)).get(QUANTITY[kind]) is True, name


def test_a_word_of_danger_in_a_field_of_a_number_is_reported(build_decoder: Callable[..., Decoder]) -> None:
    """Home Assistant's bare state of a water meter is its volume; `state: 高报警` was a refusal that told nobody."""
    device = Device("meter-1", "water_meter", identities=(Identity("homeassistant", "meter"),))
    topic = "homeassistant/sensor/meter/state"

    result = build_decoder(device).decode([Frame(topic, "高报警".encode(), NOW, "bulk")])

    assert [{"burst": True}] == [reading.values for reading in result.readings]
