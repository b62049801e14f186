"""Encoded batches on disk until the history server surely has them: a queue of files in one folder.

One thread appends, another reads and confirms. Every record holds the journal positions of its entries, so that what is
in the spool is durable together with its positions; `state` holds the positions of records that were deleted.

A file is a sequence of records: lengths of head and body, CRC-32 of both, head (MessagePack), body (gzip of lines).
"""

from __future__ import annotations

import errno
import logging
import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Lock
from typing import Any, Final
from zlib import crc32

import msgspec
from msgspec import Struct

from domain import Instant, Lane
from store.errors import CannotWrite

log = logging.getLogger("fengshao.history")

FILE_BYTES: Final = 4 * 1024 * 1024
"""A file is closed at this size; a closed file is deleted once all its records are confirmed."""
_SIZES: Final = struct.Struct(">III")
_STATE: Final = "state"


class SpoolPosition(Struct, frozen=True, order=True):
    """Where a record begins: number of its file, and byte in it."""

    file: int = 0
    offset: int = 0


class RecordHead(Struct, frozen=True):
    """What is known of a record without decoding its lines. `received`: of its newest reading."""

    positions: dict[Lane, int]
    readings: int
    received: Instant


class SpooledRecord(Struct, frozen=True):
    """A record with its place and the place after it."""

    head: RecordHead
    body: bytes
    begin: SpoolPosition
    end: SpoolPosition


_decode_head: Final = msgspec.msgpack.Decoder(RecordHead).decode


class _State(Struct, frozen=True):
    """`confirmed`: all records before it are surely stored on the server. `positions`: of these records."""

    confirmed: SpoolPosition
    positions: dict[Lane, int]


