"""HJ 212 frames: checked before they are used, several in one payload."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.adapters import hj212
from ingest.adapters.hj212 import crc16
from ingest.frame import Frame
from ingest.results import Rejection
from tests.ingest.adapters.text_platforms import NOW


def station(cp: str, command: int = 2011) -> bytes:
    body = f"QN=20250518054100000;ST=22;CN={command};PW=123456;MN=MN1;Flag=5;CP=&&{cp}&&".encode()
    return b"##%04d%s%04X\r\n" % (len(body), body, crc16(body))


def test_frames_of_a_station_are_checked_one_by_one(decode_message: Callable[[str, bytes], Any]) -> None:
    malformed = station("DataTime=20250518054000;alarm-Rtd=1").replace(b"alarm", b"alarn")
    result = decode_message("hj212/x", b"noise" + station("DataTime=20250518054000;lel_pct-Rtd=24") + malformed + b"##")

    assert [{"lel_pct": 24}] == [reading.values for reading in result.readings]
    assert ["bad_checksum", "bad_payload", "bad_payload"] == [refusal.reason for refusal in result.refusals]
    assert "MN1" == result.refusals[0].identity


def test_a_wrong_length_is_reported_with_both_numbers(decode_message: Callable[[str, bytes], Any]) -> None:
    result = decode_message("hj212/x", station("DataTime=20250518054000;lel_pct-Rtd=24").replace(b"##0", b"##9"))

    assert "its length says 9" in result.refusals[0].detail


def test_a_lower_case_check_sum_is_right_too(decode_message: Callable[[str, bytes], Any]) -> None:
    frame = station("DataTime=20250518054000;lel_pct-Rtd=24")
    result = decode_message("hj212/x", frame[:-6] + frame[-6:].lower())

    assert [24] == [reading.values["lel_pct"] for reading in result.readings]


def test_an_invalid_time_is_reported_and_the_value_gets_the_time_of_reception(
    decode_message: Callable[[str, bytes], Any],
) -> None:
    result = decode_message("hj212/x", station("DataTime=today;lel_pct-Rtd=24"))

    assert [NOW] == [reading.at for reading in result.readings]
    assert ["bad_time"] == [refusal.reason for refusal in result.refusals]


def test_without_a_data_time_the_time_of_the_frame_is_used(decode_message: Callable[[str, bytes], Any]) -> None:
    result = decode_message("hj212/x", station("lel_pct-Rtd=24"))

    assert [1747518060000] == [reading.at for reading in result.readings]


def test_the_end_of_an_alarm(decode_message: Callable[[str, bytes], Any]) -> None:
    result = decode_message("hj212/x", station("AlarmTime=20250518054000;lel_pct-Ala=2;AlarmType=0", 2072))

    assert [{"alarm": False, "lel_pct": 2}] == [reading.values for reading in result.readings]


@pytest.mark.parametrize("flag", ["B", "F", "M"])
def test_a_value_that_was_not_measured_is_refused_without_a_substitute(
    flag: str, decode_message: Callable[[str, bytes], Any]
) -> None:
    result = decode_message("hj212/x", station(f"DataTime=20250518054000;lel_pct-Rtd=24,lel_pct-Flag={flag}"))

    assert ([], ["bad_value"]) == (result.readings, [refusal.reason for refusal in result.refusals])


@given(st.binary(max_size=300))
def test_one_wrong_bit_of_a_station_frame_is_never_accepted(noise: bytes) -> None:
    body = b"MN=1;CN=2011;" + noise.replace(b"#", b"").replace(b"\r", b"").replace(b"\n", b"")
    frame = b"##%04d%s%04X" % (len(body), body, crc16(body) ^ 1)
    message = hj212.decode(Frame("hj212/1", frame, NOW, "bulk"))

    assert isinstance(message, list)
    assert all(isinstance(item, Rejection) for item in message)


@given(st.text(alphabet="0123456789;,=-&.NRtdAvgFlagDCTimSape", max_size=200))
def test_any_well_formed_station_frame_gives_a_result(cp: str) -> None:
    for command in (2011, 2072, 2081, 9015, 1062):
        message = hj212.decode(Frame("hj212/1", station(cp, command), NOW, "bulk"))

        assert message
        assert isinstance(message, list)
        assert "bad_checksum" not in [item.reason for item in message if isinstance(item, Rejection)]
