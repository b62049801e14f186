"""Frames of meters that upload many readings, compared with those that are printed of real ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from domain import HOUR, Instant, Value
from simulators.events import TimedValues
from simulators.wire.lorawan_meters import encode_uploads

BEIJING = timezone(timedelta(hours=8))
PRINTED_PROFILE = "78446d003318374413030000004d93132261010000000300" + "00" * 27
"""33 hours of a flowIQ 2200: three litres, drawn between 15:00 and 16:00 (the last volume is that of 19:00)."""
PRINTED_BASIC = "bfc7e7600028950100c0e8e660f79301001e0004000f000b00200005001d0054002d000f000a000a00000003000300"
PRINTED_DIFFERENCES = [30, 4, 15, 11, 32, 5, 29, 84, 45, 15, 10, 10, 0, 3, 3]


def instant(*when: int, zone: timezone = BEIJING) -> Instant:
    return int(datetime(*when, tzinfo=zone).timestamp() * 1000)  # type: ignore[misc, arg-type]


def hourly(last: Instant, litres: list[int], **flags: Value) -> list[TimedValues]:
    start = last - (len(litres) - 1) * HOUR
    return [
        TimedValues(start + index * HOUR, {"volume_m3": count / 1000, **flags}) for index, count in enumerate(litres)
    ]


def test_the_profile_of_a_flow_iq_is_the_printed_frame() -> None:
    (frame,) = encode_uploads(hourly(instant(2024, 7, 24, 19, 0), [0] * 29 + [3] * 4), "flowIQ")
    information = "52ff25" + "0000"
    assert frame.data.hex() == PRINTED_PROFILE + information
    volumes = [record for record in frame.decoded["values"] if record["Type"] == "Volume"]  # type: ignore[attr-defined]
    assert volumes[3] == {"Type": "Volume", "Value": 0.003, "Unit": "m3", "Timestamp": "2024-07-24T16:00:00.000"}
    assert (len(volumes), volumes[4]["Value"], frame.decoded["latestVolume"]) == (33, 0, 0.003)


def test_information_bits_are_those_of_the_printed_frame() -> None:
    # 52 ff25 1000 in the printed frame of midnight: tamper
    (frame,) = encode_uploads(hourly(instant(2023, 10, 19, 0, 0), [236], tamper=True), "flowIQ")
    assert frame.data.hex() == "78446d0020f32a" + "4413ec000000" + "52ff251000"


def test_a_basic_frame_of_a_qalcosonic_is_the_printed_one() -> None:
    first = instant(2021, 7, 8, 12, 0, zone=UTC)
    counts = [103_415]
    for difference in PRINTED_DIFFERENCES:
        counts.append(counts[-1] + difference)
    entries = hourly(first + 15 * HOUR, counts)
    last = TimedValues(instant(2021, 7, 9, 3, 51, 27, zone=UTC), {"volume_m3": 103.72})
    frames = list(encode_uploads([*entries[:-1], entries[-1]], "Qalcosonic W1"))
    assert len(frames) == 1
    assert frames[0].data[9:].hex() == PRINTED_BASIC[18:-4]
    (single,) = encode_uploads([last], "Qalcosonic W1")
    assert single.data[:9].hex() == PRINTED_BASIC[:18]
    assert single.decoded["lastVolume"] == 103_720


@pytest.mark.parametrize(("model", "frames"), [("flowIQ", 2), ("Qalcosonic W1", 3)])
def test_more_readings_than_a_frame_holds_are_several_frames(model: str, frames: int) -> None:
    entries = hourly(instant(2026, 11, 30, 0, 0), list(range(48)))
    assert len(list(encode_uploads(entries, model))) == frames


def test_a_counter_that_goes_back_and_a_missing_hour_begin_a_new_frame() -> None:
    back = hourly(instant(2026, 11, 30, 0, 0), [10, 12, 11, 11])
    gap = [*hourly(instant(2026, 11, 29, 20, 0), [1, 2]), *hourly(instant(2026, 11, 30, 0, 0), [3, 4])]
    assert len(list(encode_uploads(back, "flowIQ"))) == 2
    assert len(list(encode_uploads(gap, "flowIQ"))) == 2


def test_a_large_difference_takes_two_bytes() -> None:
    (frame,) = encode_uploads(hourly(instant(2026, 11, 30, 0, 0), [0, 300]), "flowIQ")
    assert "4d9313" + "04" + "6201" + "2c01" in frame.data.hex()
