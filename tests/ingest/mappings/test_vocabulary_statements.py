"""Sentences in alarm and event fields that no list has: a danger is reported, a neutralized one is none."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from domain import Device, Identity
from ingest.decoding.decoder import Decoder
from ingest.frame import Frame
from ingest.mappings.value_shapes import flatten
from ingest.results import IngestResult
from tests.ingest.decoding.test_decoder_misread_messages import fits

NOW = 1_795_904_000_000
Build = Callable[..., Decoder]


def decode_fields(build_decoder: Build, kind: str, *messages: dict[str, object]) -> IngestResult:
    decoder = build_decoder(Device("x", kind, identities=(Identity("thingsboard", "x"),)))
    frames = [
        Frame("v1/gateway/telemetry", json.dumps({"x": [{"ts": at, "values": each}]}).encode(), at, "bulk")
        for at, each in zip(range(NOW, NOW + len(messages) * 1_000, 1_000), messages, strict=True)
    ]
    return decoder.decode(frames)


@pytest.mark.parametrize("field", ["alarm", "event", "status", "alarmType", "warning", "msg"])
@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("smoke_alarm", "smoke detected, sensor fault"),
        ("smoke_alarm", "SMOKE|TAMPER"),
        ("smoke_alarm", "smoke+battery low"),
        ("smoke_alarm", "smoke/battery low"),
        ("smoke_alarm", "Smoke and heat"),
        ("smoke_alarm", "烟雾报警、设备故障"),
        ("smoke_alarm", "报警未解除"),
        ("smoke_alarm", "alarm not cleared"),
        ("smoke_alarm", "not normal"),
        ("smoke_alarm", "In Alarm"),
        ("smoke_alarm", "alarm level 2"),
        ("smoke_alarm", "fire in zone 3 detected"),
        ("gas_alarm", "co low alarm"),
        ("gas_alarm", "Gas concentration exceeded"),
        ("gas_alarm", "CO high"),
        ("gas_alarm", "燃气浓度过高"),
        ("gas_alarm", "报警器报警"),
        ("water_leak", "leak at the sink"),
        ("water_leak", "探头漏水"),
    ],
)
def test_a_danger_in_a_sentence_is_reported(build_decoder: Build, kind: str, text: str, field: str) -> None:
    assert fits({"told": True}, decode_fields(build_decoder, kind, {field: text, "battery_pct": 50})) == []


@pytest.mark.parametrize("field", ["event", "status", "msg"])
@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("smoke_alarm", "smoke detector online"),
        ("smoke_alarm", "alarm acknowledged"),
        ("smoke_alarm", "alarm history"),
        ("smoke_alarm", "no smoke detected, battery ok"),
        ("smoke_alarm", "烟雾报警器上线"),
        ("smoke_alarm", "取消报警"),
        ("smoke_alarm", ""),
        ("gas_alarm", "gas valve closed"),
        ("gas_alarm", "gas sensor warming up"),
        ("gas_alarm", "燃气正常"),
        ("water_leak", "漏水传感器在线"),
        ("water_leak", "leak sensor paired"),
        ("water_leak", "no longer leaking"),
    ],
)
def test_a_neutralized_danger_is_none(build_decoder: Build, kind: str, text: str, field: str) -> None:
    assert fits({"told": False}, decode_fields(build_decoder, kind, {field: text, "battery_pct": 50})) == []


@pytest.mark.parametrize(
    "text", ["sensor warming up", "system normal", "alarm muted", "---", "smoke sensor end of life"]
)
def test_normal_words_in_an_alarm_field_are_no_danger(build_decoder: Build, text: str) -> None:
    assert fits({"told": False, "refused": []}, decode_fields(build_decoder, "smoke_alarm", {"alarm": text})) == []


@pytest.mark.parametrize("text", ["battery normal", "设备正常"])
def test_that_a_part_is_normal_clears_no_alarm(build_decoder: Build, text: str) -> None:
    assert (
        fits(
            {"never": {"alarm": False}}, decode_fields(build_decoder, "smoke_alarm", {"alarm": text, "battery_pct": 50})
        )
        == []
    )


@pytest.mark.parametrize(("kind", "field", "value"), [("gas_alarm", "gas", 812.5), ("water_leak", "water", 2048)])
def test_a_measured_value_is_no_verdict(build_decoder: Build, kind: str, field: str, value: float) -> None:
    assert fits({"told": False, "refused": ["bad_value"]}, decode_fields(build_decoder, kind, {field: value})) == []


def test_a_type_names_what_its_value_is_of(build_decoder: Build) -> None:
    result = decode_fields(build_decoder, "water_leak", {"readings": [{"id": "7", "type": "leak", "value": True}]})

    assert fits({"says": {"leak": True}, "told": True}, result) == []


@pytest.mark.parametrize(
    ("kind", "field", "text", "value"),
    [("manhole", "water_level_mm", "1.35 m", 1350), ("water_meter", "volume_m3", "45497 L", 45.497)],
)
def test_fields_with_our_own_names_may_have_units(
    build_decoder: Build, kind: str, field: str, text: str, value: float
) -> None:
    assert fits({"says": {field: value}}, decode_fields(build_decoder, kind, {field: text})) == []


def test_a_danger_beside_repeated_numbers_is_reported(build_decoder: Build) -> None:
    decoder = build_decoder(Device("x", "gas_alarm", identities=(Identity("thingsboard", "x"),)))
    frames = [
        Frame("v1/gateway/telemetry", json.dumps({"x": [{"ts": NOW, "values": each}]}).encode(), NOW, "bulk")
        for each in ({"battery_pct": 50}, {"battery_pct": 50, "event": "special gas alarm thing"}, {"battery_pct": 50})
    ]
    result = [decoder.decode([frame]) for frame in frames]

    assert [[], [True], []] == [[refusal.danger for refusal in one.refusals] for one in result]
    assert [0, 0, 1] == [one.duplicates for one in result]


def test_a_time_that_cannot_be_parsed_is_refused_once(build_decoder: Build) -> None:
    decoder = build_decoder(Device("x", "smoke_alarm", identities=(Identity("thingsboard", "x"),)))
    result = [
        decoder.decode(
            [
                Frame(
                    "v1/gateway/telemetry",
                    json.dumps({"x": [{"ts": f"11/29/2026 05:58:{34 + turn}", "values": {"alarm": False}}]}).encode(),
                    NOW + turn * 60_000,
                    "bulk",
                )
            ]
        )
        for turn in range(3)
    ]

    assert [1, 0, 0] == [len(each.refusals) for each in result]
    assert [1, 1, 1] == [len(each.readings) for each in result]


def test_a_retained_state_of_esphome_is_read_again_by_its_description(build_decoder: Build) -> None:
    device = Device("x", "gas_alarm", identities=(Identity("esphome", "kitchen"),))
    decoder = build_decoder(device, filters={"esphome": ["+/binary_sensor/+/state"]})
    topic = "kitchen/binary_sensor/gas/state"
    about = {"stat_t": topic, "dev_cla": "gas", "pl_on": "OFF", "pl_off": "ON", "dev": {"ids": "aa"}, "uniq_id": "g"}
    config = json.dumps(about).encode()
    decoder.decode([Frame(topic, b"OFF", NOW, "bulk", retain=True)])
    result = decoder.decode(
        [Frame("homeassistant/binary_sensor/kitchen/gas/config", config, NOW + 1, "bulk", retain=True)]
    )

    assert [True] == [reading.values["alarm"] for reading in result.readings]


def test_a_record_with_a_type_has_its_unit() -> None:
    listed = [{"type": "water_level", "value": 1.35, "unit": "m"}]
    assert {"water_level": 1.35, "water_level.unit": "m"}.items() <= dict(flatten({"data": listed})).items()
