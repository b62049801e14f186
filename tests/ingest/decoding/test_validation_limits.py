"""What no history server stores is refused, or replaced, before it becomes a reading (row S3, docs/history.md)."""

from __future__ import annotations

import pytest

from domain import HOUR, Quality, RefusalReason
from ingest.decoding.decoder import Decoder
from ingest.frame import Frame
from tests.ingest.decoding.native_messages import NOW, native_frames, refusal_reasons


@pytest.mark.parametrize("ts", [10**17, -(10**17), 10**30, "3170-01-01T00:00:00Z", "1600-01-01T00:00:00Z", 9e18])
def test_s3_an_instant_outside_the_years_of_a_server_is_replaced_by_the_reception(decoder: Decoder, ts: object) -> None:
    result = decoder.decode(native_frames("gas-1", {"ts": ts, "lel_pct": 3}))
    (reading,) = result.readings
    assert abs(reading.at - NOW) < HOUR
    assert reading.doubts == {"lel_pct": Quality.CLOCK}


@pytest.mark.parametrize("value", ["Infinity", "-Infinity", "NaN", "1e400"])
def test_s3_infinite_and_undefined_numbers_are_no_readings(decoder: Decoder, value: str) -> None:
    payload = f'{{"lel_pct": {value}, "co_ppm": 5}}'.encode()
    result = decoder.decode([Frame("fengshao/v1/gas-1/up", payload, NOW, "bulk")])
    assert all(number - number == 0 for reading in result.readings for number in reading.values.values())  # type: ignore[operator]
    assert refusal_reasons(result)


def test_s3_a_whole_number_of_more_than_64_bits_is_refused(decoder: Decoder) -> None:
    result = decoder.decode(native_frames("gas-1", {"lel_pct": 2**70, "co_ppm": 5}))
    assert [reading.values for reading in result.readings] == [{"co_ppm": 5}]
    assert [reason for reason, _ in refusal_reasons(result)] == [RefusalReason.BAD_VALUE]


@pytest.mark.parametrize("name", ["", "d" * 70_000])
def test_s3_a_message_of_a_device_without_a_name_or_with_an_endless_one_is_becomes_no_reading(
    decoder: Decoder, name: str
) -> None:
    result = decoder.decode([Frame(f"fengshao/v1/{name}/up", b'{"lel_pct": 3}', NOW, "bulk")])
    assert result.readings == []
    assert refusal_reasons(result)
