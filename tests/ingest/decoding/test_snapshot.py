"""The state of a decoder after a restart, also from snapshots of earlier versions."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import msgspec

from ingest.decoding.decoder import Decoder
from tests.ingest.decoding.native_messages import GAS, NOW, native_frames


def test_a_restored_decoder_finds_duplicates_of_messages_before_the_crash(
    decoder: Decoder, build_decoder: Callable[..., Decoder]
) -> None:
    before = native_frames("gas-1", {"seq": 1, "ts": NOW, "lel_pct": 3}, {"ts": NOW - 5, "co_ppm": 1}, packet_id=1)
    decoder.decode(before)
    after = build_decoder(GAS)
    after.restore(decoder.snapshot())

    result = after.decode([*before, *native_frames("gas-1", {"ts": NOW - 5, "co_ppm": 1}, packet_id=1, dup=True)])

    assert ([], 3) == (result.readings, result.duplicates)
    assert len(decoder.snapshot(received_since=NOW + 1)) < len(decoder.snapshot())


def test_a_snapshot_of_the_first_version_is_still_read(decoder: Decoder, build_decoder: Callable[..., Decoder]) -> None:
    frames = native_frames("gas-1", {"seq": 1, "ts": NOW, "lel_pct": 3}, packet_id=1)
    decoder.decode(frames)
    (windows,), packets, *_ = msgspec.msgpack.decode(decoder.snapshot(), strict=False)
    after = build_decoder(GAS)
    after.restore(msgspec.msgpack.encode([windows, packets]))

    assert 1 == after.decode(frames).duplicates


def test_a_snapshot_in_steps_is_the_snapshot(decoder: Decoder) -> None:
    decoder.decode(native_frames("gas-1", {"seq": 1, "ts": NOW, "lel_pct": 3}, packet_id=1))
    out = BytesIO()
    for _ in decoder.snapshot_in_steps(out):
        pass
    assert out.getvalue() == decoder.snapshot()
