"""A journal with copies on the ledger's server: acknowledged when both have an entry; alone while it is away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.datadir import copied_journal
from app.datadir.copied_journal import CopiedJournal
from domain import Lane
from ingest.frame import Frame
from store.database.database import Database
from store.database.journal_copies import list_entries
from store.errors import CannotWrite, Superseded
from tests.support.timeouts import LONG_TIMEOUT_S


class Server:
    """The ledger's server, which may be away, or belong to another machine."""

    def __init__(self, database: Database | None = None) -> None:
        self.error: Exception | None = None
        self.back = asyncio.Event()
        self._database, self.writes = database, 0

    async def write(self, work: Callable[..., Any]) -> Any:
        if self.error is not None:
            raise self.error
        self.writes += 1
        return await self._database.write(work) if self._database else None


def frames(text: str) -> list[Frame]:
    return [Frame("t", text.encode(), 1000, "bulk")]


async def test_an_entry_is_on_the_server_when_it_is_acknowledged(tmp_path: Path, empty_ledger: str) -> None:
    database = Database(empty_ledger)
    journal = CopiedJournal(tmp_path / "journal.db", database)
    copying = asyncio.create_task(journal.run())
    positions = await asyncio.gather(*(journal.append(Lane.BULK, frames(str(number))) for number in range(20)))
    copied = await database.read(list_entries)
    assert [pos for pos, *_ in copied] == sorted(positions)
    copying.cancel()
    journal.close()
    database.close()


async def test_a_server_that_is_away_delays_one_entry_and_gets_all_of_them_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copied_journal, "WAIT_S", 0.0)
    monkeypatch.setattr(copied_journal, "RETRY_S", 0.0)
    server: Any = Server()
    server.error = CannotWrite("the server is away")
    journal = CopiedJournal(tmp_path / "journal.db", server)
    copying = asyncio.create_task(journal.run())
    assert [await journal.append(Lane.BULK, frames("a")), await journal.append(Lane.BULK, frames("b"))] == [1, 2]
    assert journal.is_behind
    server.error = None
    async with asyncio.timeout(LONG_TIMEOUT_S):
        while journal.is_behind:
            await asyncio.sleep(0)
    copying.cancel()
    journal.close()


async def test_where_another_machine_may_take_over_nothing_is_acknowledged_without_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server may be cut off from this machine only: the other one would take over without the alarm."""
    monkeypatch.setattr(copied_journal, "WAIT_S", 0.0)
    monkeypatch.setattr(copied_journal, "RETRY_S", 0.0)
    monkeypatch.setattr(copied_journal, "MAX_WAITING_BYTES", 1)
    server: Any = Server()
    server.error = CannotWrite("the server is away")
    journal = CopiedJournal(tmp_path / "journal.db", server)
    journal.is_alone = lambda: False
    copying = asyncio.create_task(journal.run())
    appends = [asyncio.create_task(journal.append(Lane.URGENT, frames(text))) for text in ("a", "b")]
    async with asyncio.timeout(LONG_TIMEOUT_S):
        while not journal.is_behind or len(journal._waiting) < 2:
            await asyncio.sleep(0)
    for _ in range(10):
        await asyncio.sleep(0)
    assert not any(append.done() for append in appends)
    server.error = None
    assert await asyncio.gather(*appends) == [1, 2]
    copying.cancel()
    journal.close()


async def test_entries_return_in_order_of_position_when_the_server_goes_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first waited for the server, the second did not: a checkpoint after the second left the first out."""
    monkeypatch.setattr(copied_journal, "RETRY_S", 0.0)
    monkeypatch.setattr(copied_journal, "WAIT_S", LONG_TIMEOUT_S)
    server: Any = Server()
    server.error = CannotWrite("the server is away")
    journal = CopiedJournal(tmp_path / "journal.db", server)
    copying = asyncio.create_task(journal.run())
    returned = list[int]()

    async def append(text: str) -> None:
        returned.append(await journal.append(Lane.URGENT, frames(text)))

    first = asyncio.create_task(append("a"))
    async with asyncio.timeout(LONG_TIMEOUT_S):
        while not journal._waiting:
            await asyncio.sleep(0)
    journal.is_behind = True
    second = asyncio.create_task(append("b"))
    async with asyncio.timeout(LONG_TIMEOUT_S):
        while len(journal._waiting) < 2:
            await asyncio.sleep(0)
    for _ in range(10):
        await asyncio.sleep(0)
    assert returned == []
    server.error = None
    await asyncio.gather(first, second)
    assert returned == [1, 2]
    copying.cancel()
    journal.close()


async def test_what_waits_is_limited_and_what_is_dropped_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copied_journal, "WAIT_S", 0.0)
    monkeypatch.setattr(copied_journal, "MAX_WAITING_BYTES", 100)
    journal = CopiedJournal(tmp_path / "journal.db", Server())  # type: ignore[arg-type]
    for _ in range(5):
        await journal.append(Lane.BULK, frames("x" * 60))
    assert journal.not_copied == 4
    journal.close()


async def test_a_machine_that_was_superseded_acknowledges_nothing_more(tmp_path: Path) -> None:
    """The broker gives what is not acknowledged to the machine that is active now."""
    server: Any = Server()
    server.error = Superseded("another machine has become active")
    journal = CopiedJournal(tmp_path / "journal.db", server)
    copying = asyncio.create_task(journal.run())
    for text in ("a", "b"):
        with pytest.raises(CannotWrite, match="another machine"):
            await journal.append(Lane.BULK, frames(text))
    with pytest.raises(Superseded):
        await copying
    journal.close()
