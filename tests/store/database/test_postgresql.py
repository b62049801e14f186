"""The ledger on a PostgreSQL server that is killed, paused, full of other writers, or set up for other texts."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, event, make_url

from store.database import postgresql
from store.database.database import Database
from store.database.postgresql import UnsuitableServer
from store.database.system import key_values
from store.database.system.tables import commit_marks
from store.errors import CannotRead, CannotWrite
from tests.support.postgresql import PostgresServer, own_server
from tests.support.timeouts import LONG_TIMEOUT_S


@pytest.fixture(scope="module")
def mortal(postgres: PostgresServer) -> Iterator[PostgresServer]:
    """A server that the tests of this module kill."""
    del postgres  # skips where PostgreSQL is not installed
    with own_server() as server:
        server.create_template()
        yield server


@pytest.fixture
def database(mortal: PostgresServer) -> Iterator[Database]:
    opened = Database(mortal.url("migrated"))
    opened.write_blocking(lambda tx: tx.exec_driver_sql("DELETE FROM settings") and None)
    yield opened
    opened.close()


def add_one(tx: Connection) -> int:
    """A work that must be applied exactly once."""
    number = int(key_values.get(tx, "sum") or 0) + 1
    key_values.put(tx, "sum", number, now=0)
    return number


def total(database: Database) -> int:
    return int(database.write_blocking(lambda tx: key_values.get(tx, "sum")) or 0)


def until_written(database: Database, work: Callable[[Connection], Any]) -> int:
    """Write as the service does: again after each CannotWrite. Returns how often it was refused."""
    refused = 0
    while True:
        try:
            database.write_blocking(work)
            return refused
        except CannotWrite:
            refused += 1


def test_a_server_killed_under_load_loses_nothing_and_nothing_is_written_twice(
    database: Database, mortal: PostgresServer
) -> None:
    """What was refused is tried again; what was in a commit when the server died is stored once, or refused."""
    done, refused = threading.Semaphore(0), []

    def load() -> None:
        for _ in range(150):
            refused.append(until_written(database, add_one))
            done.release()

    writer = threading.Thread(target=load)
    writer.start()
    for _ in range(3):
        for _ in range(25):
            done.acquire(timeout=LONG_TIMEOUT_S)
        mortal.kill()
        mortal.start()
    writer.join(LONG_TIMEOUT_S)
    assert total(database) == 150
    assert sum(refused) > 0


@pytest.mark.parametrize(("is_stored", "outcome"), [(True, None), (False, CannotWrite)], ids=["stored", "not stored"])
def test_a_commit_whose_answer_is_lost_is_known_by_its_mark(
    database: Database, is_stored: bool, outcome: type[Exception] | None
) -> None:
    def lose_the_answer(tx: Connection) -> None:
        connection: Any = tx.connection.dbapi_connection
        if is_stored:
            connection.commit()
        connection.close()

    database.write_blocking(lambda tx: key_values.put(tx, "before", 1, now=0))
    event.listen(database._engine, "commit", lose_the_answer, once=True)
    if outcome is None:
        assert database.write_blocking(add_one) == 1
    else:
        with pytest.raises(outcome):
            database.write_blocking(add_one)
    assert total(database) == int(is_stored)


def test_a_commit_in_doubt_waits_for_the_server(database: Database, mortal: PostgresServer) -> None:
    """The server dies with the answer, and comes back."""
    died = threading.Event()

    def die(tx: Connection) -> None:
        connection: Any = tx.connection.dbapi_connection
        connection.commit()
        connection.close()
        mortal.kill()
        died.set()

    database.write_blocking(lambda tx: key_values.put(tx, "before", 1, now=0))
    event.listen(database._engine, "commit", die, once=True)
    written: list[int] = []
    writer = threading.Thread(target=lambda: written.append(database.write_blocking(add_one)))
    writer.start()
    assert died.wait(LONG_TIMEOUT_S)
    assert written == []
    end = time.monotonic() + LONG_TIMEOUT_S
    while database.is_answering:
        assert time.monotonic() < end
    mortal.start()
    writer.join(LONG_TIMEOUT_S)
    assert (written, total(database)) == ([1], 1)


def test_a_first_migration_whose_answer_is_lost_fails_and_is_repeated(empty_ledger: str) -> None:
    """There is no table of marks yet: the question whether it was committed was asked for ever."""
    engine, reader = postgresql.postgresql_engines(make_url(empty_ledger))
    with engine.begin() as tx:
        tx.exec_driver_sql("DROP TABLE commit_marks")
    assert not postgresql.CommitMarks(engine).was_committed()
    engine.dispose()
    reader.dispose()


def test_a_commit_in_doubt_does_not_keep_the_service_from_stopping(mortal: PostgresServer) -> None:
    opened = Database(mortal.url("migrated"))

    def die(_tx: Connection) -> None:
        mortal.kill()
        opened._writer._closing.set()

    opened.write_blocking(lambda tx: key_values.put(tx, "before", 1, now=0))
    event.listen(opened._engine, "commit", die)
    with pytest.raises(CannotWrite, match="could not write"):
        opened.write_blocking(add_one)
    opened.close()
    mortal.start()


async def test_a_server_that_is_down_refuses_reads_and_writes_and_serves_again_after_its_restart(
    database: Database, mortal: PostgresServer
) -> None:
    await database.write(lambda tx: key_values.put(tx, "kept", 1, now=0))
    assert await database.read(lambda tx: key_values.get(tx, "kept")) == 1
    mortal.kill()
    with pytest.raises(CannotWrite):
        await database.write(add_one)
    assert not database.is_answering
    with pytest.raises(CannotRead):
        await database.read(lambda tx: key_values.get(tx, "kept"))
    mortal.start()
    assert await database.read(lambda tx: key_values.get(tx, "kept")) == 1
    assert not database.is_answering  # no write has been taken yet
    await database.write(add_one)
    assert database.is_answering


async def test_a_read_over_a_connection_that_died_with_the_server_is_tried_on_a_new_one(
    database: Database, mortal: PostgresServer
) -> None:
    assert await database.read(lambda tx: key_values.get(tx, "sum")) is None
    mortal.stop(signal.SIGINT)
    mortal.start()
    assert await database.read(lambda tx: key_values.get(tx, "sum")) is None


def test_a_second_writer_waits_for_the_first_and_then_gives_up(
    database: Database, mortal: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "_SESSION", "SET lock_timeout = 50")
    second = Database(mortal.url("migrated"))
    with psycopg.connect(mortal.url("migrated")) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [postgresql.WRITER_LOCK])
        with pytest.raises(CannotWrite, match="lock timeout"):
            second.write_blocking(add_one)
        other.rollback()
        second.write_blocking(add_one)
    second.close()
    assert total(database) == 1


def test_two_processes_that_write_at_once_lose_no_update(database: Database, mortal: PostgresServer) -> None:
    """Each work reads before it writes: without one lock for all writers they would overwrite each other."""
    others = [Database(mortal.url("migrated")) for _ in range(3)]
    threads = [
        threading.Thread(target=lambda one=one: [one.write_blocking(add_one) for _ in range(20)]) for one in others
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG_TIMEOUT_S)
    for other in others:
        other.close()
    assert total(database) == 60


def test_a_text_with_a_nul_is_stored_with_a_replacement_character(database: Database) -> None:
    """Devices send what they want; PostgreSQL has no NUL in texts, and the ledger must not stop at one."""
    database.write_blocking(lambda tx: key_values.put(tx, "a\0b", "c\0d", now=0))
    assert database.write_blocking(lambda tx: key_values.get(tx, "a\0b")) == "c\0d"
    assert database.write_blocking(lambda tx: key_values.get(tx, "a\ufffdb")) == "c\0d"


def test_a_session_that_stops_in_a_transaction_is_ended_by_the_server(
    mortal: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A paused machine must not hold the lock of the writers."""
    monkeypatch.setattr(postgresql, "_SESSION", "SET idle_in_transaction_session_timeout = 50")
    paused = Database(mortal.url("migrated"))
    with pytest.raises(CannotWrite, match="idle-in-transaction"):
        paused.write_blocking(lambda tx: (add_one(tx) and threading.Event().wait(1) and None) or add_one(tx))
    paused.close()


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ("ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'", "encoding LATIN1"),
        ("ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'", "encoding SQL_ASCII"),
    ],
)
def test_a_database_for_other_texts_is_refused_with_the_statement_that_creates_a_suitable_one(
    mortal: PostgresServer, options: str, fault: str
) -> None:
    mortal.execute(f"CREATE DATABASE other TEMPLATE template0 {options}")
    opened = Database(mortal.url("other"))
    with pytest.raises(UnsuitableServer, match=rf"{fault}.*CREATE DATABASE other TEMPLATE template0 ENCODING 'UTF8'"):
        opened.migrate()
    opened.close()
    mortal.execute("DROP DATABASE other")


