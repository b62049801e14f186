"""Definitions of platforms: Sparkplug births, normalized payloads of The Things Stack, thing models."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from domain import Device, Identity
from ingest.adapters.thing_models import field_meanings
from ingest.decoding.decoder import Decoder
from ingest.definitions import FIELDS_MAX, Definitions, DefinitionUpdate, FieldMeaning
from ingest.formats.protobuf import write_number, write_text
from ingest.frame import Frame
from ingest.results import IngestResult

NOW = 1795904000000


def a(kind: str, platform: str, identity: str) -> Device:
    return Device("ours", kind, identities=(Identity(platform, identity),))


def frame_of(topic: str, content: object, at: int = 0) -> Frame:
    payload = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Frame(topic, payload, NOW + at, "bulk")


def values(result: IngestResult) -> list[Mapping[str, Any]]:
    return [reading.values for reading in result.readings]


def metric(name: str, value: int, unit_key: str = "", unit: object = None, alias: int = 0) -> bytes:
    """A whole number with one property; its datatype is Int32."""
    properties = b""
    if unit_key:
        content = write_text(8, unit) if isinstance(unit, str) else write_number(3, 7)
        properties = write_text(
            9, write_text(1, "other") + write_text(1, unit_key) + write_text(2, b"") + write_text(2, content)
        )
    name_field = write_text(1, name) if name else b""
    return write_text(
        2,
        name_field
        + (write_number(2, alias) if alias else b"")
        + write_number(4, 3)
        + write_number(10, value)
        + properties,
    )


def birth(*metrics: bytes, seq: int = 0) -> bytes:
    return write_number(1, NOW) + b"".join(metrics) + write_number(3, seq)


@pytest.mark.parametrize(
    ("key", "unit", "expected"),
    [
        ("engUnit", "L", 98.765),
        ("Engineering Units", " L ", 98.765),
        ("unit", "m³", 98_765),
        ("engUnit", 5, 98_765),
        ("comment", "L", 98_765),
    ],
)
def test_a_birth_defines_the_unit_of_later_values(
    listener: Callable[..., Decoder], key: str, unit: object, expected: float
) -> None:
    ours = listener(a("water_meter", "sparkplug", "estate/edge/wm"))
    born = metric("volume_m3", 98_765, key, unit, alias=7)
    ours.decode([frame_of("spBv1.0/estate/NBIRTH/edge", birth(metric("bdSeq", 1)))])

    first = ours.decode([frame_of("spBv1.0/estate/DBIRTH/edge/wm", birth(born, seq=1))])
    again = listener(a("water_meter", "sparkplug", "estate/edge/wm"))
    again.restore(ours.snapshot())
    second = again.decode([frame_of("spBv1.0/estate/DDATA/edge/wm", birth(metric("", 98_765, alias=7), seq=2), 1_000)])

    assert [{"volume_m3": expected}] == values(first)
    assert [{"volume_m3": expected}] == values(second)[:1] or [] == values(second)
    assert [] == second.refusals


def test_an_unknown_unit_of_a_birth_is_refused(listener: Callable[..., Decoder]) -> None:
    ours = listener(a("water_meter", "sparkplug", "estate/edge/wm"))
    ours.decode([frame_of("spBv1.0/estate/NBIRTH/edge", birth(metric("bdSeq", 1)))])

    result = ours.decode(
        [frame_of("spBv1.0/estate/DBIRTH/edge/wm", birth(metric("volume_m3", 5, "engUnit", "parsec"), seq=1))]
    )

    assert ([], "'parsec' is no unit we know" in result.refusals[0].detail) == (values(result), True)


def uplink(**content: object) -> dict[str, object]:
    return {
        "end_device_ids": {"device_id": "d"},
        "uplink_message": {"f_cnt": 3, "received_at": "2026-11-28T22:05:49Z", **content},
    }


@pytest.mark.parametrize(
    ("kind", "normalized", "expected"),
    [
        (
            "water_meter",
            [{"metering": {"water": {"total": 98_765}}, "battery": 3.6}],
            {"volume_m3": 98.765, "battery_v": 3.6},
        ),
        ("water_leak", [{"water": {"leak": True}}], {"leak": True}),
        ("door", [{"action": {"contactState": "open"}}], {"opened": True}),
        ("manhole", [{"action": {"contactState": "closed"}}], {"opened": False}),
        ("motion", [{"action": {"motion": {"detected": True, "count": 4}}}], {"occupied": True}),
        (
            "smoke_alarm",
            [{"air": {"temperature": 21.5, "relativeHumidity": 40, "location": "indoor"}}],
            {"temp_c": 21.5},
        ),
        ("smoke_alarm", {"air": {"temperature": 21.5}}, {"temp_c": 21.5}),
        ("wristband", [{"position": {"latitude": 31.2, "longitude": 121.4}}], {"lat": 31.2, "lon": 121.4}),
    ],
)
def test_a_normalized_payload_is_read_in_its_defined_units(
    listener: Callable[..., Decoder], kind: str, normalized: object, expected: dict[str, Any]
) -> None:
    ours = listener(a(kind, "tts", "d"))

    result = ours.decode(
        [frame_of("v3/a@t/devices/d/up", uplink(decoded_payload={"xyz": 1}, normalized_payload=normalized))]
    )

    assert [expected] == values(result)


def test_normalized_measurements_of_the_past_keep_their_times(listener: Callable[..., Decoder]) -> None:
    ours = listener(a("smoke_alarm", "tts", "d"))
    past = {"time": "2026-11-28T21:05:49Z", "air": {"temperature": 19}}

    only = ours.decode(
        [frame_of("v3/a@t/devices/d/up", uplink(normalized_payload=[past, {"air": {"temperature": 21}}]))]
    )

    assert [(1795899949000, {"temp_c": 19}), (1795903549000, {"temp_c": 21})] == [
        (reading.at, reading.values) for reading in only.readings
    ]


def jetlinks(*properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"deviceId": "d", "metadata": json.dumps({"properties": properties}), **more}


TURNED = {"type": "boolean", "trueText": "正常", "falseText": "报警", "trueValue": "1", "falseValue": "0"}
PLAIN = {"type": "boolean", "trueText": "报警", "falseText": "正常"}
LEVELS = {"type": "enum", "elements": [{"value": "0", "text": "报警"}, {"value": "1", "text": "正常"}, {"value": 2}]}
UNKNOWN = {"type": "boolean", "trueText": "qwx", "falseText": "xwq"}


@pytest.mark.parametrize(
    ("value_type", "content", "alarm"),
    [
        (TURNED, "0", True),
        (TURNED, 0, True),
        (TURNED, False, True),
        (TURNED, 1, False),
        (PLAIN, True, True),
        (PLAIN, 1, True),
        (PLAIN, "false", False),
        (LEVELS, 0, True),
        (LEVELS, 1.0, False),
        (UNKNOWN, True, True),
    ],
)
def test_the_labels_of_a_jetlinks_model_translate_values(
    listener: Callable[..., Decoder], value_type: dict[str, Any], content: object, alarm: bool
) -> None:
    ours = listener(a("gas_alarm", "jetlinks", "d"))
    ours.decode([frame_of("/p/d/metadata/derived", jetlinks({"id": "gas_alarm", "valueType": value_type}))])

    result = ours.decode([frame_of("/p/d/properties/report", {"properties": {"gas_alarm": content}})])

    assert [{"alarm": alarm}] == values(result)


def test_open_and_closed_are_not_true_and_false_where_the_field_means_the_opposite(
    listener: Callable[..., Decoder],
) -> None:
    ours = listener(a("door", "jetlinks", "d"))
    value_type = {"type": "boolean", "trueText": "关", "falseText": "开"}
    ours.decode([frame_of("/p/d/metadata/derived", jetlinks({"id": "contact", "valueType": value_type}))])

    result = ours.decode([frame_of("/p/d/properties/report", {"properties": {"contact": True}})])

    assert [{"opened": False}] == values(result)


def test_a_derived_model_adds_to_the_one_before_or_replaces_it(listener: Callable[..., Decoder]) -> None:
    ours, topic = listener(a("smoke_alarm", "jetlinks", "d")), "/p/g/child/d/metadata/derived"
    report = frame_of("/p/d/properties/report", {"properties": {"temp": 140}})
    ours.decode([frame_of(topic, jetlinks({"id": "temp", "valueType": {"type": "float", "unit": "fahrenheit"}}))])
    ours.decode([frame_of(topic, jetlinks({"id": "x", "valueType": {"type": "float", "unit": "litre"}}))])
    assert [{"temp_c": 60.0}] == values(ours.decode([report]))

    ours.decode([frame_of(topic, jetlinks(all=True))])

    assert [{"temp_c": 140}] == values(ours.decode([frame_of(report.topic, {"properties": {"temp": 140}}, 1_000)]))


@pytest.mark.parametrize("content", [{}, {"metadata": 3}, {"metadata": "["}, 7])
def test_a_model_without_metadata_is_an_event(listener: Callable[..., Decoder], content: object) -> None:
    result = listener().decode([frame_of("/p/d/metadata/derived", content)])

    assert ([], 1) == (result.refusals, len(result.events))


def test_other_housekeeping_of_jetlinks_is_an_event(listener: Callable[..., Decoder]) -> None:
    result = listener().decode([frame_of("/p/g/child/d/tags", {})])

    assert ([], ["housekeeping: tags"]) == (result.refusals, [event.detail for event in result.events])


def test_a_model_that_is_no_json_is_refused(listener: Callable[..., Decoder]) -> None:
    assert ["bad_payload"] == [
        refusal.reason.value for refusal in listener().decode([frame_of("/p/d/metadata/derived", b"{")]).refusals
    ]


def test_the_model_of_an_alink_product_holds_for_all_its_devices(listener: Callable[..., Decoder]) -> None:
    ours = listener(a("water_meter", "alink", "pk/d1"))
    properties = [{"identifier": "WaterConsumption", "dataType": {"type": "double", "specs": {"unit": "L"}}}]
    ours.decode(
        [frame_of("/sys/pk/other/thing/dsltemplate/get_reply", {"code": 200, "data": {"properties": properties}})]
    )
    ours.decode([frame_of("/sys/pk/other/thing/dsltemplate/get_reply", {"code": 460, "data": {}})])

    result = ours.decode([frame_of("/sys/pk/d1/thing/event/property/post", {"params": {"WaterConsumption": 98_765}})])

    assert [{"volume_m3": 98.765}] == values(result)


@pytest.mark.parametrize(
    ("model", "found"),
    [
        (
            {"properties": [{"identifier": "a", "dataType": {"type": "enum", "specs": {"0": "正常", "1": 3}}}]},
            ("a", "", {"0": "正常"}),
        ),
        (
            {"properties": [{"id": "a", "valueType": {"type": "float", "unit": {"symbol": "℃", "id": "x"}}}]},
            ("a", "℃", {}),
        ),
        ({"properties": [{"id": "a", "valueType": {"type": "float", "unit": {"id": "litre"}}}]}, ("a", "litre", {})),
        (
            {"properties": [{"id": "o", "valueType": {"properties": [{"id": "i", "valueType": {"unit": "L"}}]}}]},
            ("o.i", "L", {}),
        ),
        (
            {
                "properties": [
                    {
                        "identifier": "o",
                        "dataType": {
                            "type": "struct",
                            "specs": [{"identifier": "i", "dataType": {"specs": {"unit": "L"}}}],
                        },
                    }
                ]
            },
            ("o.i", "L", {}),
        ),
        (
            {"events": [{"id": "e", "valueType": {"properties": [{"id": "i", "valueType": {"unit": "L"}}]}}]},
            ("i", "L", {}),
        ),
        (
            {
                "events": [
                    {"identifier": "e", "outputData": [{"identifier": "i", "dataType": {"specs": {"unit": "L"}}}]}
                ]
            },
            ("i", "L", {}),
        ),
        (
            {"properties": [{"id": "a", "valueType": {"type": "bool", "trueText": "", "falseText": "关"}}]},
            ("a", "", {"false": "关", "0": "关"}),
        ),
    ],
)
def test_the_fields_of_a_thing_model(model: dict[str, Any], found: tuple[str, str, dict[str, str]]) -> None:
    assert (FieldMeaning(*found),) == field_meanings(model)


@pytest.mark.parametrize("model", [{}, {"properties": 3}, {"properties": [{"id": "a"}]}, {"events": [{"id": "e"}]}])
def test_a_model_that_defines_nothing(model: dict[str, Any]) -> None:
    assert () == field_meanings(model)


def test_models_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.definitions.MODELS_MAX", 1)
    known = Definitions()
    many = tuple(FieldMeaning(f"f{number}", "L") for number in range(FIELDS_MAX + 5))
    for scope in ("one", "two"):
        known.apply(DefinitionUpdate("t", (), "jetlinks", scope, many))

    assert known.thing_model("jetlinks", "one") is None
    assert FIELDS_MAX == len(known.thing_model("jetlinks", "two") or ())
