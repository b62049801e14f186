"""Instants as platforms write them."""

from __future__ import annotations

from simulators.wire.times import beijing, rfc3339_nanoseconds, utc

AT = 1_658_136_855_775


def test_instants_are_written_in_utc_and_in_beijing_time() -> None:
    assert rfc3339_nanoseconds(AT, "Z") == "2022-07-18T09:34:15.775000000Z"
    assert f"{utc(AT):%Y%m%d%H%M%S}" == "20220718093415"
    assert f"{beijing(AT):%Y%m%d%H%M%S}" == "20220718173415"
