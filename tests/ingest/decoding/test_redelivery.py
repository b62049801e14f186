"""Packets that the broker delivers again."""

from __future__ import annotations

from array import array

from ingest.decoding.decoder import Decoder
from ingest.decoding.redelivery import RedeliveryFilter
from ingest.frame import Frame
from tests.ingest.decoding.native_messages import native_frames


def test_a_redelivered_packet_of_a_session_is_read_once_and_a_new_one_with_its_packet_id_too(decoder: Decoder) -> None:
    first, again = (
        native_frames("button-1", {"sos": True}, packet_id=5),
        native_frames("button-1", {"sos": True}, packet_id=5, dup=True),
    )
    other = native_frames("button-1", {"sos": 1}, packet_id=5, dup=True)

    result = decoder.decode([*first, *again, *other, *first])

    assert (3, 1) == (len(result.readings), result.duplicates)


NOW = 1_795_269_600_000


def frame(number: int | None, payload: bytes, received: int = NOW, dup: bool = False) -> Frame:
    return Frame("t", payload, received, "bulk", 1 if number else 0, number, dup)


def test_a_redelivered_packet_is_found_by_packet_id_and_bytes_also_after_a_restart() -> None:
    redelivery = RedeliveryFilter()
    assert not redelivery.redelivered([frame(1, b"a"), frame(2, b"b" * 5_000), frame(None, b"c")])
    after = RedeliveryFilter(redelivery.state())

    again = [
        frame(1, b"a", dup=True),
        frame(2, b"b" * 5_000, dup=True),
        frame(1, b"other", dup=True),
        frame(None, b"c", dup=True),
    ]
    assert {0, 1} == after.redelivered(again)


def test_a_message_that_a_danger_overtook_does_not_hide_its_redelivery() -> None:
    redelivery = RedeliveryFilter()
    redelivery.redelivered([frame(5, b"sos", NOW + 5_000)])
    redelivery.redelivered([frame(5, b"meter", NOW)])

    assert {0} == redelivery.redelivered([frame(5, b"sos", NOW + 9_000, dup=True)])


def test_marks_of_an_earlier_checkpoint_are_read_and_ids_above_them_too() -> None:
    redelivery = RedeliveryFilter()
    redelivery.redelivered([frame(3, b"a"), frame(7, b"b")])
    (marks,) = redelivery.state().values()
    written_before = {number: mark for number, mark in enumerate(array("Q", marks)) if mark}
    assert {3, 7} == written_before.keys()

    after = RedeliveryFilter({"bulk": written_before})
    assert after.state() == redelivery.state()
    assert {0, 1} == after.redelivered([
        frame(3, b"a", dup=True), frame(7, b"b", dup=True), frame(65_535, b"a", dup=True), frame(1, b"a", dup=True),
    ])  # fmt: skip
    assert {0} == after.redelivered([frame(65_535, b"a", dup=True)])


def test_a_clock_in_2040_does_not_stop_the_decoder() -> None:
    redelivery = RedeliveryFilter()
    redelivery.redelivered([frame(1, b"a", received=2_210_000_000_000)])
    assert {0} == redelivery.redelivered([frame(1, b"a", received=2_210_000_000_500, dup=True)])
