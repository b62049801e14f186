"""Writes a backup of a data directory, of a running service or of a stopped one.

The database is copied as it is at one instant, then the history as it is at a later one, then the journal up to its
position at that second instant: so the history is never behind the engine state, nor the journal behind either, and the
restored service repeats nothing but what the journal holds after its engine state. See docs/decisions/0076.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final, Protocol

from msgspec import Struct

from app.backup.archive import PARTIAL, new_archive
from app.backup.ledger_dump import LedgerCopy, dump_ledger
from app.backup.manifest import Manifest
from app.backup.restored_copy import MARKER
from app.datadir.kept_tables import TABLES_FILE
from app.datadir.ledger_address import DATABASE_FILE, has_ledger, ledger_url
from app.datadir.lock import BACKUP_LOCK, START_LOCK
from app.datadir.stores import HISTORY_FILE, JOURNAL_FILE, SPOOL_FOLDER
from app.errors import UserError
from domain import DAY, Instant, Lane
from store.history.duckdb.history import DuckDbHistory
from store.history.duckdb.snapshot import history_facts
from store.journal import SqliteJournal, copy_journal
from store.snapshots import SqliteSnapshot, ledger_facts

FREE_BYTES_MIN: Final = 1 << 30
"""Left free on the disk of the data directory: its journal needs them more than a backup does."""
SERVICE_FOLDER: Final = "backup.partial"
"""Where a running service writes the copy of its history, in its data directory."""
_COPIED_OTHERWISE: Final = (DATABASE_FILE, JOURNAL_FILE, HISTORY_FILE)
_OF_THE_PROCESS: Final = frozenset(
    {
        *("lock", BACKUP_LOCK, START_LOCK, MARKER, "control.sock", "mosquitto.db", "mosquitto.pid", "mosquitto.log"),
        TABLES_FILE,
    }
)
_NOT_KEPT: Final = frozenset({"tmp", SERVICE_FOLDER})
"""Folders of the data directory with files of a moment."""
_UNFINISHED: Final = (".tmp", ".part")


class NoBackup(UserError):
    """The backup cannot be made; the message says why and what to do."""


class HistorySource(Protocol):
    """Writes the history as it is now to a file, and says where the journal was then."""

    def write(self, folder: Path, /, *, with_readings: bool) -> tuple[Path | None, int]:
        """The file (in `folder`, or elsewhere until `close`), None for a history on a server; and the newest position
        of the journal at the instant of the copy. Raises UserError."""
        ...

    def close(self) -> None:
        """Delete what was written elsewhere."""
        ...


class StoppedHistory:
    """The history of a data directory on which no service runs; the caller holds its lock."""

    def __init__(self, data: Path) -> None:
        self._data = data

    def write(self, folder: Path, *, with_readings: bool) -> tuple[Path | None, int]:
        with closing(SqliteJournal(self._data / JOURNAL_FILE)) as journal:
            position = journal.last_position()
        if not (self._data / HISTORY_FILE).exists():
            return None, position
        history, path = DuckDbHistory(self._data / HISTORY_FILE), folder / HISTORY_FILE
        try:
            history.snapshot(path, lambda: None, with_readings=with_readings)
        finally:
            asyncio.run(history.close())
        return path, position

    def close(self) -> None:
        """Nothing was written elsewhere."""


class Backup(Struct, frozen=True):
    """A finished backup: its file, size and manifest."""

    path: Path
    bytes: int
    manifest: Manifest


def write_backup(
    data: Path, path: Path, history: HistorySource, clock: Callable[[], Instant], *, with_readings: bool = True
) -> Backup:
    """Write the archive of a data directory to a file that does not exist. Raises UserError.

    Without readings the archive holds what the service needs to go on: of the journal only what is not processed yet.
    """
    if path.exists():
        raise NoBackup(f"{path} exists: name another file, or a folder, in which each backup gets a name of its own")
    if not has_ledger(data):
        raise NoBackup(f"{data} is no data directory: it holds no {DATABASE_FILE}")
    if path.resolve().is_relative_to(data.resolve()):
        raise NoBackup(f"{path} is in {data}, and would be part of every later backup: name a folder elsewhere")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    at = clock()
    with _staging(path, at) as staging:
        ledger, copied_history, position = _copy_stores(data, staging, history, with_readings)
        facts = ledger.facts
        journal = staging / JOURNAL_FILE
        copy_journal(data / JOURNAL_FILE, journal, position, None if with_readings else facts.checkpoint)
        positions: dict[Lane, int] = history_facts(copied_history).positions if copied_history else {}
        with new_archive(path) as archive:
            archive.add(ledger.path.name, ledger.path)
            archive.add(JOURNAL_FILE, journal)
            if copied_history is not None:
                archive.add(HISTORY_FILE, copied_history)
            for name, file in _other_files(data):
                with suppress(FileNotFoundError):  # a photo past its time, a file of the spool that was confirmed
                    archive.add(name, file)
            written = archive.finish(
                lambda files: Manifest(
                    at=at,
                    version=installed_version(),
                    schema=facts.schema,
                    journal=position,
                    checkpoint=facts.checkpoint,
                    history=positions,
                    readings=with_readings,
                    files=files,
                )
            )
    return Backup(path, path.stat().st_size, written)


@contextmanager
def _staging(path: Path, now: Instant) -> Iterator[Path]:
    """A folder beside the archive for copies of the stores, deleted at the end; those that a killed backup left too."""
    for left in path.parent.glob(f".*{PARTIAL}-*"):
        if left.stat().st_mtime * 1000 < now - DAY:
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f".{path.name}{PARTIAL}-", dir=path.parent) as name:
        yield Path(name)


def _copy_stores(
    data: Path, staging: Path, history: HistorySource, with_readings: bool
) -> tuple[LedgerCopy, Path | None, int]:
    """Copies of database and history, and the position at which the journal ends."""
    if not (data / DATABASE_FILE).exists():
        dumped = dump_ledger(ledger_url(data), staging)
        return dumped, *history.write(staging, with_readings=with_readings)
    ledger = staging / DATABASE_FILE
    with SqliteSnapshot(data / DATABASE_FILE) as snapshot, ThreadPoolExecutor(1) as beside:
        copied = beside.submit(history.write, staging, with_readings=with_readings)
        snapshot.copy(ledger)
    path, position = copied.result()
    return LedgerCopy(ledger, ledger_facts(ledger)), path, position


def _other_files(data: Path) -> Iterator[tuple[str, Path]]:
    """Photos, keys, reports, the history's spool and whatever else belongs to the data directory, by relative name.

    The spool's state comes before its files: what it calls confirmed may be missing, nothing else.
    """
    paths = sorted(data.rglob("*"), key=lambda path: (path.parent.name == SPOOL_FOLDER and path.suffix != "", path))
    for path in paths:
        name = path.relative_to(data)
        if not path.is_symlink() and path.is_file() and not _is_left_out(name):
            yield name.as_posix(), path


def _is_left_out(name: Path) -> bool:
    """Stores and their logs are copied otherwise; files of the process and of a moment are not kept."""
    is_store = len(name.parts) == 1 and name.name.startswith(_COPIED_OTHERWISE)
    return is_store or name.name in _OF_THE_PROCESS or name.parts[0] in _NOT_KEPT or name.suffix.startswith(_UNFINISHED)


def installed_version() -> str:
    """The version of the package; empty in a folder that was not installed."""
    try:
        return version("fengshao")
    except PackageNotFoundError:
        return ""


def room_for_history(data: Path) -> bool:
    """Whether the disk of the data directory has room for a copy of the history beside the journal's reserve."""
    file = data / HISTORY_FILE
    size = os.stat(file).st_size if file.exists() else 0
    return shutil.disk_usage(data).free >= size + FREE_BYTES_MIN
