"""JetLinks: thing models, words of unregistered devices, alarms inside structures."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from ingest.decoding.decoder import Decoder
from tests.ingest.adapters.defined_platforms import device_of_kind, frame_at, values
from tests.ingest.adapters.home_platforms import frame_of, named_on


def test_an_unregistered_device_is_understood_by_plain_words(build_decoder: Callable[..., Decoder]) -> None:
    content = {"properties": {"status.SmokeAlarm": 1, "batteryLevel": 88}}
    (refused,) = build_decoder().decode([frame_of("/p/d/properties/report", content)]).refusals

    assert (refused.danger, refused.proposed_kind) == (True, "smoke_alarm")


def test_an_alarm_of_another_kind_is_no_fire(build_decoder: Callable[..., Decoder]) -> None:
    decoder = build_decoder(named_on("jetlinks", "smoke_alarm", "d"))
    result = decoder.decode(
        [frame_of("/p/d/properties/report", {"properties": {"battery": {"alarm": 1}, "door": {"alarm": 1}}})]
    )

    assert [{"battery_low": True}] == [reading.values for reading in result.readings]


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
    build_decoder: Callable[..., Decoder], value_type: dict[str, Any], content: object, alarm: bool
) -> None:
    decoder = build_decoder(device_of_kind("gas_alarm", "jetlinks", "d"))
    decoder.decode([frame_at("/p/d/metadata/derived", jetlinks({"id": "gas_alarm", "valueType": value_type}))])

    result = decoder.decode([frame_at("/p/d/properties/report", {"properties": {"gas_alarm": content}})])

    assert [{"alarm": alarm}] == values(result)


def test_open_and_closed_are_not_true_and_false_where_the_field_means_the_opposite(
    build_decoder: Callable[..., Decoder],
) -> None:
    decoder = build_decoder(device_of_kind("door", "jetlinks", "d"))
    value_type = {"type": "boolean", "trueText": "关", "falseText": "开"}
    decoder.decode([frame_at("/p/d/metadata/derived", jetlinks({"id": "contact", "valueType": value_type}))])

    result = decoder.decode([frame_at("/p/d/properties/report", {"properties": {"contact": True}})])

    assert [{"opened": False}] == values(result)


def test_a_derived_model_adds_to_the_one_before_or_replaces_it(build_decoder: Callable[..., Decoder]) -> None:
    decoder, topic = build_decoder(device_of_kind("smoke_alarm", "jetlinks", "d")), "/p/g/child/d/metadata/derived"
    report = frame_at("/p/d/properties/report", {"properties": {"temp": 140}})
    decoder.decode([frame_at(topic, jetlinks({"id": "temp", "valueType": {"type": "float", "unit": "fahrenheit"}}))])
    decoder.decode([frame_at(topic, jetlinks({"id": "x", "valueType": {"type": "float", "unit": "litre"}}))])
    assert [{"temp_c": 60.0}] == values(decoder.decode([report]))

    decoder.decode([frame_at(topic, jetlinks(all=True))])

    assert [{"temp_c": 140}] == values(decoder.decode([frame_at(report.topic, {"properties": {"temp": 140}}, 1_000)]))


@pytest.mark.parametrize("content", [{}, {"metadata": 3}, {"metadata": "["}, 7])
def test_a_model_without_metadata_is_an_event(build_decoder: Callable[..., Decoder], content: object) -> None:
    result = build_decoder().decode([frame_at("/p/d/metadata/derived", content)])

    assert ([], 1) == (result.refusals, len(result.events))


def test_other_housekeeping_of_jetlinks_is_an_event(build_decoder: Callable[..., Decoder]) -> None:
    result = build_decoder().decode([frame_at("/p/g/child/d/tags", {})])

    assert ([], ["housekeeping: tags"]) == (result.refusals, [event.detail for event in result.events])


def test_a_model_that_is_no_json_is_refused(build_decoder: Callable[..., Decoder]) -> None:
    assert ["bad_payload"] == [
        refusal.reason.value for refusal in build_decoder().decode([frame_at("/p/d/metadata/derived", b"{")]).refusals
    ]
