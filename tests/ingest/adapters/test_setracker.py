"""SeTracker-type watches: positions, alarm bits, measurements."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.adapters import hj212, setracker, wmbusmeters
from ingest.frame import Frame
from ingest.results import DeviceEvent, RawReading, Rejection
from tests.ingest.adapters.text_platforms import NOW


def watch(content: str, *, length: int | None = None) -> bytes:
    message = content.encode()
    return b"[3G*8800000015*%04X*%s]" % (len(message) if length is None else length, message)


def position(word: str, fix: str = "A", status: str = "00000000", day: str = "170525", lat: str = "31.23") -> bytes:
    return watch(f"{word},{day},214118,{fix},{lat},N,121.47,E,0,0,0,7,100,80,12,0,{status},1,1,460")


def test_a_watch_s_wrong_frame_does_not_hide_the_next(decode_message: Callable[[str, bytes], Any]) -> None:
    result = decode_message("setracker/x", watch("heart,71", length=3) + b"\r\n" + watch("heart,72") + b"tail")

    assert [{"heart_rate_bpm": 72, "worn": True}] == [reading.values for reading in result.readings]
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


def test_a_watch_that_measures_again_is_worn_again(decode_message: Callable[[str, bytes], Any]) -> None:
    frames = position("AL", status="00100000") + watch("oxygen,0,0") + watch("heart,71")
    result = decode_message("setracker/x", frames)

    assert [False, True] == [reading.values["worn"] for reading in result.readings]


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
        ("oxygen,97", {"spo2_pct": 97, "worn": True}),
        ("btemp2,36.6", {"body_temp_c": 36.6}),
        ("bphrt,0,0,73,,,,", {"heart_rate_bpm": 73, "worn": True}),
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
