"""Cuts journal entries into slices: between two slices the event loop runs and urgent entries are processed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from domain import Reading
from ingest.frame import Frame

SLICE_FRAMES = 250
SLICE_BYTES = 262_144
"""Payload bytes of one slice; a single message may be larger (intake.max_packet_bytes)."""
SLICE_READINGS = 250


def frame_slices(frames: Sequence[Frame]) -> list[Sequence[Frame]]:
    """Frames in order, cut by number and size; a slice has at least one frame."""
    slices, begin, size = list[Sequence[Frame]](), 0, 0
    for index, frame in enumerate(frames):
        if index > begin and (index - begin == SLICE_FRAMES or size + len(frame.payload) > SLICE_BYTES):
            slices.append(frames[begin:index])
            begin, size = index, 0
        size += len(frame.payload)
    return [*slices, frames[begin:]] if frames else []


def reading_slices(readings: Sequence[Reading]) -> Iterator[Sequence[Reading]]:
    """Readings in order, cut by number: one message may contain 50,000."""
    for start in range(0, len(readings), SLICE_READINGS):
        yield readings[start : start + SLICE_READINGS]
