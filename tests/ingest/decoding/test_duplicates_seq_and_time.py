"""Messages of one device that are duplicates by seq, time and values, and those that only look so."""

from __future__ import annotations

from collections.abc import Callable

from domain import Device, Identity
from ingest.decoding.decoder import Decoder
from ingest.frame import Frame
from tests.ingest.decoding.native_messages import NOW, native_frames


def test_the_same_seq_is_read_once(decoder: Decoder) -> None:
    result = decoder.decode(
        native_frames("gas-1", {"seq": 1, "lel_pct": 3}, {"seq": 1, "lel_pct": 3}, {"seq": 2, "lel_pct": 3})
    )

    assert (2, 1) == (len(result.readings), result.duplicates)


def test_the_same_time_and_values_are_read_once_and_other_values_of_that_time_too(decoder: Decoder) -> None:
    result = decoder.decode(
        native_frames(
            "gas-1",
            {"ts": NOW, "lel_pct": 3},
            {"ts": NOW, "lel_pct": 3},
            {"ts": NOW, "co_ppm": 3},
            {"ts": NOW, "lel_pct": 4},
        )
    )

    assert (3, 1) == (len(result.readings), result.duplicates)


def test_one_and_one_point_nought_are_the_same_value(decoder: Decoder) -> None:
    one, again = {"ts": NOW, "lel_pct": 1, "co_ppm": 2.5}, {"ts": NOW, "lel_pct": 1.0, "co_ppm": 2.5}
    result = decoder.decode(native_frames("gas-1", one, again))

    assert (1, 1) == (len(result.readings), result.duplicates)


def test_equal_bytes_without_time_or_seq_are_two_presses(decoder: Decoder) -> None:
    result = decoder.decode(native_frames("button-1", {"sos": True}, {"sos": True}))

    assert (2, 0) == (len(result.readings), result.duplicates)


def test_a_batch_sent_again_is_read_once_whatever_its_length(decoder: Decoder) -> None:
    batch = [{"ts": NOW - 60_000 * each, "lel_pct": each % 7} for each in range(500)]

    result = decoder.decode(native_frames("gas-1", batch, batch))

    assert (500, 500) == (len(result.readings), result.duplicates)


def test_after_a_join_the_frame_counter_begins_again(build_decoder: Callable[..., Decoder]) -> None:
    decoder = build_decoder(Device("leak-1", "water_leak", identities=(Identity("chirpstack", "0101010101ABCDEF"),)))
    topic = "application/a/device/0101010101abcdef/event/"
    up = Frame(topic + "up", b'{"fCnt": 1, "object": {"leak": false}}', NOW, "bulk")
    join = Frame(topic + "join", b"{}", NOW, "bulk")

    result = decoder.decode([up, up, join, up])

    assert (2, 1) == (len(result.readings), result.duplicates)
    assert ["leak-1"] == [note.device for note in result.events]
