"""The write-ahead log of a ledger in a file: moved beside reads and writes, so that none of them waits for it."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import Connection, make_url

from store.database import database as database_module
from store.database.database import Database
from store.database.system import key_values
from tests.support.timeouts import LONG_TIMEOUT_S

STATE = "x" * 6_000_000
"""More than the 1,000 pages after which SQLite by itself has the commit move the log."""


async def moved(ledger: Database) -> None:
    moving = ledger.begin_wal_checkpoint()
    if moving is not None:
        await asyncio.wrap_future(moving)


async def test_a_large_state_is_committed_to_the_log_and_moved_to_the_file_afterwards(sqlite_ledger: str) -> None:
    file, ledger = Path(str(make_url(sqlite_ledger).database)), Database(sqlite_ledger)
    before = file.stat().st_size
    await ledger.write(lambda tx: key_values.put(tx, "state", STATE, now=0))
    assert file.stat().st_size == before
    for number in range(20):
        moving = ledger.begin_wal_checkpoint()
        await ledger.write(lambda tx, n=number: key_values.put(tx, f"alert {n}", n, now=0))
        assert moving is not None
        await asyncio.wrap_future(moving)
    assert file.stat().st_size > before + len(STATE)
    assert file.with_name("ledger.db-wal").stat().st_size < 2 * len(STATE)
    again = Database(sqlite_ledger)
    assert await again.read(lambda tx: key_values.get(tx, "alert 19")) == 19
    assert await again.read(lambda tx: key_values.get(tx, "state")) == STATE
    again.close()
    ledger.close()


async def test_a_disk_without_room_for_the_file_leaves_what_was_committed_in_the_log(
    sqlite_ledger: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(_connection: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    ledger = Database(sqlite_ledger)
    await ledger.write(lambda tx: key_values.put(tx, "a", 1, now=0))
    with monkeypatch.context() as patched:
        patched.setattr(database_module, "checkpoint_wal", full)
        await moved(ledger)
    assert "the write-ahead log was not moved to the file: database or disk is full" in caplog.text
    await moved(ledger)
    assert await ledger.read(lambda tx: key_values.get(tx, "a")) == 1
    ledger.close()


async def test_a_server_moves_its_log_by_itself(empty_ledger: str) -> None:
    ledger = Database(empty_ledger)
    assert ledger.begin_wal_checkpoint() is None
    await ledger.write(lambda tx: key_values.put(tx, "a", 1, now=0))
    ledger.close()


async def test_transactions_after_it_are_explicit_ones(database: Database) -> None:
    for number in range(3):
        await moved(database)
        await database.write(lambda tx, n=number: key_values.put(tx, "a", n, now=0))
        assert await database.read(lambda tx: key_values.get(tx, "a")) == number


async def test_a_long_read_keeps_the_log_from_being_moved_for_nobody(sqlite_ledger: str) -> None:
    """The state of the rules is stored by evaluation: it waits for no question of the console."""
    ledger, reading, end = Database(sqlite_ledger), threading.Event(), threading.Event()

    def read(_tx: Connection) -> None:
        reading.set()
        assert end.wait(LONG_TIMEOUT_S)

    question = asyncio.ensure_future(ledger.read(read))
    await asyncio.to_thread(reading.wait, LONG_TIMEOUT_S)
    await ledger.write(lambda tx: key_values.put(tx, "a", 1, now=0))
    await moved(ledger)
    assert not question.done()
    end.set()
    await question
    ledger.close()
    ledger.close()