class Spool:
    """The queue. `max_bytes`: at this size it accepts nothing more; the readings are then in the journal only."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder, self._max_bytes = folder, max_bytes
        self._lock = Lock()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        state = self._read_state()
        self.is_new = state is None
        """Whether the folder has never been used: the server may know positions of an earlier version."""
        state = state or _State(SpoolPosition(), {})
        self.confirmed, self._confirmed_positions = state.confirmed, dict(state.positions)
        self._sizes = {int(path.stem): path.stat().st_size for path in sorted(folder.glob("*.spool"))}
        self.readings, self.bytes = 0, 0
        """Of the records that are not confirmed."""
        self.positions = dict(self._confirmed_positions)
        self._recover()
        self._end = self._last_end()
        self._writing: int | None = None

    @property
    def end(self) -> SpoolPosition:
        """The place after the last record."""
        return self._end

    def append(self, head: RecordHead, body: bytes) -> None:
        """Append a record. Raises CannotWrite; nothing of the record remains then."""
        encoded = msgspec.msgpack.encode(head)
        record = _SIZES.pack(len(encoded), len(body), crc32(body, crc32(encoded))) + encoded + body
        if self.bytes + len(record) > self._max_bytes:
            raise CannotWrite(f"the history spool is full: {self.bytes} bytes wait in {self._folder}")
        with self._lock:
            if self._end.offset >= FILE_BYTES or self._end.file == 0:
                _guarded(self._sync_file)
                self._close_file()
                self._end = SpoolPosition(self._end.file + 1, 0)
            _guarded(lambda: self._write(record))
            self._end = SpoolPosition(self._end.file, self._end.offset + len(record))
            self._sizes[self._end.file] = self._end.offset
            self.readings += head.readings
            self.bytes += len(record)
            self.positions |= head.positions

    def sync(self) -> None:
        """Make what was appended durable. Raises CannotWrite."""
        with self._lock:
            file = None if self._writing is None else os.dup(self._writing)
        if file is not None:
            # Beside the reader: a sync may take long.
            try:
                _guarded(lambda: os.fsync(file))
            finally:
                os.close(file)

    def read(self, at: SpoolPosition) -> SpooledRecord | None:
        """The first record at or after a place; None at the end. A damaged rest of a file is left out."""
        with self._lock:
            sizes, end = dict(self._sizes), self._end
        for file in sorted(sizes):
            begin = at if file == at.file else SpoolPosition(file, 0)
            if file >= at.file and begin < end:
                record = self._read_record(begin)
                if record is not None:
                    return record
                if begin.offset < sizes[file]:
                    log.error("%s: damaged at byte %d: its rest is not sent", self._path(file), begin.offset)
        return None

    def confirm(self, record: SpooledRecord) -> None:
        """The server surely has this record and all before it."""
        with self._lock:
            self.confirmed = record.end
            self._confirmed_positions |= record.head.positions
            self.readings -= record.head.readings
            self.bytes -= record.end.offset - record.begin.offset
            done = [file for file in self._sizes if file < record.end.file]
            try:
                self._save_state(synced=bool(done))
            except OSError:
                # The next one tries again. Files may go only once their positions are saved.
                return
            for file in done:
                self._path(file).unlink(missing_ok=True)
                del self._sizes[file]

    def adopt(self, positions: dict[Lane, int]) -> None:
        """Begin with these positions: an earlier version kept them on the server."""
        with self._lock:
            self._confirmed_positions |= positions
            self.positions |= positions
            _guarded(lambda: self._save_state(synced=True))
            self.is_new = False

    def close(self) -> None:
        """Close the file that is written."""
        with self._lock:
            self._close_file()

    def _write(self, record: bytes) -> None:
        if self._writing is None:
            flags = os.O_WRONLY | os.O_CREAT
            self._writing = os.open(self._path(self._end.file), flags, 0o600)
            _sync_folder(self._folder)
        try:
            done = 0
            while done < len(record):
                done += os.pwrite(self._writing, record[done:], self._end.offset + done)
        except OSError:
            os.ftruncate(self._writing, self._end.offset)
            raise

    def _sync_file(self) -> None:
        if self._writing is not None:
            os.fsync(self._writing)

    def _close_file(self) -> None:
        if self._writing is not None:
            os.close(self._writing)
            self._writing = None

    def _read_record(self, begin: SpoolPosition) -> SpooledRecord | None:
        try:
            with self._path(begin.file).open("rb") as file:
                return next(_records(file, begin), None)
        except FileNotFoundError:
            return None

    def _recover(self) -> None:
        """Count what is not confirmed; cut a record that a crash left half written."""
        for number, size in list(self._sizes.items()):
            is_last, end = number == max(self._sizes), SpoolPosition(number, 0)
            with self._path(number).open("rb") as file:
                for record in _records(file, end, checked=is_last):
                    end = record.end
                    self.positions |= record.head.positions
                    if record.begin >= self.confirmed:
                        self.readings += record.head.readings
                        self.bytes += record.end.offset - record.begin.offset
            if end.offset < size and is_last:
                os.truncate(self._path(number), end.offset)
                self._sizes[number] = end.offset

    def _last_end(self) -> SpoolPosition:
        """Where the next record goes. A file number is never used twice."""
        number = max(self._sizes, default=0)
        last = SpoolPosition(number, self._sizes.get(number, 0))
        return last if self.confirmed <= last else SpoolPosition(self.confirmed.file, FILE_BYTES)

    def _read_state(self) -> _State | None:
        try:
            return msgspec.json.decode((self._folder / _STATE).read_bytes(), type=_State)
        except FileNotFoundError:
            return None
        except msgspec.DecodeError:
            # Written without a sync before a power failure: all records that remain are sent again.
            return _State(SpoolPosition(), {})

    def _save_state(self, *, synced: bool) -> None:
        encoded = msgspec.json.encode(_State(self.confirmed, self._confirmed_positions))
        path = self._folder / f"{_STATE}.new"
        try:
            with path.open("wb") as file:
                file.write(encoded)
                if synced:
                    file.flush()
                    os.fsync(file.fileno())
        except OSError as error:
            if error.errno != errno.ENOSPC or not synced:
                raise
            # Only confirmed files can make room, and they may go only once the state is saved.
            return _overwrite(self._folder / _STATE, encoded)
        path.replace(self._folder / _STATE)

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:012d}.spool"


def _records(file: Any, begin: SpoolPosition, *, checked: bool = True) -> Iterator[SpooledRecord]:
    """The intact records of an open file from a place on. Unchecked: without their bodies, which are not read."""
    file.seek(begin.offset)
    while len(sizes := file.read(_SIZES.size)) == _SIZES.size:
        head_size, body_size, checksum = _SIZES.unpack(sizes)
        head, body = file.read(head_size), b""
        if checked:
            body = file.read(body_size)
            if len(body) < body_size or crc32(body, crc32(head)) != checksum:
                return
        else:
            file.seek(body_size, os.SEEK_CUR)
        decoded = _head(head)
        if decoded is None:
            return
        end = SpoolPosition(begin.file, begin.offset + _SIZES.size + head_size + body_size)
        yield SpooledRecord(decoded, body, begin, end)
        begin = end


def _head(encoded: bytes) -> RecordHead | None:
    """The head; None for bytes that are none. Zeros, which a power failure may leave at the end of a file, have the
    right checksum."""
    try:
        return _decode_head(encoded)
    except msgspec.DecodeError:
        return None


def _sync_folder(folder: Path) -> None:
    """Make the name of a new file durable: without it a power failure may lose a file that was synced."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _overwrite(path: Path, content: bytes) -> None:
    """Write into the block that a small file already has. Raises OSError; a file that does not exist is not made."""
    file = os.open(path, os.O_WRONLY)
    try:
        os.pwrite(file, content, 0)
        os.ftruncate(file, len(content))
        os.fsync(file)
    finally:
        os.close(file)


def _guarded(write: Callable[[], None]) -> None:
    try:
        write()
    except OSError as error:
        raise CannotWrite(f"the history spool could not be written: {error}") from error
