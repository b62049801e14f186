"""Frames keep their array form in the journal, so that journals of earlier versions can be read."""

from __future__ import annotations

import msgspec

from ingest.frame import Frame


def test_the_order_of_the_fields_in_the_journal_never_changes() -> None:
    frame = Frame("t", b"p", 5, "urgent", 1, 7, dup=True, retain=True, size=9, is_session_copy=True)

    assert ["t", b"p", 5, "urgent", 1, 7, True, True, 9, True] == msgspec.msgpack.decode(msgspec.msgpack.encode(frame))


def test_a_frame_without_the_later_fields_can_be_read() -> None:
    data = msgspec.msgpack.encode(["t", b"p", 5, "bulk"])

    assert Frame("t", b"p", 5, "bulk") == msgspec.msgpack.decode(data, type=Frame)