def test_the_marks_of_closed_databases_are_removed_and_those_of_killed_ones_after_a_day(
    database: Database, mortal: PostgresServer
) -> None:
    database.write_blocking(lambda tx: tx.execute(commit_marks.delete()) and None)
    database.write_blocking(lambda tx: tx.execute(commit_marks.insert().values(writer="old", number=1, at=0)) and None)
    other = Database(mortal.url("migrated"))
    other.write_blocking(add_one)
    other.close()
    database.write_blocking(add_one)
    marks = database.write_blocking(lambda tx: [row.writer for row in tx.execute(commit_marks.select())])
    assert len(marks) == 1
    assert marks != ["old"]


def test_a_server_that_gives_no_answer_counts_as_gone(database: Database) -> None:
    """As one that is paused: the work fails as on a full disk, and the next one gets a connection of its own."""

    def wait(tx: Connection) -> None:
        connection: Any = tx.connection.driver_connection
        connection.answer_s = 0.05
        tx.exec_driver_sql("SELECT pg_sleep(600)")

    with pytest.raises(CannotWrite, match=r"no answer within 0.05 s"):
        database.write_blocking(wait)
    assert database.write_blocking(lambda tx: tx.exec_driver_sql("SELECT 1").scalar()) == 1


def test_a_migration_may_take_as_long_as_it_does(database: Database) -> None:
    def rewrite(tx: Connection) -> object:
        connection: Any = tx.connection.driver_connection
        before, connection.answer_s = connection.answer_s, 0.0
        with postgresql.unlimited_answers(tx):
            tx.exec_driver_sql("SELECT pg_sleep(0.05)")
        limited, connection.answer_s = connection.answer_s, before
        return limited

    assert database.write_blocking(rewrite) == 0.0
