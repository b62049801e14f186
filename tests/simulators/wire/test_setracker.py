"""Frames of SeTracker watches, compared with those of real watches."""

from __future__ import annotations

from domain import Value
from simulators.events import Measurement
from simulators.wire import MessageHeader, setracker

AT = 1_747_518_078_000  # 2025-05-17T21:41:18Z


def frames(watch: str, values: dict[str, Value]) -> list[bytes]:
    messages = setracker.encode(Measurement("band-1", values), MessageHeader(watch, AT, 1))
    assert {message.topic for message in messages} <= {f"setracker/{watch}"}
    return [message.payload for message in messages]


def test_a_call_for_help_is_the_frame_of_a_real_watch() -> None:
    alarm, _ = frames("6907919734", {"sos": True, "battery_pct": 22})
    assert alarm == b"[3G*6907919734*003e*AL_LTE,170525,214118,V,0,N,0,E,0,0,0,0,0,22,0,0,00010000,0,0,0]"


def test_body_readings_are_the_frames_of_real_watches() -> None:
    assert frames("9705141740", {"spo2_pct": 98}) == [b"[3G*9705141740*000b*oxygen,0,98]"]
    assert frames("6005412902", {"heart_rate_bpm": 71}) == [b"[3G*6005412902*0008*heart,71]"]
    pressure: dict[str, Value] = {"systolic_mmhg": 120, "diastolic_mmhg": 79, "heart_rate_bpm": 73}
    assert frames("4700609403", pressure) == [b"[3G*4700609403*0013*bphrt,120,79,73,,,,]"]
    assert frames("4700186508", {"steps": 0, "battery_pct": 100}) == [b"[3G*4700186508*000a*LK,0,0,100]"]


def test_a_position_without_an_alarm_is_an_ordinary_one() -> None:
    (position,) = frames("1", {"lat": 30.3, "lon": -120.1})
    assert b"UD_LTE,170525,214118,A,30.300000,N,120.100000,W," in position
    assert frames("1", {"body_temp_c": 36.44}) == [b"[3G*1*000d*btemp2,1,36.4]"]
