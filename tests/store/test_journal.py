"""The journal: word for word, in order, synced; kill -9 and a full disk lose nothing that was acknowledged."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from domain import Lane
from ingest.frame import Frame, JournalEntry
from store.errors import CannotWrite
from store.journal import Mark, MarkKind, SqliteJournal
from tests.support.long_form import examples


def frame(number: int, received: int = 1_000) -> Frame:
    return Frame(f"fengshao/v1/d{number}/up", b'{"lel_pct":%d}' % number, received, "bulk", 1, number)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    opened = SqliteJournal(tmp_path / "journal.db")
    yield opened
    opened.close()


async def test_frames_come_back_word_for_word_in_order_by_lane(journal: SqliteJournal) -> None:
    first = await journal.append(Lane.BULK, [frame(1), frame(2)])
    second = await journal.append(Lane.URGENT, [Frame("烟", b"\x00\xff", 5, "urgent", 0, None, True, True, 9)])
    third = await journal.append(Lane.BULK, (frame(3),))
    assert first < second < third
    assert journal.read(Lane.BULK, 0) == [
        JournalEntry(Lane.BULK, first, [frame(1), frame(2)]),
        JournalEntry(Lane.BULK, third, [frame(3)]),
    ]
    assert journal.read(Lane.BULK, first) == [JournalEntry(Lane.BULK, third, [frame(3)])]
    assert journal.read(Lane.BULK, 0, limit=1) == [JournalEntry(Lane.BULK, first, [frame(1), frame(2)])]
    urgent = Frame("烟", b"\x00\xff", 5, "urgent", 0, None, True, True, 9)
    assert await journal.read_async(Lane.URGENT, 0) == [JournalEntry(Lane.URGENT, second, [urgent])]
    assert journal.position() == {Lane.BULK: third, Lane.URGENT: second}


async def test_an_empty_journal_has_no_position_and_was_never_alive(journal: SqliteJournal) -> None:
    assert journal.position() == {}
    assert journal.last_seen_alive() is None
    assert journal.read(Lane.BULK, 0) == []
    with pytest.raises(ValueError, match="empty batch"):
        await journal.append(Lane.BULK, [])


async def test_a_backlog_of_large_batches_is_read_piece_by_piece(journal: SqliteJournal) -> None:
    big = Frame("t", b"x" * 3_000_000, 1, "bulk")
    positions = [await journal.append(Lane.BULK, [big]) for _ in range(7)]
    read, after = [], 0
    while entries := journal.read(Lane.BULK, after):
        assert len(entries) <= 3
        read += [entry.pos for entry in entries]
        after = read[-1]
    assert read == positions


async def test_appends_at_once_are_all_kept(journal: SqliteJournal) -> None:
    positions = await asyncio.gather(*(journal.append(Lane.BULK, [frame(n)]) for n in range(200)))
    kept = {entry.pos: entry.frames for entry in journal.read(Lane.BULK, 0, limit=1_000)}
    assert kept == {pos: [frame(n)] for n, pos in enumerate(positions)}


async def test_marks_say_when_we_listened(journal: SqliteJournal) -> None:
    await journal.mark(MarkKind.STARTED, 10, "0.1.0")
    await journal.mark(MarkKind.ALIVE, 20)
    pos = await journal.append(Lane.BULK, [frame(1, received=25)])
    assert journal.last_seen_alive() == 25
    await journal.mark(MarkKind.ALIVE, 30)
    await journal.mark(MarkKind.LINK_DOWN, 35, "connection reset")
    await journal.mark(MarkKind.ALIVE, 40)
    assert journal.last_seen_alive() == 40
    assert journal.marks() == [
        Mark(MarkKind.STARTED, 10, "0.1.0", 0),
        Mark(MarkKind.ALIVE, 30, "", pos),
        Mark(MarkKind.LINK_DOWN, 35, "connection reset", pos),
        Mark(MarkKind.ALIVE, 40, "", pos),
    ]
    assert [mark.at for mark in journal.marks(since=35)] == [35, 40]


async def test_pruning_forgets_only_what_is_old_and_read_by_everybody(journal: SqliteJournal) -> None:
    bulk = [await journal.append(Lane.BULK, [frame(n, received=n)]) for n in range(500)]
    urgent = await journal.append(Lane.URGENT, [frame(1, received=1)])
    await journal.mark(MarkKind.STARTED, 5)
    assert await journal.prune(400, {Lane.BULK: bulk[299], Lane.URGENT: urgent}) == 300
    assert journal.read(Lane.BULK, 0, limit=1)[0].pos == bulk[300]
    assert journal.read(Lane.URGENT, 0)[0].pos == urgent
    assert await journal.prune(400, {}) == 0
    assert await journal.prune(10**6, {Lane.BULK: bulk[-1]}) == 199
    assert journal.position() == {Lane.BULK: bulk[-1], Lane.URGENT: urgent}
    assert journal.marks() == []


async def test_positions_are_never_given_twice(tmp_path: Path) -> None:
    first = SqliteJournal(tmp_path / "j.db")
    last = [await first.append(Lane.BULK, [frame(n)]) for n in range(3)][-1]
    first.close()
    second = SqliteJournal(tmp_path / "j.db")
    assert await second.append(Lane.URGENT, [frame(9)]) > last
    second.close()


async def test_a_new_journal_can_go_on_after_the_positions_of_a_lost_one(journal: SqliteJournal) -> None:
    await journal.reserve_positions(500)
    assert await journal.append(Lane.BULK, [frame(1)]) == 501
    await journal.reserve_positions(100)
    assert await journal.append(Lane.BULK, [frame(2)]) == 502


async def test_a_damaged_statement_is_not_called_a_full_disk(journal: SqliteJournal, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "journal.db")
    other.execute("DROP TABLE entries")
    other.close()
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        await journal.append(Lane.BULK, [frame(1)])


ACKNOWLEDGING = """
import asyncio, sys
from pathlib import Path
from domain import Lane
from ingest.frame import Frame
from store.journal import SqliteJournal

