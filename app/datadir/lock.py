"""Locks a data directory, so that one service at a time uses it."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import IO

from app.errors import UserError


class DataDirInUse(UserError):
    """Another process holds the lock of this data directory."""


def lock_data_dir(data: Path) -> IO[str]:
    """Lock `data` until the returned file is closed or the process ends, even by SIGKILL. Raises DataDirInUse."""
    file = (data / "lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise DataDirInUse(f"{data} is in use by another fengshao: stop it, or name another --data") from None
    return file
