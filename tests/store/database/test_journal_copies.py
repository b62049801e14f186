"""Copies of journal entries for a second machine: stored once, deleted with the checkpoint that passed them."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection

from domain import Lane
from ingest.frame import Frame
from store.database import journal_copies
from store.database.journal_copies import Entry
from store.journal import SqliteJournal, encode_frames


def entry(pos: int, lane: Lane = Lane.BULK, topic: str = "t") -> Entry:
    frames = [Frame(topic, b"\x00payload", 1000 + pos, "bulk")]
    return pos, lane, 1000 + pos, 1, encode_frames(frames)


def test_entries_whose_commit_was_repeated_are_there_once(tx: Connection) -> None:
    journal_copies.add_entries(tx, [entry(1), entry(2)])
    journal_copies.add_entries(tx, [entry(2, topic="other"), entry(3)])
    assert journal_copies.list_entries(tx) == [entry(1), entry(2, topic="other"), entry(3)]


def test_a_checkpoint_deletes_what_it_has_passed_lane_by_lane(tx: Connection) -> None:
    journal_copies.add_entries(tx, [entry(1), entry(2, Lane.URGENT), entry(3), entry(4, Lane.URGENT)])
    journal_copies.delete_entries(tx, {Lane.BULK: 3, Lane.URGENT: 2})
    assert journal_copies.list_entries(tx) == [entry(4, Lane.URGENT)]
    journal_copies.delete_entries(tx, {})
    assert len(journal_copies.list_entries(tx)) == 1


async def test_a_second_machine_reads_them_from_its_own_journal_at_their_positions(
    tx: Connection, tmp_path: Path
) -> None:
    """What stands there under the same positions was never acknowledged by the machine that went on."""
    journal_copies.add_entries(tx, [entry(7), entry(8)])
    journal = SqliteJournal(tmp_path / "journal.db")
    await journal.reserve_positions(6)
    await journal.append(Lane.BULK, [Frame("of another leadership", b"x", 5, "bulk")])
    await journal.adopt(journal_copies.list_entries(tx))
    assert [(one.pos, one.frames[0].topic) for one in journal.read(Lane.BULK, 0)] == [(7, "t"), (8, "t")]
    assert await journal.append(Lane.BULK, [Frame("next", b"x", 9, "bulk")]) == 9
    journal.close()
