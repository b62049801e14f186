"""Works that wait together are committed together; one that fails changes nothing and disturbs no other."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.exc import IntegrityError, OperationalError

from store.database import group_commit
from store.database.database import Database, sqlite_url
from store.database.system import key_values
from store.errors import CannotWrite
from tests.support.timeouts import LONG_TIMEOUT_S


class Gate:
    """Holds the thread that writes, so that what is submitted meanwhile waits together."""

    def __init__(self, database: Database) -> None:
        self._open = threading.Event()
        database._writer._executor.submit(self._open.wait, 10)

    async def run(self, *works: Awaitable[Any]) -> list[Any]:
        """Submit the works while the gate is closed; returns what each returned or raised."""
        tasks = [asyncio.ensure_future(work) for work in works]
        await asyncio.sleep(0)
        self._open.set()
        return await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture(autouse=True)
def _no_limit_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "MAX_GROUP_S", 60.0)


@pytest.fixture
def commits(database: Database) -> list[int]:
    seen: list[int] = []
    event.listen(database._engine, "commit", lambda _tx: seen.append(1))
    return seen


def put(name: str) -> Callable[[Connection], None]:
    return lambda tx: key_values.put(tx, name, name, now=0)


def break_a_constraint(tx: Connection) -> None:
    key_values.put(tx, "half", 1, now=0)
    tx.exec_driver_sql("INSERT INTO identities VALUES ('native', 'x', 'nobody', 0)")


async def stored(database: Database, *names: str) -> list[Any]:
    return await database.read(lambda tx: [key_values.get(tx, name) for name in names])


async def test_300_messages_of_a_storm_are_recorded_with_one_sync(database: Database, commits: list[int]) -> None:
    gate = Gate(database)
    names = [f"n{number}" for number in range(300)]
    await gate.run(*(database.write(put(name)) for name in names))
    assert await stored(database, *names) == names
    assert len(commits) == 1


async def test_a_work_sees_those_before_it(database: Database) -> None:
    gate = Gate(database)
    works = database.write(put("first")), database.write(lambda tx: key_values.get(tx, "first"))
    assert await gate.run(*works) == [None, "first"]


@pytest.mark.parametrize("failing", [break_a_constraint, lambda tx: put("half")(tx) or 1 / 0])
async def test_a_work_that_fails_in_a_group_changes_nothing_and_the_others_are_stored(
    database: Database, failing: Callable[[Connection], Any]
) -> None:
    gate = Gate(database)
    before, failed, after = await gate.run(*(database.write(work) for work in (put("before"), failing, put("after"))))
    assert (before, after) == (None, None)
    assert isinstance(failed, IntegrityError | ZeroDivisionError)
    assert await stored(database, "before", "half", "after") == ["before", None, "after"]


async def test_an_error_that_ends_the_transaction_is_raised_to_every_caller_and_nothing_is_stored(
    database: Database,
) -> None:
    def full(tx: Connection) -> None:
        tx.exec_driver_sql("ROLLBACK")  # as SQLite does by itself when the disk is full
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise OperationalError("INSERT", {}, error)

    gate = Gate(database)
    outcomes = await gate.run(*(database.write(work) for work in (put("before"), full)))
    assert [type(outcome) for outcome in outcomes] == [CannotWrite, CannotWrite]
    assert await stored(database, "before") == [None]
    await database.write(put("again"))
    assert await stored(database, "again") == ["again"]


async def test_a_commit_that_fails_is_raised_to_every_caller(database: Database) -> None:
    def refuse(_tx: Connection) -> None:
        raise RuntimeError("the commit failed")

    event.listen(database._engine, "commit", refuse)
    outcomes = await Gate(database).run(*(database.write(put(name)) for name in ("one", "two")))
    event.remove(database._engine, "commit", refuse)
    assert [str(outcome) for outcome in outcomes] == ["the commit failed"] * 2
    assert await stored(database, "one", "two") == [None, None]


async def test_a_file_that_another_program_has_locked_is_tried_again_and_not_blamed_on_a_finding(
    sqlite_database: Database,
) -> None:
    """An administrator has a transaction open in `sqlite3 ledger.db`: an error that is not CannotWrite is taken for a
    bug about one finding, which is given up then."""
    database = sqlite_database
    event.listen(database._engine, "connect", lambda connection, _: connection.execute("PRAGMA busy_timeout=1"))
    database._engine.dispose()
    other = sqlite3.connect(str(database._engine.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(CannotWrite, match="database is locked"):
        await database.write(put("one"))
    other.execute("ROLLBACK")
    other.close()
    await database.write(put("one"))
    assert await stored(database, "one") == ["one"]


async def test_a_database_that_cannot_begin_raises_to_each_caller(database: Database) -> None:
    def locked(_tx: Connection) -> None:
        raise RuntimeError("locked")

    event.listen(database._engine, "begin", locked)
    works = [database.write(put(name)) for name in ("one", "two", "three")]
    outcomes = await asyncio.wait_for(asyncio.gather(*works, return_exceptions=True), LONG_TIMEOUT_S)
    event.remove(database._engine, "begin", locked)
    assert [str(outcome) for outcome in outcomes] == ["locked"] * 3


async def test_a_caller_cancelled_while_waiting_leaves_no_trace(database: Database) -> None:
    gate = Gate(database)
    cancelled = asyncio.create_task(database.write(put("cancelled")))
    await asyncio.sleep(0)
    cancelled.cancel()
    await gate.run(database.write(put("other")))
    assert await stored(database, "cancelled", "other") == [None, "other"]


async def test_a_caller_cancelled_just_as_its_work_begins_does_not_hold_up_the_writer(database: Database) -> None:
    """The thread has begun to complete the work and has not taken it yet: without an end it would loop for ever."""
    writer = database._writer
    submitted = writer._submit(put("cancelled"))
    submitted.is_cancelled = True
    completed = writer._executor.submit(writer._advance, submitted)
    try:
        completed.result(timeout=LONG_TIMEOUT_S)
    except TimeoutError:
        submitted.is_done = True  # so that the thread, and the tests, can end
        raise
    assert await stored(database, "cancelled") == [None]


async def test_a_group_ends_after_its_time_and_the_rest_is_written_by_the_next(
    database: Database, commits: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "MAX_GROUP_S", 0.0)
    await asyncio.gather(*(database.write(put(f"n{number}")) for number in range(5)))
    assert len(commits) == 5
    assert await stored(database, "n0", "n4") == ["n0", "n4"]


async def test_what_a_person_in_danger_waits_for_is_committed_before_what_others_wait_for(
    database: Database, commits: list[int]
) -> None:
    gate, stored_works = Gate(database), list[tuple[str, int]]()

    async def write(name: str, *, urgent: bool = False) -> None:
        await database.write(lambda tx: stored_works.append((name, len(commits))), urgent=urgent)
        stored_works.append((f"{name} told", len(commits)))

    await gate.run(write("a"), write("b"), write("danger", urgent=True), write("lease", urgent=True), write("c"))
    begun = [work for work in stored_works if not work[0].endswith("told")]
    assert begun == [("danger", 0), ("lease", 1), ("a", 2), ("b", 2), ("c", 2)]


async def test_an_urgent_work_ends_the_transaction_that_others_began(database: Database, commits: list[int]) -> None:
    danger = asyncio.get_running_loop().create_future()
    loop = asyncio.get_running_loop()

    def submit_danger(tx: Connection) -> None:
        submitted = threading.Event()

        def submit() -> None:
            danger.set_result(asyncio.ensure_future(database.write(put("danger"), urgent=True)))
            loop.call_soon(submitted.set)

        loop.call_soon_threadsafe(submit)
        assert submitted.wait(LONG_TIMEOUT_S)
        put("a")(tx)

    first, later = database.write(submit_danger), database.write(put("b"))
    await asyncio.gather(first, later)
    await (await danger)
    assert await stored(database, "danger", "a", "b") == ["danger", "a", "b"]
    assert len(commits) == 2


async def test_a_close_finishes_what_an_urgent_work_went_before(tmp_path: Path) -> None:
    ledger = Database(sqlite_url(tmp_path / "ledger.db"))
    ledger.migrate()
    hold = threading.Event()
    ledger._writer._executor.submit(hold.wait, LONG_TIMEOUT_S)
    works = [asyncio.ensure_future(ledger.write(put("a")))]
    works.append(asyncio.ensure_future(ledger.write(put("danger"), urgent=True)))
    await asyncio.sleep(0)
    hold.set()
    ledger.close()
    assert await asyncio.gather(*works) == [None, None]
    again = Database(sqlite_url(tmp_path / "ledger.db"))
    assert await stored(again, "a", "danger") == ["a", "danger"]
    again.close()


async def test_a_storm_of_dangers_does_not_keep_an_acknowledgement_from_being_stored(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two streams of urgent works, of which one always waits: the others were stored when both had ended."""
    monkeypatch.setattr(group_commit, "MAX_BEHIND_URGENT_S", 0.0)
    monkeypatch.setattr(group_commit, "MAX_GROUP_S", 0.02)
    done = list[str]()

    async def stream(name: str) -> None:
        for number in range(20):
            await database.write(put(f"{name} {number}"), urgent=True)
        done.append(name)

    async def acknowledge(number: int) -> None:
        await database.write(put(f"acknowledged {number}"))
        done.append("acknowledged")

    streams = [asyncio.create_task(stream(name)) for name in ("findings", "leases")]
    await asyncio.sleep(0)
    await asyncio.gather(*streams, *(acknowledge(number) for number in range(10)))
    assert sorted(done[-2:]) == ["findings", "leases"]


async def test_while_works_of_both_kinds_always_wait_they_take_turns(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "MAX_BEHIND_URGENT_S", 0.0)
    monkeypatch.setattr(group_commit, "MAX_GROUP_S", 0.0)
    gate, order = Gate(database), list[str]()

    def work(name: str) -> Callable[[Connection], None]:
        return lambda _tx: order.append(name)

    urgent = [database.write(work("u"), urgent=True) for _ in range(4)]
    await gate.run(*urgent, *(database.write(work("o")) for _ in range(4)))
    assert "".join(order) == "uououou" + "o"
