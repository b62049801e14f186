"""Replayed refusals: a message is replayed as often as it was received."""

from __future__ import annotations

from console.api.refusals import frames_to_replay
from domain import Lane, RefusalReason
from ingest.results import Refusal
from store.database.refusals.refusals import StoredRefusal


def kept(n: int, pos: int, payload: bytes, identity: str) -> StoredRefusal:
    refusal = Refusal(1, "zigbee2mqtt", "t", payload, RefusalReason.UNKNOWN_DEVICE, "", "zigbee2mqtt", identity)
    return StoredRefusal(n, Lane.BULK, pos, refusal)


def test_a_button_pressed_twice_in_one_batch_is_two_messages() -> None:
    assert len(frames_to_replay([kept(1, 7, b"press", "button"), kept(2, 7, b"press", "button")])) == 2


def test_a_message_about_three_unregistered_devices_is_one_message() -> None:
    assert len(frames_to_replay([kept(n, 7, b"[...]", f"stranger-{n}") for n in range(3)])) == 1


def test_messages_of_different_journal_entries_are_different() -> None:
    assert len(frames_to_replay([kept(1, 7, b"press", "button"), kept(2, 8, b"press", "button")])) == 2
