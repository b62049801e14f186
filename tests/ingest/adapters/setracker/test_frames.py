"""Frames of SeTracker-type watches."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingest.adapters.setracker.frames import split_frames


@given(st.lists(st.binary(max_size=30).filter(lambda message: b"[" not in message)))
def test_encoded_watch_frames_are_split_into_the_same_frames(contents: list[bytes]) -> None:
    payload = b"".join(b"[3G*1*%04x*%s]" % (len(message), message) for message in contents)

    assert contents == [split_frame.content for split_frame in split_frames(payload)]
