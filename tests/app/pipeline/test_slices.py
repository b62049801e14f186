"""How journal entries are cut into slices."""

from __future__ import annotations

from app.pipeline.slices import SLICE_BYTES, SLICE_FRAMES, frame_slices
from ingest.frame import Frame


def test_many_large_messages_are_no_slice_together() -> None:
    large = [Frame("t", b"x" * (SLICE_BYTES // 2), 0, "bulk")] * 9
    assert [2, 2, 2, 2, 1] == [len(part) for part in frame_slices(large)]
    assert [1, 1] == [len(part) for part in frame_slices([Frame("t", b"x" * SLICE_BYTES * 2, 0, "bulk")] * 2)]
    small = [Frame("t", b"x", 0, "bulk")] * (2 * SLICE_FRAMES + 1)
    assert [SLICE_FRAMES, SLICE_FRAMES, 1] == [len(part) for part in frame_slices(small)]
    assert [] == frame_slices([])
