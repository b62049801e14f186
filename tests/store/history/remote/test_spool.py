"""The queue on disk: crashes, damage, limits."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import Lane
from store.errors import CannotWrite
from store.history.remote import spool as module
from store.history.remote.spool import RecordHead, Spool, SpooledRecord, SpoolPosition


def head(pos: int) -> RecordHead:
    return RecordHead({Lane.BULK: pos}, 10, pos)


def rest(spool: Spool, at: SpoolPosition | None = None) -> list[SpooledRecord]:
    """The records from a place on; else from the last confirmed one."""
    found, at = [], at or spool.confirmed
    while record := spool.read(at):
        found.append(record)
        at = record.end
    return found


def filled(folder: Path, count: int, size: int = 20) -> Spool:
    spool = Spool(folder, 10**9)
    spool.adopt({})
    for pos in range(1, count + 1):
        spool.append(head(pos), bytes([pos % 256]) * size)
    return spool


def test_a_new_start_continues_after_the_last_confirmed_record(tmp_path: Path) -> None:
    spool = filled(tmp_path, 5)
    for record in rest(spool)[:2]:
        spool.confirm(record)
    spool.close()
    again = Spool(tmp_path, 10**9)
    assert [record.head.positions[Lane.BULK] for record in rest(again)] == [3, 4, 5]
    assert (again.readings, again.positions, again.is_new) == (30, {Lane.BULK: 5}, False)
    assert again.bytes == spool.bytes
    again.append(head(6), b"six")
    assert [record.body for record in rest(again)][-1] == b"six"
    again.close()


def test_files_are_deleted_once_they_are_confirmed_and_their_positions_remain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FILE_BYTES", 100)
    spool = filled(tmp_path, 12)
    assert len(list(tmp_path.glob("*.spool"))) > 3
    for record in rest(spool):
        spool.confirm(record)
    assert len(list(tmp_path.glob("*.spool"))) == 1
    assert (spool.readings, spool.bytes) == (0, 0)
    spool.close()
    for file in tmp_path.glob("*.spool"):
        file.unlink()
    again = Spool(tmp_path, 10**9)
    assert again.positions == {Lane.BULK: 12}
    again.append(head(13), b"more")
    assert [record.body for record in rest(again)] == [b"more"]
    again.close()


@settings(max_examples=40, deadline=None)
@given(cut=st.integers(1, 200), flips=st.lists(st.integers(0, 10_000), max_size=2))
def test_a_record_that_a_crash_left_half_written_is_cut_off(
    tmp_path_factory: pytest.TempPathFactory, cut: int, flips: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("spool")
    filled(folder, 6).close()
    file = folder / "000000000001.spool"
    data = bytearray(file.read_bytes()[:-cut] if cut < 200 else file.read_bytes())
    for flip in flips:
        data[flip % len(data)] ^= 0xFF
    file.write_bytes(data)
    spool = Spool(folder, 10**9)
    intact = [record.head.positions[Lane.BULK] for record in rest(spool)]
    assert intact == list(range(1, len(intact) + 1))
    spool.append(head(99), b"after the crash")
    assert [record.body for record in rest(spool)][-1] == b"after the crash"
    assert len(rest(spool)) == len(intact) + 1
    spool.close()


def test_a_state_that_was_lost_sends_everything_that_remains_again(tmp_path: Path) -> None:
    spool = filled(tmp_path, 3)
    spool.confirm(rest(spool)[0])
    spool.close()
    (tmp_path / "state").write_bytes(b"")
    assert len(rest(Spool(tmp_path, 10**9))) == 3


def test_a_full_disk_leaves_no_half_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = filled(tmp_path, 1)

    def full(file: int, data: bytes, offset: int) -> int:
        written = real(file, data[:7], offset)
        if written < 7:
            return written
        raise OSError(errno.ENOSPC, "No space left on device")

    real = os.pwrite
    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", full)
        with pytest.raises(CannotWrite, match="No space left"):
            spool.append(head(2), b"two")
    spool.append(head(2), b"two again")
    assert [record.body for record in rest(spool)][1:] == [b"two again"]
    spool.close()


def test_at_its_limit_it_refuses(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 60)
    with pytest.raises(CannotWrite, match="the history spool is full: 0 bytes wait"):
        spool.append(head(1), b"x" * 100)


def test_a_damaged_file_in_the_middle_costs_its_rest_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FILE_BYTES", 100)
    spool = filled(tmp_path, 12)
    spool.close()
    file = sorted(tmp_path.glob("*.spool"))[1]
    data = bytearray(file.read_bytes())
    data[-1] ^= 0xFF
    file.write_bytes(data)
    found = [record.head.positions[Lane.BULK] for record in rest(Spool(tmp_path, 10**9))]
    assert len(found) == 11


def test_a_power_failure_that_left_zeros_at_the_end_stops_neither_start_nor_sending(tmp_path: Path) -> None:
    """A file system that makes a file longer before it writes its data: the end reads as zeros."""
    filled(tmp_path, 3).close()
    with (tmp_path / "000000000001.spool").open("ab") as file:
        file.write(bytes(4096))
    spool = Spool(tmp_path, 10**9)
    assert [record.head.positions[Lane.BULK] for record in rest(spool)] == [1, 2, 3]
    spool.append(head(4), b"four")
    assert rest(spool)[-1].body == b"four"
    spool.close()


def test_a_damaged_head_in_the_middle_does_not_stop_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "FILE_BYTES", 100)
    filled(tmp_path, 12).close()
    file = sorted(tmp_path.glob("*.spool"))[1]
    file.write_bytes(bytes(file.stat().st_size))
    spool = Spool(tmp_path, 10**9)
    assert spool.positions == {Lane.BULK: 12}
    assert [record.head.positions[Lane.BULK] for record in rest(spool)][-1] == 12
    assert f"{file}: damaged at byte 0" in caplog.text, "what is lost is said"
    spool.close()


def test_what_is_sent_makes_room_on_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The spool filled the disk in an outage: nothing else would ever free it, and the journal needs the room."""
    monkeypatch.setattr(module, "FILE_BYTES", 100)
    spool = filled(tmp_path, 12)

    def full(self: Path, *arguments: object) -> None:
        raise OSError(errno.ENOSPC, f"No space left on device: {self}")

    with monkeypatch.context() as patched:
        records = rest(spool)
        patched.setattr(Path, "open", full)
        for record in records:
            spool.confirm(record)
    assert len(list(tmp_path.glob("*.spool"))) == 1
    spool.close()
    again = Spool(tmp_path, 10**9)
    assert again.positions == {Lane.BULK: 12}
    assert len(rest(again)) == 1, "at most those of the last file are sent again"
    again.close()
