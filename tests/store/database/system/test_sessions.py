"""Sessions are open until they expire or are ended."""

from __future__ import annotations

from sqlalchemy import Connection

from store.database.system import sessions
from store.database.system.sessions import Session


def test_a_session_is_open_until_it_expires_or_is_ended(tx: Connection) -> None:
    first = Session("s1", "user:li", "li", "w-li", 1, 1, 100, address="10.0.0.1", agent="Firefox")
    for session in (first, Session("s2", "user:li", "li", None, 2, 2, 50), Session("s3", "t-1", None, None, 3, 3, 100)):
        sessions.create(tx, session)
    assert sessions.get(tx, "s1", 99) == first
    assert sessions.get(tx, "s1", 100) is None
    sessions.seen(tx, "s1", 40)
    assert [one.id for one in sessions.list_open(tx, 49)] == ["s1", "s3", "s2"]
    assert [one.id for one in sessions.list_open(tx, 49, "li")] == ["s1", "s2"]
    assert sessions.end(tx, "s3", 50)
    assert not sessions.end(tx, "s3", 51)
    assert sessions.end_of_user(tx, "li", 49, but="s1") == 1
    assert [one.id for one in sessions.list_open(tx, 49)] == ["s1"]
    assert sessions.purge(tx, 60) == 1
    assert sessions.end_of_user(tx, "li", 60) == 1
