"""Values, times and seqs that are not ordinary: what is marked, replaced by the reception, or refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from domain import Device, Identity, Quality, RefusalReason
from ingest.decoding.decoder import Decoder
from ingest.frame import Frame
from tests.ingest.decoding.native_messages import NOW, native_frames, refusal_reasons


def test_a_bad_value_that_may_have_been_an_alarm_is_a_danger(decoder: Decoder) -> None:
    result = decoder.decode(
        native_frames("gas-1", {"alarm": "GRUEZI!", "lel_pct": 3}, {"lel_pct": "NaN", "co_ppm": True})
    )

    assert [
        (RefusalReason.BAD_VALUE, True),
        (RefusalReason.BAD_VALUE, False),
        (RefusalReason.BAD_VALUE, False),
    ] == refusal_reasons(result)
    assert [{"lel_pct": 3}] == [reading.values for reading in result.readings]


def test_a_value_outside_the_plausible_range_is_marked_and_an_alarm_bit_never(decoder: Decoder) -> None:
    (reading,) = decoder.decode(native_frames("gas-1", {"temp_c": -117, "alarm": True, "lel_pct": 1e300})).readings

    assert {"temp_c": -117, "alarm": True, "lel_pct": 1e300} == reading.values
    assert {"temp_c": Quality.IMPLAUSIBLE, "lel_pct": Quality.IMPLAUSIBLE} == reading.doubts


def test_a_sensor_past_the_end_of_its_scale_is_the_worst_leak_and_not_invalid(decoder: Decoder) -> None:
    """Many read a little over 100 %LEL when saturated; a fire brings CO beyond any household scale."""
    (reading,) = decoder.decode(native_frames("gas-1", {"lel_pct": 104.5, "co_ppm": 4200})).readings

    assert reading.doubts == {}


def test_a_retained_message_is_marked_so(decoder: Decoder) -> None:
    result = decoder.decode(native_frames("gas-1", {"alarm": True, "lel_pct": 200}, retain=True))

    assert {"alarm": Quality.RETAINED, "lel_pct": Quality.IMPLAUSIBLE} == result.readings[0].doubts


def test_an_implausible_device_time_is_replaced_by_the_reception_and_marked(decoder: Decoder) -> None:
    result = decoder.decode(
        native_frames("gas-1", {"ts": NOW + 180_000, "lel_pct": 3}, {"ts": 0, "lel_pct": 3}, {"ts": 0, "lel_pct": 3})
    )

    assert [(NOW, {"lel_pct": Quality.CLOCK})] * 3 == [(reading.at, reading.doubts) for reading in result.readings]
    assert [180_000, -NOW, -NOW] == [reading.ahead_ms for reading in result.readings]


def test_a_text_that_is_no_time_is_refused_and_the_values_get_the_time_of_reception(decoder: Decoder) -> None:
    result = decoder.decode(native_frames("gas-1", {"ts": "soon", "alarm": True}))

    assert [(RefusalReason.BAD_TIME, False)] == refusal_reasons(result)
    assert [(NOW, Quality.CLOCK)] == [(reading.at, reading.doubts["alarm"]) for reading in result.readings]


@pytest.mark.parametrize("seq", [True, 1.5, "x", 2**70, [1]])
def test_a_seq_that_is_no_whole_number_is_refused_and_the_values_are_taken(decoder: Decoder, seq: Any) -> None:
    result = decoder.decode(native_frames("gas-1", {"seq": seq, "lel_pct": 3}))

    assert ([(RefusalReason.BAD_VALUE, False)], 1) == (refusal_reasons(result), len(result.readings))


def test_a_seq_may_be_written_as_text_or_as_a_fraction(decoder: Decoder) -> None:
    result = decoder.decode(
        native_frames("gas-1", {"seq": 7, "lel_pct": 3}, {"seq": "7", "lel_pct": 3}, {"seq": 7.0, "lel_pct": 3})
    )

    assert (1, 2) == (len(result.readings), result.duplicates)


def test_two_fields_for_one_verdict_let_the_danger_count(build_decoder: Callable[..., Decoder]) -> None:
    decoder = build_decoder(Device("gas-1", "gas_alarm", identities=(Identity("zigbee2mqtt", "Kitchen"),)))

    for fields in ({"gas": True, "alarm": False}, {"alarm": False, "gas": True}):
        (reading,) = decoder.decode([Frame("zigbee2mqtt/Kitchen", json.dumps(fields).encode(), NOW, "bulk")]).readings
        assert {"alarm": True} == reading.values
