"""How much of an entry is worked off between two pauses, in which urgent messages pass. It judges nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from domain import Reading
from ingest.frame import Frame

SLICE_FRAMES = 250
SLICE_BYTES = 262_144
"""Payload decoded in one go; a single message may be larger (intake.max_packet_bytes)."""
SLICE_READINGS = 250


def frame_slices(frames: Sequence[Frame]) -> list[Sequence[Frame]]:
    """Frames in their order, cut by number and size; a slice holds at least one."""
    slices, begin, size = list[Sequence[Frame]](), 0, 0
    for index, frame in enumerate(frames):
        if index > begin and (index - begin == SLICE_FRAMES or size + len(frame.payload) > SLICE_BYTES):
            slices.append(frames[begin:index])
            begin, size = index, 0
        size += len(frame.payload)
    return [*slices, frames[begin:]] if frames else []


def reading_slices(readings: Sequence[Reading]) -> Iterator[Sequence[Reading]]:
    """Readings in their order: one message may have brought 50,000."""
    for start in range(0, len(readings), SLICE_READINGS):
        yield readings[start : start + SLICE_READINGS]
