"""Frames of HJ 212."""

from __future__ import annotations

from simulators.events import Measurement
from simulators.wire import MessageHeader, hj212

MN = "010000A8900016F000169DC0"
PRINTED = b"QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&RtdInterval=30&&"
"""The example of the standard, whose length is 0101 and whose CRC is 1C80."""


def test_the_checksum_is_that_of_the_standards_example() -> None:
    assert (len(PRINTED), f"{hj212.crc16(PRINTED):04X}") == (101, "1C80")


def test_real_time_data_is_framed_with_length_and_checksum() -> None:
    at = 1_470_013_137_223  # 2016-08-01T08:58:57.223 in Beijing
    (message,) = hj212.encode(Measurement("s", {"co_ppm": 10, "temp_c": 21.5}), MessageHeader(MN, at, 1))
    frame = message.payload
    data = frame[6:-6]
    assert message.topic == f"hj212/{MN}"
    assert frame == b"##%04d" % len(data) + data + b"%04X\r\n" % hj212.crc16(data)
    assert data.startswith(b"QN=20160801085857223;ST=31;CN=2011;PW=123456;MN=010000A8900016F000169DC0;Flag=4;CP=&&")
    assert data.endswith(b"DataTime=20160801085857;a21005-Rtd=12.504,a21005-Flag=N;a01001-Rtd=21.5,a01001-Flag=N&&")


def test_what_the_standard_has_no_code_for_is_a_factor_of_the_operators_own() -> None:
    (message,) = hj212.encode(Measurement("s", {"opened": True, "ch4_pct": 0.4}), MessageHeader(MN, 0, 1))
    assert b";opened-Rtd=1,opened-Flag=N;ch4_pct-Rtd=0.4,ch4_pct-Flag=N&&" in message.payload
