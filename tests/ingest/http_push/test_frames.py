"""Names of devices in topics of pushed messages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.http_push.frames import TOPIC_LEVEL_CHARS_MAX, frame_from_push, is_topic_level


@given(st.text(max_size=TOPIC_LEVEL_CHARS_MAX + 1))
def test_an_accepted_name_is_exactly_one_level_without_wildcards(name: str) -> None:
    if is_topic_level(name):
        frame = frame_from_push(f"fengshao/v1/{name}/up", b"{}", 1)
        assert (4, name) == (len(frame.topic.split("/")), frame.topic.split("/")[2])
        assert set(name).isdisjoint("+#\n\0")


@pytest.mark.parametrize(("length", "accepted"), [(TOPIC_LEVEL_CHARS_MAX, True), (TOPIC_LEVEL_CHARS_MAX + 1, False)])
def test_the_length_of_a_name_is_bounded(length: int, accepted: bool) -> None:
    assert accepted is is_topic_level("g" * length)