async def main():
    journal = SqliteJournal(Path(sys.argv[1]))
    for number in range(1_000_000):
        lane = Lane.URGENT if number % 7 == 0 else Lane.BULK
        frames = [Frame(f"t/{number}/{n}", b"payload" * (n + 1), number, "s", 1, n + 1) for n in range(number % 40 + 1)]
        pos = await journal.append(lane, frames)
        print(number, pos, len(frames), flush=True)

asyncio.run(main())
"""


@pytest.mark.parametrize("acknowledged", [1, 37, 300])
def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path, acknowledged: int) -> None:
    path = tmp_path / "journal.db"
    child = subprocess.Popen([sys.executable, "-c", ACKNOWLEDGING, str(path)], stdout=subprocess.PIPE)
    assert child.stdout is not None
    told = [child.stdout.readline() for _ in range(acknowledged)]
    os.kill(child.pid, signal.SIGKILL)
    told += child.stdout.readlines()
    child.wait()
    child.stdout.close()
    journal = SqliteJournal(path)
    kept = {entry.pos: entry for lane in Lane for entry in journal.read(lane, 0, limit=10**6)}
    for line in told:
        if not line.endswith(b"\n"):
            continue
        number, pos, n = map(int, line.split())
        assert [f.topic for f in kept[pos].frames] == [f"t/{number}/{m}" for m in range(n)]
    journal.close()


FILLING = """
import asyncio, resource, sys
from pathlib import Path
from domain import Lane
from ingest.frame import Frame
from store.errors import CannotWrite
from store.journal import SqliteJournal

async def main():
    journal = SqliteJournal(Path(sys.argv[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, resource.RLIM_INFINITY))
    kept = []
    for number in range(1_000):
        try:
            kept.append(await journal.append(Lane.BULK, [Frame("t", bytes(10_000 + number), number, "s")]))
        except CannotWrite as error:
            print(error)
            break
    try:
        await journal.append(Lane.BULK, [Frame("t", bytes(3_000_000), 0, "s")])
    except CannotWrite:
        print("still full")
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    kept.append(await journal.append(Lane.BULK, [Frame("after", b"", 0, "s")]))
    entries = journal.read(Lane.BULK, 0, limit=10_000)
    assert [entry.pos for entry in entries] == kept, (entries, kept)
    print(len(kept) > 10, entries[-1].frames[0].topic)
    journal.close()

asyncio.run(main())
"""


def test_a_full_disk_refuses_the_batch_whole_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FILLING, str(tmp_path / "journal.db")]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.stderr == ""
    lines = ran.stdout.splitlines()
    assert lines[0].startswith("the journal could not write: ")
    assert lines[1:] == ["still full", "True after"]
    assert issubclass(CannotWrite, Exception)


frames = st.builds(
    Frame,
    topic=st.text(max_size=5),
    payload=st.binary(max_size=20),
    received=st.integers(0, 2**50),
    session=st.sampled_from(["urgent", "bulk"]),
    qos=st.integers(0, 2),
    packet_id=st.none() | st.integers(1, 65535),
    dup=st.booleans(),
    retain=st.booleans(),
    size=st.none() | st.integers(0, 2**40),
)


@hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=examples(50, short=20)
)
@given(st.lists(frames, min_size=1, max_size=5))
async def test_any_frame_survives_the_disk(journal: SqliteJournal, batch: list[Frame]) -> None:
    pos = await journal.append(Lane.BULK, batch)
    assert journal.read(Lane.BULK, pos - 1) == [JournalEntry(Lane.BULK, pos, batch)]
