"""Locks a data directory, so that one service at a time uses it. A backup gives way to a start."""

from __future__ import annotations

import fcntl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from app.errors import UserError

BACKUP_LOCK: Final = "backup.lock"
START_LOCK: Final = "start.lock"
"""Held by a start that waits for a backup; a lock, so that a start that was killed asks for nothing."""
LOOK_EVERY_S: Final = 0.2
BACKUP_ENDS_WITHIN_S: Final = 120.0


class DataDirInUse(UserError):
    """Another process holds the lock of this data directory."""


def lock_data_dir(data: Path, option: str = "--data") -> IO[str]:
    """Lock `data` until the returned file is closed or the process ends, even by SIGKILL. Raises DataDirInUse."""
    return _lock(data / "lock", f"{data} is in use by another fengshao: stop it, or name another {option}")


def lock_for_start(data: Path, wait_s: float = BACKUP_ENDS_WITHIN_S) -> IO[str]:
    """As `lock_data_dir`, for the service: a backup that holds the lock is told to end, and waited for."""
    try:
        return lock_data_dir(data)
    except DataDirInUse:
        if not is_locked(data / BACKUP_LOCK):
            raise
    deadline = time.monotonic() + wait_s
    with _lock(data / START_LOCK, f"{data}: another start waits for its backup"):
        while True:
            time.sleep(LOOK_EVERY_S)
            try:
                return lock_data_dir(data)
            except DataDirInUse:
                if time.monotonic() > deadline:
                    raise


@contextmanager
def lock_until_start(data: Path, give_way: Callable[[], None]) -> Iterator[None]:
    """As `lock_data_dir`, for a backup. When a service wants to start, `give_way` is called in another thread: it must
    end the process, because what copies a history cannot be interrupted."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(LOOK_EVERY_S):
            if is_locked(data / START_LOCK):
                return give_way()

    with lock_data_dir(data):
        watcher = threading.Thread(target=watch, name="start-watch", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()


def lock_backup(data: Path) -> IO[str]:
    """One backup of `data` at a time, in the same way: a second one would delete the first one's copy of the history.

    Raises DataDirInUse.
    """
    return _lock(data / BACKUP_LOCK, f"{data}: another backup is being made: wait for it")


def is_locked(path: Path) -> bool:
    """Whether a process holds this lock."""
    if not path.exists():
        return False
    try:
        _lock(path, "").close()
    except DataDirInUse:
        return True
    return False


def _lock(path: Path, refusal: str) -> IO[str]:
    file = path.open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise DataDirInUse(refusal) from None
    return file
