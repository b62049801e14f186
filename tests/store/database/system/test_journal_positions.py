"""Journal positions: forward only, per reader and lane."""

from __future__ import annotations

from sqlalchemy import Connection

from domain import Lane
from store.database.system import journal_positions


def test_a_cursor_only_goes_forward_and_each_reader_has_its_own(tx: Connection) -> None:
    assert journal_positions.advance(tx, "desk", Lane.BULK, 5)
    assert not journal_positions.advance(tx, "desk", Lane.BULK, 5)
    assert not journal_positions.advance(tx, "desk", Lane.BULK, 4)
    assert journal_positions.advance(tx, "desk", Lane.URGENT, 4)
    assert journal_positions.advance(tx, "desk", Lane.BULK, 6)
    assert journal_positions.positions(tx, "desk") == {Lane.BULK: 6, Lane.URGENT: 4}
    assert journal_positions.positions(tx, "other") == {}
