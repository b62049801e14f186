"""What becomes of messages: every frame has a result, and an alarm bit is never lost."""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import Device, Identity, RefusalReason
from domain.kind import Kind
from ingest.decoding.decoder import Decoder
from ingest.decoding.device_index import DeviceIndex
from ingest.decoding.duplicates import DuplicateWindow
from ingest.decoding.validation import Outcome, validate
from ingest.frame import Frame
from ingest.mappings.mapping import MappingBook
from ingest.mappings.plan import compile_plan
from ingest.results import DeviceEventKind, RawReading
from tests.ingest.decoding.native_messages import GAS, NOW, native_frames, refusal_reasons
from tests.support.long_form import examples


def test_a_key_written_as_text_is_a_press_all_the_same(decoder: Decoder) -> None:
    assert [{"key": 1}] == [each.values for each in decoder.decode(native_frames("button-1", {"key": "1"})).readings]


@pytest.mark.parametrize("platform", ["chirpstack", "tts"])
@pytest.mark.parametrize(
    ("content", "values"),
    [(3.6, {"battery_v": 3.6}), (3, {"battery_pct": 3}), (57.5, {"battery_pct": 57.5}), ("3.6 V", {"battery_v": 3.6})],
)
def test_a_battery_of_three_point_six_is_volts(
    kinds: dict[str, Kind], books: list[MappingBook], platform: str, content: object, values: dict[str, float]
) -> None:
    plan = compile_plan(kinds["water_leak"], books, platform)
    verdict = validate(RawReading(platform, "x", None, {"battery": content}), GAS, plan, DuplicateWindow(), NOW, UTC)

    assert isinstance(verdict, Outcome)
    assert verdict.reading is not None
    assert ([], values) == (verdict.objections, verdict.reading.values)


def test_a_batch_may_be_mixed_and_every_item_of_it_has_a_result(decoder: Decoder) -> None:
    result = decoder.decode(
        native_frames("gas-1", [{"lel_pct": 1}, 7, {"lel_pct": "x"}, {}, {"lel_pct": None}, {"zzz": 1}])
    )

    assert [1] == [reading.values["lel_pct"] for reading in result.readings]
    assert [DeviceEventKind.LIFE] == [event.kind for event in result.events]
    assert [
        RefusalReason.BAD_PAYLOAD,
        RefusalReason.BAD_VALUE,
        RefusalReason.BAD_PAYLOAD,
        RefusalReason.NO_MAPPING,
    ] == [reason for reason, _ in refusal_reasons(result)]


def test_a_text_in_gbk_or_with_a_byte_order_mark_does_not_hide_an_alarm(decoder: Decoder) -> None:
    content = '{"msg": "燃气泄漏", "alarm": true}'
    frames = [
        Frame("fengshao/v1/gas-1/up", content.encode(code), NOW, "bulk") for code in ("gbk", "utf-8-sig", "utf-16")
    ]

    assert [{"alarm": True}] * 3 == [each.values for each in decoder.decode(frames).readings]


def test_an_adapter_that_fails_does_not_stop_the_frames_after_it(
    decoder: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(platform: str | None, frame: Frame) -> Any:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr("ingest.routing.routes.decode", broken)
    result = decoder.decode(native_frames("gas-1", {"lel_pct": 1}, {"lel_pct": 1}))

    assert [(RefusalReason.CODEC_FAILED, False)] * 2 == refusal_reasons(result)


def test_a_message_that_makes_validation_fail_does_not_stop_those_after_it_and_may_be_a_danger(
    decoder: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def poisoned(draft: RawReading, *rest: Any) -> Any:
        if draft.seq == 2:
            raise ZeroDivisionError("oh")
        return validate(draft, *rest)

    monkeypatch.setattr("ingest.decoding.readings.validate", poisoned)
    monkeypatch.setattr("ingest.decoding.decoder.has_danger_bit", lambda *_: 1 // 0)
    content = [{"seq": number, "alarm": number == 2} for number in (1, 2, 3)]
    frames = [frame for each in content for frame in native_frames("gas-1", each, leaf="alarm")]
    result = decoder.decode(frames)

    assert ([False, False], [(RefusalReason.CODEC_FAILED, True)]) == (
        [reading.values["alarm"] for reading in result.readings],
        refusal_reasons(result),
    )
    assert [True] * 3 == [decoder.has_danger(frame) for frame in frames]


def test_the_decoder_states_its_versions(decoder: Decoder) -> None:
    assert "adapter 3, mapping 4" == decoder.versions["zigbee2mqtt"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.sampled_from(
    ["ts", "seq", "alarm", "lel_pct", "co_ppm", "fault", "battery_pct", "test", "object", "gas", "x"]
)
TOPICS = st.sampled_from(
    [
        "fengshao/v1/gas-1/up",
        "fengshao/v1/gas-1/alarm",
        "fengshao/v1/gas-1/status",
        "application/a/device/01/event/up",
        "application/a/device/01/event/status",
        "application/a/device/01/event/location",
        "zigbee2mqtt/Kitchen",
        "zigbee2mqtt/bridge/event",
        "zigbee2mqtt/Kitchen/availability",
    ]
)
KNOWN = Device("gas-1", "gas_alarm", identities=(Identity("chirpstack", "01"), Identity("zigbee2mqtt", "Kitchen")))


@settings(max_examples=examples(400, short=120), deadline=None)
@given(data=st.data(), topic=TOPICS)
def test_any_payload_has_a_result_and_a_true_alarm_is_never_lost(
    data: st.DataObject, topic: str, kinds: dict[str, Kind], books: list[MappingBook]
) -> None:
    decoder = Decoder(kinds, books)
    decoder.device_index = DeviceIndex([KNOWN])
    content = data.draw(st.dictionaries(FIELDS, JSON, max_size=5) | st.lists(JSON, max_size=3) | JSON)
    payload = data.draw(st.just(json.dumps(content).encode()) | st.binary(max_size=40))

    result = decoder.decode([Frame(topic, payload, NOW, "bulk")])

    assert result.readings or result.refusals or result.events or result.duplicates
    assert all(reading.values for reading in result.readings)
    whole = payload == json.dumps(content).encode() and topic in ("fengshao/v1/gas-1/up", "fengshao/v1/gas-1/alarm")
    if whole and isinstance(content, dict) and content.get("alarm") is True:
        assert result.readings[0].values["alarm"] is True
