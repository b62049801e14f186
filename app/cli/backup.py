"""`fengshao backup` and `fengshao restore`: the commands, and how the history of a running service is copied."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from app.backup.archive import DamagedArchive
from app.backup.create import SERVICE_FOLDER, Backup, HistorySource, NoBackup, StoppedHistory, write_backup
from app.backup.restore import restore, summary, verify
from app.backup.restored_copy import take_over
from app.cli.database import with_database
from app.cli.output import format_time
from app.clock import Clock
from app.datadir.control_socket import ServiceNotRunning, request
from app.datadir.lock import lock_backup, lock_until_start
from app.datadir.stores import HISTORY_FILE
from app.server.backups import KEY
from console.backup_interface import LastBackup
from store.database.system import key_values

HISTORY_PATH, LAST_PATH = "/api/v1/backups/history", "/api/v1/backups/last"
HISTORY_TIMEOUT_S: Final = 6 * 3600.0
"""A history of many gigabytes is copied at the pace that leaves the service its processor."""
ARCHIVES: Final = (".tar", ".tar.gz")
PREFIX: Final = "fengshao-"
DAMAGED: Final = ".damaged"
GAVE_WAY: Final = 75
"""Exit code of a backup that a start has ended: EX_TEMPFAIL of sysexits.h."""


class RunningHistory:
    """The history of a running service, which copies it into its data directory."""

    def __init__(self, data: Path) -> None:
        self._data = data

    def write(self, _folder: Path, /, *, with_readings: bool) -> tuple[Path | None, int]:
        """See app.backup.create.HistorySource."""
        answer = request(self._data, "POST", HISTORY_PATH, {"readings": with_readings}, HISTORY_TIMEOUT_S)
        path = self._data / SERVICE_FOLDER / HISTORY_FILE
        return path if path.exists() else None, int(answer["journal"])

    def close(self) -> None:
        """Have the service delete its copy."""
        request(self._data, "DELETE", HISTORY_PATH)


def back_up(
    data: Path, to: Path, *, verified: bool, with_readings: bool, keep: int | None, print_line: Callable[[str], None]
) -> None:
    """Write a backup, verify it if asked, record it, delete older ones in its folder. Raises UserError."""
    os.umask(0o077)
    clock = Clock()
    path = archive_path(to, clock())
    with history_of(data) as history:
        backup = write_backup(data, path, history, clock, with_readings=with_readings)
    if verified:
        _verify(path)
    _record(data, backup, verified)
    print_line(f"{path}: {backup.bytes} bytes; {summary(backup.manifest, _utc)}")
    print_line("verified by restoring it" if verified else f"verify it: fengshao restore --verify {path}")
    if keep is not None and path.parent == to:
        archives = [one for one in sorted(to.glob(f"{PREFIX}*.tar*")) if one.name.endswith(ARCHIVES)]
        for old in archives[:-keep]:
            old.unlink()
            print_line(f"deleted {old}")


def _verify(path: Path) -> None:
    """An archive that cannot be restored loses its name: nobody should find out when it is needed."""
    try:
        verify(path, path.parent)
    except DamagedArchive:
        path.rename(path.with_name(path.name + DAMAGED))
        raise


def archive_path(to: Path, now: int) -> Path:
    """The file of `--to`: itself when it is named like an archive, else a file named by the time in that folder."""
    if to.name.endswith(ARCHIVES):
        return to
    if to.exists() and not to.is_dir():
        raise NoBackup(f"--to {to}: write a file that ends in .tar or .tar.gz, or a folder")
    return to / f"{PREFIX}{datetime.fromtimestamp(now / 1000, UTC):%Y%m%dT%H%M%SZ}.tar.gz"


@contextmanager
def history_of(data: Path) -> Iterator[HistorySource]:
    """The history of a running service, or of a stopped one, whose start ends the backup; one at a time."""
    if not data.is_dir():
        raise NoBackup(f"{data} is no folder: name the --data of the service")
    with lock_backup(data):
        try:
            request(data, "DELETE", HISTORY_PATH)
        except ServiceNotRunning:
            with lock_until_start(data, _give_way):
                yield StoppedHistory(data)
            return
        running = RunningHistory(data)
        try:
            yield running
        finally:
            running.close()


def _give_way() -> None:
    """End the process at once, whatever it copies: a service that hears alarms does not wait for a backup. What was
    written has no archive's name, and the next backup deletes it."""
    print("the service was started: this backup ends; make one beside the running service", file=sys.stderr, flush=True)
    os._exit(GAVE_WAY)


def _record(data: Path, backup: Backup, verified: bool) -> None:
    """Tell the service, or note in its database, so that it knows how old the last backup is."""
    last = LastBackup(backup.manifest.at, backup.path.name, backup.bytes, verified)
    stored: Any = msgspec.to_builtins(last)
    try:
        request(data, "PUT", LAST_PATH, stored)
    except ServiceNotRunning:
        with_database(data, lambda tx: key_values.put(tx, KEY, stored, backup.manifest.at))


def restore_backup(
    archive: Path, data: Path | None, print_line: Callable[[str], None], *, takes_over: bool = False
) -> None:
    """Restore an archive into a folder; without one into a temporary folder, to verify it. Raises UserError."""
    os.umask(0o077)
    if data is None:
        print_line(f"{archive} is whole: {summary(verify(archive), _utc)}")
        return
    print_line(f"restored into {data}: {summary(restore(archive, data), _utc)}")
    if takes_over:
        take_over(data)
        print_line("It takes over: the service that it was made of must not run.")
        print_line(f"Next: fengshao up --data {data} --site SITE")
        return
    print_line(f"It tells nobody yet. When the service it was made of is stopped: fengshao takeover --data {data}")


def end_waiting(data: Path, print_line: Callable[[str], None]) -> None:
    """The restored copy takes over, in a waiting service within a second. Raises UserError."""
    print_line(f"{data} (from {take_over(data)}) takes over; if no service waits on it: fengshao up --data {data}")


def _utc(at: int) -> str:
    return format_time(at, UTC)
