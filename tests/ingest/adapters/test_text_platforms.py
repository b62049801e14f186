"""Text frames of stations and watches: checked before they are used, several in one payload; any bytes are safe."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain import Device, Identity
from ingest.adapters import hj212, setracker, wmbusmeters
from ingest.adapters.hj212 import crc16
from ingest.adapters.setracker.frames import split_frames
from ingest.decoding.decoder import Decoder
from ingest.formats.numbers import parse_number
from ingest.frame import Frame
from ingest.results import DeviceEvent, RawReading, Rejection

NOW = 1747518100000
BAND = Device("band-1", "wristband", identities=(Identity("setracker", "8800000015"),))
STATION = Device("gas-1", "gas_alarm", identities=(Identity("hj212", "MN1"),))


def station(cp: str, command: int = 2011) -> bytes:
    body = f"QN=20250518054100000;ST=22;CN={command};PW=123456;MN=MN1;Flag=5;CP=&&{cp}&&".encode()
    return b"##%04d%s%04X\r\n" % (len(body), body, crc16(body))


def watch(content: str, *, length: int | None = None) -> bytes:
    message = content.encode()
    return b"[3G*8800000015*%04X*%s]" % (len(message) if length is None else length, message)


def position(word: str, fix: str = "A", status: str = "00000000", day: str = "170525", lat: str = "31.23") -> bytes:
    return watch(f"{word},{day},214118,{fix},{lat},N,121.47,E,0,0,0,7,100,80,12,0,{status},1,1,460")


@pytest.fixture
def decode_message(listener: Callable[..., Decoder]) -> Callable[[str, bytes], Any]:
    device_decoder = listener(BAND, STATION)
    return lambda topic, payload: device_decoder.decode([Frame(topic, payload, NOW, "bulk")])


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


def test_a_watch_s_wrong_frame_does_not_hide_the_next(decode_message: Callable[[str, bytes], Any]) -> None:
    result = decode_message("setracker/x", watch("heart,71", length=3) + b"\r\n" + watch("heart,72") + b"tail")

    assert [{"heart_rate_bpm": 72}] == [reading.values for reading in result.readings]
    assert ["its length says 3 bytes, and it has 8", "it is no frame: [maker*id*length*content]"] == [
        refusal.detail for refusal in result.refusals
    ]


def test_an_alarm_report_that_cannot_be_read_is_a_danger(decode_message: Callable[[str, bytes], Any]) -> None:
    malformed = watch("AL,170525,214118,V", length=3), watch("AL,170525,214118,V"), watch("heart,71", length=3)
    result = decode_message("setracker/x", b"".join(malformed))

    assert [("bad_payload", True), ("bad_payload", True), ("bad_payload", False)] == [
        (refusal.reason, refusal.danger) for refusal in result.refusals
    ]


def test_an_invalid_status_is_refused_and_the_alarm_taken_as_a_call_for_help(
    decode_message: Callable[[str, bytes], Any],
) -> None:
    result = decode_message("setracker/x", position("AL", status="zz"))

    assert [True] == [reading.values["sos"] for reading in result.readings]
    assert [("bad_value", False)] == [
        (refusal.reason, refusal.danger) for refusal in result.refusals
    ]  # the reading tells it
    assert 1 == len(result.events)


@pytest.mark.parametrize(("status", "message"), [("00010000", "sos"), ("00200000", "fall"), ("00400000", "fall")])
def test_a_position_report_with_an_alarm_bit_is_an_alarm(
    status: str, message: str, decode_message: Callable[[str, bytes], Any]
) -> None:
    result = decode_message("setracker/x", position("UD_LTE", status=status))

    assert [True] == [reading.values[message] for reading in result.readings]


def test_a_position_report_without_alarm_bits_clears_nothing(decode_message: Callable[[str, bytes], Any]) -> None:
    (reading,) = decode_message("setracker/x", position("UD")).readings

    assert {"lat": 31.23, "lon": 121.47, "battery_pct": 80, "steps": 12} == reading.values


def test_a_fence_is_no_call_for_help(decode_message: Callable[[str, bytes], Any]) -> None:
    result = decode_message("setracker/x", position("AL", status="00040000"))

    assert [False] == ["sos" in reading.values for reading in result.readings]


@pytest.mark.parametrize("place", [("V", "31.23"), ("A", "somewhere")])
def test_without_a_fix_there_is_no_position(
    place: tuple[str, str], decode_message: Callable[[str, bytes], Any]
) -> None:
    result = decode_message("setracker/x", position("UD", fix=place[0], lat=place[1]))

    assert [False] == ["lat" in reading.values for reading in result.readings]


def test_zero_and_zero_is_no_position(decode_message: Callable[[str, bytes], Any]) -> None:
    result = decode_message("setracker/x", watch("UD,170525,214118,A,0.0,N,0.0,E,0,0,0,7,100,80,12,0,0000,1"))

    assert [False] == ["lat" in reading.values for reading in result.readings]


def test_an_invalid_date_is_reported_and_the_other_fields_kept(decode_message: Callable[[str, bytes], Any]) -> None:
    result = decode_message("setracker/x", position("UD", day="999999"))

    assert ["bad_time"] == [refusal.reason for refusal in result.refusals]
    assert [NOW] == [reading.at for reading in result.readings]


@pytest.mark.parametrize(
    ("content", "values"),
    [
        ("oxygen,97", {"spo2_pct": 97}),
        ("btemp2,36.6", {"body_temp_c": 36.6}),
        ("bphrt,0,0,73,,,,", {"heart_rate_bpm": 73}),
    ],
)
def test_short_forms_and_zeros(
    content: str, values: dict[str, Any], decode_message: Callable[[str, bytes], Any]
) -> None:
    assert [values] == [reading.values for reading in decode_message("setracker/x", watch(content)).readings]


@pytest.mark.parametrize("content", ["btemp2,1,0", "btemp2,1,1", "oxygen,0,0", "bphrt,,,", "LK,0,100"])
def test_a_measurement_that_failed_is_only_a_life_sign(
    content: str, decode_message: Callable[[str, bytes], Any]
) -> None:
    result = decode_message("setracker/x", watch(content))

    assert ([], [], ["life"]) == (result.readings, result.refusals, [event.kind for event in result.events])


def test_a_g616_without_a_position_or_a_date(decode_message: Callable[[str, bytes], Any]) -> None:
    result = decode_message(
        "setracker/x", b'{"imei": "8800000015", "heartRate": "0", "bloodOxygen": "97", "location": "0"}'
    )

    assert [(NOW, {"spo2_pct": 97})] == [(reading.at, reading.values) for reading in result.readings]


def test_a_g616_with_an_invalid_date(decode_message: Callable[[str, bytes], Any]) -> None:
    message = {"imei": "8800000015", "sos": True, "locationDate": "now", "locationTime": "1"}
    result = decode_message("setracker/x", json.dumps(message).encode())

    assert ([{"sos": True}], ["bad_time"]) == (
        [reading.values for reading in result.readings],
        [refusal.reason for refusal in result.refusals],
    )


def test_an_alarm_of_another_day_is_over_unless_the_status_still_reports_it() -> None:
    message = {"id": "1", "last_alarm_date": "2025-05-16", "message_datetime": "2025-05-17 21:00", "status": "OK"}
    without_alarm, smoky = (
        wmbusmeters.decode(Frame("wmbusmeters/1", json.dumps({**message, **more}).encode(), NOW, "bulk"))
        for more in ({}, {"status": "SMOKE"})
    )

    assert isinstance(without_alarm, list)
    assert isinstance(smoky, list)
    assert [False, True] == [
        item[0].fields["alarm"] for item in (without_alarm, smoky) if isinstance(item[0], RawReading)
    ]


def test_a_true_flag_outweighs_an_empty_status() -> None:
    message = {"id": "1", "total_m3": 1, "status": "OK", "leak": True, "burst": False}
    decoded = wmbusmeters.decode(Frame("wmbusmeters/1", json.dumps(message).encode(), NOW, "bulk"))

    assert isinstance(decoded, list)
    raw_reading, event = decoded
    assert isinstance(raw_reading, RawReading)
    assert (True, False) == (raw_reading.fields["leak"], raw_reading.fields["burst"])
    assert isinstance(event, DeviceEvent)
    assert "leak is True while the status says OK" in event.detail


@given(st.binary(max_size=300))
def test_one_wrong_bit_of_a_station_frame_is_never_accepted(noise: bytes) -> None:
    body = b"MN=1;CN=2011;" + noise.replace(b"#", b"").replace(b"\r", b"").replace(b"\n", b"")
    frame = b"##%04d%s%04X" % (len(body), body, crc16(body) ^ 1)
    message = hj212.decode(Frame("hj212/1", frame, NOW, "bulk"))

    assert isinstance(message, list)
    assert all(isinstance(item, Rejection) for item in message)


PIECES = st.sampled_from(
    [
        b"##",
        b"0101",
        b"CP=&&",
        b"&&",
        b";",
        b"CN=2011",
        b"MN=1",
        b"a-Rtd=1",
        b"[3G*1*",
        b"0008*",
        b"heart,71",
        b"]",
        b"AL,",
    ]
)


@given(st.binary() | st.lists(PIECES | st.binary(max_size=4)).map(b"".join))
@example(b"{}")
@example(b"[3G*1*FFFF*")
def test_any_bytes_give_a_reading_an_event_or_a_rejection(payload: bytes) -> None:
    for adapter in (hj212, setracker, wmbusmeters):
        message = adapter.decode(Frame(f"{adapter.PLATFORM}/1", payload, NOW, "bulk"))

        assert message
        assert all(
            isinstance(item, RawReading | DeviceEvent | Rejection)
            for item in (message if isinstance(message, list) else [message])
        )


@given(st.text(alphabet="0123456789;,=-&.NRtdAvgFlagDCTimSape", max_size=200))
def test_any_well_formed_station_frame_gives_a_result(cp: str) -> None:
    for command in (2011, 2072, 2081, 9015, 1062):
        message = hj212.decode(Frame("hj212/1", station(cp, command), NOW, "bulk"))

        assert message
        assert isinstance(message, list)
        assert "bad_checksum" not in [item.reason for item in message if isinstance(item, Rejection)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(
    ["id", "_", "status", "timestamp", "total_m3", "meter", "leak", "last_alarm_date", "message_datetime"]
)


@given(st.dictionaries(NAMES, JSON | st.sampled_from(["LEAK", "OK", "SMOKE", "LEAKAGE_OR_NO_USAGE"])))
def test_any_telegram_gives_a_result(message: dict[str, object]) -> None:
    decoded = wmbusmeters.decode(Frame("wmbusmeters/1", json.dumps(message).encode(), NOW, "bulk"))

    assert isinstance(decoded, DeviceEvent | Rejection) or isinstance(decoded[0], RawReading)


@given(st.lists(st.binary(max_size=30).filter(lambda message: b"[" not in message)))
def test_encoded_watch_frames_are_split_into_the_same_frames(contents: list[bytes]) -> None:
    payload = b"".join(b"[3G*1*%04x*%s]" % (len(message), message) for message in contents)

    assert contents == [split_frame.content for split_frame in split_frames(payload)]


@given(st.integers() | st.floats(allow_nan=False))
def test_every_number_is_parsed_from_its_text(value: float) -> None:
    assert value == parse_number(repr(value)) or abs(value) >= 10**30
